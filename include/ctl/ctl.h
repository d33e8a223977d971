/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"

enum ctl_exit {
	CTL_OK,
	CTL_FAILED,
	CTL_USAGE,
	CTL_NOT_MOUNTED,
};

enum ctl_format {
	FORMAT_TABLE,
	FORMAT_RAW,
	FORMAT_PAIRS,
	FORMAT_JSON,
};

/* What the command line says, and where the tree is. Texts are those of the command line. */
struct ctl {
	char *mount; /* owned; NULL for commands that need no tree */
	enum ctl_format format;
	const char *columns; /* NULL: the default ones */
	const char *sort;    /* column, NULL: as they come */
	const char *link, *id, *device;
	const char *from;    /* the format that import reads, NULL: its own */
	const char *options; /* of a mount point */
	const char *unnamed; /* days */
	int64_t timeout_ms;  /* negative: none */
	bool is_quiet;
	bool has_headings;
	bool is_in_bytes;
	bool shows_all_columns;
	bool is_flat;	/* no tree */
	bool has_paths; /* devices by their nodes */
	bool is_all;
	bool is_absent;
	bool is_db_only;
	bool is_dry_run;
	bool is_exact;
	bool skips_absent;
	bool may_replace;
	bool is_of_cluster;
};

typedef int command_fn(struct ctl *ctl, int count, char **words);

/* Says "mmctl: …" on standard error. Returns CTL_FAILED. */
int ctl_fail(const char *format, ...) _printf_(1, 2);
/* The same of a command line that is wrong. Returns CTL_USAGE. */
int ctl_misuse(const char *format, ...) _printf_(1, 2);

command_fn cmd_list, cmd_query, cmd_create, cmd_delete, cmd_rename;
command_fn cmd_next_letter, cmd_auto, cmd_keep, cmd_scrub, cmd_paths, cmd_status;
command_fn cmd_mount_point, cmd_unprocessed, cmd_errors, cmd_check, cmd_arrival, cmd_removal;
command_fn cmd_accept, cmd_forget;
command_fn cmd_events, cmd_wait, cmd_settle, cmd_history;
command_fn cmd_batch, cmd_export, cmd_import, cmd_tree, cmd_explain, cmd_verify, cmd_upgrade;
command_fn cmd_cluster;

/* For completion: prints all of a kind, one per line. */
int ctl_complete(struct ctl *ctl, const char *kind);
