/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who else is there, and which volumes they see: shown, and counted where a name would change
 * hands. Nothing of it is watched: it is as it was when that was asked for last.
 */

#include <string.h>

#include "cluster_hosts_private.h"
#include "cluster_taken_private.h"

#define LISTED_MAX 100000
#define LISTED_BYTES_MAX (64u << 20) /* of the lines that say it */

static void host_fini(struct cluster_host *host)
{
	free(host->name);
	free(host->boot);
}

static void sight_fini(struct cluster_sight *sight)
{
	free(sight->id);
	free(sight->host);
	free(sight->device);
	free(sight->state);
	free(sight->mounts);
}

void cluster_hosts_fini(struct cluster *cluster)
{
	for (size_t i = 0; i < cluster->host_count; i++)
		host_fini(&cluster->hosts[i]);
	for (size_t i = 0; i < cluster->sight_count; i++)
		sight_fini(&cluster->sights[i]);
	free(steal_ptr(cluster->hosts));
	free(steal_ptr(cluster->sights));
	cluster->host_count = cluster->sight_count = 0;
}

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

/* Lines as in the files of ids/: a path may have a newline in it. */
static char *join_mounts(const struct json *json, const struct json_value *sight)
{
	struct strbuf text = STRBUF_INIT;
	const struct json_value *list = json_find(json, sight, "mounts");

	for (const struct json_value *path = json_first(json, list); path;
		path = json_next(json, list, path)) {
		if (path->kind != JSON_TEXT)
			continue;
		if (text.len)
			strbuf_add_char(&text, '\n');
		strbuf_add_printable(&text, path->text);
	}
	return strbuf_take(&text);
}

static void add_host(
	struct cluster *cluster, const struct json *json, const struct json_value *value)
{
	const char *name = json_get_text(json, value, "host");

	if (!name || cluster->host_count == LISTED_MAX)
		return;
	cluster->hosts = xgrow(cluster->hosts, cluster->host_count, sizeof(*cluster->hosts));
	cluster->hosts[cluster->host_count++] = (struct cluster_host){
		.name = xstrdup(name),
		.boot = copy(json_get_text(json, value, "boot")),
		.is_alive = json_is_true(json, value, "alive"),
	};
}

static void add_sight(
	struct cluster *cluster, const struct json *json, const struct json_value *value)
{
	const char *id = json_get_text(json, value, "id");
	const char *host = json_get_text(json, value, "host");

	if (!id || !host || cluster->sight_count == LISTED_MAX)
		return;
	cluster->sights = xgrow(cluster->sights, cluster->sight_count, sizeof(*cluster->sights));
	cluster->sights[cluster->sight_count++] = (struct cluster_sight){
		.id = xstrdup(id),
		.host = xstrdup(host),
		.device = copy(json_get_text(json, value, "device")),
		.state = copy(json_get_text(json, value, "state")),
		.mounts = join_mounts(json, value),
	};
}

void cluster_hosts_take(struct cluster *cluster, const struct cluster_line *line)
{
	const struct json *json = &line->json;
	const struct json_value *hosts = json_find(json, json->list, "hosts");
	const struct json_value *sights = json_find(json, json->list, "seen"), *value;

	if (!cluster->is_listing) {
		cluster_hosts_fini(cluster);
		cluster->listed = 0;
	}
	cluster->listed += line->len;
	cluster->is_listing = line->has_more;
	if (!line->has_more) {
		cluster->ask_id = 0;
		cluster->listings++;
	}
	if (cluster->listed > LISTED_BYTES_MAX)
		return;
	for (value = json_first(json, hosts); value; value = json_next(json, hosts, value))
		add_host(cluster, json, value);
	for (value = json_first(json, sights); value; value = json_next(json, sights, value))
		add_sight(cluster, json, value);
	if (!line->has_more)
		cluster_forget_seen(cluster); /* it is in the list if it is still so */
}

uint64_t cluster_get_listings(const struct cluster *cluster)
{
	return cluster->listings;
}

