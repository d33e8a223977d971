/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"
#include "core/model/manager.h"

/*
 * The persistent database: a SQLite file, written by a thread of its own, one transaction per
 * change. A change is durable (on stable storage) once its result is 0.
 */
struct store;

/*
 * Opens the database at `path`, creating it with its parent folders if there is none, and locks it
 * for this process. Must be called in the process that goes on to use it (locks do not survive
 * fork). On error a negative errno and one sentence in `why`; a file that is there and cannot be
 * used (corrupt, of a newer version, not a database of mmfs, unreadable, locked: with the pid of
 * the holder) is left exactly as it was.
 */
int store_open(const char *path, struct store **ret_store, struct strbuf *why);
/* Fills in manager::names and manager::history, which must be empty. Before store_start(). */
int store_load(struct store *store, struct manager *manager, struct strbuf *why);
/*
 * The commit (change::commit) that was the last when the database was loaded, by whatever process;
 * it is on stable storage. Zeros: none is known.
 */
struct commit_number store_get_last_commit(const struct store *store);
/* Starts the thread. If there can be none, store_commit() waits for the disk. */
int store_start(struct store *store);
/*
 * From now on, or no more, the thread removes the rows of dropped links while there is no commit
 * under way; at first it does not.
 */
void store_set_sweeping(struct store *store, bool is_on);
/* Lets go of what was kept in memory of the file. While nothing is under way. */
void store_release_memory(struct store *store);
/*
 * From now on it says of the cluster's database that it stands where it stands now: a change that
 * all hosts have could not be written here. While no commit is under way.
 */
void store_freeze_position(struct store *store);
/* Waits for the commit under way, ends the thread, closes the file. NULL is fine. */
void store_close(struct store *store);

/*
 * Hands a change to the thread, which reads it until the result is taken: nobody may touch the
 * change or the names it lies on before that. At most one commit at a time.
 */
void store_commit(struct store *store, const struct change *change);
/* Whether the thread is writing still: it may be, for as long as a disk does not answer. */
bool store_is_writing(struct store *store);
/* Becomes readable when the result is there. */
int store_get_fd(const struct store *store);
/*
 * Takes the result: false if there is none yet. 0, or -EIO, -ENOSPC, -EROFS with a sentence in
 * `why`: then the transaction was rolled back and nothing of it is on disk, unless that took it
 * whole and refuses everything since, what takes it back included.
 */
bool store_take_result(struct store *store, int *ret_result, struct strbuf *why);
