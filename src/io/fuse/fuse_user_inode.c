/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inodes of control files that everybody may write.
 *
 * The kernel holds the lock of the inode while it fetches what is written from the writer's memory,
 * and until the reply to a request that waits. So of one inode for all, whoever stands still in
 * write(2), on a page that does not come, would lock everybody out, root included. Therefore each
 * look-up by another user than the last one, or while the file is open for writing, is told of a
 * new inode: users never share one, and who waits in `settle` has it alone. The entry is looked up
 * each time, which takes no lock as long as the answer is the same. Users see the same number all
 * the time.
 */

#include <assert.h>
#include <fcntl.h>

#include "fuse_private.h"
#include "io/fuse/fuse_user_inode.h"
#include "io/fuse/open_file.h"

/* The inode number: this bit, the number of the inode, the number of the file. */
#define USER_BIT (UINT64_C(1) << 62)
#define FILE_BITS 10

static struct user_inode *find(struct fuse_server *server, const struct node *node)
{
	unsigned int flags = node->kind == NODE_CONTROL ? node->operation->flags : 0;

	if (!(flags & OPERATION_TAKES) || flags & OPERATION_CHANGES)
		return NULL;
	assert(node->operation->kind < ARRAY_SIZE(server->user_inodes));
	return &server->user_inodes[node->operation->kind];
}

static uint64_t get_ino(const struct user_inode *inode, const struct node *node)
{
	return USER_BIT | inode->number << FILE_BITS | node->ino;
}

uint64_t user_inode_get(struct fuse_server *server, const struct node *node, uint32_t uid)
{
	struct user_inode *inode = find(server, node);

	if (!inode)
		return 0;
	assert(node->ino >> FILE_BITS == 0);
	if (!inode->number || inode->uid != uid || inode->writers) {
		inode->number = kept_numbers_take(&server->numbers);
		inode->uid = uid;
		inode->writers = 0;
	}
	return get_ino(inode, node);
}

uint64_t user_inode_get_node(uint64_t ino)
{
	return ino & USER_BIT ? ino & ((1 << FILE_BITS) - 1) : ino;
}

void user_inode_open(struct open_file *file, uint64_t ino, int flags)
{
	struct user_inode *inode = find(file->server, file->node);

	if (!inode || (flags & O_ACCMODE) == O_RDONLY)
		return;
	file->control.written_ino = ino;
	inode->writers += ino == get_ino(inode, file->node);
}

void user_inode_close(struct open_file *file)
{
	struct user_inode *inode = file->node ? find(file->server, file->node) : NULL;

	if (inode && file->control.written_ino == get_ino(inode, file->node))
		inode->writers--;
}
