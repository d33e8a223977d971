/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests outlive the process that has read them. A socket plays the kernel, and a process that
 * ends is one whose objects are dropped: the next has the memory, as it is or as it was at a write.
 *
 * The filesystem that is served here adds a number to a record with each request: `mkdir` at once,
 * `rmdir` when the test says so. Each must count once, and be answered with the sum it made.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../run-suite.h"
#include "io/fuse/requests.h"

#define SIZE ((size_t)64 << 20)
#define KIND_SUM 99

/* What is not there any more when a process is killed. */
struct process {
	struct kept *kept;
	struct requests *requests;
	struct fuse_session *session;
	fuse_req_t waiting;
	bool is_dead; /* before its next write */
	bool is_late; /* … or right behind it */
};

static struct process process;
static void *memory, *left;
static int kernel, device; /* both ends of the socket */
static uint64_t next_number = 2;

static void leave(void)
{
	memcpy(left, memory, ((uint64_t *)memory)[3]);
}

static ssize_t write_message(int fd, struct iovec *iov, int count, void *data)
{
	return requests_write(process.requests, fd, iov, count);
}

static ssize_t read_message(int fd, void *buffer, size_t size, void *data)
{
	return read(fd, buffer, size);
}

static uint32_t get_sum(void)
{
	uint32_t record = kept_next(process.kept, KIND_SUM, 0);

	return record ? *(uint32_t *)kept_get(process.kept, record) : 0;
}

static void add_to_sum(uint32_t number)
{
	uint32_t record = kept_next(process.kept, KIND_SUM, 0), sum = get_sum() + number;

	if (record)
		kept_write(process.kept, record, 0, &sum, sizeof(sum));
	else
		kept_add(process.kept, KIND_SUM, 0, &sum, sizeof(sum));
}

static void answer(fuse_req_t req)
{
	struct fuse_entry_param entry = { .ino = get_sum() + 1 };

	if (process.is_dead)
		leave();
	fuse_reply_entry(req, &entry);
	if (process.is_late)
		leave();
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	add_to_sum((uint32_t)parent);
	answer(req);
}

static void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	process.waiting = req;
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	struct stat found = { .st_ino = ino };

	fuse_reply_attr(req, &found, 0);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count)
{
	add_to_sum((uint32_t)count);
	fuse_reply_none(req);
}

static const struct fuse_lowlevel_ops ops = {
	.mkdir = op_mkdir,
	.rmdir = op_rmdir,
	.getattr = op_getattr,
	.forget = op_forget,
};

static bool is_damaged;
static uint64_t spare[REQUESTS_SPARE / 8];

static void begin(void)
{
	static const struct fuse_custom_io io = { .writev = write_message, .read = read_message };
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);

	fuse_opt_add_arg(&args, "test");
	process = (struct process){ .kept = kept_new(memory, SIZE) };
	ck_assert_uint_eq(kept_get_damage(process.kept), is_damaged ? SIZE_MAX : 0);
	process.requests = requests_new(process.kept);
	requests_set_spare(process.requests, spare);
	process.session = fuse_session_new(&args, &ops, sizeof(ops), NULL);
	fuse_opt_free_args(&args);
	ck_assert_int_eq(fuse_session_custom_io(process.session, &io, dup(device)), 0);
}

/* Killed: nothing is said to anybody. libfuse frees no request that has no answer. */
static void drop(void)
{
	static fuse_req_t dropped[8];
	static size_t count;

	if (process.waiting)
		dropped[count++ % ARRAY_SIZE(dropped)] = process.waiting;
	fuse_session_destroy(process.session);
	requests_free(process.requests);
	kept_free(process.kept);
}

/* The memory is as it was when it was left. */
static void drop_left(void)
{
	drop();
	memcpy(memory, left, ((uint64_t *)left)[3]);
}

static void serve(void)
{
	struct fuse_buf buffer = { .mem = requests_get_slot(process.requests) };
	int n = fuse_session_receive_buf(process.session, &buffer);

	ck_assert_int_gt(n, 0);
	requests_serve(process.requests, process.session, (size_t)n);
}

/* Returns the number of the request. */
static uint64_t ask(uint32_t opcode, uint64_t ino, const void *data, size_t len)
{
	struct {
		struct fuse_in_header header;
		uint8_t data[256];
	} message = { .header = { .opcode = opcode, .nodeid = ino } };

	message.header.len = (uint32_t)(sizeof(message.header) + len);
	message.header.unique = next_number;
	next_number += 2;
	memcpy(message.data, data, len);
	ck_assert_int_eq(
		send(kernel, &message, message.header.len, 0), (ssize_t)message.header.len);
	return message.header.unique;
}

static uint64_t ask_to_add(uint32_t number)
{
	static const char data[sizeof(struct fuse_mkdir_in) + 2] = { 'x' };
	char copy[sizeof(data)] = { 0 };

	copy[sizeof(struct fuse_mkdir_in)] = 'x';
	return ask(FUSE_MKDIR, number, copy, sizeof(copy));
}

static uint64_t ask_for_later(uint32_t number)
{
	return ask(FUSE_RMDIR, number, "x", 2);
}

