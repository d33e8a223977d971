/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of plain files.
 *
 * `points` and the like may be long, and are read again and again. So the kernel keeps their text
 * in its page cache, and as one text must not become another while somebody reads it, each is an
 * inode of its own, as with symlinks: with a change the kernel forgets the name and, when it asks
 * for it, is told of a new inode. Users see the same number all the time. Who opens an inode that
 * is out of date (it was looked up just before the change, or is mounted somewhere else) gets the
 * text of now, past the page cache.
 *
 * The pages in front of a change could stay, if the inode did while nobody has it open, and the
 * rest were taken back before the next open(2) is answered. But a client that holds such a thing up
 * holds back no answers (notify.c), so others could read a beginning and an end of two texts.
 *
 * With its name the kernel forgets all pages of a text that nobody has open, before the client is
 * answered: 4 ms with a million links. So the name of a long one it never remembers, but asks for
 * it each time: that is little beside reading it.
 */

#include <assert.h>
#include <string.h>

#include "core/views/render.h"
#include "fuse_private.h"
#include "io/fuse/fuse_text.h"
#include "io/fuse/fuse_user_inode.h"
#include "io/fuse/fuse_wait.h"
#include "io/fuse/kept_nodes.h"
#include "io/fuse/open_file.h"

/* The inode number of a text: this bit, the generation, the number of the file. */
#define TEXT_BIT (UINT64_C(1) << 63)
#define FILE_BITS 10

#define BYTES_PER_LINE 512 /* with one in so many that differs, to make all anew is as good */
#define NAMED_MAX 1048576  /* bytes of a text whose name the kernel remembers */

static bool is_view(const struct node *node)
{
	return node->kind == NODE_POINTS || node->kind == NODE_POINTS_JSON ||
		node->kind == NODE_HISTORY;
}

/*
 * Which of the texts that are made once for all readers the node shows; NODE_METRICS, which is none
 * of them, stands for none. query_points without a request shows what `points` does.
 */
static enum node_kind get_view(const struct node *node)
{
	if (node->kind == NODE_CONTROL && node->operation->kind == OP_QUERY_POINTS)
		return NODE_POINTS;
	return is_view(node) ? node->kind : NODE_METRICS;
}

uint64_t fuse_get_ino(const struct fuse_server *server, const struct node *node)
{
	if (!is_view(node) || !server->options.is_cached)
		return node->ino;
	assert(node->ino >> FILE_BITS == 0);
	return TEXT_BIT | server->generation << FILE_BITS | node->ino;
}

double fuse_get_entry_timeout(
	struct fuse_server *server, const struct node *node, const struct stat *attributes)
{
	if (!is_view(node))
		return server->timeout;
	if (attributes->st_size > NAMED_MAX)
		return 0;
	server->has_named[node->kind] = true;
	return server->timeout;
}

void fuse_note_named(struct fuse_server *server)
{
	memset(server->has_named, true, sizeof(server->has_named));
}

void fuse_change_texts(struct fuse_server *server, struct deltas *deltas)
{
	const struct tree *tree = server->backend.tree;

	kept_nodes_note_generation(server->backend.kept, ++server->generation);
	for (size_t i = 0; i < ARRAY_SIZE(tree->views); i++) {
		const struct node *view = tree->views[i];

		if (server->has_named[view->kind])
			deltas_add(deltas, TREE_ROOT_INO, view->ino, view->name);
		server->has_named[view->kind] = false;
	}
}

struct node *fuse_find_node(const struct fuse_server *server, uint64_t ino)
{
	uint64_t number = ino & TEXT_BIT ? ino & ((1 << FILE_BITS) - 1) : user_inode_get_node(ino);

	return tree_find(server->backend.tree, number);
}

static uint64_t get_generation(uint64_t ino)
{
	return (ino & ~TEXT_BIT) >> FILE_BITS;
}

bool fuse_has_own_text(const struct fuse_server *server, uint64_t ino)
{
	return ino & TEXT_BIT && get_generation(ino) == server->generation;
}

