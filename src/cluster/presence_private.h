/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "peer_private.h"

/* Who is alive, and who sees which volume. */

void presence_begin(struct session *session);
void presence_handle_lease(struct session *session, const struct etcd_answer *answer);
void presence_handle_lease_time(struct session *session);

void presence_set_seen(struct session *session, const struct etcd_rows *seen);
void presence_handle_seen(struct session *session, const struct etcd_answer *answer);
void presence_handle_seen_time(struct session *session);

void presence_ask(struct session *session, int64_t id);
void presence_handle_ask(struct session *session, const struct etcd_answer *answer);
void presence_forget(struct session *session, int64_t id, const char *host);
void presence_handle_forget(struct session *session, const struct etcd_answer *answer);
