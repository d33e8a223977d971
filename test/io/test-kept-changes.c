/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has become of commits and requests, for whoever goes on after a process that was killed
 * before, within or behind a commit.
 */

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "../run-suite.h"
#include "io/fuse/kept_changes.h"
#include "io/fuse/kept_cluster.h"
#include "io/fuse/kept_kind.h"
#include "io/fuse/kept_outcomes.h"

#define SIZE ((size_t)64 << 20)
#define ID_A "UUID=a"
#define ID_B "UUID=b"
#define X "/DosDevices/x"
#define Y "/DosDevices/y"

static void *memory;
static struct kept *kept;
static struct kept_changes changes;
static struct kept_outcomes outcomes;
static struct manager manager;

static void begin(void)
{
	kept = kept_new(memory, SIZE);
	kept_changes_init(&changes, kept, 1000);
}

static void setup(void)
{
	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	manager_init(&manager, &id_order_default);
	names_edit_record(&manager.names, ID_A);
	names_edit_record(&manager.names, ID_B);
	begin();
	kept_changes_set_told(&changes, &manager);
	kept_commit(kept);
}

/* The process is gone; the next finds that the database says this. Returns what it makes of it. */
static uint64_t begin_again(uint64_t mount, uint64_t number)
{
	struct commit_number last = { mount, number };
	uint64_t happened;

	kept_free(kept);
	begin();
	happened = kept_changes_judge(&changes, &last, &manager);
	kept_outcomes_fini(&outcomes);
	kept_outcomes_init(&outcomes, kept, happened, 0);
	return happened;
}

/* The same, of outcomes alone. */
static void begin_again_with(uint64_t happened, uint64_t open)
{
	kept_free(kept);
	begin();
	kept_outcomes_fini(&outcomes);
	kept_outcomes_init(&outcomes, kept, happened, open);
}

static void teardown(void)
{
	kept_outcomes_fini(&outcomes);
	kept_free(kept);
	manager_fini(&manager);
	munmap(memory, SIZE);
}

/* A link that goes to a volume, or to none. Noted, and as good as handed over. */
static uint64_t commit(const char *path, const char *id, const char *reason)
{
	struct change change;
	uint64_t number;

	change_init(&change, &manager);
	if (id)
		names_set_link(&change.names, path, id, 1);
	else
		names_remove_link(&change.names, path);
	if (reason)
		events_add(&change.events,
			&(struct event){ .kind = EVENT_MOUNT_POINT_REFUSED,
				.path = (char *)"/mnt",
				.reason = (char *)reason });
	kept_changes_begin(&changes, &manager, &change);
	number = change.commit.number;
	ck_assert_uint_eq(change.commit.mount, changes.mount);
	change_fini(&change);
	return number;
}

static void list(void *data, const char *path, const char *id)
{
	strbuf_add_format(data, "%s %s\n", path, id ? id : "-");
}

static void check_list(const char *expected)
{
	_cleanup_strbuf_ struct strbuf found = STRBUF_INIT;

	kept_changes_list(&changes, list, &found);
	ck_assert_str_eq(strbuf_text(&found), expected);
}

START_TEST(numbers_go_on)
{
	uint64_t mount = changes.mount;

	ck_assert_uint_eq(commit(X, ID_A, NULL), 1);
	kept_commit(kept);
	ck_assert_uint_eq(begin_again(mount, 1), 1);
	ck_assert_uint_eq(changes.mount, mount);
	ck_assert_uint_eq(commit(X, ID_A, NULL), 2);
	kept_commit(kept);
	ck_assert_uint_eq(begin_again(mount + 1, 2), 0); /* of another mount */
	ck_assert_uint_eq(commit(X, ID_A, NULL), 3);
	commit(X, ID_A, NULL); /* is not there without a commit of the memory */
	ck_assert_uint_eq(begin_again(mount, 2), 2);
	ck_assert_uint_eq(commit(X, ID_A, NULL), 3);
}
END_TEST

START_TEST(epic_number_goes_on)
{
	manager.epic = 41;
	kept_changes_end(&changes, &manager);
	commit(X, ID_A, NULL);
	kept_commit(kept);
	manager.epic = 1;
	begin_again(changes.mount, 0);
	ck_assert_uint_eq(manager.epic, 41);
	commit(X, ID_A, NULL);
	kept_commit(kept);
	manager.epic = 1;
	begin_again(changes.mount, changes.number);
	ck_assert_uint_eq(manager.epic, 42);
}
END_TEST

