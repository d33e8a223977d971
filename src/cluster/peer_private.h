/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "session_private.h"

/* Asking etcd, and telling mmfs. */

void peer_call(struct session *session, enum purpose purpose, const struct etcd_request *request);
bool peer_is_busy(const struct session *session, enum purpose purpose);
/* Its answer is of no interest any more. */
void peer_drop(struct session *session, enum purpose purpose);
/* Whose answer this is, or PURPOSES: nobody waits for it. What it says of the member is noted. */
enum purpose peer_take(struct session *session, uint64_t ticket, const struct etcd_answer *answer);

/* Ends the watch, if there is one. */
void peer_unwatch(struct session *session);

/* To be called at that time, at the latest. */
void peer_set_clock(struct session *session, enum clock_name name, uint64_t at);
void peer_tell(struct session *session, const struct tale *tale);
void peer_answer(struct session *session, int64_t id, enum outcome outcome, const char *why);

/* What mmfs can hope for; tells it if that is new. */
enum standing standing_get(const struct session *session, const char **ret_why);
void standing_update(struct session *session);
/* The same as if it had never been told. */
void standing_forget(struct session *session);
