/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "peer_private.h"

/* What changes. */

void watch_handle_time(struct session *session);
void watch_handle_news(struct session *session, const struct etcd_news *news);
void watch_handle_silence(struct session *session, const char *why);
void watch_handle_beat(struct session *session, const struct etcd_answer *answer);
void watch_handle_beat_time(struct session *session);
void watch_handle_lag(struct session *session);
void watch_handle_count(struct session *session, const struct etcd_answer *answer);
void watch_handle_audit(struct session *session);