/* What has no rows in the database counts as well. */
START_TEST(marks_go_on)
{
	manager.deletions = xgrow(NULL, 0, sizeof(char *));
	manager.deletions[manager.deletion_count++] = xstrdup(ID_A);
	manager.gives_letters = true;
	kept_changes_end(&changes, &manager);
	kept_commit(kept);
	manager_fini(&manager);
	manager_init(&manager, &id_order_default);
	begin_again(changes.mount, 0);
	ck_assert(manager.gives_letters);
	ck_assert_uint_eq(manager.deletion_count, 1);
	ck_assert_str_eq(manager.deletions[0], ID_A);
	free(manager.deletions[--manager.deletion_count]);
	kept_changes_end(&changes, &manager);
	kept_commit(kept);
	begin_again(changes.mount, 0);
	ck_assert_uint_eq(manager.deletion_count, 0);
}
END_TEST

START_TEST(links_are_told_as_they_were)
{
	names_set_link(&manager.names, "/DosDevices/X", ID_A, 1);
	commit(X, ID_B, NULL);
	kept_commit(kept);
	begin_again(changes.mount, 1);
	check_list("/DosDevices/X " ID_A "\n");
	/* What was not told is kept, also of this process, and the oldest comes first. */
	names_set_link(&manager.names, X, ID_B, 1);
	commit(X, NULL, NULL);
	kept_changes_end(&changes, &manager);
	commit(Y, ID_A, NULL);
	kept_commit(kept);
	begin_again(changes.mount, 2);
	check_list("/DosDevices/X " ID_A "\n" X " " ID_B "\n");
	kept_changes_set_told(&changes, &manager);
	kept_commit(kept);
	begin_again(changes.mount, 2);
	check_list("");
}
END_TEST

START_TEST(renames_come_back)
{
	const char *from, *to;
	struct change change;

	change_init(&change, &manager);
	names_set_link(&change.names, Y, ID_A, 1);
	change.renamed[0] = xstrdup(X);
	change.renamed[1] = xstrdup(Y);
	kept_changes_begin(&changes, &manager, &change);
	change_fini(&change);
	kept_commit(kept);
	begin_again(changes.mount, 1);
	ck_assert(kept_changes_get_rename(&changes, &from, &to));
	ck_assert_str_eq(from, X);
	ck_assert_str_eq(to, Y);
	check_list(Y " -\n");
	kept_changes_set_told(&changes, &manager);
	kept_commit(kept);
	ck_assert(!kept_changes_get_rename(&changes, &from, &to));
}
END_TEST

START_TEST(told_ones_leave_nothing)
{
	commit(X, ID_A, "a reason");
	kept_commit(kept);
	kept_changes_end(&changes, &manager);
	kept_commit(kept);
	commit(Y, ID_A, NULL);
	kept_commit(kept);
	kept_changes_cancel(&changes);
	kept_commit(kept);
	begin_again(changes.mount, 2);
	check_list("");
	ck_assert_uint_eq(kept_next(kept, KEPT_CHANGE, 0), 0);
}
END_TEST

START_TEST(events_come_back)
{
	struct events events = { 0 };

	commit(X, ID_A, "first");
	kept_commit(kept);
	begin_again(changes.mount, 1);
	commit(X, ID_A, "second");
	kept_changes_end(&changes, &manager);
	kept_commit(kept);
	begin_again(changes.mount, 2);
	kept_changes_get_events(&changes, &events);
	ck_assert_uint_eq(events.count, 2);
	ck_assert_int_eq(events.list[0].kind, EVENT_MOUNT_POINT_REFUSED);
	ck_assert_str_eq(events.list[0].reason, "first");
	ck_assert_str_eq(events.list[1].reason, "second");
	ck_assert_str_eq(events.list[1].path, "/mnt");
	ck_assert_ptr_null(events.list[1].link);
	events_fini(&events);
}
END_TEST

#define NOTE "1234567812345678"

/* Whatever the bytes are: nothing is read beyond them. */
START_TEST(damaged_notes_do_no_harm)
{
	static const char *const notes[] = { "", "1234567", "12345678", NOTE, NOTE "L", NOTE "E",
		NOTE "E\x7f", NOTE "L+", NOTE "L+abc", NOTE "L-", NOTE "L--", NOTE "E\x01+a",
		NOTE "?" };
	struct events events = { 0 };
	_cleanup_strbuf_ struct strbuf found = STRBUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(notes); i++)
		kept_add(kept, KEPT_CHANGE, 1, notes[i], strlen(notes[i]));
	kept_add(kept, KEPT_OUTCOME, 5, "short", 5);
	kept_commit(kept);
	begin_again(changes.mount, 1);
	kept_changes_list(&changes, list, &found);
	kept_changes_get_events(&changes, &events);
	events_fini(&events);
	ck_assert_uint_eq(outcomes.count, 0);
	kept_remove(kept, changes.state);
	kept_add(kept, KEPT_STATE, 0, "state", 5);
	kept_commit(kept);
	ck_assert_uint_eq(begin_again(1000, 1), 0);
	ck_assert_uint_eq(changes.mount, 1001);
}
END_TEST

