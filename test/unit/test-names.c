/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The database in memory and its layers: single rules first, then random edits of a layer compared
 * with plain arrays, before and after the merge, and with a store that knows only the layer's rows.
 */

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/model/dropped.h"
#include "fixture.h"

static struct names base, layer;

static void setup(void)
{
	names_init(&base, NULL);
	names_init(&layer, &base);
	names_edit_record(&base, "UUID=1")->keep_links = true;
	names_edit_record(&base, "UUID=1")->fingerprint.size = 100;
	names_edit_record(&base, "UUID=1")->fingerprint.value[ID_SERIAL] = xstrdup("S1");
	names_edit_record(&base, "UUID=2")->no_drive_letter = true;
	names_set_link(&base, "/DosDevices/C:", "UUID=1", 5);
	names_set_link(&base, "/DosDevices/Data", "UUID=1", 6);
	names_set_link(&base, "/Volumes/Volume{a}", "UUID=1", 7);
	names_set_link(&base, "/Volumes/Volume{b}", "UUID=2", 8);
}

static void teardown(void)
{
	names_fini(&layer);
	names_fini(&base);
}

static size_t count_links(const struct names *names, const char *id)
{
	const struct link *link = NULL;
	size_t count = 0;

	while ((link = names_next_link(names, id, link))) {
		ck_assert_ptr_eq(names_find_link(names, link->path), link);
		count++;
	}
	return count;
}

static const struct link *get_only(const struct names *names)
{
	ck_assert_uint_eq(names->links.count, 1);
	return *(const struct link **)index_next(&names->links, NULL);
}

static const char *get_owner(const struct names *names, const char *path)
{
	const struct link *link = names_find_link(names, path);

	return link ? link->record->id : NULL;
}

START_TEST(test_fall_through)
{
	const struct link *link = names_find_link(&layer, "/dosdevices/c:");

	ck_assert(!names_has_rows(&layer) && !names_has_changes(&layer));
	ck_assert_str_eq(link->path, "/DosDevices/C:");
	ck_assert_uint_eq(link->changed, 5);
	ck_assert_ptr_eq(names_find_record(&layer, "UUID=1"), names_find_record(&base, "UUID=1"));
	ck_assert_ptr_null(names_find_record(&layer, "uuid=1"));
	ck_assert_int_eq(names_find_record(&layer, "UUID=1")->letter, 'C');
	ck_assert_uint_eq(names_find_record(&layer, "UUID=1")->volume_names, 1);
	ck_assert_uint_eq(count_links(&layer, "UUID=1"), 3);
	ck_assert_uint_eq(count_links(&layer, "UUID=9"), 0);
	/* Setting what is there is no change. */
	names_set_link(&layer, "/DosDevices/C:", "UUID=1", 99);
	names_remove_link(&layer, "/DosDevices/nothing");
	ck_assert(!names_has_rows(&layer));
}
END_TEST

START_TEST(test_tombstone)
{
	names_remove_link(&layer, "/dosdevices/DATA");
	ck_assert_ptr_null(names_find_link(&layer, "/DosDevices/Data"));
	ck_assert_str_eq(get_owner(&base, "/DosDevices/Data"), "UUID=1");
	ck_assert_uint_eq(count_links(&layer, "UUID=1"), 2);
	ck_assert(names_has_changes(&layer));
	ck_assert_str_eq(get_only(&layer)->path, "/DosDevices/Data");
	/* Coming and going in one layer leaves nothing. */
	names_set_link(&layer, "/DosDevices/new", "UUID=1", 9);
	names_remove_link(&layer, "/DosDevices/new");
	ck_assert_uint_eq(layer.links.count, 1);
	/* What came back under another spelling goes under the one that the database has. */
	names_set_link(&layer, "/DosDevices/daTA", "UUID=2", 9);
	ck_assert_str_eq(get_owner(&layer, "/DosDevices/data"), "UUID=2");
	names_remove_link(&layer, "/DosDevices/DATA");
	ck_assert_str_eq(get_only(&layer)->path, "/DosDevices/Data");
	names_merge(&base, &layer);
	ck_assert_ptr_null(names_find_link(&base, "/DosDevices/Data"));
	ck_assert(!names_has_rows(&layer));
	ck_assert_uint_eq(count_links(&base, "UUID=1"), 2);
	ck_assert_uint_eq(count_links(&base, "UUID=2"), 1);
}
END_TEST

