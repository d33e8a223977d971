/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where volumes are mounted now. Replaced as a whole whenever mountinfo changes.
 *
 * Which mounts a path leads to follows from the list itself: a walk along the path starts at the
 * root's mount, and steps onto the mount whose parent is the one it is on and whose path is what it
 * has walked so far. A mount is reached if the walk along its path ends on it. Walks hash the path
 * once, so finishing a list takes time in proportion to its text.
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "core/model/mounts.h"

static void mount_fini(struct mount *mount)
{
	free(mount->path);
	free(mount->fstype);
}

static uint64_t hash(uint64_t value, const char *text)
{
	do
		value = (value ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	while (*text++);
	return value;
}

uint64_t mounts_hash_origin(const char *source, const char *fstype)
{
	return hash(hash(UINT64_C(0xcbf29ce484222325), source), fstype) | 1;
}

void mounts_fini(struct mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++)
		mount_fini(&mounts->list[i]);
	free(mounts->list);
	free(mounts->hidden);
	*mounts = (struct mounts){ 0 };
}

void mounts_add(struct mounts *mounts, const struct mount *mount)
{
	struct mount *added;

	mounts->list = xgrow(mounts->list, mounts->count, sizeof(*mounts->list));
	added = &mounts->list[mounts->count];
	*added = *mount;
	added->path = xstrdup(mount->path);
	added->fstype = xstrdup(mount->fstype ? mount->fstype : "");
	added->order = mounts->count++;
}

/* A mount on its way through mounts_finish(). */
struct place {
	struct map_node by_id;
	struct map_node by_path; /* and parent */
	const struct mount *mount;
};

struct walk {
	struct map by_id;
	struct map by_path;
	int root; /* id of the mount that every walk starts on */
};

/* What was walked of a path so far. */
struct step {
	int on; /* id of the mount */
	const char *path;
	size_t len;
};

static uint64_t hash_char(uint64_t hash, char c)
{
	return map_hash_number(hash * 257 + (unsigned char)c);
}

static uint64_t hash_path(const char *path)
{
	uint64_t hash = 0;

	while (*path)
		hash = hash_char(hash, *path++);
	return hash;
}

static uint64_t hash_place(uint64_t path, int parent)
{
	return path ^ map_hash_number((unsigned int)parent);
}

static bool place_has_id(const struct map_node *node, const void *key)
{
	return container_of(node, struct place, by_id)->mount->id == *(const int *)key;
}

static bool place_is_next(const struct map_node *node, const void *key)
{
	const struct mount *mount = container_of(node, struct place, by_path)->mount;
	const struct step *step = key;

	return mount->parent == step->on && strncmp(mount->path, step->path, step->len) == 0 &&
		!mount->path[step->len];
}

static bool walk_has_id(const struct walk *walk, int id)
{
	return map_find(&walk->by_id, map_hash_number((unsigned int)id), place_has_id, &id) != NULL;
}

/* Steps onto what is mounted here, and on top of that. */
static void walk_descend(const struct walk *walk, struct step *step, uint64_t hash)
{
	for (size_t i = 0; i < walk->by_id.count; i++) { /* no kernel says that they form a ring */
		struct map_node *node =
			map_find(&walk->by_path, hash_place(hash, step->on), place_is_next, step);

		if (!node)
			break;
		step->on = container_of(node, struct place, by_path)->mount->id;
	}
}

/* The id of the mount that a path leads to. What is mounted over the root itself is never met. */
static int walk_path(const struct walk *walk, const char *path)
{
	struct step step = { .on = walk->root, .path = path, .len = 1 };
	uint64_t hash = hash_char(0, '/');

	for (; path[0] && path[step.len]; step.len++) {
		if (path[step.len] == '/')
			walk_descend(walk, &step, hash);
		hash = hash_char(hash, path[step.len]);
	}
	if (step.len > 1)
		walk_descend(walk, &step, hash);
	return step.on;
}

/*
 * The mount of the root directory is at "/", on a mount that is not listed. In a chroot that is no
 * mount point, others are on that, too: then it is the one to start from.
 */
static int walk_find_root(const struct walk *walk, const struct mounts *mounts)
{
	const struct mount *root = NULL;

	for (size_t i = 0; i < mounts->count; i++) {
		const struct mount *mount = &mounts->list[i];

		if (mount->parent != mount->id && walk_has_id(walk, mount->parent))
			continue;
		if (strcmp(mount->path, "/") != 0)
			return mount->parent;
		if (!root)
			root = mount;
	}
	return root ? root->id : -1;
}

static void walk_init(struct walk *walk, const struct mounts *mounts, struct place *places)
{
	*walk = (struct walk){ 0 };
	for (size_t i = 0; i < mounts->count; i++) {
		const struct mount *mount = &mounts->list[i];
		uint64_t hash = hash_place(hash_path(mount->path), mount->parent);

		places[i].mount = mount;
		map_add(&walk->by_id, &places[i].by_id, map_hash_number((unsigned int)mount->id));
		map_add(&walk->by_path, &places[i].by_path, hash);
	}
	walk->root = walk_find_root(walk, mounts);
}

