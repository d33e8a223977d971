/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where changes are written. Of each it is asked first what of it all hosts are to have:
 *
 *	nothing of it, and nothing in it was decided by what others may have changed: the database
 *	otherwise: is what is known here the newest? ─► the engine, if it is to write ─► the
 * database
 *
 * The word of the engine counts: where the database then fails the change has happened all the
 * same, and what it says of the cluster stays as it was, so that the next start takes the change
 * up. machines/cluster has the rules of who may write when.
 */

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "daemon/complaints.h"
#include "daemon/ledger.h"
#include "daemon/sights.h"
#include "io/cluster/cluster_link.h"
#include "machines/cluster_ask.h"

#define SEEN_PAUSE UINT64_C(100000) /* µs: what happens together is told together */

enum step {
	STEP_IDLE,
	STEP_AWAIT,    /* who speaks to the engine is on his way */
	STEP_SYNC,     /* is there anything newer? */
	STEP_ENGINE,   /* the engine has it */
	STEP_DATABASE, /* the database has it */
	STEP_DONE,
};

struct ledger {
	struct ledger_joints joints;
	struct store *store;
	struct cluster *cluster; /* NULL: there is none */
	struct cluster_world world;
	struct cluster_link *link;
	struct cluster_link_events events;
	struct timer timer, ready, seen_timer;
	struct complaints complaints, breaks; /* about rows, and about lines */

	enum step step;
	struct change *change;
	struct sharing sharing;
	bool is_written; /* by the engine */
	int result;
	struct strbuf why;
};

static struct cluster_time get_time(void)
{
	return (struct cluster_time){ clock_get_monotonic(), clock_get_real() };
}

/* --- the steps of a change -------------------------------------------------------------------- */

/* Whoever began the change learns of it when that is over. */
static void finish(struct ledger *ledger, int result, const char *why)
{
	ledger->step = STEP_DONE;
	ledger->result = result;
	if (why)
		strbuf_add_text(&ledger->why, why);
	loop_set_timer(ledger->joints.loop, &ledger->ready, 1); /* at once */
}

static void begin_database(struct ledger *ledger)
{
	if (!change_has_rows(ledger->change)) {
		finish(ledger, 0, NULL);
		return;
	}
	ledger->step = STEP_DATABASE;
	store_commit(ledger->store, ledger->change);
}

static void begin_engine(struct ledger *ledger)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct cluster_time now = get_time();
	uint64_t patience =
		ledger->change->has_devices ? CLUSTER_PATIENCE_DEVICES : CLUSTER_PATIENCE;
	int r;

	if (!ledger->sharing.has_rows) {
		begin_database(ledger);
		return;
	}
	ledger->step = STEP_ENGINE;
	r = cluster_commit(ledger->cluster, &ledger->sharing, patience, &now, &why);
	if (r < 0)
		finish(ledger, r, strbuf_text(&why));
	else
		crash_point("cluster:sent");
}

static void begin(struct ledger *ledger)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct cluster_time now = get_time();
	bool needs_newest = change_needs_newest(ledger->change);

	if (cluster_is_expected(ledger->cluster) && !ledger->change->has_devices &&
		(needs_newest || ledger->sharing.has_rows)) {
		ledger->step = STEP_AWAIT;
		cluster_await(ledger->cluster, &now);
	} else if (needs_newest && cluster_is_up(ledger->cluster) &&
		cluster_sync(ledger->cluster, &now, &why) == 0) {
		ledger->step = STEP_SYNC;
	} else {
		begin_engine(ledger);
	}
}

/* The name of this host before any has been told: nothing is written then. */
static const char *get_host(const struct ledger *ledger)
{
	const char *host = cluster_get_host(ledger->cluster);

	return host ? host : "";
}

/*
 * Names of all hosts were changed without the others: what these have is not what is known here,
 * whatever revision it was of.
 */
static void note_leaving(struct ledger *ledger, struct change *change)
{
	sharing_init(&ledger->sharing, ledger->joints.manager, change, "");
	if (ledger->sharing.has_rows)
		change->names.revision = change->names.head = 0;
}

