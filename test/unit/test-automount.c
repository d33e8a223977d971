/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the automounter does, case by case, and at random against a naive model: a mount point is
 * tried once for each time that its volumes are here in a new way, and what was mounted goes with
 * them.
 *
 * What is broken on purpose, and noticed: mutants.list.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/model/mount_points.h"
#include "dice.h"
#include "fixture.h"
#include "machines/automount.h"

enum { SEEDS = 24, STEPS = 6000, POINTS = 3, ORDERS = 16 };

/* The host h at /h, and the volumes t0 … that belong at its directories d0 … . */
struct stage {
	struct world world;
	struct automount *automount;
	struct automount_world effects;
	uint64_t now;
	uint64_t timer;
	struct mount_order *order[ORDERS];
	size_t orders;
	int next_id;	     /* of mounts */
	int host_mount;	     /* 0: not mounted */
	int mounted[POINTS]; /* ids, by whomever; 0: nothing is */
	bool is_ours[POINTS];
	bool is_here[POINTS];
	bool is_registered[POINTS], is_found[POINTS];
	bool is_left_alone[POINTS];    /* somebody has unmounted it, and it is about the same */
	unsigned int sequence[POINTS]; /* of the disk that is there */
	unsigned int mounted_sequence[POINTS];
	struct mount_attempt noted[POINTS]; /* for the next server; the target is NULL: nothing */
	struct dice dice;
};

static struct stage stage;

static int get_point(const char *mount_path)
{
	ck_assert(strncmp(mount_path, "/h/d", 4) == 0);
	return mount_path[4] - '0';
}

static void begin_order(void *data, struct mount_order *order)
{
	int i = get_point(order->mount_path);

	for (size_t j = 0; j < stage.orders; j++)
		ck_assert_msg(get_point(stage.order[j]->mount_path) != i, "two at a time");
	ck_assert_uint_lt(stage.orders, ORDERS);
	if (!order->is_unmount) {
		ck_assert_msg(!stage.mounted[i], "the place is taken");
		ck_assert_msg(stage.is_registered[i] && !stage.is_found[i], "nobody asked for it");
		ck_assert_msg(!stage.is_left_alone[i], "somebody wants it so");
		ck_assert_uint_eq(order->diskseq, stage.sequence[i]);
	}
	stage.order[stage.orders++] = order;
}

static void report(void *data, const struct mount_order *order)
{
}

static void forget(void *data, const char *host, const char *path)
{
	struct mount_attempt *noted = &stage.noted[path[1] - '0'];

	free((char *)noted->host);
	free((char *)noted->path);
	free((char *)noted->target);
	free((char *)noted->mount_path);
	*noted = (struct mount_attempt){ 0 };
}

static void note(void *data, const struct mount_attempt *attempt)
{
	struct mount_attempt *noted = &stage.noted[get_point(attempt->mount_path)];

	forget(data, attempt->host, attempt->path);
	*noted = *attempt;
	noted->host = xstrdup(attempt->host);
	noted->path = xstrdup(attempt->path);
	noted->target = xstrdup(attempt->target);
	noted->mount_path = xstrdup(attempt->mount_path);
}

static void set_timer(void *data, uint64_t at)
{
	stage.timer = at;
}

static void pass_time(uint64_t time)
{
	stage.now += time;
	if (!stage.timer || stage.timer > stage.now)
		return;
	stage.timer = 0;
	automount_handle_time(stage.automount, stage.now);
}

static void show_mounts(void)
{
	struct mounts mounts = { 0 };

	mounts_add(&mounts, &(struct mount){ .path = (char *)"/", .id = 1 });
	if (stage.host_mount)
		mounts_add(&mounts,
			&(struct mount){
				.path = (char *)"/h",
				.id = stage.host_mount,
				.parent = 1,
				.number = map_hash_text("sda1"),
				.is_whole = true,
				.fstype = (char *)"ext4",
			});
	for (int i = 0; i < POINTS; i++) {
		_cleanup_free_ char *path = xasprintf("/h/d%d", i), *name = xasprintf("sdt%d", i);

		if (stage.mounted[i])
			mounts_add(&mounts,
				&(struct mount){
					.path = path,
					.id = stage.mounted[i],
					.parent = stage.host_mount ? stage.host_mount : 1,
					.number = map_hash_text(name),
					.is_whole = true,
					.fstype = (char *)"ext4",
				});
	}
	world_apply_mounts(&stage.world, &mounts);
	automount_update(stage.automount, stage.now);
}

