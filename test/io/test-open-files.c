/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is open stays open in the next process. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "../run-suite.h"
#include "fuse-fixture.h"
#include "io/fuse/fuse_finish.h"
#include "io/fuse/fuse_wait.h"

/* The same text at all offsets, though it would be another one by now. */
START_TEST(test_text)
{
	uint64_t one = open_as("metrics", O_RDONLY), other = open_as("metrics", O_RDONLY);
	_cleanup_free_ char *text = NULL;

	ck_assert_int_gt(read_from(one, 0, 4096), 5);
	text = xstrdup(answer.data);
	ck_assert_int_eq(read_from(one, 0, 3), 3);
	begin_again();
	ck_assert_uint_eq(lost, 0);
	ck_assert_int_gt(read_from(one, 3, 4096), 0);
	ck_assert_str_eq(answer.data, text + 3);
	begin_again();
	ck_assert_int_gt(read_from(one, 0, 4096), 0);
	ck_assert_str_eq(answer.data, text);
	ck_assert_int_gt(read_from(other, 0, 4096), 0);
	ck_assert_str_ne(answer.data, text);
	ck_assert_uint_gt(open_as("metrics", O_RDONLY), other);
	release(one);
	ck_assert_int_eq(read_from(one, 0, 4096), -ESTALE);
	begin_again();
	ck_assert_int_eq(read_from(one, 0, 4096), -ESTALE);
	ck_assert_int_gt(read_from(other, 0, 4096), 0);
}
END_TEST

/* Many show a text that is there once. */
START_TEST(test_shared_text)
{
	uint64_t files[100];
	uint64_t held_bytes;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		files[i] = open_as("history", O_RDONLY);
	ck_assert_uint_eq(count_records(KEPT_TEXT), 1);
	held_bytes = budget_get_held(&budget, 0, BUDGET_BYTES);
	begin_again();
	ck_assert_uint_eq(count_records(KEPT_TEXT), 1);
	ck_assert_uint_eq(budget_get_held(&budget, 0, BUDGET_FILES), ARRAY_SIZE(files));
	ck_assert_uint_eq(budget_get_held(&budget, 0, BUDGET_BYTES), held_bytes);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		release(files[i]);
	ck_assert_uint_eq(count_records(KEPT_TEXT), 0);
	ck_assert_uint_eq(count_records(KEPT_FILE), 0);
	ck_assert_uint_eq(budget_get_held(&budget, 0, BUDGET_BYTES), 0);
}
END_TEST

/* One of many links, which all show, is there or is not there any more. */
static void change_link(unsigned int number)
{
	struct deltas deltas = { .has_views = true };
	_cleanup_free_ char *path = xasprintf("/DosDevices/a name that is long %06u", number);

	names_edit_record(&manager.names, "UUID=1")->keep_links = true;
	if (names_find_link(&manager.names, path))
		names_remove_link(&manager.names, path);
	else
		names_set_link(&manager.names, path, "UUID=1", 1);
	stale_lines_add(&deltas.lines, path);
	fuse_finish(server, NULL, &deltas);
}

/* The whole of an open file, in pieces that begin and end anywhere. */
static char *read_all(uint64_t fh)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	int n;

	while ((n = read_from(fh, text.len, 99991)) > 0)
		strbuf_add(&text, answer.data, (size_t)n);
	ck_assert_int_eq(n, 0);
	return strbuf_take(&text);
}

/*
 * Versions of a long text: each file shows its own, all of the time; what they have in common is
 * there once, and nobody is charged for the newest.
 */
