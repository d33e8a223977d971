/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon costs as a whole: its start, its memory, its sleep; and what tools show of it. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "bench.h"

#define ROUND_TRIPS 2000
#define WAKE_UPS 200 /* per run */

/* --- tools --- */

static double own_json(void)
{
	_cleanup_free_ char *path = xasprintf("%s/points.json", stage.mount);

	return run_tool("cat", path, NULL);
}

static double peer_json(void)
{
	return run_tool("lsblk", "-J", NULL);
}

static double own_by_id(void)
{
	_cleanup_free_ char *uuid = image_uuid("own", 0);
	_cleanup_free_ char *path = xasprintf("%s/ids/UUID=%s/device", stage.mount, uuid);

	return run_tool("readlink", path, NULL);
}

static double peer_by_id(void)
{
	_cleanup_free_ char *uuid = image_uuid("own", 0);
	_cleanup_free_ char *path = xasprintf("/dev/disk/by-uuid/%s", uuid);

	return run_tool("udevadm", "info", path, NULL);
}

/* --- start --- */

static double own_start(void)
{
	_cleanup_free_ char *database = full_database(stage.links);
	double since = now();

	daemon_start(database, "monitor=udev");
	since = now() - since;
	daemon_stop();
	return since;
}

static double peer_start(void)
{
	_cleanup_free_ char *database = full_database(stage.links);

	return run_tool("udevadm", "info", "-e", NULL) +
		run_tool("sqlite3", "-readonly", database,
			"SELECT * FROM records; SELECT * FROM links; SELECT * FROM mount_points;"
			" SELECT * FROM history; SELECT * FROM settings;",
			NULL);
}

/* --- memory --- */

/* What is the server's alone, and what another one can go on from, in bytes. */
static double get_memory(void)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/status", (int)stage.server);
	FILE *file = fopen(path, "re");
	char line[256];
	double sum = 0, size;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "RssAnon: %lf", &size) == 1 ||
			sscanf(line, "RssShmem: %lf", &size) == 1)
			sum += size;
	if (file)
		fclose(file);
	return sum * 1024;
}

static void measure_memory(double full)
{
	_cleanup_free_ char *database = xasprintf("%s/empty.db", stage.disk);
	const char *devices = stage.devices;
	double few, none;

	daemon_start(database, "monitor=udev");
	few = get_memory();
	daemon_stop();
	unlink(database);
	stage.devices = "none";
	daemon_start(database, "monitor=udev");
	none = get_memory();
	daemon_stop();
	unlink(database);
	stage.devices = devices;
	figure_show_value(MEMORY_LINK, (full - few) / stage.links);
	figure_show_value(MEMORY_VOLUME, (few - none) / stage.volumes);
}

/* --- wake-ups --- */

static int notify_fd;

static void *wait_for_changes(void *data)
{
	_Atomic int *wake_ups = data;
	char line[64];

	while (read(notify_fd, line, sizeof(line)) > 0)
		++*wake_ups;
	return NULL; /* interrupted */
}

static void on_signal(int number)
{
}

static double change_often(void)
{
	static int number;
	int fd = open_in(stage.mount, "control/create_point", O_WRONLY);
	double since = now();

	for (int i = 0; i < WAKE_UPS; i++) {
		char line[128];

		sprintf(line, "link=wake-%d device=/dev/loop%d\n", number++, stage.first);
		write_all(fd, line, strlen(line), "create_point");
	}
	since = now() - since;
	close(fd);
	return since / WAKE_UPS;
}

/*
 * What a change takes longer when somebody waits for it and is told, on the same CPU. A waiter that
 * does not get the processor in between is told of several at once.
 */
