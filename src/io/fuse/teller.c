/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process that takes names back from the kernel, for a thread of the server.
 *
 * Who takes a name back waits, inside write(2), for the lock of its folder, and cannot be killed
 * meanwhile. The client that has the lock waits for an answer; if the server has died, for one of
 * the next server. That cannot start before all threads of the dead one have ended, as they have
 * its database: were one of them to wait there, all would wait for ever. The next server does not
 * wait for this process, which is free when that has answered the client.
 *
 * Owns its end of a socket and its copy of the descriptor; ends when the server's end is closed.
 */

#include <errno.h>
#include <linux/fuse.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/helper.h"
#include "base/message.h"
#include "io/fuse/teller.h"

#define PIECE_MAX 16384u /* bytes that are sent at once: whole messages */

struct teller {
	int socket;
	pid_t pid;
	_Atomic uint64_t *written; /* by the process, which shares it */
};

/* Length of the message at the beginning; 0: there is none that is whole. */
static size_t get_len(const char *messages, size_t size)
{
	struct fuse_out_header header;

	if (size < sizeof(header))
		return 0;
	memcpy(&header, messages, sizeof(header));
	return header.len >= sizeof(header) && header.len <= size ? header.len : 0;
}

/* A name that the kernel does not know, a mount that is gone: nothing is left to be told then. */
static void write_all(int device, const char *messages, size_t size, _Atomic uint64_t *written)
{
	size_t len;

	while ((len = get_len(messages, size))) {
		ssize_t n = write(device, messages, len);

		(void)n;
		messages += len;
		size -= len;
		if (written)
			(*written)++;
	}
}

/* --- the process ------------------------------------------------------------------------------ */

static _Noreturn void run(int socket, int (*confine)(void), _Atomic uint64_t *written)
{
	char *room = xcalloc(1, PIECE_MAX), begin;
	int device;
	ssize_t n;

	if (helper_leave(socket, "mmfs-teller") < 0 || confine() < 0)
		_exit(EXIT_FAILURE);
	message_receive(HELPER_SOCKET, &begin, sizeof(begin), &device, 1);
	while (device >= 0 && (n = recv(HELPER_SOCKET, room, PIECE_MAX, 0)) > 0) {
		write_all(device, room, (size_t)n, written);
		if (send(HELPER_SOCKET, "", 1, MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(EXIT_SUCCESS);
}

/* --- the server's side ------------------------------------------------------------------------ */

int teller_start(int (*confine)(void), struct teller **ret_teller)
{
	void *shared = mmap(
		NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int socket;
	pid_t pid;

	if (shared == MAP_FAILED)
		return -errno;
	pid = helper_fork(&socket);
	if (pid < 0) {
		munmap(shared, sizeof(uint64_t));
		return pid;
	}
	if (pid == 0)
		run(socket, confine, shared);
	*ret_teller = xcalloc(1, sizeof(**ret_teller));
	**ret_teller = (struct teller){ .socket = socket, .pid = pid, .written = shared };
	return 0;
}

int teller_set_device(struct teller *teller, int fd)
{
	return message_send(teller->socket, "", 1, &fd, 1, 0);
}

void teller_add_entry(struct strbuf *messages, uint64_t parent, const char *name)
{
	const size_t len = strlen(name);
	const struct fuse_notify_inval_entry_out entry = { .parent = parent,
		.namelen = (uint32_t)len };
	const struct fuse_out_header header = {
		.len = (uint32_t)(sizeof(header) + sizeof(entry) + len + 1),
		.error = FUSE_NOTIFY_INVAL_ENTRY,
	};

	strbuf_add(messages, &header, sizeof(header));
	strbuf_add(messages, &entry, sizeof(entry));
	strbuf_add(messages, name, len + 1);
}

void teller_add_inode(struct strbuf *messages, uint64_t ino, int64_t from)
{
	const struct fuse_notify_inval_inode_out inode = { .ino = ino, .off = from };
	const struct fuse_out_header header = {
		.len = sizeof(header) + sizeof(inode),
		.error = FUSE_NOTIFY_INVAL_INODE,
	};

	strbuf_add(messages, &header, sizeof(header));
	strbuf_add(messages, &inode, sizeof(inode));
}

void teller_write(int device, const struct strbuf *messages)
{
	write_all(device, messages->data, messages->len, NULL);
}

uint64_t teller_get_progress(const struct teller *teller)
{
	return *teller->written;
}

/* As many messages as are sent at once. */
static size_t get_piece(const char *messages, size_t size)
{
	size_t piece = 0, len;

	while ((len = get_len(messages + piece, size - piece)) && piece + len <= PIECE_MAX)
		piece += len;
	return piece;
}

static ssize_t receive_answer(int socket)
{
	char byte;
	ssize_t n;

	do
		n = recv(socket, &byte, 1, 0);
	while (n < 0 && errno == EINTR);
	return n;
}

bool teller_tell(struct teller *teller, const struct strbuf *messages)
{
	size_t at = 0, piece;

	while ((piece = get_piece(messages->data + at, messages->len - at))) {
		if (send(teller->socket, messages->data + at, piece, MSG_NOSIGNAL) < 0 ||
			receive_answer(teller->socket) <= 0)
			return false;
		at += piece;
	}
	return true;
}

void teller_free(struct teller *teller)
{
	if (!teller)
		return;
	close(teller->socket);
	/* It may be stopped, or held up: the server, which ends, does not wait for it. */
	kill(teller->pid, SIGKILL);
	waitpid(teller->pid, NULL, WNOHANG);
	munmap((void *)teller->written, sizeof(uint64_t));
	free(teller);
}
