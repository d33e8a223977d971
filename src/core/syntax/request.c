/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The language of the control files: one line is one request of key=value words. (How it falls into
 * words: request_words.c)
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "core/syntax/number.h"
#include "core/syntax/cluster_line.h"
#include "core/syntax/request.h"
#include "core/syntax/request_words.h"
#include "core/syntax/unique_id.h"

void request_fini(struct request *request)
{
	free(request->id);
	free(request->device.text);
	free(request->source);
	free(request->source_link);
	free(request->options);
	request_known_fini(&request->known);
	free(request->host);
	*request = (struct request){ 0 };
}

/* The source as it is read: below a link, in the form of Windows. */
static char *format_source(const struct request *request)
{
	char *text;

	if (!request->source_link)
		return request->source ? xstrdup(request->source) : NULL;
	text = xasprintf("\\??\\%s%s", link_name_get_base(request->source_link), request->source);
	for (char *c = text; *c; c++)
		*c = *c == '/' ? '\\' : *c;
	return text;
}

void request_format(const struct request *request, struct strbuf *ret_line)
{
	_cleanup_free_ char *source = format_source(request);
	const struct request_known *known = &request->known;
	char epic[16], days[16], seen[24], size[24], start[24];
	const char *values[] = {
		[KEY_LINK] = request->link.path,
		[KEY_ID] = request->id,
		[KEY_DEVICE] = request->device.text,
		[KEY_ALL] = "1",
		[KEY_EPIC] = epic,
		[KEY_KEEP] = request->is_kept ? "1" : "0",
		[KEY_STATE] = request->is_on ? "on" : "off",
		[KEY_SOURCE] = source,
		[KEY_TARGET] = request->device.text,
		[KEY_OPTIONS] = request->options,
		[KEY_SUGGESTED] = request->suggested.path,
		[KEY_UNNAMED] = days,
		[KEY_ABSENT] = "ok",
		[KEY_FOUND] = "1",
		[KEY_SEEN] = seen,
		[KEY_NODE] = known->node,
		[KEY_SIZE] = size,
		[KEY_START] = start,
		[KEY_PARTUUID] = known->identity[ID_PARTUUID],
		[KEY_DM_UUID] = known->identity[ID_DM_UUID],
		[KEY_MD_UUID] = known->identity[ID_MD_UUID],
		[KEY_WWN] = known->identity[ID_WWN],
		[KEY_SERIAL] = known->identity[ID_SERIAL],
		[KEY_ATTACHMENT] = known->attachment,
		[KEY_HOST] = request->host,
		[KEY_TRY] = "1",
	};

	_Static_assert(ARRAY_SIZE(values) == KEYS, "one row per key");
	snprintf(epic, sizeof(epic), "%u", request->epic);
	snprintf(days, sizeof(days), "%u", request->days);
	snprintf(seen, sizeof(seen), "%llu", (unsigned long long)known->seen);
	snprintf(size, sizeof(size), "%llu", (unsigned long long)known->size);
	snprintf(start, sizeof(start), "%llu", (unsigned long long)known->start);
	for (unsigned int key = 0; key < KEYS; key++)
		if (request->given & KEY_BIT(key))
			strbuf_add_pair(ret_line, request_key_names[key], values[key]);
}

static int parse_sought(
	const char *text, size_t len, struct link_name *ret_link, struct strbuf *why)
{
	const char *fault;
	int r = link_name_parse_sought(text, len, ret_link, &fault);

	if (r < 0)
		strbuf_add_text(why, fault);
	return r;
}

static int parse_new(const char *text, size_t len, struct link_name *ret_link, struct strbuf *why)
{
	const char *fault;
	int r = link_name_parse(text, len, ret_link, &fault);

	if (r < 0)
		strbuf_add_text(why, fault);
	return r;
}

/* Of the link that the request is about. */
static int parse_link(struct request *request, const struct request_word *word, struct strbuf *why)
{
	if (request->operation->kind != OP_CREATE_POINT)
		return parse_sought(word->value, word->len, &request->link, why);
	return parse_new(word->value, word->len, &request->link, why);
}

static int parse_id(const char *text, char **ret_id, struct strbuf *why)
{
	if (!unique_id_is_valid(text)) {
		strbuf_add_format(why, "'%s' is not a unique ID such as UUID=1234", text);
		return -EINVAL;
	}
	*ret_id = xstrdup(text);
	return 0;
}

static int parse_number(
	const char *text, uint32_t max, uint32_t *ret_number, const char *fault, struct strbuf *why)
{
	uint64_t value;

	if (number_parse(text, max, &value) < 0) {
		strbuf_add_text(why, fault);
		return -EINVAL;
	}
	*ret_number = (uint32_t)value;
	return 0;
}

