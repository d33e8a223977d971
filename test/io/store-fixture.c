/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the store share: a database in a folder of its own, changes to commit, and
 * texts of everything that is known, on disk, or in a folder, to be compared.
 */

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/model/touched.h"
#include "core/rules/apply.h"
#include "core/syntax/link_name.h"
#include "store-fixture.h"

void fixture_init(struct fixture *fixture)
{
	const char *place = getenv("TMPDIR");

	*fixture = (struct fixture){ 0 };
	snprintf(fixture->folder, sizeof(fixture->folder), "%s/mmfs-store-XXXXXX",
		place && strlen(place) < 40 ? place : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(fixture->folder));
	snprintf(fixture->path, sizeof(fixture->path), "%s/test.db", fixture->folder);
}

void fixture_fini(struct fixture *fixture)
{
	fixture_close(fixture);
	empty_folder(fixture->folder);
	ck_assert_int_eq(rmdir(fixture->folder), 0);
}

int fixture_try_open(struct fixture *fixture, struct strbuf *why)
{
	int r = store_open(fixture->path, &fixture->store, why);

	if (r < 0) {
		ck_assert_ptr_null(fixture->store);
		return r;
	}
	manager_init(&fixture->manager, &id_order_default);
	r = store_load(fixture->store, &fixture->manager, why);
	if (r == 0)
		r = store_start(fixture->store);
	if (r < 0)
		fixture_close(fixture);
	else if (fixture->is_sweeping)
		store_set_sweeping(fixture->store, true);
	return r;
}

void fixture_open(struct fixture *fixture)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	int r = fixture_try_open(fixture, &why);

	ck_assert_msg(r == 0, "%d: %s", r, strbuf_text(&why));
	ck_assert_str_eq(strbuf_text(&why), "");
}

void fixture_close(struct fixture *fixture)
{
	if (!fixture->store)
		return;
	store_close(steal_ptr(fixture->store));
	manager_fini(&fixture->manager);
}

void fixture_begin(struct fixture *fixture, struct change *change)
{
	change_init(change, &fixture->manager);
}

int fixture_try_commit(struct fixture *fixture, struct change *change, struct strbuf *why)
{
	struct pollfd pollfd = { .fd = store_get_fd(fixture->store), .events = POLLIN };
	struct touched touched;
	int r = 1;

	store_commit(fixture->store, change);
	while (!store_take_result(fixture->store, &r, why))
		poll(&pollfd, 1, -1);
	if (r == 0) {
		apply_change(&fixture->manager, change, &touched);
		touched_fini(&touched);
	}
	change_fini(change);
	return r;
}

void fixture_commit(struct fixture *fixture, struct change *change)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	int r = fixture_try_commit(fixture, change, &why);

	ck_assert_msg(r == 0, "%d: %s", r, strbuf_text(&why));
}

static void dump_text(struct strbuf *text, const char *value)
{
	strbuf_add_char(text, ' ');
	if (value)
		strbuf_add_json(text, value);
	else
		strbuf_add_text(text, "-");
}

static char *dump_record(const struct record *record)
{
	struct strbuf text = STRBUF_INIT;

	dump_text(&text, record->id);
	strbuf_add_format(&text, " keep=%d no_letter=%d letter=%d volume_names=%u",
		record->keep_links, record->no_drive_letter, record->letter, record->volume_names);
	for (size_t i = 0; i < ID_SCHEMES; i++)
		dump_text(&text, record->fingerprint.value[i]);
	dump_text(&text, record->fingerprint.node);
	strbuf_add_format(&text, " %llu %llu %d\n", (unsigned long long)record->fingerprint.size,
		(unsigned long long)record->fingerprint.diskseq, record->fingerprint.has_twin);
	return strbuf_take(&text);
}

static char *dump_link(const struct link *link)
{
	struct strbuf text = STRBUF_INIT;

	dump_text(&text, link->path);
	dump_text(&text, link->record->id);
	strbuf_add_format(&text, " %llu\n", (unsigned long long)link->changed);
	return strbuf_take(&text);
}

static void add_sorted(struct strbuf *text, char **lines, size_t count)
{
	if (count)
		qsort(lines, count, sizeof(*lines), text_compare_at);
	for (size_t i = 0; i < count; i++) {
		strbuf_add_text(text, lines[i]);
		free(lines[i]);
	}
}

static void dump_entry(struct strbuf *text, const struct history_entry *entry)
{
	strbuf_add_format(text, "%llu %llu %u %u %u", (unsigned long long)entry->sequence,
		(unsigned long long)entry->time, entry->epic, entry->uid, entry->pid);
	dump_text(text, entry->operation);
	dump_text(text, entry->link);
	dump_text(text, entry->id);
	dump_text(text, entry->device);
	dump_text(text, entry->command);
	strbuf_add_char(text, '\n');
}