/* The node that an answer tells, or its error; 0: there is no answer to this request. */
static int64_t take_answer(uint64_t number)
{
	struct {
		struct fuse_out_header header;
		struct fuse_entry_out entry;
	} message;
	ssize_t n = recv(kernel, &message, sizeof(message), MSG_DONTWAIT);

	if (n < 0)
		return 0;
	ck_assert_uint_eq(message.header.unique, number);
	return message.header.error ? message.header.error : (int64_t)message.entry.nodeid;
}

static void setup(void)
{
	struct fuse_init_in greeting = { .major = 7, .minor = 31, .max_readahead = 4096 };
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	kernel = ends[0];
	device = ends[1];
	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	left = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
		-1, 0);
	begin();
	ck_assert_int_eq(requests_take_over(process.requests, process.session), -ENOENT);
	ask(FUSE_INIT, 0, &greeting, sizeof(greeting));
	serve();
	ck_assert_int_gt(recv(kernel, &greeting, sizeof(greeting), MSG_DONTWAIT), 0);
}

static void teardown(void)
{
	drop();
	munmap(memory, SIZE);
	munmap(left, SIZE);
	close(kernel);
	close(device);
}

/* All records are lost. */
static void damage(void)
{
	memset(memory, 0xa5, 4096);
	is_damaged = true;
}

static void take_over(void)
{
	begin();
	ck_assert_int_eq(requests_take_over(process.requests, process.session), 0);
}

START_TEST(test_no_end)
{
	uint64_t number = ask_to_add(5);

	serve();
	ck_assert_int_eq(take_answer(number), 6);
	drop();
	take_over();
	ck_assert_int_eq(take_answer(0), 0); /* nothing is said again */
	ck_assert_uint_eq(get_sum(), 5);
	number = ask_to_add(7);
	serve();
	ck_assert_int_eq(take_answer(number), 13);
}
END_TEST

/* Nothing is known of what is under way: the kernel is to send it again. */
START_TEST(test_all_lost)
{
	struct fuse_out_header header;
	uint64_t waits = ask_for_later(1), again;

	serve();
	drop();
	damage();
	take_over();
	ck_assert_int_eq(recv(kernel, &header, sizeof(header), MSG_DONTWAIT), sizeof(header));
	ck_assert_uint_eq(header.unique, 0);
	ck_assert_int_eq(header.error, 7);
	next_number = waits | UINT64_C(1) << 63;
	again = ask_to_add(7);
	serve();
	ck_assert_int_eq(take_answer(again), 8);
	ck_assert_int_eq(take_answer(0), 0);
	kept_forget_damage(process.kept);
	drop();
	is_damaged = false;
	take_over(); /* the greeting is in the records again */
	ck_assert_int_eq(take_answer(0), 0);
}
END_TEST

/* It was read, and nothing more. */
START_TEST(test_only_read)
{
	struct fuse_buf buffer = { .mem = requests_get_slot(process.requests) };
	uint64_t number = ask_to_add(5);

	ck_assert_int_gt(fuse_session_receive_buf(process.session, &buffer), 0);
	drop();
	take_over();
	ck_assert_int_eq(take_answer(number), 6);
	ck_assert_uint_eq(get_sum(), 5);
}
END_TEST

/* The sum was made, and the answer not given. */
START_TEST(test_before_answer)
{
	uint64_t number = ask_to_add(5);

	process.is_dead = true;
	serve();
	ck_assert_int_eq(take_answer(number), 6); /* of another world */
	drop_left();
	take_over();
	ck_assert_int_eq(take_answer(number), 6);
	ck_assert_uint_eq(get_sum(), 5);
}
END_TEST

/* The answer is given, and what comes behind it is not done. */
START_TEST(test_behind_answer)
{
	uint64_t number = ask_to_add(5);

	process.is_late = true;
	serve();
	ck_assert_int_eq(take_answer(number), 6);
	drop_left();
	take_over();
	ck_assert_int_eq(take_answer(number), 0);
	ck_assert_uint_eq(get_sum(), 5);
}
END_TEST

/* It waits for its answer through two ends. */
START_TEST(test_waits)
{
	uint64_t later = ask_for_later(5), number;

	serve();
	drop();
	take_over();
	number = ask_to_add(3);
	serve();
	ck_assert_int_eq(take_answer(number), 4);
	drop();
	take_over();
	ck_assert_ptr_nonnull(process.waiting);
	add_to_sum(5);
	answer(process.waiting);
	ck_assert_int_eq(take_answer(later), 9);
	drop();
	take_over();
	ck_assert_ptr_null(process.waiting);
	ck_assert_int_eq(take_answer(0), 0);
	ck_assert_uint_eq(get_sum(), 8);
}
END_TEST

static void on_interrupt(fuse_req_t req, void *data)
{
	fuse_reply_err(req, EINTR);
}

