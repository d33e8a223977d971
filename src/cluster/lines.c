/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of JSON: see the header. What mmfs says is judged as if it came from anybody: json-c parses
 * it, and each member must have its type. Members that are not known are skipped.
 */

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "cluster/lines.h"

#define DEPTH_MAX 8
#define KEY_MAX 4096	  /* bytes */
#define LINE_ROWS 512	  /* in one line, where there may be several */
#define LINE_BYTES 500000 /* the same, before anything is escaped */
#define TAKEN_MAX 4096	  /* bytes of a value */

/* --- in -------------------------------------------------------------------------------------- */

/* NULL: it is not there, or no text, or too long, or has a NUL. */
static const char *get_text(const struct json_object *object, const char *name)
{
	struct json_object *value;
	const char *text;

	if (!json_object_object_get_ex(object, name, &value) ||
		!json_object_is_type(value, json_type_string))
		return NULL;
	text = json_object_get_string(value);
	return strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

/* The same of a key, or of a host: neither is empty, nor long. */
static const char *get_key(const struct json_object *object, const char *name)
{
	const char *text = get_text(object, name);

	return text && text[0] && strlen(text) <= KEY_MAX ? text : NULL;
}

static bool get_number(const struct json_object *object, const char *name, int64_t *ret_number)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, name, &value) ||
		!json_object_is_type(value, json_type_int))
		return false;
	*ret_number = json_object_get_int64(value);
	return *ret_number >= 0;
}

/* An empty list, where there is none. */
static bool get_list(const struct json_object *object, const char *name,
	struct json_object **ret_list, size_t *ret)
{
	*ret = 0;
	if (!json_object_object_get_ex(object, name, ret_list))
		return true;
	if (!json_object_is_type(*ret_list, json_type_array))
		return false;
	*ret = json_object_array_length(*ret_list);
	return true;
}

static bool parse_want(const struct json_object *object, struct order *order)
{
	struct json_object *want;
	const char *cluster_id, *open;

	if (!json_object_object_get_ex(object, "want", &want) ||
		!json_object_is_type(want, json_type_object) ||
		!get_number(want, "revision", &order->revision))
		return false;
	if (!get_number(want, "head", &order->head))
		order->head = 0;
	cluster_id = get_text(want, "cluster_id");
	open = get_key(want, "open");
	order->cluster_id = xstrdup(cluster_id ? cluster_id : "");
	order->open = open ? xstrdup(open) : NULL;
	return true;
}

static bool parse_compare(const struct json_object *object, struct order *order)
{
	const char *key = get_key(object, "key");
	const char *below = get_key(object, "below"), *but = get_key(object, "but");
	struct order_compare compare = {};

	if (below && but && strncmp(but, below, strlen(below)) == 0)
		compare = (struct order_compare){ xstrdup(below), xstrdup(but), 0, true };
	else if (key && get_number(object, "revision", &compare.revision))
		compare.key = xstrdup(key);
	else
		return false;
	order->compares = xgrow(order->compares, order->compare_count, sizeof(*order->compares));
	order->compares[order->compare_count++] = compare;
	return true;
}

static bool parse_put(const struct json_object *object, struct order *order)
{
	const char *key = get_key(object, "key"), *value = get_text(object, "value");

	if (key && value)
		etcd_rows_add(&order->puts, key, value);
	return key && value;
}

static bool parse_compares(const struct json_object *object, struct order *order)
{
	struct json_object *list;
	size_t count;

	if (!get_list(object, "compare", &list, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!parse_compare(json_object_array_get_idx(list, i), order))
			return false;
	}
	return true;
}

