/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MountPointManager: records of mmfs/mountmgr.h in, answers out.
 *
 * A record comes by ioctl(2), or by write(2) where it is longer than an ioctl can be. Its request
 * takes the same way as a line of a control file. An answer to an ioctl that is longer than its
 * carrier is kept in the open file under a position of its own, so that any number of threads can
 * have one under way on one descriptor; it goes when it was read to its end, or as the oldest of
 * too many. Nobody but its reader is told of it.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <string.h>
#include <sys/ioctl.h>

#include "fuse_private.h"
#include "io/fuse/fuse_budget.h"
#include "io/fuse/fuse_counters.h"
#include "io/fuse/fuse_ioctl.h"
#include "io/fuse/fuse_job.h"
#include "io/fuse/fuse_wait.h"
#include "io/fuse/open_file.h"

#define TICKET_STEP ((uint64_t)1 << 32)	       /* file positions for each */
#define TICKETS_MAX ((uint64_t)0x7fffffff)     /* positions stay positive */
#define RECORD_SIZE sizeof(struct mmfs_record) /* of the header */

void fuse_manager_open(struct open_file *file, const struct fuse_file_info *info)
{
	int mode = info->flags & O_ACCMODE;

	file->manager.access = (mode != O_WRONLY ? MMFS_ACCESS_READ : 0) |
		(mode != O_RDONLY ? MMFS_ACCESS_WRITE : 0);
}

/* Takes over the record, and returns the position at which it is read. */
static uint64_t keep_rest(struct open_file *file, struct strbuf *record)
{
	struct rest *rest = xcalloc(1, sizeof(*rest)), **last = &file->manager.rests;

	rest->ticket = (file->manager.tickets++ % TICKETS_MAX + 1) * TICKET_STEP;
	rest->record = *record;
	*record = (struct strbuf)STRBUF_INIT;
	rest->next = file->manager.rests;
	file->manager.rests = rest;
	for (size_t i = 0; i < FUSE_MANAGER_RESTS && *last; i++)
		last = &(*last)->next;
	if (*last)
		rest_remove(last);
	return rest->ticket;
}

bool fuse_manager_read(fuse_req_t req, struct open_file *file, size_t size, uint64_t position)
{
	struct rest **at = &file->manager.rests, *rest;

	if (position < TICKET_STEP && file->reply.is_there)
		return false;
	if (position < TICKET_STEP) {
		fuse_reply_buf(req, NULL, 0);
		return true;
	}
	while (*at && (*at)->ticket != position / TICKET_STEP * TICKET_STEP)
		at = &(*at)->next;
	rest = *at;
	if (!rest) {
		fuse_reply_err(req, ESTALE);
		return true;
	}
	position -= rest->ticket;
	fuse_reply_slice(req, &rest->record, position, size);
	if (position + size >= rest->record.len) {
		rest_remove(at);
		fuse_charge(file);
		kept_files_touch(file); /* behind its answer */
	}
	return true;
}

/* Says how the call ends. Whatever the status, the system call itself succeeds. */
static void answer(struct fuse_client *client, uint32_t status, const struct strbuf *output,
	struct notify_reply *ret_reply)
{
	struct open_file *file = client->file;
	struct mmfs_record header = client->record;
	_cleanup_strbuf_ struct strbuf record = STRBUF_INIT;
	size_t len = output ? output->len : 0;

	header.status = status;
	header.info = (uint32_t)len;
	header.flags = 0;
	strbuf_add(&record, &header, RECORD_SIZE);
	if (len)
		strbuf_add(&record, output->data, len);
	if (!client->carrier) {
		strbuf_fini(&file->reply.text);
		file->reply.text = record;
		record = (struct strbuf)STRBUF_INIT;
		file->has_new_texts = true;
		open_file_set_reply(file, client->offset + client->size);
		fuse_charge(file);
		ret_reply->kind = REPLY_WRITTEN;
		ret_reply->size = client->size;
		return;
	}
	if (record.len > client->carrier) {
		header.ticket = keep_rest(file, &record);
		header.flags = MMFS_RECORD_REST;
		fuse_charge(file);
		strbuf_add(&record, &header, RECORD_SIZE);
	}
	ret_reply->kind = REPLY_IOCTL;
	ret_reply->size = record.len;
	ret_reply->data = strbuf_take(&record);
}

/* Answers at once. Behind what was posted before, as it may tell of that. */
static void answer_now(struct fuse_client *client, uint32_t status, const struct strbuf *output)
{
	struct notify_reply reply = { .req = client->req };
	struct deltas none = { 0 };

	answer(client, status, output, &reply);
	notify_post(client->file->server->notify, &none, NULL, &reply);
}

void fuse_manager_finish(struct fuse_job *job, struct notify_reply *ret_reply)
{
	bool has_output = !job->error || job->error == -EOVERFLOW;

	answer(job->client, wire_get_status(&job->reply, job->error),
		has_output ? &job->output : NULL, ret_reply);
}

static void add_number(uint32_t number, size_t room, struct strbuf *ret_output)
{
	wire_encode(wire_find_code(IOCTL_MOUNTMGR_CHANGE_NOTIFY),
		&(struct reply){ .number = number }, room, ret_output);
}

/* CHANGE_NOTIFY, once there is another number. */
static void answer_number(struct fuse_client *client, struct notify_reply *ret_reply)
{
	_cleanup_strbuf_ struct strbuf output = STRBUF_INIT;

	client->file->epic = client->file->server->backend.manager->epic;
	add_number(client->file->epic, client->record.out_len, &output);
	answer(client, STATUS_SUCCESS, &output, ret_reply);
}

