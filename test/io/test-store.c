/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store in good days: what was committed is what is loaded.
 */

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/syntax/link_name.h"
#include "core/model/shadows.h"
#include "core/model/dropped.h"
#include "core/rules/elsewhere.h"
#include "store-fixture.h"

#define ID_A "UUID=3e6be9de-8139-11d1-9106-a43f08d823a6"
#define ID_B "SERIAL=Ma\"d_'in\"_\\x41-part7"
#define VOLUME_A "/Volumes/Volume{3e6be9de-8139-11d1-9106-a43f08d823a6}"

static void fill_fingerprint(struct fingerprint *fingerprint)
{
	fingerprint->value[ID_PARTUUID] = xstrdup("partition '");
	fingerprint->value[ID_DM_UUID] = xstrdup("LVM-\" ; DROP TABLE records; --");
	fingerprint->value[ID_MD_UUID] = xstrdup("");
	fingerprint->value[ID_WWN] = xstrdup("\xff\xfe not UTF-8 \x80\n\t");
	fingerprint->value[ID_SERIAL] = xstrdup("\xe2\x82\xac \xf0\x9f\x92\xbe");
	fingerprint->node = xstrdup("/dev/mapper/a b");
	fingerprint->size = UINT64_MAX;
	fingerprint->diskseq = (uint64_t)INT64_MAX + 1;
	fingerprint->has_twin = true;
}

START_TEST(every_field_comes_back)
{
	struct fixture f;
	struct change change;
	struct record *record;
	struct history_entry *entry;

	fixture_init(&f);
	fixture_open(&f);
	fixture_begin(&f, &change);
	record = names_edit_record(&change.names, ID_A);
	record->keep_links = true;
	fill_fingerprint(&record->fingerprint);
	names_edit_record(&change.names, ID_B)->no_drive_letter = true;
	names_set_link(&change.names, "/DosDevices/C:", ID_A, 1);
	names_set_link(&change.names, VOLUME_A, ID_A, INT64_MAX);
	names_set_link(&change.names, "/DosDevices/Gr\xc3\xbc\xc3\x9f 'e\" $(x) `y` %00", ID_B, 0);
	add_entry(&change, &f.manager, "create_point", "/DosDevices/C:", ID_A, "/dev/sda2");
	add_entry(&change, &f.manager, "odd \x80 '\"", NULL, NULL, NULL);
	entry = change.entries[1];
	entry->time = UINT64_MAX;
	entry->epic = entry->uid = entry->pid = UINT32_MAX;
	entry->command = NULL;
	fixture_commit(&f, &change);
	fixture_check_reload(&f);

	/* The dumps agree; that they say something is asserted here. */
	record = (struct record *)names_find_record(&f.manager.names, ID_A);
	ck_assert(record && record->keep_links && !record->no_drive_letter);
	ck_assert_int_eq(record->letter, 'C');
	ck_assert_uint_eq(record->volume_names, 1);
	ck_assert_uint_eq(record->fingerprint.size, UINT64_MAX);
	ck_assert_uint_eq(record->fingerprint.diskseq, (uint64_t)INT64_MAX + 1);
	ck_assert(record->fingerprint.has_twin);
	ck_assert_str_eq(record->fingerprint.value[ID_WWN], "\xff\xfe not UTF-8 \x80\n\t");
	ck_assert_str_eq(record->fingerprint.value[ID_MD_UUID], "");
	ck_assert_ptr_null(record->fingerprint.value[ID_UUID]);
	ck_assert_uint_eq(names_find_link(&f.manager.names, VOLUME_A)->changed, INT64_MAX);
	ck_assert_uint_eq(f.manager.history.count, 2);
	ck_assert_uint_eq(f.manager.history.next_sequence, 3);
	ck_assert_str_eq(f.manager.history.entries[0]->device, "/dev/sda2");
	ck_assert_ptr_null(f.manager.history.entries[1]->command);
	fixture_fini(&f);
}
END_TEST