void ledger_commit(struct ledger *ledger, struct change *change)
{
	ledger->change = change;
	ledger->is_written = false;
	if (!ledger->cluster && change->names.revision)
		note_leaving(ledger, change);
	if (!ledger->cluster || change->host) {
		ledger->step = STEP_DATABASE;
		store_commit(ledger->store, change);
		return;
	}
	sharing_init(&ledger->sharing, ledger->joints.manager, change, get_host(ledger));
	begin(ledger);
}

static void take_engine(struct ledger *ledger, int result, uint64_t revision, const char *why)
{
	struct change *change = ledger->change;

	if (result < 0) {
		finish(ledger, result, why);
		return;
	}
	crash_point("cluster:answered");
	sharing_note_revision(&ledger->sharing, change, revision);
	change->names.own_change = cluster_get_number(ledger->cluster);
	ledger->is_written = true;
	begin_database(ledger);
}

static void answer(void *data, int result, uint64_t revision, const char *why)
{
	struct ledger *ledger = data;

	if (ledger->step == STEP_ENGINE)
		take_engine(ledger, result, revision, why);
	else if (ledger->step == STEP_AWAIT)
		finish(ledger, -EAGAIN, "the cluster was awaited");
	else if (ledger->step == STEP_SYNC && cluster_get_news(ledger->cluster))
		finish(ledger, -EAGAIN, "another host has changed something");
	else if (ledger->step == STEP_SYNC && cluster_is_expected(ledger->cluster))
		finish(ledger, -EAGAIN, "mmfs-cluster has to be awaited");
	else if (ledger->step == STEP_SYNC)
		begin_engine(ledger);
}

/* What the engine has written is so, whatever the disk of this machine says. */
static void take_database(struct ledger *ledger, int result, const char *why)
{
	ledger->step = STEP_DONE;
	ledger->result = result;
	if (result == 0 || !ledger->is_written) {
		strbuf_add_text(&ledger->why, why);
		return;
	}
	log_error("%s; the cluster has it, and the next start takes it up", why);
	store_freeze_position(ledger->store);
	ledger->result = 0;
}

bool ledger_has_result(struct ledger *ledger)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	int r;

	if (ledger->step == STEP_DATABASE && store_take_result(ledger->store, &r, &why))
		take_database(ledger, r, strbuf_text(&why));
	return ledger->step == STEP_DONE;
}

bool ledger_take_result(struct ledger *ledger, int *ret_result, struct strbuf *why)
{
	if (!ledger_has_result(ledger))
		return false;
	loop_set_timer(ledger->joints.loop, &ledger->ready, 0);
	*ret_result = ledger->result;
	strbuf_add_text(why, strbuf_text(&ledger->why));
	if (ledger->cluster && ledger->result != -EAGAIN && !ledger->change->host)
		cluster_forget_seen(ledger->cluster);
	strbuf_reset(&ledger->why);
	sharing_fini(&ledger->sharing);
	ledger->change = NULL;
	ledger->step = STEP_IDLE;
	return true;
}

static void on_ready(void *data, uint64_t now)
{
	struct ledger *ledger = data;

	ledger->joints.on_result(ledger->joints.queue, 0);
}

/* --- the other side --------------------------------------------------------------------------- */

static void send_line(void *data, const char *text, size_t len)
{
	struct ledger *ledger = data;

	cluster_link_send(ledger->link, text, len);
}

static void hang_up(void *data, const char *why)
{
	struct ledger *ledger = data;

	complaints_add(&ledger->breaks, "mmfs-cluster has to connect anew: %s", why);
	cluster_link_hang_up(ledger->link);
}

static void set_timer(void *data, uint64_t at)
{
	struct ledger *ledger = data;

	loop_set_timer(ledger->joints.loop, &ledger->timer, at);
}

static void on_time(void *data, uint64_t now)
{
	struct ledger *ledger = data;
	struct cluster_time time = get_time();

	cluster_handle_time(ledger->cluster, &time);
}

static void changed(void *data, bool is_up, const char *why)
{
	struct ledger *ledger = data;

	ledger->joints.changed(ledger->joints.data, is_up, why);
}

static void wake(void *data)
{
	struct ledger *ledger = data;

	ledger->joints.wake(ledger->joints.queue);
}

