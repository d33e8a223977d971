/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"
#include "core/syntax/reply.h"
#include "core/syntax/request.h"

/*
 * The steps by which the state changes, in their order, for whoever commits in between:
 *
 *	change_init() -> engine_decide_…() -> commit -> apply_change() -> tree_update()
 *	                                        ├─ has failed: nothing has happened; of devices
 *	                                        │  engine_retry() -> apply_change() -> …
 *	                                        └─ has lost a race against another writer: all is
 *	                                           decided again, from what that has written
 */

#define ENGINE_RACES_MAX 16 /* so many of them may be lost: then it fails with EAGAIN … */
/* … in these words. */
extern const char engine_lost_race[];

/*
 * Requests of one client, any number of them, upon what others have asked for in the same change.
 * Each client's are a change of the database by themselves, with an epic number of their own.
 */
void engine_begin_requests(struct change *change);
/* As dispatch_decide(). */
int engine_decide_request(const struct manager *manager, const struct manager_env *env,
	const struct request *request, struct change *change, struct reply *reply,
	struct strbuf *why);
void engine_end_requests(
	const struct manager *manager, const struct manager_env *env, struct change *change);

/*
 * Decides what the devices in `change->volumes` bring, and those that had to do without the
 * database. False: none of that is news, and there is nothing to do.
 */
bool engine_decide_devices(
	const struct manager *manager, const struct manager_env *env, struct change *change);
/*
 * The devices of `change` are what they are, though it could not be committed: decides anew what
 * becomes of them without writing. What has to wait for that is engine_has_unwritten().
 */
void engine_retry(const struct manager *manager, struct change *change);
bool engine_has_unwritten(const struct manager *manager);
/* Whether engine_decide_devices() has something to do without any device. */
bool engine_is_overdue(const struct manager *manager);
