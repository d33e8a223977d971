/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What belongs to one open(2): its place among the others, what it holds, and the reply that it
 * gives.
 */

#include <assert.h>
#include <string.h>

#include "fuse_private.h"
#include "io/fuse/fuse_budget.h"
#include "io/fuse/fuse_text.h"
#include "io/fuse/fuse_user_inode.h"
#include "io/fuse/open_file.h"

#define PIECES_MAX 64 /* of an answer; a megabyte is mostly on 17 to 24 sheets */

static bool has_number(const struct map_node *node, const void *key)
{
	return container_of(node, struct open_file, by_number)->number == *(const uint64_t *)key;
}

struct open_file *open_file_get(const struct fuse_server *server, const struct fuse_file_info *info)
{
	uint64_t number = info->fh;
	struct map_node *node =
		map_find(&server->by_number, map_hash_number(number), has_number, &number);

	struct open_file *file = node ? container_of(node, struct open_file, by_number) : NULL;

	if (file)
		kept_files_touch(file);
	return file;
}

struct fuse_job *open_file_get_job(const struct open_file *file)
{
	return file->kind == NODE_CONTROL ? file->control.job : NULL;
}

void open_file_set_reply(struct open_file *file, uint64_t write_end)
{
	file->reply.is_there = true;
	file->reply.is_anchored = false;
	file->reply.write_end = write_end;
}

void rest_remove(struct rest **at)
{
	struct rest *rest = *at;

	*at = rest->next;
	strbuf_fini(&rest->record);
	if (rest->kept_record)
		kept_remove(rest->kept, rest->kept_record);
	free(rest);
}

struct open_file *open_file_add(struct fuse_server *server, uint64_t number, enum node_kind kind,
	const struct node *node, uint32_t uid)
{
	struct open_file *file = xcalloc(1, sizeof(*file));

	file->references = 1;
	file->server = server;
	file->next = server->files;
	file->previous = &server->files;
	if (file->next)
		file->next->previous = &file->next;
	server->files = file;
	file->number = number;
	map_add(&server->by_number, &file->by_number, map_hash_number(number));
	file->ino = node ? node->ino : 0;
	file->node = node;
	file->kind = kind;
	file->operation = kind == NODE_CONTROL ? node->operation : NULL;
	server->listeners += kind == NODE_EVENTS;
	fuse_charge_open(file, uid);
	return file;
}

struct open_file *open_file_new(struct fuse_server *server, const struct node *node, uint32_t uid)
{
	uint64_t number = kept_numbers_take(&server->numbers);
	struct open_file *file = open_file_add(server, number, node->kind, node, uid);

	kept_files_touch(file);
	return file;
}

void open_file_close(struct open_file *file)
{
	file->is_closed = true;
	kept_files_untouch(file);
	kept_files_remove(file);
	open_file_release(file);
}

static void release_kind(struct open_file *file)
{
	if (file->kind == NODE_CONTROL) {
		strbuf_fini(&file->control.pending);
		strbuf_fini(&file->control.batch);
	} else if (file->kind == NODE_EVENTS) {
		event_reader_fini(&file->events);
	} else if (file->kind == NODE_MANAGER) {
		while (file->manager.rests)
			rest_remove(&file->manager.rests);
	}
}

void open_file_release(struct open_file *file)
{
	if (--file->references)
		return;
	*file->previous = file->next;
	if (file->next)
		file->next->previous = file->previous;
	map_remove(&file->server->by_number, &file->by_number);
	file->server->listeners -= file->kind == NODE_EVENTS;
	kept_files_untouch(file);
	assert(!file->poll);
	user_inode_close(file);
	fuse_drop_text(file);
	fuse_charge_close(file);
	release_kind(file);
	strbuf_fini(&file->reply.text);
	free(file->note.pieces);
	blob_release(file->note.blob);
	free(file);
}

/* How many bytes of `size` there are at an offset. */
static size_t get_slice(const struct strbuf *text, uint64_t offset, size_t size)
{
	if (offset >= text->len)
		return 0;
	return size < text->len - offset ? size : text->len - offset;
}

void fuse_reply_slice(fuse_req_t req, const struct strbuf *text, uint64_t offset, size_t size)
{
	size = get_slice(text, offset, size);
	fuse_reply_buf(req, size ? text->data + offset : NULL, size);
}

void fuse_reply_text(fuse_req_t req, const struct sheets *text, uint64_t offset, size_t size)
{
	size_t len = sheets_get_slice(text, offset, size);
	struct iovec pieces[PIECES_MAX];
	size_t count = sheets_find(text, offset, len, pieces, ARRAY_SIZE(pieces));
	_cleanup_free_ char *copy = NULL;

	if (count > ARRAY_SIZE(pieces)) {
		copy = xrealloc(NULL, len, 1);
		sheets_copy(text, offset, len, copy);
		pieces[0] = (struct iovec){ copy, len };
		count = 1;
	}
	fuse_reply_iov(req, pieces, (int)count);
}

void open_file_take_reply(
	struct open_file *file, size_t size, uint64_t position, struct notify_reply *ret_reply)
{
	if (file->kind == NODE_CONTROL && file->control.error) {
		ret_reply->kind = REPLY_ERROR;
		ret_reply->error = file->control.error;
		file->control.error = 0;
		return;
	}
	if (!file->reply.is_anchored) {
		file->reply.anchor = position == file->reply.write_end ? position : 0;
		file->reply.is_anchored = true;
	}
	if (position < file->reply.anchor)
		file->reply.anchor = 0;
	position -= file->reply.anchor;
	ret_reply->kind = REPLY_DATA;
	ret_reply->size = file->blob ? sheets_get_slice(&file->blob->text, position, size)
				     : get_slice(&file->reply.text, position, size);
	ret_reply->data = xrealloc(NULL, ret_reply->size + 1, 1);
	if (file->blob)
		sheets_copy(&file->blob->text, position, ret_reply->size, ret_reply->data);
	else if (ret_reply->size)
		memcpy(ret_reply->data, file->reply.text.data + position, ret_reply->size);
}
