/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Open files: plain files show the text of the moment they were opened at, control files take
 * requests and give replies.
 *
 * A shell writes its request and reads the reply through one descriptor (`exec 3<>…`), so the
 * file position stands behind the request when the reading starts. The reply is therefore
 * anchored at the position of the first read if that is where the write ended, else at 0; seeking
 * back to 0 reads it again. Every open file has its own reply.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <string.h>

#include "fuse_private.h"
#include "io/fuse/fuse_batch.h"
#include "io/fuse/fuse_budget.h"
#include "io/fuse/fuse_counters.h"
#include "io/fuse/fuse_file.h"
#include "io/fuse/fuse_ioctl.h"
#include "io/fuse/fuse_job.h"
#include "io/fuse/fuse_text.h"
#include "io/fuse/fuse_user_inode.h"
#include "io/fuse/fuse_wait.h"
#include "io/fuse/open_file.h"

#define STDIO_BLOCK 4096    /* stdio cuts what it writes at multiples of this */
#define LINES_OF_USER 256   /* in one write; more is a short count */
#define BYTES_OF_USER 65536 /* and of these, too */
#define LINES_OF_ROOT 1024  /* of root, and of the user that mmfs runs as, unless others wait */

static void post_data(fuse_req_t req, const void *data, size_t size)
{
	struct fuse_server *server = fuse_req_userdata(req);
	struct notify_reply reply = { .req = req, .kind = REPLY_DATA, .size = size };

	reply.data = memcpy(xrealloc(NULL, size + 1, 1), data, size);
	notify_send(server->notify, &reply);
}

static void forget_attributes(struct fuse_server *server, uint64_t ino)
{
	struct deltas deltas = { .list = xcalloc(1, sizeof(*deltas.list)), .count = 1 };
	struct notify_reply nobody = { 0 };

	deltas.list[0].ino = ino;
	notify_post(server->notify, &deltas, NULL, &nobody);
}

/*
 * An open file shows the changes up to here, and tells of those to come: between, there must be
 * none that its reader does not see yet. In the kernel's own words, as libfuse has not all of
 * them.
 */
static void reply_open(fuse_req_t req, struct open_file *file, uint64_t ino, uint32_t flags)
{
	struct fuse_server *server = fuse_req_userdata(req);
	struct fuse_open_out answer = { .fh = file->number, .open_flags = flags };

	if (user_inode_get_node(ino) == ino && ino != fuse_get_ino(server, file->node))
		forget_attributes(server, ino); /* its size may be another one */
	post_data(req, &answer, sizeof(answer));
}

/* Whether an inode can be opened so: 0, or a negative errno. */
static int check_open(struct fuse_server *server, const struct node *node, uint32_t uid, int flags)
{
	const struct operation *operation;

	if (!node)
		return -ENOENT;
	if (node->kind != NODE_CONTROL && node->kind != NODE_MANAGER &&
		(flags & O_ACCMODE) != O_RDONLY)
		return -EPERM;
	operation = node->kind == NODE_CONTROL ? node->operation : NULL;
	return fuse_check_budget(server, uid, BUDGET_FILES, operation);
}

void fuse_op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	struct fuse_server *server = fuse_req_userdata(req);
	const struct node *node = fuse_find_node(server, ino);
	uint32_t uid = fuse_req_ctx(req)->uid;
	uint32_t flags = fuse_has_own_text(server, ino) ? FOPEN_KEEP_CACHE : FOPEN_DIRECT_IO;
	bool has_text = node && node->kind != NODE_CONTROL && node->kind != NODE_MANAGER &&
		node->kind != NODE_EVENTS;
	struct open_file *file;
	int r;

	fuse_count(server, COUNT_OPEN);
	r = check_open(server, node, uid, info->flags);
	if (r == 0 && has_text)
		r = fuse_check_budget(server, uid, BUDGET_BYTES, NULL);
	if (r < 0) {
		fuse_reply_err(req, -r);
		return;
	}
	file = open_file_new(server, node, uid);
	user_inode_open(file, ino, info->flags);
	if (fuse_wait_is_for(file))
		flags |= fuse_wait_open(file);
	else if (node->kind == NODE_MANAGER)
		fuse_manager_open(file, info);
	else if (has_text)
		fuse_hold_text(file, fuse_get_text(server, node));
	reply_open(req, file, ino, flags);
}

/*
 * The beginning of a line never gets its rest now. It is not carried out: who is killed while it
 * writes leaves such a thing, too, and that may well be another request. But it is told.
 */
static void tell_unended(const struct open_file *file)
{
	const struct fuse_backend *backend = &file->server->backend;

	if (file->kind != NODE_CONTROL || file->operation->flags & OPERATION_COLLECTS ||
		!file->control.pending.len)
		return;
	backend->refuse(backend->data,
		&(struct failure){
			.uid = file->uid,
			.error = EINVAL,
			.operation = (char *)file->operation->name,
			.request = (char *)strbuf_text(&file->control.pending),
			.why = (char *)"it has no end: the write may have been cut here",
		});
}

