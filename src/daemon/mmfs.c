/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one door. Every job of a client and every batch of devices takes the same way, one at a time:
 *
 *	decide (core, pure) -> commit (store thread) -> apply (core) -> reply (notify thread)
 *
 * Jobs that change nothing are answered at once from the state. While a commit is under way the
 * rest queues up; devices gather in one batch. What is visible is committed: the state changes only
 * after the store has said so, and a failed commit leaves no trace.
 *
 * Owns everything. Runs on the main loop alone; nothing here blocks.
 */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/crash_point.h"
#include "base/log.h"
#include "core/failures.h"
#include "core/render.h"
#include "daemon/mmfs.h"
#include "io/dev_path.h"
#include "io/mounts.h"
#include "io/store.h"

#define SECOND 1000000u		   /* µs */
#define SETTLE_LIMIT (10 * SECOND) /* at start, for udevd's queue */
#define DRAIN_LIMIT (5 * SECOND)   /* at the end, for replies under way */

struct mmfs {
	struct loop *loop;
	struct manager manager;
	struct tree tree;
	struct store *store;
	struct discovery *discovery;
	struct mount_source *mounts;
	struct fuse_server *fuse; /* NULL until mounted */
	struct failures failures;
	int signals;

	struct fuse_job *first, **last; /* waiting their turn */
	struct fuse_job *settling;	/* wait until nothing is under way */

	struct change change; /* being committed */
	struct fuse_job *job; /* whose it is; NULL: devices */
	bool is_committing;
	bool is_starting; /* devices are only gathered */
	bool must_stop;
	uint64_t commits;
};

static void get_random(void *to, size_t len)
{
	if (getrandom(to, len, 0) != (ssize_t)len)
		abort();
}

static struct manager_env get_env(const struct fuse_job *job)
{
	return (struct manager_env){
		.now = clock_get_real(),
		.get_random = get_random,
		.uid = job ? job->uid : getuid(),
		.pid = job ? job->pid : (uint32_t)getpid(),
		.command = job ? job->command : "mmfs",
	};
}

static void note_failure(struct mmfs *mmfs, const struct fuse_job *job)
{
	const struct job_line *line = &job->lines[job->done < job->count ? job->done : 0];
	struct failure failure = {
		.time = clock_get_real(),
		.uid = job->uid,
		.error = -job->error,
		.operation = (char *)(job->operation->name ? job->operation->name : "rename"),
		.request = line->text,
		.why = (char *)strbuf_text(&job->why),
	};

	failures_add(&mmfs->failures, &failure);
	log_debug("%s '%s' of uid %u: %s: %s", failure.operation, failure.request, failure.uid,
		strerror(failure.error), failure.why);
}

/* Gives a job back to its client, and `deltas` to the kernel. */
static void finish(struct mmfs *mmfs, struct fuse_job *job, struct deltas *deltas)
{
	if (job && job->error && !job->done)
		note_failure(mmfs, job);
	crash_point("daemon:before-reply");
	if (mmfs->fuse)
		fuse_finish(mmfs->fuse, job, deltas);
	deltas_fini(deltas);
}

static void finish_without_change(struct mmfs *mmfs, struct fuse_job *job)
{
	struct deltas none = { 0 };

	finish(mmfs, job, &none);
}

/* Puts the committed change in place and shows it. */
static void apply(struct mmfs *mmfs, struct fuse_job *job)
{
	uint64_t now = clock_get_real();
	struct deltas deltas = { 0 };
	struct touched touched;

	crash_point("daemon:before-apply");
	manager_apply(&mmfs->manager, &mmfs->change, &touched);
	change_fini(&mmfs->change);
	if (job && job->operation->kind == OP_RENAME) {
		const struct request *request = &job->lines[0].request;

		tree_rename(&mmfs->tree, tree_get_link_folder(&mmfs->tree, request->link.path),
			link_name_get_base(request->link.path),
			link_name_get_base(request->new_link.path), now);
	}
	tree_update(&mmfs->tree, &mmfs->manager, &touched, now, &deltas);
	touched_fini(&touched);
	finish(mmfs, job, &deltas);
}

static void commit(struct mmfs *mmfs, struct fuse_job *job)
{
	if (!change_has_rows(&mmfs->change)) {
		apply(mmfs, job);
		return;
	}
	mmfs->job = job;
	mmfs->is_committing = true;
	mmfs->commits++;
	store_commit(mmfs->store, &mmfs->change);
}

