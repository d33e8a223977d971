/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Outputs: the first byte says of which kind, two more are the room for it, the rest is texts that
 * end in NUL. Whoever reads an output by its offsets finds the texts again, and nothing else.
 */

#include <errno.h>
#include <string.h>

#include "core/model/manager.h"
#include "core/syntax/link_name.h"
#include "core/syntax/wire.h"
#include "fuzz.h"

enum { TEXT_MAX = 40000 };

struct source {
	const uint8_t *data;
	size_t left;
};

/* The next text, in a buffer of its own; NULL at the end. */
static char *take(struct source *source)
{
	size_t n = strnlen((const char *)source->data, source->left);
	char *text;

	if (source->left == 0)
		return NULL;
	text = xstrndup((const char *)source->data, n < TEXT_MAX ? n : TEXT_MAX);
	n += n < source->left;
	source->data += n;
	source->left -= n;
	return text;
}

static bool add_triple(struct source *source, struct reply *reply)
{
	_cleanup_free_ char *name = take(source), *id = take(source), *node = take(source);
	_cleanup_free_ char *path = NULL;

	if (!node)
		return false;
	for (char *c = name; *c; c++)
		*c = *c == '/' ? '_' : *c;
	path = xasprintf("%s%s", *id & 1 ? LINK_FOLDER_VOLUMES : LINK_FOLDER_DOS_DEVICES, name);
	reply_add_triple(reply, &(struct triple){ path, id, node });
	return true;
}

static bool add_path(struct source *source, struct reply *reply)
{
	_cleanup_free_ char *path = take(source), *link = NULL;

	if (!path)
		return false;
	link = xasprintf("/Volumes/%s", path);
	if (*path == 'V' && !strchr(path, '/'))
		reply_add_volume_path(reply, link);
	else
		reply_add_path(reply, path);
	return true;
}

static uint32_t get(const struct strbuf *output, size_t at, size_t count)
{
	uint32_t value = 0;

	FUZZ_ASSERT(at + count <= output->len);
	for (size_t i = count; i-- > 0;)
		value = value << 8 | (uint8_t)output->data[at + i];
	return value;
}

/* Strings follow each other without a gap but for the byte that makes an address even. */
static void check_points(const struct reply *reply, const struct strbuf *output)
{
	size_t expected = 8 + 24 * (reply->triples ? reply->triples : 1), at = 0, element = 8;
	struct reply_item item;

	FUZZ_ASSERT(get(output, 0, 4) == output->len);
	FUZZ_ASSERT(get(output, 4, 4) == reply->triples);
	while (reply_next(reply, &at, &item)) {
		const char *id = item.id;

		for (size_t i = 0; i < 3; i++, element += 8) {
			size_t offset = get(output, element, 4), len = get(output, element + 4, 2);

			FUZZ_ASSERT(offset == (len ? expected : 0) && expected % 2 == 0);
			FUZZ_ASSERT(offset + len <= output->len);
			FUZZ_ASSERT(get(output, element + 6, 2) == 0);
			if (i == 1)
				FUZZ_ASSERT(len == strlen(id) &&
					memcmp(output->data + offset, id, len) == 0);
			else
				FUZZ_ASSERT(utf16_to_utf8((const uint8_t *)output->data + offset,
						    len, NULL) >= 0);
			expected += len + len % 2;
		}
	}
	FUZZ_ASSERT(expected == output->len);
}

static void check_paths(const struct strbuf *output)
{
	FUZZ_ASSERT(get(output, 0, 4) == output->len - 4);
	FUZZ_ASSERT(output->len % 2 == 0 && get(output, output->len - 2, 2) == 0);
	FUZZ_ASSERT(utf16_to_utf8((const uint8_t *)output->data + 4, output->len - 4, NULL) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool is_points = size > 0 && data[0] & 1;
	const struct wire_code *code = wire_find_code(
		is_points ? IOCTL_MOUNTMGR_QUERY_POINTS : IOCTL_MOUNTMGR_QUERY_DOS_VOLUME_PATHS);
	_cleanup_strbuf_ struct strbuf output = STRBUF_INIT, cut = STRBUF_INIT;
	struct source source = { data + 3, size - 3 };
	struct reply reply = { 0 };
	size_t room;
	int r;

	if (size < 3)
		return 0;
	room = data[1] | (size_t)data[2] << 8;
	while (is_points ? add_triple(&source, &reply) : add_path(&source, &reply))
		;
	r = wire_encode(code, &reply, SIZE_MAX, &output);
	FUZZ_ASSERT(r == 0 || r == -ENOMEM); /* a name of more than 64 KiB */
	if (r == 0 && is_points)
		check_points(&reply, &output);
	else if (r == 0)
		check_paths(&output);
	if (r == 0 && room < output.len) {
		FUZZ_ASSERT(wire_encode(code, &reply, room, &cut) == -EOVERFLOW);
		FUZZ_ASSERT(cut.len == (is_points ? 8u : 4u));
		FUZZ_ASSERT(memcmp(cut.data, output.data, cut.len) == 0);
	}
	reply_fini(&reply);
	return 0;
}