START_TEST(layers_delete_and_rename)
{
	struct fixture f;
	struct change change;

	fixture_init(&f);
	fixture_open(&f);
	fixture_begin(&f, &change);
	names_set_link(&change.names, "/DosDevices/C:", ID_A, 1);
	names_set_link(&change.names, "/DosDevices/D:", ID_B, 1);
	names_set_link(&change.names, "/DosDevices/backup", ID_A, 1);
	names_set_link(&change.names, "/DosDevices/gone", ID_A, 1);
	fixture_commit(&f, &change);

	/* Two letters change places, a name changes its case only, one goes. */
	fixture_begin(&f, &change);
	names_remove_link(&change.names, "/DosDevices/C:");
	names_remove_link(&change.names, "/DosDevices/D:");
	names_set_link(&change.names, "/DosDevices/D:", ID_A, 2);
	names_set_link(&change.names, "/DosDevices/C:", ID_B, 2);
	names_set_link(&change.names, "/DosDevices/BackUp", ID_A, 2);
	names_remove_link(&change.names, "/DosDevices/GONE");
	fixture_commit(&f, &change);
	fixture_check_reload(&f);
	ck_assert_str_eq(names_find_link(&f.manager.names, "/DosDevices/C:")->record->id, ID_B);
	ck_assert_str_eq(names_find_link(&f.manager.names, "/DosDevices/BACKUP")->path,
		"/DosDevices/BackUp");
	ck_assert_ptr_null(names_find_link(&f.manager.names, "/DosDevices/gone"));

	/* A record goes, and one of its names passes to the other in the same change. */
	fixture_begin(&f, &change);
	names_remove_record(&change.names, ID_A);
	names_set_link(&change.names, "/DosDevices/backup", ID_B, 3);
	fixture_commit(&f, &change);
	fixture_check_reload(&f);
	ck_assert_ptr_null(names_find_record(&f.manager.names, ID_A));
	ck_assert_uint_eq(f.manager.names.links.count, 2);

	/* Gone and back within one change: nothing of before is left. */
	fixture_begin(&f, &change);
	names_remove_record(&change.names, ID_B);
	names_set_link(&change.names, "/DosDevices/new", ID_B, 4);
	fixture_commit(&f, &change);
	fixture_check_reload(&f);
	ck_assert_uint_eq(f.manager.names.links.count, 1);
	fixture_fini(&f);
}
END_TEST

/* All of one go at once, but for one that passes on and one that is new. */
START_TEST(all_links_of_one_go)
{
	struct change change;
	struct fixture f;

	fixture_init(&f);
	fixture_open(&f);
	fixture_begin(&f, &change);
	names_set_link(&change.names, "/DosDevices/C:", ID_B, 1);
	names_set_link(&change.names, "/DosDevices/other", ID_A, 1);
	names_set_link(&change.names, "/DosDevices/pictures", ID_B, 3);
	names_set_link(&change.names, "/DosDevices/films", ID_B, 3);
	fixture_commit(&f, &change);
	fixture_begin(&f, &change);
	names_set_link(&change.names, "/DosDevices/films", ID_A, 4);
	names_drop_links(&change.names, ID_B);
	names_set_link(&change.names, "/DosDevices/F:", ID_B, 4);
	names_set_link(&change.names, "/DosDevices/PICTURES", ID_B, 4);
	fixture_commit(&f, &change);
	fixture_check_reload(&f);
	dropped_sweep(&f.manager.names, SIZE_MAX, NULL, NULL);
	ck_assert_uint_eq(f.manager.names.links.count, 4);
	fixture_fini(&f);
}
END_TEST

/* One change with one link, by `edit`. */
static void commit_link(
	struct fixture *f, const char *path, void (*edit)(struct names *layer, const char *path))
{
	struct change change;

	fixture_begin(f, &change);
	edit(&change.names, path);
	fixture_commit(f, &change);
}

static void give_to_a(struct names *layer, const char *path)
{
	names_set_link(layer, path, ID_A, 1);
}

static void give_to_b(struct names *layer, const char *path)
{
	names_set_link(layer, path, ID_B, 2);
}

