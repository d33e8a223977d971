/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's life: joins all parts, turns the main loop, ends them in the right order.
 *
 * Owns everything. Runs on the main loop alone; nothing here blocks. How changes are made is in
 * door.c.
 */

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/rules/apply.h"
#include "daemon/limits.h"
#include "daemon/mmfs_private.h"
#include "io/mounts/mountpoint.h"
#include "io/udev/dev_path.h"
#include "io/udev/udev.h"

#define SETTLE_LIMIT (10 * SECOND) /* at start, for devices */
#define QUEUE_LIMIT (3 * SECOND)   /* and for udevd's queue, which a disk that hangs keeps full */
#define QUEUE_PAUSE (SECOND / 100)
#define DRAIN_LIMIT (5 * SECOND) /* at the end, for replies under way */
#define SPARE_MEMORY (32 * 1024) /* bytes at the end of an arena */

/* What is kept shows from the start, wherever its volume may be. */
static void show_kept(struct mmfs *mmfs)
{
	struct touched touched;

	apply_kept(&mmfs->manager, &touched);
	tree_update(&mmfs->tree, &mmfs->manager, &touched, clock_get_real(), NULL);
	touched_fini(&touched);
}

void mmfs_read_mounts(struct mmfs *mmfs)
{
	struct deltas deltas = { 0 };
	struct touched touched;
	struct mounts mounts;
	int r = mount_source_load(mmfs->mounts, dev_path_find_number, &mounts);

	if (r < 0) {
		log_warning("cannot read /proc/self/mountinfo: %s", strerror(-r));
		return;
	}
	apply_mounts(&mmfs->manager, &mounts, &touched);
	tree_update(&mmfs->tree, &mmfs->manager, &touched, clock_get_real(),
		mmfs->fuse ? &deltas : NULL);
	touched_fini(&touched);
	mmfs->has_new_mounts = true;
	door_show(mmfs, &deltas);
	hosts_update(mmfs->hosts);
	automount_update(mmfs->automount);
	if (mount_source_has_ended(mmfs->mounts) && !mmfs->must_stop) {
		log_info("the tree is mounted nowhere any more: stopping");
		fuse_set_unmounted(mmfs->fuse);
		mmfs->must_stop = true;
	}
}

static void on_mounts(void *data, uint32_t events)
{
	mmfs_read_mounts(data);
	door_work(data);
}

static void on_workers(void *data, uint32_t events)
{
	struct mmfs *mmfs = data;

	workers_handle(mmfs->workers);
	door_work(mmfs); /* somebody may wait until nothing is under way */
}

static void on_signal(void *data, uint32_t events)
{
	struct mmfs *mmfs = data;
	struct signalfd_siginfo info;

	while (read(mmfs->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			log_info("looking at all devices again");
			door_retry(mmfs);
			discovery_rescan(mmfs->discovery, true);
			door_work(mmfs);
		} else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) {
			mmfs->must_stop = true;
		}
	}
}

static void on_fuse(void *data, uint32_t events)
{
	struct mmfs *mmfs = data;

	if (fuse_handle(mmfs->fuse) < 0) {
		loop_remove(mmfs->loop, fuse_get_fd(mmfs->fuse));
		mmfs->must_stop = true;
	}
}

static void on_host_time(void *data, uint64_t now)
{
	struct mmfs *mmfs = data;

	hosts_handle_time(mmfs->hosts);
	door_work(mmfs);
}

static void on_retry_time(void *data, uint64_t now)
{
	door_handle_time(data);
}

/* One turn of the main loop, at the latest until `limit`. */
static int turn(struct mmfs *mmfs, uint64_t limit)
{
	int r;

	loop_set_timer(mmfs->loop, &mmfs->host_timer, hosts_get_deadline(mmfs->hosts));
	loop_set_timer(mmfs->loop, &mmfs->retry_timer, door_get_deadline(mmfs));
	r = loop_run_once(mmfs->loop, mmfs->queries ? 1 /* at once */ : limit);
	if (r == 0) {
		door_look(mmfs);
		door_answer(mmfs);
	}
	return r;
}

static int add_signals(struct mmfs *mmfs)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGPIPE); /* only blocked */
	sigprocmask(SIG_BLOCK, &set, NULL);
	mmfs->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (mmfs->signals < 0)
		return -errno;
	return loop_add(mmfs->loop, mmfs->signals, on_signal, mmfs);
}

/* The database on its way into the state, which nobody else looks at meanwhile. */
struct reading {
	const char *path;
	struct manager *manager;
	struct store *store;
	struct strbuf why;
	int result;
};

static void *read_database(void *data)
{
	struct reading *reading = data;

	reading->result = store_open(reading->path, &reading->store, &reading->why);
	if (reading->result == 0)
		reading->result = store_load(reading->store, reading->manager, &reading->why);
	return NULL;
}