START_TEST(test_case_only_rename)
{
	names_remove_link(&layer, "/DosDevices/Data");
	names_set_link(&layer, "/DosDevices/DATA", "UUID=1", 9);
	ck_assert_str_eq(names_find_link(&layer, "/DosDevices/data")->path, "/DosDevices/DATA");
	ck_assert_str_eq(names_find_link(&base, "/DosDevices/data")->path, "/DosDevices/Data");
	ck_assert_uint_eq(count_links(&layer, "UUID=1"), 3);
	names_merge(&base, &layer);
	ck_assert_str_eq(names_find_link(&base, "/DosDevices/data")->path, "/DosDevices/DATA");
	ck_assert_uint_eq(names_find_link(&base, "/DosDevices/data")->changed, 9);
	ck_assert_uint_eq(count_links(&base, "UUID=1"), 3);
	ck_assert_uint_eq(base.links.count, 4);
}
END_TEST

START_TEST(test_new_owner)
{
	names_set_link(&layer, "/DosDevices/C:", "UUID=2", 9);
	ck_assert_int_eq(names_find_record(&layer, "UUID=1")->letter, 0);
	ck_assert_int_eq(names_find_record(&layer, "UUID=2")->letter, 'C');
	ck_assert_int_eq(names_find_record(&base, "UUID=1")->letter, 'C');
	names_set_link(&layer, "/Volumes/Volume{a}", "UUID=3", 9);
	ck_assert_uint_eq(names_find_record(&layer, "UUID=1")->volume_names, 0);
	ck_assert_uint_eq(names_find_record(&layer, "UUID=3")->volume_names, 1);
	/* The other fields of a record are copied up. */
	ck_assert(names_find_record(&layer, "UUID=1")->keep_links);
	ck_assert_str_eq(names_find_record(&layer, "UUID=1")->fingerprint.value[ID_SERIAL], "S1");
	ck_assert(names_find_record(&layer, "UUID=2")->no_drive_letter);
	names_merge(&base, &layer);
	ck_assert_int_eq(names_find_record(&base, "UUID=1")->letter, 0);
	ck_assert_int_eq(names_find_record(&base, "UUID=2")->letter, 'C');
	ck_assert_str_eq(get_owner(&base, "/Volumes/Volume{a}"), "UUID=3");
	ck_assert_uint_eq(count_links(&base, "UUID=1"), 1);
	ck_assert_uint_eq(names_find_record(&base, "UUID=1")->fingerprint.size, 100);
}
END_TEST

START_TEST(test_remove_record)
{
	names_set_link(&layer, "/DosDevices/mine", "UUID=1", 9);
	names_remove_record(&layer, "UUID=1");
	ck_assert_ptr_null(names_find_record(&layer, "UUID=1"));
	ck_assert_ptr_null(names_find_link(&layer, "/DosDevices/C:"));
	ck_assert_ptr_null(names_find_link(&layer, "/DosDevices/mine"));
	ck_assert_uint_eq(count_links(&layer, "UUID=1"), 0);
	ck_assert_uint_eq(count_links(&base, "UUID=1"), 3);
	names_merge(&base, &layer);
	ck_assert_ptr_null(names_find_record(&base, "UUID=1"));
	ck_assert_uint_eq(base.links.count, 1);
	ck_assert_uint_eq(base.records.count, 1);
	/* And one that comes back in the same layer is a new one. */
	names_remove_record(&layer, "UUID=2");
	names_set_link(&layer, "/DosDevices/again", "UUID=2", 9);
	ck_assert(!names_find_record(&layer, "UUID=2")->no_drive_letter);
	ck_assert_uint_eq(names_find_record(&layer, "UUID=2")->volume_names, 0);
	ck_assert_uint_eq(count_links(&layer, "UUID=2"), 1);
	names_merge(&base, &layer);
	ck_assert_uint_eq(count_links(&base, "UUID=2"), 1);
	ck_assert(!names_find_record(&base, "UUID=2")->no_drive_letter);
}
END_TEST

