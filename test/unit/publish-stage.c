/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What surrounds the machine that publishes names.
 */

#include <check.h>
#include <errno.h>
#include <string.h>

#include "publish-stage.h"

static int get_node(const char *name)
{
	return name[2] - 'a';
}

const char *stage_get_name(int node)
{
	static const char *const names[NODES] = { "sda", "sdb", "sdc", "sdd" };

	return names[node];
}

static int write_file(void *data, const char *name, uint64_t diskseq, const char *text)
{
	struct stage *stage = data;
	char **file = &stage->file[get_node(name)][diskseq];

	if (stage->is_full && text)
		return -ENOSPC;
	free(*file);
	*file = text ? xstrdup(text) : NULL;
	stage->written++;
	return 0;
}

static void add_event(struct stage *stage, int node, uint64_t number)
{
	if (!stage->is_udevd_running)
		return;
	ck_assert_int_lt(stage->queued, EVENTS);
	stage->queue[stage->queued++] = (struct queued_event){ node, number };
}

static int ask(void *data, const char *name, uint64_t diskseq, uint64_t number)
{
	struct stage *stage = data;
	int node = get_node(name);

	if (stage->is_refused)
		return -EACCES;
	if (!stage->disk[node])
		return -ENODEV;
	if (stage->disk[node] != diskseq)
		return -ESTALE;
	stage->asked++;
	add_event(stage, node, number);
	return 0;
}

static bool is_udevd_running(void *data)
{
	struct stage *stage = data;

	stage->looks_for_udevd++;
	return stage->is_udevd_running;
}

static bool has_links(void *data, const char *name, const char *text)
{
	struct stage *stage = data;

	return is_same_text(stage->links[get_node(name)], text);
}

static bool is_udevd_busy(void *data)
{
	struct stage *stage = data;

	return stage->queued > 0;
}

static void look(void *data, const char *name)
{
	struct stage *stage = data;

	stage->looked++;
}

static void complain(void *data, const char *name, enum publish_trouble trouble, int error)
{
	struct stage *stage = data;

	ck_assert_int_lt(error, 0);
	stage->complaints[trouble]++;
}

static void set_timer(void *data, uint64_t at)
{
	struct stage *stage = data;

	stage->timer = at;
}

static const struct publish_effects effects = { write_file, ask, is_udevd_running, has_links,
	is_udevd_busy, look, complain, set_timer };

void stage_begin(struct stage *stage)
{
	*stage = (struct stage){ .now = SECOND, .is_udevd_running = true };
	publish_init(&stage->publish, &effects, stage);
}

void stage_end(struct stage *stage)
{
	publish_fini(&stage->publish);
	for (int node = 0; node < NODES; node++) {
		free(stage->links[node]);
		for (int i = 0; i < DISKS; i++)
			free(stage->file[node][i]);
	}
}

/* Another disk gets the node; udevd hears of it, now or when it starts. */
void stage_plug(struct stage *stage, int node)
{
	stage->disk[node] = ++stage->disks[node];
	ck_assert_uint_lt(stage->disk[node], DISKS);
	stage->is_missed |= !stage->is_udevd_running;
	add_event(stage, node, 0);
}

void stage_unplug(struct stage *stage, int node)
{
	stage->disk[node] = 0;
	stage->is_missed |= !stage->is_udevd_running;
	add_event(stage, node, 0);
}

void stage_set(struct stage *stage, int node, const char *text)
{
	publish_set(&stage->publish, stage_get_name(node), stage->disk[node], text, stage->now);
}

/* udevd deals with the first event of its queue: reads the file of the disk that is there. */
bool stage_deal(struct stage *stage)
{
	struct queued_event event = stage->queue[0];
	const char *text;

	if (!stage->is_udevd_running || !stage->queued)
		return false;
	memmove(stage->queue, stage->queue + 1, sizeof(event) * (size_t)--stage->queued);
	text = stage->disk[event.node] ? stage->file[event.node][stage->disk[event.node]] : NULL;
	free(stage->links[event.node]);
	stage->links[event.node] = text ? xstrdup(text) : NULL;
	if (event.number && !stage->is_udevd_deaf)
		stage->news[stage->news_count++] = event;
	while (!stage->is_news_late && stage_hear(stage))
		;
	return true;
}

bool stage_hear(struct stage *stage)
{
	struct queued_event event = stage->news[0];

	if (!stage->news_count)
		return false;
	memmove(stage->news, stage->news + 1, sizeof(event) * (size_t)--stage->news_count);
	publish_handle_answer(
		&stage->publish, stage_get_name(event.node), event.number, stage->now);
	return true;
}

void stage_deal_with_all(struct stage *stage)
{
	while (stage_deal(stage))
		;
}

void stage_start_udevd(struct stage *stage)
{
	if (stage->is_udevd_running)
		return;
	stage->is_udevd_running = true;
	for (int node = 0; stage->is_missed && node < NODES; node++)
		add_event(stage, node, 0);
	stage->is_missed = false;
}

void stage_end_udevd(struct stage *stage)
{
	for (int i = 0; i < stage->queued; i++)
		stage->is_missed |= !stage->queue[i].number;
	stage->is_udevd_running = false;
	stage->queued = 0;
	publish_handle_udevd_end(&stage->publish, stage->now);
}

void stage_pass_time(struct stage *stage, uint64_t time)
{
	stage->now += time;
	if (!stage->timer || stage->timer > stage->now)
		return;
	stage->timer = 0;
	publish_handle_time(&stage->publish, stage->now);
}

/* Lets time pass until the machine wants nothing any more. Whether that was ever. */
bool stage_come_to_rest(struct stage *stage)
{
	for (int i = 0; i < 1000; i++) {
		stage_deal_with_all(stage);
		if (!stage->timer)
			return true;
		stage_pass_time(stage, stage->timer > stage->now ? stage->timer - stage->now : 0);
	}
	return false;
}

void stage_expect_links(const struct stage *stage, int node, const char *text)
{
	uint64_t disk = stage->disk[node];

	if (disk) /* else they lead nowhere */
		ck_assert_pstr_eq(stage->links[node], text);
	ck_assert_pstr_eq(disk ? stage->file[node][disk] : NULL, text);
}
