/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"

struct sqlite3;

/* The database as a file: found good or refused, and locked while open. Part of io/store. */
struct store_file {
	char *path;	    /* as given */
	struct sqlite3 *db; /* NULL: not open */
	bool has_lock;
	bool is_written;	/* and so does not stay as it was found */
	bool is_adopted;	/* may be written */
	int64_t log_len;	/* as it was found; -1: there was no write-ahead log */
	bool has_short_log;	/* … has not the size that it should have, */
	unsigned int log_pause; /* … and that is not to be tried before so many commits */
};

/*
 * Opens and checks the file, or makes a new one. On error a negative errno and one sentence in
 * `why`; nothing to close. The file is locked against other processes until store_file_fini().
 */
int store_file_init(struct store_file *file, const char *path, struct strbuf *why);
/* Closes the file; one that was not adopted is left byte by byte as it was. */
void store_file_fini(struct store_file *file);
/* Says that the content is good, too: from here on the file may be written. */
int store_file_adopt(struct store_file *file, struct strbuf *why);
/* Lets go of the pages that SQLite keeps in memory. */
void store_file_release_memory(struct store_file *file);
/* What SQLite's last error means: a negative errno, and a sentence about opening the file. */
int store_file_fail(const struct store_file *file, struct strbuf *why);
/* Says that the content makes no sense, and returns -EBADMSG. */
int store_file_fail_damaged(const char *path, const char *fault, struct strbuf *why);

/* Begins a transaction, ends it. SQLite's codes. */
int store_file_begin(struct store_file *file);
int store_file_commit(struct store_file *file);
/*
 * Ends a transaction that failed with SQLite's `code`: nothing of it remains, unless the disk takes
 * no writes any more after all of it was written. Returns what
 * store_take_result() reports, with a sentence in `why`.
 */
int store_file_roll_back(struct store_file *file, int code, struct strbuf *why);
