/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps udevd's links of each device as they are to be.
 *
 * A device has a target while there is anything to know about it. Its file is brought up to date at
 * once: whatever event udevd deals with next, it reads what is right. Then one event is asked for,
 * so that udevd reads it soon; while one is under way, no other is. An event counts as an answer
 * only if it was asked for after the file became what it is.
 *
 * Events get lost: with udevd, or where its rule is not installed. An event that udevd, idle, has
 * not dealt with after PATIENCE is asked for again, but not for ever: each makes udevd read the
 * disk, which may be asleep. Where no udevd is running nothing is asked for until one is, and when
 * one has ended everything is asked for again. What cannot be done now is tried again later; none
 * of that is waited for by those who wait until all is quiet.
 */

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "machines/publish.h"

#define SECOND 1000000u
#define PATIENCE (10 * SECOND) /* for udevd's answer */
#define BUSY_ROUNDS 12	       /* how often it may have PATIENCE more, having a lot to do */
#define TRIES_MAX 4	       /* to get an answer */
#define FIRST_PAUSE (SECOND / 2)
#define LONGEST_PAUSE (300 * (uint64_t)SECOND)
#define LONGEST_ABSENCE (15 * SECOND)
#define GLANCE (SECOND / 100) /* between looks whether links are gone; has no event of its own */
enum target_state {
	TARGET_IDLE,  /* as it is to be */
	TARGET_ASKED, /* udevd is about to answer */
	TARGET_LATE,
	/* udevd has not answered in time; without a deadline: nor ever */
	TARGET_PAUSED, /* something did not work: to be tried again */
	TARGET_LEFT,   /* udevd is about to take the links of a disk that is gone away */
};

struct target {
	struct map_node by_name; /* publish::targets */
	uint64_t diskseq;
	char *wanted;	/* what the file is to hold; NULL: no file */
	char *written;	/* what it holds */
	char *left;	/* what the file of a disk that is gone held */
	uint64_t first; /* number of the first event asked for since it holds that, 0: none was */
	uint64_t last;	/* number of the last event asked for */
	uint64_t deadline; /* 0: none */
	enum target_state state : 8;
	bool is_decided : 1; /* `wanted` counts; what was adopted stays before */
	bool is_stale : 1;   /* udevd may not have read what the file holds */
	bool is_lost : 1;    /* udevd may have missed that another disk came */
	uint8_t complaints;  /* bits of enum publish_trouble that were told */
	uint8_t rounds;	     /* of waiting for an udevd that is busy */
	uint16_t tries;	     /* in vain */
	char name[];
};

void publish_init(struct publish *publish, const struct publish_effects *effects, void *data)
{
	*publish = (struct publish){ .effects = effects, .data = data };
}

static void target_free(struct target *target)
{
	free(target->wanted);
	free(target->written);
	free(target->left);
	free(target);
}

void publish_fini(struct publish *publish)
{
	map_for_each (&publish->targets, node, next)
		target_free(container_of(node, struct target, by_name));
	map_fini(&publish->targets);
}

static bool target_has_name(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct target, by_name)->name, key) == 0;
}

static struct target *find_target(const struct publish *publish, const char *name)
{
	struct map_node *node =
		map_find(&publish->targets, map_hash_text(name), target_has_name, name);

	return node ? container_of(node, struct target, by_name) : NULL;
}

static struct target *add_target(struct publish *publish, const char *name, uint64_t diskseq)
{
	size_t size = strlen(name) + 1;
	struct target *target = xcalloc(1, offsetof(struct target, name) + size);

	memcpy(target->name, name, size);
	target->diskseq = diskseq;
	map_add(&publish->targets, &target->by_name, map_hash_text(name));
	return target;
}

static bool is_awaited(const struct target *target)
{
	return target->state == TARGET_ASKED || target->state == TARGET_LEFT;
}

/* Every change of what is waited for goes through here. */
static void set_state(
	struct publish *publish, struct target *target, enum target_state state, uint64_t deadline)
{
	publish->awaited -= is_awaited(target);
	target->state = state;
	target->deadline = deadline;
	publish->awaited += is_awaited(target);
	if (deadline && (!publish->deadline || deadline < publish->deadline))
		publish->deadline = deadline;
}

/* The end of all that is told the time. */
static void set_timer(struct publish *publish)
{
	if (publish->deadline == publish->timer)
		return;
	publish->timer = publish->deadline;
	publish->effects->set_timer(publish->data, publish->timer);
}

static void remove_target(struct publish *publish, struct target *target)
{
	set_state(publish, target, TARGET_IDLE, 0);
	map_remove(&publish->targets, &target->by_name);
	target_free(target);
}