/* --- requests --------------------------------------------------------------------------------- */

static struct fuse_job make_job(uint64_t number, size_t done, size_t count)
{
	return (struct fuse_job){ .number = number, .done = done, .count = count };
}

static void free_job(struct fuse_job *job)
{
	reply_fini(&job->reply);
	strbuf_fini(&job->output);
	strbuf_fini(&job->why);
}

START_TEST(outcomes_come_back)
{
	struct fuse_job job = make_job(8, 2, 5), again = make_job(8, 0, 5);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	job.failed = 2;
	job.error = -EEXIST;
	strbuf_add_text(&job.why, "it is there");
	reply_add_letter(&job.reply, 'C', true);
	reply_add_triple(&job.reply, &(struct triple){ X, ID_A, "/dev/sda1" });
	strbuf_add(&job.output, "a\0b", 3);
	kept_outcomes_note(kept, &job, 1);
	kept_commit(kept);
	begin_again(changes.mount, 1);
	ck_assert(!kept_outcomes_take(&outcomes, &(struct fuse_job){ .number = 9 }));
	ck_assert(!kept_outcomes_take(&outcomes, &(struct fuse_job){ .number = 0 }));
	ck_assert(kept_outcomes_take(&outcomes, &again));
	ck_assert_uint_eq(again.done, 2);
	ck_assert_uint_eq(again.failed, 2);
	ck_assert_int_eq(again.error, -EEXIST);
	ck_assert_str_eq(strbuf_text(&again.why), "it is there");
	ck_assert_uint_eq(again.reply.triples, 1);
	ck_assert_uint_eq(again.output.len, 3);
	ck_assert_mem_eq(again.output.data, "a\0b", 3);
	reply_format(&again.reply, &text);
	ck_assert_str_eq(strbuf_text(&text),
		"LETTER=\"C\" ASSIGNED=\"1\"\nLINK=\"" X "\" ID=\"" ID_A
		"\" DEVICE=\"/dev/sda1\"\n");
	ck_assert(!kept_outcomes_take(&outcomes, &again)); /* once */
	kept_outcomes_drop(kept, &again);
	kept_commit(kept);
	begin_again(changes.mount, 1);
	ck_assert_uint_eq(outcomes.count, 0);
	free_job(&job);
	free_job(&again);
}
END_TEST

/* Of a commit that another host may know of, and the database does not. */
START_TEST(what_is_open)
{
	struct fuse_job whole = make_job(2, 1, 1), part = make_job(4, 1, 3),
			late = make_job(6, 1, 1);
	struct fuse_job again;

	for (int has_happened = 0; has_happened < 2; has_happened++) {
		kept_outcomes_note(kept, &part, 1);
		part.done = 2;
		kept_outcomes_note(kept, &part, 2);
		kept_outcomes_note(kept, &whole, 2);
		kept_outcomes_note(kept, &late, 3);
		kept_commit(kept);
		/* Two processes find it open, while the database goes on. */
		begin_again_with(1, 2);
		kept_outcomes_forget(&outcomes);
		kept_commit(kept);
		begin_again_with(2, KEPT_CLUSTER_EARLIER);
		ck_assert_uint_eq(outcomes.count, 2);
		ck_assert(kept_outcomes_is_open(&outcomes, &whole));
		ck_assert(kept_outcomes_is_open(&outcomes, &part));
		ck_assert(!kept_outcomes_is_open(&outcomes, &late));
		kept_outcomes_settle(&outcomes, has_happened);
		kept_commit(kept);
		begin_again_with(2, 0);
		again = make_job(2, 0, 1);
		ck_assert(kept_outcomes_take(&outcomes, &again) == has_happened);
		free_job(&again);
		again = make_job(4, 0, 3);
		ck_assert(kept_outcomes_take(&outcomes, &again));
		ck_assert_uint_eq(again.done, has_happened ? 2 : 1);
		ck_assert(!again.was_begun);
		kept_outcomes_drop(kept, &again);
		free_job(&again);
		kept_outcomes_forget(&outcomes);
		kept_commit(kept);
		whole.outcome = part.outcome = late.outcome = 0;
		part.done = 1;
	}
}
END_TEST