/* Undoes the escapes that names in ids/ and devices/ have; NULL: the tree has no such name. */
static char *unescape(const char *text, size_t len)
{
	_cleanup_strbuf_ struct strbuf plain = STRBUF_INIT;

	for (size_t i = 0; i < len; i++) {
		int high, low;

		if (text[i] != '\\') {
			strbuf_add_char(&plain, text[i]);
			continue;
		}
		high = len - i > 3 && text[i + 1] == 'x' ? hex_get_value(text[i + 2]) : -1;
		low = high >= 0 ? hex_get_value(text[i + 3]) : -1;
		if (low < 0 || (high == 0 && low == 0))
			return NULL;
		strbuf_add_char(&plain, (char)(high << 4 | low));
		i += 3;
	}
	return strbuf_take(&plain);
}

/* Cuts the next part off a path; of one that is at its end, an empty one. */
static size_t take_part(const char **path, const char **ret_part)
{
	size_t len;

	*path += strspn(*path, "/");
	*ret_part = *path;
	len = strcspn(*path, "/");
	*path += len;
	*path += strspn(*path, "/");
	return len;
}

static bool is_part(const char *part, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(part, name, len) == 0;
}

static bool parse_shown_link(const char *name, size_t len, bool is_volume, struct volume_ref *ref)
{
	struct link_name link;
	const char *fault;

	if (link_name_parse_sought(name, len, &link, &fault) < 0 ||
		(link.kind == LINK_VOLUME) != is_volume)
		return false;
	ref->kind = VOLUME_BY_LINK;
	ref->text = xstrdup(link.path);
	return true;
}

bool volume_ref_parse_shown(const char *path, struct volume_ref *ret_ref)
{
	struct volume_ref ref = { .kind = VOLUME_BY_DEVICE, .is_shown = true };
	const char *folder, *name, *file;
	size_t folder_len = take_part(&path, &folder), len = take_part(&path, &name);
	size_t file_len = take_part(&path, &file);
	bool is_volume = is_part(folder, folder_len, "Volumes");
	bool is_id = is_part(folder, folder_len, "ids");

	if (!len || *path)
		return false;
	if (is_volume || is_part(folder, folder_len, "DosDevices")) {
		if (file_len || !parse_shown_link(name, len, is_volume, &ref))
			return false;
		*ret_ref = ref;
		return true;
	}
	if ((!is_id && !is_part(folder, folder_len, "devices")) ||
		(file_len && !is_part(file, file_len, "device")))
		return false;
	ref.kind = is_id ? VOLUME_BY_ID : VOLUME_BY_DEVICE;
	ref.text = unescape(name, len);
	if (!ref.text || (is_id && !unique_id_is_valid(ref.text))) {
		free(ref.text);
		return false;
	}
	*ret_ref = ref;
	return true;
}

int volume_ref_parse(const char *text, struct volume_ref *ret_ref, struct strbuf *why)
{
	struct volume_ref ref = { .kind = VOLUME_BY_DEVICE };
	struct link_name link;
	int r;

	/* From the folder that a link is in. */
	if (strncmp(text, "../", 3) == 0 && volume_ref_parse_shown(text + 3, ret_ref))
		return 0;
	if (!*text) {
		strbuf_add_text(why, "the volume's name is empty");
		return -EINVAL;
	}
	if (link_name_is_form(text)) {
		r = parse_sought(text, strlen(text), &link, why);
		if (r < 0)
			return r;
		ref.kind = VOLUME_BY_LINK;
		text = link.path;
	} else if (unique_id_is_valid(text)) {
		ref.kind = VOLUME_BY_ID;
	}
	ref.text = xstrdup(text);
	*ret_ref = ref;
	return 0;
}

/* Whether the look of a word is that of a directory rather than of a volume. */
static bool is_directory(const char *value)
{
	struct link_name link;
	const char *fault;
	size_t len;

	if (value[0] == '/')
		return strncmp(value, "/dev/", 5) != 0 && !link_name_is_form(value);
	len = link_name_parse_start(value, &link, &fault);
	return len && value[len + strspn(value + len, "\\/")];
}

/* Gives a word without a key the key that its look tells. */
static enum request_key guess_key(const struct request *request, const char *value)
{
	unsigned int keys = request->operation->keys & ~request->given;

	if (keys == KEY_BIT(KEY_STATE) ||
		(keys & KEY_BIT(KEY_STATE) &&
			(strcmp(value, "on") == 0 || strcmp(value, "off") == 0)))
		return KEY_STATE;
	if (keys & KEY_BIT(KEY_SOURCE) && is_directory(value))
		return KEY_SOURCE;
	if (request->operation->keys & KEY_BIT(KEY_TARGET))
		return KEY_TARGET;
	if (link_name_is_form(value))
		return keys & KEY_BIT(KEY_LINK) ? KEY_LINK : KEY_DEVICE;
	/* An arrival is told of a device, by any of its names. */
	if (unique_id_is_valid(value) && request->operation->keys & KEY_BIT(KEY_ID) &&
		!(request->operation->kind == OP_VOLUME_ARRIVAL_NOTIFICATION &&
			keys & KEY_BIT(KEY_DEVICE)))
		return KEY_ID;
	return KEY_DEVICE;
}

