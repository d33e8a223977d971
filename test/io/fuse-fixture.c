/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's side of a socket, and what a server needs. Jobs are over at once, if they are not
 * held, and reply what the test says.
 */

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuse-fixture.h"
#include "io/fuse/fuse_finish.h"
#include "io/fuse/fuse_text.h"
#include "io/fuse/kept_nodes.h"

#define SIZE ((size_t)64 << 20)

static void *memories[16]; /* of one process after the other */
static size_t process;
static struct tree tree;
static int kernel;
static uint64_t next_number = 2;
static uint32_t live; /* counts what `metrics` shows */

struct kept *kept;
struct manager manager;
struct event_stream stream;
struct budget budget;
struct fuse_server *server;
uint64_t woken;
struct fuse_job *held;
bool is_holding;
size_t submitted, lost;
const char *answer_text;
struct answer answer;

void finish(struct fuse_job *job)
{
	struct deltas none = { 0 };

	for (size_t i = 0; i < job->count && !job->error; i++) {
		job->error = job->lines[i].error;
		if (!job->error)
			job->done = i + 1;
	}
	if (answer_text && job->done)
		reply_add_path(&job->reply, answer_text);
	fuse_finish(server, job, &none);
}

static void submit(void *data, struct fuse_job *job)
{
	submitted++;
	if (is_holding)
		held = job;
	else
		finish(job);
}

static bool cancel(void *data, struct fuse_job *job)
{
	if (held != job)
		return false;
	held = NULL;
	return true;
}

static void refuse(void *data, const struct failure *failure)
{
}

static void render(void *data, const struct node *node, struct strbuf *ret_text)
{
	strbuf_add_format(ret_text, "text %u\n", ++live);
}

static void set_timer(void *data, uint64_t at)
{
}

static void ask(uint32_t opcode, uint64_t ino, const void *head, size_t head_len, const void *data,
	size_t len)
{
	static struct {
		struct fuse_in_header header;
		char data[1 << 17];
	} message;

	message.header = (struct fuse_in_header){ .opcode = opcode, .nodeid = ino };
	message.header.len = (uint32_t)(sizeof(message.header) + head_len + len);
	message.header.unique = next_number;
	next_number += 2;
	memcpy(message.data, head, head_len);
	if (len)
		memcpy(message.data + head_len, data, len);
	ck_assert_int_eq(
		send(kernel, &message, message.header.len, 0), (ssize_t)message.header.len);
}

/* The answer to a request; 0: there is none. Lanes send some. */
bool take_answer(uint64_t number, int patience)
{
	for (;;) {
		struct pollfd fd = { .fd = kernel, .events = POLLIN };
		ssize_t n;

		if (poll(&fd, 1, patience) <= 0)
			return false;
		n = recv(kernel, &answer, sizeof(answer), 0);
		ck_assert_int_ge(n, (ssize_t)sizeof(answer.header));
		if (answer.header.unique == number)
			return true;
		ck_assert_uint_eq(answer.header.unique, 0);
		if (answer.header.error == FUSE_NOTIFY_POLL)
			memcpy(&woken, answer.data, sizeof(woken));
	}
}

/* Returns the error, 0, or how much was written or read. */
int call(uint32_t opcode, uint64_t ino, const void *head, size_t head_len, const void *data,
	size_t len)
{
	ask(opcode, ino, head, head_len, data, len);
	ck_assert_int_eq(fuse_handle(server), 0);
	ck_assert(take_answer(next_number - 2, 10000));
	if (answer.header.error)
		return answer.header.error;
	return (int)(answer.header.len - sizeof(answer.header));
}

static uint64_t find(const char *name)
{
	struct node *node = tree_find_child(&tree, tree.control, name);

	if (!node)
		node = tree_find_child(&tree, tree.root, name);
	ck_assert_ptr_nonnull(node);
	tree_add_lookup(node);
	kept_nodes_note(kept, node);
	return fuse_get_ino(server, node);
}

uint64_t open_as(const char *name, uint32_t flags)
{
	struct fuse_open_in in = { .flags = flags };
	struct fuse_open_out out;

	ck_assert_int_eq(call(FUSE_OPEN, find(name), &in, sizeof(in), NULL, 0), sizeof(out));
	memcpy(&out, answer.data, sizeof(out));
	return out.fh;
}

