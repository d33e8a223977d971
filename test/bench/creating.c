/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What writers pay: one name after the other, by one client and by many, and a great many at once.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mmfs/client.h"
#include "bench.h"

#define CREATES 20 /* one after the other, per run */
#define CLIENTS 32
#define CREATES_EACH 8

static int next_name;

static void create_one(int fd, int number)
{
	char line[128];

	sprintf(line, "link=new-%06d device=/dev/loop%d\n", number,
		stage.first + number % devices_count());
	if (pwrite(fd, line, strlen(line), 0) != (ssize_t)strlen(line))
		die("create_point %s: %s", line, strerror(errno));
}

double create_some(void)
{
	int fd = open_in(stage.mount, "control/create_point", O_WRONLY);
	double since = now();

	for (int i = 0; i < CREATES; i++)
		create_one(fd, next_name++);
	since = now() - since;
	close(fd);
	return since / CREATES;
}

/* Blocks that are there already, one after the other: the cheapest that is durable. */
static double peer_creates(void)
{
	static char block[4096];
	int fd = open_in(stage.disk, "blocks", O_RDWR | O_CREAT);
	double since;

	for (int i = 0; i < CREATES; i++)
		write_all(fd, block, sizeof(block), "blocks");
	fsync(fd);
	since = now();
	for (int i = 0; i < CREATES; i++)
		if (pwrite(fd, block, sizeof(block), i * (off_t)sizeof(block)) < 0 ||
			fdatasync(fd) < 0)
			die("fdatasync: %s", strerror(errno));
	since = now() - since;
	close(fd);
	return since / CREATES;
}

/* --- many clients --- */

/* In binary: to a control file the kernel lets only one of them write at a time. */

static pthread_barrier_t barrier;

static void *run_client(void *data)
{
	int manager = mmfs_open(stage.mount, O_RDWR), first = *(int *)data, r;
	char link[64], device[64];

	if (manager < 0)
		die("%s: %s", stage.mount, strerror(-manager));
	pthread_barrier_wait(&barrier);
	for (int i = first; i < first + CREATES_EACH; i++) {
		sprintf(link, "/DosDevices/new-%06d", i);
		sprintf(device, "/dev/loop%d", stage.first + i % devices_count());
		r = mmfs_create_point(manager, link, device);
		if (r < 0)
			die("creating %s: %s", link, strerror(-r));
	}
	close(manager);
	return NULL;
}

/* Creates per second. */
static double own_crowd(void)
{
	pthread_t threads[CLIENTS];
	int firsts[CLIENTS];
	double since;

	pthread_barrier_init(&barrier, NULL, CLIENTS + 1);
	for (int i = 0; i < CLIENTS; i++) {
		firsts[i] = next_name;
		next_name += CREATES_EACH;
		if (pthread_create(&threads[i], NULL, run_client, &firsts[i]))
			die("cannot make a thread");
	}
	pthread_barrier_wait(&barrier);
	since = now();
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(threads[i], NULL);
	since = now() - since;
	pthread_barrier_destroy(&barrier);
	return CLIENTS * CREATES_EACH / since * 1e6;
}

static double peer_crowd(void)
{
	return 1e6 / create_some();
}

/* --- a great many --- */

static char *fresh_database(void)
{
	static char *path;

	if (!path)
		path = xasprintf("%s/fresh.db", stage.disk);
	unlink(path);
	return path;
}

static double own_bulk(void)
{
	double cost;

	daemon_start(fresh_database(), "monitor=udev");
	cost = create_links(0, stage.links);
	daemon_stop();
	return cost;
}

/* The copies stay: ext4 takes several times as long while many inodes have just been deleted. */
static double peer_bulk(void)
{
	static int number;
	_cleanup_free_ char *from = xasprintf("%s/links", stage.disk);
	_cleanup_free_ char *to = xasprintf("%s/copy-%d", stage.disk, number++);

	return run_tool("cp", "-a", from, to, NULL);
}

static void make_symlinks(void)
{
	_cleanup_free_ char *folder = xasprintf("%s/links", stage.disk);
	int dir;

	if (mkdir(folder, 0755) < 0)
		die("mkdir %s: %s", folder, strerror(errno));
	dir = open_in(folder, ".", O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < stage.links; i++) {
		_cleanup_free_ char *name = link_name(i);

		if (symlinkat("/dev/loop100000", dir, name) < 0)
			die("symlink %s: %s", name, strerror(errno));
	}
	fsync(dir);
	close(dir);
}

void measure_creating(void)
{
	devices_attach("own", stage.volumes);
	daemon_start(fresh_database(), "monitor=udev");
	figure_measure(CREATE_ONE, stage.runs * 2 + 1, create_some, peer_creates);
	figure_measure(CREATE_CROWD, stage.runs, own_crowd, peer_crowd);
	daemon_stop();
	make_symlinks();
	figure_measure(CREATE_BULK, stage.runs, own_bulk, peer_bulk);
}
