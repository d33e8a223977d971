/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of a hosting volume: whatever is accepted is in bounds and can be written again. Inputs
 * come with a checksum that does not match and are tried with one that does, too.
 */

#include <errno.h>
#include <string.h>

#include "core/syntax/link_name.h"
#include "core/syntax/replica.h"
#include "fuzz.h"

static void check_entry(const struct replica_entry *entry)
{
	FUZZ_ASSERT(!replica_check_path(entry->path));
	FUZZ_ASSERT(link_name_is_volume(entry->volume));
	FUZZ_ASSERT(unique_id_is_valid(entry->id));
}

static void check(const char *text, size_t len)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT, again = STRBUF_INIT, twice = STRBUF_INIT;
	_cleanup_replica_ struct replica replica = { 0 }, reread = { 0 };
	int r = replica_parse(text, len, &replica, &why);

	FUZZ_ASSERT(r == 0 ? why.len == 0 : why.len > 0);
	FUZZ_ASSERT(r == 0 || r == -EBADMSG || r == -ENOTSUP);
	if (r < 0)
		return;
	FUZZ_ASSERT(replica.count <= REPLICA_ENTRIES_MAX);
	for (size_t i = 0; i < replica.count; i++) {
		check_entry(&replica.list[i]);
		FUZZ_ASSERT(!i || strcmp(replica.list[i - 1].path, replica.list[i].path) < 0);
		FUZZ_ASSERT(replica_find(&replica, replica.list[i].path) == &replica.list[i]);
	}
	if (replica_format(&replica, &again, &why) < 0)
		return;
	FUZZ_ASSERT(replica_parse(again.data, again.len, &reread, &why) == 0);
	FUZZ_ASSERT(replica_format(&reread, &twice, &why) == 0);
	FUZZ_ASSERT(strcmp(again.data, twice.data) == 0);
}

static uint32_t get_checksum(const char *text, size_t len)
{
	uint32_t value = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		value ^= (unsigned char)text[i];
		for (int bit = 0; bit < 8; bit++)
			value = (value >> 1) ^ (0x82f63b78 & (0 - (value & 1)));
	}
	return ~value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	size_t body = size;

	check((const char *)data, size);
	while (body && data[body - 1] == '\n')
		body--;
	while (body && data[body - 1] != '\n')
		body--;
	strbuf_add(&text, data, body);
	strbuf_add_format(&text, "crc32c=%08x\n", get_checksum(strbuf_text(&text), body));
	check(text.data, text.len);
	return 0;
}
