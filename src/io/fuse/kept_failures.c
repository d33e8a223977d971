/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log of failed requests: whoever got an errno can still ask why when another process goes on.
 *
 * A failure is noted in the commit that has the answer to its request. So it is in the log once,
 * also if the request is served again.
 */

#include <stdlib.h>
#include <string.h>

#include "io/fuse/kept_failures.h"
#include "io/fuse/kept_kind.h"

/* Operation, request and sentence follow, each with its NUL. */
struct kept_failure {
	uint64_t time;
	uint32_t uid;
	uint32_t error;
};

#define TEXTS_MAX 65536 /* bytes of all three */
#define ERROR_MAX 4095

/* NULL: there is no text any more that ends. */
static char *take_text(char **at, const char *end)
{
	char *text = *at, *nul = text == end ? NULL : memchr(text, 0, (size_t)(end - text));

	*at = nul ? nul + 1 : text;
	return nul ? text : NULL;
}

/* False: it makes no sense. The texts are those of the record. */
static bool parse(const struct kept *kept, uint32_t record, struct failure *ret_failure)
{
	struct kept_failure *head = kept_get(kept, record);
	size_t len = kept_get_len(kept, record);
	char *at = (char *)(head + 1), *end = (char *)head + len;

	if (len < sizeof(*head) || len > sizeof(*head) + TEXTS_MAX || !head->error ||
		head->error > ERROR_MAX || !kept_get_id(kept, record))
		return false;
	*ret_failure = (struct failure){
		.time = head->time,
		.uid = head->uid,
		.error = (int)head->error,
		.number = kept_get_id(kept, record),
	};
	ret_failure->operation = take_text(&at, end);
	ret_failure->request = take_text(&at, end);
	ret_failure->why = take_text(&at, end);
	return ret_failure->operation && ret_failure->request && ret_failure->why && at == end;
}

static int compare(const void *a, const void *b)
{
	const struct failure *failure_a = a, *failure_b = b;

	return failure_a->number < failure_b->number ? -1 : failure_a->number > failure_b->number;
}

static void restore(struct kept_failures *failures)
{
	struct failure *list = NULL;
	uint32_t *records = NULL;
	size_t count = 0, all = 0;

	for (uint32_t record = 0; (record = kept_next(failures->kept, KEPT_FAILURE, record));) {
		list = xgrow(list, count, sizeof(*list));
		count += parse(failures->kept, record, &list[count]);
		records = xgrow(records, all, sizeof(*records));
		records[all++] = record;
	}
	if (count)
		qsort(list, count, sizeof(*list), compare);
	for (size_t i = 0; i < count; i++)
		if (list[i].number > failures->log->count)
			error_log_restore(failures->log, &list[i]);
	while (all) /* those that are in the log are noted anew */
		kept_remove(failures->kept, records[--all]);
	free(records);
	free(list);
}

static void note(struct kept *kept, struct kept_failure_note *noted, const struct failure *failure)
{
	struct kept_failure head = {
		.time = failure->time,
		.uid = failure->uid,
		.error = (uint32_t)failure->error,
	};
	_cleanup_strbuf_ struct strbuf bytes = STRBUF_INIT;

	if (noted->number == failure->number)
		return;
	strbuf_add(&bytes, &head, sizeof(head));
	strbuf_add(&bytes, failure->operation, strlen(failure->operation) + 1);
	strbuf_add(&bytes, failure->request, strlen(failure->request) + 1);
	strbuf_add(&bytes, failure->why, strlen(failure->why) + 1);
	kept_remove(kept, noted->record);
	noted->number = failure->number;
	noted->record = kept_try_add(kept, KEPT_FAILURE, failure->number, bytes.data, bytes.len);
}

void kept_failures_note(struct kept_failures *failures)
{
	if (!failures || failures->count == failures->log->count)
		return;
	failures->count = failures->log->count;
	for (size_t i = 0; i < ERROR_LOG_MAX; i++)
		note(failures->kept, &failures->ring[i], &failures->log->ring[i]);
	for (size_t i = 0; i < ERROR_LOG_OF_USERS; i++)
		note(failures->kept, &failures->users[i], &failures->log->users[i]);
}

void kept_failures_init(struct kept_failures *failures, struct kept *kept, struct error_log *log)
{
	*failures = (struct kept_failures){ .kept = kept, .log = log };
	restore(failures);
	kept_failures_note(failures);
	kept_commit(kept);
}