static void complain(
	struct publish *publish, struct target *target, enum publish_trouble trouble, int error)
{
	if (target->complaints & 1u << trouble)
		return;
	target->complaints |= (uint8_t)(1u << trouble);
	publish->effects->complain(publish->data, target->name, trouble, error);
}

static uint64_t get_pause(const struct target *target)
{
	uint64_t pause = FIRST_PAUSE;

	for (uint16_t i = 0; i < target->tries && pause < LONGEST_PAUSE; i++)
		pause *= 2;
	return pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE;
}

/* It did not work, and is tried again later. */
static void pause_target(struct publish *publish, struct target *target, uint64_t now)
{
	uint64_t pause = get_pause(target);

	if (target->tries < UINT16_MAX)
		target->tries++;
	set_state(publish, target, TARGET_PAUSED, now + pause);
}

static bool write_file(struct publish *publish, struct target *target, uint64_t now)
{
	int r;

	if (is_same_text(target->wanted, target->written))
		return true;
	r = publish->effects->write(publish->data, target->name, target->diskseq, target->wanted);
	if (r < 0) {
		complain(publish, target, PUBLISH_NO_FILE, r);
		pause_target(publish, target, now);
		return false;
	}
	target->complaints &= (uint8_t) ~(1u << PUBLISH_NO_FILE);
	free(target->left);
	target->left = target->wanted ? NULL : steal_ptr(target->written);
	free(target->written);
	target->written = target->wanted ? xstrdup(target->wanted) : NULL;
	target->is_stale = true;
	target->first = 0;
	target->tries = 0;
	return true;
}

/* Looks for udevd at most once in a while when there is none. */
static bool has_udevd(struct publish *publish, uint64_t now)
{
	if (now < publish->absent_until)
		return false;
	if (publish->effects->is_udevd_running(publish->data)) {
		publish->absence = publish->absent_until = 0;
		return true;
	}
	publish->absence = publish->absence ? publish->absence * 2 : SECOND;
	if (publish->absence > LONGEST_ABSENCE)
		publish->absence = LONGEST_ABSENCE;
	publish->absent_until = now + publish->absence;
	return false;
}

/* The disk is gone, and with it what was in its file. */
static void leave_disk(struct publish *publish, struct target *target)
{
	if (!target->written)
		return;
	publish->effects->write(publish->data, target->name, target->diskseq, NULL);
	free(target->left);
	target->left = steal_ptr(target->written);
}

/* Nothing is to be done any more, but others may want to wait for the last links to go. */
static void finish(struct publish *publish, struct target *target, uint64_t now)
{
	if (target->left && target->tries < PATIENCE / GLANCE && has_udevd(publish, now) &&
		publish->effects->has_links(publish->data, target->name, target->left)) {
		target->tries++;
		set_state(publish, target, TARGET_LEFT, now + GLANCE);
	} else {
		remove_target(publish, target);
	}
}

/* The device is not the one that was meant: there is nothing to be done for it. */
static void give_up(struct publish *publish, struct target *target, int error, uint64_t now)
{
	if (error == -ESTALE && target->wanted)
		publish->effects->look(publish->data, target->name);
	leave_disk(publish, target);
	free(steal_ptr(target->wanted));
	target->is_stale = false;
	target->tries = 0;
	finish(publish, target, now);
}

static void ask(struct publish *publish, struct target *target, uint64_t now)
{
	int r;

	if (!has_udevd(publish, now)) {
		set_state(publish, target, TARGET_PAUSED, publish->absent_until);
		return;
	}
	r = publish->effects->ask(
		publish->data, target->name, target->diskseq, publish->number + 1);
	if (r == -ENODEV || r == -ESTALE) {
		give_up(publish, target, r, now);
		return;
	}
	if (r < 0) {
		complain(publish, target, PUBLISH_NO_EVENT, r);
		pause_target(publish, target, now);
		return;
	}
	target->complaints &= (uint8_t) ~(1u << PUBLISH_NO_EVENT);
	target->last = ++publish->number;
	if (!target->first)
		target->first = target->last;
	target->rounds = 0;
	set_state(publish, target, target->state == TARGET_LATE ? TARGET_LATE : TARGET_ASKED,
		now + PATIENCE + (target->tries ? get_pause(target) : 0));
}

static bool is_under_way(const struct target *target)
{
	return target->state == TARGET_ASKED || (target->state == TARGET_LATE && target->deadline);
}

/* Does what can be done for a device now. It may be forgotten afterwards. */
static void work(struct publish *publish, struct target *target, uint64_t now)
{
	if (!publish->is_started || !target->is_decided || !write_file(publish, target, now))
		return;
	if (is_under_way(target))
		return; /* the answer brings us back here */
	if (target->is_stale) {
		ask(publish, target, now);
		return;
	}
	if (!target->written) {
		finish(publish, target, now);
		return;
	}
	target->tries = 0;
	set_state(publish, target, TARGET_IDLE, 0);
}

