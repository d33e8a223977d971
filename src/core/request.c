/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The language of the control files: one line is one request of key=value words.
 *
 * The table below is the only list of operations: it makes the control files, their usage lines and
 * the output of `mmfs --operations`, against which a test holds the manual page.
 */

#include <errno.h>
#include <string.h>

#include "core/request.h"
#include "core/unique_id.h"

#define TRIPLE (KEY_BIT(KEY_LINK) | KEY_BIT(KEY_ID) | KEY_BIT(KEY_DEVICE))

const struct operation operations[] = {
	{ OP_CREATE_POINT, "create_point", OPERATION_CHANGES | OPERATION_TAKES, TRIPLE,
		KEY_BIT(KEY_LINK), "link=LINK device=VOLUME", "Gives a volume one more link." },
	{ OP_DELETE_POINTS, "delete_points", OPERATION_CHANGES | OPERATION_TAKES,
		TRIPLE | KEY_BIT(KEY_ALL), 0, "[link=LINK] [id=ID] [device=VOLUME] | all=1",
		"Deletes the links that match all that is given, and replies with them." },
	{ OP_QUERY_POINTS, "query_points", OPERATION_TAKES | OPERATION_SHOWS, TRIPLE, 0,
		"[link=LINK] [id=ID] [device=VOLUME]",
		"Replies with the triples that match all that is given." },
	{ OP_CHANGE_NOTIFY, "change_notify", OPERATION_TAKES | OPERATION_SHOWS, KEY_BIT(KEY_EPIC),
		KEY_BIT(KEY_EPIC), "epic=NUMBER",
		"Reading waits until the epic number is another than the reader knows." },
	{ OP_EPIC_NUMBER, "epic_number", OPERATION_SHOWS, 0, 0, "(read only)",
		"The number of changes of the database since mmfs was started, from 1." },
	{ OP_UNPROCESSED, "unprocessed", OPERATION_SHOWS, 0, 0, "(read only)",
		"The devices that have no unique ID, and why." },
	{ OP_SETTLE, "settle", OPERATION_TAKES | OPERATION_ANY_LINE, 0, 0, "1",
		"Returns once udevd and mmfs have dealt with all events of devices so far." },
	{ OP_ERROR_LOG, "error_log", OPERATION_SHOWS, 0, 0, "(read only)",
		"The last 64 requests that failed, and why." },
	{ OP_VERSION, "version", OPERATION_SHOWS, 0, 0, "(read only)", "The version of mmfs." },
};

const size_t operation_count = ARRAY_SIZE(operations);

static const struct operation operation_rename = { .kind = OP_RENAME, .flags = OPERATION_CHANGES };

static const char *const key_names[KEYS] = {
	[KEY_LINK] = "link",
	[KEY_ID] = "id",
	[KEY_DEVICE] = "device",
	[KEY_ALL] = "all",
	[KEY_EPIC] = "epic",
};

const struct operation *operation_find(enum operation_kind kind)
{
	for (size_t i = 0; i < operation_count; i++)
		if (operations[i].kind == kind)
			return &operations[i];
	return &operation_rename;
}

const struct operation *operation_find_name(const char *name)
{
	for (size_t i = 0; i < operation_count; i++)
		if (strcmp(operations[i].name, name) == 0)
			return &operations[i];
	return NULL;
}

void operation_format_usage(const struct operation *operation, struct strbuf *ret_text)
{
	strbuf_add_format(ret_text, "usage: echo '%s' > control/%s    %s\n", operation->usage,
		operation->name, operation->help);
}

void request_fini(struct request *request)
{
	free(request->id);
	free(request->device.text);
	*request = (struct request){ 0 };
}

/* One word of a request: an optional key, and a value with quotes and escapes undone. */
struct word {
	char key[16];
	char value[REQUEST_MAX + 1];
	size_t len;
};