START_TEST(test_hint)
{
	struct record *record = names_edit_hint(&layer, "UUID=1");

	record->fingerprint.diskseq = 7;
	ck_assert(!names_has_changes(&layer) && names_has_rows(&layer));
	names_edit_hint(&layer, "UUID=1");
	ck_assert(!names_has_changes(&layer));
	names_merge(&base, &layer);
	ck_assert_uint_eq(names_find_record(&base, "UUID=1")->fingerprint.diskseq, 7);
	ck_assert(names_find_record(&base, "UUID=1")->keep_links);
	ck_assert_uint_eq(count_links(&base, "UUID=1"), 3);
	names_edit_hint(&layer, "UUID=1");
	names_edit_record(&layer, "UUID=1");
	ck_assert(names_has_changes(&layer));
	names_edit_hint(&layer, "UUID=1"); /* does not take it back */
	ck_assert(names_has_changes(&layer));
}
END_TEST

/* Of a record whose links come and go there is nothing to write, unless there was none. */
START_TEST(test_edited)
{
	names_set_link(&layer, "/DosDevices/X:", "UUID=2", 9);
	names_remove_link(&layer, "/DosDevices/Data");
	names_set_link(&layer, "/DosDevices/new", "UUID=3", 9);
	ck_assert(!names_find_record(&layer, "UUID=1")->is_edited);
	ck_assert(!names_find_record(&layer, "UUID=2")->is_edited);
	ck_assert(names_find_record(&layer, "UUID=3")->is_edited);
	names_edit_hint(&layer, "UUID=1");
	ck_assert(names_find_record(&layer, "UUID=1")->is_edited);
	names_remove_record(&layer, "UUID=2");
	names_set_link(&layer, "/DosDevices/back", "UUID=2", 9);
	ck_assert(names_find_record(&layer, "UUID=2")->is_edited);
}
END_TEST

/* A link that leaves the database but not the view, and is as it was otherwise. */
START_TEST(test_unrecorded)
{
	names_unrecord_link(&layer, "/dosdevices/c:");
	ck_assert(names_has_rows(&layer) && names_has_changes(&layer));
	ck_assert_str_eq(names_find_link(&layer, "/DosDevices/C:")->path, "/DosDevices/C:");
	ck_assert_uint_eq(names_find_link(&layer, "/DosDevices/C:")->changed, 5);
	ck_assert_uint_eq(names_find_record(&layer, "UUID=1")->letter, 0);
	ck_assert_uint_eq(count_links(&layer, "UUID=1"), 3);
	names_merge(&base, &layer);
	ck_assert(names_find_link(&base, "/DosDevices/C:")->is_unrecorded);

	names_unrecord_link(&layer, "/DosDevices/C:");
	names_unrecord_link(&layer, "/DosDevices/Nobody");
	ck_assert_uint_eq(layer.links.count + layer.records.count, 0);
	names_remove_unrecorded(&layer, "UUID=1");
	ck_assert(!names_has_rows(&layer) && !names_has_changes(&layer));
	ck_assert_ptr_null(names_find_link(&layer, "/DosDevices/C:"));
	ck_assert_uint_eq(count_links(&layer, "UUID=1"), 2);
	names_merge(&base, &layer);
	ck_assert_uint_eq(count_links(&base, "UUID=1"), 2);
	ck_assert_uint_eq(base.links.count, 3);
}
END_TEST

