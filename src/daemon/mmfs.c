/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's life: joins all parts, turns the main loop, ends them in the right order.
 *
 * Owns everything. Runs on the main loop alone; nothing here blocks. How changes are made is in
 * change_queue.c; here is who makes them, and who follows.
 */

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "core/rules/apply.h"
#include "core/views/tree_update.h"
#include "daemon/asking.h"
#include "daemon/limits.h"
#include "daemon/memory.h"
#include "daemon/preparation.h"
#include "daemon/reading.h"
#include "daemon/shared.h"
#include "daemon/show.h"
#include "io/fuse/fuse_counters.h"
#include "io/fuse/kept_nodes.h"
#include "mmfs_private.h"

#define SECOND 1000000u		   /* µs */
#define SETTLE_LIMIT (10 * SECOND) /* at start, for devices */
#define QUEUE_PAUSE (SECOND / 100) /* between two looks at udevd's queue meanwhile */
#define DRAIN_LIMIT (5 * SECOND)   /* at the end, for replies under way */
#define SPARE_MEMORY (32 * 1024)   /* bytes at the end of an arena */

/* What is kept shows from the start, wherever its volume may be. */
static void show_kept(struct mmfs *mmfs)
{
	struct touched touched;

	apply_kept(&mmfs->manager, &touched);
	tree_update(&mmfs->tree, &mmfs->manager, &touched, clock_get_real(), NULL);
	touched_fini(&touched);
}

static void on_mounts(void *data, uint32_t events)
{
	struct mmfs *mmfs = data;

	mount_table_read(&mmfs->mount_table);
	change_queue_work(mmfs->queue);
}

static void on_workers(void *data, uint32_t events)
{
	struct mmfs *mmfs = data;

	workers_handle(mmfs->workers);
	change_queue_work(mmfs->queue); /* somebody may wait until nothing is under way */
}

static void on_signal(void *data, uint32_t events)
{
	struct mmfs *mmfs = data;
	struct signalfd_siginfo info;

	while (read(mmfs->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			log_info("looking at all devices again");
			device_source_retry(&mmfs->devices);
			device_monitor_rescan(mmfs->monitor);
			change_queue_work(mmfs->queue);
		} else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) {
			mmfs->must_stop = true;
		}
	}
}

static void on_keeper(void *data, uint32_t events)
{
	struct mmfs *mmfs = data;

	loop_remove(mmfs->loop, mmfs->keeper->socket);
	keeper_link_handle(mmfs->keeper);
	mmfs->must_stop = true;
}

static void on_fuse(void *data, uint32_t events)
{
	struct mmfs *mmfs = data;

	if (fuse_handle(mmfs->fuse) < 0) {
		loop_remove(mmfs->loop, fuse_get_fd(mmfs->fuse));
		mmfs->must_stop = true;
	}
}

static void on_fuse_time(void *data, uint64_t now)
{
	struct mmfs *mmfs = data;

	fuse_handle_time(mmfs->fuse, now);
}

static void on_store(void *data, uint32_t events)
{
	struct mmfs *mmfs = data;

	if (ledger_has_result(mmfs->ledger))
		change_queue_on_ledger(mmfs->queue, events);
}

static void set_fuse_timer(void *data, uint64_t at)
{
	struct mmfs *mmfs = data;

	loop_set_timer(mmfs->loop, &mmfs->fuse_timer, at);
}

