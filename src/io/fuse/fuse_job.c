/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs: what clients ask for, on the way to the daemon's queue and back.
 *
 * A job belongs to whoever holds it: this file until submit(), the daemon until fuse_finish().
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "fuse_private.h"
#include "io/fuse/fuse_budget.h"
#include "io/fuse/fuse_finish.h"
#include "io/fuse/fuse_job.h"
#include "io/fuse/fuse_wait.h"
#include "io/fuse/kept_outcomes.h"
#include "io/fuse/open_file.h"

#define COMPANY 1000000u /* µs for which somebody who has changed something counts */

/* The client's command name, for the history. procfs answers from memory. */
static void get_command(pid_t pid, char ret_command[17])
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/comm", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, ret_command, 16) : 0;

	if (fd >= 0)
		close(fd);
	ret_command[n > 0 ? n : 0] = '\0';
	ret_command[strcspn(ret_command, "\n")] = '\0';
}

static struct fuse_job *new_of(const struct fuse_ctx *context, const struct operation *operation)
{
	struct fuse_job *job = xcalloc(1, sizeof(*job));

	job->operation = operation;
	job->uid = context->uid;
	job->pid = (uint32_t)context->pid;
	if (operation->flags & OPERATION_CHANGES)
		get_command(context->pid, job->command);
	job->client = xcalloc(1, sizeof(*job->client));
	return job;
}

struct fuse_job *fuse_job_new(fuse_req_t req, const struct operation *operation)
{
	const struct fuse_server *server = fuse_req_userdata(req);
	struct fuse_job *job = new_of(fuse_req_ctx(req), operation);

	job->client->req = req;
	job->number = requests_get_current(server->requests);
	return job;
}

static struct job_line *add_line(struct fuse_job *job, char *text, size_t end)
{
	job->lines = xgrow(job->lines, job->count, sizeof(*job->lines));
	job->lines[job->count] = (struct job_line){ .text = text, .end = end };
	return &job->lines[job->count++];
}

static void line_parse(
	struct job_line *line, const struct operation *operation, const char *text, size_t len)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;

	line->error = request_parse(operation, text, len, &line->request, &why);
	if (line->error)
		line->why = strbuf_take(&why);
}

/* Of a line that is too long, the beginning is enough for the log. */
static char *copy_line(const char *text, size_t len)
{
	return xstrndup(text, len < REQUEST_MAX ? len : REQUEST_MAX);
}

void fuse_job_add_line(struct fuse_job *job, const char *text, size_t len, size_t end)
{
	line_parse(add_line(job, copy_line(text, len), end), job->operation, text, len);
}

void fuse_job_add_line_of(
	struct fuse_job *job, const struct operation *operation, const char *text, size_t len)
{
	_cleanup_free_ char *request = copy_line(text, len);

	line_parse(add_line(job, xasprintf("%s%s", operation->name, request), 0), operation, text,
		len);
}

void fuse_job_add_request(struct fuse_job *job, struct request *request, char *text)
{
	add_line(job, text, 0)->request = *request;
	*request = (struct request){ 0 };
}

void fuse_job_add_fault(struct fuse_job *job, char *text, int error, char *why)
{
	struct job_line *line = add_line(job, text, 0);

	line->error = error;
	line->why = why;
}

struct fuse_job *fuse_job_restore(struct open_file *file, uint64_t number,
	const struct fuse_ctx *context, const struct strbuf *lines)
{
	struct fuse_job *job = new_of(context, file->operation);
	size_t start = 0;

	job->number = number;
	job->client->is_loose = true;
	job->client->file = file;
	file->references++;
	while (start < lines->len) {
		const char *line = lines->data + start;
		const char *newline = memchr(line, '\n', lines->len - start);
		size_t len = newline ? (size_t)(newline - line) : lines->len - start;

		fuse_job_add_line(job, line, len, 0);
		start += len + 1;
	}
	fuse_job_charge(job, lines->len);
	return job;
}

