/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log of failed requests. Not on disk: it is for whoever wonders about an errno just now.
 */

#include <string.h>

#include "core/views/error_log.h"
#include "core/views/render.h"

static void failure_fini(struct failure *failure)
{
	free(failure->operation);
	free(failure->request);
	free(failure->why);
	*failure = (struct failure){ 0 };
}

void error_log_fini(struct error_log *log)
{
	for (size_t i = 0; i < ERROR_LOG_MAX; i++)
		failure_fini(&log->ring[i]);
	for (size_t i = 0; i < ERROR_LOG_OF_USERS; i++)
		failure_fini(&log->users[i]);
}

void error_log_add(struct error_log *log, const struct failure *failure)
{
	bool is_privileged = failure->uid == 0 || failure->uid == log->owner;
	struct failure *slot = is_privileged ? &log->ring[log->privileged++ % ERROR_LOG_MAX]
					     : &log->users[log->common++ % ERROR_LOG_OF_USERS];

	failure_fini(slot);
	*slot = *failure;
	slot->operation = xstrdup(failure->operation);
	slot->request = xstrdup(failure->request);
	slot->why = xstrdup(failure->why);
	slot->number = ++log->count;
}

void error_log_restore(struct error_log *log, const struct failure *failure)
{
	log->count = failure->number - 1;
	error_log_add(log, failure);
}

/* The newest of a ring that is older than `number`, or NULL. */
static const struct failure *find_before(
	const struct failure *ring, size_t size, uint64_t count, uint64_t number)
{
	for (uint64_t i = 0; i < size && i < count; i++) {
		const struct failure *failure = &ring[(count - 1 - i) % size];

		if (failure->number < number)
			return failure;
	}
	return NULL;
}

/* The newest first. */
static size_t get_newest(const struct error_log *log, const struct failure **ret_list)
{
	uint64_t number = UINT64_MAX;
	size_t count = 0;

	while (count < ERROR_LOG_MAX) {
		const struct failure *a =
			find_before(log->ring, ERROR_LOG_MAX, log->privileged, number);
		const struct failure *b =
			find_before(log->users, ERROR_LOG_OF_USERS, log->common, number);
		const struct failure *newest = !a || (b && b->number > a->number) ? b : a;

		if (!newest)
			break;
		ret_list[count++] = newest;
		number = newest->number;
	}
	return count;
}

static void format(const struct failure *failure, struct strbuf *ret_text)
{
	const char *name = strerrorname_np(failure->error);
	_cleanup_strbuf_ struct strbuf time = STRBUF_INIT, uid = STRBUF_INIT;

	strbuf_add_time(&time, failure->time);
	strbuf_add_format(&uid, "%u", failure->uid);
	strbuf_add_pair(ret_text, "TIME", strbuf_text(&time));
	strbuf_add_pair(ret_text, "UID", strbuf_text(&uid));
	strbuf_add_pair(ret_text, "OPERATION", failure->operation);
	strbuf_add_pair(ret_text, "REQUEST", failure->request);
	strbuf_add_pair(ret_text, "ERRNO", name ? name : "EIO");
	strbuf_add_pair(ret_text, "WHY", failure->why);
	strbuf_add_char(ret_text, '\n');
}

void error_log_format(const struct error_log *log, struct strbuf *ret_text)
{
	const struct failure *newest[ERROR_LOG_MAX];
	size_t count = get_newest(log, newest);

	while (count)
		format(newest[--count], ret_text);
}