START_TEST(unrecorded_links_have_no_row)
{
	struct fixture f;
	struct change change;

	fixture_init(&f);
	fixture_open(&f);
	commit_link(&f, "/DosDevices/C:", give_to_a);
	commit_link(&f, "/DosDevices/data", give_to_a);
	commit_link(&f, "/DosDevices/C:", names_unrecord_link);
	commit_link(&f, "/DosDevices/DATA", names_unrecord_link);
	ck_assert_ptr_nonnull(names_find_link(&f.manager.names, "/DosDevices/C:"));
	commit_link(&f, "/DosDevices/D:", give_to_a); /* it had no other letter */

	commit_link(&f, "/DosDevices/C:", names_remove_link); /* no row to delete */
	ck_assert_ptr_null(names_find_link(&f.manager.names, "/DosDevices/C:"));
	commit_link(&f, "/DosDevices/Data", give_to_b); /* recorded again, and not twice */
	commit_link(&f, "/DosDevices/new", give_to_a);
	fixture_begin(&f, &change); /* made and unrecorded in one change: never was there */
	names_set_link(&change.names, "/DosDevices/short", ID_A, 1);
	names_unrecord_link(&change.names, "/DosDevices/short");
	names_unrecord_link(&change.names, "/DosDevices/new");
	names_set_link(&change.names, "/DosDevices/new", ID_B, 3);
	fixture_commit(&f, &change);
	fixture_check_reload(&f);
	ck_assert_ptr_null(names_find_link(&f.manager.names, "/DosDevices/short"));
	ck_assert_str_eq(names_find_link(&f.manager.names, "/DosDevices/data")->record->id, ID_B);
	ck_assert_str_eq(names_find_link(&f.manager.names, "/DosDevices/new")->record->id, ID_B);
	fixture_close(&f);
	check_file(&f, COUNT("links") " = 3");
	fixture_fini(&f);
}
END_TEST

/* A record goes while a link of it is in memory only. */
START_TEST(unrecorded_links_hold_no_record)
{
	struct fixture f;

	fixture_init(&f);
	fixture_open(&f);
	commit_link(&f, "/DosDevices/C:", give_to_a);
	commit_link(&f, "/DosDevices/C:", names_unrecord_link);
	commit_link(&f, ID_A, names_remove_record);
	fixture_check_reload(&f);
	ck_assert_uint_eq(f.manager.names.records.count, 0);
	fixture_fini(&f);
}
END_TEST

static void set_auto_mount(struct fixture *f, bool is_on)
{
	struct change change;

	fixture_begin(f, &change);
	names_set_auto_mount_off(&change.names, !is_on);
	fixture_commit(f, &change);
	ck_assert(names_is_auto_mount_off(&f->manager.names) == !is_on);
	fixture_check_reload(f);
}

/* On without a row; one row whatever is set how often; other changes leave it alone. */
START_TEST(settings_come_back)
{
	struct fixture f;

	fixture_init(&f);
	fixture_open(&f);
	ck_assert(!names_is_auto_mount_off(&f.manager.names));
	commit_link(&f, "/DosDevices/C:", give_to_a);
	fixture_close(&f);
	check_file(&f, COUNT("settings") " = 0");
	fixture_open(&f);
	set_auto_mount(&f, false);
	ck_assert(names_is_auto_mount_off(&f.manager.names));
	commit_link(&f, "/DosDevices/D:", give_to_b);
	fixture_check_reload(&f);
	ck_assert(names_is_auto_mount_off(&f.manager.names));
	fixture_close(&f);
	check_file(&f, COUNT("settings") " = 1");
	check_file(&f, "(SELECT value FROM settings WHERE name = 'auto_mount') = 0");
	fixture_open(&f);
	set_auto_mount(&f, false);
	set_auto_mount(&f, true);
	ck_assert(!names_is_auto_mount_off(&f.manager.names));
	fixture_close(&f);
	check_file(&f, COUNT("settings") " = 1");
	check_file(&f, "(SELECT value FROM settings WHERE name = 'auto_mount') = 1");
	fixture_fini(&f);
}
END_TEST

