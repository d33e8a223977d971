/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of the file that a hosting volume carries. Entries are kept by rising path, so there is
 * one per path. The parser takes the one spelling that replica_format() writes, and a little more
 * within quotes; whatever else it meets is damage.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "core/syntax/link_name.h"
#include "core/syntax/replica.h"

#define HEADER "mmfs-remote-database "
#define VERSION "1\n"
#define CHECKSUM "crc32c="
#define COMPONENT_MAX 255 /* bytes of a file name */

const char *replica_check_path(const char *path)
{
	if (strlen(path) > REPLICA_PATH_MAX)
		return "it is too long";
	if (strncmp(path, ".mmfs", 5) == 0 && (path[5] == '/' || !path[5]))
		return "it is mmfs's own";
	while (true) {
		size_t len = strcspn(path, "/");

		if (len == 0)
			return "a part of it is empty";
		if (len > COMPONENT_MAX)
			return "a part of it is too long";
		if (path[0] == '.' && (len == 1 || (len == 2 && path[1] == '.')))
			return "it contains '.' or '..'";
		if (!path[len])
			return NULL;
		path += len + 1;
	}
}

static void entry_fini(struct replica_entry *entry)
{
	free(entry->path);
	free(entry->volume);
	free(entry->id);
}

void replica_fini(struct replica *replica)
{
	for (size_t i = 0; i < replica->count; i++)
		entry_fini(&replica->list[i]);
	free(replica->list);
	*replica = (struct replica){ 0 };
}

