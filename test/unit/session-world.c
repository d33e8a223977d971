/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * etcd behind a bad network: see the header.
 */

#include <string.h>

#include "session-world.h"

struct game game;

unsigned int draw(unsigned int limit)
{
	return dice_draw(&game.dice, limit);
}

/* One time in so many, as long as things may go wrong. */
static bool goes_wrong(unsigned int chance)
{
	return !game.is_healed && draw(chance) == 0;
}

void world_call(void *data, uint64_t ticket, size_t member, const struct etcd_request *request,
	uint64_t limit)
{
	struct host *host = data;
	struct call *call = NULL;

	for (size_t i = 0; i < CALLS && !call; i++)
		call = game.calls[i].host < 0 ? &game.calls[i] : NULL;
	DICE_EXPECT(&game.dice, call && member < MEMBERS && limit > 0);
	*call = (struct call){ .host = (int)(host - game.hosts), .life = host->life };
	call->ticket = ticket;
	call->at = game.now + 1000 + draw(goes_wrong(10) ? 4000000 : 5000);
	call->request.type = request->type;
	call->request.number = request->number;
	for (size_t i = 0; i < request->compare_count; i++)
		etcd_add_compare(&call->request, request->compares[i].key, request->compares[i].end,
			request->compares[i].revision);
	for (size_t branch = 0; branch < 2; branch++) {
		const struct etcd_operations *from = branch ? &request->otherwise : &request->then;
		struct etcd_operations *to =
			branch ? &call->request.otherwise : &call->request.then;

		for (size_t i = 0; i < from->count; i++) {
			struct etcd_operation *copy =
				etcd_add_range(to, from->list[i].key, from->list[i].end);
			char *key = copy->key, *end = copy->end;

			*copy = from->list[i];
			copy->key = key;
			copy->end = end;
			copy->value = copy->value ? xstrdup(copy->value) : NULL;
		}
	}
}

void world_free_call(struct call *call)
{
	etcd_request_fini(&call->request);
	etcd_answer_fini(&call->answer);
	call->host = -1;
}

/* It is done, answered, or both, in either order: it can be done after its limit. */
void world_finish_call(struct call *call)
{
	struct host *host = &game.hosts[call->host];
	bool is_asked = host->session && host->life == call->life;
	struct etcd_answer silence = { .status = ETCD_UNCLEAR };

	if (call->ticket == 0) {		 /* late */
		etcd_answer_fini(&call->answer); /* nothing was done for it: it was too old */
		engine_do(&game.engine, &call->request, &call->answer);
		world_free_call(call);
		return;
	}
	silence.why = xstrdup("no answer");
	if (goes_wrong(12)) {
		if (draw(2) == 0)
			engine_do(&game.engine, &call->request, &call->answer);
		if (is_asked)
			session_handle_answer(host->session, call->ticket, &silence, game.now);
		if (call->answer.revision == 0 && draw(2) == 0 && call->request.type == ETCD_TXN) {
			call->ticket = 0;
			call->at = game.now + draw(3000000);
		} else {
			world_free_call(call);
		}
	} else {
		if (goes_wrong(10) && call->request.compare_count > 0) { /* it comes twice */
			engine_do(&game.engine, &call->request, &call->answer);
			etcd_answer_fini(&call->answer);
		}
		engine_do(&game.engine, &call->request, &call->answer);
		if (is_asked)
			session_handle_answer(host->session, call->ticket, &call->answer, game.now);
		world_free_call(call);
	}
	etcd_answer_fini(&silence);
}

void world_watch(void *data, uint64_t ticket, size_t member, int64_t from)
{
	struct host *host = data;

	DICE_EXPECT(&game.dice, member < MEMBERS);
	host->watch = ticket;
	host->watch_from = from;
	host->is_new = true;
	host->is_silent = goes_wrong(6);
}

void world_unwatch(void *data)
{
	struct host *host = data;

	host->watch = 0;
}

/* etcd has been known to lose deletions, and whole revisions. */
static void lose_deletion(struct etcd_news *news)
{
	for (size_t i = 0; i < news->rows.count; i++) {
		struct etcd_row *row = &news->rows.list[i];

		if (row->value)
			continue;
		free(row->key);
		*row = news->rows.list[--news->rows.count];
		return;
	}
}

void world_give_news(struct host *host)
{
	struct etcd_news news = { .is_created = host->is_new };
	uint64_t ticket = host->watch;

	if (host->is_silent || !ticket)
		return;
	host->is_new = false;
	if (host->watch_from <= game.engine.compacted) {
		news.is_canceled = true;
		news.compacted = game.engine.compacted;
		news.why = xstrdup("compacted");
		host->watch = 0;
	} else {
		size_t count = 1 + draw(3);

		engine_watch(&game.engine, host->watch_from, count, &news.rows);
		if (news.rows.count > 0)
			host->watch_from = news.rows.list[news.rows.count - 1].revision + 1;
		if (news.rows.count > 0 && goes_wrong(20)) {
			if (draw(2) == 0)
				etcd_rows_fini(&news.rows);
			else if (count == 1)
				lose_deletion(&news);
		}
	}
	session_handle_news(host->session, ticket, &news, game.now);
	etcd_news_fini(&news);
}

void world_end_watch(struct host *host)
{
	uint64_t ticket = host->watch;

	host->watch = 0;
	if (ticket)
		session_handle_silence(host->session, ticket, "it has ended", game.now);
}
