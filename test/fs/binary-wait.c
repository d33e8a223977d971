/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clients that wait in CHANGE_NOTIFY, for binary-wait.sh.
 *
 * binary-wait threads MM COUNT		so many on one descriptor; says `waiting`, and then, when
 *					all have been told of a change, the numbers before and now
 * binary-wait poll MM			says `waiting`, and the same when poll(2) says so
 * binary-wait lists MM COUNT		so many threads ask for the whole list on one descriptor,
 *					again and again; says how many points it has
 * binary-wait wait MM			says `waiting`, and the error it gets when the mount
 *					ends, or after SIGUSR1
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "mmfs/client.h"

static _Noreturn void die(const char *what, int error)
{
	fprintf(stderr, "binary-wait: %s: %s\n", what, strerror(error));
	exit(EXIT_FAILURE);
}

static int open_manager(const char *path, int flags, uint32_t *ret_epic)
{
	int fd = mmfs_open(path, flags), r;

	if (fd < 0)
		die(path, -fd);
	*ret_epic = 0; /* who knows no number is told at once */
	r = mmfs_wait_change(fd, ret_epic);
	if (r < 0)
		die("the first number", -r);
	return fd;
}

static void say_waiting(void)
{
	puts("waiting");
	fflush(stdout);
}

struct waiter {
	pthread_t thread;
	int fd;
	uint32_t epic;
	int result;
};

static void *wait_for_change(void *data)
{
	struct waiter *waiter = data;

	waiter->result = mmfs_wait_change(waiter->fd, &waiter->epic);
	return NULL;
}

static int threads(const char *path, int count)
{
	struct waiter *waiters = xcalloc((size_t)count, sizeof(*waiters));
	uint32_t epic;
	int fd = open_manager(path, O_RDONLY, &epic), r;

	for (int i = 0; i < count; i++) {
		waiters[i].fd = fd;
		waiters[i].epic = epic;
		r = pthread_create(&waiters[i].thread, NULL, wait_for_change, &waiters[i]);
		if (r)
			die("pthread_create", r);
	}
	say_waiting();
	for (int i = 0; i < count; i++) {
		pthread_join(waiters[i].thread, NULL);
		if (waiters[i].result < 0)
			die("a thread", -waiters[i].result);
		if (waiters[i].epic == epic)
			die("a number that is the same", EINVAL);
	}
	printf("%u %u\n", epic, waiters[0].epic);
	free(waiters);
	return 0;
}

static int poll_for_change(const char *path)
{
	uint32_t epic, now;
	int fd = open_manager(path, O_RDONLY | O_NONBLOCK, &epic), r;
	struct pollfd poller = { fd, POLLIN, 0 };

	now = epic;
	r = mmfs_wait_change(fd, &now);
	if (r != -EINPROGRESS)
		die("O_NONBLOCK", -r);
	if (poll(&poller, 1, 0) != 0)
		die("poll(2) says so before the change", EINVAL);
	say_waiting();
	if (poll(&poller, 1, -1) != 1 || !(poller.revents & POLLIN))
		die("poll", errno);
	r = mmfs_wait_change(fd, &now);
	if (r < 0)
		die("the new number", -r);
	if (poll(&poller, 1, 0) != 0)
		die("poll(2) says so after the number", EINVAL);
	printf("%u %u\n", epic, now);
	return 0;
}

struct lister {
	pthread_t thread;
	int fd;
	size_t count;
	int result;
};

static void *list_again(void *data)
{
	struct lister *lister = data;

	for (int i = 0; i < 20 && lister->result == 0; i++) {
		struct mmfs_point *points;
		size_t count;

		lister->result = mmfs_query_points(lister->fd, NULL, &points, &count);
		if (lister->result < 0)
			break;
		if (lister->count && count != lister->count)
			lister->result = -EPROTO;
		lister->count = count;
		for (size_t j = 1; j < count && lister->result == 0; j++)
			if (strcmp(points[j - 1].link, points[j].link) >= 0)
				lister->result = -EPROTO;
		free(points);
	}
	return NULL;
}

static int list_at_once(const char *path, int count)
{
	struct lister *listers = xcalloc((size_t)count, sizeof(*listers));
	uint32_t epic;
	int fd = open_manager(path, O_RDONLY, &epic), r;

	for (int i = 0; i < count; i++) {
		listers[i].fd = fd;
		r = pthread_create(&listers[i].thread, NULL, list_again, &listers[i]);
		if (r)
			die("pthread_create", r);
	}
	for (int i = 0; i < count; i++) {
		pthread_join(listers[i].thread, NULL);
		if (listers[i].result < 0)
			die("a list", -listers[i].result);
	}
	printf("%zu\n", listers[0].count);
	free(listers);
	return 0;
}

static void handle_signal(int number)
{
}

static int await_error(const char *path)
{
	struct sigaction action = { .sa_handler = handle_signal };
	uint32_t epic;
	int fd = open_manager(path, O_RDONLY, &epic), r;

	sigaction(SIGUSR1, &action, NULL);
	say_waiting();
	r = mmfs_wait_change(fd, &epic);
	puts(strerrorname_np(-r));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "threads") == 0)
		return threads(argv[2], (int)strtol(argv[3], NULL, 10));
	if (argc == 4 && strcmp(argv[1], "lists") == 0)
		return list_at_once(argv[2], (int)strtol(argv[3], NULL, 10));
	if (argc == 3 && strcmp(argv[1], "poll") == 0)
		return poll_for_change(argv[2]);
	if (argc == 3 && strcmp(argv[1], "wait") == 0)
		return await_error(argv[2]);
	fprintf(stderr, "binary-wait: see its source for what it takes\n");
	return 2;
}
