/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines by which mmfs-cluster tells of the engine, as they are read here. Members that are not
 * known are left alone. What is in the values of rows is judged elsewhere, row by row.
 */

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "core/syntax/cluster_line.h"

static const char *const results[] = {
	[CLUSTER_DONE] = "done",
	[CLUSTER_LOST] = "lost",
	[CLUSTER_REFUSED] = "refused",
	[CLUSTER_UNKNOWN] = "unknown",
	[CLUSTER_VOID] = "void",
};

static enum cluster_result find_result(const char *text)
{
	for (size_t i = CLUSTER_DONE; text && i < ARRAY_SIZE(results); i++)
		if (strcmp(results[i], text) == 0)
			return (enum cluster_result)i;
	return CLUSTER_NO_RESULT;
}

bool cluster_line_is_host(const char *host)
{
	size_t len = strlen(host);

	for (size_t i = 0; i < len; i++)
		if (host[i] <= ' ' || host[i] > '~' || strchr("/\\\"", host[i]))
			return false;
	return len && len <= CLUSTER_HOST_MAX;
}

/* A row of a list, or NULL with what is wrong. */
static const char *parse_row(
	struct cluster_line *line, const struct json_value *value, struct cluster_row *ret_row)
{
	const struct json_value *text = json_find(&line->json, value, "value");

	ret_row->key = json_get_text(&line->json, value, "key");
	ret_row->revision = json_get_number(&line->json, value, "revision");
	ret_row->value = text && text->kind == JSON_TEXT ? text->text : NULL;
	if (!ret_row->key || !text || (text->kind != JSON_TEXT && text->kind != JSON_NULL))
		return "a row without a key or a value";
	if (ret_row->revision > INT64_MAX)
		return "a revision beyond all numbers";
	return NULL;
}

static const char *parse_rows(struct cluster_line *line, const struct json_value *list)
{
	const struct json_value *value;
	const char *fault = NULL;
	size_t count = 0;

	if (list->kind != JSON_ARRAY)
		return "rows that are none";
	for (value = json_first(&line->json, list); value;
		value = json_next(&line->json, list, value))
		count++;
	line->rows = xcalloc(count + 1, sizeof(*line->rows));
	for (value = json_first(&line->json, list); value && !fault;
		value = json_next(&line->json, list, value))
		fault = parse_row(line, value, &line->rows[line->count++]);
	return fault;
}

static const char *parse_taken(struct cluster_line *line)
{
	const struct json_value *list = json_find(&line->json, line->json.list, "taken");

	return list ? parse_rows(line, list) : NULL;
}

/* By the member that says what it is. */
static const char *parse_word(struct cluster_line *line)
{
	static const struct {
		const char *member;
		enum cluster_word word;
	} words[] = { { "hello", CLUSTER_HELLO }, { "state", CLUSTER_STATE },
		{ "begin", CLUSTER_BEGIN }, { "rows", CLUSTER_ROWS }, { "end", CLUSTER_END },
		{ "answer", CLUSTER_ANSWER }, { "settled", CLUSTER_SETTLED } };
	const struct json_value *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(words) && !found; i++) {
		found = json_find(&line->json, line->json.list, words[i].member);
		line->word = words[i].word;
	}
	if (!found)
		return "a line that says nothing";
	if (line->word == CLUSTER_ANSWER)
		return parse_taken(line);
	return line->word == CLUSTER_ROWS ? parse_rows(line, found) : NULL;
}

static const char *check(const struct cluster_line *line)
{
	if (line->host && !cluster_line_is_host(line->host))
		return "a host with a name that is none";
	if (line->revision > INT64_MAX || line->head > INT64_MAX || line->next > INT64_MAX)
		return "a revision beyond all numbers";
	switch (line->word) {
	case CLUSTER_HELLO:
		return line->host && line->cluster_id ? NULL : "a greeting without a name";
	case CLUSTER_STATE:
		return line->state ? NULL : "a state that is none";
	case CLUSTER_SETTLED:
		return line->change && line->result ? NULL : "something settled, and not how";
	case CLUSTER_ANSWER:
		return line->result || line->is_synced || line->has_presence
			? NULL
			: "an answer that says nothing";
	case CLUSTER_BEGIN:
	case CLUSTER_ROWS:
	case CLUSTER_END:
		break;
	}
	return NULL;
}

static const char *parse(struct cluster_line *line)
{
	const struct json *json = &line->json;
	const struct json_value *object = json->list;
	const char *fault = object->kind == JSON_OBJECT ? parse_word(line) : "no object";

	if (fault)
		return fault;
	line->host = json_get_text(json, object, "host");
	line->cluster = json_get_text(json, object, "cluster");
	line->cluster_id = json_get_text(json, object, "cluster_id");
	line->state = json_get_text(json, object, "state");
	line->why = json_get_text(json, object, "why");
	if (line->why && !*line->why)
		line->why = NULL;
	line->change =
		json_get_text(json, object, line->word == CLUSTER_SETTLED ? "settled" : "change");
	line->result = find_result(json_get_text(json, object, "result"));
	line->id = json_get_number(json, object, "answer");
	line->is_synced = json_find(json, object, "synced") != NULL;
	line->revision = json_get_number(json, object, line->is_synced ? "synced" : "revision");
	line->head = json_get_number(json, object, "head");
	line->since = json_get_number(json, object, "since");
	line->room = json_get_number(json, object, "room");
	line->limit = json_get_number(json, object, "limit");
	line->next = json_get_number(json, object, "next");
	line->has_more = json_is_true(json, object, "more");
	line->has_presence = json_find(json, object, "hosts") != NULL;
	return check(line);
}

int cluster_line_parse(char *text, size_t len, struct cluster_line *ret_line, const char **ret_why)
{
	struct cluster_line line = { .text = text, .len = len };

	if (len > CLUSTER_LINE_MAX)
		*ret_why = "a line that is too long";
	else if (json_parse(text, len, &line.json) < 0)
		*ret_why = "a line that is no JSON";
	else
		*ret_why = parse(&line);
	if (*ret_why) {
		cluster_line_fini(&line);
		return -EBADMSG;
	}
	*ret_line = line;
	return 0;
}

void cluster_line_fini(struct cluster_line *line)
{
	json_fini(&line->json);
	free(line->rows);
	free(line->text);
	*line = (struct cluster_line){ 0 };
}

uint64_t cluster_line_get_number(const char *change, const char *host)
{
	size_t len = strlen(host);
	uint64_t number = 0;

	if (!change || strncmp(change, host, len) != 0 || change[len] != '/')
		return 0;
	for (const char *c = change + len + 1; *c; c++) {
		if (!isdigit((unsigned char)*c) || number > INT64_MAX / 10 - 1)
			return 0;
		number = number * 10 + (uint64_t)(*c - '0');
	}
	return number;
}

void cluster_key_add_link(struct strbuf *buf, const char *path)
{
	strbuf_add_text(buf, "links");
	for (; *path; path++)
		strbuf_add_char(
			buf, *path >= 'A' && *path <= 'Z' ? (char)(*path - 'A' + 'a') : *path);
}

void cluster_key_add_volume(struct strbuf *buf, const char *id)
{
	strbuf_add_format(buf, "volumes/%s", id);
}

/* An ID may have a slash in it, which would not be told from the one behind it. */
void cluster_key_add_point(struct strbuf *buf, const char *host_id, const char *path)
{
	strbuf_add_text(buf, "points/");
	strbuf_add_file_name(buf, host_id);
	strbuf_add_format(buf, "/%s", path);
}
