/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of that machine do alike: lines that go out, ends of what is under way, the state.
 */

#include <string.h>

#include "cluster_talk_private.h"

bool cluster_is_up(const struct cluster *cluster)
{
	return cluster->state == CLUSTER_UP;
}

bool cluster_talk_is_settling(const struct cluster *cluster)
{
	return cluster->settle_id || cluster->settle_ask_id || cluster->settle_awaits ||
		(cluster->settle_open && cluster->settle_open == cluster->open);
}

void cluster_talk_set_timer(struct cluster *cluster)
{
	const uint64_t limits[] = {
		cluster->step ? cluster->step_limit : 0,
		cluster_talk_is_settling(cluster) ? cluster->settle_limit : 0,
		cluster->inherited ? cluster->inherited_limit : 0,
		cluster->expected_limit,
	};
	uint64_t at = 0;

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (limits[i] && (!at || limits[i] < at))
			at = limits[i];
	cluster->world->set_timer(cluster->world->data, at);
}

void cluster_talk_settle_inherited(struct cluster *cluster, int result)
{
	cluster->inherited = 0;
	cluster_talk_set_timer(cluster);
	cluster->world->settled(cluster->world->data, result);
}

static void go_on_settling(struct cluster *cluster)
{
	cluster->settle_awaits = false;
	if (cluster_is_up(cluster))
		cluster_talk_begin_settling(cluster);
	else
		cluster_talk_end_settling(cluster);
}

void cluster_talk_end_expecting(struct cluster *cluster)
{
	cluster->expected_limit = 0;
	if (cluster->settle_awaits)
		go_on_settling(cluster);
	if (cluster->step == STEP_AWAIT)
		cluster_talk_finish(cluster, 0, 0, NULL);
	else
		cluster_talk_set_timer(cluster);
}

void cluster_talk_look(struct cluster *cluster)
{
	bool is_coming = cluster->state == CLUSTER_AWAY || cluster->state == CLUSTER_JOINING ||
		(cluster->state == CLUSTER_UP && cluster->open);

	if (cluster->expected_limit && !is_coming)
		cluster_talk_end_expecting(cluster);
}

void cluster_talk_finish(struct cluster *cluster, int result, uint64_t revision, const char *why)
{
	cluster->step = STEP_NONE;
	cluster_talk_set_timer(cluster);
	cluster->world->answer(cluster->world->data, result, revision, why);
}

void cluster_talk_send(struct cluster *cluster, struct strbuf *line)
{
	strbuf_add_char(line, '\n');
	cluster->world->send(cluster->world->data, line->data, line->len);
}

void cluster_talk_begin_settling(struct cluster *cluster)
{
	cluster_talk_ask(cluster);
	cluster->settle_ask_id = cluster->ask_id;
	cluster->settle_open = cluster->open;
	cluster->settle_id = ++cluster->last_id; /* one that is under way was asked too early */
	cluster_talk_question(cluster, "sync", cluster->settle_id);
}

void cluster_talk_end_settling(struct cluster *cluster)
{
	cluster->settle_id = cluster->settle_ask_id = cluster->settle_open = 0;
	cluster->settle_awaits = false;
	cluster_talk_set_timer(cluster);
	cluster->world->wake(cluster->world->data);
}

/* Who was asked does not answer any more: who waits goes on, or waits for who comes next. */
static void break_settling(struct cluster *cluster)
{
	if (cluster->expected_limit) {
		cluster->settle_id = cluster->settle_ask_id = cluster->settle_open = 0;
		cluster->settle_awaits = true;
	} else {
		cluster_talk_end_settling(cluster);
	}
}

void cluster_talk_change_state(
	struct cluster *cluster, enum cluster_state state, const char *why, uint64_t since)
{
	bool was_up = cluster_is_up(cluster), is_up = state == CLUSTER_UP;

	if (state == cluster->state && is_same_text(why, cluster->why))
		return;
	if (state != cluster->state)
		cluster->since = since;
	cluster->state = state;
	free(cluster->why);
	cluster->why = why ? xstrdup(why) : NULL;
	if (was_up && !is_up && cluster->step == STEP_SYNC)
		cluster_talk_finish(cluster, 0, 0, NULL); /* nobody can say more */
	if (was_up && !is_up && cluster_talk_is_settling(cluster))
		break_settling(cluster);
	cluster_talk_look(cluster);
	if (was_up != is_up)
		cluster->world->changed(cluster->world->data, is_up, cluster->why);
}

void cluster_talk_question(struct cluster *cluster, const char *word, uint64_t id)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;

	strbuf_add_format(&line, "{\"%s\":%llu}", word, (unsigned long long)id);
	cluster_talk_send(cluster, &line);
}

void cluster_talk_seen(struct cluster *cluster)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;

	if (!cluster->is_greeted)
		return;
	strbuf_add_format(&line, "{\"seen\":[%s]}", cluster->seen);
	cluster_talk_send(cluster, &line);
}

void cluster_talk_ask(struct cluster *cluster)
{
	cluster->is_listing = false; /* what is on its way is of before */
	cluster->ask_id = ++cluster->last_id;
	cluster_talk_question(cluster, "ask", cluster->ask_id);
}
