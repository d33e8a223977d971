/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "peer_private.h"

/* The change that is under way, and who waits for others to be told. */

/* Answers at once if it cannot be sent. */
void change_commit(struct session *session, const struct order *order);
/* A change was sent in an earlier life of this program, or of mmfs: has it happened? */
void change_settle(struct session *session, const char *change);
/* Nobody is told what becomes of it. */
void change_drop(struct session *session);
void change_handle_answer(struct session *session, const struct etcd_answer *answer);
void change_handle_time(struct session *session);
void change_handle_patience(struct session *session);
/* A row of log/: it may be the answer that was not heard. */
void change_handle_log(struct session *session, const struct etcd_row *row);
bool change_is_void(const char *log);

void waiters_sync(struct session *session, int64_t id);
void waiters_handle_answer(struct session *session, const struct etcd_answer *answer);
void waiters_handle_time(struct session *session);
/* All up to the position has been told. */
void waiters_update(struct session *session);
void waiters_drop(struct session *session);
