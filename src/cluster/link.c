/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection to mmfs: see the header.
 *
 * The socket has an epoll of its own, which is one descriptor of the loop: so it can wait for
 * room to write as well. Nobody is called back within a call: what ends does so in the next turn.
 */

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/param.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cluster/lines.h"
#include "cluster/link.h"

#define RETRY_FIRST UINT64_C(50000) /* µs: a server of mmfs is followed by another at once */
#define RETRY_MAX UINT64_C(1000000)
#define CHUNK 65536		       /* bytes read at once */
#define BEHIND_MAX ((size_t)256 << 20) /* bytes that mmfs has not read yet */

struct link {
	struct loop *loop;
	const char *path;
	const struct link_handlers *handlers;
	void *data;
	int epoll;
	int fd; /* -1: there is none */
	bool is_over;
	bool is_reported; /* that there is nobody */
	uint64_t since;	  /* when it was made last */
	uint64_t pause;	  /* before it is made again */
	struct timer timer;
	struct strbuf in;
	struct strbuf out;
	size_t sent; /* of `out` */
};

static void set_events(struct link *link)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (link->sent < link->out.len)
		event.events |= EPOLLOUT;
	epoll_ctl(link->epoll, EPOLL_CTL_MOD, link->fd, &event);
}

static void wake(struct link *link, uint64_t after)
{
	loop_set_timer(link->loop, &link->timer, clock_get_monotonic() + after);
}

/* The pause doubles from try to try, and so it does if the connection has ended at once. */
static void wake_later(struct link *link)
{
	wake(link, link->pause);
	link->pause = link->pause * 2 < RETRY_MAX ? link->pause * 2 : RETRY_MAX;
}

static void disconnect(struct link *link)
{
	if (link->fd < 0)
		return;
	close(link->fd);
	link->fd = -1;
	link->is_over = false;
	link->sent = 0;
	strbuf_reset(&link->in);
	strbuf_fini(&link->out);
	link->out = (struct strbuf)STRBUF_INIT;
	link->handlers->change(link->data, false);
}

static int try_connect(struct link *link)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct epoll_event event = { .events = EPOLLIN };
	int fd;

	if (strlen(link->path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, link->path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		epoll_ctl(link->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
		int error = errno;

		close(fd);
		return -error;
	}
	link->fd = fd;
	return 0;
}

static void reconnect(struct link *link)
{
	int r = try_connect(link);

	if (r == 0) {
		log_info("connected to mmfs at %s", link->path);
		link->is_reported = false;
		link->since = clock_get_monotonic();
		link->handlers->change(link->data, true);
		return;
	}
	if (!link->is_reported)
		log_info("cannot connect to %s yet: %s", link->path, strerror(-r));
	link->is_reported = true;
	wake_later(link);
}

/* Whole lines; false: the connection is over. */
static bool take_lines(struct link *link, size_t looked_at)
{
	char *start = link->in.data, *end;
	size_t left = link->in.len;

	while ((end = memchr(start + looked_at, '\n', left - looked_at))) {
		size_t len = (size_t)(end - start);

		looked_at = 0;
		if (link->handlers->line(link->data, start, len) < 0)
			return false;
		start = end + 1;
		left -= len + 1;
	}
	if (left > LINES_MAX)
		return false;
	memmove(link->in.data, start, left);
	strbuf_resize(&link->in, left);
	return true;
}

static bool receive(struct link *link)
{
	size_t before = link->in.len;
	ssize_t n;

	strbuf_resize(&link->in, before + CHUNK);
	n = recv(link->fd, link->in.data + before, CHUNK, 0);
	strbuf_resize(&link->in, before + (n > 0 ? (size_t)n : 0));
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	return n > 0 && take_lines(link, before);
}

static bool flush(struct link *link)
{
	while (link->sent < link->out.len) {
		ssize_t n = send(link->fd, link->out.data + link->sent, link->out.len - link->sent,
			MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return errno == EAGAIN;
		link->sent += n > 0 ? (size_t)n : 0;
	}
	link->sent = 0;
	strbuf_reset(&link->out);
	return true;
}

static void handle_events(void *data, _unused_ uint32_t events)
{
	struct link *link = data;
	struct epoll_event ready;

	if (link->fd < 0 || epoll_wait(link->epoll, &ready, 1, 0) != 1)
		return;
	if ((ready.events & EPOLLOUT && !flush(link)) ||
		(ready.events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !receive(link)))
		link->is_over = true;
	if (link->is_over) {
		log_info("the connection to mmfs has ended");
		disconnect(link);
		if (clock_get_monotonic() - link->since >= RETRY_MAX)
			link->pause = RETRY_FIRST;
		wake_later(link);
	} else {
		set_events(link);
	}
}

static void handle_time(void *data, _unused_ uint64_t now)
{
	struct link *link = data;

	if (link->is_over)
		disconnect(link);
	if (link->fd < 0)
		reconnect(link);
}

int link_new(struct loop *loop, const char *path, const struct link_handlers *handlers, void *data,
	struct link **ret_link)
{
	struct link *link = xcalloc(1, sizeof(*link));
	int r;

	*link = (struct link){ .loop = loop, .path = path, .handlers = handlers, .data = data };
	link->fd = -1;
	link->pause = RETRY_FIRST;
	link->timer = (struct timer){ .fn = handle_time, .data = link };
	link->epoll = epoll_create1(EPOLL_CLOEXEC);
	r = link->epoll < 0 ? -errno : loop_add(loop, link->epoll, handle_events, link);
	if (r < 0) {
		link_free(link);
		return r;
	}
	wake(link, 0);
	*ret_link = link;
	return 0;
}

void link_free(struct link *link)
{
	if (!link)
		return;
	loop_set_timer(link->loop, &link->timer, 0);
	if (link->fd >= 0)
		close(link->fd);
	if (link->epoll >= 0) {
		loop_remove(link->loop, link->epoll);
		close(link->epoll);
	}
	strbuf_fini(&link->in);
	strbuf_fini(&link->out);
	free(link);
}

void link_send(struct link *link, const struct strbuf *text)
{
	if (link->fd < 0 || link->is_over)
		return;
	strbuf_add(&link->out, text->data, text->len);
	if (!flush(link) || link->out.len - link->sent > BEHIND_MAX)
		link_hang_up(link);
	else
		set_events(link);
}

void link_hang_up(struct link *link)
{
	if (link->fd < 0)
		return;
	link->is_over = true;
	wake(link, 0);
}