char *dump_manager(const struct manager *manager)
{
	const struct names *names = &manager->names;
	_cleanup_free_ char **lines =
		xcalloc(names->records.count + names->links.count, sizeof(*lines));
	struct strbuf text = STRBUF_INIT;
	size_t count = 0;

	map_for_each (&names->records, node, next)
		lines[count++] = dump_record(container_of(node, struct record, by_id));
	add_sorted(&text, lines, count);
	count = 0;
	index_for_each (&names->links, const struct link, link) {
		if (!link->is_unrecorded && !link->record->is_dropped)
			lines[count++] = dump_link(link);
	}
	add_sorted(&text, lines, count);
	for (size_t i = 0; i < manager->history.count; i++)
		dump_entry(&text, manager->history.entries[i]);
	strbuf_add_format(&text, "auto_mount %d\n", !names_is_auto_mount_off(names));
	strbuf_add_format(&text, "next %llu\n", (unsigned long long)manager->history.next_sequence);
	return strbuf_take(&text);
}

void fixture_check_reload(struct fixture *fixture)
{
	_cleanup_free_ char *before = dump_manager(&fixture->manager), *after = NULL;

	fixture_close(fixture);
	fixture_open(fixture);
	after = dump_manager(&fixture->manager);
	ck_assert_msg(strcmp(before, after) == 0, "what is loaded is not what was known");
}

static void add_bytes(struct strbuf *text, const char *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		strbuf_add_char(text, digits[(unsigned char)data[i] >> 4]);
		strbuf_add_char(text, digits[data[i] & 0xf]);
	}
}

char *dump_folder(const char *folder)
{
	struct strbuf text = STRBUF_INIT;
	struct dirent **names = NULL;
	int count = scandir(folder, &names, NULL, alphasort);

	ck_assert_int_ge(count, 0);
	for (int i = 0; i < count; i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", folder, names[i]->d_name);
		struct stat st;

		ck_assert_int_eq(lstat(path, &st), 0);
		strbuf_add_format(&text, "%s %o", names[i]->d_name, st.st_mode);
		if (S_ISREG(st.st_mode)) {
			size_t len;
			_cleanup_free_ char *data = read_file(path, &len);

			strbuf_add_format(&text, " %zu ", len);
			add_bytes(&text, data, len);
		}
		strbuf_add_char(&text, '\n');
		free(names[i]);
	}
	free(names);
	return strbuf_take(&text);
}

void add_entry(struct change *change, const struct manager *manager, const char *operation,
	const char *link, const char *id, const char *node)
{
	struct manager_env env = {
		.now = 1700000000000000u + manager->history.next_sequence,
		.uid = 1000,
		.pid = 4711,
		.command = "test",
	};
	struct triple triple = { link, id, node };

	change_add_entry(change, manager, &env, operation, &triple);
	/* Epics begin anew at each start; these texts are compared over restarts. */
	change->entries[change->entry_count - 1]->epic = (uint32_t)manager->history.next_sequence;
}

static unsigned int next_random(unsigned int *state, unsigned int below)
{
	*state = *state * 1664525u + 1013904223u;
	return (*state >> 8) % below;
}

static void random_link(unsigned int *state, char path[LINK_PATH_MAX])
{
	static const char *const others[] = { "backup", "Backup", "BACKUP", "d\xc3\xa4ta", "it's",
		"a \"b\"", "%s%n", "Robert'); DROP TABLE links;--", "x*?[y]" };
	uint8_t bytes[16] = { 0 };

	switch (next_random(state, 3)) {
	case 0:
		snprintf(path, LINK_PATH_MAX, "/DosDevices/%c:", 'A' + (int)next_random(state, 8));
		break;
	case 1:
		snprintf(path, LINK_PATH_MAX, "/DosDevices/%s",
			others[next_random(state, ARRAY_SIZE(others))]);
		break;
	default:
		bytes[0] = (uint8_t)next_random(state, 12);
		link_name_format_volume(bytes, path);
	}
}

static void random_record(struct record *record, unsigned int *state)
{
	struct fingerprint *fingerprint = &record->fingerprint;

	record->keep_links = next_random(state, 2);
	record->no_drive_letter = next_random(state, 2);
	for (size_t i = 1; i < ID_SCHEMES; i++) {
		free(fingerprint->value[i]);
		fingerprint->value[i] =
			next_random(state, 3) ? xasprintf("v'%u", next_random(state, 99)) : NULL;
	}
	fingerprint->size = (uint64_t)next_random(state, 1000000) << next_random(state, 44);
	fingerprint->diskseq = next_random(state, 1000);
	fingerprint->has_twin = next_random(state, 2);
	free(fingerprint->node);
	fingerprint->node = next_random(state, 3) ? xstrdup("/dev/sda1") : NULL;
}