START_TEST(what_all_hosts_have_comes_back)
{
	static const struct elsewhere_row rows[] = {
		{ .kind = ELSEWHERE_RECORD, .id = "UUID=1", .size = 5, .value[ID_WWN] = "w" },
		{ .kind = ELSEWHERE_LINK, .path = "/DosDevices/all", .id = "UUID=1", .changed = 3 },
		{ .kind = ELSEWHERE_LINK, .path = "/DosDevices/OWN", .id = "UUID=1", .changed = 4 },
	};
	static const struct history_entry entry = { .operation = "create_point" };
	const struct elsewhere elsewhere = {
		.host = "other",
		.revision = 77,
		.head = 7,
		.rows = (struct elsewhere_row *)rows,
		.count = ARRAY_SIZE(rows),
		.entries = &entry,
		.entry_count = 1,
	};
	const struct elsewhere_row gone = {
		.kind = ELSEWHERE_LINK, .path = "/DosDevices/own", .is_gone = true
	};
	const struct elsewhere end = {
		.host = "other", .revision = 78, .rows = (struct elsewhere_row *)&gone, .count = 1
	};
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	const struct record *record;
	struct change change;
	struct fixture f;

	fixture_init(&f);
	fixture_open(&f);
	fixture_begin(&f, &change);
	names_set_link(&change.names, "/DosDevices/own", "UUID=own", 1);
	fixture_commit(&f, &change);
	fixture_begin(&f, &change);
	elsewhere_decide(&f.manager, &elsewhere, &change, &why);
	fixture_commit(&f, &change);
	fixture_check_reload(&f);
	record = names_find_record(&f.manager.names, "UUID=1");
	ck_assert(record->is_shared && record->revision == 77);
	ck_assert_uint_eq(f.manager.names.revision, 77);
	ck_assert_str_eq(shadows_find(&f.manager.names, "/DosDevices/own")->id, "UUID=1");
	ck_assert_uint_eq(shadows_find(&f.manager.names, "/DosDevices/own")->changed, 4);
	ck_assert_str_eq(f.manager.history.entries[0]->host, "other");
	fixture_begin(&f, &change);
	elsewhere_decide(&f.manager, &end, &change, &why);
	fixture_commit(&f, &change);
	fixture_check_reload(&f);
	ck_assert_ptr_null(shadows_find(&f.manager.names, "/DosDevices/own"));
	ck_assert_uint_eq(f.manager.names.revision, 78);
	fixture_fini(&f);
}
END_TEST

/* Dropped links are swept meanwhile. */
START_TEST(random_changes_come_back)
{
	struct fixture f;
	unsigned int rounds = get_rounds(300);

	fixture_init(&f);
	f.is_sweeping = true;
	fixture_open(&f);
	for (unsigned int i = 0; i < rounds; i++) {
		struct change change;

		fixture_begin(&f, &change);
		add_random(&change, &f.manager, i);
		fixture_commit(&f, &change);
		if (i % 10 == 0)
			fixture_check_reload(&f);
	}
	fixture_check_reload(&f);
	ck_assert_uint_gt(f.manager.names.links.count, 0);
	fixture_fini(&f);
}
END_TEST

START_TEST(history_is_trimmed)
{
	static const size_t counts[] = { HISTORY_MAX - 1, 1, 1, 700, 2 * HISTORY_MAX + 5, 1 };
	struct fixture f;
	size_t total = 0;

	fixture_init(&f);
	fixture_open(&f);
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		struct change change;

		fixture_begin(&f, &change);
		for (size_t j = 0; j < counts[i]; j++)
			add_entry(&change, &f.manager, "test", NULL, NULL, NULL);
		fixture_commit(&f, &change);
		fixture_check_reload(&f);
		total += counts[i];
		ck_assert_uint_eq(f.manager.history.next_sequence, total + 1);
		ck_assert_uint_eq(
			f.manager.history.count, total < HISTORY_MAX ? total : HISTORY_MAX);
	}
	fixture_close(&f);
	/* Not only what is loaded, also what is stored, but for some that are still to go. */
	run_sql(f.path,
		"CREATE TEMP TABLE t (n CHECK (n BETWEEN 1000 AND 1063));"
		"INSERT INTO t SELECT count(*) FROM history");
	fixture_fini(&f);
}
END_TEST

