/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of memory that can outlive the process, each with a key. */

#include <string.h>

#include "base/map.h"
#include "io/fuse/kept_notes.h"

/* Which record: the one that has this key. */
struct wanted {
	const struct kept_notes *notes;
	const char *key;
};

/* Of an index of numbers. */
static void *to_object(uint32_t record)
{
	return (void *)(uintptr_t)record;
}

static bool has_key(const void *object, const void *key)
{
	const struct wanted *wanted = key;
	const struct kept_notes *notes = wanted->notes;
	uint32_t record = (uint32_t)(uintptr_t)object;
	const char *bytes = kept_get(notes->kept, record);

	return strncmp(bytes + notes->head, wanted->key,
		       kept_get_len(notes->kept, record) - notes->head) == 0;
}

/* Writes over what is noted. False: it has another length. */
static bool overwrite(struct kept *kept, uint32_t record, const struct strbuf *bytes)
{
	if (kept_get_len(kept, record) != bytes->len)
		return false;
	if (memcmp(kept_get(kept, record), bytes->data, bytes->len) != 0)
		kept_write(kept, record, 0, bytes->data, bytes->len);
	return true;
}

void kept_notes_init(struct kept_notes *notes, struct kept *kept, enum kept_kind kind, size_t head)
{
	*notes = (struct kept_notes){ .kept = kept, .kind = kind, .head = head };
	for (uint32_t record = 0; (record = kept_next(kept, kind, record));)
		kept_remove(kept, record);
}

void kept_notes_fini(struct kept_notes *notes)
{
	index_fini(&notes->records);
}

void kept_notes_put(struct kept_notes *notes, const char *key, const struct strbuf *bytes)
{
	const struct wanted wanted = { notes, key };
	struct kept *kept = notes->kept;
	uint64_t hash = map_hash_text(key);
	uint32_t record = (uint32_t)(uintptr_t)index_find(&notes->records, hash, has_key, &wanted);

	if (record && bytes->len && overwrite(kept, record, bytes))
		return;
	if (record) {
		index_remove(&notes->records, to_object(record), hash);
		kept_remove(kept, record);
	}
	record = bytes->len ? kept_try_add(kept, notes->kind, 0, bytes->data, bytes->len) : 0;
	if (record)
		index_add(&notes->records, to_object(record), hash);
}

void kept_notes_add_text(struct strbuf *bytes, const char *text)
{
	strbuf_add(bytes, text, strlen(text) + 1);
}

const char *kept_notes_take_text(const char **at, const char *end)
{
	const char *text = *at, *nul = text == end ? NULL : memchr(text, 0, (size_t)(end - text));

	*at = nul ? nul + 1 : end;
	return nul ? text : NULL;
}