static void plug(int i)
{
	_cleanup_free_ char *name = xasprintf("sdt%d", i);
	_cleanup_free_ char *words =
		xasprintf("part=1 uuid=t%d usage=filesystem seq=%u", i, ++stage.sequence[i]);

	stage.is_here[i] = true;
	stage.is_left_alone[i] = false;
	world_plug(&stage.world, name, words);
	automount_update(stage.automount, stage.now);
}

static void unplug(int i)
{
	_cleanup_free_ char *name = xasprintf("sdt%d", i);

	stage.is_here[i] = stage.is_left_alone[i] = false;
	world_unplug(&stage.world, name);
	automount_update(stage.automount, stage.now);
}

static void set_registered(int i, bool is_registered, bool is_found)
{
	_cleanup_free_ char *id = xasprintf("UUID=t%d", i), *path = xasprintf("d%d", i);
	struct world *world = &stage.world;

	stage.is_left_alone[i] = false;
	stage.is_registered[i] = is_registered;
	stage.is_found[i] = is_registered && is_found;
	if (is_registered)
		mount_points_set(&world->change.names,
			&(struct mount_point){
				.host = (char *)"UUID=h",
				.path = path,
				.volume = (char *)world_get_volume_name(world, id),
				.is_found = is_found,
			});
	else
		mount_points_remove(&world->change.names, "UUID=h", path, NULL);
	world_commit(world);
	automount_update(stage.automount, stage.now);
}

static void begin(void)
{
	stage = (struct stage){ .now = 1000000, .next_id = 10 };
	world_init(&stage.world);
	stage.effects = (struct automount_world){
		.begin = begin_order,
		.report = report,
		.note = note,
		.forget = forget,
		.set_timer = set_timer,
	};
	stage.automount = automount_new(&stage.world.manager, &stage.effects);
	world_plug(&stage.world, "sda1", "part=1 uuid=h usage=filesystem");
	for (int i = 0; i < POINTS; i++)
		plug(i);
	show_mounts();
}

/* Another server goes on, which knows mounts and devices, and what was noted. */
static void take_over(void)
{
	struct mount_attempt noted[POINTS];

	automount_free(stage.automount);
	stage.automount = automount_new(&stage.world.manager, &stage.effects);
	stage.timer = 0;
	memcpy(noted, stage.noted, sizeof(noted));
	memset(stage.noted, 0, sizeof(stage.noted));
	for (int i = 0; i < POINTS; i++) {
		if (noted[i].target)
			automount_recall(stage.automount, &noted[i]);
		free((char *)noted[i].host);
		free((char *)noted[i].path);
		free((char *)noted[i].target);
		free((char *)noted[i].mount_path);
	}
	automount_update(stage.automount, stage.now);
}

static void end(void)
{
	static const char *const paths[POINTS] = { "d0", "d1", "d2" };

	for (size_t i = 0; i < POINTS; i++)
		forget(NULL, "UUID=h", paths[i]);
	for (size_t i = 0; i < stage.orders; i++)
		mount_order_free(stage.order[i]);
	automount_free(stage.automount);
	world_fini(&stage.world);
}

/* Ends an order: as it should, or it fails. */
static void answer(size_t which, int error)
{
	struct mount_order *order = stage.order[which];
	int i = get_point(order->mount_path);

	stage.order[which] = stage.order[--stage.orders];
	if (!error && order->is_unmount && stage.mounted[i] != order->mount)
		error = EINVAL;
	if (!error && !order->is_unmount && (!stage.host_mount || stage.mounted[i]))
		error = ESTALE;
	order->error = -error;
	if (error && order->is_unmount)
		stage.is_ours[i] = false; /* it is in use: that is theirs now */
	if (!error && order->is_unmount) {
		stage.mounted[i] = 0;
	} else if (!error) {
		order->mount = stage.mounted[i] = stage.next_id++;
		stage.mounted_sequence[i] = (unsigned int)order->diskseq;
		stage.is_ours[i] = true;
	}
	automount_take(stage.automount, order);
	show_mounts();
}

