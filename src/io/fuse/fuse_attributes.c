/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel is told of an inode, and for how long it may believe that.
 */

#include <string.h>
#include <sys/stat.h>

#include "fuse_private.h"
#include "io/fuse/fuse_attributes.h"
#include "io/fuse/fuse_text.h"
#include "io/fuse/kept_nodes.h"

/* What is remembered of absent volumes is for those to read who may change it. */
static mode_t get_control_mode(const struct operation *operation, mode_t mode)
{
	if (!(operation->flags & OPERATION_CHANGES))
		return 0666;
	if (operation->kind == OP_DATABASE)
		return (mode & ~(mode_t)0444) | (mode & 0222) << 1;
	return mode;
}

static mode_t get_mode(const struct fuse_server *server, const struct node *node)
{
	mode_t mode = (mode_t)server->options.mode;

	switch (node->kind) {
	case NODE_FOLDER:
		return S_IFDIR | (node->is_writable ? 0555 | (mode & 0222) : 0555);
	case NODE_LINK:
		return S_IFLNK | 0777;
	case NODE_CONTROL:
		return S_IFREG | get_control_mode(node->operation, mode);
	case NODE_MANAGER:
		return S_IFREG | mode | 0444;
	case NODE_VOLUME:
	case NODE_POINTS:
	case NODE_POINTS_JSON:
	case NODE_HISTORY:
	case NODE_METRICS:
	case NODE_EVENTS:
		break;
	}
	return S_IFREG | 0444;
}

static off_t get_size(struct fuse_server *server, const struct node *node, uint64_t ino)
{
	_cleanup_strbuf_ struct strbuf room = STRBUF_INIT;

	if (node->kind == NODE_LINK)
		return (off_t)strlen(tree_get_target(node, &room));
	if (node->kind == NODE_FOLDER || node->kind == NODE_CONTROL || node->kind == NODE_EVENTS ||
		node->kind == NODE_MANAGER)
		return 0;
	return (off_t)fuse_get_text_len(server, node, ino);
}

void fuse_fill_attributes(
	struct fuse_server *server, const struct node *node, uint64_t ino, struct stat *ret_stat)
{
	bool is_users = node->is_writable || node->kind == NODE_MANAGER ||
		(node->kind == NODE_CONTROL && node->operation->flags & OPERATION_CHANGES);
	struct timespec changed = {
		.tv_sec = (time_t)(node->changed / 1000000),
		.tv_nsec = (long)(node->changed % 1000000) * 1000,
	};

	*ret_stat = (struct stat){
		.st_ino = node->ino,
		.st_mode = get_mode(server, node),
		.st_nlink = 1, /* of folders: like btrfs, says nothing about subfolders */
		.st_uid = is_users ? (uid_t)server->options.uid : server->uid,
		.st_gid = is_users ? (gid_t)server->options.gid : server->gid,
		.st_size = get_size(server, node, ino),
		.st_blksize = 4096,
		.st_atim = changed,
		.st_mtim = changed,
		.st_ctim = changed,
	};
	ret_stat->st_blocks = (ret_stat->st_size + 511) / 512;
}

double fuse_get_timeout(const struct fuse_server *server, const struct node *node)
{
	return node->kind == NODE_METRICS ? 0 : server->timeout;
}

void fuse_fill_entry(
	struct fuse_server *server, struct node *node, struct fuse_entry_param *ret_entry)
{
	*ret_entry = (struct fuse_entry_param){
		.ino = fuse_get_ino(server, node),
		.attr_timeout = fuse_get_timeout(server, node),
	};
	fuse_fill_attributes(server, node, ret_entry->ino, &ret_entry->attr);
	ret_entry->entry_timeout = fuse_get_entry_timeout(server, node, &ret_entry->attr);
	tree_add_lookup(node);
	kept_nodes_note(server->backend.kept, node);
}