static bool parse_deletes(const struct json_object *object, struct order *order)
{
	struct json_object *list, *key;
	size_t count;

	if (!get_list(object, "delete", &list, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		key = json_object_array_get_idx(list, i);
		if (!json_object_is_type(key, json_type_string) ||
			strlen(json_object_get_string(key)) !=
				(size_t)json_object_get_string_len(key) ||
			json_object_get_string_len(key) > KEY_MAX)
			return false;
		etcd_rows_add(&order->deletes, json_object_get_string(key), NULL);
	}
	return true;
}

static bool parse_commit(const struct json_object *object, struct order *order)
{
	const char *change = get_key(object, "change"), *log = get_text(object, "log");
	struct json_object *list;
	size_t count;

	if (!change || !parse_compares(object, order) || !parse_deletes(object, order) ||
		!get_list(object, "put", &list, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!parse_put(json_object_array_get_idx(list, i), order))
			return false;
	}
	order->change = xstrdup(change);
	order->log = xstrdup(log ? log : "{}");
	return get_number(object, "commit", &order->id);
}

/* Rows of presence are kept as they come, without the ID. */
static bool parse_seen(const struct json_object *object, struct order *order)
{
	struct json_object *list, *row;
	size_t count;

	if (!get_list(object, "seen", &list, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *id = NULL;
		const char *text;

		row = json_object_array_get_idx(list, i);
		text = get_key(row, "id");
		if (!text)
			return false;
		id = xstrdup(text);
		json_object_object_del(row, "id");
		etcd_rows_add(&order->seen, id,
			json_object_to_json_string_ext(row, JSON_C_TO_STRING_PLAIN));
	}
	return true;
}

static bool parse_sync(const struct json_object *object, struct order *order)
{
	return get_number(object, "sync", &order->id);
}

static bool parse_ask(const struct json_object *object, struct order *order)
{
	return get_number(object, "ask", &order->id);
}

static bool parse_forget(const struct json_object *object, struct order *order)
{
	const char *host = get_key(object, "host");

	order->host = host ? xstrdup(host) : NULL;
	return host && get_number(object, "forget", &order->id);
}

static const struct {
	const char *name;
	enum order_type type;
	bool (*parse)(const struct json_object *object, struct order *order);
} verbs[] = {
	{ "want", ORDER_WANT, parse_want },
	{ "commit", ORDER_COMMIT, parse_commit },
	{ "sync", ORDER_SYNC, parse_sync },
	{ "seen", ORDER_SEEN, parse_seen },
	{ "ask", ORDER_ASK, parse_ask },
	{ "forget", ORDER_FORGET, parse_forget },
};

static bool parse_object(const struct json_object *object, struct order *order, bool *ret_is_known)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (!json_object_object_get_ex(object, verbs[i].name, NULL))
			continue;
		*ret_is_known = true;
		order->type = verbs[i].type;
		return verbs[i].parse(object, order);
	}
	*ret_is_known = false;
	return true;
}

int lines_parse(const char *line, size_t len, struct order *ret_order, bool *ret_is_known)
{
	struct json_tokener *tokener;
	struct json_object *object;
	bool is_good;

	*ret_order = (struct order){};
	if (len > LINES_MAX)
		return -EPROTO;
	tokener = json_tokener_new_ex(DEPTH_MAX);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, line, (int)len);
	is_good = json_object_is_type(object, json_type_object) &&
		json_tokener_get_parse_end(tokener) == len &&
		parse_object(object, ret_order, ret_is_known);
	json_object_put(object);
	json_tokener_free(tokener);
	if (is_good)
		return 0;
	order_fini(ret_order);
	return -EPROTO;
}

/* --- out ------------------------------------------------------------------------------------- */

static void add_member(struct strbuf *text, const char *name, const char *value)
{
	strbuf_add_format(text, ",\"%s\":", name);
	strbuf_add_json(text, value);
}

static void add_number(struct strbuf *text, const char *name, int64_t number)
{
	strbuf_add_format(text, ",\"%s\":%lld", name, (long long)number);
}

static void format_hello(const struct tale *tale, struct strbuf *text)
{
	strbuf_add_text(text, "{\"hello\":1");
	add_member(text, "host", tale->host);
	add_member(text, "cluster", tale->cluster);
	add_member(text, "cluster_id", tale->cluster_id);
	add_number(text, "room", tale->room);
	add_number(text, "limit", tale->limit);
	add_number(text, "next", tale->next);
	strbuf_add_text(text, "}\n");
}

static void format_state(const struct tale *tale, uint64_t real, struct strbuf *text)
{
	static const char *const words[] = {
		[STANDING_DOWN] = "down",
		[STANDING_UP] = "up",
		[STANDING_READ_ONLY] = "read-only",
		[STANDING_FULL] = "full",
	};

	strbuf_add_format(text, "{\"state\":\"%s\"", words[tale->standing]);
	add_number(text, "revision", tale->revision);
	if (tale->standing != STANDING_UP) {
		add_member(text, "why", tale->why);
		add_number(text, "since", (int64_t)((real - tale->age) / 1000000));
	}
	strbuf_add_text(text, "}\n");
}

static size_t row_size(const struct etcd_row *row)
{
	return strlen(row->key) + (row->value ? strlen(row->value) : 0);
}

static void add_row(struct strbuf *text, const struct etcd_row *row)
{
	strbuf_add_text(text, "{\"key\":");
	strbuf_add_json(text, row->key);
	strbuf_add_text(text, ",\"value\":");
	if (row->value)
		strbuf_add_json(text, row->value);
	else
		strbuf_add_text(text, "null");
	add_number(text, "revision", row->revision);
	strbuf_add_char(text, '}');
}

