/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The database as a file: how it is made, when it is refused, and that a refused one stays byte by
 * byte as it was, with nothing beside it.
 */

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/store/store_rows.h"
#include "io/store/store_schema.h"
#include "store-fixture.h"

#define ID_A "UUID=3e6be9de-8139-11d1-9106-a43f08d823a6"

/* A closed database with something in it. */
static void make_database(struct fixture *f)
{
	struct change change;

	fixture_init(f);
	fixture_open(f);
	for (unsigned int i = 0; i < 30; i++) {
		fixture_begin(f, &change);
		add_random(&change, &f->manager, i);
		names_set_link(&change.names, "/DosDevices/Z:", ID_A, 1);
		names_set_link(&change.names, "/DosDevices/backup", ID_A, 1);
		fixture_commit(f, &change);
	}
	fixture_close(f);
}

/* Refused, with one line that names the file and says `reason`; nothing in the folder changed. */
static void check_refused(struct fixture *f, int error, const char *reason)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	_cleanup_free_ char *before = dump_folder(f->folder), *after = NULL;
	int r = fixture_try_open(f, &why);

	ck_assert_msg(r == error, "%d: %s", r, strbuf_text(&why));
	after = dump_folder(f->folder);
	ck_assert_msg(strcmp(before, after) == 0, "changed by: %s", strbuf_text(&why));
	ck_assert_ptr_null(strchr(strbuf_text(&why), '\n'));
	ck_assert_ptr_nonnull(strstr(strbuf_text(&why), f->path));
	ck_assert_msg(strstr(strbuf_text(&why), reason), "%s", strbuf_text(&why));
}

