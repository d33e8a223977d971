/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/syntax/unique_id.h"

/* What a device says of its identity, just now and without mmfs. NULL: nothing. */
struct evidence {
	char *node;
	char *name;		/* kernel name */
	unsigned int partition; /* number, 0: none */
	char *udev[ID_KINDS];	/* what udev's database has */
	char *probe[ID_KINDS];	/* what libblkid reads, or sysfs has */
	char *fstype;		/* as libblkid reads it */
	char *fault;		/* why the device could not be read */
	bool is_known_to_udev;
};

/* -errno if there is no such block device. One that cannot be read has a fault. */
int evidence_gather(const char *node, struct evidence *ret_evidence);
void evidence_fini(struct evidence *evidence);

/* The unique ID of a scheme, read from the device where that is possible, else from udev. */
bool evidence_format(
	const struct evidence *evidence, enum id_scheme scheme, char ret_id[UNIQUE_ID_MAX + 1]);