void fuse_op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	struct fuse_server *server = fuse_req_userdata(req);
	struct open_file *file = open_file_get(server, info);

	fuse_count(server, COUNT_RELEASE);
	if (file) {
		fuse_job_drop(file);
		fuse_wait_release(file);
		tell_unended(file);
		open_file_close(file);
	}
	fuse_reply_err(req, 0);
}

/* In its turn, behind what others were told before. */
static void post_text(fuse_req_t req, const struct sheets *text, uint64_t offset, size_t size)
{
	struct fuse_server *server = fuse_req_userdata(req);
	struct notify_reply reply = { .req = req, .kind = REPLY_DATA };

	reply.size = sheets_get_slice(text, offset, size);
	reply.data = xrealloc(NULL, reply.size + 1, 1);
	sheets_copy(text, offset, reply.size, reply.data);
	notify_send(server->notify, &reply);
}

void fuse_op_read(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *info)
{
	struct fuse_server *server = fuse_req_userdata(req);
	struct open_file *file = open_file_get(server, info);
	struct notify_reply reply = { .req = req };
	uint64_t position = (uint64_t)offset;
	int r;

	fuse_count(server, COUNT_READ);
	if (!file) {
		fuse_reply_err(req, ESTALE);
		return;
	}
	if (fuse_wait_is_for(file) || open_file_get_job(file)) {
		fuse_wait_read(req, file, size, position, info->flags & O_NONBLOCK);
		return;
	}
	if (file->kind == NODE_MANAGER && fuse_manager_read(req, file, size, position))
		return;
	if (file->kind == NODE_CONTROL && !file->reply.is_there && (position == 0 || !file->blob)) {
		fuse_drop_text(file);
		r = fuse_check_budget(server, file->uid, BUDGET_BYTES, file->operation);
		if (r < 0) {
			fuse_reply_err(req, -r);
			return;
		}
		fuse_hold_text(file, fuse_get_text(server, file->node));
	}
	if (!file->reply.is_there) {
		if (file->kind == NODE_CONTROL)
			post_text(req, &file->blob->text, position, size);
		else
			fuse_reply_text(req, &file->blob->text, position, size);
		return;
	}
	open_file_take_reply(file, size, position, &reply);
	notify_send(server->notify, &reply);
}

static bool is_blank(const char *line, size_t len)
{
	while (len && (*line == ' ' || *line == '\t'))
		line++, len--;
	return len == 0;
}

/*
 * Cuts the text in lines and parses them, up to the first that is wrong, or that is one too many.
 * Lines without a word are no requests, unless there is nothing else, nor more to come. Returns
 * what is left.
 */
static size_t add_lines(struct fuse_job *job, const struct strbuf *text, bool may_wait)
{
	const struct budget *budget = job->client->file->server->backend.budget;
	size_t start = 0, max = LINES_OF_USER;
	bool is_empty = false;

	if (budget_is_privileged(budget, job->client->file->uid) && !fuse_job_has_company(job))
		max = LINES_OF_ROOT;
	while (start < text->len && job->count < max) {
		const char *line = text->data + start;
		const char *newline = memchr(line, '\n', text->len - start);
		size_t len = newline ? (size_t)(newline - line) : text->len - start;

		if (!newline && may_wait && len <= REQUEST_MAX)
			break;
		start += len + (newline ? 1 : 0);
		is_empty = is_blank(line, len);
		if (is_empty)
			continue;
		fuse_job_add_line(job, line, len, start);
		if (job->lines[job->count - 1].error)
			break;
	}
	if (is_empty && !job->count && start == text->len)
		fuse_job_add_line(job, "", 0, start);
	job->client->is_full = job->count == max;
	return text->len - start;
}

/*
 * Whether a writer may have cut its text in the midst of a line: stdio does, at multiples of its
 * block. Who was given a short count goes on with what is left, up to where its text ended.
 */
static bool may_be_cut(struct open_file *file, uint64_t offset, size_t size)
{
	if (!file->control.short_end || file->control.short_end != offset)
		file->control.short_begin = offset;
	return (offset + size - file->control.short_begin) % STDIO_BLOCK == 0;
}

/* Makes a job of what is written, with the lines that it has. Returns how much is left. */
static size_t add_text(
	struct fuse_job *job, const char *data, size_t size, bool is_cut, bool may_wait)
{
	struct open_file *file = job->client->file;
	_cleanup_strbuf_ struct strbuf pending = file->control.pending;
	/* Few lines of a megabyte may be taken: it is copied where it goes on with a line only. */
	struct strbuf text = { .data = (char *)data, .len = size };
	bool has_error;
	size_t left;