struct scanner {
	const char *at;
	const char *end;
	struct strbuf *why;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Reads what follows a backslash inside quotes. */
static int scan_escape(struct scanner *scanner, char *ret_c)
{
	size_t left = (size_t)(scanner->end - scanner->at);
	int high, low;

	if (left >= 1 && (scanner->at[0] == '\\' || scanner->at[0] == '"')) {
		*ret_c = *scanner->at++;
		return 0;
	}
	if (left >= 1 && scanner->at[0] == 'n') {
		scanner->at++;
		*ret_c = '\n';
		return 0;
	}
	high = left >= 3 && scanner->at[0] == 'x' ? hex_value(scanner->at[1]) : -1;
	low = high >= 0 ? hex_value(scanner->at[2]) : -1;
	if (low < 0 || (high == 0 && low == 0)) {
		strbuf_add_text(scanner->why, "the escapes inside quotes are \\\\ \\\" \\n \\xHH");
		return -EINVAL;
	}
	scanner->at += 3;
	*ret_c = (char)(high << 4 | low);
	return 0;
}

static int scan_quoted(struct scanner *scanner, struct word *word)
{
	scanner->at++;
	while (scanner->at < scanner->end) {
		char c = *scanner->at++;

		if (c == '"') {
			if (scanner->at == scanner->end || is_blank(*scanner->at))
				return 0;
			strbuf_add_text(scanner->why, "something follows a closing quote");
			return -EINVAL;
		}
		if (c == '\\') {
			int r = scan_escape(scanner, &c);

			if (r < 0)
				return r;
		}
		word->value[word->len++] = c;
	}
	strbuf_add_text(scanner->why, "a quote is not closed");
	return -EINVAL;
}

static int scan_plain(struct scanner *scanner, struct word *word)
{
	while (scanner->at < scanner->end && !is_blank(*scanner->at)) {
		if (*scanner->at == '"') {
			strbuf_add_text(scanner->why, "a quote stands inside a word");
			return -EINVAL;
		}
		word->value[word->len++] = *scanner->at++;
	}
	return 0;
}

/* Whether the word before `=` is a key, and not the tag of a unique ID. */
static size_t scan_key(const struct scanner *scanner)
{
	const char *c = scanner->at;

	while (c < scanner->end && c - scanner->at < 15 && *c >= 'a' && *c <= 'z')
		c++;
	return c > scanner->at && c < scanner->end && *c == '=' ? (size_t)(c - scanner->at) : 0;
}

/* Reads the next word. 0 at the end of the line, 1 for a word, or an error. */
static int scan_word(struct scanner *scanner, struct word *ret_word)
{
	size_t key;
	int r;

	while (scanner->at < scanner->end && is_blank(*scanner->at))
		scanner->at++;
	if (scanner->at == scanner->end)
		return 0;
	key = scan_key(scanner);
	memcpy(ret_word->key, scanner->at, key);
	ret_word->key[key] = '\0';
	ret_word->len = 0;
	scanner->at += key ? key + 1 : 0;
	if (scanner->at < scanner->end && *scanner->at == '"')
		r = scan_quoted(scanner, ret_word);
	else
		r = scan_plain(scanner, ret_word);
	ret_word->value[ret_word->len] = '\0';
	return r < 0 ? r : 1;
}

static int check_line(const char *line, size_t len, struct strbuf *why)
{
	if (len > REQUEST_MAX) {
		strbuf_add_text(why, "a request has at most 4095 bytes");
		return -EMSGSIZE;
	}
	for (size_t i = 0; i < len;) {
		size_t n = utf8_sequence_len(line + i, len - i);

		if (n == 0) {
			strbuf_add_text(why, "a request must be UTF-8");
			return -EINVAL;
		}
		if ((unsigned char)line[i] < 0x20 && line[i] != '\t') {
			strbuf_add_text(why, "a request cannot contain control characters");
			return -EINVAL;
		}
		i += n;
	}
	return 0;
}

static int parse_link(const char *text, size_t len, struct link_name *ret_link, struct strbuf *why)
{
	const char *fault;
	int r = link_name_parse(text, len, ret_link, &fault);

	if (r < 0)
		strbuf_add_text(why, fault);
	return r;
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

static int parse_epic(const char *text, uint32_t *ret_epic, struct strbuf *why)
{
	const char *c = text;
	uint64_t value = 0;

	for (; *c >= '0' && *c <= '9' && value <= UINT32_MAX; c++)
		value = value * 10 + (uint64_t)(*c - '0');
	if (c == text || *c || value > UINT32_MAX) {
		strbuf_add_text(why, "epic= takes a number such as epic_number shows");
		return -EINVAL;
	}
	*ret_epic = (uint32_t)value;
	return 0;
}

int volume_ref_parse(const char *text, struct volume_ref *ret_ref, struct strbuf *why)
{
	struct volume_ref ref = { .kind = VOLUME_BY_DEVICE };
	struct link_name link;
	int r;

	if (!*text) {
		strbuf_add_text(why, "the volume's name is empty");
		return -EINVAL;
	}
	if (link_name_is_form(text)) {
		r = parse_link(text, strlen(text), &link, why);
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

/* Gives a word without a key the key that its look tells. */
static enum request_key guess_key(const struct request *request, const char *value)
{
	if (link_name_is_form(value))
		return request->given & KEY_BIT(KEY_LINK) ? KEY_DEVICE : KEY_LINK;
	return unique_id_is_valid(value) ? KEY_ID : KEY_DEVICE;
}

static int find_key(
	const struct request *request, const struct word *word, enum request_key *ret_key)
{
	if (!word->key[0]) {
		*ret_key = guess_key(request, word->value);
		return 0;
	}
	for (unsigned int key = 0; key < KEYS; key++) {
		if (strcmp(key_names[key], word->key) == 0) {
			*ret_key = (enum request_key)key;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_value(
	struct request *request, enum request_key key, const struct word *word, struct strbuf *why)
{
	int r;

	switch (key) {
	case KEY_LINK:
		return parse_link(word->value, word->len, &request->link, why);
	case KEY_ID:
		return parse_id(word->value, &request->id, why);
	case KEY_DEVICE:
		r = volume_ref_parse(word->value, &request->device, why);
		request->device.is_word = !word->key[0] && word->value[0] != '/' &&
			request->device.kind == VOLUME_BY_DEVICE;
		return r;
	case KEY_ALL:
		if (strcmp(word->value, "1") == 0)
			return 0;
		strbuf_add_text(why, "all= takes 1");
		return -EINVAL;
	case KEY_EPIC:
		return parse_epic(word->value, &request->epic, why);
	case KEYS:
		break;
	}
	return -EINVAL;
}

static int request_add_word(struct request *request, const struct word *word, struct strbuf *why)
{
	enum request_key key;
	int r;

	if (find_key(request, word, &key) < 0) {
		strbuf_add_format(why, "unknown key '%s='", word->key);
		return -EINVAL;
	}
	if (!(request->operation->keys & KEY_BIT(key))) {
		strbuf_add_format(
			why, "%s does not take %s=", request->operation->name, key_names[key]);
		return -EINVAL;
	}
	if (request->given & KEY_BIT(key)) {
		strbuf_add_format(why, "%s= is given twice", key_names[key]);
		return -EINVAL;
	}
	r = parse_value(request, key, word, why);
	if (r == 0)
		request->given |= KEY_BIT(key);
	return r;
}

static int check_needs(const struct request *request, struct strbuf *why)
{
	const struct operation *operation = request->operation;
	unsigned int volume = KEY_BIT(KEY_ID) | KEY_BIT(KEY_DEVICE);

	for (unsigned int key = 0; key < KEYS; key++) {
		if (operation->needs & ~request->given & KEY_BIT(key)) {
			strbuf_add_format(why, "%s needs %s=", operation->name, key_names[key]);
			return -EINVAL;
		}
	}
	if (operation->kind == OP_CREATE_POINT && !(request->given & volume)) {
		strbuf_add_text(why, "create_point needs a volume: device= or id=");
		return -EINVAL;
	}
	if (operation->kind == OP_DELETE_POINTS && !request->given) {
		strbuf_add_text(why, "delete_points needs link=, id=, device= or all=1");
		return -EINVAL;
	}
	if (request->given & KEY_BIT(KEY_ALL) && request->given != KEY_BIT(KEY_ALL)) {
		strbuf_add_text(why, "all=1 stands alone");
		return -EINVAL;
	}
	return 0;
}

int request_parse(const struct operation *operation, const char *line, size_t len,
	struct request *ret_request, struct strbuf *why)
{
	struct scanner scanner = { line, line + len, why };
	struct request request = { .operation = operation };
	struct word word;
	int r = check_line(line, len, why);

	if (r == 0 && !(operation->flags & OPERATION_TAKES)) {
		strbuf_add_format(why, "%s takes no requests", operation->name);
		r = -EINVAL;
	}
	if (r == 0 && operation->flags & OPERATION_ANY_LINE) {
		*ret_request = request;
		return 0;
	}
	while (r == 0) {
		r = scan_word(&scanner, &word);
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