static void opening(void *data, const char *host, uint64_t number)
{
	struct ledger *ledger = data;

	ledger->joints.opening(ledger->joints.data, host, number, ledger->change->commit.number);
	crash_point("cluster:noted");
}

static void closed(void *data)
{
	struct ledger *ledger = data;

	ledger->joints.closed(ledger->joints.data);
}

static void settled(void *data, int result)
{
	struct ledger *ledger = data;

	ledger->joints.settled(ledger->joints.data, result);
}

static void say(void *data, const char *text)
{
	struct ledger *ledger = data;

	complaints_add(&ledger->complaints, "the cluster has %s", text);
}

static void on_connected(void *data)
{
	struct ledger *ledger = data;
	struct cluster_time now = get_time();

	cluster_handle_connected(ledger->cluster, &now);
}

static void on_lost(void *data)
{
	struct ledger *ledger = data;
	struct cluster_time now = get_time();

	cluster_handle_lost(ledger->cluster, &now);
}

static void on_line(void *data, char *text, size_t len)
{
	struct ledger *ledger = data;
	struct cluster_time now = get_time();

	cluster_handle_line(ledger->cluster, text, len, &now);
}

static void on_link(void *data, uint32_t events)
{
	struct ledger *ledger = data;

	cluster_link_handle(ledger->link);
}

/* --- what this host sees ---------------------------------------------------------------------- */

static void tell_seen(void *data, uint64_t now)
{
	struct ledger *ledger = data;

	cluster_see(ledger->cluster, sights_list(ledger->joints.manager));
}

void ledger_note_volumes(struct ledger *ledger)
{
	if (ledger->cluster && !ledger->seen_timer.at)
		loop_set_timer(ledger->joints.loop, &ledger->seen_timer,
			clock_get_monotonic() + SEEN_PAUSE);
}

/* --- its life --------------------------------------------------------------------------------- */

static int join_cluster(
	struct ledger *ledger, const char *cluster, const char *socket, struct strbuf *why)
{
	int r;

	ledger->world = (struct cluster_world){
		.send = send_line,
		.hang_up = hang_up,
		.set_timer = set_timer,
		.answer = answer,
		.changed = changed,
		.opening = opening,
		.closed = closed,
		.settled = settled,
		.wake = wake,
		.say = say,
		.data = ledger,
	};
	ledger->events = (struct cluster_link_events){
		.connected = on_connected, .lost = on_lost, .line = on_line, .data = ledger
	};
	ledger->cluster = cluster_new(
		cluster, &ledger->joints.manager->names, &ledger->world, clock_get_real());
	r = cluster_link_open(socket, &ledger->events, &ledger->link, why);
	if (r < 0)
		return r;
	r = loop_add(ledger->joints.loop, cluster_link_get_fd(ledger->link), on_link, ledger);
	if (r < 0)
		strbuf_add_format(why, "cannot set up the main loop: %s", strerror(-r));
	return r;
}

int ledger_new(const struct ledger_joints *joints, const char *cluster, const char *socket,
	struct ledger **ret_ledger, struct strbuf *why)
{
	struct ledger *ledger = xcalloc(1, sizeof(*ledger));
	int r = 0;

	ledger->joints = *joints;
	ledger->timer = (struct timer){ .fn = on_time, .data = ledger };
	ledger->ready = (struct timer){ .fn = on_ready, .data = ledger };
	ledger->seen_timer = (struct timer){ .fn = tell_seen, .data = ledger };
	complaints_init(&ledger->complaints, joints->loop, "rows that the cluster has");
	complaints_init(&ledger->breaks, joints->loop, "connections of mmfs-cluster");
	if (cluster)
		r = join_cluster(ledger, cluster, socket, why);
	if (r < 0) {
		ledger_free(ledger);
		return r;
	}
	*ret_ledger = ledger;
	return 0;
}

void ledger_set_store(struct ledger *ledger, struct store *store)
{
	ledger->store = store;
}

bool ledger_inherit(struct ledger *ledger, const char *host, uint64_t number)
{
	struct cluster_time now = get_time();

	if (ledger->cluster)
		cluster_inherit(ledger->cluster, host, number, &now);
	return ledger->cluster;
}