static void mount_host(void)
{
	stage.host_mount = stage.next_id++;
	show_mounts();
}

/* Lazily: all that is mounted on it goes along. */
static void unmount_host(void)
{
	stage.host_mount = 0;
	memset(stage.is_left_alone, 0, sizeof(stage.is_left_alone));
	memset(stage.mounted, 0, sizeof(stage.mounted));
	show_mounts();
}

START_TEST(test_mounted)
{
	set_registered(0, true, false);
	ck_assert_uint_eq(stage.orders, 0);
	mount_host();
	ck_assert_uint_eq(stage.orders, 1);
	ck_assert(!automount_is_settled(stage.automount));
	answer(0, 0);
	ck_assert_int_ne(stage.mounted[0], 0);
	ck_assert(automount_is_settled(stage.automount));
	set_registered(0, false, false);
	ck_assert(stage.orders == 1 && stage.order[0]->is_unmount);
	answer(0, 0);
	ck_assert_int_eq(stage.mounted[0], 0);
}
END_TEST

START_TEST(test_found)
{
	mount_host();
	set_registered(0, true, true);
	ck_assert_msg(stage.orders == 0, "nobody has asked for it on this machine");
	set_registered(0, true, false);
	ck_assert_uint_eq(stage.orders, 1);
	answer(0, 0);
	ck_assert_int_ne(stage.mounted[0], 0);
}
END_TEST

START_TEST(test_shared)
{
	names_edit_record(&stage.world.change.names, "UUID=t0")->is_shared = true;
	world_commit(&stage.world);
	set_registered(0, true, false);
	mount_host();
	ck_assert_msg(stage.orders == 0, "other hosts may have it mounted");
}
END_TEST

START_TEST(test_hanging)
{
	set_registered(0, true, false);
	mount_host();
	ck_assert_uint_eq(stage.timer, stage.now + AUTOMOUNT_PATIENCE);
	pass_time(AUTOMOUNT_PATIENCE);
	ck_assert(automount_is_settled(stage.automount));
	ck_assert_uint_eq(stage.timer, 0);
	answer(0, 0);
	ck_assert_int_ne(stage.mounted[0], 0);
}
END_TEST

START_TEST(test_unmounted)
{
	set_registered(0, true, false);
	mount_host();
	answer(0, 0);
	stage.mounted[0] = 0;
	show_mounts();
	ck_assert_msg(stage.orders == 0, "somebody wants it so");
	unmount_host();
	mount_host();
	ck_assert_uint_eq(stage.orders, 1);
}
END_TEST

/* What was unmounted stays so, and what was mounted is unmounted when it is not meant any more. */
START_TEST(test_take_over)
{
	set_registered(0, true, false);
	set_registered(1, true, false);
	mount_host();
	answer(0, 0);
	answer(0, 0);
	stage.mounted[0] = 0;
	show_mounts();
	take_over();
	ck_assert_uint_eq(stage.orders, 0);
	take_over();
	ck_assert_uint_eq(stage.orders, 0);
	set_registered(1, false, false);
	ck_assert(stage.orders == 1 && stage.order[0]->is_unmount);
	ck_assert_int_eq(stage.order[0]->mount, stage.mounted[1]);
	answer(0, 0);
	take_over();
	set_registered(0, false, false);
	set_registered(0, true, false);
	ck_assert(stage.orders == 1 && !stage.order[0]->is_unmount);
}
END_TEST

/* What was mounted of another disk goes first. */
START_TEST(test_take_over_later)
{
	set_registered(0, true, false);
	mount_host();
	answer(0, 0);
	unplug(0);
	ck_assert_uint_eq(stage.orders, 1); /* it dies before that is done */
	mount_order_free(stage.order[--stage.orders]);
	plug(0);
	take_over();
	ck_assert(stage.orders == 1 && stage.order[0]->is_unmount && stage.order[0]->is_lazy);
	answer(0, 0);
	ck_assert(stage.orders == 1 && !stage.order[0]->is_unmount);
}
END_TEST