/* Each commit would have to write a page of theirs, of whichever volumes got links. */
START_TEST(links_leave_records_alone)
{
	struct fixture f;
	struct change change;

	fixture_init(&f);
	fixture_open(&f);
	fixture_begin(&f, &change);
	names_set_link(&change.names, "/DosDevices/old", ID_A, 1);
	fixture_commit(&f, &change);
	names_edit_record(&f.manager.names, ID_A)->last_seen = 5; /* in memory alone */
	fixture_begin(&f, &change);
	names_set_link(&change.names, "/DosDevices/new", ID_A, 2);
	fixture_commit(&f, &change);
	fixture_close(&f);
	check_file(&f, "(SELECT last_seen FROM records) = 0");
	fixture_fini(&f);
}
END_TEST

START_TEST(results_are_taken_once)
{
	struct fixture f;
	struct change change;
	struct pollfd pollfd = { .events = POLLIN };
	struct strbuf why = STRBUF_INIT;
	int r = 1;

	fixture_init(&f);
	fixture_open(&f);
	pollfd.fd = store_get_fd(f.store);
	ck_assert_int_eq(poll(&pollfd, 1, 0), 0);
	ck_assert(!store_take_result(f.store, &r, &why));
	ck_assert_int_eq(r, 1);
	fixture_begin(&f, &change);
	names_set_link(&change.names, "/DosDevices/C:", ID_A, 1);
	store_commit(f.store, &change);
	ck_assert_int_eq(poll(&pollfd, 1, -1), 1);
	ck_assert(store_take_result(f.store, &r, &why));
	ck_assert_int_eq(r, 0);
	ck_assert(!store_take_result(f.store, &r, &why));
	ck_assert_int_eq(poll(&pollfd, 1, 0), 0);
	change_fini(&change);
	fixture_fini(&f);
}
END_TEST

START_TEST(close_waits_for_the_commit)
{
	for (int i = 0; i < 20; i++) {
		struct fixture f;
		struct change change;

		fixture_init(&f);
		fixture_open(&f);
		fixture_begin(&f, &change);
		add_random(&change, &f.manager, (unsigned int)i);
		names_set_link(&change.names, "/DosDevices/Z:", ID_A, 1);
		store_commit(f.store, &change);
		store_close(steal_ptr(f.store));
		change_fini(&change);
		manager_fini(&f.manager);
		fixture_open(&f);
		ck_assert_ptr_nonnull(names_find_link(&f.manager.names, "/DosDevices/Z:"));
		fixture_fini(&f);
	}
}
END_TEST

static void check_not_written(struct fixture *f, struct change *change)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;

	ck_assert_int_eq(fixture_try_commit(f, change, &why), -EIO);
	ck_assert_ptr_nonnull(strstr(strbuf_text(&why), f->path));
}

START_TEST(broken_rules_are_not_written)
{
	struct fixture f;
	struct change change;

	fixture_init(&f);
	fixture_open(&f);
	fixture_begin(&f, &change);
	names_set_link(&change.names, "/DosDevices/C:", ID_A, 1);
	fixture_commit(&f, &change);

	fixture_begin(&f, &change);
	names_set_link(&change.names, "/DosDevices/D:", ID_A, 1);
	check_not_written(&f, &change);
	/* What could not be read again: */
	fixture_begin(&f, &change);
	names_edit_record(&change.names, ID_A)->fingerprint.node = xcalloc(1, 100001);
	memset(names_edit_record(&change.names, ID_A)->fingerprint.node, 'x', 100000);
	check_not_written(&f, &change);
	fixture_begin(&f, &change);
	names_set_link(&change.names, "/DosDevices/a/b", ID_A, 1);
	check_not_written(&f, &change);
	fixture_begin(&f, &change);
	names_set_link(&change.names, "backup", ID_A, 1);
	check_not_written(&f, &change);
	fixture_begin(&f, &change);
	names_edit_record(&change.names, "LABEL=x");
	check_not_written(&f, &change);
	fixture_begin(&f, &change);
	add_entry(&change, &f.manager, "test", NULL, NULL, NULL);
	add_entry(&change, &f.manager, "test", NULL, NULL, NULL);
	change.entries[1]->sequence++;
	check_not_written(&f, &change);
	fixture_begin(&f, &change);
	add_entry(&change, &f.manager, "test", NULL, NULL, NULL);
	fixture_commit(&f, &change);
	for (int step = -1; step <= 1; step += 2) {
		fixture_begin(&f, &change);
		add_entry(&change, &f.manager, "test", NULL, NULL, NULL);
		change.entries[0]->sequence += (uint64_t)step;
		check_not_written(&f, &change);
	}

	fixture_begin(&f, &change); /* and what can is, right after that */
	names_edit_record(&change.names, ID_A)->keep_links = true;
	fixture_commit(&f, &change);
	fixture_check_reload(&f);
	ck_assert_uint_eq(f.manager.names.links.count, 1);
	fixture_fini(&f);
}
END_TEST