/* Rows of one change are one line; of all, as many as fit well. Returns how many are in it. */
static size_t format_line(const struct tale *tale, size_t from, struct strbuf *text)
{
	size_t i, bytes = 0;

	strbuf_add_text(text, "{\"rows\":[");
	for (i = from; i < tale->count; i++) {
		bytes += row_size(&tale->rows[i]);
		if (!tale->change && i > from && (i - from >= LINE_ROWS || bytes > LINE_BYTES))
			break;
		if (i > from)
			strbuf_add_char(text, ',');
		add_row(text, &tale->rows[i]);
	}
	strbuf_add_char(text, ']');
	add_number(text, "revision", tale->revision);
	add_number(text, "head", tale->head);
	if (tale->change && tale->change[0]) {
		add_member(text, "host", tale->host);
		add_member(text, "change", tale->change);
	}
	strbuf_add_text(text, "}\n");
	return i - from;
}

static int format_rows(const struct tale *tale, struct strbuf *text)
{
	for (size_t from = 0; from < tale->count;) {
		size_t start = text->len;

		from += format_line(tale, from, text);
		if (text->len - start > LINES_MAX)
			return -EMSGSIZE;
	}
	return 0;
}

static const char *const outcomes[] = {
	[OUTCOME_DONE] = "done",
	[OUTCOME_LOST] = "lost",
	[OUTCOME_REFUSED] = "refused",
	[OUTCOME_UNKNOWN] = "unknown",
	[OUTCOME_VOID] = "void",
};

/* "seen/ID/HOST": the members of its object. */
static void add_seen(struct strbuf *text, const struct etcd_row *row)
{
	const char *id = strncmp(row->key, "seen/", 5) == 0 ? row->key + 5 : row->key;
	const char *slash = strrchr(id, '/');
	_cleanup_free_ char *start = xstrndup(id, slash ? (size_t)(slash - id) : strlen(id));

	strbuf_add_text(text, "{\"id\":");
	strbuf_add_json(text, start);
	add_member(text, "host", slash ? slash + 1 : "");
}

/* Of a value that is longer than any that a host writes there only that it is there. */
static void add_taken(struct strbuf *text, const struct etcd_row *row)
{
	struct etcd_row copy = *row;

	if (strlen(row->value) > TAKEN_MAX)
		copy.value = (char[]){ "" };
	add_row(text, &copy);
}

static void format_answer(const struct tale *tale, struct strbuf *text)
{
	strbuf_add_format(text, "{\"answer\":%lld,\"result\":\"%s\"", (long long)tale->id,
		outcomes[tale->outcome]);
	add_number(text, "revision", tale->revision);
	if (tale->why)
		add_member(text, "why", tale->why);
	if (tale->outcome == OUTCOME_LOST) {
		strbuf_add_text(text, ",\"seen\":[");
		for (size_t i = 0; tale->seen && i < tale->seen->count; i++) {
			strbuf_add_text(text, i > 0 ? "," : "");
			add_seen(text, &tale->seen->list[i]);
			strbuf_add_char(text, '}');
		}
		strbuf_add_text(text, "],\"taken\":[");
		for (size_t i = 0; i < tale->count; i++) {
			strbuf_add_text(text, i > 0 ? "," : "");
			add_taken(text, &tale->rows[i]);
		}
		strbuf_add_char(text, ']');
	}
	strbuf_add_text(text, "}\n");
}

/* Of what another host has written a text, or as much as there is of it before a NUL. */
static void add_text(struct strbuf *text, const struct json_object *object, const char *name)
{
	struct json_object *value;

	if (json_object_object_get_ex(object, name, &value) &&
		json_object_is_type(value, json_type_string))
		add_member(text, name, json_object_get_string(value));
}

static void add_mounts(struct strbuf *text, const struct json_object *object)
{
	struct json_object *list, *path;
	bool is_first = true;

	if (!json_object_object_get_ex(object, "mounts", &list) ||
		!json_object_is_type(list, json_type_array))
		return;
	strbuf_add_text(text, ",\"mounts\":[");
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		path = json_object_array_get_idx(list, i);
		if (!json_object_is_type(path, json_type_string))
			continue;
		strbuf_add_text(text, is_first ? "" : ",");
		strbuf_add_json(text, json_object_get_string(path));
		is_first = false;
	}
	strbuf_add_char(text, ']');
}

static void add_host(struct strbuf *text, const char *host, bool is_alive)
{
	if (text->data[text->len - 1] != '[')
		strbuf_add_char(text, ',');
	strbuf_add_text(text, "{\"host\":");
	strbuf_add_json(text, host);
	strbuf_add_text(text, is_alive ? ",\"alive\":true" : ",\"alive\":false");
}