void ledger_expect(struct ledger *ledger)
{
	struct cluster_time now = get_time();

	if (ledger->cluster)
		cluster_expect(ledger->cluster, &now);
}

void ledger_stop(struct ledger *ledger)
{
	if (ledger)
		cluster_link_close(steal_ptr(ledger->link));
}

void ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return;
	ledger_stop(ledger);
	cluster_free(ledger->cluster);
	sharing_fini(&ledger->sharing);
	strbuf_fini(&ledger->why);
	free(ledger);
}

/* --- what others want to know ----------------------------------------------------------------- */

bool ledger_has_others(const struct ledger *ledger)
{
	return ledger->cluster &&
		(cluster_is_up(ledger->cluster) || cluster_is_expected(ledger->cluster));
}

size_t ledger_get_lines(const struct ledger *ledger)
{
	return ledger->cluster ? cluster_get_lines(ledger->cluster) : SIZE_MAX;
}

const struct elsewhere *ledger_next_elsewhere(
	const struct ledger *ledger, const struct elsewhere *before)
{
	if (before)
		return cluster_get_news_behind(before);
	return ledger->cluster ? cluster_get_news(ledger->cluster) : NULL;
}

void ledger_drop_elsewhere(struct ledger *ledger)
{
	cluster_drop_news(ledger->cluster);
	ledger_note_volumes(ledger);
}

void ledger_settle(struct ledger *ledger)
{
	struct cluster_time now = get_time();

	if (ledger->cluster)
		cluster_settle(ledger->cluster, &now);
}

void ledger_look(struct ledger *ledger)
{
	if (ledger->cluster)
		cluster_look(ledger->cluster);
}

uint64_t ledger_get_looks(const struct ledger *ledger)
{
	return ledger->cluster ? cluster_get_listings(ledger->cluster) : 0;
}

bool ledger_is_settled(const struct ledger *ledger)
{
	return !ledger->cluster || cluster_is_settled(ledger->cluster);
}

static bool was_seen(const void *elsewhere, const char *id)
{
	return cluster_was_seen(elsewhere, id);
}

static bool is_seen(const void *elsewhere, const char *id)
{
	return cluster_is_seen(elsewhere, id);
}

static bool is_taken(const void *elsewhere, const char *path, struct strbuf *ret_why)
{
	return cluster_is_taken(elsewhere, path, ret_why);
}

static void explain(const void *elsewhere, struct strbuf *ret_why)
{
	cluster_explain(elsewhere, ret_why);
}

void ledger_fill_env(const struct ledger *ledger, bool is_of_client, struct manager_env *env)
{
	if (!ledger->cluster)
		return;
	env->elsewhere = ledger->cluster;
	env->is_seen_elsewhere = is_of_client ? was_seen : is_seen;
	env->is_taken = is_taken;
	env->cannot_share = !cluster_is_up(ledger->cluster);
	env->explain = explain;
	env->most_sharing = cluster_get_lines(ledger->cluster);
}

int ledger_forget_host(struct ledger *ledger, const char *host, struct strbuf *why)
{
	if (!ledger->cluster) {
		strbuf_add_text(why, "mmfs was started without cluster=");
		return -EOPNOTSUPP;
	}
	return cluster_forget_host(ledger->cluster, host, why);
}

int ledger_take_over(struct ledger *ledger, struct strbuf *why)
{
	struct cluster_time now = get_time();

	if (!ledger->cluster) {
		strbuf_add_text(why, "mmfs was started without cluster=");
		return -EOPNOTSUPP;
	}
	return cluster_take_over(ledger->cluster, &now, why);
}

void ledger_explain_refusal(const struct ledger *ledger, struct strbuf *why)
{
	if (ledger->cluster && !cluster_is_up(ledger->cluster))
		strbuf_add_format(why,
			", as of revision %llu of the cluster, which cannot be asked",
			(unsigned long long)ledger->joints.manager->names.revision);
}

void ledger_render(const struct ledger *ledger, struct strbuf *ret_text)
{
	if (ledger->cluster)
		cluster_render(ledger->cluster, ret_text);
	else
		strbuf_add_text(ret_text, "CLUSTER=\"\" STATE=\"off\"\n");
}
