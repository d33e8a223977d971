/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control/batch: lines gather in the open file until one says `commit`; then all of them become one
 * job, which happens as a whole or not at all. The write that carries the `commit` ends there, with
 * a short count if more follows, so that every result has a write of its own.
 */

#include <errno.h>
#include <string.h>

#include "io/fuse_private.h"

#define BATCH_MAX (1024u * 1024) /* bytes */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_commit(const char *line, size_t len)
{
	while (len && is_blank(line[len - 1]))
		len--;
	while (len && is_blank(*line))
		line++, len--;
	return len == strlen("commit") && memcmp(line, "commit", len) == 0;
}

/* "create_point link=X: device=sda1": the operation, then its request. */
static void add_request(struct fuse_job *job, size_t number, const char *line, size_t len)
{
	const struct operation *operation;
	_cleanup_free_ char *name = NULL;
	size_t start = 0, end;

	while (start < len && is_blank(line[start]))
		start++;
	if (start == len)
		return;
	for (end = start; end < len && !is_blank(line[end]);)
		end++;
	name = xstrndup(line + start, end - start);
	operation = operation_find_name(name);
	if (operation && operation->flags & OPERATION_BATCHES)
		fuse_job_add_line_of(job, operation, line + end, len - end);
	else
		fuse_job_add_fault(job, xstrndup(line, len < REQUEST_MAX ? len : REQUEST_MAX),
			-EINVAL, xasprintf("'%.64s' is no operation of a batch", name));
	job->lines[job->count - 1].number = number;
}

static void take_batch(struct open_file *file, struct fuse_job *job)
{
	const char *line = strbuf_text(&file->batch), *newline;

	for (size_t number = 1; (newline = strchr(line, '\n')); number++) {
		add_request(job, number, line, (size_t)(newline - line));
		line = newline + 1;
	}
	job->is_whole = true;
	strbuf_reset(&file->batch);
}

size_t fuse_batch_add_lines(
	struct open_file *file, struct fuse_job *job, const struct strbuf *text, bool may_wait)
{
	size_t start = 0;

	while (start < text->len) {
		const char *line = text->data + start;
		const char *newline = memchr(line, '\n', text->len - start);
		size_t len = newline ? (size_t)(newline - line) : text->len - start;

		if (!newline && may_wait && len <= REQUEST_MAX)
			break;
		start += len + (newline ? 1 : 0);
		if (is_commit(line, len)) {
			take_batch(file, job);
			job->client->size = start - job->client->carried;
			return 0;
		}
		if (memchr(line, '\0', len)) {
			strbuf_reset(&file->batch);
			fuse_job_add_fault(job, xstrdup(""), -EINVAL,
				xstrdup("a request cannot contain control characters"));
			break;
		}
		if (file->batch.len + len >= BATCH_MAX) {
			strbuf_reset(&file->batch);
			fuse_job_add_fault(
				job, xstrdup(""), -EMSGSIZE, xstrdup("a batch has at most 1 MiB"));
			break;
		}
		strbuf_add(&file->batch, line, len);
		strbuf_add_char(&file->batch, '\n');
	}
	return text->len - start;
}
