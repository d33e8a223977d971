/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session-stage.h"

#include <check.h>
#include <string.h>

enum { CALLS = 64, TURN = 10000 };

struct session_stage stage;
static uint64_t watch;
static bool is_new;
static struct {
	uint64_t ticket;
	struct etcd_answer answer;
} calls[CALLS];
static size_t call_count;

static void call(void *data, uint64_t ticket, size_t member, const struct etcd_request *request,
	uint64_t limit)
{
	if (stage.asked)
		stage.asked(request);
	ck_assert_uint_lt(call_count, CALLS);
	calls[call_count].ticket = ticket;
	engine_do(&stage.engine, request, &calls[call_count++].answer);
}

static void begin_watch(void *data, uint64_t ticket, size_t member, int64_t from)
{
	watch = ticket;
	is_new = true;
}

static void end_watch(void *data)
{
	watch = 0;
}

void stage_begin(void (*tell)(void *data, const struct tale *tale), void (*hang_up)(void *data))
{
	static struct session_ops ops;
	const struct session_config config = { "h1", "{\"boot\":\"1\"}",
		"00000000-1111-4222-8333-444444444444", 1, 128, 0, "x" };

	ops = (struct session_ops){ call, begin_watch, end_watch, tell, hang_up };
	stage.engine.revision = 1;
	stage.session = session_new(&config, &ops, NULL);
}

void stage_end(void)
{
	session_free(stage.session);
	for (size_t i = 0; i < call_count; i++)
		etcd_answer_fini(&calls[i].answer);
	engine_fini(&stage.engine);
}

void stage_pass(void)
{
	struct etcd_news news = { 0 };

	stage.now += TURN;
	for (size_t left = call_count; left > 0; left--) {
		session_handle_answer(stage.session, calls[0].ticket, &calls[0].answer, stage.now);
		etcd_answer_fini(&calls[0].answer);
		memmove(&calls[0], &calls[1], --call_count * sizeof(calls[0]));
	}
	news.is_created = is_new; /* a watch may have begun by now */
	is_new = false;
	if (watch)
		session_handle_news(stage.session, watch, &news, stage.now);
	session_handle_time(stage.session, stage.now);
}