static off_t get_size(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? -1 : st.st_size;
}

START_TEST(log_stays_small_and_goes)
{
	struct fixture f;
	_cleanup_free_ char *log = NULL;

	fixture_init(&f);
	log = xasprintf("%s-wal", f.path);
	fixture_open(&f);
	for (uint64_t i = 0; i < 60; i++) {
		struct change change;

		fixture_begin(&f, &change);
		for (unsigned int j = 0; j < 300; j++) {
			char path[LINK_PATH_MAX];

			snprintf(path, sizeof(path), "/DosDevices/a rather long name %u", j);
			names_remove_link(&change.names, path);
			names_set_link(&change.names, path, i % 2 ? ID_A : ID_B, i);
			add_entry(&change, &f.manager, "create_point", path, ID_A, NULL);
		}
		fixture_commit(&f, &change);
		ck_assert_int_gt(get_size(log), 0);
		ck_assert_int_lt(get_size(log), 3 << 20);
	}
	fixture_close(&f);
	ck_assert_int_eq(get_size(log), -1);
	fixture_open(&f);
	ck_assert_uint_eq(f.manager.names.links.count, 300);
	fixture_fini(&f);
}
END_TEST

/* Signals are for the main loop: another thread that takes one would hide it. */
START_TEST(thread_blocks_signals)
{
	struct fixture f;
	struct dirent *name;
	DIR *tasks;
	struct change change;
	int threads = 0;

	fixture_init(&f);
	fixture_open(&f);
	fixture_begin(&f, &change); /* before its first deed, libc has blocked everything */
	add_random(&change, &f.manager, 1);
	fixture_commit(&f, &change);
	tasks = opendir("/proc/self/task");
	ck_assert_ptr_nonnull(tasks);
	while ((name = readdir(tasks))) {
		unsigned long long blocked = 0;
		char path[300], *at;
		size_t len;
		_cleanup_free_ char *status = NULL;

		if (name->d_name[0] == '.' || atoi(name->d_name) == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%s/status", name->d_name);
		status = read_file(path, &len);
		at = strstr(status, "\nSigBlk:");
		ck_assert_ptr_nonnull(at);
		blocked = strtoull(at + strlen("\nSigBlk:"), NULL, 16);
		if (!strstr(status, "Name:\tmmfs-store"))
			continue; /* a sanitizer's */
		for (int signal = 1; signal < 32; signal++)
			ck_assert(signal == 9 || signal == 19 || (blocked >> (signal - 1) & 1));
		threads++;
	}
	closedir(tasks);
	ck_assert_int_eq(threads, 1);
	fixture_fini(&f);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { every_field_comes_back, layers_delete_and_rename,
		all_links_of_one_go, unrecorded_links_have_no_row, unrecorded_links_hold_no_record,
		settings_come_back, what_all_hosts_have_comes_back, random_changes_come_back,
		history_is_trimmed, links_leave_records_alone, results_are_taken_once,
		close_waits_for_the_commit, broken_rules_are_not_written, log_stays_small_and_goes,
		thread_blocks_signals };

	return run_suite(suite_of("store", tests, ARRAY_SIZE(tests)));
}
