/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of the kernel, which can outlive the process that has read them.
 *
 * A request is read straight into a slot in kept memory, so no process is ever the only one to have
 * it. Mostly it is answered while it is being served, and the slot is empty again. Else it moves to
 * a record of its own until it is answered. Another process takes what is in the slot and in these
 * records as if it had just read it.
 *
 * Whoever serves a request may change other kept records. One commit, before the answer is written,
 * makes three things count at once: these changes, the answer, and that the request needs no other
 * one. If the process ends behind that commit, another writes the same answer and serves nothing
 * again. If the answer had been written already, the kernel says ENOENT; so each is given once. A
 * request that changes nothing has no such commit: served again, it gets the same answer.
 *
 * An answer that has to wait behind invalidations is captured: its bytes are kept in a record,
 * which a notify thread sends and frees. Everything else here belongs to the thread that serves.
 *
 * Where there is little room, as many clients wait, requests have no records: another process would
 * not know of them. Where there is none, an answer is sent at once.
 */

#include <assert.h>
#include <errno.h>
#include <linux/fuse.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/crash_point.h"
#include "base/map.h"
#include "io/fuse/requests.h"

#define NOTIFY_RESEND 7			   /* of linux/fuse.h, from 7.40 on */
#define RESENT (UINT64_C(1) << 63)	   /* in the number of a request that comes once more */
#define SPARE_MAGIC UINT64_C(0x6f6c6c6568) /* what follows was written down as a whole */

/* The greeting, apart from the records: without it a mount would be lost with them. */
struct spare {
	uint64_t magic;
	uint64_t len;
	uint8_t greeting[REQUESTS_SPARE - 16];
};

#define SLOT_SIZE ((size_t)2 << 20) /* more than a request or an answer has */

/* A request that has a record. */
struct kept_request {
	struct map_node by_number;
	uint32_t record;    /* or 0: there was no room */
	uint32_t interrupt; /* record of the FUSE_INTERRUPT that came for it, or 0 */
};

struct requests {
	struct kept *kept;
	uint32_t slot, outbox;
	struct spare *spare; /* or NULL */
	struct map by_number;
	uint64_t current;
	const struct fuse_in_header *message; /* … itself */
	bool is_open;			      /* `current` has no answer yet */
	bool is_muted;			      /* answers are dropped: the kernel has them already */
	bool is_capturing;
	bool is_holding; /* … for who holds the lock of a folder */
	uint32_t captured;
	void (*flush)(void *data);
	void (*send)(void *data, uint32_t answer);
	void *data; /* of both */
};

static bool has_number(const struct map_node *node, const void *key)
{
	return true; /* the number is the hash */
}

static struct kept_request *find(const struct requests *requests, uint64_t number)
{
	struct map_node *node = map_find(&requests->by_number, number, has_number, NULL);

	return node ? container_of(node, struct kept_request, by_number) : NULL;
}

static uint32_t find_or_add(struct kept *kept, uint32_t kind)
{
	uint32_t record = kept_next(kept, kind, 0);

	if (record && kept_get_len(kept, record) >= SLOT_SIZE)
		return record;
	kept_remove(kept, record);
	return kept_add_raw(kept, kind, 0, SLOT_SIZE);
}

struct requests *requests_new(struct kept *kept)
{
	struct requests *requests = xcalloc(1, sizeof(*requests));

	requests->kept = kept;
	requests->slot = find_or_add(kept, KEPT_SLOT);
	requests->outbox = find_or_add(kept, KEPT_OUTBOX);
	kept_commit(kept);
	return requests;
}

void requests_free(struct requests *requests)
{
	if (!requests)
		return;
	map_for_each (&requests->by_number, node, next)
		free(container_of(node, struct kept_request, by_number));
	map_fini(&requests->by_number);
	free(requests);
}

void requests_set_spare(struct requests *requests, void *spare)
{
	requests->spare = spare;
}

void requests_set_flush(struct requests *requests, void (*flush)(void *data), void *data)
{
	requests->flush = flush;
	requests->data = data;
}

void requests_set_later(struct requests *requests, void (*send)(void *data, uint32_t answer))
{
	requests->send = send;
}

void *requests_get_slot(const struct requests *requests)
{
	return kept_get(requests->kept, requests->slot);
}

/* Where pages have 16 or 64 KiB, libfuse asks for far more than the kernel may pass on. */
ssize_t requests_read(const struct requests *requests, int fd, void *slot, size_t size)
{
	return read(fd, slot, size < SLOT_SIZE ? size : SLOT_SIZE);
}

