/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cluster_private.h"

/* What the parts of that machine do alike. */

/* Sends a line, and puts its end behind it. */
void cluster_talk_send(struct cluster *cluster, struct strbuf *line);
void cluster_talk_question(struct cluster *cluster, const char *word, uint64_t id);
void cluster_talk_seen(struct cluster *cluster);
/* Asks who is there and sees what. */
void cluster_talk_ask(struct cluster *cluster);
void cluster_talk_set_timer(struct cluster *cluster);
/* What somebody waits for is over; who is told may begin the next thing. */
void cluster_talk_finish(struct cluster *cluster, int result, uint64_t revision, const char *why);
/* Asks for all that there is by now, and who is there. */
void cluster_talk_begin_settling(struct cluster *cluster);
void cluster_talk_end_settling(struct cluster *cluster);
bool cluster_talk_is_settling(const struct cluster *cluster);
/* If there is nothing more to wait for: cluster_expect(). */
void cluster_talk_look(struct cluster *cluster);
void cluster_talk_end_expecting(struct cluster *cluster);
void cluster_talk_settle_inherited(struct cluster *cluster, int result);
void cluster_talk_change_state(
	struct cluster *cluster, enum cluster_state state, const char *why, uint64_t since);