struct text_key {
	enum node_kind view;
	uint64_t generation;
};

static bool is_text(const struct map_node *node, const void *key)
{
	const struct blob *blob = container_of(node, const struct blob, by_generation);
	const struct text_key *wanted = key;

	return blob->view == wanted->view && blob->generation == wanted->generation;
}

/* The text of an inode that is out of date, if somebody reads it still. */
static const struct blob *find_text(
	const struct fuse_server *server, const struct node *node, uint64_t ino)
{
	struct text_key key = { node->kind, get_generation(ino) };
	struct map_node *found =
		map_find(&server->texts, map_hash_number(key.generation), is_text, &key);

	return found ? container_of(found, const struct blob, by_generation) : NULL;
}

/* With the text before at hand only what is different is made, unless that is much of it. */
static void render_lines(struct fuse_server *server, struct sheets *ret_text)
{
	const struct manager *manager = server->backend.manager;
	const struct blob *before = server->views[NODE_POINTS];
	size_t few = before ? before->text.len / BYTES_PER_LINE : 0;

	if (server->stale.is_all || server->stale.count >= few)
		points_text_make(manager, ret_text);
	else
		points_text_renew(manager, &server->stale, &before->text, ret_text);
	stale_lines_fini(&server->stale);
}

static void render_node(struct fuse_server *server, const struct node *node, enum node_kind kind,
	struct strbuf *ret_text)
{
	const struct manager *manager = server->backend.manager;

	switch (kind) {
	case NODE_POINTS_JSON:
		render_points_json(manager, ret_text);
		break;
	case NODE_HISTORY:
		render_history(manager, ret_text);
		break;
	case NODE_VOLUME:
		if (volume_files[node->file].is_live)
			server->backend.render(server->backend.data, node, ret_text);
		else
			volume_files[node->file].render(manager, node->id, ret_text);
		break;
	case NODE_METRICS:
	case NODE_CONTROL:
		server->backend.render(server->backend.data, node, ret_text);
		break;
	case NODE_POINTS:
	case NODE_FOLDER:
	case NODE_LINK:
	case NODE_MANAGER:
	case NODE_EVENTS:
		break;
	}
}

static void make_text(struct fuse_server *server, const struct node *node, enum node_kind kind,
	struct sheets *ret_text)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	if (kind == NODE_POINTS) {
		render_lines(server, ret_text);
		return;
	}
	render_node(server, node, kind, &text);
	sheets_add(ret_text, &text);
}

struct blob *fuse_get_text(struct fuse_server *server, const struct node *node)
{
	enum node_kind view = get_view(node);
	struct blob *blob = view == NODE_METRICS ? NULL : server->views[view];

	if (blob && blob->generation == server->generation) {
		blob->references++;
		return blob;
	}
	blob = xcalloc(1, sizeof(*blob));
	blob->references = 1;
	blob->generation = server->generation;
	make_text(server, node, view == NODE_METRICS ? node->kind : view, &blob->text);
	if (node->kind == NODE_METRICS)
		server->metrics_len = blob->text.len;
	if (view != NODE_METRICS) {
		blob_list(blob, server, view);
		blob_release(server->views[view]);
		server->views[view] = blob;
		blob->references++;
	}
	return blob;
}

size_t fuse_get_text_len(struct fuse_server *server, const struct node *node, uint64_t ino)
{
	const struct blob *known = NULL;
	struct blob *blob;
	size_t len;

	/* The kernel cuts what it reads there at the size. */
	if (ino & TEXT_BIT && !fuse_has_own_text(server, ino))
		known = find_text(server, node, ino);
	if (known)
		return known->text.len;
	/* Nobody can know how long it would be now: looking at it costs no more than at others. */
	if (node->kind == NODE_METRICS && server->metrics_len)
		return server->metrics_len;
	blob = fuse_get_text(server, node);
	len = blob->text.len;
	blob_release(blob);
	return len;
}