START_TEST(test_interrupted)
{
	uint64_t later = ask_for_later(5);
	struct fuse_interrupt_in interrupt = { .unique = later };

	serve();
	next_number = later | 1; /* as the kernel numbers it */
	ask(FUSE_INTERRUPT, 0, &interrupt, sizeof(interrupt));
	next_number++;
	serve();
	ck_assert_int_eq(take_answer(0), 0); /* it does not listen */
	drop();
	take_over();
	ck_assert(fuse_req_interrupted(process.waiting));
	fuse_req_interrupt_func(process.waiting, on_interrupt, NULL);
	ck_assert_int_eq(take_answer(later), -EINTR);
	drop();
	take_over();
	ck_assert_ptr_null(process.waiting);
}
END_TEST

/* Answers that another thread is to send. */
START_TEST(test_captured)
{
	uint64_t first = ask_for_later(5), second;
	fuse_req_t req;
	uint32_t one, two;

	serve();
	req = process.waiting;
	second = ask_for_later(6);
	serve();
	requests_begin_capture(process.requests, false);
	add_to_sum(5);
	answer(req);
	one = requests_end_capture(process.requests);
	requests_begin_capture(process.requests, false);
	add_to_sum(6);
	answer(process.waiting);
	two = requests_end_capture(process.requests);
	ck_assert(one && two);
	ck_assert_int_eq(take_answer(0), 0);
	requests_send(process.requests, device, two);
	ck_assert_int_eq(take_answer(second), 12);
	drop();
	take_over();
	ck_assert_int_eq(take_answer(first), 6);
	ck_assert_int_eq(take_answer(0), 0);
	ck_assert_uint_eq(get_sum(), 11);
}
END_TEST

static uint32_t handed_over;

static void note_later(void *data, uint32_t answer)
{
	handed_over = answer;
}

/* Who holds a folder is first: the others wait for what may wait for that. */
START_TEST(test_captured_ahead)
{
	uint64_t first = ask_for_later(5), second;
	fuse_req_t req;

	serve();
	req = process.waiting;
	second = ask_for_later(6);
	serve();
	requests_begin_capture(process.requests, false);
	answer(req);
	ck_assert(requests_end_capture(process.requests));
	requests_begin_capture(process.requests, true);
	answer(process.waiting);
	ck_assert(requests_end_capture(process.requests));
	drop();
	handed_over = 0;
	begin();
	requests_set_later(process.requests, note_later);
	ck_assert_int_eq(requests_take_over(process.requests, process.session), 0);
	ck_assert_int_ne(take_answer(second), 0);
	ck_assert_int_eq(take_answer(0), 0);
	ck_assert(handed_over);
	requests_send(process.requests, device, handed_over);
	ck_assert_int_ne(take_answer(first), 0);
	drop();
	take_over();
	ck_assert_int_eq(take_answer(0), 0);
}
END_TEST

START_TEST(test_forget)
{
	struct fuse_forget_in forget = { .nlookup = 4 };
	struct fuse_buf buffer = { .mem = requests_get_slot(process.requests) };

	ask(FUSE_FORGET, 1, &forget, sizeof(forget));
	serve();
	ask(FUSE_FORGET, 1, &forget, sizeof(forget));
	ck_assert_int_gt(fuse_session_receive_buf(process.session, &buffer), 0);
	drop();
	take_over();
	ck_assert_uint_eq(get_sum(), 8);
	drop();
	take_over();
	ck_assert_uint_eq(get_sum(), 8);
}
END_TEST

/* Whatever libfuse asks for. */
START_TEST(test_slot)
{
	const size_t size = (size_t)16 << 20;
	int fd = memfd_create("request", MFD_CLOEXEC);
	ssize_t n;

	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	n = requests_read(process.requests, fd, requests_get_slot(process.requests), size);
	ck_assert_int_gt(n, REQUESTS_WRITE_MAX);
	ck_assert_uint_le(
		(size_t)n, kept_get_len(process.kept, kept_next(process.kept, KEPT_SLOT, 0)));
	close(fd);
}
END_TEST

/* Without room all is answered still, and at once: what waits is in no record. */
START_TEST(test_no_room)
{
	uint64_t later, number;

	add_to_sum(1);
	while (kept_has_room(process.kept, 64))
		kept_add_raw(process.kept, KIND_SUM + 1, 0, 64);
	kept_commit(process.kept);
	later = ask_for_later(5);
	serve();
	number = ask_to_add(3);
	requests_begin_capture(process.requests, false);
	serve();
	ck_assert_uint_eq(requests_end_capture(process.requests), 0);
	ck_assert_int_eq(take_answer(number), 5);
	answer(process.waiting);
	ck_assert_int_eq(take_answer(later), 5);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("requests");
	TCase *tcase = suite_add_case(suite, "requests");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_no_end);
	tcase_add_test(tcase, test_all_lost);
	tcase_add_test(tcase, test_only_read);
	tcase_add_test(tcase, test_before_answer);
	tcase_add_test(tcase, test_behind_answer);
	tcase_add_test(tcase, test_waits);
	tcase_add_test(tcase, test_interrupted);
	tcase_add_test(tcase, test_captured);
	tcase_add_test(tcase, test_captured_ahead);
	tcase_add_test(tcase, test_forget);
	tcase_add_test(tcase, test_no_room);
	tcase_add_test(tcase, test_slot);
	return run_suite(suite);
}