void add_random(struct change *change, const struct manager *manager, unsigned int seed)
{
	unsigned int state = seed * 2654435761u;

	for (unsigned int i = 0, edits = 1 + next_random(&state, 8); i < edits; i++) {
		_cleanup_free_ char *id = xasprintf("UUID=%u-'\"", next_random(&state, 9));
		const struct record *record = names_find_record(&change->names, id);
		char path[LINK_PATH_MAX];

		random_link(&state, path);
		switch (next_random(&state, 11)) {
		case 10:
			if (record)
				names_drop_links(&change->names, id);
			break;
		case 8:
			names_unrecord_link(&change->names, path);
			break;
		case 9:
			names_set_auto_mount_off(&change->names, next_random(&state, 2));
			break;
		case 0:
			if (record)
				names_remove_record(&change->names, id);
			break;
		case 1:
			names_remove_link(&change->names, path);
			break;
		case 2:
		case 3:
			random_record(names_edit_record(&change->names, id), &state);
			break;
		default:
			if (!(link_name_is_letter(path) && record && record->letter))
				names_set_link(&change->names, path, id, 1000 + seed);
		}
		add_entry(change, manager, "random", path, id, i % 2 ? "/dev/sda1" : NULL);
	}
}

void run_sql(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	char *fault = NULL;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_exec(db, sql, NULL, NULL, &fault);
	ck_assert_msg(!fault, "%s: %s", sql, fault);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

void check_file(const struct fixture *fixture, const char *condition)
{
	_cleanup_free_ char *sql = xasprintf("CREATE TEMP TABLE t (good CHECK (good));"
					     "INSERT INTO t SELECT %s",
		condition);

	run_sql(fixture->path, sql);
}

/* Links as they were before bundles. */
static const char unbundle[] =
	"CREATE TABLE bundled AS SELECT path, unique_id, changed FROM links"
	"	JOIN bundles ON number = bundle WHERE unique_id IS NOT NULL;"
	"DROP TABLE links; DROP TABLE bundles;"
	"CREATE TABLE links ("
	"	path TEXT NOT NULL COLLATE NOCASE PRIMARY KEY,"
	"	unique_id TEXT NOT NULL REFERENCES records (unique_id),"
	"	changed INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"INSERT INTO links SELECT * FROM bundled; DROP TABLE bundled;"
	"CREATE INDEX links_of_record ON links (unique_id);"
	"CREATE UNIQUE INDEX letter_of_record ON links (unique_id)"
	"	WHERE path GLOB '/DosDevices/[A-Z]:';"
	"ALTER TABLE records DROP COLUMN medium;"
	"PRAGMA user_version = 6";

void unbundle_links(const char *path)
{
	run_sql(path, unbundle);
}

void write_file(const char *path, const void *data, size_t len)
{
	FILE *file = fopen(path, "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(data, 1, len, file), len);
	ck_assert_int_eq(fclose(file), 0);
}

char *read_file(const char *path, size_t *ret_len)
{
	struct strbuf data = STRBUF_INIT;
	char block[4096];
	FILE *file = fopen(path, "re");
	size_t len;

	ck_assert_msg(file, "%s: %s", path, strerror(errno));
	while ((len = fread(block, 1, sizeof(block), file)) > 0)
		strbuf_add(&data, block, len);
	fclose(file);
	*ret_len = data.len;
	return strbuf_take(&data);
}

void copy_file(const char *from, const char *to)
{
	size_t len;
	_cleanup_free_ char *data = read_file(from, &len);

	write_file(to, data, len);
}

void empty_folder(const char *folder)
{
	struct dirent **names = NULL;
	int count = scandir(folder, &names, NULL, NULL);

	for (int i = 0; i < count; i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", folder, names[i]->d_name);
		struct stat st;

		if (strcmp(names[i]->d_name, ".") != 0 && strcmp(names[i]->d_name, "..") != 0 &&
			lstat(path, &st) == 0) {
			if (S_ISDIR(st.st_mode))
				empty_folder(path);
			ck_assert_int_eq(remove(path), 0);
		}
		free(names[i]);
	}
	free(names);
}

unsigned int get_rounds(unsigned int normal)
{
	const char *text = getenv("MMFS_TEST_ROUNDS");

	return text ? (unsigned int)strtoul(text, NULL, 10) : normal;
}

Suite *suite_of(const char *name, const TTest *const *tests, size_t count)
{
	Suite *suite = suite_create(name);
	TCase *tcase = suite_add_case(suite, name);

	for (size_t i = 0; i < count; i++)
		tcase_add_test(tcase, tests[i]);
	return suite;
}