	file->control.pending = (struct strbuf)STRBUF_INIT;
	if (pending.len) {
		strbuf_add(&pending, data, size);
		text = pending;
	}
	if (file->operation->flags & OPERATION_COLLECTS)
		left = fuse_batch_add_lines(file, job, &text);
	else
		left = add_lines(job, &text, is_cut || may_wait);
	has_error = job->count && job->lines[job->count - 1].error;
	if (job->client->is_full || (is_cut && job->count && !has_error))
		job->client->size -= left; /* a short count, for the writer to go on from there */
	else if (left && !has_error)
		strbuf_add(&file->control.pending, text.data + text.len - left, left);
	return left;
}

/* Whether the file can take a request now: 0, or a negative errno. */
static int check_write(struct open_file *file)
{
	struct fuse_server *server = file->server;
	int r;

	if (file->control.job)
		return -EAGAIN;
	file->has_new_texts = true;
	strbuf_fini(&file->reply.text); /* whatever comes, it has another one then */
	file->control.given = 0;
	file->control.error = 0;
	fuse_drop_text(file);
	fuse_charge(file);
	r = fuse_check_budget(server, file->uid, BUDGET_BYTES, file->operation);
	if (r == 0 && file->operation->flags & (OPERATION_WAITS | OPERATION_HOSTS))
		r = fuse_check_budget(server, file->uid, BUDGET_WAITS, file->operation);
	return r;
}

/* The write is over, and what it asks for is not: the file becomes readable then. */
static void detach_job(struct fuse_job *job)
{
	struct open_file *file = job->client->file;
	fuse_req_t req = steal_ptr(job->client->req);

	job->client->is_loose = true;
	file->control.job = job;
	file->reply.write_end = job->client->offset + job->client->size;
	fuse_job_leave_file(job);
	fuse_reply_write(req, job->client->size);
}

/* Whether a job asks for all points: what that replies is there once, for everybody. */
static bool asks_for_points(const struct fuse_job *job)
{
	return job->operation->kind == OP_QUERY_POINTS && job->count == 1 && !job->lines[0].error &&
		!job->lines[0].request.given;
}

static void answer_points(struct fuse_job *job)
{
	struct open_file *file = job->client->file;
	struct notify_reply reply = {
		.req = job->client->req,
		.kind = REPLY_WRITTEN,
		.size = job->client->size,
	};

	fuse_hold_text(file, fuse_get_text(file->server, file->node));
	open_file_set_reply(file, job->client->offset + job->client->size);
	fuse_job_leave_file(job);
	notify_send(file->server->notify, &reply);
	fuse_job_free(job);
}

void fuse_op_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset,
	struct fuse_file_info *info)
{
	struct fuse_server *server = fuse_req_userdata(req);
	struct open_file *file = open_file_get(server, info);
	struct fuse_job *job;
	/* The kernel cuts what is longer than max_write, less the start of a page: anywhere. */
	bool is_cut = size > server->max_write - STDIO_BLOCK, may_wait;
	size_t given = size;
	int r;

	fuse_count(server, COUNT_WRITE);
	if (!file) {
		fuse_reply_err(req, ESTALE);
		return;
	}
	if (size > BYTES_OF_USER && !budget_is_privileged(server->backend.budget, file->uid) &&
		file->kind == NODE_CONTROL && !(file->operation->flags & OPERATION_CHANGES)) {
		size = BYTES_OF_USER;
		is_cut = true;
	}
	/* A short count: nobody is told that a piece has failed behind one that has not. */
	size -= is_cut && file->kind == NODE_CONTROL && file->operation->flags & OPERATION_COLLECTS;
	if (file->kind == NODE_MANAGER) {
		fuse_manager_write(req, file, data, size, (uint64_t)offset);
		return;
	}
	r = check_write(file);
	if (r < 0) {
		fuse_reply_err(req, -r);
		return;
	}
	job = fuse_job_new(req, file->operation);
	job->client->file = file;
	file->references++;
	job->client->has_file = true;
	file->control.writes++;
	job->client->size = size;
	job->client->carried = file->control.pending.len;
	job->client->offset = (uint64_t)offset;
	job->may_share = file->operation->kind == OP_CREATE_POINT ||
		file->operation->kind == OP_DELETE_POINTS;
	job->is_unread = (info->flags & O_ACCMODE) == O_WRONLY;
	may_wait = may_be_cut(file, (uint64_t)offset, given);
	add_text(job, data, size, is_cut, may_wait);
	file->control.is_cut = is_cut || may_wait;
	file->control.short_end =
		job->client->size < given ? job->client->offset + job->client->size : 0;
	fuse_job_charge(job, given);
	if (asks_for_points(job)) {
		answer_points(job);
		return;
	}
	if (job->client->is_waiting && info->flags & O_NONBLOCK)
		detach_job(job);
	fuse_job_submit(job);
}
