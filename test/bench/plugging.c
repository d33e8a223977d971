/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What devices cost that come: until a name shows, alone and a thousand at once, and how much CPU.
 *
 * udevd and mmfs deal with the same event at the same time, as they do in real life: for each
 * attach, one takes the other's time, too.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define ATTACHES 4     /* single ones, per run */
#define LIMIT 60e6     /* µs, for anything to happen */
#define CALM 50e3      /* µs before it, in which nothing happens */
#define GATHERED 400e3 /* µs, after which what came is written down */
#define LOOK 100       /* µs between two looks at one, */
#define LOOK_MANY 1000 /* and at many, which take a second */

static const char *kind; /* of the images on the devices */
static pid_t udevd;

/* --- is it there? --- */

static bool is_named(int i)
{
	_cleanup_free_ char *path = xasprintf("%s/DosDevices/%s-%d", stage.mount, kind, i);
	_cleanup_free_ char *device = device_path(i);
	char target[64];
	ssize_t n = readlink(path, target, sizeof(target));

	return n == (ssize_t)strlen(device) && memcmp(target, device, (size_t)n) == 0;
}

static bool is_linked(int i)
{
	_cleanup_free_ char *uuid = image_uuid(kind, i);
	_cleanup_free_ char *path = xasprintf("/dev/disk/by-uuid/%s", uuid);
	struct stat status;

	return lstat(path, &status) == 0;
}

struct onlooker {
	bool (*is_there)(int i);
	int count;    /* devices */
	double since; /* when all of them were there */
};

/*
 * Who looks on waits for no processor: else both sides would come when one of them lets go of it.
 * Where that is not to be had they are measured all the same.
 */
static void set_urgent(bool is_urgent)
{
	const struct sched_param param = { .sched_priority = is_urgent };

	sched_setscheduler(0, is_urgent ? SCHED_FIFO : SCHED_OTHER, &param);
}

static void *await(void *data)
{
	struct onlooker *onlooker = data;
	double limit = now() + LIMIT;
	int i = 0;

	set_urgent(true);
	for (;;) {
		while (i < onlooker->count && onlooker->is_there(i))
			i++;
		onlooker->since = now();
		if (i == onlooker->count)
			break;
		if (onlooker->since > limit)
			die("of %d names or links of udevd's %d come", onlooker->count, i);
		sleep_for(onlooker->count == 1 ? LOOK : LOOK_MANY);
	}
	set_urgent(false);
	return NULL;
}

/* Since when all of the first `count` are there, for mmfs and for udevd. */
static void await_all(int count, double *ret_own, double *ret_peer)
{
	struct onlooker own = { is_named, count, 0 }, peer = { is_linked, count, 0 };
	pthread_t thread;

	if (pthread_create(&thread, NULL, await, &peer))
		die("cannot make a thread");
	await(&own);
	pthread_join(thread, NULL);
	*ret_own = own.since;
	*ret_peer = peer.since;
}

/* --- one --- */

static void attach_one(double *ret_own, double *ret_peer)
{
	double since;

	settle();
	sleep_for(CALM);
	if (is_named(0) || is_linked(0))
		die("there is a name left");
	devices_open(1);
	since = now();
	devices_configure(kind);
	await_all(1, ret_own, ret_peer);
	*ret_own -= since;
	*ret_peer -= since;
	devices_close();
	settle_udevd();
	devices_detach(0);
}

double attach_more(int i)
{
	double limit = now() + LIMIT, since;

	kind = "own";
	devices_open(i + 1);
	since = now();
	devices_configure(kind);
	while (!is_named(i)) {
		if (now() > limit)
			die("the name of one more device does not come");
		sleep_for(LOOK);
	}
	since = now() - since;
	devices_close();
	settle_udevd();
	devices_detach(i);
	return since;
}

/* In turns: the modes see the same noise. */
static void measure_attaches(const char *database)
{
	static const char *const options[] = { "monitor=udev", "monitor=kernel" };
	struct samples samples[2] = { { .count = 0 } };

	kind = "own";
	for (int run = 0; run < stage.runs; run++) {
		for (size_t mode = 0; mode < ARRAY_SIZE(options); mode++) {
			daemon_start(database, options[mode]);
			for (int i = 0; i < ATTACHES; i++) {
				double own, peer;

				attach_one(&own, &peer);
				samples_add(&samples[mode], own, peer);
			}
			daemon_stop();
		}
	}
	figure_show(ATTACH_UDEV, &samples[0]);
	figure_show(ATTACH_KERNEL, &samples[1]);
}

/* One device with all of these names. */
static void measure_many(enum figure figure, int count)
{
	_cleanup_free_ char *database = xasprintf("%s/many-%d.db", stage.disk, count);
	struct samples samples = { .count = 0 };

	kind = "own";
	devices_attach(kind, 1);
	daemon_start(database, "monitor=udev");
	name_volumes(kind);
	create_links(0, count);
	devices_detach(0);
	for (int i = 0; i < ATTACHES * stage.runs; i++) {
		double own, peer;

		attach_one(&own, &peer);
		samples_add(&samples, own, peer);
	}
	daemon_stop();
	unlink(database);
	figure_show(figure, &samples);
}

/* --- a thousand --- */

static void *await_settled(void *ret_time)
{
	settle();
	*(double *)ret_time = now();
	return NULL;
}

/* When mmfs and when udevd have dealt with all. */
static void await_both_settled(double *ret_own, double *ret_peer)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, await_settled, ret_own))
		die("cannot make a thread");
	settle_udevd();
	*ret_peer = now();
	pthread_join(thread, NULL);
}