START_TEST(test_settings)
{
	ck_assert(!names_is_auto_mount_off(&base) && !names_is_auto_mount_off(&layer));
	names_set_auto_mount_off(&layer, true);
	ck_assert(names_has_rows(&layer) && names_has_changes(&layer));
	ck_assert(!names_is_auto_mount_off(&base) && names_is_auto_mount_off(&layer));
	names_merge(&base, &layer);
	ck_assert(!names_has_rows(&layer) && names_is_auto_mount_off(&layer));
	names_set_auto_mount_off(&layer, false);
	ck_assert(names_is_auto_mount_off(&base) && !names_is_auto_mount_off(&layer));
	names_merge(&base, &layer);
	ck_assert(!names_is_auto_mount_off(&base));
}
END_TEST

START_TEST(test_fingerprint)
{
	struct fingerprint a = { .size = 1, .diskseq = 2 }, b = { .size = 9 };

	a.value[ID_WWN] = xstrdup("W");
	a.node = xstrdup("/dev/sda");
	fingerprint_copy(&b, &a);
	ck_assert_str_eq(b.value[ID_WWN], "W");
	ck_assert_ptr_ne(b.value[ID_WWN], a.value[ID_WWN]);
	ck_assert_str_eq(b.node, "/dev/sda");
	ck_assert_uint_eq(b.size, 1);
	ck_assert_uint_eq(b.diskseq, 2);
	fingerprint_copy(&b, &b);
	ck_assert_str_eq(b.value[ID_WWN], "W");
	fingerprint_fini(&a);
	fingerprint_fini(&b);
	fingerprint_fini(&b);
}
END_TEST

static void count_swept(void *data, const struct link *link)
{
	++*(size_t *)data;
}

/* All at once, whatever comes in the same layer before and after. */
START_TEST(test_drop)
{
	size_t swept = 0;

	names_set_link(&base, "/DosDevices/Music", "UUID=1", 6);
	names_set_link(&layer, "/DosDevices/new", "UUID=1", 9);
	names_set_link(&layer, "/DosDevices/MUSIC", "UUID=2", 9);
	names_drop_links(&layer, "UUID=1");
	ck_assert(names_has_rows(&layer) && names_has_changes(&layer));
	ck_assert_uint_eq(count_links(&layer, "UUID=1"), 0);
	ck_assert_uint_eq(count_links(&base, "UUID=1"), 4);
	ck_assert_ptr_null(names_find_link(&layer, "/DosDevices/Data"));
	ck_assert_int_eq(names_find_record(&layer, "UUID=1")->letter, 0);
	ck_assert_uint_eq(names_find_record(&layer, "UUID=1")->volume_names, 0);
	ck_assert(names_find_record(&layer, "UUID=1")->keep_links);
	ck_assert_str_eq(get_owner(&layer, "/DosDevices/Music"), "UUID=2");
	names_set_link(&layer, "/DosDevices/DATA", "UUID=1", 10);
	ck_assert_uint_eq(count_links(&layer, "UUID=1"), 1);
	names_merge(&base, &layer);
	ck_assert_uint_eq(count_links(&base, "UUID=1"), 1);
	ck_assert_uint_eq(count_links(&base, "UUID=2"), 2);
	ck_assert_str_eq(names_find_link(&base, "/dosdevices/data")->path, "/DosDevices/DATA");
	ck_assert_ptr_null(names_find_link(&base, "/DosDevices/C:"));
	ck_assert_uint_eq(names_find_record(&base, "UUID=1")->fingerprint.size, 100);

	/* What nobody sees any more is freed in pieces, and in nobody's way before. */
	ck_assert_uint_eq(base.links.count, 7);
	dropped_sweep(&base, 1, count_swept, &swept);
	ck_assert_uint_eq(swept, 1);
	names_drop_links(&layer, "UUID=1");
	names_merge(&base, &layer);
	ck_assert_uint_eq(count_links(&base, "UUID=1"), 0);
	dropped_sweep(&base, SIZE_MAX, count_swept, &swept);
	ck_assert_uint_eq(swept, 5);
	ck_assert_uint_eq(base.links.count, 2);
	ck_assert_ptr_null(base.dropped);
}
END_TEST

