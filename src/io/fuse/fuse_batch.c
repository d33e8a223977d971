/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control/batch and control/database: lines gather in the open file until one says `commit`; then
 * all of them become one job, which happens as a whole or not at all. With `try` it is only told
 * what would come of that. The write that carries this end stops there, with a short count if more
 * follows, so that every result has a write of its own.
 *
 * Lines may be cut in writes anywhere. A last line without a newline is complete when it is the
 * end, or when the next write begins with that; but not where its writer may have been cut short,
 * as stdio is in the midst of a name.
 */

#include <errno.h>
#include <string.h>

#include "fuse_private.h"
#include "io/fuse/fuse_batch.h"
#include "io/fuse/fuse_job.h"
#include "io/fuse/open_file.h"

#define BATCH_MAX (1024u * 1024)	 /* bytes */
#define DATABASE_MAX (64u * 1024 * 1024) /* … of one that brings back a database */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool has_control(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < 0x20 && line[i] != '\t')
			return true;
	return false;
}

static bool is_word(const char *word, const char *line, size_t len)
{
	while (len && is_blank(line[len - 1]))
		len--;
	while (len && is_blank(*line))
		line++, len--;
	return len == strlen(word) && memcmp(line, word, len) == 0;
}

static bool is_try(const char *line, size_t len)
{
	return is_word("try", line, len);
}

static bool is_end(const char *line, size_t len)
{
	return is_word("commit", line, len) || is_try(line, len);
}

/* "create_point link=X: device=sda1": the operation, then its request. */
static void add_request(struct fuse_job *job, size_t number, const char *line, size_t len)
{
	bool is_saved = job->operation->kind == OP_DATABASE;
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
	operation = is_saved ? operation_find_saved(name) : operation_find_name(name);
	if (operation && operation->flags & OPERATION_BATCHES)
		fuse_job_add_line_of(job, operation, line + end, len - end);
	else
		fuse_job_add_fault(job, xstrndup(line, len < REQUEST_MAX ? len : REQUEST_MAX),
			-EINVAL, xasprintf("'%.64s' is no operation of a batch", name));
	job->lines[job->count - 1].number = number;
}

static void take_batch(struct open_file *file, struct fuse_job *job)
{
	const char *line = strbuf_text(&file->control.batch), *newline;

	for (size_t number = 1; (newline = strchr(line, '\n')); number++) {
		add_request(job, number, line, (size_t)(newline - line));
		if (job->count && job->lines[job->count - 1].error)
			break; /* nothing of it will happen */
		line = newline + 1;
	}
	job->is_whole = true;
	strbuf_reset(&file->control.batch);
}

static size_t measure_line(const struct strbuf *text, size_t start)
{
	const char *newline = memchr(text->data + start, '\n', text->len - start);

	return newline ? (size_t)(newline - text->data) - start : text->len - start;
}

/* Of the line at `start`; of one whose first `whole` bytes are complete if the end follows. */
static size_t get_line_len(const struct strbuf *text, size_t start, size_t whole)
{
	if (start < whole && whole < text->len &&
		is_end(text->data + whole, measure_line(text, whole)))
		return whole - start;
	return measure_line(text, start);
}

/* How much of a text is of an earlier write, if that was whole. */
static size_t get_whole(const struct open_file *file, const struct fuse_job *job)
{
	return file->control.is_cut ? 0 : job->client->carried;
}

static bool has_newline(const struct strbuf *text, size_t at)
{
	return at < text->len && text->data[at] == '\n';
}

static unsigned int get_max(const struct open_file *file)
{
	return file->operation->kind == OP_DATABASE ? DATABASE_MAX : BATCH_MAX;
}

/*
 * Of a batch with a line that cannot be taken nothing happens: what follows fails the same, up to
 * and with its end. The beginning of a line waits for its rest here, too: what follows may be the
 * end, or only look like it.
 */
static void refuse(
	struct open_file *file, struct fuse_job *job, const struct strbuf *text, size_t start)
{
	int error = file->control.batch_error;

	strbuf_reset(&file->control.batch);
	fuse_job_add_fault(job, xstrdup(""), error,
		error == -EMSGSIZE
			? xasprintf("a batch has at most %u MiB", get_max(file) / BATCH_MAX)
			: xstrdup("a request cannot contain control characters"));
	while (start < text->len) {
		size_t len = get_line_len(text, start, get_whole(file, job)), end = start + len;

		/* `commit`, CR: that of all lines that end so */
		if (is_end(text->data + start, len - (len && text->data[end - 1] == '\r'))) {
			file->control.batch_error = 0;
			return;
		}
		if (end == text->len)
			strbuf_add(&file->control.pending, text->data + start,
				len < REQUEST_MAX ? len : REQUEST_MAX);
		start = end + has_newline(text, end);
	}
}

static bool take_line(struct open_file *file, const char *line, size_t len)
{
	if (file->control.batch.len + len >= get_max(file)) {
		file->control.batch_error = -EMSGSIZE;
		return false;
	}
	strbuf_add(&file->control.batch, line, len);
	strbuf_add_char(&file->control.batch, '\n');
	return true;
}

static size_t count_lines(const struct strbuf *text)
{
	size_t count = 0;

	for (size_t i = 0; i < text->len; i++)
		count += text->data[i] == '\n';
	return count;
}

size_t fuse_batch_add_lines(struct open_file *file, struct fuse_job *job, const struct strbuf *text)
{
	size_t carried = job->client->carried, whole = get_whole(file, job), start = 0, number;

	if (file->control.batch_error) {
		refuse(file, job, text, 0);
		return 0;
	}
	while (start < text->len) {
		const char *line = text->data + start;
		size_t len = get_line_len(text, start, whole), end = start + len;
		bool is_complete = end < text->len;

		if (has_control(line, len)) {
			number = count_lines(&file->control.batch) + 1;
			file->control.batch_error = -EINVAL;
			refuse(file, job, text, start);
			job->lines[0].number = number;
			return 0;
		}
		if (is_end(line, len)) {
			take_batch(file, job);
			job->is_trial = is_try(line, len);
			job->client->size = end + has_newline(text, end) - carried;
			return 0;
		}
		if (!is_complete && len <= REQUEST_MAX)
			break;
		if (!take_line(file, line, len)) {
			refuse(file, job, text, start);
			return 0;
		}
		start = end + has_newline(text, end);
	}
	return text->len - start;
}