START_TEST(only_what_has_happened_counts)
{
	struct fuse_job first = make_job(2, 1, 1), second = make_job(4, 1, 1);

	kept_outcomes_note(kept, &first, 1);
	kept_outcomes_note(kept, &second, 2);
	kept_outcomes_note(kept, &(struct fuse_job){ .done = 1 }, 1);
	kept_commit(kept);
	begin_again(changes.mount, 1);
	ck_assert_uint_eq(outcomes.count, 1);
	ck_assert(kept_outcomes_take(&outcomes, &first));
	/* Those that nobody asks for go. */
	begin_again(changes.mount, 1);
	kept_outcomes_forget(&outcomes);
	kept_commit(kept);
	ck_assert_uint_eq(kept_next(kept, KEPT_OUTCOME, 0), 0);
	free_job(&first);
}
END_TEST

/* Each line with a commit of its own. */
START_TEST(lines_count_one_by_one)
{
	struct fuse_job job = make_job(2, 1, 3), again = make_job(2, 0, 3);

	kept_outcomes_note(kept, &job, 1);
	kept_commit(kept);
	job.done = 2;
	kept_outcomes_note(kept, &job, 2);
	kept_commit(kept);
	begin_again(changes.mount, 1); /* the second has not happened */
	ck_assert(kept_outcomes_take(&outcomes, &again));
	ck_assert_uint_eq(again.done, 1);
	begin_again(changes.mount, 5); /* what came after it does not count for it */
	ck_assert(kept_outcomes_take(&outcomes, &again));
	ck_assert_uint_eq(again.done, 1);
	/* A commit that failed is followed by others. */
	again.done = 2;
	kept_outcomes_note(kept, &again, 6);
	kept_outcomes_take_back(kept, &again);
	again.done = 1;
	kept_commit(kept);
	begin_again(changes.mount, 7);
	ck_assert(kept_outcomes_take(&outcomes, &again));
	ck_assert_uint_eq(again.done, 1);
	again.done = 2;
	kept_outcomes_note(kept, &again, 8);
	kept_outcomes_take_back(kept, &again);
	again.done = 2;
	kept_outcomes_note(kept, &again, 9);
	kept_commit(kept);
	begin_again(changes.mount, 9);
	ck_assert(kept_outcomes_take(&outcomes, &again));
	ck_assert_uint_eq(again.done, 2);
	free_job(&again);
}
END_TEST

/* What was begun outside the database is known, until the line is done. */
START_TEST(begun_lines_are_known)
{
	struct fuse_job job = make_job(2, 1, 3), again = make_job(2, 0, 3);

	kept_outcomes_note(kept, &job, 1);
	kept_outcomes_note_begun(kept, &job);
	begin_again(changes.mount, 1);
	ck_assert(kept_outcomes_take(&outcomes, &again));
	ck_assert_uint_eq(again.done, 1);
	ck_assert(again.was_begun);
	again.done = 2;
	kept_outcomes_note(kept, &again, 2);
	kept_commit(kept);
	begin_again(changes.mount, 1); /* that has not happened */
	free_job(&again);
	again = make_job(2, 0, 3);
	ck_assert(kept_outcomes_take(&outcomes, &again));
	ck_assert_uint_eq(again.done, 1);
	ck_assert(again.was_begun);
	again.done = 2;
	kept_outcomes_note(kept, &again, 3);
	kept_commit(kept);
	begin_again(changes.mount, 3); /* that has */
	free_job(&again);
	again = make_job(2, 0, 3);
	ck_assert(kept_outcomes_take(&outcomes, &again));
	ck_assert_uint_eq(again.done, 2);
	ck_assert(!again.was_begun);
	free_job(&again);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kept-changes");
	TCase *tests = suite_add_case(suite, "kept-changes");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, numbers_go_on);
	tcase_add_test(tests, epic_number_goes_on);
	tcase_add_test(tests, marks_go_on);
	tcase_add_test(tests, links_are_told_as_they_were);
	tcase_add_test(tests, renames_come_back);
	tcase_add_test(tests, told_ones_leave_nothing);
	tcase_add_test(tests, events_come_back);
	tcase_add_test(tests, damaged_notes_do_no_harm);
	tcase_add_test(tests, outcomes_come_back);
	tcase_add_test(tests, what_is_open);
	tcase_add_test(tests, only_what_has_happened_counts);
	tcase_add_test(tests, lines_count_one_by_one);
	tcase_add_test(tests, begun_lines_are_known);
	return run_suite(suite);
}