/* The naive model: links by path number, records by ID number. */
enum { PATHS = 12, IDS = 5 };

static const char *const paths[PATHS][2] = {
	{ "/DosDevices/A:", "/DosDevices/A:" },
	{ "/DosDevices/B:", "/DosDevices/B:" },
	{ "/DosDevices/C:", "/DosDevices/C:" },
	{ "/DosDevices/D:", "/DosDevices/D:" },
	{ "/DosDevices/E:", "/DosDevices/E:" },
	{ "/DosDevices/data", "/DosDevices/Data" },
	{ "/DosDevices/two words", "/DosDevices/TWO words" },
	{ "/DosDevices/x", "/DosDevices/X" },
	{ "/Volumes/Volume{a}", "/Volumes/Volume{A}" },
	{ "/Volumes/Volume{b}", "/Volumes/Volume{B}" },
	{ "/Volumes/Volume{c}", "/Volumes/Volume{C}" },
	{ "/Volumes/Volume{d}", "/Volumes/Volume{D}" },
};
static const char *const ids[IDS] = { "UUID=1", "UUID=2", "WWN=3", "SERIAL=4", "SERIAL=5" };

struct naive {
	struct {
		int owner; /* -1: none */
		int spelling;
		uint64_t changed;
	} link[PATHS];
	struct {
		bool exists, mark, keep;
		uint64_t size;
	} record[IDS];
};

static void check_record(const struct names *names, const struct naive *naive, int id)
{
	const struct record *record = names_find_record(names, ids[id]);
	size_t volume_names = 0, links = 0;
	char letter = 0;

	for (int path = 0; path < PATHS; path++) {
		if (naive->link[path].owner != id)
			continue;
		links++;
		if (link_name_is_letter(paths[path][0]))
			letter = link_name_get_base(paths[path][0])[0];
		volume_names += link_name_is_volume(paths[path][0]);
	}
	ck_assert_uint_eq(count_links(names, ids[id]), links);
	ck_assert_int_eq(record != NULL, naive->record[id].exists);
	if (!record)
		return;
	ck_assert_int_eq(record->letter, letter);
	ck_assert_uint_eq(record->volume_names, volume_names);
	ck_assert_int_eq(record->no_drive_letter, naive->record[id].mark);
	ck_assert_int_eq(record->keep_links, naive->record[id].keep);
	ck_assert_uint_eq(record->fingerprint.size, naive->record[id].size);
}

static void check_names(const struct names *names, const struct naive *naive)
{
	const struct link **links;
	size_t count = names_get_links(names, &links), expected = 0;

	for (int path = 0; path < PATHS; path++) {
		int owner = naive->link[path].owner;
		const struct link *link = names_find_link(names, paths[path][1]);

		expected += owner >= 0;
		ck_assert_int_eq(link != NULL, owner >= 0);
		if (!link)
			continue;
		ck_assert_str_eq(link->path, paths[path][naive->link[path].spelling]);
		ck_assert_str_eq(link->record->id, ids[owner]);
		ck_assert_uint_eq(link->changed, naive->link[path].changed);
	}
	ck_assert_uint_eq(count, expected);
	for (size_t i = 0; i < count; i++)
		ck_assert_ptr_eq(names_find_link(names, links[i]->path), links[i]);
	free(links);
	for (int id = 0; id < IDS; id++)
		check_record(names, naive, id);
}

static uint32_t seed;

static int draw(int limit)
{
	seed = seed * 1664525 + 1013904223;
	return (int)((seed >> 8) % (uint32_t)limit);
}

