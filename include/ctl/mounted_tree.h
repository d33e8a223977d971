/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/syntax/link_name.h"
#include "ctl/ctl.h"
#include "ctl/pairs.h"

/* The mounted tree, as any program sees it. Functions return 0 or a negative errno. */

/* Whether there is one at ctl->mount: CTL_OK, or CTL_NOT_MOUNTED with a message. */
int tree_check(const struct ctl *ctl);

/* Path of something in the tree, from printf-like words behind the mount point. */
char *tree_path(const struct ctl *ctl, const char *format, ...) _printf_(2, 3);

int tree_read(const struct ctl *ctl, const char *name, struct strbuf *ret_text);
/* The first line of a file without its newline; empty if there is none. */
char *tree_read_line(const struct ctl *ctl, const char *format, ...) _printf_(2, 3);
/* Where a link leads; NULL if there is none. */
char *tree_read_link(const struct ctl *ctl, const char *format, ...) _printf_(2, 3);

/* Names in a folder of the tree, sorted; a list that ends with NULL. */
char **tree_list_names(const struct ctl *ctl, const char *folder);
void texts_free(char **list);
DEFINE_CLEANUP(char *, texts_free)

/*
 * Writes `text`, lines of requests, to a control file and reads the reply from the same open file.
 * When it fails the reply is the sentence that tells why, or empty. Waits in poll(2) for what takes
 * time; -ETIMEDOUT: longer than ctl->timeout_ms.
 */
int tree_request(const struct ctl *ctl, const char *operation, const char *text, size_t len,
	struct strbuf *ret_reply);

/* Adds ` key="value"` to a request, escaped. */
void request_add(struct strbuf *request, const char *key, const char *value);

/* Says that `what` cannot be done, why, and what to do about it. Returns the exit code. */
int tree_report(const struct ctl *ctl, int error, const char *reason, const char *what);
/* One request of one line; a failure is reported as that of `what`. Returns the exit code. */
int tree_run(const struct ctl *ctl, const char *operation, const struct strbuf *request,
	struct strbuf *ret_reply, const char *what);

/* The file `points`. */
int tree_read_points(const struct ctl *ctl, struct shown_points *ret_points);