enum cluster_host_kind cluster_hosts_find(const struct cluster *cluster, const char *name)
{
	for (size_t i = 0; i < cluster->host_count; i++)
		if (strcmp(cluster->hosts[i].name, name) == 0)
			return cluster->hosts[i].is_alive ? CLUSTER_HOST_ALIVE
							  : CLUSTER_HOST_SILENT;
	for (size_t i = 0; i < cluster->sight_count; i++)
		if (strcmp(cluster->sights[i].host, name) == 0)
			return CLUSTER_HOST_SILENT;
	return CLUSTER_HOST_UNKNOWN;
}

void cluster_hosts_note_rivals(struct cluster *cluster, const struct cluster_line *line)
{
	const struct json_value *list = json_find(&line->json, line->json.list, "seen"), *value;

	for (value = json_first(&line->json, list); value;
		value = json_next(&line->json, list, value)) {
		const char *id = json_get_text(&line->json, value, "id");

		if (!id || cluster->rival_count == LISTED_MAX)
			continue;
		cluster->rivals = xgrow(cluster->rivals, cluster->rival_count, sizeof(char *));
		cluster->rivals[cluster->rival_count++] = xstrdup(id);
	}
}

bool cluster_was_seen(const struct cluster *cluster, const char *id)
{
	for (size_t i = 0; i < cluster->rival_count; i++)
		if (strcmp(cluster->rivals[i], id) == 0)
			return true;
	return false;
}

void cluster_forget_seen(struct cluster *cluster)
{
	while (cluster->rival_count)
		free(cluster->rivals[--cluster->rival_count]);
	cluster_taken_forget(cluster);
}

bool cluster_is_seen(const struct cluster *cluster, const char *id)
{
	for (size_t i = 0; i < cluster->sight_count; i++)
		if (strcmp(cluster->sights[i].id, id) == 0 &&
			!is_same_text(cluster->sights[i].host, cluster->host))
			return true;
	return cluster_was_seen(cluster, id);
}

static const char *get_word(enum cluster_state state)
{
	switch (state) {
	case CLUSTER_AWAY:
		return "away";
	case CLUSTER_JOINING:
		return "joining";
	case CLUSTER_UP:
		return "up";
	case CLUSTER_UNREACHED:
		return "down";
	case CLUSTER_READ_ONLY:
		return "read-only";
	case CLUSTER_FULL:
		return "full";
	}
	return "";
}

static void add_pair(struct strbuf *text, const char *key, const char *value)
{
	strbuf_add_pair(text, key, value ? value : "");
}

static void add_number(struct strbuf *text, const char *key, uint64_t number)
{
	_cleanup_free_ char *value = xasprintf("%llu", (unsigned long long)number);

	add_pair(text, key, value);
}

static void render_state(const struct cluster *cluster, struct strbuf *text)
{
	_cleanup_strbuf_ struct strbuf since = STRBUF_INIT;

	if (cluster->since)
		strbuf_add_time(&since, cluster->since);
	add_pair(text, "CLUSTER", cluster->name);
	add_pair(text, "STATE", get_word(cluster->state));
	add_pair(text, "SINCE", strbuf_text(&since));
	add_number(text, "REVISION", cluster->known->revision);
	add_number(text, "LAG", cluster->news_count);
	add_pair(text, "HOST", cluster->host);
	add_pair(text, "WHY", cluster->why);
	strbuf_add_char(text, '\n');
}

void cluster_render(const struct cluster *cluster, struct strbuf *ret_text)
{
	render_state(cluster, ret_text);
	for (size_t i = 0; i < cluster->host_count; i++) {
		const struct cluster_host *host = &cluster->hosts[i];

		add_pair(ret_text, "HOST", host->name);
		add_pair(ret_text, "ALIVE", host->is_alive ? "1" : "0");
		add_pair(ret_text, "BOOT", host->boot);
		strbuf_add_char(ret_text, '\n');
	}
	for (size_t i = 0; i < cluster->sight_count; i++) {
		const struct cluster_sight *sight = &cluster->sights[i];

		add_pair(ret_text, "SEEN", sight->id);
		add_pair(ret_text, "HOST", sight->host);
		add_pair(ret_text, "DEVICE", sight->device);
		add_pair(ret_text, "STATE", sight->state);
		add_pair(ret_text, "MOUNTS", sight->mounts);
		strbuf_add_char(ret_text, '\n');
	}
}
