/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * epoll, level-triggered: whoever does not finish in one turn is called again in the next.
 *
 * Timers are few; they are kept in the order of their time. While they fire none can be armed for a
 * time that has passed, so each turn ends whatever they do.
 */

#include <errno.h>
#include <sys/param.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/loop.h"

#define EVENTS_PER_TURN 16
#define TIMEOUT_MAX UINT64_C(3600000000) /* µs: an hour; a turn more is no harm */

struct handler {
	struct handler *next;
	int fd; /* -1: removed, to be freed after the turn */
	loop_fn *handle;
	void *data;
};

struct loop {
	int fd;
	struct handler *handlers;
	struct timer *timers; /* armed, the next first */
	uint64_t fired;	      /* up to this time timers have fired */
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

void loop_set_timer(struct loop *loop, struct timer *timer, uint64_t at)
{
	struct timer **link = &loop->timers;

	while (timer->at && *link != timer)
		link = &(*link)->next;
	if (timer->at)
		*link = timer->next;
	timer->at = at && at <= loop->fired ? loop->fired + 1 : at;
	if (!at)
		return;
	for (link = &loop->timers; *link && (*link)->at <= timer->at;)
		link = &(*link)->next;
	timer->next = *link;
	*link = timer;
}

static void fire_timers(struct loop *loop)
{
	loop->fired = clock_get_monotonic();
	while (loop->timers && loop->timers->at <= loop->fired) {
		struct timer *timer = loop->timers;

		loop_set_timer(loop, timer, 0);
		timer->fn(timer->data, loop->fired);
	}
}

/* In milliseconds, for epoll: rounded up, lest the last one is spent in turns without end. */
static int get_timeout(const struct loop *loop, uint64_t limit)
{
	uint64_t now = clock_get_monotonic();

	if (loop->timers && (!limit || loop->timers->at < limit))
		limit = loop->timers->at;
	if (!limit)
		return -1;
	if (limit <= now)
		return 0;
	return (int)((MIN(limit - now, TIMEOUT_MAX) + 999) / 1000);
}

int loop_run_once(struct loop *loop, uint64_t limit)
{
	struct epoll_event events[EVENTS_PER_TURN];
	int n = epoll_wait(loop->fd, events, EVENTS_PER_TURN, get_timeout(loop, limit));

	if (n < 0 && errno != EINTR)
		return -errno;
	for (int i = 0; i < n; i++) {
		struct handler *handler = events[i].data.ptr;

		if (handler->fd >= 0)
			handler->handle(handler->data, events[i].events);
	}
	fire_timers(loop);
	free_removed(loop);
	return 0;
}
