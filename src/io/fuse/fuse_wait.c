/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that are waited for: `events` and `control/change_notify`, and each with a request
 * under way whose write has returned already.
 *
 * A read that finds nothing waits in a list, without a thread of its own, until there is something,
 * or a signal comes, or the end. Who polls waits there as well. A read belongs to this list, or to
 * the notify thread that answers it, never to both: an interruption finds only what is listed.
 *
 * So do CHANGE_NOTIFY calls on MountPointManager, each with a number of its own, while poll(2) on
 * that file goes by the number that the open file was told last.
 *
 * Who is told of a change must see it at once: notify.c says how.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <string.h>

#include "fuse_private.h"
#include "io/fuse/fuse_budget.h"
#include "io/fuse/fuse_counters.h"
#include "io/fuse/fuse_job.h"
#include "io/fuse/fuse_wait.h"
#include "io/fuse/open_file.h"

/* What is read at once: less than what the kernel asks for at a time, or it would ask again. */
#define READ_MAX 65536

bool fuse_wait_is_for(const struct open_file *file)
{
	return file->kind == NODE_EVENTS ||
		(file->operation && file->operation->kind == OP_CHANGE_NOTIFY);
}

/*
 * Without a file position: else the kernel would have a second read of the same open file, from a
 * process that inherited it, wait for the first one beyond the reach of signals.
 */
uint32_t fuse_wait_open(struct open_file *file)
{
	if (file->kind == NODE_EVENTS)
		event_reader_init(&file->events, file->server->backend.stream);
	return FOPEN_NONSEEKABLE | FOPEN_STREAM |
		FOPEN_NOFLUSH; /* or the last close(2) could fail at the end */
}

static bool has_text(const struct fuse_server *server, const struct open_file *file)
{
	if (file->kind == NODE_EVENTS)
		return event_reader_has(&file->events, server->backend.stream);
	if (file->kind == NODE_MANAGER)
		return file->epic != server->backend.manager->epic;
	if (!fuse_wait_is_for(file))
		return !open_file_get_job(file);
	return file->control.given < file->reply.text.len ||
		file->epic != server->backend.manager->epic;
}

static bool is_ready(const struct fuse_server *server, const struct open_file *file)
{
	return server->is_ending || has_text(server, file);
}

static size_t take_number(
	const struct fuse_server *server, struct open_file *file, char *buffer, size_t size)
{
	size_t left;

	if (file->control.given >= file->reply.text.len) {
		file->epic = server->backend.manager->epic;
		file->control.given = 0;
		strbuf_reset(&file->reply.text);
		strbuf_add_format(&file->reply.text, "%u\n", file->epic);
	}
	left = file->reply.text.len - file->control.given;
	if (size > left)
		size = left;
	memcpy(buffer, file->reply.text.data + file->control.given, size);
	file->control.given += size;
	return size;
}

static void take_text(struct fuse_server *server, struct open_file *file, size_t size,
	uint64_t position, struct notify_reply *ret_reply)
{
	char buffer[READ_MAX];
	size_t n;

	kept_files_touch(file);
	if (!has_text(server, file)) {
		ret_reply->kind = REPLY_ERROR;
		ret_reply->error = ENODEV;
		return;
	}
	if (!fuse_wait_is_for(file)) {
		open_file_take_reply(file, size, position, ret_reply);
		return;
	}
	file->has_new_texts = true;
	if (size > sizeof(buffer))
		size = sizeof(buffer);
	n = file->kind == NODE_EVENTS
		? event_reader_read(&file->events, server->backend.stream, buffer, size)
		: take_number(server, file, buffer, size);
	ret_reply->kind = REPLY_DATA;
	ret_reply->size = n;
	ret_reply->data = memcpy(xrealloc(NULL, n + 1, 1), buffer, n);
	fuse_charge(file);
}

static struct wait *wait_add(struct fuse_server *server, struct open_file *file)
{
	struct wait *wait = xcalloc(1, sizeof(*wait));

	wait->file = file;
	budget_take(server->backend.budget, file->uid, BUDGET_WAITS, 1);
	wait->previous = server->last_wait;
	*server->last_wait = wait;
	server->last_wait = &wait->next;
	return wait;
}

static void wait_remove(struct fuse_server *server, struct wait *wait)
{
	if (wait->poll)
		wait->file->poll = NULL;
	budget_give(server->backend.budget, wait->file->uid, BUDGET_WAITS, 1);
	budget_give(server->backend.budget, wait->file->uid, BUDGET_BYTES, wait->charged);
	*wait->previous = wait->next;
	if (wait->next)
		wait->next->previous = wait->previous;
	else
		server->last_wait = wait->previous;
	free(wait);
}

/* Whether one may wait more; else the call has its error. */
static bool may_wait(fuse_req_t req, struct open_file *file)
{
	int r = fuse_check_budget(file->server, file->uid, BUDGET_WAITS, file->operation);

	if (r < 0)
		fuse_reply_err(req, -r);
	return r == 0;
}

/* On the thread that serves, as all of this file. */
static void on_interrupt(fuse_req_t req, void *data)
{
	struct wait *wait = data;

	free(wait->call);
	wait_remove(fuse_req_userdata(req), data);
	fuse_reply_err(req, EINTR);
}

void fuse_wait_read(
	fuse_req_t req, struct open_file *file, size_t size, uint64_t position, bool is_nonblocking)
{
	struct fuse_server *server = fuse_req_userdata(req);
	struct notify_reply reply = { .req = req };
	struct wait *wait;

	if (is_ready(server, file)) {
		take_text(server, file, size, position, &reply);
		notify_send(server->notify, &reply);
	} else if (is_nonblocking) {
		fuse_reply_err(req, EAGAIN);
	} else if (fuse_req_interrupted(req)) {
		fuse_reply_err(req, EINTR);
	} else if (may_wait(req, file)) {
		wait = wait_add(server, file);
		wait->req = req;
		wait->size = size;
		wait->position = position;
		fuse_req_interrupt_func(req, on_interrupt, wait);
	}
}

