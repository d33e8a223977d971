/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "../run-suite.h"
#include "io/store/store.h"

/* A database in a folder of its own, and a manager over it. */
struct fixture {
	char folder[64];
	char path[96];
	struct store *store;
	struct manager manager;
	bool is_sweeping; /* where the test says so */
};

/* Ends the test when there is no room for it: `fixture_fini()` removes the folder. */
void fixture_init(struct fixture *fixture);
void fixture_fini(struct fixture *fixture);

/* Opens, loads and starts. The reason of a failure is added to `why`. */
int fixture_try_open(struct fixture *fixture, struct strbuf *why);
void fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);

/* Waits for the result. Applies the change on success, forgets it on failure. */
int fixture_try_commit(struct fixture *fixture, struct change *change, struct strbuf *why);
void fixture_commit(struct fixture *fixture, struct change *change);
void fixture_begin(struct fixture *fixture, struct change *change);

/* All that is remembered, as text: without links that are in memory only. */
char *dump_manager(const struct manager *manager);
/* Closes, opens again, and compares what was known with what is. */
void fixture_check_reload(struct fixture *fixture);

/* Every name, type, mode, length and byte in a folder, as text. */
char *dump_folder(const char *folder);

/* Adds an entry to the history. */
void add_entry(struct change *change, const struct manager *manager, const char *operation,
	const char *link, const char *id, const char *node);
/*
 * Adds a few random edits that keep the rules of the model, and some entries. The same `seed` on
 * the same state gives the same.
 */
void add_random(struct change *change, const struct manager *manager, unsigned int seed);

/* Runs SQL on the file as another program would. */
void run_sql(const char *path, const char *sql);
/* Fails unless `condition` holds in the file, as another program sees it. */
void check_file(const struct fixture *fixture, const char *condition);
#define COUNT(what) "(SELECT count(*) FROM " what ")"
/* Makes the database one of the last version that had no bundles. */
void unbundle_links(const char *path);
void write_file(const char *path, const void *data, size_t len);
char *read_file(const char *path, size_t *ret_len);
void copy_file(const char *from, const char *to);
void empty_folder(const char *folder);

/* A number from the environment, for longer runs by hand. */
unsigned int get_rounds(unsigned int normal);
/* Seconds a test may take: none under valgrind or a sanitizer could be told beforehand. */
Suite *suite_of(const char *name, const TTest *const *tests, size_t count);
