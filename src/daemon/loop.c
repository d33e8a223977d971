/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * epoll, level-triggered: whoever does not finish in one turn is called again in the next.
 */

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/loop.h"

#define EVENTS_PER_TURN 16

struct handler {
	struct handler *next;
	int fd; /* -1: removed, to be freed after the turn */
	loop_fn *handle;
	void *data;
};

struct loop {
	int fd;
	struct handler *handlers;
};

int loop_new(struct loop **ret_loop)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);
	struct loop *loop;

	if (fd < 0)
		return -errno;
	loop = xcalloc(1, sizeof(*loop));
	loop->fd = fd;
	*ret_loop = loop;
	return 0;
}

static void free_removed(struct loop *loop)
{
	for (struct handler **link = &loop->handlers; *link;) {
		struct handler *handler = *link;

		if (handler->fd >= 0) {
			link = &handler->next;
			continue;
		}
		*link = handler->next;
		free(handler);
	}
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	for (struct handler *handler = loop->handlers; handler; handler = handler->next)
		handler->fd = -1;
	free_removed(loop);
	close(loop->fd);
	free(loop);
}

int loop_add(struct loop *loop, int fd, loop_fn *handle, void *data)
{
	struct handler *handler = xcalloc(1, sizeof(*handler));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = handler };

	if (epoll_ctl(loop->fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		int error = errno;

		free(handler);
		return -error;
	}
	*handler = (struct handler){ loop->handlers, fd, handle, data };
	loop->handlers = handler;
	return 0;
}

void loop_remove(struct loop *loop, int fd)
{
	epoll_ctl(loop->fd, EPOLL_CTL_DEL, fd, NULL);
	for (struct handler *handler = loop->handlers; handler; handler = handler->next)
		if (handler->fd == fd)
			handler->fd = -1;
}

int loop_run_once(struct loop *loop, uint64_t deadline)
{
	struct epoll_event events[EVENTS_PER_TURN];
	uint64_t now = clock_get_monotonic();
	int timeout = -1, n;

	if (deadline)
		timeout = deadline > now ? (int)((deadline - now + 999) / 1000) : 0;
	n = epoll_wait(loop->fd, events, EVENTS_PER_TURN, timeout);
	if (n < 0 && errno != EINTR)
		return -errno;
	for (int i = 0; i < n; i++) {
		struct handler *handler = events[i].data.ptr;

		if (handler->fd >= 0)
			handler->handle(handler->data, events[i].events);
	}
	free_removed(loop);
	return 0;
}