uint64_t requests_get_current(const struct requests *requests)
{
	return requests->current & ~RESENT;
}

const void *requests_get_argument(const struct requests *requests)
{
	return requests->message + 1;
}

/* With the next commit the message in the record counts no more: its length is 0. */
static void empty(struct requests *requests, uint32_t record)
{
	static const uint32_t none;

	kept_write(requests->kept, record, 0, &none, sizeof(none));
}

static bool is_in_slot(const struct requests *requests, uint64_t number)
{
	const struct fuse_in_header *in = requests_get_slot(requests);

	return in->len && in->unique == number;
}

static void add(struct requests *requests, uint64_t number, uint32_t record)
{
	struct kept_request *request = xcalloc(1, sizeof(*request));

	request->record = record;
	map_add(&requests->by_number, &request->by_number, number);
}

/* With the next commit the request needs no answer any more. */
static void forget(struct requests *requests, uint64_t number)
{
	struct kept_request *request = find(requests, number);

	if (is_in_slot(requests, number))
		empty(requests, requests->slot);
	if (number == requests->current)
		requests->is_open = false;
	if (!request)
		return;
	kept_remove(requests->kept, request->record);
	kept_remove(requests->kept, request->interrupt);
	map_remove(&requests->by_number, &request->by_number);
	free(request);
}

static void flush(struct requests *requests)
{
	if (requests->flush)
		requests->flush(requests->data);
}

static size_t gather(const struct iovec *iov, int count, uint8_t *room, size_t size)
{
	size_t len = 0;

	for (int i = 0; i < count; i++) {
		if (iov[i].iov_len > size - len)
			abort(); /* libfuse sends no such message */
		if (iov[i].iov_len)
			memcpy(room + len, iov[i].iov_base, iov[i].iov_len);
		len += iov[i].iov_len;
	}
	return len;
}

/* Copies a message, but for the length in front, with which it will count. */
static size_t fill_outbox(struct requests *requests, const struct iovec *iov, int count)
{
	struct fuse_out_header header = *(const struct fuse_out_header *)iov[0].iov_base;
	uint8_t *room = kept_get(requests->kept, requests->outbox);

	assert(iov[0].iov_len == sizeof(header)); /* libfuse puts it there */
	header.len = 0;
	memcpy(room, &header, sizeof(header));
	return sizeof(header) +
		gather(iov + 1, count - 1, room + sizeof(header), SLOT_SIZE - sizeof(header));
}

/* Commits the answer together with what was changed, and then writes it. */
static ssize_t write_noted(struct requests *requests, int fd, const struct iovec *iov, int count)
{
	const struct fuse_out_header *header = iov[0].iov_base;
	ssize_t n;

	fill_outbox(requests, iov, count);
	kept_write(requests->kept, requests->outbox, 0, &header->len, sizeof(header->len));
	forget(requests, header->unique);
	crash_point("request:answered");
	kept_commit(requests->kept);
	crash_point("request:noted");
	n = writev(fd, iov, count);
	crash_point("request:written");
	*(uint32_t *)kept_get(requests->kept, requests->outbox) = 0;
	return n;
}

static ssize_t capture(struct requests *requests, int fd, const struct iovec *iov, int count)
{
	const struct fuse_out_header *header = iov[0].iov_base;
	size_t len;

	if (!kept_has_room(requests->kept, header->len))
		return write_noted(requests, fd, iov, count);
	len = fill_outbox(requests, iov, count);

	requests->captured =
		kept_add(requests->kept, requests->is_holding ? KEPT_AHEAD : KEPT_ANSWER,
			header->unique, kept_get(requests->kept, requests->outbox), len);
	forget(requests, header->unique);
	kept_commit(requests->kept);
	crash_point("request:captured");
	return (ssize_t)len;
}

ssize_t requests_write(struct requests *requests, int fd, struct iovec *iov, int count)
{
	const struct fuse_out_header *header = iov[0].iov_base;
	ssize_t n;

	if (!header->unique) /* a notification */
		return writev(fd, iov, count);
	if (requests->is_muted) {
		requests->is_open = false;
		return header->len;
	}
	flush(requests);
	if (requests->is_capturing)
		return capture(requests, fd, iov, count);
	if (kept_has_changes(requests->kept) || header->unique != requests->current ||
		!is_in_slot(requests, header->unique))
		return write_noted(requests, fd, iov, count);
	n = writev(fd, iov, count);
	requests->is_open = false;
	return n;
}