struct cost {
	double own, peer;
};

/* Time until all is there, and CPU until all is quiet again. */
static void storm(const char *images, int count, struct cost *ret_time, struct cost *ret_cpu)
{
	double since;

	kind = images;
	settle();
	devices_open(count);
	ret_cpu->own = -get_cpu(stage.daemon);
	ret_cpu->peer = -get_cpu(udevd);
	since = now();
	devices_configure(kind);
	await_all(count, &ret_time->own, &ret_time->peer);
	ret_time->own -= since;
	ret_time->peer -= since;
	settle_udevd();
	settle();
	ret_cpu->own += get_cpu(stage.daemon);
	ret_cpu->peer += get_cpu(udevd);
}

static void retrigger(struct cost *ret_time, struct cost *ret_cpu)
{
	double since;

	ret_cpu->own = -get_cpu(stage.daemon);
	ret_cpu->peer = -get_cpu(udevd);
	since = now();
	devices_retrigger();
	await_both_settled(&ret_time->own, &ret_time->peer);
	ret_time->own -= since;
	ret_time->peer -= since;
	ret_cpu->own += get_cpu(stage.daemon);
	ret_cpu->peer += get_cpu(udevd);
}

static void add(struct samples *samples, struct cost cost, int count)
{
	samples_add(samples, cost.own / count, cost.peer / count);
}

enum { STORM, CPU, RETRIGGER, LABELS, KINDS };

/* Returns how many times the database was written when nothing had changed. */
static double measure_mode(
	const char *database, const char *options, bool has_labels, struct samples *samples)
{
	struct cost time, cpu, cpu_labels;
	uint64_t commits;

	daemon_start(database, options);
	storm("own", stage.volumes, &time, &cpu);
	add(&samples[STORM], time, 1);
	add(&samples[CPU], cpu, stage.volumes);
	sleep_for(GATHERED);
	commits = get_metric("mmfs_commits_total");
	retrigger(&time, &cpu_labels);
	add(&samples[RETRIGGER], time, 1);
	commits = get_metric("mmfs_commits_total") - commits;
	devices_detach(0);
	if (has_labels) {
		storm("same", stage.volumes, &time, &cpu_labels);
		samples_add(
			&samples[LABELS], cpu_labels.own / stage.volumes, cpu.own / stage.volumes);
		devices_detach(0);
	}
	daemon_stop();
	return (double)commits;
}

static void measure_storms(const char *database)
{
	static struct samples udev[KINDS], kernel[KINDS];
	double writes = 0;

	for (int run = 0; run < stage.runs; run++) {
		writes += measure_mode(database, "monitor=udev", true, udev);
		writes += measure_mode(database, "monitor=kernel", false, kernel);
	}
	figure_show(STORM_UDEV, &udev[STORM]);
	figure_show(STORM_KERNEL, &kernel[STORM]);
	figure_show(CPU_UDEV, &udev[CPU]);
	figure_show(CPU_KERNEL, &kernel[CPU]);
	figure_show(CPU_LABELS, &udev[LABELS]);
	figure_show(RETRIGGER_UDEV, &udev[RETRIGGER]);
	figure_show(RETRIGGER_KERNEL, &kernel[RETRIGGER]);
	figure_show_value(RETRIGGER_WRITES, writes);
}

static void measure_unrelated(const char *database)
{
	struct samples samples = { .count = 0 };
	const char *devices = stage.devices;
	struct cost time, cpu;

	devices_attach("own", stage.volumes);
	stage.devices = "none";
	daemon_start(database, "monitor=udev");
	for (int run = 0; run < stage.runs; run++) {
		retrigger(&time, &cpu);
		add(&samples, cpu, stage.volumes);
	}
	daemon_stop();
	stage.devices = devices;
	devices_detach(0);
	figure_show(CPU_UNRELATED, &samples);
}

/* A database with a name for each image. */
static char *make_names(void)
{
	static const char *const kinds[] = { "own", "same" };
	char *database = xasprintf("%s/plugging.db", stage.disk);

	if (access(database, F_OK) == 0)
		return database;
	daemon_start(database, "monitor=udev");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		devices_attach(kinds[i], stage.volumes);
		settle();
		name_volumes(kinds[i]);
		devices_detach(0);
	}
	daemon_stop();
	return database;
}

void measure_plugging(void)
{
	_cleanup_free_ char *database = NULL;

	devices_detach(0);
	udevd = find_udevd();
	database = make_names();
	measure_attaches(database);
	measure_many(ATTACH_4000, 4000);
	measure_many(ATTACH_10000, 10000);
	measure_storms(database);
	measure_unrelated(database);
}

/* --- with names in /dev --- */

/* Until mmfs and udevd have dealt with all. */
static double storm_until_quiet(const char *database, const char *options, bool is_published)
{
	struct stat status;
	double since;

	daemon_start(database, options);
	devices_open(stage.volumes);
	since = now();
	devices_configure("own");
	settle();
	since = now() - since;
	if (!is_named(stage.volumes - 1) || (lstat("/dev/mm/own-0", &status) == 0) != is_published)
		die("names are not as they should be");
	devices_detach(0);
	daemon_stop();
	return since;
}

void measure_publishing(void)
{
	_cleanup_free_ char *database = NULL;
	struct samples samples = { .count = 0 };

	kind = "own";
	devices_detach(0);
	database = make_names();
	for (int run = 0; run < stage.runs; run++) {
		double own = storm_until_quiet(database, "publish=udev", true);

		samples_add(&samples, own, storm_until_quiet(database, "publish=off", false));
	}
	figure_show(STORM_PUBLISH, &samples);
}
