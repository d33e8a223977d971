/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clients that ask at the same time: at-once PID MOUNT <LINES
 *
 * Each line is "LINK VOLUME": a thread of its own creates this link, while the daemon, process PID,
 * is stopped; it goes on when all of them wait. Then says "LINK RESULT" for each, in order, where
 * RESULT is a negative errno or 0.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base.h"
#include "mmfs/client.h"

#define CLIENTS_MAX 256
#define PATIENCE 10000 /* ms */

struct client {
	pthread_t thread;
	_Atomic pid_t id; /* 0: has not begun */
	char link[300];
	char volume[300];
	int result;
};

static struct client clients[CLIENTS_MAX];
static size_t count;
static int manager;

static _Noreturn void die(const char *what, int error)
{
	fprintf(stderr, "at-once: %s: %s\n", what, strerror(error));
	exit(EXIT_FAILURE);
}

static void *run(void *data)
{
	struct client *client = data;

	client->id = (pid_t)syscall(SYS_gettid);
	client->result = mmfs_create_point(manager, client->link, client->volume);
	return NULL;
}

static bool is_waiting(const struct client *client)
{
	_cleanup_free_ char *path = xasprintf("/proc/self/task/%d/wchan", (int)client->id);
	char where[64] = "";
	int fd = client->id ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n = fd >= 0 ? read(fd, where, sizeof(where) - 1) : 0;

	if (fd >= 0)
		close(fd);
	return n > 0 && strstr(where, "request_wait");
}

static void await_all(void)
{
	size_t waiting = 0;

	for (int i = 0; waiting < count; i++) {
		if (i > PATIENCE)
			die("waiting for the clients", ETIMEDOUT);
		usleep(1000);
		for (waiting = 0; waiting < count && is_waiting(&clients[waiting]);)
			waiting++;
	}
}

int main(int argc, char **argv)
{
	pid_t daemon = argc == 3 ? (pid_t)strtol(argv[1], NULL, 10) : 0;
	struct client *client = clients;

	if (daemon <= 0) {
		fprintf(stderr, "usage: at-once PID MOUNT <LINES\n");
		return 2;
	}
	manager = mmfs_open(argv[2], O_RDWR);
	if (manager < 0)
		die(argv[2], -manager);
	while (count < CLIENTS_MAX && scanf("%299s %299s", client->link, client->volume) == 2) {
		count++;
		client++;
	}
	if (kill(daemon, SIGSTOP) < 0)
		die("kill", errno);
	for (size_t i = 0; i < count; i++)
		if (pthread_create(&clients[i].thread, NULL, run, &clients[i]) != 0)
			die("pthread_create", EAGAIN);
	await_all();
	kill(daemon, SIGCONT);
	for (size_t i = 0; i < count; i++) {
		pthread_join(clients[i].thread, NULL);
		printf("%s %d\n", clients[i].link, clients[i].result);
	}
	return 0;
}