START_TEST(test_versions)
{
	uint64_t files[8];
	char *texts[ARRAY_SIZE(files)];
	size_t sheets, long_count;

	for (unsigned int i = 0; i < 5000; i++)
		change_link(i * 10);
	files[0] = open_as("points", O_RDONLY);
	texts[0] = read_all(files[0]);
	long_count = strlen(texts[0]) / SHEET_MAX;
	ck_assert_uint_gt(long_count, 4);
	sheets = count_records(KEPT_SHEET);
	ck_assert_uint_eq(budget_get_held(&budget, 0, BUDGET_BYTES), 0);
	for (unsigned int i = 1; i < ARRAY_SIZE(files); i++) {
		change_link(i * 10 + i % 2); /* goes, or is new */
		files[i] = open_as("points", O_RDONLY);
		texts[i] = read_all(files[i]);
		ck_assert_str_ne(texts[i], texts[i - 1]);
	}
	ck_assert_uint_lt(count_records(KEPT_SHEET), sheets + 2 * ARRAY_SIZE(files));
	ck_assert_uint_lt(
		budget_get_held(&budget, 0, BUDGET_BYTES), ARRAY_SIZE(files) * 2 * SHEET_MAX);
	for (unsigned int round = 0; round < 3; round++) {
		sheets = count_records(KEPT_SHEET);
		begin_again();
		ck_assert_uint_eq(lost, 0);
		ck_assert_uint_eq(count_records(KEPT_SHEET), sheets);
		for (size_t i = round; i < ARRAY_SIZE(files); i++) {
			_cleanup_free_ char *text = read_all(files[i]);

			ck_assert_str_eq(text, texts[i]);
		}
		release(files[round]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (i >= 3)
			release(files[i]);
		free(texts[i]);
	}
	ck_assert_uint_eq(count_records(KEPT_SHEET) + count_records(KEPT_SHEETS), 0);
	ck_assert_uint_eq(budget_get_held(&budget, 0, BUDGET_BYTES), 0);
}
END_TEST

/* What nobody else has is charged to who holds it, whichever of several is closed first. */
START_TEST(test_charges)
{
	uint64_t first, second, third, len;
	_cleanup_free_ char *text = NULL;

	for (unsigned int i = 0; i < 5000; i++)
		change_link(i * 10);
	first = open_as("points", O_RDONLY);
	text = read_all(first);
	len = strlen(text);
	change_link(1);
	second = open_as("points", O_RDONLY);
	for (unsigned int i = 0; i < 5000; i++)
		change_link(i * 10);
	third = open_as("points", O_RDONLY);
	ck_assert_uint_gt(budget_get_held(&budget, 0, BUDGET_BYTES), len);
	ck_assert_uint_lt(budget_get_held(&budget, 0, BUDGET_BYTES), len + 2 * SHEET_MAX);
	release(second);
	ck_assert_uint_gt(budget_get_held(&budget, 0, BUDGET_BYTES), len - SHEET_MAX);
	ck_assert_uint_lt(budget_get_held(&budget, 0, BUDGET_BYTES), len + SHEET_MAX);
	release(first);
	ck_assert_uint_eq(budget_get_held(&budget, 0, BUDGET_BYTES), 0);
	release(third);
}
END_TEST

START_TEST(test_reply)
{
	uint64_t fh = open_file("query_dos_volume_paths");

	answer_text = "/mnt/somewhere";
	ck_assert_int_eq(write_to(fh, 0, "X:\n"), 3);
	ck_assert_int_eq(read_from(fh, 3, 8), 8);
	ck_assert_str_eq(answer.data, "PATH=\"/m");
	begin_again();
	ck_assert_int_eq(read_from(fh, 11, 4096), 14);
	ck_assert_str_eq(answer.data, "nt/somewhere\"\n");
	ck_assert_int_eq(write_to(fh, 3, "X:\n"), 3);
	begin_again();
	ck_assert_int_eq(read_from(fh, 0, 4096), 22);
	ck_assert_int_eq(read_from(fh, 22, 4096), 0);
	release(fh);
	ck_assert_uint_eq(count_records(KEPT_FILE), 0);
	ck_assert_uint_eq(count_records(KEPT_PIECE), 0);
}
END_TEST

/* A write under way finds what it found the first time. */
START_TEST(test_write_again)
{
	uint64_t fh = open_file("query_dos_volume_paths"), number;
	_cleanup_free_ char *text = xasprintf("%4094s\nX", "X:");

	answer_text = "/mnt/1";
	ck_assert_int_eq(write_to(fh, 0, text), 4096); /* stdio has cut it */
	submitted = 0;
	is_holding = true;
	ask_to_write(fh, 4096, ":\n", 0);
	number = get_last_number();
	ck_assert_ptr_nonnull(held);
	ck_assert_uint_eq(held->count, 1);
	begin_again();
	ck_assert_uint_eq(submitted, 2);
	ck_assert_ptr_nonnull(held);
	ck_assert_uint_eq(held->count, 1);
	ck_assert_str_eq(held->lines[0].text, "X:");
	is_holding = false;
	finish(steal_ptr(held));
	ck_assert_int_eq(get_written(number), 2);
	begin_again();
	ck_assert_int_eq(read_from(fh, 4098, 4096), 14);
}
END_TEST

/* A blank line is no request where the beginning of another waits for its rest. */
START_TEST(test_blank_before_unended)
{
	uint64_t fh = open_file("query_dos_volume_paths");
	_cleanup_free_ char *text = xasprintf("\n\n%4094s", "X"),
			    *blank = xasprintf("\n%4095s", "\n");

	answer_text = "/mnt/1";
	is_holding = true;
	ask_to_write(fh, 0, text, 0);
	ck_assert_ptr_nonnull(held);
	ck_assert_uint_eq(held->count, 0);
	finish(steal_ptr(held));
	ck_assert_int_eq(get_written(get_last_number()), 4096);
	ask_to_write(fh, 4096, ":\n", 0);
	ck_assert_uint_eq(held->count, 1);
	ck_assert_str_eq(strchr(held->lines[0].text, 'X'), "X:");
	finish(steal_ptr(held));
	ck_assert_int_eq(get_written(get_last_number()), 2);
	ask_to_write(fh, 4098, blank, 0);
	ck_assert_uint_eq(held->count, 1);
	ck_assert_str_eq(held->lines[0].text, "");
	finish(steal_ptr(held));
}
END_TEST

START_TEST(test_batch)
{
	uint64_t fh = open_file("batch");

	is_holding = true;
	ask_to_write(fh, 0, "delete_points link=X:\ndelete_po", 0);
	finish(steal_ptr(held));
	ck_assert_int_eq(get_written(get_last_number()), 31);
	begin_again();
	ask_to_write(fh, 31, "ints link=Y:\n", 0);
	finish(steal_ptr(held));
	ck_assert_int_eq(get_written(get_last_number()), 13);
	begin_again();
	ask_to_write(fh, 44, "commit\n", 0);
	ck_assert_uint_eq(held->count, 2);
	begin_again();
	ck_assert_uint_eq(held->count, 2);
	ck_assert_str_eq(held->lines[1].text, "delete_points link=Y:");
	finish(steal_ptr(held));
	ck_assert_int_eq(get_written(get_last_number()), 7);
	ck_assert_uint_eq(count_records(KEPT_PIECE), 0);
	begin_again();
	ask_to_write(fh, 51, "commit\n", 0);
	ck_assert_uint_eq(held->count, 0);
}
END_TEST

/* Only what was added is written: see to it that a long batch costs what it is long. */
START_TEST(test_long_batch)
{
	uint64_t fh = open_file("batch"), at = 0, used = kept_get_used(kept);
	static char line[4097];

	memset(line, ' ', 4096);
	memcpy(line, "delete_points link=X:", 21);
	line[4095] = '\n';
	for (size_t i = 0; i < 200; i++, at += 4096)
		ck_assert_int_eq(write_to(fh, at, line), 4096);
	ck_assert_uint_lt(kept_get_used(kept), used + (2u << 20));
	begin_again();
	ck_assert_uint_eq(lost, 0);
	is_holding = true;
	ask_to_write(fh, at, "commit\n", 0);
	ck_assert_uint_eq(held->count, 200);
	finish(steal_ptr(held));
}
END_TEST

static void add_event(uint32_t epic)
{
	struct deltas none = { 0 };

	manager.epic = epic;
	event_stream_add(
		&stream, &(struct event){ .link = (char *)"/DosDevices/X:" }, epic, 1000 + epic);
	fuse_finish(server, NULL, &none);
}

static uint64_t get_seq(void)
{
	ck_assert(strncmp(answer.data, "{\"seq\":", 7) == 0);
	return strtoull(answer.data + 7, NULL, 10);
}

/* No line is missing, none comes twice, also of a line of which a part was read. */
START_TEST(test_events)
{
	uint64_t fh = open_as("events", O_RDONLY), seq;
	_cleanup_strbuf_ struct strbuf whole = STRBUF_INIT;

	add_event(2);
	add_event(3);
	ck_assert_int_eq(read_from(fh, 0, 10), 10);
	strbuf_add(&whole, answer.data, 10);
	seq = get_seq();
	begin_again();
	ck_assert_int_gt(read_from(fh, 0, 150), 10);
	strbuf_add_text(&whole, answer.data);
	ck_assert_ptr_null(strstr(whole.data + 1, "{\"seq\""));
	ck_assert_int_eq(whole.data[whole.len - 1], '\n');
	begin_again();
	ck_assert_int_gt(read_from(fh, 0, 4096), 10);
	ck_assert_uint_eq(get_seq(), seq + 1);
	ask_to_read(fh, 0, 4096, 0); /* it waits */
	ck_assert_int_eq(fuse_handle(server), 0);
	ck_assert(!take_answer(get_last_number(), 0));
	begin_again();
	add_event(4);
	ck_assert(take_answer(get_last_number(), 10000));
	ck_assert_uint_eq(get_seq(), seq + 2);
	begin_again();
	add_event(5);
	ck_assert_int_gt(read_from(fh, 0, 4096), 10);
	ck_assert_uint_eq(get_seq(), seq + 3);
}
END_TEST

START_TEST(test_change_notify)
{
	uint64_t fh = open_file("change_notify");

	manager.epic = 7;
	ck_assert_int_eq(read_from(fh, 0, 4096), 2);
	ck_assert_str_eq(answer.data, "7\n");
	ask_to_read(fh, 0, 4096, 0);
	ck_assert_int_eq(fuse_handle(server), 0);
	begin_again();
	ck_assert(!take_answer(get_last_number(), 0));
	manager.epic = 123;
	fuse_wait_wake(server);
	ck_assert(take_answer(get_last_number(), 10000));
	ck_assert_int_eq(answer.header.len, sizeof(answer.header) + 4);
	manager.epic = 124;
	ck_assert_int_eq(read_from(fh, 0, 2), 2); /* the rest comes next */
	begin_again();
	ck_assert_int_eq(read_from(fh, 0, 4096), 2);
	ck_assert_str_eq(answer.data, "4\n");
}
END_TEST

START_TEST(test_poll)
{
	uint64_t fh = open_file("change_notify");
	struct fuse_poll_in in = {
		.fh = fh, .kh = 77, .flags = FUSE_POLL_SCHEDULE_NOTIFY, .events = POLLIN
	};
	struct fuse_poll_out out;

	ck_assert_int_gt(read_from(fh, 0, 4096), 0);
	ck_assert_int_eq(call(FUSE_POLL, 1, &in, sizeof(in), NULL, 0), sizeof(out));
	memcpy(&out, answer.data, sizeof(out));
	ck_assert(!(out.revents & POLLIN));
	begin_again();
	ck_assert(!take_answer(1, 0));
	ck_assert_uint_eq(woken, 77);
	woken = 0;
	ck_assert_int_eq(call(FUSE_POLL, 1, &in, sizeof(in), NULL, 0), sizeof(out));
	manager.epic++;
	fuse_wait_wake(server);
	ck_assert(!take_answer(1, 200));
	ck_assert_uint_eq(woken, 77);
}
END_TEST

/* O_NONBLOCK: the write has returned, what it asks for is under way. */
START_TEST(test_loose_job)
{
	uint64_t fh = open_file("settle"), number = 0;

	is_holding = true;
	ask_to_write(fh, 0, "1\n", O_NONBLOCK);
	ck_assert_int_eq(get_written(get_last_number()), 2);
	number = held->number;
	ck_assert_uint_ne(number, 0);
	ask_to_read(fh, 2, 4096, 0);
	ck_assert_int_eq(fuse_handle(server), 0);
	begin_again();
	ck_assert_uint_eq(lost, 0);
	ck_assert_ptr_nonnull(held);
	ck_assert_uint_eq(held->number, number);
	ck_assert_str_eq(held->lines[0].text, "1");
	ck_assert(!take_answer(get_last_number(), 0));
	answer_text = "/mnt";
	finish(steal_ptr(held));
	ck_assert(take_answer(get_last_number(), 10000));
	ck_assert_int_eq(answer.header.len, sizeof(answer.header) + 12);
	begin_again();
	ck_assert_ptr_null(held);
	ck_assert_int_eq(read_from(fh, 2, 4096), 12);
	release(fh);
	ck_assert_uint_eq(count_records(KEPT_PIECE), 0);
}
END_TEST

START_TEST(test_manager)
{
	uint64_t fh = open_file("MountPointManager");
	struct {
		struct fuse_write_in in;
		struct mmfs_record record;
	} request = { .in = { .fh = fh, .size = sizeof(struct mmfs_record) },
		.record = { .version = MMFS_RECORD_VERSION, .code = 1 } };

	ck_assert_int_gt(call(FUSE_WRITE, 1, &request.in, sizeof(request.in), &request.record,
				 sizeof(request.record)),
		0);
	begin_again();
	ck_assert_int_eq(
		read_from(fh, sizeof(struct mmfs_record), 4096), sizeof(struct mmfs_record));
	ck_assert_uint_eq(((struct mmfs_record *)(void *)answer.data)->status,
		(uint32_t)STATUS_INVALID_DEVICE_REQUEST);
}
END_TEST

static uint32_t find_record(enum kept_kind kind)
{
	return kept_next(kept, kind, 0);
}

/* What makes no sense is lost, with all that belongs to it, and nothing else is. */
START_TEST(test_damage)
{
	uint64_t good = open_as("metrics", O_RDONLY), fh = open_file("query_dos_volume_paths");
	static const char rubbish[300];
	static const uint64_t shown[] = { 0, 0, 5003, 5003 };

	answer_text = "/mnt";
	ck_assert_int_eq(write_to(fh, 0, "X:\n"), 3);
	((char *)kept_get(kept, find_record(KEPT_PIECE)))[20] ^= 1;
	kept_add(kept, KEPT_FILE, 5000, rubbish, sizeof(rubbish));
	kept_add(kept, KEPT_FILE, 5000, rubbish, 3);
	kept_add(kept, KEPT_PIECE, 5000, rubbish, 3);
	kept_add(kept, KEPT_PIECE, 5000, rubbish, sizeof(rubbish));
	kept_add(kept, KEPT_TEXT, 5000, rubbish, 3);
	kept_add(kept, KEPT_TEXT, 5000, rubbish, sizeof(rubbish));
	kept_add(kept, KEPT_SHEETS, 5001, rubbish, 3);
	kept_add(kept, KEPT_SHEETS, 5001, rubbish, 16 + 8); /* a sheet that is not there */
	kept_add(kept, KEPT_SHEETS, 5001, &shown, sizeof(shown) - 1);
	kept_add(kept, KEPT_SHEET, 5002, rubbish, 0);
	kept_add(kept, KEPT_SHEET, 5003, rubbish, sizeof(rubbish));
	kept_commit(kept);
	begin_again();
	ck_assert_uint_eq(lost, 3);
	ck_assert_int_eq(read_from(fh, 0, 4096), -ESTALE);
	ck_assert_int_eq(write_to(fh, 0, "X:\n"), -ESTALE);
	release(fh);
	ck_assert_int_gt(read_from(good, 0, 4096), 0);
	release(good);
	for (enum kept_kind kind = KEPT_FILE; kind <= KEPT_TEXT; kind++)
		ck_assert_uint_eq(count_records(kind), 0);
	ck_assert_uint_eq(count_records(KEPT_SHEET) + count_records(KEPT_SHEETS), 0);
}
END_TEST

/* Without room files are there as ever, and lost with the process. */
START_TEST(test_no_room)
{
	uint64_t fh;

	while (kept_try_add(kept, 99, 0, NULL, 4096))
		;
	while (kept_try_add(kept, 99, 0, NULL, 64))
		;
	kept_commit(kept);
	fh = open_as("metrics", O_RDONLY);
	ck_assert_int_gt(read_from(fh, 0, 4096), 0);
	begin_again();
	ck_assert_int_eq(read_from(fh, 0, 4096), -ESTALE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("open-files");
	TCase *tcase = suite_add_case(suite, "open-files");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_text);
	tcase_add_test(tcase, test_shared_text);
	tcase_add_test(tcase, test_versions);
	tcase_add_test(tcase, test_charges);
	tcase_add_test(tcase, test_reply);
	tcase_add_test(tcase, test_write_again);
	tcase_add_test(tcase, test_blank_before_unended);
	tcase_add_test(tcase, test_batch);
	tcase_add_test(tcase, test_long_batch);
	tcase_add_test(tcase, test_events);
	tcase_add_test(tcase, test_change_notify);
	tcase_add_test(tcase, test_poll);
	tcase_add_test(tcase, test_loose_job);
	tcase_add_test(tcase, test_manager);
	tcase_add_test(tcase, test_damage);
	tcase_add_test(tcase, test_no_room);
	return run_suite(suite);
}