static void edit_link(struct names *names, struct naive *naive, uint64_t now)
{
	int path = draw(PATHS), id = draw(IDS), spelling = draw(2);
	bool has_letter = false;

	for (int other = 0; other < PATHS; other++)
		has_letter |= other != path && naive->link[other].owner == id &&
			link_name_is_letter(paths[other][0]);
	if (draw(3) == 0) {
		names_remove_link(names, paths[path][spelling]);
		naive->link[path].owner = -1;
	} else if (!has_letter || !link_name_is_letter(paths[path][0])) {
		names_set_link(names, paths[path][spelling], ids[id], now);
		if (naive->link[path].owner != id ||
			strcmp(paths[path][naive->link[path].spelling], paths[path][spelling]) != 0)
			naive->link[path].changed = now;
		naive->link[path].owner = id;
		naive->link[path].spelling = spelling;
		naive->record[id].exists = true;
	}
}

static void disown(struct naive *naive, int id)
{
	for (int path = 0; path < PATHS; path++)
		if (naive->link[path].owner == id)
			naive->link[path].owner = -1;
}

static void edit_record(struct names *names, struct naive *naive)
{
	int id = draw(IDS);

	switch (draw(5)) {
	case 0:
		if (!naive->record[id].exists)
			break;
		names_remove_record(names, ids[id]);
		memset(&naive->record[id], 0, sizeof(naive->record[id]));
		disown(naive, id);
		break;
	case 4:
		if (!naive->record[id].exists)
			break;
		names_drop_links(names, ids[id]);
		disown(naive, id);
		break;
	case 1:
		naive->record[id].exists = true;
		naive->record[id].mark = !naive->record[id].mark;
		names_edit_record(names, ids[id])->no_drive_letter = naive->record[id].mark;
		break;
	case 2:
		naive->record[id].exists = true;
		naive->record[id].keep = !naive->record[id].keep;
		names_edit_record(names, ids[id])->keep_links = naive->record[id].keep;
		break;
	default:
		naive->record[id].exists = true;
		naive->record[id].size = (uint64_t)draw(1000);
		names_edit_record(names, ids[id])->fingerprint.size = naive->record[id].size;
	}
}

static void check_rows(struct rows *rows, const struct naive *naive)
{
	struct names loaded;

	names_init(&loaded, NULL);
	rows_load(rows, &loaded);
	check_names(&loaded, naive);
	names_fini(&loaded);
}

START_TEST(test_random)
{
	struct naive before = { 0 }, after;
	struct rows rows = { 0 };

	seed = (uint32_t)_i;
	names_fini(&layer);
	names_fini(&base);
	names_init(&base, NULL);
	for (int path = 0; path < PATHS; path++)
		before.link[path].owner = -1;
	for (uint64_t round = 0; round < 400; round++) {
		int edits = draw(12);

		names_init(&layer, &base);
		after = before;
		for (int i = 0; i < edits; i++) {
			if (draw(4))
				edit_link(&layer, &after, round + 1);
			else
				edit_record(&layer, &after);
			check_names(&layer, &after);
		}
		check_names(&base, &before);
		dropped_sweep(&base, (size_t)draw(4), NULL, NULL);
		if (draw(3)) { /* else the change is given up */
			rows_write(&rows, &layer);
			names_merge(&base, &layer);
			ck_assert(!names_has_rows(&layer));
			before = after;
		}
		names_fini(&layer);
		check_names(&base, &before);
		check_rows(&rows, &before);
	}
	names_init(&layer, &base);
	rows_fini(&rows);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("names");
	TCase *tcase = suite_add_case(suite, "names");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_fall_through);
	tcase_add_test(tcase, test_tombstone);
	tcase_add_test(tcase, test_case_only_rename);
	tcase_add_test(tcase, test_new_owner);
	tcase_add_test(tcase, test_remove_record);
	tcase_add_test(tcase, test_hint);
	tcase_add_test(tcase, test_edited);
	tcase_add_test(tcase, test_drop);
	tcase_add_test(tcase, test_unrecorded);
	tcase_add_test(tcase, test_settings);
	tcase_add_test(tcase, test_fingerprint);
	tcase_add_loop_test(tcase, test_random, 1, 7);
	return run_suite(suite);
}