/* Runs `child` in a process of its own, up to its byte on the pipe; returns its pid. */
static pid_t start_child(void (*child)(struct fixture *f), struct fixture *f)
{
	int ends[2];
	char byte = 0;
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		child(f);
		if (write(ends[1], "!", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	return pid;
}

static void kill_child(pid_t pid)
{
	int status;

	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

START_TEST(folders_and_modes)
{
	static const char *const parts[] = { "/one", "/one/two", "/one/two/three",
		"/one/two/three/test.db" };
	static const mode_t modes[] = { 0755, 0755, 0700, 0600 };
	_cleanup_free_ char *names = NULL;
	struct fixture f;

	umask(022);
	fixture_init(&f);
	snprintf(f.path, sizeof(f.path), "%s%s", f.folder, parts[3]);
	fixture_open(&f);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		_cleanup_free_ char *path = xasprintf("%s%s", f.folder, parts[i]);
		struct stat st;

		ck_assert_int_eq(stat(path, &st), 0);
		ck_assert_msg((st.st_mode & 07777) == modes[i], "%s %o", path, st.st_mode);
	}
	fixture_close(&f);
	*strrchr(f.path, '/') = '\0';
	names = dump_folder(f.path);
	ck_assert_ptr_nonnull(strstr(names, "\ntest.db 100600 "));
	ck_assert_ptr_null(strstr(names, "test.db-"));
	ck_assert_ptr_null(strstr(names, "test.db."));
	fixture_fini(&f);
}
END_TEST

START_TEST(odd_file_names)
{
	static const char *const names[] = { "file:x?mode=memory", ":memory:", "a b'\"%41#?", "x" };
	char folder[64];
	struct fixture f;

	fixture_init(&f);
	strcpy(folder, f.folder);
	ck_assert_int_eq(chdir(folder), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct change change;

		strcpy(f.path, names[i]);
		fixture_open(&f);
		fixture_begin(&f, &change);
		names_set_link(&change.names, "/DosDevices/C:", ID_A, i);
		fixture_commit(&f, &change);
		fixture_check_reload(&f);
		fixture_close(&f);
		ck_assert_int_eq(access(names[i], F_OK), 0);
	}
	ck_assert_int_eq(chdir("/"), 0);
	fixture_fini(&f);
}
END_TEST

START_TEST(what_is_no_database_is_refused)
{
	struct fixture f;
	char *text = xcalloc(1, 9000);

	fixture_init(&f);
	write_file(f.path, "", 0);
	check_refused(&f, -EBADMSG, "empty");
	write_file(f.path, "x", 1);
	check_refused(&f, -EBADMSG, "not a database of mmfs");
	memset(text, 'x', 9000);
	write_file(f.path, text, 9000);
	check_refused(&f, -EBADMSG, "not a database of mmfs");
	memset(text, 0, 9000);
	write_file(f.path, text, 9000);
	check_refused(&f, -EBADMSG, "not a database of mmfs");
	free(text);

	ck_assert_int_eq(unlink(f.path), 0);
	ck_assert_int_eq(mkdir(f.path, 0700), 0);
	check_refused(&f, -EISDIR, "Is a directory");
	ck_assert_int_eq(rmdir(f.path), 0);
	ck_assert_int_eq(mkfifo(f.path, 0600), 0);
	check_refused(&f, -EBADMSG, "not a regular file");
	ck_assert_int_eq(unlink(f.path), 0);
	ck_assert_int_eq(symlink("nowhere", f.path), 0);
	check_refused(&f, -ENOENT, "No such file");
	ck_assert_int_eq(unlink(f.path), 0);
	write_file(f.path, "", 0);
	strcat(f.path, "/x");
	{
		_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;

		ck_assert_int_eq(fixture_try_open(&f, &why), -ENOTDIR);
	}
	fixture_fini(&f);
}
END_TEST

START_TEST(foreign_databases_are_refused)
{
	struct fixture f;

	fixture_init(&f);
	run_sql(f.path, "CREATE TABLE t (x); INSERT INTO t VALUES (1)");
	check_refused(&f, -EBADMSG, "not a database of mmfs");
	run_sql(f.path, "PRAGMA journal_mode = WAL; PRAGMA user_version = 1");
	check_refused(&f, -EBADMSG, "not a database of mmfs");
	run_sql(f.path, "PRAGMA application_id = 1834837618");
	check_refused(&f, -EBADMSG, "not a database of mmfs");
	/* Ours by its header, but without our tables. */
	run_sql(f.path, "PRAGMA application_id = 0x6d6d6673");
	check_refused(&f, -EBADMSG, "it is damaged: no such table");
	fixture_fini(&f);
}
END_TEST

#define QUOTED(number) #number
#define TEXT_OF(number) QUOTED(number)
#define NEWEST TEXT_OF(STORE_VERSION)
#define NEWER "1000"

static void set_newer_and_wait(struct fixture *f)
{
	sqlite3 *db = NULL;

	ck_assert_int_eq(sqlite3_open(f->path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db,
				 "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
				 "PRAGMA user_version = " NEWER ";",
				 NULL, NULL, NULL),
		SQLITE_OK);
}

START_TEST(other_versions_are_refused)
{
	struct fixture f;
	_cleanup_free_ char *log = NULL;

	make_database(&f);
	log = xasprintf("%s-wal", f.path);
	run_sql(f.path, "PRAGMA user_version = " NEWER);
	check_refused(
		&f, -EBADMSG, "it is of version " NEWER ", and this mmfs knows up to " NEWEST);
	run_sql(f.path, "PRAGMA user_version = 0");
	check_refused(&f, -EBADMSG, "it has no version");
	run_sql(f.path, "PRAGMA user_version = -1");
	check_refused(&f, -EBADMSG, "it has no version");

	/* A newer mmfs was killed before its log went into the file. */
	run_sql(f.path, "PRAGMA user_version = " NEWEST);
	kill_child(start_child(set_newer_and_wait, &f));
	ck_assert_int_eq(access(log, F_OK), 0);
	check_refused(&f, -EBADMSG, "it is of version " NEWER);
	run_sql(f.path, "PRAGMA user_version = " NEWEST);
	fixture_open(&f);
	fixture_fini(&f);
}
END_TEST

/* What the first version did not know is made up, and all else stays. */
START_TEST(old_versions_are_migrated)
{
	struct fixture f;
	const struct record *record;

	make_database(&f);
	unbundle_links(f.path);
	run_sql(f.path,
		"DROP TABLE last_commit; DROP TABLE shadows; ALTER TABLE history DROP COLUMN host;"
		"ALTER TABLE records DROP COLUMN revision; ALTER TABLE records DROP COLUMN "
		"is_shared; ALTER TABLE records DROP COLUMN start;"
		"ALTER TABLE records DROP COLUMN attachment;"
		"ALTER TABLE records DROP COLUMN last_seen;"
		"INSERT INTO records (unique_id, keep_links, no_drive_letter, size, diskseq, "
		"has_twin)"
		" VALUES ('UUID=old', 1, 0, 7, 0, 0);"
		"INSERT INTO links (path, unique_id, changed) VALUES ('/DosDevices/old', "
		"'UUID=old', 5);"
		"PRAGMA user_version = 1");
	fixture_open(&f);
	record = names_find_record(&f.manager.names, "UUID=old");
	ck_assert(record && record->keep_links && !record->is_shared && !record->revision);
	ck_assert(record->fingerprint.size == 7 && !record->fingerprint.start &&
		!record->fingerprint.medium && !record->fingerprint.attachment);
	ck_assert_uint_gt(record->last_seen, UINT64_C(1000000000) * 1000000); /* today */
	ck_assert_ptr_nonnull(names_find_link(&f.manager.names, "/DosDevices/old"));
	fixture_fini(&f);
}
END_TEST

START_TEST(remains_are_refused)
{
	struct fixture f;
	_cleanup_free_ char *log = NULL, *journal = NULL;

	fixture_init(&f);
	log = xasprintf("%s-wal", f.path);
	journal = xasprintf("%s-journal", f.path);
	write_file(log, "log", 3);
	check_refused(&f, -EBADMSG, "-wal is there");
	ck_assert_int_eq(unlink(log), 0);
	write_file(journal, "journal", 7);
	check_refused(&f, -EBADMSG, "-journal is there");
	ck_assert_int_eq(unlink(journal), 0);
	fixture_open(&f);
	fixture_fini(&f);
}
END_TEST

/* Content that SQLite thinks well of. */
START_TEST(invalid_content_is_refused)
{
	static const char *const cases[][2] = {
		{ "UPDATE links SET path = '/DosDevices/a/b' WHERE path = '/DosDevices/backup'",
			"not a link name" },
		{ "UPDATE links SET path = 'backup2' WHERE path = '/DosDevices/backup'",
			"not in canonical form" },
		{ "UPDATE links SET path = '/DosDevices/b' || char(0) || 'c'"
		  " WHERE path = '/DosDevices/backup'",
			"invalid value" },
		{ "UPDATE links SET path = '/DosDevices/b' || char(10, 27) || 'c'"
		  " WHERE path = '/DosDevices/backup'",
			"/DosDevices/b\\x0a\\x1bc is not a link name" },
		{ "INSERT INTO records (unique_id, keep_links, no_drive_letter, size, diskseq, "
		  "has_twin)"
		  " VALUES ('LABEL=x', 0, 0, 0, 0, 0)",
			"no valid unique ID" },
		{ "UPDATE records SET serial = 'a' || char(0)", "has an invalid value" },
		{ "UPDATE records SET serial = printf('%.70000c', 'x')", "too big" },
		{ "UPDATE history SET sequence = -sequence", "history" },
		{ "UPDATE history SET sequence = 5000 WHERE sequence = 20", "out of sequence" },
		{ "UPDATE history SET uid = -1", "history" },
		{ "UPDATE history SET epic = 4294967296", "history" },
		{ "UPDATE history SET command = char(0)", "history" },
		{ "INSERT INTO settings VALUES ('colour', 1)", "the setting colour is unknown" },
		{ "INSERT INTO settings VALUES ('', 1)", "the setting" },
		{ "INSERT OR REPLACE INTO settings VALUES ('auto_mount', 2)", "invalid value" },
		{ "INSERT OR REPLACE INTO settings VALUES ('auto_mount', -1)", "invalid value" },
		{ "DELETE FROM settings; INSERT INTO settings VALUES ('auto_mount' || char(0), 1)",
			"the setting auto_mount" },
		{ "DELETE FROM settings; INSERT INTO settings VALUES ('AUTO_MOUNT', 1)",
			"the setting AUTO_MOUNT is unknown" },
		{ "DROP TABLE settings", "no such table" },
		{ "ALTER TABLE settings RENAME COLUMN value TO state", "no such column" },
		{ "DROP TABLE history", "no such table" },
		{ "ALTER TABLE records DROP COLUMN wwn", "no such column" },
		{ "ALTER TABLE links RENAME TO l; CREATE VIEW links AS SELECT * FROM l",
			"damaged" },
		{ "PRAGMA ignore_check_constraints = ON; UPDATE records SET keep_links = 2",
			"CHECK constraint failed" },
	};

	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		const char *const *const item = cases[i / 2];
		struct fixture f;

		make_database(&f);
		if (i % 2)
			unbundle_links(f.path); /* one of an older version stays one */
		run_sql(f.path, item[0]);
		check_refused(&f, -EBADMSG, item[1]);
		fixture_fini(&f);
	}
}
END_TEST

START_TEST(unreadable_is_refused)
{
	struct fixture f;
	pid_t pid;
	int status;

	make_database(&f);
	ck_assert_int_eq(chmod(f.path, 0), 0);
	ck_assert_int_eq(chmod(f.folder, 0755), 0);
	pid = fork();
	if (pid == 0) {
		if (getuid() == 0 &&
			(setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0))
			_exit(1);
		_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;

		_exit(fixture_try_open(&f, &why) == -EACCES &&
					strstr(strbuf_text(&why), "Permission denied")
				? 0
				: 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(chmod(f.path, 0600), 0);
	fixture_open(&f);
	fixture_fini(&f);
}
END_TEST

START_TEST(what_others_can_write_is_refused)
{
	struct fixture f;

	make_database(&f);
	ck_assert_int_eq(chmod(f.path, 0620), 0);
	check_refused(&f, -EPERM, "others can write to it");
	fixture_fini(&f);
}
END_TEST

START_TEST(truncated_is_refused)
{
	static const size_t lengths[] = { 1, 16, 99, 100, 511, 512, 4095, 4096, 8192, 10000 };
	_cleanup_free_ char *data = NULL;
	struct fixture f;
	size_t len;

	make_database(&f);
	data = read_file(f.path, &len);
	ck_assert_uint_gt(len, 10000);
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		write_file(f.path, data, lengths[i]);
		check_refused(&f, -EBADMSG, lengths[i] < 100 ? "not a database" : "damaged");
	}
	write_file(f.path, data, len);
	fixture_open(&f);
	fixture_fini(&f);
}
END_TEST

static void open_and_wait(struct fixture *f)
{
	struct change change;

	fixture_open(f);
	fixture_begin(f, &change);
	add_random(&change, &f->manager, 1);
	names_set_link(&change.names, "/DosDevices/Y:", "UUID=y", 1);
	fixture_commit(f, &change);
}

static void read_and_wait(struct fixture *f)
{
	sqlite3 *db = NULL;

	ck_assert_int_eq(sqlite3_open(f->path, &db), SQLITE_OK);
	ck_assert_int_eq(
		sqlite3_exec(db, "BEGIN; SELECT * FROM links", NULL, NULL, NULL), SQLITE_OK);
}

START_TEST(second_process_is_refused)
{
	_cleanup_free_ char *pid_text = NULL, *reader_text = NULL;
	struct fixture f;
	pid_t pid;

	make_database(&f);
	pid = start_child(open_and_wait, &f);
	pid_text = xasprintf("it is in use by process %d", pid);
	check_refused(&f, -EBUSY, pid_text);
	check_refused(&f, -EBUSY, pid_text); /* the first refusal did not break the lock */
	kill_child(pid);

	/* What the killed one had in its log is there. */
	fixture_open(&f);
	ck_assert_ptr_nonnull(names_find_link(&f.manager.names, "/DosDevices/Y:"));
	fixture_close(&f);

	pid = start_child(read_and_wait, &f);
	reader_text = xasprintf("it is in use by process %d", pid);
	check_refused(&f, -EBUSY, reader_text);
	kill_child(pid);
	fixture_open(&f);
	fixture_fini(&f);
}
END_TEST

START_TEST(copies_without_log_are_taken)
{
	struct fixture f;
	struct change change;
	_cleanup_free_ char *copy = NULL, *sql = NULL, *before = NULL, *after = NULL;

	make_database(&f);
	copy = xasprintf("%s.copy", f.path);
	sql = xasprintf("VACUUM INTO '%s'", copy);
	run_sql(f.path, sql);
	ck_assert_int_eq(rename(copy, f.path), 0);
	fixture_open(&f);
	fixture_begin(&f, &change);
	add_random(&change, &f.manager, 77);
	fixture_commit(&f, &change);
	fixture_check_reload(&f);
	fixture_close(&f);
	/* Opening and not even loading leaves it alone as well. */
	before = dump_folder(f.folder);
	{
		_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;

		ck_assert_int_eq(store_open(f.path, &f.store, &why), 0);
		store_close(steal_ptr(f.store));
	}
	after = dump_folder(f.folder);
	ck_assert_str_eq(before, after);
	fixture_fini(&f);
}
END_TEST

START_TEST(moved_file_is_noticed)
{
	struct fixture f;
	struct change change;
	_cleanup_free_ char *away = NULL;
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;

	make_database(&f);
	away = xasprintf("%s.away", f.path);
	fixture_open(&f);
	ck_assert_int_eq(rename(f.path, away), 0);
	fixture_begin(&f, &change);
	add_random(&change, &f.manager, 1);
	ck_assert_int_eq(fixture_try_commit(&f, &change, &why), -EIO);
	ck_assert_ptr_nonnull(strstr(strbuf_text(&why), "moved or removed"));
	ck_assert_int_eq(rename(away, f.path), 0);
	fixture_begin(&f, &change);
	add_random(&change, &f.manager, 1);
	fixture_commit(&f, &change);
	fixture_check_reload(&f);
	fixture_fini(&f);
}
END_TEST

/* Opens whatever is there: a valid state, or a refusal that changes nothing. */
static bool open_damaged(struct fixture *f, unsigned int seed)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT, later = STRBUF_INIT;
	_cleanup_free_ char *before = dump_folder(f->folder), *after = NULL;
	struct change change;
	int r = fixture_try_open(f, &why);

	if (r < 0) {
		after = dump_folder(f->folder);
		ck_assert_msg(strcmp(before, after) == 0, "%u: %s", seed, strbuf_text(&why));
		ck_assert_ptr_null(strchr(strbuf_text(&why), '\n'));
		ck_assert_uint_gt(why.len, 0);
		return false;
	}
	free(dump_manager(&f->manager));
	fixture_begin(f, &change);
	add_random(&change, &f->manager, seed);
	if (fixture_try_commit(f, &change, &later) == 0)
		fixture_check_reload(f);
	fixture_close(f);
	return true;
}

static void flip(char *data, size_t len, unsigned int seed)
{
	srandom(seed);
	for (long i = 1 << random() % 5; i > 0; i--) {
		size_t at = (size_t)random() % len;

		if (random() % 3 == 0)
			at %= 200; /* the header and the schema's page */
		data[at] = (char)(data[at] ^ (1 << random() % 8));
	}
}

START_TEST(random_damage)
{
	_cleanup_free_ char *data = NULL, *log_data = NULL, *log = NULL;
	unsigned int opened = 0, refused = 0, rounds = get_rounds(200);
	struct fixture f;
	size_t len, log_len;

	make_database(&f);
	kill_child(start_child(open_and_wait, &f));
	log = xasprintf("%s-wal", f.path);
	data = read_file(f.path, &len);
	log_data = read_file(log, &log_len);
	while (log_len && !log_data[log_len - 1])
		log_len--; /* the zeros that it begins as */
	ck_assert_uint_gt(log_len, 4096);
	for (unsigned int i = 0; i < rounds; i++) {
		_cleanup_free_ char *bad = xcalloc(1, len), *bad_log = xcalloc(1, log_len);

		memcpy(bad, data, len);
		memcpy(bad_log, log_data, log_len);
		if (i % 4 == 3)
			flip(bad_log, log_len, i);
		else
			flip(bad, len, i);
		empty_folder(f.folder);
		write_file(f.path, bad, i % 8 == 0 ? len - len / (i + 2) : len);
		if (i % 2)
			write_file(log, bad_log, i % 16 == 1 ? i * 64 % log_len : log_len);
		if (open_damaged(&f, i))
			opened++;
		else
			refused++;
	}
	/* Both happen, or the test tests nothing. */
	ck_assert_uint_gt(opened, 0);
	ck_assert_uint_gt(refused, 0);
	if (getenv("MMFS_TEST_ROUNDS"))
		fprintf(stderr, "%u opened, %u refused\n", opened, refused);
	fixture_fini(&f);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { folders_and_modes, odd_file_names,
		what_is_no_database_is_refused, foreign_databases_are_refused,
		other_versions_are_refused, old_versions_are_migrated, remains_are_refused,
		invalid_content_is_refused, unreadable_is_refused, what_others_can_write_is_refused,
		truncated_is_refused, second_process_is_refused, copies_without_log_are_taken,
		moved_file_is_noticed, random_damage };

	return run_suite(suite_of("store-file", tests, ARRAY_SIZE(tests)));
}
