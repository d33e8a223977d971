/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log of failed requests. In memory only: it is for whoever wonders about an errno just now.
 */

#include <string.h>

#include "core/failures.h"
#include "core/render.h"

static void failure_fini(struct failure *failure)
{
	free(failure->operation);
	free(failure->request);
	free(failure->why);
	*failure = (struct failure){ 0 };
}

void failures_fini(struct failures *failures)
{
	for (size_t i = 0; i < FAILURES_MAX; i++)
		failure_fini(&failures->ring[i]);
}

void failures_add(struct failures *failures, const struct failure *failure)
{
	struct failure *slot = &failures->ring[failures->count++ % FAILURES_MAX];

	failure_fini(slot);
	*slot = *failure;
	slot->operation = xstrdup(failure->operation);
	slot->request = xstrdup(failure->request);
	slot->why = xstrdup(failure->why);
}

void failures_format(const struct failures *failures, struct strbuf *ret_text)
{
	uint64_t first = failures->count > FAILURES_MAX ? failures->count - FAILURES_MAX : 0;

	for (uint64_t i = first; i < failures->count; i++) {
		const struct failure *failure = &failures->ring[i % FAILURES_MAX];
		const char *name = strerrorname_np(failure->error);
		_cleanup_strbuf_ struct strbuf time = STRBUF_INIT, uid = STRBUF_INIT;

		render_time(failure->time, &time);
		strbuf_add_format(&uid, "%u", failure->uid);
		strbuf_add_pair(ret_text, "TIME", strbuf_text(&time));
		strbuf_add_pair(ret_text, "UID", strbuf_text(&uid));
		strbuf_add_pair(ret_text, "OPERATION", failure->operation);
		strbuf_add_pair(ret_text, "REQUEST", failure->request);
		strbuf_add_pair(ret_text, "ERRNO", name ? name : "EIO");
		strbuf_add_pair(ret_text, "WHY", failure->why);
		strbuf_add_char(ret_text, '\n');
	}
}
