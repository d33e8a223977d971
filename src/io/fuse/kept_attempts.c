/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was made of registered mount points, for the next server. */

#include <string.h>

#include "io/fuse/kept_attempts.h"

/* Texts follow, each with its NUL: host, a newline and path; target; mount path. */
struct kept_attempt {
	uint64_t target_number;
	uint64_t target_diskseq;
	int32_t host_mount;
	int32_t mount;
};

/* A newline is in no unique ID. */
static void add_key(struct strbuf *key, const char *host, const char *path)
{
	strbuf_add_format(key, "%s\n%s", host, path);
}

void kept_attempts_note(struct kept_notes *attempts, const struct mount_attempt *attempt)
{
	const struct kept_attempt head = {
		.target_number = attempt->target_number,
		.target_diskseq = attempt->target_diskseq,
		.host_mount = attempt->host_mount,
		.mount = attempt->mount,
	};
	_cleanup_strbuf_ struct strbuf key = STRBUF_INIT, bytes = STRBUF_INIT;

	add_key(&key, attempt->host, attempt->path);
	strbuf_add(&bytes, &head, sizeof(head));
	kept_notes_add_text(&bytes, strbuf_text(&key));
	kept_notes_add_text(&bytes, attempt->target);
	kept_notes_add_text(&bytes, attempt->mount_path);
	kept_notes_put(attempts, strbuf_text(&key), &bytes);
}

void kept_attempts_forget(struct kept_notes *attempts, const char *host, const char *path)
{
	_cleanup_strbuf_ struct strbuf key = STRBUF_INIT;
	const struct strbuf nothing = STRBUF_INIT;

	add_key(&key, host, path);
	kept_notes_put(attempts, strbuf_text(&key), &nothing);
}

static void load(const struct kept *kept, uint32_t record,
	void (*take)(void *data, const struct mount_attempt *attempt), void *data)
{
	const struct kept_attempt *head = kept_get(kept, record);
	size_t len = kept_get_len(kept, record);
	const char *at = (const char *)(head + 1), *end = (const char *)head + len;
	_cleanup_free_ char *host = NULL;
	struct mount_attempt attempt;
	const char *key, *newline, *target, *mount_path;

	if (len < sizeof(*head))
		return;
	key = kept_notes_take_text(&at, end);
	target = kept_notes_take_text(&at, end);
	mount_path = kept_notes_take_text(&at, end);
	newline = key ? strchr(key, '\n') : NULL;
	if (!newline || !target || !mount_path)
		return;
	attempt = (struct mount_attempt){
		.target = target,
		.mount_path = mount_path,
		.target_number = head->target_number,
		.target_diskseq = head->target_diskseq,
		.host_mount = head->host_mount,
		.mount = head->mount,
	};
	attempt.host = host = xstrndup(key, (size_t)(newline - key));
	attempt.path = newline + 1;
	take(data, &attempt);
}

void kept_attempts_begin(struct kept_notes *attempts, struct kept *kept,
	void (*take)(void *data, const struct mount_attempt *attempt), void *data)
{
	_cleanup_free_ uint32_t *left = NULL;
	size_t count = 0;

	for (uint32_t record = 0; (record = kept_next(kept, KEPT_ATTEMPT, record));) {
		left = xgrow(left, count, sizeof(*left));
		left[count++] = record;
	}
	*attempts = (struct kept_notes){
		.kept = kept,
		.kind = KEPT_ATTEMPT,
		.head = sizeof(struct kept_attempt),
	};
	for (size_t i = 0; i < count; i++)
		load(kept, left[i], take, data);
	for (size_t i = 0; i < count; i++)
		kept_remove(kept, left[i]);
}
