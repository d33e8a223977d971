/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What that machine is asked for: commits, and whether there is anything newer.
 */

#include <errno.h>
#include <string.h>

#include "cluster_hosts_private.h"
#include "cluster_talk_private.h"
#include "machines/cluster_ask.h"

#define OPERATIONS_PER_LINE 4 /* of an ordinary request of a client, or of a new volume */
#define LINES_MAX 1000

size_t cluster_get_lines(const struct cluster *cluster)
{
	size_t lines = cluster->room / OPERATIONS_PER_LINE;

	if (!cluster_is_up(cluster) || lines > LINES_MAX)
		return LINES_MAX;
	return lines ? lines : 1;
}

void cluster_explain(const struct cluster *cluster, struct strbuf *ret_text)
{
	strbuf_add_format(ret_text, "names of the cluster %s cannot be changed: ", cluster->name);
	switch (cluster->state) {
	case CLUSTER_AWAY:
		strbuf_add_text(ret_text, "mmfs-cluster is not connected");
		break;
	case CLUSTER_JOINING:
		strbuf_add_text(ret_text, "they are just being read");
		break;
	case CLUSTER_UP:
		strbuf_add_text(ret_text, "what became of the last change is not known yet");
		break;
	case CLUSTER_UNREACHED:
		strbuf_add_text(ret_text, "no answer");
		break;
	case CLUSTER_READ_ONLY:
		strbuf_add_text(ret_text, "they may only be read");
		break;
	case CLUSTER_FULL:
		strbuf_add_text(ret_text, "it has no space left");
		break;
	}
	if (cluster->why) {
		strbuf_add_text(ret_text, " (");
		strbuf_add_printable(ret_text, cluster->why);
		strbuf_add_char(ret_text, ')');
	}
	if (cluster->since) {
		strbuf_add_text(ret_text, " since ");
		strbuf_add_time(ret_text, cluster->since);
	}
	strbuf_add_format(ret_text, "; shown as of revision %llu",
		(unsigned long long)cluster->known->revision);
}

static int check_room(
	const struct cluster *cluster, const struct sharing *sharing, struct strbuf *why)
{
	size_t most = sharing->compares > sharing->puts ? sharing->compares : sharing->puts;

	if (cluster->room && most > cluster->room) {
		strbuf_add_format(why,
			"this takes %zu operations of the cluster at once, and it takes %llu", most,
			(unsigned long long)cluster->room);
		return -EMSGSIZE;
	}
	if (cluster->limit && sharing->bytes > cluster->limit) {
		strbuf_add_format(why,
			"this takes %zu bytes of the cluster at once, and it takes %llu",
			sharing->bytes, (unsigned long long)cluster->limit);
		return -EMSGSIZE;
	}
	return 0;
}

/* Whether a change of this host is still to be taken up: it would be passed over behind another. */
static bool has_own_news(const struct cluster *cluster)
{
	for (const struct elsewhere_change *news = cluster->news; news; news = news->next)
		if (news->elsewhere.number > cluster->known->own_change)
			return true;
	return false;
}

int cluster_commit(struct cluster *cluster, const struct sharing *sharing, uint64_t patience,
	const struct cluster_time *now, struct strbuf *why)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;
	int r;

	if (!cluster_is_up(cluster) || cluster->open || cluster->step || has_own_news(cluster)) {
		cluster_explain(cluster, why);
		return cluster->state == CLUSTER_FULL ? -ENOSPC : -EROFS;
	}
	r = check_room(cluster, sharing, why);
	if (r < 0)
		return r;
	cluster->open = ++cluster->last_number;
	cluster->open_id = ++cluster->last_id;
	cluster->step = STEP_COMMIT;
	cluster->step_limit = now->monotonic + patience;
	strbuf_add_format(&line, "{\"commit\":%llu,\"change\":\"%s/%llu\",\"compare\":[%s],",
		(unsigned long long)cluster->open_id, cluster->host,
		(unsigned long long)cluster->open, strbuf_text(&sharing->compare));
	strbuf_add_format(&line,
		"\"put\":[%s],\"delete\":[%s],\"log\":", strbuf_text(&sharing->put),
		strbuf_text(&sharing->gone));
	strbuf_add_json(&line, strbuf_text(&sharing->log));
	strbuf_add_char(&line, '}');
	cluster_talk_set_timer(cluster);
	cluster->world->opening(cluster->world->data, cluster->host, cluster->open);
	cluster_talk_send(cluster, &line);
	return 0;
}

