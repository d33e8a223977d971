/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/mmfs.h"

/* What the command line says. Texts that `options` needs are owned here. */
struct arguments {
	struct mmfs_options options;
	struct strbuf mount; /* -o options for libfuse */
	char *source;
	char *database;
	char *devices;
	char *cluster;
	char *cluster_socket;
	char *share;
	char *mountpoint;
	bool is_foreground;
	bool is_helper;	      /* called by mount(8), for which letters have other meanings */
	bool is_fake;	      /* check the command line, and no more */
	bool is_sloppy;	      /* options that do not exist are no error */
	bool has_predecessor; /* goes on where another program was, see succession.h */
};

/* Takes the words behind one -o. -EINVAL: one is wrong, and what is wrong has been printed. */
int arguments_set_options(struct arguments *arguments, const char *list);
/* An absolute path, made without looking at what is there: it may be a dead mount. */
char *arguments_get_absolute(const char *path);