void publish_adopt(struct publish *publish, const char *name, uint64_t diskseq, const char *text,
	bool is_shown)
{
	struct target *target = find_target(publish, name);

	assert(!publish->is_started);
	if (target)
		return; /* of two, the other was not this disk's */
	target = add_target(publish, name, diskseq);
	target->written = text ? xstrdup(text) : NULL;
	target->is_stale = !is_shown;
}

/*
 * What the former disk had goes with it: nobody reads its file any more. An event is needed for
 * that only if udevd had none of the new disk.
 */
static void replace_disk(
	struct publish *publish, struct target *target, uint64_t diskseq, uint64_t now)
{
	bool has_missed = target->written && !has_udevd(publish, now);
	leave_disk(publish, target);
	target->diskseq = diskseq;
	target->is_lost |= has_missed;
	target->is_stale = target->is_lost;
	target->first = 0;
	target->tries = 0;
	target->complaints = 0;
	set_state(publish, target, TARGET_IDLE, 0);
}

void publish_set(
	struct publish *publish, const char *name, uint64_t diskseq, const char *text, uint64_t now)
{
	struct target *target = find_target(publish, name);

	if (!target && (!text || !diskseq))
		return;
	if (!target)
		target = add_target(publish, name, diskseq);
	else if (diskseq && target->diskseq != diskseq)
		replace_disk(publish, target, diskseq, now);
	target->is_decided = true;
	if (!is_same_text(target->wanted, text)) {
		free(target->wanted);
		target->wanted = text ? xstrdup(text) : NULL;
	}
	/* What waits for its time to come would only be tried too early, unless there is news. */
	if (target->state != TARGET_PAUSED || !is_same_text(target->wanted, target->written))
		work(publish, target, now);
	set_timer(publish);
}

void publish_start(struct publish *publish, uint64_t now)
{
	publish->is_started = true;
	map_for_each (&publish->targets, node, next)
		work(publish, container_of(node, struct target, by_name), now);
	set_timer(publish);
}

void publish_handle_answer(struct publish *publish, const char *name, uint64_t number, uint64_t now)
{
	struct target *target = find_target(publish, name);

	if (!target || (target->state != TARGET_ASKED && target->state != TARGET_LATE))
		return;
	if (target->first && number >= target->first) {
		target->is_stale = target->is_lost = false;
		free(steal_ptr(target->left)); /* it did not read that any more */
		target->complaints &= (uint8_t) ~(1u << PUBLISH_NO_ANSWER);
	} else if (number != target->last) {
		return; /* of an event of before, while a later one is under way */
	}
	set_state(publish, target, TARGET_IDLE, 0);
	work(publish, target, now);
	set_timer(publish);
}

void publish_handle_udevd_end(struct publish *publish, uint64_t now)
{
	publish->absent_until = 0;
	map_for_each (&publish->targets, node, next) {
		struct target *target = container_of(node, struct target, by_name);

		target->is_stale = target->is_lost = true;
		target->tries = 0;
		set_state(publish, target, TARGET_IDLE, 0);
		work(publish, target, now);
	}
	set_timer(publish);
}

/* udevd has not answered in time. */
static void handle_silence(struct publish *publish, struct target *target, uint64_t now)
{
	bool is_running = has_udevd(publish, now);

	if (is_running && publish->effects->is_udevd_busy(publish->data) &&
		target->rounds < BUSY_ROUNDS) {
		target->rounds++;
		set_state(publish, target, TARGET_LATE, now + PATIENCE);
		return;
	}
	set_state(publish, target, is_running ? TARGET_LATE : TARGET_IDLE, 0);
	if (is_running) {
		complain(publish, target, PUBLISH_NO_ANSWER, -ETIME);
		if (target->tries >= TRIES_MAX)
			return;
		target->tries++;
	}
	ask(publish, target, now);
}

void publish_handle_time(struct publish *publish, uint64_t now)
{
	publish->deadline = 0;
	map_for_each (&publish->targets, node, next) {
		struct target *target = container_of(node, struct target, by_name);

		if (!target->deadline || target->deadline > now) {
			set_state(publish, target, target->state, target->deadline);
			continue;
		}
		if (target->state == TARGET_ASKED || target->state == TARGET_LATE) {
			handle_silence(publish, target, now);
		} else {
			set_state(publish, target, TARGET_IDLE, 0);
			work(publish, target, now);
		}
	}
	publish->timer = 0; /* it has fired */
	set_timer(publish);
}

bool publish_is_settled(const struct publish *publish)
{
	return publish->awaited == 0;
}