/* Decides the lines of a job in order, up to the first that fails. */
static void decide_job(struct mmfs *mmfs, struct fuse_job *job, struct change *change)
{
	struct manager_env env = get_env(job);

	for (job->done = 0; job->done < job->count; job->done++) {
		struct job_line *line = &job->lines[job->done];
		struct volume_ref *device = &line->request.device;

		if (line->error) {
			job->error = line->error;
			strbuf_add_text(&job->why, line->why);
			return;
		}
		if (device->text && device->kind == VOLUME_BY_DEVICE)
			device->number = dev_path_find_number(device->text);
		job->error = manager_decide_request(
			&mmfs->manager, &env, &line->request, change, &job->reply, &job->why);
		if (job->error)
			return;
	}
}

static void begin_job(struct mmfs *mmfs, struct fuse_job *job)
{
	change_init(&mmfs->change, &mmfs->manager);
	decide_job(mmfs, job, &mmfs->change);
	if (job->error && !job->done) {
		change_fini(&mmfs->change);
		finish_without_change(mmfs, job);
		return;
	}
	commit(mmfs, job);
}

/* Decides what the devices that are known by now bring. False: there are none. */
static bool begin_devices(struct mmfs *mmfs)
{
	struct manager_env env = get_env(NULL);

	if (mmfs->is_starting)
		return false;
	change_init(&mmfs->change, &mmfs->manager);
	discovery_take(mmfs->discovery, &mmfs->manager.volumes, &mmfs->change.volumes);
	if (!mmfs->change.volumes.puts && !mmfs->change.volumes.gones) {
		change_fini(&mmfs->change);
		return false;
	}
	manager_decide_devices(&mmfs->manager, &env, &mmfs->change);
	commit(mmfs, NULL);
	return true;
}

/* The devices are what they are, written down or not: decides again without writing. */
static void retry_devices(struct mmfs *mmfs)
{
	struct manager_env env = get_env(NULL);
	struct change change;

	env.cannot_write = true;
	change_init(&change, &mmfs->manager);
	change.volumes.put = steal_ptr(mmfs->change.volumes.put);
	change.volumes.puts = mmfs->change.volumes.puts;
	change.volumes.gone = steal_ptr(mmfs->change.volumes.gone);
	change.volumes.gones = mmfs->change.volumes.gones;
	mmfs->change.volumes.puts = mmfs->change.volumes.gones = 0;
	change_fini(&mmfs->change);
	mmfs->change = change;
	manager_decide_devices(&mmfs->manager, &env, &mmfs->change);
	apply(mmfs, NULL);
}

static void check_settled(struct mmfs *mmfs)
{
	if (mmfs->is_starting || mmfs->is_committing || !mmfs->settling ||
		!discovery_is_settled(mmfs->discovery))
		return;
	while (mmfs->settling) {
		struct fuse_job *job = mmfs->settling;

		mmfs->settling = job->next;
		finish_without_change(mmfs, job);
	}
}

static void work(void *data)
{
	struct mmfs *mmfs = data;

	while (!mmfs->is_committing) {
		struct fuse_job *job = mmfs->first;

		if (begin_devices(mmfs))
			continue;
		if (!job)
			break;
		mmfs->first = job->next;
		if (!mmfs->first)
			mmfs->last = &mmfs->first;
		begin_job(mmfs, job);
	}
	check_settled(mmfs);
}

static void on_store(void *data, uint32_t events)
{
	struct mmfs *mmfs = data;
	struct fuse_job *job = mmfs->job;
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	int r;

	if (!store_take_result(mmfs->store, &r, &why))
		return;
	mmfs->is_committing = false;
	mmfs->job = NULL;
	if (r == 0) {
		apply(mmfs, job);
	} else {
		log_error("%s", strbuf_text(&why));
		if (job) {
			job->done = 0;
			job->error = r;
			strbuf_reset(&job->why);
			strbuf_add_text(&job->why, strbuf_text(&why));
			change_fini(&mmfs->change);
			finish_without_change(mmfs, job);
		} else {
			retry_devices(mmfs);
		}
	}
	work(mmfs);
}

/* A query: no change can come of it, so it needs no turn. */
static void answer(struct mmfs *mmfs, struct fuse_job *job)
{
	struct change change;

	change_init(&change, &mmfs->manager);
	decide_job(mmfs, job, &change);
	change_fini(&change);
	finish_without_change(mmfs, job);
}