START_TEST(test_other_disk)
{
	set_registered(0, true, false);
	mount_host();
	answer(0, 0);
	unplug(0);
	ck_assert(stage.orders == 1 && stage.order[0]->is_unmount && stage.order[0]->is_lazy);
	answer(0, 0);
	plug(0);
	ck_assert(stage.orders == 1 && !stage.order[0]->is_unmount);
}
END_TEST

static int draw(int limit)
{
	return (int)dice_draw(&stage.dice, (unsigned int)limit);
}

static bool is_wanted(int i)
{
	return stage.host_mount && stage.is_here[i] && stage.is_registered[i] && !stage.is_found[i];
}

static bool has_order(int i)
{
	for (size_t j = 0; j < stage.orders; j++)
		if (get_point(stage.order[j]->mount_path) == i)
			return true;
	return false;
}

static void play_step(void)
{
	int i = draw(POINTS), kind = draw(21);

	if (kind < 2)
		set_registered(i, draw(3) != 0, draw(3) == 0);
	else if (kind < 4 && stage.is_here[i])
		unplug(i);
	else if (kind < 6)
		plug(i); /* or another disk in its place */
	else if (kind < 7 && stage.host_mount)
		unmount_host();
	else if (kind < 9 && !stage.host_mount)
		mount_host();
	else if (kind < 10 && stage.host_mount && (stage.mounted[i] || draw(3) == 0)) {
		stage.is_left_alone[i] |=
			stage.mounted[i] && stage.is_ours[i] && is_wanted(i) && !has_order(i);
		stage.mounted[i] = stage.mounted[i] ? 0 : stage.next_id++; /* by somebody */
		stage.is_ours[i] = false;
		show_mounts();
	} else if (kind < 18 && stage.orders) {
		answer((size_t)draw((int)stage.orders), draw(6) ? 0 : EIO);
	} else if (kind == 20 && !stage.orders) {
		take_over();
	} else {
		pass_time(AUTOMOUNT_PATIENCE / 2);
	}
}

/* All that is under way ends well; then nothing of ours is mounted that should not be. */
static void compare(void)
{
	for (int rounds = 0; stage.orders; rounds++) {
		ck_assert_int_lt(rounds, 1000);
		answer(0, 0);
	}
	ck_assert(automount_is_settled(stage.automount));
	for (int i = 0; i < POINTS; i++) {
		bool is_right = is_wanted(i) && stage.mounted_sequence[i] == stage.sequence[i];

		ck_assert_msg(!stage.mounted[i] || !stage.is_ours[i] || is_right,
			"d%d is still mounted", i);
	}
	/* All that are new are tried, whatever has become of the ones before. */
	unmount_host();
	while (stage.orders)
		answer(0, 0);
	mount_host();
	while (stage.orders)
		answer(0, 0);
	for (int i = 0; i < POINTS; i++)
		ck_assert_int_eq(stage.mounted[i] != 0, is_wanted(i));
}

START_TEST(test_random)
{
	unsigned int steps = dice_get_steps(STEPS);

	if (dice_is_left_out(_i))
		return;
	stage.dice = dice_new(_i);
	for (unsigned int step = 0; step < steps; step++) {
		play_step();
		ck_assert(!stage.timer || stage.timer > stage.now);
		ck_assert(automount_is_settled(stage.automount) == !stage.timer);
		if (step % 50 == 49)
			compare();
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { test_mounted, test_found, test_shared, test_hanging,
		test_unmounted, test_take_over, test_take_over_later, test_other_disk };
	Suite *suite = suite_create("automount");
	TCase *tcase = suite_add_case(suite, "automount");

	tcase_add_checked_fixture(tcase, begin, end);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(tcase, tests[i]);
	tcase = suite_add_case(suite, "random");
	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, test_random, 0, SEEDS);
	return run_suite(suite);
}