static void release_file(const struct fuse_client *client)
{
	struct open_file *file = client->file;
	struct budget *budget;

	if (!file)
		return;
	budget = file->server->backend.budget;
	budget_give(budget, file->uid, BUDGET_BYTES, client->charged);
	if (client->is_waiting)
		budget_give(budget, file->uid, BUDGET_WAITS, 1);
	open_file_release(file);
}

void fuse_job_charge(struct fuse_job *job, size_t given)
{
	struct fuse_client *client = job->client;
	struct budget *budget = client->file->server->backend.budget;

	client->charged = job->count * sizeof(*job->lines) + given;
	budget_take(budget, client->file->uid, BUDGET_BYTES, client->charged);
	client->is_waiting = job->operation->flags & (OPERATION_WAITS | OPERATION_HOSTS);
	if (client->is_waiting)
		budget_take(budget, client->file->uid, BUDGET_WAITS, 1);
	fuse_charge(client->file);
}

void fuse_job_leave_file(struct fuse_job *job)
{
	if (!job->client->has_file)
		return;
	job->client->has_file = false;
	job->client->file->control.writes--;
	kept_files_touch(job->client->file);
}

void fuse_job_free(struct fuse_job *job)
{
	fuse_job_leave_file(job);
	for (size_t i = 0; i < job->count; i++) {
		free(job->lines[i].text);
		free(job->lines[i].why);
		request_fini(&job->lines[i].request);
	}
	free(job->lines);
	reply_fini(&job->reply);
	strbuf_fini(&job->output);
	strbuf_fini(&job->why);
	release_file(job->client);
	free(job->client->name);
	free(job->client);
	free(job);
}

static bool is_recent(uint64_t time)
{
	return time && clock_get_monotonic() - time < COMPANY;
}

static bool was_interrupted(const struct fuse_server *server, const struct open_file *file)
{
	return server->changer != file->number && is_recent(file->control.changed);
}

bool fuse_job_has_company(const struct fuse_job *job)
{
	const struct open_file *file = job->client->file;

	return job->operation->flags & OPERATION_CHANGES &&
		(was_interrupted(file->server, file) || is_recent(file->control.company));
}

static void note_changer(struct fuse_server *server, const struct fuse_job *job)
{
	struct open_file *file = job->client->file;

	if (!(job->operation->flags & OPERATION_CHANGES))
		return;
	if (file && file->kind == NODE_CONTROL) {
		if (was_interrupted(server, file))
			file->control.company = clock_get_monotonic();
		file->control.changed = clock_get_monotonic();
	}
	server->changer = file ? file->number : 0;
}

/* On the thread that serves. What has come too far to be taken back ends by itself soon. */
static void on_interrupt(fuse_req_t req, void *data)
{
	struct fuse_server *server = fuse_req_userdata(req);
	struct fuse_job *job = data;

	if (!server->backend.cancel(server->backend.data, job))
		return;
	kept_outcomes_drop(server->backend.kept, job);
	fuse_job_leave_file(job);
	fuse_reply_err(req, EINTR);
	fuse_job_free(job);
}

void fuse_job_submit(struct fuse_job *job)
{
	struct fuse_client *client = job->client;
	struct fuse_server *server =
		client->file ? client->file->server : fuse_req_userdata(client->req);

	note_changer(server, job);
	client->can_interrupt =
		!client->is_loose && job->operation->flags & (OPERATION_WAITS | OPERATION_HOSTS);
	if (client->can_interrupt && fuse_req_interrupted(client->req)) {
		fuse_job_leave_file(job);
		fuse_reply_err(client->req, EINTR);
		fuse_job_free(job);
		return;
	}
	if (client->can_interrupt)
		fuse_req_interrupt_func(client->req, on_interrupt, job);
	server->backend.submit(server->backend.data, job);
}

void fuse_job_drop(struct open_file *file)
{
	struct fuse_job *job = open_file_get_job(file);

	if (!job)
		return;
	file->control.job = NULL;
	if (file->server->backend.cancel(file->server->backend.data, job)) {
		kept_outcomes_drop(file->server->backend.kept, job);
		fuse_job_free(job);
	}
}
