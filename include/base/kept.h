/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/*
 * Memory that can outlive the process: records in a shared mapping, from which another process can
 * go on. What is written between two calls of kept_commit() counts as a whole or not at all: kill
 * -9 at any instruction leaves what was there at the last commit, or at the next one.
 *
 * Only pages that were touched take memory. All functions belong to one thread, but for
 * kept_release().
 */
struct kept;

struct kept_bytes {
	const void *data;
	size_t len;
};

/* Bytes to reserve, where there are as many. */
#define KEPT_SIZE ((size_t)(UINT64_C(1) << (sizeof(void *) > 4 ? 34 : 28)))

/*
 * Takes over `size` bytes: zeros, or what an earlier process has left there. Changes that it did
 * not commit are undone, and damaged records are dropped: nothing in there is trusted. Never fails.
 */
struct kept *kept_new(void *memory, size_t size);
/* Leaves the memory as it is. NULL is fine. */
void kept_free(struct kept *kept);
/*
 * How many records kept_new() dropped, in this process and in earlier ones, since the last call of
 * kept_forget_damage(); SIZE_MAX: all, since their layout is another one.
 */
size_t kept_get_damage(const struct kept *kept);
/* What had to follow from the damage is done. */
void kept_forget_damage(struct kept *kept);

/* Adds a record, which never moves. `kind` is not 0. With `data` NULL its bytes are zeros. */
uint32_t kept_add(struct kept *kept, uint32_t kind, uint64_t id, const void *data, size_t len);
/*
 * As kept_add(), but returns 0 when little room is left. The rest is for what must be kept: without
 * room kept_add() ends the process.
 */
uint32_t kept_try_add(struct kept *kept, uint32_t kind, uint64_t id, const void *data, size_t len);
/* The same, of two pieces, one behind the other. */
uint32_t kept_try_add_both(
	struct kept *kept, uint32_t kind, uint64_t id, const struct kept_bytes bytes[2]);
/* Whether there is room for such a record with kept_add(). */
bool kept_has_room(struct kept *kept, size_t len);
/*
 * Adds a record whose bytes, which begin as zeros, the caller changes in place, through kept_get():
 * no commit holds for them, and damage of them is not noticed.
 */
uint32_t kept_add_raw(struct kept *kept, uint32_t kind, uint64_t id, size_t len);
/* Overwrites a part of a record. */
void kept_write(struct kept *kept, uint32_t record, size_t at, const void *data, size_t len);
/* Removes a record, with the next commit. 0 is fine. */
void kept_remove(struct kept *kept, uint32_t record);
/* Removes a record at once. From any thread. 0 is fine. */
void kept_release(struct kept *kept, uint32_t record);
bool kept_has_changes(const struct kept *kept);
void kept_commit(struct kept *kept);
/* Gives pages back to the system that no record is in: else they are kept for the next ones. */
void kept_trim(struct kept *kept);

void *kept_get(const struct kept *kept, uint32_t record);
size_t kept_get_len(const struct kept *kept, uint32_t record);
uint64_t kept_get_id(const struct kept *kept, uint32_t record);
/* The next record of a kind, or 0; `after` is the one before it, 0: none. In no order of theirs. */
uint32_t kept_next(const struct kept *kept, uint32_t kind, uint32_t after);
/* Bytes up to the end of the last record, free ones included. */
uint64_t kept_get_used(const struct kept *kept);
