/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Open files: plain files show the text of the moment they were opened at, control files take
 * requests and give replies.
 *
 * A shell writes its request and reads the reply through one descriptor (`exec 3<>…`), so the file
 * position stands behind the request when the reading starts. The reply is therefore anchored at
 * the position of the first read if that is where the write ended, else at 0; seeking back to 0
 * reads it again. Every open file has its own reply.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <string.h>

#include "fuse_private.h"

#define STDIO_BLOCK 4096 /* stdio cuts what it writes at multiples of this */

void open_file_release(struct open_file *file)
{
	if (--file->references)
		return;
	*file->previous = file->next;
	if (file->next)
		file->next->previous = file->previous;
	fuse_wait_release(file);
	fuse_manager_release(file);
	blob_release(file->blob);
	strbuf_fini(&file->pending);
	strbuf_fini(&file->batch);
	strbuf_fini(&file->reply);
	free(file);
}

struct open_file *fuse_get_file(const struct fuse_file_info *info)
{
	return (struct open_file *)(uintptr_t)info->fh;
}

void fuse_post(struct fuse_server *server, const struct notify_reply *reply)
{
	struct deltas none = { 0 };

	notify_post(server->notify, &none, NULL, reply);
}

static void post_data(fuse_req_t req, const void *data, size_t size)
{
	struct notify_reply reply = { .req = req, .kind = REPLY_DATA, .size = size };

	reply.data = memcpy(xrealloc(NULL, size + 1, 1), data, size);
	fuse_post(fuse_req_userdata(req), &reply);
}

static void forget_attributes(struct fuse_server *server, uint64_t ino)
{
	struct deltas deltas = { .list = xcalloc(1, sizeof(*deltas.list)), .count = 1 };
	struct notify_reply nobody = { 0 };

	deltas.list[0].ino = ino;
	notify_post(server->notify, &deltas, NULL, &nobody);
}

/*
 * An open file shows the changes up to here, and tells of those to come: between, there must be none
 * that its reader does not see yet. In the kernel's own words, as libfuse has not all of them.
 */
static void reply_open(fuse_req_t req, struct open_file *file, uint64_t ino, uint32_t flags)
{
	struct fuse_server *server = fuse_req_userdata(req);
	struct fuse_open_out answer = { .fh = (uintptr_t)file, .open_flags = flags };

	if (ino != fuse_get_ino(server, file->node))
		forget_attributes(server, ino); /* its size may be another one */
	post_data(req, &answer, sizeof(answer));
}

void fuse_op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	struct fuse_server *server = fuse_req_userdata(req);
	const struct node *node = fuse_find_node(server, ino);
	struct open_file *file;
	uint32_t flags = fuse_has_own_text(server, ino) ? FOPEN_KEEP_CACHE : FOPEN_DIRECT_IO;

	fuse_count(server, COUNT_OPEN);
	if (!node) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	if (node->kind != NODE_CONTROL && node->kind != NODE_MANAGER &&
		(info->flags & O_ACCMODE) != O_RDONLY) {
		fuse_reply_err(req, EPERM);
		return;
	}
	file = xcalloc(1, sizeof(*file));
	file->references = 1;
	file->server = server;
	file->next = server->files;
	file->previous = &server->files;
	if (file->next)
		file->next->previous = &file->next;
	server->files = file;
	file->node = node;
	file->kind = node->kind;
	file->operation = node->kind == NODE_CONTROL ? node->operation : NULL;
	if (fuse_wait_is_for(file))
		flags |= fuse_wait_open(file);
	else if (node->kind == NODE_MANAGER)
		fuse_manager_open(file, info);
	else if (node->kind != NODE_CONTROL)
		file->blob = fuse_get_text(server, node);
	reply_open(req, file, ino, flags);
}

void fuse_op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	fuse_count(fuse_req_userdata(req), COUNT_RELEASE);
	open_file_release(fuse_get_file(info));
	fuse_reply_err(req, 0);
}

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

static void post_slice(fuse_req_t req, const struct strbuf *text, uint64_t offset, size_t size)
{
	size = get_slice(text, offset, size);
	post_data(req, size ? text->data + offset : "", size);
}

void fuse_op_read(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *info)
{
	struct fuse_server *server = fuse_req_userdata(req);
	struct open_file *file = fuse_get_file(info);
	uint64_t position = (uint64_t)offset;

	fuse_count(server, COUNT_READ);
	if (fuse_wait_is_for(file)) {
		fuse_wait_read(req, file, size, info);
		return;
	}
	if (file->kind == NODE_MANAGER && fuse_manager_read(req, file, size, position))
		return;
	if (file->kind == NODE_CONTROL && !file->has_reply && (position == 0 || !file->blob)) {
		blob_release(file->blob);
		file->blob = fuse_get_text(server, file->node);
	}
	if (!file->has_reply) {
		if (file->kind == NODE_CONTROL)
			post_slice(req, &file->blob->text, position, size);
		else
			fuse_reply_slice(req, &file->blob->text, position, size);
		return;
	}
	if (!file->is_anchored) {
		file->anchor = position == file->write_end ? position : 0;
		file->is_anchored = true;
	}
	if (position < file->anchor)
		file->anchor = 0;
	post_slice(req, &file->reply, position - file->anchor, size);
}

/* Cuts the text in lines and parses them, up to the first that is wrong. Returns what is left. */
static size_t add_lines(struct fuse_job *job, const struct strbuf *text, bool may_wait)
{
	size_t start = 0;

	while (start < text->len) {
		const char *line = text->data + start;
		const char *newline = memchr(line, '\n', text->len - start);
		size_t len = newline ? (size_t)(newline - line) : text->len - start;

		if (!newline && may_wait && len <= REQUEST_MAX)
			break;
		start += len + (newline ? 1 : 0);
		fuse_job_add_line(job, line, len, start);
		if (job->lines[job->count - 1].error)
			break;
	}
	return text->len - start;
}

void fuse_op_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset,
	struct fuse_file_info *info)
{
	struct fuse_server *server = fuse_req_userdata(req);
	struct open_file *file = fuse_get_file(info);
	struct fuse_job *job;
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	/* The kernel cuts what is longer than max_write, less the start of a page: anywhere. */
	bool is_cut = size > server->max_write - STDIO_BLOCK;
	size_t left;

	fuse_count(server, COUNT_WRITE);
	if (file->kind == NODE_MANAGER) {
		fuse_manager_write(req, file, data, size, (uint64_t)offset);
		return;
	}
	job = fuse_job_new(req, file->operation);
	job->client->file = file;
	file->references++;
	job->client->size = size;
	job->client->carried = file->pending.len;
	job->client->offset = (uint64_t)offset;
	job->may_share = file->operation->kind == OP_CREATE_POINT ||
		file->operation->kind == OP_DELETE_POINTS;
	strbuf_add(&text, strbuf_text(&file->pending), file->pending.len);
	strbuf_add(&text, data, size);
	if (file->operation->kind == OP_BATCH)
		left = fuse_batch_add_lines(file, job, &text);
	else
		left = add_lines(job, &text, is_cut || size % STDIO_BLOCK == 0);
	strbuf_reset(&file->pending);
	if (is_cut && job->count && !job->lines[job->count - 1].error)
		job->client->size -= left; /* a short count, for the writer to go on from there */
	else if (left && !(job->count && job->lines[job->count - 1].error))
		strbuf_add(&file->pending, text.data + text.len - left, left);
	strbuf_reset(&file->reply);
	file->given = 0;
	server->backend.submit(server->backend.data, job);
}