static const char *get_host(const struct etcd_row *row)
{
	const char *slash = strrchr(row->key, '/');

	return slash ? slash + 1 : row->key;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Who is known by what it sees, and has not been heard of. */
static void add_silent_hosts(
	struct strbuf *text, const struct etcd_rows *hosts, const struct etcd_rows *seen)
{
	_cleanup_free_ const char **alive = xcalloc(hosts->count + 1, sizeof(*alive));
	_cleanup_free_ const char **seers = xcalloc(seen->count + 1, sizeof(*seers));

	for (size_t i = 0; i < hosts->count; i++)
		alive[i] = get_host(&hosts->list[i]);
	for (size_t i = 0; i < seen->count; i++)
		seers[i] = get_host(&seen->list[i]);
	qsort(alive, hosts->count, sizeof(*alive), compare_texts);
	qsort(seers, seen->count, sizeof(*seers), compare_texts);
	for (size_t i = 0; i < seen->count; i++) {
		if ((i > 0 && strcmp(seers[i], seers[i - 1]) == 0) ||
			bsearch(&seers[i], alive, hosts->count, sizeof(*alive), compare_texts))
			continue;
		add_host(text, seers[i], false);
		strbuf_add_char(text, '}');
	}
}

static void add_hosts(
	struct strbuf *text, const struct etcd_rows *hosts, const struct etcd_rows *seen)
{
	for (size_t i = 0; i < hosts->count; i++) {
		struct json_object *object = json_tokener_parse(hosts->list[i].value);

		add_host(text, get_host(&hosts->list[i]), true);
		add_text(text, object, "boot");
		strbuf_add_char(text, '}');
		json_object_put(object);
	}
	add_silent_hosts(text, hosts, seen);
}

static void add_sight(struct strbuf *text, const struct etcd_row *row)
{
	struct json_object *object = json_tokener_parse(row->value);

	add_seen(text, row);
	add_text(text, object, "device");
	add_text(text, object, "state");
	add_mounts(text, object);
	strbuf_add_char(text, '}');
	json_object_put(object);
}

/* Hosts in the first line, and as many lines as it takes for the rest. */
static int format_presence(const struct tale *tale, struct strbuf *text)
{
	const struct etcd_rows *seen = tale->seen;
	size_t i = 0;

	do {
		size_t start = text->len, first = i, bytes = 0;

		strbuf_add_format(text, "{\"answer\":%lld", (long long)tale->id);
		add_number(text, "revision", tale->revision);
		strbuf_add_text(text, ",\"hosts\":[");
		if (first == 0)
			add_hosts(text, tale->hosts, seen);
		strbuf_add_text(text, "],\"seen\":[");
		for (; i < seen->count && i - first < LINE_ROWS && bytes < LINE_BYTES; i++) {
			bytes += row_size(&seen->list[i]);
			strbuf_add_text(text, i > first ? "," : "");
			add_sight(text, &seen->list[i]);
		}
		strbuf_add_text(text, i < seen->count ? "],\"more\":true}\n" : "]}\n");
		if (text->len - start > LINES_MAX)
			return -EMSGSIZE;
	} while (i < seen->count);
	return 0;
}

int lines_format(const struct tale *tale, uint64_t real, struct strbuf *text)
{
	switch (tale->type) {
	case TALE_HELLO:
		format_hello(tale, text);
		return 0;
	case TALE_STATE:
		format_state(tale, real, text);
		return 0;
	case TALE_BEGIN:
		strbuf_add_format(text, "{\"begin\":\"all\",\"revision\":%lld,\"head\":%lld}\n",
			(long long)tale->revision, (long long)tale->head);
		return 0;
	case TALE_ROWS:
		return format_rows(tale, text);
	case TALE_END:
		strbuf_add_text(text, "{\"end\":\"all\"}\n");
		return 0;
	case TALE_ANSWER:
		format_answer(tale, text);
		return 0;
	case TALE_SYNCED:
		strbuf_add_format(text, "{\"answer\":%lld,\"synced\":%lld}\n", (long long)tale->id,
			(long long)tale->revision);
		return 0;
	case TALE_SETTLED:
		strbuf_add_text(text, "{\"settled\":");
		strbuf_add_json(text, tale->change);
		strbuf_add_format(text, ",\"result\":\"%s\"", outcomes[tale->outcome]);
		add_number(text, "revision", tale->revision);
		strbuf_add_text(text, "}\n");
		return 0;
	case TALE_PRESENCE:
		return format_presence(tale, text);
	}
	return -EMSGSIZE;
}
