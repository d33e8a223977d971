/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Serial numbers of several disks. A script: "+sda s" comes with that number, "+sda s w" with a
 * WWN, too, "-sda" goes. Then who is told with a number, in their order.
 */

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../run-suite.h"
#include "machines/serials.h"

static const struct {
	const char *script;
	const char *told;
} rows[] = {
	{ "+sda s", "sda" },
	{ "+sda s;+sdb t", "sda sdb" },
	{ "+sda s;+sdb s", "" },
	{ "+sda s,+sdb s", "" },
	{ "+sda s,+sda1 s,+sda2 s", "sda sda1 sda2" },
	{ "+sda s,+sda1 s;+sdb s,+sdb1 s", "" },
	{ "+nvme0n1 s,+nvme0n1p1 s;+nvme1n1 s", "" },
	{ "+nvme0n1 s,+nvme0n1p1 s", "nvme0n1 nvme0n1p1" },
	/* Who is left has it again, also while others come and go. */
	{ "+sda s;+sdb s;-sdb", "sda" },
	{ "+sda s;+sdb s;-sda", "sdb" },
	{ "+sda s;+sdb s;+sdb t", "sda sdb" },
	{ "+sda s;+sdb s;+sdc s;-sdb", "" },
	{ "+sda s;+sdb s;-sdb,+sdc s", "" },
	{ "+sda s;+sdb s;-sda,-sdb", "" },
	{ "+sda s;+sdb s;+sda s", "" },
	/* What is known to be worthless is nobody's anyway. */
	{ "+sda 0123456789ABCDEF", "sda" },
	{ "+sda 0123456789ABCDEF;+sdb 0123456789ABCDEF", "sda sdb" },
	/* Paths to one disk, and what is made of them. */
	{ "+sda s w;+sdb s w", "sda sdb" },
	{ "+sda s w;+sdb s v", "" },
	{ "+sda s w;+sdb s", "" },
	{ "+sda s;*sdb s;*sdc s", "sda sdb sdc" },
	{ "+sda s;=dm-0 s", "dm-0 sda" },
	/* Without a medium. */
	{ "+sda s;0sdb s", "sda sdb" },
	/* The kernel alone does not know the number, but the disk. */
	{ "+sda s;+sdb s;?sdb", "" },
};

static struct device *make_device(char kind, char *words)
{
	char *name = strsep(&words, " "), *serial = strsep(&words, " ");
	struct device *device = device_new(name);

	device->size = kind == '0' ? 0 : 1;
	device->number = device->diskseq = map_hash_text(name);
	if (name[0] == 's' && name[3])
		device->partition = 1;
	if (name[0] == 'n' && strchr(name, 'p'))
		device->partition = 1;
	device->is_component = kind == '*';
	device->is_virtual = kind == '=';
	device->is_by_kernel = kind == '?';
	device->identity[ID_SERIAL] = serial ? xstrdup(serial) : NULL;
	device->identity[ID_WWN] = words ? xasprintf("0x500000000000a1b%s", words) : NULL;
	return device;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void expect_told(const struct volumes *volumes, const char *told)
{
	const char *names[8];
	char text[64] = "";
	size_t count = 0;

	map_for_each (&volumes->by_name, node, next) {
		const struct device *device = container_of(node, struct device, by_name);

		if (device->identity[ID_SERIAL])
			names[count++] = device->name;
		ck_assert(!device->is_serial_void || !device->identity[ID_SERIAL]);
	}
	qsort(names, count, sizeof(*names), compare);
	for (size_t i = 0; i < count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
			names[i]);
	ck_assert_str_eq(text, told);
}

START_TEST(test_rows)
{
	_cleanup_free_ char *script = xstrdup(rows[_i].script);
	struct serials serials = { 0 };
	struct volumes volumes = { 0 };
	char *rest = script, *turn;

	while ((turn = strsep(&rest, ";"))) {
		struct volumes_change change = { 0 };
		char *step;

		while ((step = strsep(&turn, ","))) {
			if (*step == '-')
				volumes_change_remove(&change, step + 1);
			else
				volumes_change_put(&change, make_device(*step, step + 1));
		}
		serials_decide(&serials, &volumes, &change);
		volumes_apply(&volumes, &change);
		volumes_change_fini(&change);
	}
	expect_told(&volumes, rows[_i].told);
	serials_fini(&serials);
	volumes_fini(&volumes);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("serials");

	tcase_add_loop_test(suite_add_case(suite, "serials"), test_rows, 0, (int)ARRAY_SIZE(rows));
	return run_suite(suite);
}
