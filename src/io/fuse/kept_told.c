/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What readers of `events` were told of volumes. Of links it follows from the database, but for
 * those that are in memory alone: they end with the process.
 */

#include <string.h>

#include "io/fuse/kept_kind.h"
#include "io/fuse/kept_told.h"

/* Texts follow, each with its NUL: ID, node or "", mounts. */
struct kept_volume {
	uint64_t diskseq;
	uint64_t description;
	uint32_t is_online;
	uint32_t mounts;
};

#define MOUNTS_MAX 65536

struct entry {
	struct map_node by_id;
	uint32_t record;
	char id[];
};

static bool has_id(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct entry, by_id)->id, key) == 0;
}

static struct entry *find(const struct kept_told *noted, const char *id)
{
	struct map_node *node = map_find(&noted->by_id, map_hash_text(id), has_id, id);

	return node ? container_of(node, struct entry, by_id) : NULL;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* NULL: there is no text any more that ends. */
static const char *take_text(const char **at, const char *end)
{
	const char *text = *at, *nul = text == end ? NULL : memchr(text, 0, (size_t)(end - text));

	*at = nul ? nul + 1 : end;
	return nul ? text : NULL;
}

static bool load(const struct kept *kept, uint32_t record, struct told *told)
{
	const struct kept_volume *head = kept_get(kept, record);
	size_t len = kept_get_len(kept, record);
	const char *at = (const char *)(head + 1), *end = (const char *)head + len;
	_cleanup_free_ const char **mounts = NULL;
	struct told_volume volume;

	if (len < sizeof(*head) || head->mounts > MOUNTS_MAX)
		return false;
	volume = (struct told_volume){
		.id = take_text(&at, end),
		.node = take_text(&at, end),
		.is_online = head->is_online,
		.diskseq = head->diskseq,
		.description = head->description,
		.mount_count = head->mounts,
	};
	if (!volume.id || !*volume.id || !volume.node)
		return false;
	if (!*volume.node)
		volume.node = NULL;
	volume.mounts = mounts = xcalloc(head->mounts + 1, sizeof(*mounts));
	for (size_t i = 0; i < head->mounts; i++)
		if (!(mounts[i] = take_text(&at, end)))
			return false;
	told_add_volume(told, &volume);
	return true;
}

void kept_told_load(struct kept *kept, struct told *told)
{
	for (uint32_t record = 0; (record = kept_next(kept, KEPT_VOLUME, record));)
		if (!load(kept, record, told))
			kept_remove(kept, record);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void add_text(struct strbuf *bytes, const char *text)
{
	strbuf_add(bytes, text, strlen(text) + 1);
}

static void format(const struct told_volume *volume, struct strbuf *bytes)
{
	struct kept_volume head = {
		.diskseq = volume->diskseq,
		.description = volume->description,
		.is_online = volume->is_online,
		.mounts = (uint32_t)volume->mount_count,
	};

	strbuf_add(bytes, &head, sizeof(head));
	add_text(bytes, volume->id);
	add_text(bytes, volume->node ? volume->node : "");
	for (size_t i = 0; i < volume->mount_count; i++)
		add_text(bytes, volume->mounts[i]);
}

static struct entry *add(struct kept_told *noted, const char *id)
{
	struct entry *entry = xcalloc(1, sizeof(*entry) + strlen(id) + 1);

	strcpy(entry->id, id);
	map_add(&noted->by_id, &entry->by_id, map_hash_text(id));
	return entry;
}

static bool is_noted(const struct kept *kept, uint32_t record, const struct strbuf *bytes)
{
	return record && kept_get_len(kept, record) == bytes->len &&
		memcmp(kept_get(kept, record), bytes->data, bytes->len) == 0;
}

void kept_told_note(struct kept_told *noted, const struct tree *tree, const char *id)
{
	_cleanup_strbuf_ struct strbuf bytes = STRBUF_INIT;
	struct told_volume volume;
	struct entry *entry;
	bool shows;

	if (!noted->kept)
		return;
	shows = told_get_volume(tree, id, &volume);
	entry = find(noted, id);
	if (shows)
		format(&volume, &bytes);
	if (entry && shows && is_noted(noted->kept, entry->record, &bytes))
		return;
	if (entry)
		kept_remove(noted->kept, entry->record);
	if (shows && !entry)
		entry = add(noted, id);
	if (shows) {
		entry->record = kept_try_add(noted->kept, KEPT_VOLUME, 0, bytes.data, bytes.len);
	} else if (entry) {
		map_remove(&noted->by_id, &entry->by_id);
		free(entry);
	}
}

void kept_told_start(struct kept_told *noted, struct kept *kept, const struct tree *tree)
{
	for (uint32_t record = 0; (record = kept_next(kept, KEPT_VOLUME, record));)
		kept_remove(kept, record);
	noted->kept = kept;
	for (const struct node *folder = tree->ids->content->first; folder; folder = folder->next)
		kept_told_note(noted, tree, folder->id);
}

void kept_told_fini(struct kept_told *noted)
{
	map_for_each (&noted->by_id, node, next)
		free(container_of(node, struct entry, by_id));
	map_fini(&noted->by_id);
}