uint64_t open_file(const char *name)
{
	return open_as(name, O_RDWR);
}

void ask_to_read(uint64_t fh, uint64_t offset, uint32_t size, uint32_t flags)
{
	struct fuse_read_in in = { .fh = fh, .offset = offset, .size = size, .flags = flags };

	ask(FUSE_READ, 1, &in, sizeof(in), NULL, 0);
}

int read_from(uint64_t fh, uint64_t offset, uint32_t size)
{
	int n;

	ask_to_read(fh, offset, size, 0);
	ck_assert_int_eq(fuse_handle(server), 0);
	ck_assert(take_answer(next_number - 2, 10000));
	n = answer.header.error ? answer.header.error
				: (int)(answer.header.len - sizeof(answer.header));
	if (n >= 0)
		answer.data[n] = '\0';
	return n;
}

void ask_to_write(uint64_t fh, uint64_t offset, const char *text, uint32_t flags)
{
	struct fuse_write_in in = {
		.fh = fh, .offset = offset, .size = (uint32_t)strlen(text), .flags = flags
	};

	ask(FUSE_WRITE, 1, &in, sizeof(in), text, in.size);
	ck_assert_int_eq(fuse_handle(server), 0);
}

int get_written(uint64_t number)
{
	struct fuse_write_out out;

	ck_assert(take_answer(number, 10000));
	memcpy(&out, answer.data, sizeof(out));
	return answer.header.error ? answer.header.error : (int)out.size;
}

int write_to(uint64_t fh, uint64_t offset, const char *text)
{
	ask_to_write(fh, offset, text, 0);
	return get_written(next_number - 2);
}

void release(uint64_t fh)
{
	struct fuse_release_in in = { .fh = fh };

	ck_assert_int_eq(call(FUSE_RELEASE, 1, &in, sizeof(in), NULL, 0), 0);
}

size_t count_records(enum kept_kind kind)
{
	size_t count = 0;

	for (uint32_t record = 0; (record = kept_next(kept, kind, record));)
		count++;
	return count;
}

static void begin(void)
{
	struct fuse_backend backend = {
		.manager = &manager,
		.stream = &stream,
		.tree = &tree,
		.submit = submit,
		.cancel = cancel,
		.budget = &budget,
		.refuse = refuse,
		.render = render,
		.set_timer = set_timer,
	};
	struct fuse_options options = {
		.mountpoint = "/nowhere", .source = "test", .is_cached = true
	};
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	kernel = ends[0];
	options.descriptor = ends[1];
	backend.kept = kept = kept_new(memories[process], SIZE);
	tree_init_again(&tree, 1000, kept_nodes_load(kept));
	kept_nodes_watch(kept, &tree);
	tree_end_recall(&tree);
	event_stream_init(&stream);
	budget_init(&budget, 0);
	ck_assert_int_eq(fuse_start(&options, &backend, &server, &why), 0);
}

static void end(void)
{
	fuse_end_waits(server);
	if (held)
		finish(steal_ptr(held));
	ck_assert(fuse_stop(server));
	tree_fini(&tree);
	event_stream_fini(&stream);
	budget_fini(&budget);
	close(kernel);
}

/* The process is killed now, and the next goes on. */
void begin_again(void)
{
	size_t before = process++;

	memories[process] = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	memcpy(memories[process], memories[before], ((uint64_t *)memories[before])[3]);
	end();
	begin();
	lost = fuse_files_take_over(server);
	ck_assert_int_eq(requests_take_over(server->requests, server->session), 0);
}

void setup(void)
{
	struct fuse_init_in greeting = { .major = 7, .minor = 31, .max_readahead = 4096 };

	process = 0;
	memories[0] = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	manager_init(&manager, &id_order_default);
	manager.epic = 1;
	is_holding = false;
	answer_text = NULL;
	submitted = woken = 0;
	begin();
	ck_assert_int_gt(call(FUSE_INIT, 0, &greeting, sizeof(greeting), NULL, 0), 0);
}

void teardown(void)
{
	end();
	manager_fini(&manager);
	for (size_t i = 0; i <= process; i++)
		munmap(memories[i], SIZE);
}

uint64_t get_last_number(void)
{
	return next_number - 2;
}