static void finish_call(struct fuse_server *server, struct fuse_client *call,
	fuse_wait_answer_fn *answer, struct notify_reply *reply)
{
	kept_files_touch(call->file);
	reply->req = call->req;
	if (call->epic != server->backend.manager->epic) {
		answer(call, reply);
	} else {
		reply->kind = REPLY_ERROR;
		reply->error = ENODEV;
	}
	free(call);
}

void fuse_wait_number(
	struct fuse_server *server, struct fuse_client *call, fuse_wait_answer_fn *answer)
{
	struct notify_reply reply = { 0 };
	struct wait *wait;

	if (server->is_ending || call->epic != server->backend.manager->epic) {
		finish_call(server, call, answer, &reply);
		notify_send(server->notify, &reply);
	} else if (fuse_req_interrupted(call->req)) {
		fuse_reply_err(call->req, EINTR);
		free(call);
	} else if (!may_wait(call->req, call->file)) {
		free(call);
	} else {
		wait = wait_add(server, call->file);
		wait->req = call->req;
		wait->call = call;
		wait->charged = call->carrier; /* the request is kept as long */
		budget_take(server->backend.budget, call->file->uid, BUDGET_BYTES, wait->charged);
		wait->answer = answer;
		fuse_req_interrupt_func(call->req, on_interrupt, wait);
	}
}

/* The kernel asks again when it was woken, so the newest handle does for all who poll the file. */
static void set_poll(
	struct fuse_server *server, struct open_file *file, struct fuse_pollhandle *handle)
{
	if (!file->poll)
		file->poll = wait_add(server, file);
	else
		fuse_pollhandle_destroy(file->poll->poll);
	file->poll->poll = handle;
	file->poll_handle =
		((const struct fuse_poll_in *)requests_get_argument(server->requests))->kh;
}

void fuse_op_poll(
	fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info, struct fuse_pollhandle *handle)
{
	struct fuse_server *server = fuse_req_userdata(req);
	struct open_file *file = open_file_get(server, info);
	struct notify_reply reply = { .req = req, .kind = REPLY_POLL };

	fuse_count(server, COUNT_POLL);
	if (!file) {
		if (handle)
			fuse_pollhandle_destroy(handle);
		fuse_reply_err(req, ESTALE);
		return;
	}
	if (!fuse_wait_is_for(file) && file->kind != NODE_MANAGER && !open_file_get_job(file)) {
		if (handle)
			fuse_pollhandle_destroy(handle);
		fuse_reply_poll(req, POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM);
		return;
	}
	if (handle && !file->poll && !may_wait(req, file)) {
		fuse_pollhandle_destroy(handle);
		return;
	}
	if (handle)
		set_poll(server, file, handle);
	if (file->kind != NODE_EVENTS && !open_file_get_job(file))
		reply.events |= POLLOUT | POLLWRNORM;
	if (server->is_ending)
		reply.events |= POLLHUP;
	if (!is_ready(server, file)) {
		fuse_reply_poll(req, reply.events);
		return;
	}
	reply.events |= POLLIN | POLLRDNORM;
	notify_send(server->notify, &reply);
}

static void finish(struct fuse_server *server, struct wait *wait)
{
	struct notify_reply reply = { .req = wait->req };

	if (wait->poll) {
		reply.kind = REPLY_WAKE;
		reply.poll = wait->poll;
	} else {
		fuse_req_interrupt_func(wait->req, NULL, NULL);
		if (wait->call)
			finish_call(server, wait->call, wait->answer, &reply);
		else
			take_text(server, wait->file, wait->size, wait->position, &reply);
	}
	wait_remove(server, wait);
	notify_send(server->notify, &reply);
}

static bool is_over(const struct fuse_server *server, const struct wait *wait)
{
	if (wait->call)
		return server->is_ending || wait->call->epic != server->backend.manager->epic;
	return is_ready(server, wait->file);
}

void fuse_wait_wake(struct fuse_server *server)
{
	struct budget *budget = server->backend.budget;
	struct wait *next;

	server->has_sleepers = false;
	for (struct wait *wait = server->waits; wait; wait = next) {
		next = wait->next;
		if (!is_over(server, wait))
			continue;
		if (server->is_ending || budget_take_wake(budget, wait->file->uid))
			finish(server, wait);
		else
			server->has_sleepers = true;
	}
}

void fuse_wait_take_request(const struct fuse_job *job)
{
	struct open_file *file = job->client->file;

	if (!fuse_wait_is_for(file))
		return;
	file->control.given = 0;
	if (job->done)
		file->epic = job->lines[job->done - 1].request.epic;
}

void fuse_wait_release(struct open_file *file)
{
	struct wait *wait = file->poll;

	if (!wait)
		return;
	fuse_pollhandle_destroy(wait->poll);
	wait_remove(file->server, wait);
}

void fuse_wait_wake_again(struct fuse_server *server)
{
	struct fuse_out_header header = { .error = FUSE_NOTIFY_POLL };
	struct fuse_notify_poll_wakeup_out wakeup = { 0 };
	struct iovec iov[] = { { &header, sizeof(header) }, { &wakeup, sizeof(wakeup) } };

	header.len = sizeof(header) + sizeof(wakeup);
	for (const struct open_file *file = server->files; file; file = file->next) {
		wakeup.kh = file->poll_handle;
		if (wakeup.kh)
			requests_write(server->requests, fuse_session_fd(server->session), iov, 2);
	}
}
