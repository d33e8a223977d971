/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a device is known to be is what the next process recalls. */

#include <string.h>
#include <sys/mman.h>

#include "../run-suite.h"
#include "io/fuse/kept_known.h"

#define SIZE ((size_t)64 << 20)

static void *memory;
static struct kept *kept;
static struct kept_notes known;
static struct manager manager;

static void setup(void)
{
	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	kept = kept_new(memory, SIZE);
	kept_known_init(&known, kept);
	manager_init(&manager, &id_order_default);
}

static void teardown(void)
{
	manager_fini(&manager);
	kept_notes_fini(&known);
	kept_free(kept);
	munmap(memory, SIZE);
}

static struct device *new_device(const char *name, const char *uuid)
{
	struct device *device = device_new(name);

	device->node = xasprintf("/dev/%s", name);
	device->number = 0x700;
	device->diskseq = 7;
	device->size = 1 << 20;
	device->start = 512;
	device->partition = 3;
	device->attachment = ATTACHMENT_EXTERNAL;
	device->identity[ID_UUID] = uuid ? xstrdup(uuid) : NULL;
	device->identity[ID_PARTUUID] = xstrdup("00112233-03");
	device->fstype = xstrdup("ext4");
	device->usage = xstrdup("filesystem");
	device->label = xstrdup("a \\ \n b");
	device->doubt = xstrdup("it is in use");
	device->is_read_only = device->has_partitions = device->is_fabric = true;
	return device;
}

/* Puts it in place, present under its UUID if it has a record. */
static void put(struct device *device)
{
	struct recalled recalled = { .device = device, .had_id = true, .scheme = ID_UUID };
	struct touched touched;

	recall_devices(&manager, &recalled, 1, &touched);
	touched_fini(&touched);
	device_free(device);
}

static void begin_again(void)
{
	kept_commit(kept);
	kept_notes_fini(&known);
	kept_free(kept);
	kept = kept_new(memory, SIZE);
}

START_TEST(test_all_is_recalled)
{
	const struct device *device;
	struct recalled *list;

	names_edit_record(&manager.names, "UUID=1234-ABCD");
	put(new_device("sda3", "1234-ABCD"));
	device = volumes_find_id(&manager.volumes, "UUID=1234-ABCD");
	ck_assert_ptr_nonnull(device);
	kept_known_note(&known, device, "sda3");
	begin_again();
	ck_assert_uint_eq(kept_known_load(kept, &list), 1);
	ck_assert(device_is_equal(list[0].device, device));
	ck_assert(list[0].had_id && list[0].scheme == ID_UUID && !list[0].device->former);
	device_free(list[0].device);
	free(list);
}
END_TEST

START_TEST(test_a_former_is_recalled)
{
	struct device *device = new_device("sda3", NULL);
	struct recalled *list;

	device->former = xstrdup("UUID=1234-ABCD");
	kept_known_note(&known, device, "sda3");
	begin_again();
	ck_assert_uint_eq(kept_known_load(kept, &list), 1);
	ck_assert(!list[0].had_id);
	ck_assert_str_eq(list[0].device->former, "UUID=1234-ABCD");
	put(list[0].device); /* of which nothing is known any more */
	ck_assert_uint_eq(manager.volumes.by_name.count, 0);
	free(list);
	device_free(device);
}
END_TEST

START_TEST(test_what_is_gone_is_not)
{
	struct device *device = new_device("sda3", NULL);
	struct recalled *list;

	device->former = xstrdup("UUID=1234-ABCD");
	kept_known_note(&known, device, "sda3");
	kept_known_note(&known, NULL, "sda3");
	begin_again();
	ck_assert_uint_eq(kept_known_load(kept, &list), 0);
	device_free(device);
}
END_TEST

/* One of two that claim to be the same volume is. */
START_TEST(test_an_id_is_one_device_s)
{
	struct device *devices[] = { new_device("sda3", "1234-ABCD"),
		new_device("sdb3", "1234-ABCD") };
	struct recalled list[2];
	struct touched touched;

	for (size_t i = 0; i < 2; i++)
		list[i] = (struct recalled){ devices[i], true, ID_UUID, false };
	names_edit_record(&manager.names, "UUID=1234-ABCD");
	recall_devices(&manager, list, 2, &touched);
	ck_assert_uint_eq(manager.volumes.by_name.count, 1);
	ck_assert_str_eq(volumes_find_id(&manager.volumes, "UUID=1234-ABCD")->name, "sda3");
	ck_assert_uint_eq(touched.id_count, 1);
	touched_fini(&touched);
	for (size_t i = 0; i < 2; i++)
		device_free(devices[i]);
}
END_TEST

/* Names do not follow from a volume that is another device by now. */
START_TEST(test_a_former_of_another_is_not)
{
	struct device *was = new_device("sda3", NULL), *is = new_device("sdb3", "1234-ABCD");
	const struct recalled list[] = { { was, false, ID_UUID, false },
		{ is, true, ID_UUID, false } };
	struct touched touched;

	names_edit_record(&manager.names, "UUID=1234-ABCD");
	was->former = xstrdup("UUID=1234-ABCD");
	recall_devices(&manager, list, 2, &touched);
	ck_assert_ptr_nonnull(volumes_find_id(&manager.volumes, "UUID=1234-ABCD"));
	ck_assert_ptr_null(volumes_find_name(&manager.volumes, "sda3")->former);
	ck_assert_uint_eq(manager.volumes.formers, 0);
	touched_fini(&touched);
	device_free(was);
	device_free(is);
}
END_TEST

/* A record that was cut anywhere is passed over. */
START_TEST(test_damage)
{
	struct device *device = new_device("sda3", NULL);
	struct recalled *list;
	uint32_t record;
	size_t len;

	device->former = xstrdup("UUID=1234-ABCD");
	kept_known_note(&known, device, "sda3");
	record = kept_next(kept, KEPT_KNOWN, 0);
	len = kept_get_len(kept, record);
	for (size_t i = 0; i < len; i++) {
		uint32_t cut = kept_add(kept, KEPT_KNOWN, 0, kept_get(kept, record), i);

		ck_assert_uint_eq(kept_known_load(kept, &list), 1);
		device_free(list[0].device);
		free(list);
		kept_remove(kept, cut);
	}
	device_free(device);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kept-known");
	TCase *tcase = suite_add_case(suite, "kept-known");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_all_is_recalled);
	tcase_add_test(tcase, test_a_former_is_recalled);
	tcase_add_test(tcase, test_what_is_gone_is_not);
	tcase_add_test(tcase, test_an_id_is_one_device_s);
	tcase_add_test(tcase, test_a_former_of_another_is_not);
	tcase_add_test(tcase, test_damage);
	return run_suite(suite);
}
