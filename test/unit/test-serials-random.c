/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machines/serials against a list of devices that is compared pair by pair: disks and partitions
 * come, change and go, several in one change. A number is nobody's while two disks say it that have
 * not the same WWN; nobody is told anew without a reason.
 *
 * What is broken on purpose, and noticed: mutants.list.
 */

#include <stdio.h>
#include <string.h>

#include "../run-suite.h"
#include "dice.h"
#include "machines/serials.h"

enum { SEEDS = 20, STEPS = 4000, DISKS = 5, PARTS = 3, DEVICES = DISKS * PARTS };

/* Device i is part i % PARTS of disk i / PARTS; part 0 is the disk itself. */
struct known {
	bool is_here;
	unsigned int serial, wwn; /* 0: none */
	bool is_virtual;
};

static struct {
	struct dice dice;
	struct serials serials;
	struct volumes volumes;
	struct known known[DEVICES];
	bool was_void[DEVICES], is_changed[DEVICES];
} game;

static void get_name(size_t i, char ret_name[16])
{
	if (i % PARTS)
		snprintf(
			ret_name, 16, "sd%c%u", 'a' + (char)(i / PARTS), (unsigned int)(i % PARTS));
	else
		snprintf(ret_name, 16, "sd%c", 'a' + (char)(i / PARTS));
}

static struct device *make_device(size_t i)
{
	const struct known *known = &game.known[i];
	char name[16];
	struct device *device;

	get_name(i, name);
	device = device_new(name);
	device->size = 1;
	device->number = device->diskseq = i + 1;
	device->partition = (unsigned int)(i % PARTS);
	device->is_virtual = known->is_virtual;
	if (known->serial)
		device->identity[ID_SERIAL] = xasprintf("serial%u", known->serial);
	if (known->wwn)
		device->identity[ID_WWN] = xasprintf("0x500000000000a1b%u", known->wwn);
	return device;
}

static bool says(size_t i, unsigned int serial)
{
	const struct known *known = &game.known[i];

	return serial && known->is_here && !known->is_virtual && known->serial == serial;
}

/* The WWN that the disk of a device is known by where it says that number. */
static unsigned int get_wwn(size_t i, unsigned int serial)
{
	size_t disk = i / PARTS * PARTS;
	unsigned int wwn = 0;

	for (size_t j = disk; j < disk + PARTS; j++)
		if (says(j, serial) && game.known[j].wwn && (!wwn || game.known[j].wwn < wwn))
			wwn = game.known[j].wwn;
	return wwn;
}

static bool is_void(size_t i)
{
	unsigned int serial = game.known[i].serial, wwn = get_wwn(i, serial);

	for (size_t j = 0; j < DEVICES; j++)
		if (says(i, serial) && says(j, serial) && i / PARTS != j / PARTS &&
			(!wwn || get_wwn(j, serial) != wwn))
			return true;
	return false;
}

static void check_device(size_t i)
{
	const struct known *known = &game.known[i];
	const struct device *device;
	char name[16];

	get_name(i, name);
	device = volumes_find_name(&game.volumes, name);
	DICE_EXPECT(&game.dice, !device == !known->is_here);
	if (!device)
		return;
	DICE_EXPECT(&game.dice, device->is_serial_void == is_void(i));
	DICE_EXPECT(&game.dice,
		!device->identity[ID_SERIAL] == (!known->serial || device->is_serial_void));
}

static void play_step(size_t i, struct volumes_change *change)
{
	struct known *known = &game.known[i];
	char name[16];

	if (game.is_changed[i])
		return; /* once in a change */
	game.is_changed[i] = true;
	get_name(i, name);
	known->is_here = dice_draw(&game.dice, 3) > 0;
	if (!known->is_here) {
		volumes_change_remove(change, name);
		return;
	}
	known->serial = dice_draw(&game.dice, 3);
	known->wwn = dice_draw(&game.dice, 3) ? 0 : 1 + dice_draw(&game.dice, 2);
	known->is_virtual = dice_draw(&game.dice, 20) == 0;
	volumes_change_put(change, make_device(i));
}

static void play_change(void)
{
	struct volumes_change change = { 0 };
	size_t expected = 0;

	memset(game.is_changed, 0, sizeof(game.is_changed));
	for (size_t i = 0; i < DEVICES; i++)
		game.was_void[i] = is_void(i);
	for (unsigned int n = 1 + dice_draw(&game.dice, 4); n > 0; n--)
		play_step(dice_draw(&game.dice, DEVICES), &change);
	for (size_t i = 0; i < DEVICES; i++)
		expected += game.known[i].is_here &&
			(game.is_changed[i] || is_void(i) != game.was_void[i]);
	serials_decide(&game.serials, &game.volumes, &change);
	DICE_EXPECT(&game.dice, change.puts == expected);
	volumes_apply(&game.volumes, &change);
	volumes_change_fini(&change);
	for (size_t i = 0; i < DEVICES; i++)
		check_device(i);
}

START_TEST(a_number_of_two_is_nobodys)
{
	unsigned int steps = dice_get_steps(STEPS);

	if (dice_is_left_out(_i))
		return;
	game.dice = dice_new(_i);
	memset(game.known, 0, sizeof(game.known));
	for (game.dice.step = 1; game.dice.step <= steps; game.dice.step++)
		play_change();
	serials_fini(&game.serials); /* with what is left */
	volumes_fini(&game.volumes);
	game.serials = (struct serials){ 0 };
	game.volumes = (struct volumes){ 0 };
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("serials-random");
	TCase *tcase = suite_add_case(suite, "serials-random");

	tcase_add_loop_test(tcase, a_number_of_two_is_nobodys, 0, SEEDS);
	return run_suite(suite);
}