/* What the state alone answers. */
static void answer_shown(struct fuse_client *client, const struct wire_code *code)
{
	const struct manager *manager = client->file->server->backend.manager;
	struct reply reply = { .number = !names_is_auto_mount_off(&manager->names) };
	_cleanup_strbuf_ struct strbuf output = STRBUF_INIT;

	wire_encode(code, &reply, client->record.out_len, &output);
	answer_now(client, STATUS_SUCCESS, &output);
}

/* CHANGE_NOTIFY waits without being a job: nothing is decided. */
static void await_number(struct fuse_client *client, uint32_t epic)
{
	struct fuse_server *server = client->file->server;
	bool is_same = epic == server->backend.manager->epic;
	struct fuse_client *call;

	if (is_same && (!client->carrier || client->record.flags & MMFS_RECORD_NOWAIT)) {
		client->file->epic = epic;
		answer_now(client, STATUS_PENDING, NULL);
		return;
	}
	call = xcalloc(1, sizeof(*call));
	*call = *client;
	call->epic = epic;
	fuse_wait_number(server, call, answer_number);
}

static void submit(struct fuse_client *client, const struct wire_code *code,
	struct request *request, int error, struct strbuf *why)
{
	struct open_file *file = client->file;
	struct fuse_job *job = fuse_job_new(client->req, operation_find(code->operation));
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	*job->client = *client;
	file->references++;
	job->code = code;
	job->room = client->record.out_len;
	job->is_whole = true;
	job->may_share = code->operation == OP_CREATE_POINT; /* has no output to have no room for */
	if (error) {
		strbuf_add_format(&text, "%s of %u bytes", code->name, client->record.in_len);
		fuse_job_add_fault(job, strbuf_take(&text), error, strbuf_take(why));
	} else {
		request_format(request, &text);
		fuse_job_add_request(job, request, strbuf_take(&text));
	}
	fuse_job_submit(job);
}

/* Serves a record whose input is at `data`. */
static void serve(struct fuse_client *client, const uint8_t *data)
{
	const struct wire_code *code = wire_find_code(client->record.code);
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct wire_input in = { data, client->record.in_len, &why };
	struct request request = { 0 };
	int r = fuse_check_budget(client->file->server, client->file->uid, BUDGET_BYTES, NULL);

	if (r < 0) {
		fuse_reply_err(client->req, -r);
		return;
	}
	if (!code) {
		answer_now(client, STATUS_INVALID_DEVICE_REQUEST, NULL);
		return;
	}
	if (wire_get_access(code) & ~client->file->manager.access) {
		answer_now(client, STATUS_ACCESS_DENIED, NULL);
		return;
	}
	r = wire_decode(code, &in, client->record.out_len, &request);
	if (r == 0 && code->is_shown)
		answer_shown(client, code);
	else if (r == 0 && code->operation == OP_CHANGE_NOTIFY)
		await_number(client, request.epic);
	else
		submit(client, code, &request, r, &why);
	request_fini(&request);
}

/* Whether the record is one, with an input of at most `size` bytes, and no flags but these. */
static bool is_sound(const struct mmfs_record *record, size_t size, uint32_t flags)
{
	return record->version == MMFS_RECORD_VERSION && record->in_len <= size &&
		!(record->flags & ~flags) && !record->reserved;
}

/* Serves a record of an ioctl, which has the input as a whole or in pieces. */
static void serve_carrier(struct fuse_client *client, const uint8_t *data, size_t size)
{
	bool is_whole = !(client->record.flags & MMFS_RECORD_PIECES);
	_cleanup_free_ uint8_t *input = NULL;

	if (!is_sound(&client->record, is_whole ? size : MMFS_INPUT_MAX,
		    MMFS_RECORD_NOWAIT | MMFS_RECORD_PIECES)) {
		fuse_reply_err(client->req, EINVAL);
		return;
	}
	if (!is_whole) {
		input = xcalloc(client->record.in_len, 1);
		if (wire_join(data, size, input, client->record.in_len) < 0) {
			fuse_reply_err(client->req, EINVAL);
			return;
		}
		data = input;
	}
	serve(client, data);
}

void fuse_op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int command, void *argument,
	struct fuse_file_info *info, unsigned int flags, const void *in, size_t in_size,
	size_t out_size)
{
	struct fuse_server *server = fuse_req_userdata(req);
	struct open_file *file = open_file_get(server, info);
	struct fuse_client client = { .req = req, .file = file, .carrier = out_size };

	fuse_count(server, COUNT_IOCTL);
	/* Others are asked, too: sed, perl and their like want to know whether it is a terminal. */
	if (flags & FUSE_IOCTL_DIR || (command != MMFS_IOC_4K && command != MMFS_IOC_16K) ||
		!file || file->kind != NODE_MANAGER || in_size != out_size) {
		fuse_reply_err(req, file ? ENOTTY : ESTALE);
		return;
	}
	memcpy(&client.record, in, RECORD_SIZE);
	serve_carrier(&client, (const uint8_t *)in + RECORD_SIZE, in_size - RECORD_SIZE);
}

void fuse_manager_write(
	fuse_req_t req, struct open_file *file, const char *data, size_t size, uint64_t offset)
{
	struct fuse_client client = { .req = req, .file = file, .size = size, .offset = offset };

	if (size >= RECORD_SIZE)
		memcpy(&client.record, data, RECORD_SIZE);
	if (size < RECORD_SIZE || !is_sound(&client.record, MMFS_INPUT_MAX, MMFS_RECORD_NOWAIT) ||
		client.record.in_len != size - RECORD_SIZE)
		fuse_reply_err(req, EINVAL);
	else
		serve(&client, (const uint8_t *)data + RECORD_SIZE);
}