int cluster_sync(struct cluster *cluster, const struct cluster_time *now, struct strbuf *why)
{
	if (!cluster_is_up(cluster) || cluster->step) {
		cluster_explain(cluster, why);
		return -EROFS;
	}
	cluster->step = STEP_SYNC;
	cluster->step_id = ++cluster->last_id;
	cluster->step_limit = now->monotonic + CLUSTER_PATIENCE;
	cluster_talk_set_timer(cluster);
	cluster_talk_question(cluster, "sync", cluster->step_id);
	return 0;
}

bool cluster_is_expected(const struct cluster *cluster)
{
	return cluster->expected_limit;
}

void cluster_await(struct cluster *cluster, const struct cluster_time *now)
{
	cluster->step = STEP_AWAIT;
	cluster->step_limit = cluster->expected_limit;
	cluster_talk_set_timer(cluster);
}

uint64_t cluster_get_number(const struct cluster *cluster)
{
	return cluster->number;
}

void cluster_settle(struct cluster *cluster, const struct cluster_time *now)
{
	if (!cluster_is_up(cluster) && !cluster->expected_limit)
		return;
	cluster->settle_limit = now->monotonic + CLUSTER_PATIENCE;
	if (cluster_is_up(cluster))
		cluster_talk_begin_settling(cluster);
	else
		cluster->settle_awaits = true;
	cluster_talk_set_timer(cluster);
}

bool cluster_is_settled(const struct cluster *cluster)
{
	return !cluster_talk_is_settling(cluster) && !cluster->news;
}

void cluster_look(struct cluster *cluster)
{
	if (cluster_is_up(cluster) && !cluster->ask_id)
		cluster_talk_ask(cluster);
}

void cluster_see(struct cluster *cluster, char *list)
{
	bool is_same = strcmp(cluster->seen, list) == 0;

	free(cluster->seen);
	cluster->seen = list;
	if (!is_same)
		cluster_talk_seen(cluster);
}

int cluster_forget_host(struct cluster *cluster, const char *host, struct strbuf *why)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;

	if (!cluster_is_up(cluster)) {
		cluster_explain(cluster, why);
		return -EROFS;
	}
	switch (cluster_hosts_find(cluster, host)) {
	case CLUSTER_HOST_ALIVE:
		strbuf_add_format(why, "%s is alive", host);
		return -EBUSY;
	case CLUSTER_HOST_UNKNOWN:
		strbuf_add_format(why, "no machine of the cluster %s is called ", cluster->name);
		strbuf_add_printable(why, host);
		return -ENOENT;
	case CLUSTER_HOST_SILENT:
		break;
	}
	strbuf_add_format(
		&line, "{\"forget\":%llu,\"host\":", (unsigned long long)++cluster->last_id);
	strbuf_add_json(&line, host);
	strbuf_add_char(&line, '}');
	cluster_talk_send(cluster, &line);
	return 0;
}

int cluster_take_over(struct cluster *cluster, const struct cluster_time *now, struct strbuf *why)
{
	if (cluster->state == CLUSTER_UP || cluster->state == CLUSTER_FULL)
		return 0;
	if (cluster->state != CLUSTER_READ_ONLY) {
		cluster_explain(cluster, why);
		return -EROFS;
	}
	cluster->is_decided = true;
	cluster->world->hang_up(cluster->world->data, "what the engine has is to be taken over");
	cluster_handle_lost(cluster, now);
	return 0;
}

const char *cluster_get_host(const struct cluster *cluster)
{
	return cluster->host;
}