/* Reads the database while devices are listed, which takes about as long. */
static int read_all(struct mmfs *mmfs, const struct mmfs_options *options, struct strbuf *why)
{
	struct reading reading = { .path = options->database, .manager = &mmfs->manager };
	pthread_t thread;
	bool has_thread = pthread_create(&thread, NULL, read_database, &reading) == 0;
	int r = discovery_start(mmfs->discovery, mmfs->loop, door_work, mmfs);

	if (r < 0)
		strbuf_add_format(why, "cannot listen to events of devices: %s", strerror(-r));
	if (has_thread)
		pthread_join(thread, NULL);
	else
		read_database(&reading);
	mmfs->store = reading.store;
	if (r == 0 && reading.result < 0) {
		strbuf_add_text(why, strbuf_text(&reading.why));
		r = reading.result;
	}
	strbuf_fini(&reading.why);
	if (r < 0)
		return r;
	show_kept(mmfs);
	r = store_start(mmfs->store);
	if (r < 0)
		limits_warn(LIMIT_THREAD, r, "while the database is written, requests wait");
	r = loop_add(mmfs->loop, store_get_fd(mmfs->store), door_on_store, mmfs);
	if (r < 0)
		strbuf_add_format(why, "cannot set up the store: %s", strerror(-r));
	return r;
}

/* Everything that comes before the first device is looked at. */
static int start_parts(struct mmfs *mmfs, const struct mmfs_options *options, struct strbuf *why)
{
	int r;

	mmfs->discovery = discovery_new(&options->discovery); /* before any thread */
	r = loop_new(&mmfs->loop);
	if (r == 0)
		r = add_signals(mmfs);
	if (r == 0)
		r = workers_new(&mmfs->workers);
	if (r == 0)
		r = loop_add(mmfs->loop, workers_get_fd(mmfs->workers), on_workers, mmfs);
	if (r == 0)
		r = mount_source_open(&mmfs->mounts);
	if (r == 0)
		r = loop_add(mmfs->loop, mount_source_get_fd(mmfs->mounts), on_mounts, mmfs);
	if (r < 0)
		strbuf_add_format(why, "cannot set up the main loop: %s", strerror(-r));
	return r;
}

/*
 * Waits until all devices are known, then decides about everything at once. With udevd, all is
 * known when it has dealt with what happened before we listened.
 */
static int find_devices(struct mmfs *mmfs, bool uses_udevd)
{
	uint64_t start = clock_get_monotonic(), limit = start + SETTLE_LIMIT;
	int r = 0;

	while (r == 0 && !mmfs->must_stop && clock_get_monotonic() < limit) {
		bool is_enumerated = discovery_is_enumerated(mmfs->discovery);
		uint64_t now = clock_get_monotonic();

		if (is_enumerated && !(uses_udevd && now < start + QUEUE_LIMIT && udev_is_busy()))
			break;
		r = turn(mmfs, is_enumerated ? now + QUEUE_PAUSE : limit);
	}
	mmfs->is_starting = false;
	door_work(mmfs);
	while (r == 0 && mmfs->is_committing)
		r = turn(mmfs, 0);
	mmfs_read_mounts(mmfs);
	while (r == 0 && !mmfs->must_stop &&
		(mmfs->is_committing || !hosts_is_settled(mmfs->hosts) ||
			!automount_is_settled(mmfs->automount)))
		r = turn(mmfs, clock_get_monotonic() + SECOND);
	return r;
}

/* What starting took is not needed again. Nobody asks for anything yet. */
static void release_memory(struct mmfs *mmfs)
{
	if (!mmfs->is_committing)
		store_release_memory(mmfs->store);
	malloc_trim(0);
}

static void note_refusal(void *data, const struct failure *failure)
{
	struct mmfs *mmfs = data;
	struct failure timed = *failure;

	timed.time = clock_get_real();
	error_log_add(&mmfs->error_log, &timed);
}

static int start_fuse(struct mmfs *mmfs, const struct mmfs_options *options, struct strbuf *why)
{
	struct fuse_backend backend = {
		.data = mmfs,
		.manager = &mmfs->manager,
		.stream = &mmfs->stream,
		.tree = &mmfs->tree,
		.budget = &mmfs->budget,
		.submit = door_submit,
		.cancel = door_cancel,
		.refuse = note_refusal,
		.render = show_render,
	};
	/*
	 * As mountinfo will have it, while it can still be looked at without asking ourselves. libfuse
	 * would do that once more when it has mounted, and wait for us if the path ends in a dot.
	 */
	_cleanup_free_ char *path = realpath(options->fuse.mountpoint, NULL);
	struct fuse_options fuse = options->fuse;
	int r;

	if (path)
		fuse.mountpoint = path;
	r = fuse_start(&fuse, &backend, &mmfs->fuse, why);
	if (r < 0)
		return r;
	if (path)
		mount_source_follow(mmfs->mounts, path, "mmfs");
	mmfs_read_mounts(mmfs);
	r = loop_add(mmfs->loop, fuse_get_fd(mmfs->fuse), on_fuse, mmfs);
	while (r == 0 && !mmfs->must_stop && !fuse_is_ready(mmfs->fuse))
		r = turn(mmfs, 0);
	if (r == 0 && mount_source_get_number(mmfs->mounts))
		fuse_extend_read_ahead(mount_source_get_number(mmfs->mounts));
	return r;
}