static int find_key(
	const struct request *request, const struct request_word *word, enum request_key *ret_key)
{
	if (!word->key[0]) {
		*ret_key = guess_key(request, word->value);
		return 0;
	}
	for (unsigned int key = 0; key < KEYS; key++) {
		if (strcmp(request_key_names[key], word->key) == 0) {
			*ret_key = (enum request_key)key;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_switch(
	const char *text, const char *off, const char *on, bool *ret_is_on, struct strbuf *why)
{
	*ret_is_on = strcmp(text, on) == 0;
	if (*ret_is_on || strcmp(text, off) == 0)
		return 0;
	strbuf_add_format(why, "'%s' is neither %s nor %s", text, on, off);
	return -EINVAL;
}

/* Without looking: two slashes are one, the last means nothing. */
static int parse_directory(const char *text, char **ret_source, struct strbuf *why)
{
	_cleanup_strbuf_ struct strbuf source = STRBUF_INIT;

	while (*(text += strspn(text, "/"))) {
		size_t len = strcspn(text, "/");

		if (text[0] == '.' && (len == 1 || (len == 2 && text[1] == '.'))) {
			strbuf_add_text(why, "source= cannot contain '.' or '..'");
			return -EINVAL;
		}
		strbuf_add_char(&source, '/');
		strbuf_add(&source, text, len);
		text += len;
	}
	if (!source.len)
		strbuf_add_char(&source, '/');
	*ret_source = strbuf_take(&source);
	return 0;
}

/* What stands behind the link of a path of Windows, where backslashes are separators. */
static int parse_below_link(
	struct request *request, const struct link_name *link, const char *text, struct strbuf *why)
{
	_cleanup_free_ char *path = xstrdup(text), *source = NULL;
	int r;

	for (char *c = path; *c; c++)
		*c = *c == '\\' ? '/' : *c;
	r = parse_directory(path, &source, why);
	if (r == 0 && strcmp(source, "/") == 0) {
		strbuf_add_text(why, "source= takes a directory of a volume, not the whole volume");
		r = -EINVAL;
	}
	if (r < 0)
		return r;
	request->source = steal_ptr(source);
	request->source_link = xstrdup(link->path);
	return 0;
}

int request_parse_source(const char *text, struct request *request, struct strbuf *why)
{
	static const char *const prefixes[] = { "\\??\\", "\\DosDevices\\" };
	struct link_name link;
	const char *fault;
	size_t len;

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		len = strlen(prefixes[i]);
		if (strncasecmp(text, prefixes[i], len) == 0 && text[len] == '/')
			text += len; /* a path of this machine, where one of Windows is expected */
	}
	if (text[0] == '/')
		return parse_directory(text, &request->source, why);
	len = link_name_parse_start(text, &link, &fault);
	if (len)
		return parse_below_link(request, &link, text + len, why);
	strbuf_add_text(why,
		"source= takes the absolute path of a directory, or "
		"\\??\\LINK\\DIRECTORY");
	return -EINVAL;
}

static int parse_options(const char *text, char **ret_options, struct strbuf *why)
{
	size_t len = strlen(text);

	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~')
			len = 0;
	if (len == 0 || len > REQUEST_OPTIONS_MAX) {
		strbuf_add_format(
			why, "options= takes 1 to %d printable characters", REQUEST_OPTIONS_MAX);
		return -EINVAL;
	}
	*ret_options = xstrdup(text);
	return 0;
}

static int parse_host(const char *text, char **ret_host, struct strbuf *why)
{
	if (!cluster_line_is_host(text)) {
		strbuf_add_text(why, "host= takes the name of a machine");
		return -EINVAL;
	}
	*ret_host = xstrdup(text);
	return 0;
}

/* What has one value only. */
static int parse_only(enum request_key key, const char *text, struct strbuf *why)
{
	const char *value = key == KEY_ABSENT ? "ok" : "1";

	if (strcmp(text, value) == 0)
		return 0;
	strbuf_add_format(why, "%s= takes %s", request_key_names[key], value);
	return -EINVAL;
}

static int parse_value(struct request *request, enum request_key key,
	const struct request_word *word, struct strbuf *why)
{
	int r;

	switch (key) {
	case KEY_LINK:
		return parse_link(request, word, why);
	case KEY_ID:
		return parse_id(word->value, &request->id, why);
	case KEY_DEVICE:
	case KEY_TARGET:
		r = volume_ref_parse(word->value, &request->device, why);
		request->device.is_word = !word->key[0] && word->value[0] != '/' &&
			request->device.kind == VOLUME_BY_DEVICE && !request->device.is_shown;
		request->device.has_no_key = request->device.is_word;
		return r;
	case KEY_ALL:
	case KEY_ABSENT:
	case KEY_FOUND:
	case KEY_TRY:
		return parse_only(key, word->value, why);
	case KEY_EPIC:
		return parse_number(word->value, UINT32_MAX, &request->epic,
			"epic= takes a number such as epic_number shows", why);
	case KEY_KEEP:
		return parse_switch(word->value, "0", "1", &request->is_kept, why);
	case KEY_STATE:
		return parse_switch(word->value, "off", "on", &request->is_on, why);
	case KEY_SOURCE:
		return request_parse_source(word->value, request, why);
	case KEY_OPTIONS:
		return parse_options(word->value, &request->options, why);
	case KEY_SUGGESTED:
		return parse_new(word->value, word->len, &request->suggested, why);
	case KEY_UNNAMED:
		return parse_number(word->value, REQUEST_DAYS_MAX, &request->days,
			"unnamed= takes a number of days", why);
	case KEY_SEEN:
	case KEY_NODE:
	case KEY_SIZE:
	case KEY_START:
	case KEY_PARTUUID:
	case KEY_DM_UUID:
	case KEY_MD_UUID:
	case KEY_WWN:
	case KEY_SERIAL:
	case KEY_ATTACHMENT:
		return request_known_parse(&request->known, key, word->value, why);
	case KEY_HOST:
		return parse_host(word->value, &request->host, why);
	case KEYS:
		break;
	}
	return -EINVAL;
}

static int request_add_word(
	struct request *request, const struct request_word *word, struct strbuf *why)
{
	enum request_key key;
	int r;

	if (find_key(request, word, &key) < 0) {
		strbuf_add_format(why, "unknown key '%s='", word->key);
		return -EINVAL;
	}
	if (!(request->operation->keys & KEY_BIT(key))) {
		strbuf_add_format(why, "%s does not take %s=", request->operation->name,
			request_key_names[key]);
		return -EINVAL;
	}
	if (request->given & KEY_BIT(key)) {
		strbuf_add_format(why, "%s= is given twice", request_key_names[key]);
		if (!word->key[0] &&
			request->operation->needs & ~request->given & KEY_BIT(KEY_LINK))
			strbuf_add_text(why, ": a name that is no drive letter needs link=");
		return -EINVAL;
	}
	r = parse_value(request, key, word, why);
	if (r == 0)
		request->given |= KEY_BIT(key);
	return r;
}

/* "link=, id= or device=" */
static void add_keys(struct strbuf *text, unsigned int keys)
{
	for (unsigned int key = 0; key < KEYS; key++) {
		if (!(keys & KEY_BIT(key)))
			continue;
		keys &= ~KEY_BIT(key);
		strbuf_add_format(text, "%s=%s", request_key_names[key],
			!keys			    ? ""
				: keys & (keys - 1) ? ", "
						    : " or ");
	}
}

static int check_needs(const struct request *request, struct strbuf *why)
{
	static const enum request_key alone[] = { KEY_ALL, KEY_UNNAMED };
	const struct operation *operation = request->operation;
	unsigned int missing = operation->needs & ~request->given;

	if (!missing && !(operation->one_of & request->given))
		missing = operation->one_of;
	if (missing) {
		strbuf_add_format(why, "%s needs ", operation->name);
		add_keys(why, missing);
		return -EINVAL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(alone); i++) {
		if (request->given & KEY_BIT(alone[i]) && request->given != KEY_BIT(alone[i])) {
			strbuf_add_format(why, "%s= stands alone", request_key_names[alone[i]]);
			return -EINVAL;
		}
	}
	return 0;
}

int request_parse(const struct operation *operation, const char *line, size_t len,
	struct request *ret_request, struct strbuf *why)
{
	struct request_words words = { line, line + len, why };
	struct request request = { .operation = operation, .is_on = true, .is_kept = true };
	struct request_word word;
	int r;

	if (operation->flags & OPERATION_ANY_LINE && len <= REQUEST_MAX) {
		*ret_request = request;
		return 0;
	}
	r = request_words_check(line, len, why);
	if (r == 0 && (!(operation->flags & OPERATION_TAKES) || operation->kind == OP_DATABASE)) {
		strbuf_add_format(why, "%s takes no requests", operation->name);
		r = -EINVAL;
	}
	while (r == 0) {
		r = request_words_take(&words, &word);
		if (r <= 0)
			break;
		r = request_add_word(&request, &word, why);
	}
	if (r == 0)
		r = check_needs(&request, why);
	if (r < 0) {
		request_fini(&request);
		return r;
	}
	*ret_request = request;
	return 0;
}
