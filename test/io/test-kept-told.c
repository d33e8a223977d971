/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What readers of `events` were told of volumes is the same for the next process.
 */

#include <string.h>
#include <sys/mman.h>

#include "../run-suite.h"
#include "io/fuse/kept_kind.h"
#include "io/fuse/kept_told.h"

#define SIZE ((size_t)64 << 20)

static void *memory;
static struct kept *kept;
static struct kept_told noted;
static struct told shown; /* the tree of this process */
static struct volumes volumes;
static const char *const mounts[] = { "/mnt/a", "/mnt/b c" };

static void setup(void)
{
	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	kept = kept_new(memory, SIZE);
	noted = (struct kept_told){ 0 };
	told_init(&shown, 1);
}

static void teardown(void)
{
	told_fini(&shown);
	kept_told_fini(&noted);
	kept_free(kept);
	munmap(memory, SIZE);
}

/* The memory as another process finds it; what is noted goes on. */
static void begin_again(void)
{
	kept_free(kept);
	kept = kept_new(memory, SIZE);
	noted.kept = noted.volumes.kept = noted.devices.kept = noted.known.kept = kept;
}

static void show(const char *id, const char *node, size_t mount_count)
{
	told_add_volume(&shown,
		&(struct told_volume){
			.id = id,
			.node = node,
			.is_online = node != NULL,
			.diskseq = 7,
			.description = UINT64_MAX,
			.changed = 5,
			.links_changed = 6,
			.mounts = mounts,
			.mount_count = mount_count,
		});
}

static size_t count_records(void)
{
	size_t count = 0;

	for (uint32_t record = 0; (record = kept_next(kept, KEPT_VOLUME, record));)
		count++;
	return count;
}

/* Whether the next process knows this of a volume. */
static void check(const char *id, bool is_there)
{
	struct told_volume before, after;
	struct told told;

	begin_again();
	told_init(&told, 1);
	kept_told_load(kept, &told);
	ck_assert_int_eq(told_get_volume(&told.tree, id, &after), is_there);
	if (is_there) {
		ck_assert(told_get_volume(&shown.tree, id, &before));
		ck_assert_str_eq(after.id, before.id);
		ck_assert(is_same_text(after.node, before.node));
		ck_assert_int_eq(after.is_online, before.is_online);
		ck_assert_uint_eq(after.diskseq, before.diskseq);
		ck_assert_uint_eq(after.description, before.description);
		ck_assert_uint_eq(after.changed, 5);
		ck_assert_uint_eq(after.links_changed, 6);
		ck_assert_uint_eq(after.mount_count, before.mount_count);
		for (size_t i = 0; i < after.mount_count; i++)
			ck_assert_str_eq(after.mounts[i], before.mounts[i]);
	}
	told_fini(&told);
}

START_TEST(volumes_come_back)
{
	show("UUID=a", "/dev/sda1", 2);
	show("UUID=b/c", NULL, 0);
	kept_told_start(&noted, kept, &shown.tree, &volumes);
	show("UUID=d", "/dev/sdd1", 0);
	kept_told_note(&noted, &shown.tree, "UUID=d");
	kept_commit(kept);
	check("UUID=a", true);
	check("UUID=b/c", true);
	check("UUID=d", true);
	ck_assert_uint_eq(count_records(), 3);
	/* Nothing new is nothing to write. */
	kept_told_note(&noted, &shown.tree, "UUID=a");
	ck_assert(!kept_has_changes(kept));
}
END_TEST

START_TEST(what_shows_no_more_goes)
{
	show("UUID=a", "/dev/sda1", 0);
	kept_told_start(&noted, kept, &shown.tree, &volumes);
	kept_commit(kept);
	told_fini(&shown);
	told_init(&shown, 1);
	kept_told_note(&noted, &shown.tree, "UUID=a");
	kept_told_note(&noted, &shown.tree, "UUID=a");
	kept_commit(kept);
	check("UUID=a", false);
	ck_assert_uint_eq(count_records(), 0);
}
END_TEST