/* One turn of the main loop, at the latest until `limit`. */
static int turn(struct mmfs *mmfs, uint64_t limit)
{
	uint64_t next = fuse_limit_turn(mmfs->fuse, limit);
	int r;

	if (change_queue_sweep(mmfs->queue) || job_source_has_more(&mmfs->jobs))
		next = 1; /* at once */
	r = loop_run_once(mmfs->loop, next);
	if (r == 0) {
		job_source_handle_turn(&mmfs->jobs);
		fuse_handle_turn(mmfs->fuse);
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

/* Reads the database while devices are listed, which takes about as long. */
static int read_all(struct mmfs *mmfs, const struct mmfs_options *options, struct strbuf *why)
{
	struct reading *reading = reading_begin(options->database, &mmfs->manager);
	_cleanup_strbuf_ struct strbuf fault = STRBUF_INIT;
	struct commit_number last;
	int r = device_monitor_start(mmfs->monitor, mmfs->loop, change_queue_work, mmfs->queue);
	int read = reading_end(reading, &mmfs->store, &fault);

	ledger_set_store(mmfs->ledger, mmfs->store);
	if (r < 0)
		strbuf_add_format(why, "cannot listen to events of devices: %s", strerror(-r));
	else if (read < 0)
		strbuf_add_text(why, strbuf_text(&fault));
	if (r < 0 || read < 0)
		return r < 0 ? r : read;
	last = store_get_last_commit(mmfs->store);
	heir_judge(&mmfs->heir, &last);
	r = store_start(mmfs->store);
	if (r < 0)
		limits_warn(LIMIT_THREAD, r, "while the database is written, requests wait");
	r = loop_add(mmfs->loop, store_get_fd(mmfs->store), on_store, mmfs);
	if (r < 0)
		strbuf_add_format(why, "cannot set up the store: %s", strerror(-r));
	return r;
}

/* Everything that comes before the first device is looked at. */
static int start_parts(struct mmfs *mmfs, const struct mmfs_options *options, struct strbuf *why)
{
	int r;

	mmfs->monitor = device_monitor_new(&options->devices); /* before any thread */
	r = loop_new(&mmfs->loop);
	if (r == 0)
		r = add_signals(mmfs);
	if (r == 0)
		r = loop_add(mmfs->loop, mmfs->keeper->socket, on_keeper, mmfs);
	if (r == 0)
		r = workers_new(mmfs->loop, &mmfs->workers);
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

static void handle_remounted(void *data, const struct device *device, bool is_mounted)
{
	struct mmfs *mmfs = data;

	freed_note_mount(&mmfs->freed, device, is_mounted);
}

static void handle_mounts(void *data)
{
	struct mmfs *mmfs = data;

	mmfs->devices.has_new_mounts = true;
	ledger_note_volumes(mmfs->ledger);
	host_jobs_handle_mounts(&mmfs->hosts);
	mount_orders_handle_mounts(&mmfs->mount_orders);
	freed_look(&mmfs->freed);
}

static void handle_unmounted(void *data)
{
	struct mmfs *mmfs = data;

	if (mmfs->must_stop)
		return;
	log_info("the tree is mounted nowhere any more: stopping");
	mmfs->is_gone = true;
	mmfs->must_stop = true;
}

/* Who makes changes, in the order of their turns, and who follows. */
static int join_parts(struct mmfs *mmfs, const struct mmfs_options *options, struct strbuf *why)
{
	struct publisher_joints joints = {
		.manager = &mmfs->manager,
		.monitor = mmfs->monitor,
		.loop = mmfs->loop,
		.queue = mmfs->queue,
	};
	int r = 0;

	mmfs->mount_table = (struct mount_table){
		.source = mmfs->mounts,
		.manager = &mmfs->manager,
		.queue = mmfs->queue,
		.is_remounted = handle_remounted,
		.has_changed = handle_mounts,
		.has_ended = handle_unmounted,
		.data = mmfs,
	};
	device_source_init(&mmfs->devices, &mmfs->manager, mmfs->monitor, mmfs->loop, mmfs->queue);
	mmfs->hosts = (struct host_jobs){
		.queue = mmfs->queue,
		.workers = mmfs->workers,
		.loop = mmfs->loop,
		.mounts = &mmfs->mount_table,
		.error_log = &mmfs->error_log,
		.kept = mmfs->kept,
	};
	host_jobs_init(&mmfs->hosts, &mmfs->manager);
	mmfs->mount_orders = (struct mount_orders){
		.queue = mmfs->queue,
		.workers = mmfs->workers,
		.loop = mmfs->loop,
		.mounts = &mmfs->mount_table,
		.agent = mmfs->agent,
		.error_log = &mmfs->error_log,
		.kept = mmfs->kept,
	};
	if (options->mounts_registered)
		mount_orders_init(&mmfs->mount_orders, &mmfs->manager);
	mmfs->jobs.manager = &mmfs->manager;
	mmfs->jobs.queue = mmfs->queue;
	mmfs->jobs.error_log = &mmfs->error_log;
	mmfs->jobs.monitor = mmfs->monitor;
	mmfs->jobs.devices = &mmfs->devices;
	mmfs->jobs.hosts = &mmfs->hosts;
	mmfs->jobs.mount_orders = &mmfs->mount_orders;
	mmfs->jobs.mounts = &mmfs->mount_table;
	mmfs->jobs.mountpoint = mmfs->mountpoint;
	if (options->publishes)
		r = publisher_new(&joints, options->devices.devices, &mmfs->publisher, why);
	mmfs->jobs.publisher = mmfs->publisher;
	job_source_init(&mmfs->jobs);
	freed_init(&mmfs->freed, &mmfs->manager, mmfs->monitor, mmfs->queue, mmfs->loop,
		&mmfs->mount_table);
	upkeep_init(&mmfs->upkeep, &mmfs->manager, mmfs->loop, mmfs->queue);
	return r;
}

static bool is_at_rest(const struct mmfs *mmfs)
{
	return !change_queue_is_committing(mmfs->queue) && hosts_is_settled(mmfs->hosts.hosts) &&
		mount_orders_is_settled(&mmfs->mount_orders);
}

/* Waits until all devices are known, then decides about everything at once. */
static int find_devices(struct mmfs *mmfs)
{
	uint64_t now = clock_get_monotonic(), limit = now + SETTLE_LIMIT;
	int r = 0;

	while (r == 0 && !mmfs->must_stop && now < limit &&
		!device_monitor_has_begun(mmfs->monitor, now)) {
		r = turn(mmfs, now + QUEUE_PAUSE);
		now = clock_get_monotonic();
	}
	mount_table_read(&mmfs->mount_table); /* of two clones the one in use owns */
	heir_recall(&mmfs->heir, mmfs->monitor);
	mount_orders_begin(&mmfs->mount_orders);
	show_kept(mmfs);
	mmfs->devices.is_paused = false;
	change_queue_work(mmfs->queue);
	while (r == 0 && change_queue_is_committing(mmfs->queue))
		r = turn(mmfs, 0);
	mount_table_read(&mmfs->mount_table);
	while (r == 0 && !mmfs->must_stop && !is_at_rest(mmfs))
		r = turn(mmfs, clock_get_monotonic() + SECOND);
	return r;
}

/* What starting took is not needed again. Nobody asks for anything yet. */
static void release_memory(struct mmfs *mmfs)
{
	if (!change_queue_is_committing(mmfs->queue))
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

static void submit(void *data, struct fuse_job *job)
{
	struct mmfs *mmfs = data;

	job_source_submit(&mmfs->jobs, job);
}

static bool cancel(void *data, struct fuse_job *job)
{
	struct mmfs *mmfs = data;

	return job_source_cancel(&mmfs->jobs, job);
}

/* Whether an earlier server had the tree, and clients have it. */
static bool has_tree(const struct mmfs_options *options)
{
	return options->heirloom->fuse >= 0;
}

static int start_fuse(struct mmfs *mmfs, const struct mmfs_options *options, struct strbuf *why)
{
	struct fuse_backend backend = {
		.data = mmfs,
		.kept = mmfs->kept,
		.spare = mmfs->spare,
		.manager = &mmfs->manager,
		.stream = &mmfs->stream,
		.tree = &mmfs->tree,
		.budget = &mmfs->jobs.budget,
		.submit = submit,
		.cancel = cancel,
		.refuse = note_refusal,
		.failures = &mmfs->failures,
		.render = show_render,
		.set_timer = set_fuse_timer,
	};
	struct fuse_options fuse = options->fuse;
	int r;

	memcpy(backend.tellers, mmfs->tellers, sizeof(backend.tellers));
	fuse.mountpoint = mmfs->mountpoint;
	fuse.descriptor = options->heirloom->fuse;
	r = fuse.descriptor < 0 ? keeper_link_mount(mmfs->keeper, &fuse.descriptor, why) : 0;
	if (r == 0)
		r = fuse_start(&fuse, &backend, &mmfs->fuse, why);
	if (r < 0)
		return r;
	tree_update_absent(&mmfs->tree, &mmfs->manager, clock_get_real());
	change_queue_set_fuse(mmfs->queue, mmfs->fuse);
	heir_tell(&mmfs->heir);
	mmfs->hosts.rest = HOST_REST;
	mount_source_follow(mmfs->mounts, mmfs->mountpoint, "mmfs");
	mount_table_read(&mmfs->mount_table);
	r = loop_add(mmfs->loop, fuse_get_fd(mmfs->fuse), on_fuse, mmfs);
	if (r == 0 && has_tree(options))
		fuse_take_over(mmfs->fuse);
	crash_point("over:taken");
	heir_end(&mmfs->heir);
	kept_forget_damage(mmfs->kept);
	while (r == 0 && !mmfs->must_stop && !fuse_is_ready(mmfs->fuse))
		r = turn(mmfs, 0);
	kept_trim(mmfs->kept);
	if (r == 0 && mount_source_get_number(mmfs->mounts))
		fuse_extend_read_ahead(mount_source_get_number(mmfs->mounts));
	if (r == 0)
		mmfs->keeper->is_mounted = true;
	return r;
}

/* Opens what earlier servers have left. The nodes that they have told of keep their numbers. */
static int open_memory(struct mmfs *mmfs, const struct mmfs_options *options, struct strbuf *why)
{
	int r = memory_open(options->heirloom->memory, &mmfs->kept, &mmfs->spare);

	if (r < 0) {
		strbuf_add_format(why, "cannot map memory: %s", strerror(-r));
		return r;
	}
	if (kept_get_damage(mmfs->kept))
		log_warning("of what an earlier server has left, not all is sound");
	kept_failures_init(&mmfs->failures, mmfs->kept, &mmfs->error_log);
	if (has_tree(options)) {
		tree_fini(&mmfs->tree);
		tree_init_again(&mmfs->tree, clock_get_real(), kept_nodes_load(mmfs->kept));
		kept_nodes_watch(mmfs->kept, &mmfs->tree);
	}
	mmfs->heir = (struct heir){
		.manager = &mmfs->manager,
		.tree = &mmfs->tree,
		.stream = &mmfs->stream,
		.queue = mmfs->queue,
		.jobs = &mmfs->jobs,
		.kept = mmfs->kept,
	};
	heir_init(&mmfs->heir);
	crash_point("over:memory");
	return 0;
}

int mmfs_start(const struct mmfs_options *options, struct mmfs **ret_mmfs, struct strbuf *why)
{
	struct mmfs *mmfs = xcalloc(1, sizeof(*mmfs));
	uint64_t seed;
	int r;

	/*
	 * A value of our own keeps malloc() from holding on to ever more, the larger the blocks
	 * were that it was given back. Of what it keeps in arenas of threads, malloc_trim() gets
	 * nothing. Small blocks that are free are joined at once: those of a thousand devices that
	 * came together are of use to others then.
	 */
	mallopt(M_TOP_PAD, SPARE_MEMORY);
	mallopt(M_MXFAST, 0);
	asking_get_random(&seed, sizeof(seed));
	map_set_seed(seed);
	budget_init(&mmfs->jobs.budget, getuid());
	mmfs->signals = -1;
	mmfs->keeper = options->keeper;
	mmfs->fuse_timer = (struct timer){ on_fuse_time, mmfs };
	mmfs->error_log.owner = getuid();
	mmfs->queue = change_queue_new(&mmfs->manager, &mmfs->tree, &mmfs->stream);
	manager_init(&mmfs->manager, &options->order);
	mmfs->manager.replicate = options->replicate;
	mmfs->manager.gives_letters = options->gives_letters;
	mmfs->manager.boot = clock_get_boot();
	mmfs->manager.follow = options->follow;
	mmfs->manager.strangers = options->strangers;
	mmfs->manager.suggests_label = options->suggests_label;
	mmfs->manager.expire_days = options->expire_days;
	tree_init(&mmfs->tree, clock_get_real());
	event_stream_init(&mmfs->stream);
	r = preparation_run(options, &mmfs->mountpoint, &mmfs->agent, mmfs->tellers, why);
	if (r == 0)
		r = open_memory(mmfs, options, why);
	if (r == 0)
		r = start_parts(mmfs, options, why);
	if (r == 0)
		r = shared_open(mmfs, options, why);
	if (r == 0)
		r = join_parts(mmfs, options, why);
	if (r == 0)
		r = read_all(mmfs, options, why);
	if (r == 0)
		r = find_devices(mmfs);
	tree_end_recall(&mmfs->tree);
	crash_point("over:devices");
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

	mmfs->upkeep.is_paused = false;
	store_set_sweeping(mmfs->store, true);
	watchdog_start(&mmfs->watchdog, mmfs->loop, mmfs->keeper);
	change_queue_work(mmfs->queue);
	while (r == 0 && !mmfs->must_stop)
		r = turn(mmfs, 0);
	return r;
}

static bool is_writing(const struct mmfs *mmfs)
{
	return mmfs->store && store_is_writing(mmfs->store);
}

/* What was promised is kept: the commit under way, and the replies on their way. */
static void drain(struct mmfs *mmfs)
{
	uint64_t limit = clock_get_monotonic() + DRAIN_LIMIT;

	mmfs->devices.is_paused = true; /* no new ones */
	upkeep_flush(&mmfs->upkeep);
	if (mmfs->store)
		store_set_sweeping(mmfs->store, false);
	while (clock_get_monotonic() < limit &&
		(change_queue_is_committing(mmfs->queue) || is_writing(mmfs) ||
			!hosts_is_settled(mmfs->hosts.hosts) ||
			(mmfs->fuse && !fuse_is_idle(mmfs->fuse))))
		if (turn(mmfs, clock_get_monotonic() + SECOND / 100) < 0)
			break;
}

/* What a thread uses still, until the process ends: it is no leak. */
static struct mmfs *volatile left_behind;

bool mmfs_stop(struct mmfs *mmfs)
{
	static const char stopping[] = "mmfs is stopping";
	_cleanup_strbuf_ struct strbuf counters = STRBUF_INIT;
	bool is_free;

	if (!mmfs)
		return true;
	if (mmfs->fuse)
		fuse_end_waits(mmfs->fuse);
	if (mmfs->hosts.hosts)
		drain(mmfs);
	host_jobs_close(&mmfs->hosts, -ENODEV, stopping);
	job_source_close(&mmfs->jobs, -ENODEV, stopping);
	change_queue_abandon(mmfs->queue, -ETIMEDOUT,
		"mmfs is stopping, and the database does not answer: it may happen, or not");
	if (mmfs->fuse) {
		fuse_format_counters(mmfs->fuse, &counters);
		log_debug("requests: %s", strbuf_text(&counters));
	}
	is_free = fuse_stop(mmfs->fuse);
	keeper_link_unmount(mmfs->keeper, mmfs->is_gone, mmfs->agent);
	ledger_stop(mmfs->ledger); /* whoever starts next is to have the socket */
	if (is_writing(mmfs)) {
		log_error("the disk of the database does not answer: not waiting for it");
		left_behind = mmfs;
		return false;
	}
	store_close(mmfs->store);
	device_source_fini(&mmfs->devices);
	freed_fini(&mmfs->freed);
	device_monitor_free(mmfs->monitor);
	workers_free(mmfs->workers);
	host_jobs_fini(&mmfs->hosts);
	mount_orders_fini(&mmfs->mount_orders);
	publisher_free(mmfs->publisher);
	change_queue_free(mmfs->queue);
	asking_set_ledger(NULL);
	ledger_free(mmfs->ledger);
	mount_source_close(mmfs->mounts);
	loop_free(mmfs->loop);
	if (mmfs->signals >= 0)
		close(mmfs->signals);
	manager_fini(&mmfs->manager);
	tree_fini(&mmfs->tree);
	error_log_fini(&mmfs->error_log);
	event_stream_fini(&mmfs->stream);
	if (!mmfs->fuse)
		kept_free(mmfs->kept);
	heir_fini(&mmfs->heir);
	budget_fini(&mmfs->jobs.budget);
	strbuf_fini(&mmfs->volume_info);
	free(mmfs->mountpoint);
	mount_agent_free(mmfs->agent);
	for (size_t i = 0; is_free && i < TELLERS; i++)
		teller_free(mmfs->tellers[i]);
	free(mmfs);
	return is_free;
}
