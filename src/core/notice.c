/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What readers of `events` are told.
 */

#include "core/notice.h"

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static struct notice *notices_grow(struct notices *notices)
{
	if ((notices->count & (notices->count + 1)) == 0)
		notices->list =
			xrealloc(notices->list, notices->count * 2 + 2, sizeof(*notices->list));
	return &notices->list[notices->count++];
}

void notices_add(struct notices *notices, const struct notice *notice)
{
	*notices_grow(notices) = (struct notice){
		.kind = notice->kind,
		.link = copy(notice->link),
		.id = copy(notice->id),
		.device = copy(notice->device),
		.path = copy(notice->path),
		.reason = copy(notice->reason),
	};
}

void notices_move(struct notices *to, struct notices *from)
{
	for (size_t i = 0; i < from->count; i++)
		*notices_grow(to) = from->list[i];
	from->count = 0;
	notices_fini(from);
}

static void notice_fini(struct notice *notice)
{
	free(notice->link);
	free(notice->id);
	free(notice->device);
	free(notice->path);
	free(notice->reason);
}

void notices_fini(struct notices *notices)
{
	for (size_t i = 0; i < notices->count; i++)
		notice_fini(&notices->list[i]);
	free(notices->list);
	*notices = (struct notices){ 0 };
}