/* The process that goes on notes all anew. */
START_TEST(old_records_go)
{
	show("UUID=a", "/dev/sda1", 0);
	kept_told_start(&noted, kept, &shown.tree, &volumes);
	kept_commit(kept);
	kept_told_fini(&noted);
	noted = (struct kept_told){ 0 };
	kept_told_start(&noted, kept, &shown.tree, &volumes);
	kept_commit(kept);
	ck_assert_uint_eq(count_records(), 1);
}
END_TEST

START_TEST(nobody_is_told_at_first)
{
	show("UUID=a", "/dev/sda1", 0);
	kept_told_note(&noted, &shown.tree, "UUID=a");
	ck_assert_uint_eq(count_records(), 0);
}
END_TEST

static struct device device = { .name = (char *)"sda1", .node = (char *)"/dev/sda1" };

/* What the next process tells of a device, in words. */
static char *tell(struct manager *manager)
{
	struct strbuf text = STRBUF_INIT;
	struct events events = { 0 };
	struct told told;

	begin_again();
	told_init(&told, 1);
	kept_told_load(kept, &told);
	told_compare(&told, manager, &shown.tree, 1, &events);
	for (size_t i = 0; i < events.count; i++)
		strbuf_add_format(&text, "%s %s %s", event_types[events.list[i].kind].name,
			events.list[i].device, events.list[i].reason ? events.list[i].reason : "-");
	told_fini(&told);
	events_fini(&events);
	return text.len ? strbuf_take(&text) : xstrdup("");
}

static void expect_told(struct manager *manager, const char *expected)
{
	_cleanup_free_ char *text = tell(manager);

	ck_assert_str_eq(text, expected);
}

START_TEST(devices_are_told_of_once)
{
	struct manager manager;
	struct map *by_name = &manager.volumes.by_name;

	manager_init(&manager, &id_order_default);
	device.kind = DEVICE_VOLUME;
	device.reason = (char *)"it is damaged";
	map_add(by_name, &device.by_name, map_hash_text(device.name));
	expect_told(&manager, "volume-unprocessed /dev/sda1 it is damaged");
	kept_told_start(&noted, kept, &shown.tree, &manager.volumes);
	kept_commit(kept);
	expect_told(&manager, "");
	device.reason = (char *)"it is gone";
	expect_told(&manager, "volume-unprocessed /dev/sda1 it is gone");
	device.is_displaced = true;
	kept_told_note_device(&noted, &manager.volumes, "sda1");
	kept_commit(kept);
	expect_told(&manager, "");
	device.is_displaced = false;
	device.reason = NULL;
	kept_told_note_device(&noted, &manager.volumes, "sda1");
	kept_commit(kept);
	ck_assert_uint_eq(kept_next(kept, KEPT_DEVICE, 0), 0);
	device.is_displaced = true;
	expect_told(&manager, "duplicate /dev/sda1 -");
	map_remove(by_name, &device.by_name);
	manager_fini(&manager);
}
END_TEST

/* Each end of a record that was sound, and a number of mounts that it does not have. */
START_TEST(damaged_records_go)
{
	uint8_t bytes[128];
	uint32_t record;
	size_t len;

	show("UUID=a", "/dev/sda1", 2);
	kept_told_start(&noted, kept, &shown.tree, &volumes);
	record = kept_next(kept, KEPT_VOLUME, 0);
	len = kept_get_len(kept, record);
	ck_assert_uint_lt(len, sizeof(bytes));
	memcpy(bytes, kept_get(kept, record), len);
	kept_remove(kept, record);
	for (size_t i = 0; i < len; i++)
		kept_add(kept, KEPT_VOLUME, 0, bytes, i);
	memset(bytes + 36, 0xff, 4); /* mounts */
	kept_add(kept, KEPT_VOLUME, 0, bytes, len);
	kept_commit(kept);
	check("UUID=a", false);
	kept_commit(kept);
	ck_assert_uint_eq(count_records(), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kept-told");
	TCase *tests = suite_add_case(suite, "kept-told");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, volumes_come_back);
	tcase_add_test(tests, what_shows_no_more_goes);
	tcase_add_test(tests, old_records_go);
	tcase_add_test(tests, devices_are_told_of_once);
	tcase_add_test(tests, nobody_is_told_at_first);
	tcase_add_test(tests, damaged_records_go);
	return run_suite(suite);
}