void requests_begin_capture(struct requests *requests, bool is_holding)
{
	requests->is_capturing = true;
	requests->is_holding = is_holding;
	requests->captured = 0;
}

uint32_t requests_end_capture(struct requests *requests)
{
	requests->is_capturing = false;
	return requests->captured;
}

void requests_send(struct requests *requests, int fd, uint32_t answer)
{
	const struct fuse_out_header *message = kept_get(requests->kept, answer);
	struct fuse_out_header header = *message; /* whose length is not set yet */
	size_t len = kept_get_len(requests->kept, answer);
	struct iovec iov[] = {
		{ &header, sizeof(header) },
		{ (void *)(message + 1), len - sizeof(header) },
	};
	ssize_t n;

	header.len = (uint32_t)len;
	n = writev(fd, iov, len > sizeof(header) ? 2 : 1);
	(void)n; /* ENOENT: it was written before; any other error: the mount is gone */
	crash_point("request:sent");
	kept_release(requests->kept, answer);
}

/* Whether the kernel waits for an answer. */
static bool is_answered(const struct fuse_in_header *in)
{
	return in->opcode != FUSE_FORGET && in->opcode != FUSE_BATCH_FORGET &&
		in->opcode != FUSE_INTERRUPT;
}

/* Keeps an interruption with its request, whose number is one lower: FUSE_INT_REQ_BIT in Linux. */
static void keep_interrupt(struct requests *requests, const struct fuse_in_header *in)
{
	struct kept_request *request = find(requests, in->unique & ~UINT64_C(1));

	if (request && !request->interrupt)
		request->interrupt =
			kept_try_add(requests->kept, KEPT_REQUEST, in->unique, in, in->len);
}

static void end_request(struct requests *requests)
{
	struct fuse_in_header *in = requests_get_slot(requests);

	flush(requests);
	if (requests->is_open && is_answered(in))
		add(requests, in->unique,
			kept_try_add(requests->kept, KEPT_REQUEST, in->unique, in, in->len));
	else if (requests->is_open && in->opcode == FUSE_INTERRUPT)
		keep_interrupt(requests, in);
	if (kept_has_changes(requests->kept)) {
		empty(requests, requests->slot);
		kept_commit(requests->kept);
	} else {
		in->len = 0;
	}
	requests->current = 0;
}

void requests_settle(struct requests *requests)
{
	if (requests->current)
		return;
	flush(requests);
	kept_commit(requests->kept);
}

static void process(
	struct requests *requests, struct fuse_session *session, void *message, size_t len)
{
	const struct fuse_in_header *in = message;
	struct fuse_buf buffer = { .mem = message, .size = len };

	requests->current = in->unique;
	requests->message = in;
	requests->is_open = true;
	fuse_session_process_buf(session, &buffer);
}

static void keep_greeting(struct requests *requests, const void *message, size_t len)
{
	struct spare *spare = requests->spare;

	kept_add(requests->kept, KEPT_GREETING, 0, message, len);
	if (!spare || len > sizeof(spare->greeting))
		return;
	memcpy(spare->greeting, message, len);
	spare->len = len;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	spare->magic = SPARE_MAGIC;
}

/* A copy of the greeting, or NULL: there is none. */
static void *find_greeting(const struct requests *requests, size_t *ret_len)
{
	uint32_t record = kept_next(requests->kept, KEPT_GREETING, 0);
	const struct spare *spare = requests->spare;
	const void *found = NULL;

	if (record) {
		found = kept_get(requests->kept, record);
		*ret_len = kept_get_len(requests->kept, record);
	} else if (spare && spare->magic == SPARE_MAGIC && spare->len <= sizeof(spare->greeting)) {
		found = spare->greeting;
		*ret_len = spare->len;
	}
	return found ? memcpy(xcalloc(*ret_len, 1), found, *ret_len) : NULL;
}

void requests_serve(struct requests *requests, struct fuse_session *session, size_t len)
{
	const struct fuse_in_header *in = requests_get_slot(requests);

	if (in->opcode == FUSE_INIT && !kept_next(requests->kept, KEPT_GREETING, 0))
		keep_greeting(requests, in, len);
	process(requests, session, requests_get_slot(requests), len);
	end_request(requests);
}