static double own_wake_up(void)
{
	_Atomic int wake_ups = 0;
	double alone = change_often(), waited_for;
	pthread_t thread;
	int told;

	if (pthread_create(&thread, NULL, wait_for_changes, (void *)&wake_ups))
		die("cannot make a thread");
	while (wake_ups == 0) /* it is told the present number at once */
		sched_yield();
	waited_for = change_often();
	told = wake_ups - 1;
	if (told < WAKE_UPS / 2)
		die("of %d changes the waiter was told of %d", WAKE_UPS, told);
	while (pthread_tryjoin_np(thread, NULL)) {
		pthread_kill(thread, SIGUSR1);
		sched_yield();
	}
	return (waited_for - (alone + change_often()) / 2) * WAKE_UPS / told;
}

static int to_echo[2], from_echo[2];

static void *echo(void *data)
{
	char byte;

	while (read(to_echo[0], &byte, 1) == 1)
		if (write(from_echo[1], &byte, 1) != 1)
			die("a pipe: %s", strerror(errno));
	return NULL;
}

static double peer_wake_up(void)
{
	double since = now();
	char byte = 0;

	for (int i = 0; i < ROUND_TRIPS; i++)
		if (write(to_echo[1], &byte, 1) != 1 || read(from_echo[0], &byte, 1) != 1)
			die("a pipe: %s", strerror(errno));
	return (now() - since) / ROUND_TRIPS;
}

/* The database is on tmpfs: this is not about the disk. */
static void measure_wake_up(void)
{
	_cleanup_free_ char *database = xasprintf("%s/wake-up.db", stage.ram);
	struct sigaction action = { .sa_handler = on_signal };
	pthread_t echoing;

	daemon_start(database, "monitor=udev");
	notify_fd = open_in(stage.mount, "control/change_notify", O_RDONLY);
	if (pipe2(to_echo, O_CLOEXEC) < 0 || pipe2(from_echo, O_CLOEXEC) < 0 ||
		pthread_create(&echoing, NULL, echo, NULL))
		die("cannot set up: %s", strerror(errno));
	sigaction(SIGUSR1, &action, NULL);
	pin(true);
	peer_wake_up();
	figure_measure(WAKE_UP, stage.runs * 2 + 1, own_wake_up, peer_wake_up);
	pin(false);
	close(notify_fd);
	close(to_echo[1]);
	pthread_join(echoing, NULL);
	close(to_echo[0]);
	close(from_echo[0]);
	close(from_echo[1]);
	daemon_stop();
}

/* --- sleep --- */

static double count_switches(void)
{
	_cleanup_free_ char *folder = xasprintf("/proc/%d/task", (int)stage.server);
	double sum = 0, value;
	DIR *dir = opendir(folder);
	char line[256];

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		_cleanup_free_ char *path = xasprintf("%s/%s/status", folder, entry->d_name);
		FILE *file = atoi(entry->d_name) > 0 ? fopen(path, "re") : NULL;

		while (file && fgets(line, sizeof(line), file))
			if (sscanf(line, "voluntary_ctxt_switches: %lf", &value) == 1)
				sum += value;
		if (file)
			fclose(file);
	}
	if (dir)
		closedir(dir);
	return sum;
}

static void measure_sleep(void)
{
	int seconds = stage.runs > 1 ? 20 : 1;
	double before;

	settle_udevd();
	settle();
	sleep_for(100e3);
	before = count_switches();
	sleep((unsigned int)seconds);
	figure_show_value(IDLE, (count_switches() - before) * 60 / seconds);
}

void measure_whole(void)
{
	_cleanup_free_ char *database = xasprintf("%s/volumes.db", stage.disk);
	double full;

	devices_attach("own", stage.volumes);
	daemon_start(database, "monitor=udev");
	figure_measure(JSON_ALL, stage.runs, own_json, peer_json);
	figure_measure(BY_ID, stage.runs * 2 + 1, own_by_id, peer_by_id);
	daemon_stop();
	unlink(database);
	measure_wake_up();

	start_full(stage.links, "monitor=udev");
	daemon_stop();
	start_full(stage.links, "monitor=udev");
	full = get_memory();
	measure_sleep();
	daemon_stop();
	measure_memory(full);
	figure_measure(START, stage.runs, own_start, peer_start);
}