static int compare_mounts(const void *a, const void *b)
{
	const struct mount *mount_a = a, *mount_b = b;

	if (mount_a->number != mount_b->number)
		return mount_a->number < mount_b->number ? -1 : 1;
	if (mount_a->is_whole != mount_b->is_whole)
		return mount_a->is_whole ? -1 : 1;
	return mount_a->order < mount_b->order ? -1 : mount_a->order > mount_b->order;
}

void mounts_finish(struct mounts *mounts)
{
	_cleanup_free_ struct place *places = xcalloc(mounts->count + 1, sizeof(*places));
	_cleanup_free_ bool *is_kept = xcalloc(mounts->count + 1, sizeof(*is_kept));
	struct walk walk;
	size_t kept = 0;

	walk_init(&walk, mounts, places);
	for (size_t i = 0; i < mounts->count; i++) {
		const struct mount *mount = &mounts->list[i];

		is_kept[i] = strlen(mount->path) < PATH_MAX &&
			walk_path(&walk, mount->path) == mount->id;
	}
	map_fini(&walk.by_id);
	map_fini(&walk.by_path);
	for (size_t i = 0; i < mounts->count; i++) {
		if (is_kept[i]) {
			mounts->list[kept++] = mounts->list[i];
			continue;
		}
		mounts->hidden =
			xgrow(mounts->hidden, mounts->hidden_count, sizeof(*mounts->hidden));
		mounts->hidden[mounts->hidden_count++] = mounts->list[i].number;
		mount_fini(&mounts->list[i]);
	}
	mounts->count = kept;
	if (kept)
		qsort(mounts->list, kept, sizeof(*mounts->list), compare_mounts);
}

static const struct mount *find_first(const struct mounts *mounts, uint64_t number)
{
	size_t low = 0, high = mounts->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (mounts->list[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return mounts->list + low;
}

const struct mount *mounts_next(
	const struct mounts *mounts, uint64_t number, const struct mount *mount)
{
	mount = mount ? mount + 1 : find_first(mounts, number);
	return mount < mounts->list + mounts->count && mount->number == number ? mount : NULL;
}

bool mounts_has(const struct mounts *mounts, uint64_t number)
{
	for (size_t i = 0; i < mounts->hidden_count; i++)
		if (mounts->hidden[i] == number)
			return true;
	return mounts_next(mounts, number, NULL) != NULL;
}

const struct mount *mounts_find_under(const struct mounts *mounts, const char *path)
{
	const struct mount *found = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < mounts->count; i++) {
		const struct mount *mount = &mounts->list[i];
		size_t len = strcmp(mount->path, "/") == 0 ? 0 : strlen(mount->path);

		if (strncmp(mount->path, path, len) == 0 && path[len] == '/' && path[len + 1] &&
			(!found || len > longest)) {
			found = mount;
			longest = len;
		}
	}
	return found;
}

/* Whether the word stands in a list with commas. */
static bool has_option(const char *options, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = options; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, word, len) == 0 && (at[len] == ',' || !at[len]))
			return true;
	}
	return false;
}

/* Undoes the kernel's \ooo, which it writes for white space and backslashes. */
static void decode(char *text)
{
	char *out = text;

	while (*text) {
		unsigned int byte = 0;
		int len = 0;

		if (*text == '\\' && strspn(text + 1, "01234567") >= 3)
			sscanf(text + 1, "%3o%n", &byte, &len);
		*out++ = len ? (char)byte : *text;
		text += 1 + len;
	}
	*out = '\0';
}

int mount_line_parse(char *line, struct mount_line *ret_line)
{
	struct mount_line parsed = { 0 };
	char *root, *path, *fstype, *source, *options, *field;
	int len = 0;

	if (sscanf(line, "%d %d %u:%u %n", &parsed.id, &parsed.parent, &parsed.major, &parsed.minor,
		    &len) < 4 ||
		!len)
		return -EINVAL;
	line += len;
	root = strsep(&line, " ");
	path = strsep(&line, " ");
	options = strsep(&line, " ");
	while ((field = strsep(&line, " ")) && strcmp(field, "-") != 0)
		; /* tags of propagation */
	fstype = strsep(&line, " ");
	source = strsep(&line, " ");
	if (!source || path[0] != '/')
		return -EINVAL;
	decode(root);
	decode(path);
	decode(source);
	parsed.root = root;
	parsed.path = path;
	parsed.fstype = fstype;
	parsed.source = source;
	parsed.is_read_only = has_option(options, "ro") || has_option(line, "ro");
	*ret_line = parsed;
	return 0;
}
