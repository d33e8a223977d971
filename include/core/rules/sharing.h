/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"

/*
 * What of a change is for the database that all hosts have, as its engine is asked for it: the
 * parts of a line of JSON.
 */
struct sharing {
	bool has_rows;			  /* there is anything */
	size_t compares, puts;		  /* how many operations that takes */
	size_t bytes;			  /* of keys and values */
	struct strbuf compare, put, gone; /* lists, without brackets */
	struct strbuf log;		  /* what the host's log says of it */
	char **volumes;			  /* unique IDs of records that are written */
	size_t volume_count;
};

/* Whether share= means a device: what is new on it is that of all hosts. */
bool sharing_is_meant(const struct manager *manager, const struct device *device);

/*
 * Describes a change of the host with that name. Records that are written because one of their
 * names is, come into the layer as hints.
 */
void sharing_init(struct sharing *sharing, const struct manager *manager, struct change *change,
	const char *host);
void sharing_fini(struct sharing *sharing);
/* The engine has it, as of that revision: what is written here says so. */
void sharing_note_revision(const struct sharing *sharing, struct change *change, uint64_t revision);