int mmfs_start(const struct mmfs_options *options, struct mmfs **ret_mmfs, struct strbuf *why)
{
	struct mmfs *mmfs = xcalloc(1, sizeof(*mmfs));
	uint64_t seed;
	int r;

	/*
	 * A value of our own keeps malloc() from holding on to ever more, the larger the blocks were that it
	 * was given back. Of what it keeps in arenas of threads, malloc_trim() gets nothing.
	 */
	mallopt(M_TOP_PAD, SPARE_MEMORY);
	door_get_random(&seed, sizeof(seed));
	map_set_seed(seed);
	mmfs->last = &mmfs->first;
	mmfs->last_query = &mmfs->queries;
	budget_init(&mmfs->budget, getuid());
	mmfs->is_starting = true;
	mmfs->signals = -1;
	mmfs->error_log.owner = getuid();
	mmfs->host_timer = (struct timer){ on_host_time, mmfs };
	mmfs->retry_timer = (struct timer){ on_retry_time, mmfs };
	mmfs->hosts = hosts_new(mmfs);
	mmfs->automount = automount_new(mmfs);
	mmfs->mounts_registered = options->mounts_registered;
	manager_init(&mmfs->manager, &options->order);
	mmfs->manager.replicate = options->replicate;
	mmfs->manager.gives_letters = options->gives_letters;
	mmfs->manager.follows_partuuid = options->follows_partuuid;
	mmfs->manager.suggests_label = options->suggests_label;
	tree_init(&mmfs->tree, clock_get_real());
	event_stream_init(&mmfs->stream);
	/* First of all, so that a slip does not leave a new database behind. */
	limits_raise();
	r = mountpoint_prepare(options->fuse.mountpoint, options->may_hide, why);
	if (r == 0)
		r = fuse_check_device(options->fuse.mountpoint, why);
	if (r == 0)
		r = start_parts(mmfs, options, why);
	if (r == 0 && options->publishes)
		r = publisher_new(mmfs, options->discovery.devices, &mmfs->publisher, why);
	if (r == 0)
		r = read_all(mmfs, options, why);
	if (r == 0)
		r = find_devices(mmfs, options->discovery.monitor != MONITOR_KERNEL);
	if (r == 0)
		r = publisher_start(mmfs->publisher);
	if (r == 0)
		release_memory(mmfs);
	if (r == 0)
		r = start_fuse(mmfs, options, why);
	if (r < 0) {
		mmfs_stop(mmfs);
		return r;
	}
	*ret_mmfs = mmfs;
	return 0;
}

int mmfs_run(struct mmfs *mmfs)
{
	int r = 0;

	while (r == 0 && !mmfs->must_stop)
		r = turn(mmfs, 0);
	return r;
}

/* What was promised is kept: the commit under way, and the replies on their way. */
static void drain(struct mmfs *mmfs)
{
	uint64_t limit = clock_get_monotonic() + DRAIN_LIMIT;

	mmfs->is_starting = true; /* no new devices */
	while (clock_get_monotonic() < limit &&
		(mmfs->is_committing || !hosts_is_settled(mmfs->hosts) ||
			(mmfs->fuse && !fuse_is_idle(mmfs->fuse))))
		if (turn(mmfs, clock_get_monotonic() + SECOND / 100) < 0)
			break;
}

void mmfs_stop(struct mmfs *mmfs)
{
	_cleanup_strbuf_ struct strbuf counters = STRBUF_INIT;

	if (!mmfs)
		return;
	if (mmfs->fuse)
		fuse_end_waits(mmfs->fuse);
	if (mmfs->loop)
		drain(mmfs);
	door_close(mmfs);
	if (mmfs->fuse) {
		fuse_format_counters(mmfs->fuse, &counters);
		log_debug("requests: %s", strbuf_text(&counters));
	}
	fuse_stop(mmfs->fuse);
	store_close(mmfs->store);
	discovery_free(mmfs->discovery);
	workers_free(mmfs->workers);
	hosts_free(mmfs->hosts);
	automount_free(mmfs->automount);
	publisher_free(mmfs->publisher);
	mount_source_close(mmfs->mounts);
	loop_free(mmfs->loop);
	if (mmfs->signals >= 0)
		close(mmfs->signals);
	manager_fini(&mmfs->manager);
	tree_fini(&mmfs->tree);
	error_log_fini(&mmfs->error_log);
	event_stream_fini(&mmfs->stream);
	budget_fini(&mmfs->budget);
	strbuf_fini(&mmfs->volume_info);
	free(mmfs);
}