static int greet(struct requests *requests, struct fuse_session *session)
{
	size_t len = 0;
	_cleanup_free_ void *message = find_greeting(requests, &len);

	if (!message)
		return -ENOENT;
	if (!kept_next(requests->kept, KEPT_GREETING, 0))
		kept_add(requests->kept, KEPT_GREETING, 0, message, len);
	requests->is_muted = true;
	process(requests, session, message, len);
	requests->is_muted = false;
	return 0;
}

static void send_captured(struct requests *requests, int fd, enum kept_kind kind, bool is_later)
{
	uint32_t record = kept_next(requests->kept, kind, 0), next;

	for (; record; record = next) {
		next = kept_next(requests->kept, kind, record);
		if (kept_get_len(requests->kept, record) < sizeof(struct fuse_out_header))
			continue;
		if (is_later)
			requests->send(requests->data, record);
		else
			requests_send(requests, fd, record);
		crash_point("over:answer");
	}
}

/*
 * Writes the answers that an earlier process may have written, or not. First those to clients that
 * hold the lock of a folder: what the others are sent behind waits for such locks.
 */
static void send_answers(struct requests *requests, int fd)
{
	uint32_t *outbox = kept_get(requests->kept, requests->outbox);

	if (*outbox && *outbox <= SLOT_SIZE) {
		ssize_t n = write(fd, outbox, *outbox);

		(void)n;
		crash_point("over:outbox");
	}
	*outbox = 0;
	send_captured(requests, fd, KEPT_AHEAD, false);
	send_captured(requests, fd, KEPT_ANSWER, requests->send);
}

/* Has the kernel send all that it waits for once more. False: it cannot. */
static bool ask_again(int fd)
{
	const struct fuse_out_header header = { .len = sizeof(header), .error = NOTIFY_RESEND };

	return write(fd, &header, sizeof(header)) == sizeof(header);
}

/* What comes once more is not served from here, too. */
static void drop_requests(struct requests *requests)
{
	for (uint32_t record = 0; (record = kept_next(requests->kept, KEPT_REQUEST, record));)
		kept_remove(requests->kept, record);
	empty(requests, requests->slot);
	kept_commit(requests->kept);
}

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t *number_a = a, *number_b = b;

	return *number_a < *number_b ? -1 : *number_a > *number_b;
}

struct place {
	uint64_t number;
	uint32_t record;
};

/* Whether this is a whole request. What an earlier process has left is not trusted. */
static bool is_sound(const struct fuse_in_header *in, size_t len)
{
	return len >= sizeof(*in) && in->len == len && in->unique;
}

static void serve_again(
	struct requests *requests, struct fuse_session *session, const struct place *place)
{
	size_t len = kept_get_len(requests->kept, place->record);
	struct fuse_in_header *in = xcalloc(len, 1);

	memcpy(in, kept_get(requests->kept, place->record), len);
	if (!is_sound(in, len)) {
		kept_remove(requests->kept, place->record);
	} else {
		if (is_answered(in))
			add(requests, in->unique, place->record);
		process(requests, session, in, len);
		flush(requests);
		if (in->opcode == FUSE_INTERRUPT && find(requests, in->unique & ~UINT64_C(1)))
			find(requests, in->unique & ~UINT64_C(1))->interrupt = place->record;
		else if (!is_answered(in))
			kept_remove(requests->kept, place->record);
	}
	kept_commit(requests->kept);
	requests->current = 0;
	free(in);
}

int requests_take_over(struct requests *requests, struct fuse_session *session)
{
	struct kept *kept = requests->kept;
	struct fuse_in_header *in = requests_get_slot(requests);
	struct place *places = NULL;
	size_t count = 0;
	int r = greet(requests, session);

	if (r < 0)
		return r;
	crash_point("over:greeted");
	send_answers(requests, fuse_session_fd(session));
	if (kept_get_damage(kept) && ask_again(fuse_session_fd(session)))
		drop_requests(requests);
	if (in->len >= sizeof(*in) && in->len <= SLOT_SIZE)
		kept_add(kept, KEPT_REQUEST, in->unique, in, in->len);
	empty(requests, requests->slot);
	kept_commit(kept);
	crash_point("over:slot");
	for (uint32_t record = 0; (record = kept_next(kept, KEPT_REQUEST, record));) {
		places = xgrow(places, count, sizeof(*places));
		places[count++] = (struct place){ kept_get_id(kept, record), record };
	}
	if (count)
		qsort(places, count, sizeof(*places), compare_numbers);
	for (size_t i = 0; i < count; i++) {
		serve_again(requests, session, &places[i]);
		crash_point("over:served");
	}
	free(places);
	return 0;
}
