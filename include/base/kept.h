/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/*
 * Memory that outlives the process: records in a mapping that the next process has as well. What is
 * written between two kept_commit() calls counts as a whole or not at all, wherever the process
 * ends: kill -9 at any instruction leaves what was there at the last commit, or at the next one.
 *
 * The mapping is shared memory, of which only touched pages cost. All functions belong to one
 * thread, but for kept_release().
 */
struct kept;

/* What is to be reserved, bytes, where there is so much. */
#define KEPT_SIZE ((size_t)(UINT64_C(1) << (sizeof(void *) > 4 ? 34 : 28)))

/*
 * Takes over `size` bytes, zeros or what a process before has left: that which was not committed is
 * taken back, and what is damaged dropped. Nothing that they hold is trusted. Never fails.
 */
struct kept *kept_new(void *memory, size_t size);
/* Leaves the memory as it is. NULL is fine. */
void kept_free(struct kept *kept);
/* How many records kept_new() dropped; SIZE_MAX: all, as they are of another layout. */
size_t kept_get_damage(const struct kept *kept);

/* A record, which stays where it is. `kind` is not 0. With `data` NULL its bytes are zeros. */
uint32_t kept_add(struct kept *kept, uint32_t kind, uint64_t id, const void *data, size_t len);
/*
 * Likewise, but 0 when there is little room left: that is for what must be kept, as without room
 * kept_add() ends the process.
 */
uint32_t kept_try_add(struct kept *kept, uint32_t kind, uint64_t id, const void *data, size_t len);
/* Whether there is room for such a record with kept_add(). */
bool kept_has_room(struct kept *kept, size_t len);
/*
 * One whose bytes the caller changes in place, with kept_get(): they are neither checked nor taken
 * back. They are zeros, unless it is one of before.
 */
uint32_t kept_add_raw(struct kept *kept, uint32_t kind, uint64_t id, size_t len);
/* Overwrites a part of it. */
void kept_write(struct kept *kept, uint32_t record, size_t at, const void *data, size_t len);
/* It is gone with the next commit. 0 is fine. */
void kept_remove(struct kept *kept, uint32_t record);
/* It is gone at once, from any thread. 0 is fine. */
void kept_release(struct kept *kept, uint32_t record);
bool kept_has_changes(const struct kept *kept);
void kept_commit(struct kept *kept);

void *kept_get(const struct kept *kept, uint32_t record);
size_t kept_get_len(const struct kept *kept, uint32_t record);
uint64_t kept_get_id(const struct kept *kept, uint32_t record);
/* The record of a kind that comes after this one (0: the first), in any order, or 0. */
uint32_t kept_next(const struct kept *kept, uint32_t kind, uint32_t after);
/* Bytes in use, with what is free between records. */
uint64_t kept_get_used(const struct kept *kept);