/* Where an entry of that path is, or would be. */
static size_t find_index(const struct replica *replica, const char *path)
{
	size_t low = 0, high = replica->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(replica->list[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct replica_entry *replica_find(const struct replica *replica, const char *path)
{
	size_t i = find_index(replica, path);

	return i < replica->count && strcmp(replica->list[i].path, path) == 0 ? &replica->list[i]
									      : NULL;
}

void replica_set(struct replica *replica, const char *path, const char *volume, const char *id)
{
	struct replica_entry entry = {
		.path = xstrdup(path),
		.volume = volume ? xstrdup(volume) : NULL,
		.id = id ? xstrdup(id) : NULL,
	};
	size_t i;

	replica_remove(replica, entry.path);
	i = find_index(replica, entry.path);
	replica->list = xgrow(replica->list, replica->count, sizeof(*replica->list));
	memmove(&replica->list[i + 1], &replica->list[i],
		(replica->count - i) * sizeof(*replica->list));
	replica->list[i] = entry;
	replica->count++;
}

void replica_remove(struct replica *replica, const char *path)
{
	struct replica_entry *entry = replica_find(replica, path);

	if (!entry)
		return;
	entry_fini(entry);
	replica->count--;
	memmove(entry, entry + 1,
		(size_t)(replica->list + replica->count - entry) * sizeof(*entry));
}

/* Bit by bit: files are small and seldom read. */
static uint32_t get_checksum(const char *text, size_t len)
{
	uint32_t value = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		value ^= (unsigned char)text[i];
		for (int bit = 0; bit < 8; bit++)
			value = value >> 1 ^ (value & 1 ? 0x82f63b78 : 0);
	}
	return ~value;
}

int replica_format(const struct replica *replica, struct strbuf *ret_text, struct strbuf *why)
{
	strbuf_reset(ret_text);
	strbuf_add_text(ret_text, HEADER VERSION);
	for (size_t i = 0; i < replica->count; i++) {
		const struct replica_entry *entry = &replica->list[i];

		strbuf_add_pair(ret_text, "path", entry->path);
		strbuf_add_pair(ret_text, "volume", link_name_get_base(entry->volume));
		strbuf_add_pair(ret_text, "id", entry->id);
		strbuf_add_char(ret_text, '\n');
	}
	strbuf_add_format(ret_text, CHECKSUM "%08x\n", get_checksum(ret_text->data, ret_text->len));
	if (replica->count <= REPLICA_ENTRIES_MAX && ret_text->len <= REPLICA_SIZE_MAX)
		return 0;
	strbuf_add_format(why, "a volume can host %d mount points, and %d bytes about them",
		REPLICA_ENTRIES_MAX, REPLICA_SIZE_MAX);
	return -ENOSPC;
}

struct reader {
	const char *at;
	const char *end;
};

static bool take_text(struct reader *reader, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(reader->end - reader->at) < len || memcmp(reader->at, text, len) != 0)
		return false;
	reader->at += len;
	return true;
}

static int take_hex(struct reader *reader)
{
	int value = reader->at < reader->end ? hex_get_value(*reader->at) : -1;

	reader->at += value >= 0;
	return value;
}

/* What follows a backslash; 0: nothing that can. */
static char take_escape(struct reader *reader)
{
	int high, low;

	if (take_text(reader, "\\"))
		return '\\';
	if (take_text(reader, "\""))
		return '"';
	if (take_text(reader, "n"))
		return '\n';
	if (!take_text(reader, "x"))
		return '\0';
	high = take_hex(reader);
	low = high < 0 ? -1 : take_hex(reader);
	return low < 0 ? '\0' : (char)(high << 4 | low);
}

/* Reads KEY="value" of at most `max` bytes. */
static bool take_pair(struct reader *reader, const char *key, size_t max, char *ret_value)
{
	size_t len = 0;

	if (!take_text(reader, key) || !take_text(reader, "=\""))
		return false;
	while (reader->at < reader->end && *reader->at != '"') {
		char c = *reader->at++;

		if (c < ' ' || c > '~') /* whatever the sign of a char */
			return false;
		if (c == '\\')
			c = take_escape(reader);
		if (!c || len == max)
			return false;
		ret_value[len++] = c;
	}
	ret_value[len] = '\0';
	return take_text(reader, "\"");
}

/* NULL, or what is wrong with the line. */
static const char *take_entry(struct reader *reader, struct replica *replica)
{
	char path[REPLICA_PATH_MAX + 1], volume[LINK_NAME_MAX + 1], id[UNIQUE_ID_MAX + 1];
	const char *last = replica->count ? replica->list[replica->count - 1].path : "";
	struct link_name name;
	const char *fault;

	if (!take_pair(reader, "path", REPLICA_PATH_MAX, path) || !take_text(reader, " ") ||
		!take_pair(reader, "volume", LINK_NAME_MAX, volume) || !take_text(reader, " ") ||
		!take_pair(reader, "id", UNIQUE_ID_MAX, id) || !take_text(reader, "\n"))
		return "it is not of the form path=\"…\" volume=\"…\" id=\"…\"";
	if (replica_check_path(path))
		return "its path is none";
	if (strcmp(path, last) <= 0)
		return "its path is not behind the one before";
	if (link_name_parse(volume, strlen(volume), &name, &fault) < 0 ||
		name.kind != LINK_VOLUME || strcmp(link_name_get_base(name.path), volume) != 0)
		return "its volume name is none";
	if (!unique_id_is_valid(id))
		return "its unique ID is none";
	if (replica->count == REPLICA_ENTRIES_MAX)
		return "there are too many before it";
	replica_set(replica, path, name.path, id);
	return NULL;
}

/* The last line; what comes before it is left in the reader. */
static bool check_checksum(struct reader *reader)
{
	char expected[sizeof(CHECKSUM) + 9];
	size_t len = strlen(CHECKSUM) + 9;

	if ((size_t)(reader->end - reader->at) < len)
		return false;
	reader->end -= len;
	snprintf(expected, sizeof(expected), CHECKSUM "%08x\n",
		get_checksum(reader->at, (size_t)(reader->end - reader->at)));
	return memcmp(expected, reader->end, len) == 0;
}

int replica_parse(const char *text, size_t len, struct replica *ret_replica, struct strbuf *why)
{
	struct reader reader = { text, text + len };
	struct replica replica = { 0 };
	const char *fault = NULL;
	size_t line = 1;

	if (len > REPLICA_SIZE_MAX) {
		strbuf_add_text(why, "it is too large");
		return -EBADMSG;
	}
	if (!check_checksum(&reader)) {
		strbuf_add_text(why, "its checksum does not match");
		return -EBADMSG;
	}
	if (!take_text(&reader, HEADER)) {
		strbuf_add_text(why, "it does not begin like one");
		return -EBADMSG;
	}
	if (!take_text(&reader, VERSION)) {
		strbuf_add_text(why, "its file about mount points is of a newer version of mmfs");
		return -ENOTSUP;
	}
	while (!fault && reader.at < reader.end) {
		line++;
		fault = take_entry(&reader, &replica);
	}
	if (fault) {
		strbuf_add_format(why, "line %zu: %s", line, fault);
		replica_fini(&replica);
		return -EBADMSG;
	}
	*ret_replica = replica;
	return 0;
}