static void submit(void *data, struct fuse_job *job)
{
	struct mmfs *mmfs = data;

	job->next = NULL;
	if (job->count == 0) {
		finish_without_change(mmfs, job); /* an unfinished line: kept for the next write */
	} else if (job->operation->kind == OP_SETTLE && !job->lines[0].error) {
		job->done = job->count;
		job->next = mmfs->settling;
		mmfs->settling = job;
		discovery_drain(mmfs->discovery);
		work(mmfs);
	} else if (!(job->operation->flags & OPERATION_CHANGES)) {
		answer(mmfs, job);
	} else {
		*mmfs->last = job;
		mmfs->last = &job->next;
		work(mmfs);
	}
}

static void render_metrics(struct mmfs *mmfs, struct strbuf *ret_text)
{
	const struct discovery_counters *counters = discovery_get_counters(mmfs->discovery);
	const struct {
		const char *name;
		const char *help;
		uint64_t value;
	} list[] = {
		{ "mmfs_events", "Events of devices.", counters->events },
		{ "mmfs_overruns", "Times that events were lost.", counters->overruns },
		{ "mmfs_probes", "Probes of devices.", counters->probes },
		{ "mmfs_probe_faults", "Probes without an answer.", counters->faults },
		{ "mmfs_commits", "Transactions of the database.", mmfs->commits },
		{ "mmfs_errors", "Requests that failed.", mmfs->failures.count },
	};

	render_volume_info(&mmfs->manager, ret_text);
	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		strbuf_add_format(ret_text, "# TYPE %s counter\n# HELP %s %s\n%s_total %llu\n",
			list[i].name, list[i].name, list[i].help, list[i].name,
			(unsigned long long)list[i].value);
	fuse_render_metrics(mmfs->fuse, ret_text);
	strbuf_add_text(ret_text, "# EOF\n");
}

/* What a control file shows without a request. */
static void render(void *data, const struct node *node, struct strbuf *ret_text)
{
	struct mmfs *mmfs = data;

	if (node->kind == NODE_METRICS) {
		render_metrics(mmfs, ret_text);
		return;
	}
	switch (node->operation->kind) {
	case OP_QUERY_POINTS:
		render_points(&mmfs->manager, ret_text);
		break;
	case OP_EPIC_NUMBER:
		strbuf_add_format(ret_text, "%u\n", mmfs->manager.epic);
		break;
	case OP_UNPROCESSED:
		render_unprocessed(&mmfs->manager, ret_text);
		break;
	case OP_ERROR_LOG:
		failures_format(&mmfs->failures, ret_text);
		break;
	case OP_VERSION:
		strbuf_add_text(ret_text, "mmfs " MMFS_VERSION "\n");
		break;
	case OP_CREATE_POINT:
	case OP_DELETE_POINTS:
	case OP_SETTLE:
	case OP_RENAME:
		operation_format_usage(node->operation, ret_text);
		break;
	}
}

static void on_mounts(void *data, uint32_t events)
{
	struct mmfs *mmfs = data;
	struct deltas deltas = { 0 };
	struct touched touched;
	struct mounts mounts;
	int r = mount_source_load(mmfs->mounts, dev_path_find_number, &mounts);

	if (r < 0) {
		log_warning("cannot read /proc/self/mountinfo: %s", strerror(-r));
		mounts_fini(&mounts);
		return;
	}
	manager_apply_mounts(&mmfs->manager, &mounts, &touched);
	tree_update(&mmfs->tree, &mmfs->manager, &touched, clock_get_real(), &deltas);
	touched_fini(&touched);
	finish(mmfs, NULL, &deltas);
}

static void on_signal(void *data, uint32_t events)
{
	struct mmfs *mmfs = data;
	struct signalfd_siginfo info;

	while (read(mmfs->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			log_info("looking at all devices again");
			discovery_rescan(mmfs->discovery);
			work(mmfs);
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

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

/* One turn of the main loop, at the latest until `limit`. */
static int turn(struct mmfs *mmfs, uint64_t limit)
{
	uint64_t deadline = discovery_get_deadline(mmfs->discovery);
	int r = loop_run_once(mmfs->loop, earlier(deadline, limit));

	if (r == 0 && deadline && clock_get_monotonic() >= deadline)
		discovery_handle_time(mmfs->discovery);
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

/* Everything that comes before the first device is looked at. */
static int start_parts(struct mmfs *mmfs, const struct mmfs_options *options, struct strbuf *why)
{
	int r = discovery_new(&options->discovery, &mmfs->discovery);

	if (r < 0) {
		strbuf_add_format(why, "cannot start the prober: %s", strerror(-r));
		return r;
	}
	r = store_open(options->database, &mmfs->store, why);
	if (r == 0)
		r = store_load(mmfs->store, &mmfs->manager, why);
	if (r < 0)
		return r;
	r = loop_new(&mmfs->loop);
	if (r == 0)
		r = add_signals(mmfs);
	if (r == 0)
		r = store_start(mmfs->store);
	if (r == 0)
		r = loop_add(mmfs->loop, store_get_fd(mmfs->store), on_store, mmfs);
	if (r == 0)
		r = mount_source_open(&mmfs->mounts);
	if (r == 0)
		r = loop_add(mmfs->loop, mount_source_get_fd(mmfs->mounts), on_mounts, mmfs);
	if (r < 0)
		strbuf_add_format(why, "cannot set up the main loop: %s", strerror(-r));
	return r;
}

/* Listens, enumerates, waits until all is known, then decides about everything at once. */
static int find_devices(struct mmfs *mmfs, struct strbuf *why)
{
	uint64_t limit = clock_get_monotonic() + SETTLE_LIMIT;
	int r;

	mmfs->is_starting = true;
	r = discovery_start(mmfs->discovery, mmfs->loop, work, mmfs);
	if (r < 0)
		strbuf_add_format(why, "cannot listen to events of devices: %s", strerror(-r));
	while (r == 0 && !mmfs->must_stop && clock_get_monotonic() < limit &&
		!discovery_is_enumerated(mmfs->discovery))
		r = turn(mmfs, limit);
	mmfs->is_starting = false;
	work(mmfs);
	while (r == 0 && mmfs->is_committing)
		r = turn(mmfs, 0);
	on_mounts(mmfs, 0);
	return r;
}

static int start_fuse(struct mmfs *mmfs, const struct mmfs_options *options, struct strbuf *why)
{
	struct fuse_backend backend = {
		.data = mmfs,
		.manager = &mmfs->manager,
		.tree = &mmfs->tree,
		.submit = submit,
		.render = render,
	};
	int r = fuse_start(&options->fuse, &backend, &mmfs->fuse, why);

	if (r < 0)
		return r;
	r = loop_add(mmfs->loop, fuse_get_fd(mmfs->fuse), on_fuse, mmfs);
	while (r == 0 && !mmfs->must_stop && !fuse_is_ready(mmfs->fuse))
		r = turn(mmfs, 0);
	return r;
}

int mmfs_start(const struct mmfs_options *options, struct mmfs **ret_mmfs, struct strbuf *why)
{
	struct mmfs *mmfs = xcalloc(1, sizeof(*mmfs));
	uint64_t seed;
	int r;

	get_random(&seed, sizeof(seed));
	map_set_seed(seed);
	mmfs->last = &mmfs->first;
	mmfs->signals = -1;
	manager_init(&mmfs->manager, &options->order);
	tree_init(&mmfs->tree, clock_get_real());
	r = start_parts(mmfs, options, why);
	if (r == 0)
		r = find_devices(mmfs, why);
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
		(mmfs->is_committing || (mmfs->fuse && !fuse_is_idle(mmfs->fuse))))
		if (turn(mmfs, clock_get_monotonic() + SECOND / 100) < 0)
			break;
}

/* Jobs whose turn does not come any more. */
static void refuse_jobs(struct mmfs *mmfs, struct fuse_job *job)
{
	for (struct fuse_job *next; job; job = next) {
		next = job->next;
		job->done = 0;
		job->error = -ENODEV;
		strbuf_reset(&job->why);
		strbuf_add_text(&job->why, "mmfs is stopping");
		finish_without_change(mmfs, job);
	}
}

void mmfs_stop(struct mmfs *mmfs)
{
	_cleanup_strbuf_ struct strbuf counters = STRBUF_INIT;

	if (!mmfs)
		return;
	if (mmfs->loop)
		drain(mmfs);
	refuse_jobs(mmfs, mmfs->first);
	refuse_jobs(mmfs, mmfs->settling);
	if (mmfs->fuse) {
		fuse_format_counters(mmfs->fuse, &counters);
		log_debug("requests: %s", strbuf_text(&counters));
	}
	fuse_stop(mmfs->fuse);
	store_close(mmfs->store);
	discovery_free(mmfs->discovery);
	mount_source_close(mmfs->mounts);
	loop_free(mmfs->loop);
	if (mmfs->signals >= 0)
		close(mmfs->signals);
	manager_fini(&mmfs->manager);
	tree_fini(&mmfs->tree);
	failures_fini(&mmfs->failures);
	free(mmfs);
}
