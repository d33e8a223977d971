/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tells the kernel what is no longer so.
 *
 * Of a folder whose listing is another the attributes, as a cached listing counts only for the
 * modification time it was read at. Of names, in a small tree, where the kernel has it (FUSE 7.44,
 * Linux 6.16): a new epoch, from which on the kernel looks up every name anew. Neither takes a
 * lock, so both are sent by the thread that serves, at once, and the reply behind them. A client
 * cannot stand in the way, whatever it holds: one that stops in getdents64(2), on a page of a FUSE
 * file of its own, has the folder's lock for as long as it likes, and a thread that waits for it
 * could not even be killed.
 *
 * Else names are taken back by threads, one after the other, so that the kernel keeps all others.
 * One that a client holds up for longer than a second holds back no reply any more: what is posted
 * from then on is answered at once, and told to the kernel when the client lets go. So it is when
 * many, one after the other, have held it up for ten. Until then the kernel may show what was;
 * afterwards a kernel that has epochs gets nothing else any more.
 *
 * An invalidation takes, inside write(2), the lock of the folder it is about; a client that waits
 * for the daemon's answer to a look-up in that folder holds the same lock. So the thread that
 * serves requests must never invalidate: it would wait for itself. The threads here serve nothing
 * and hold no lock of ours meanwhile; each has a process that writes, and waits, for it (teller.c).
 * A reply is sent after the invalidations of the change it acknowledges, from here: so whoever
 * reads after `echo` has returned asks the daemon, and sees it.
 *
 * inval_entry of a name the kernel does not know (ENOENT) does not touch the folder's cached
 * listing, hence inval_inode of the folder as well.
 *
 * There are two such threads. Who makes a change through a folder (ln, rm, mv) holds its lock until
 * the reply comes, and an invalidation of an earlier change may be waiting for that lock. So these
 * replies go another way, on which no folder is invalidated that a waiting client can hold.
 *
 * What shows the state, or tells of a change, goes behind whatever makes the kernel's caches right
 * for it: else its reader looks at the name, finds what was, and waits for news it has had already.
 * If the change came through a folder, that is the client itself: the kernel puts the entry right
 * when it has got the reply, before it gives up the lock. To invalidate the name of that entry
 * means to wait for this lock. Once does for all changes before, as the client of each got the lock
 * from the client of the one before: else news of many changes would queue up behind many clients,
 * time and again.
 */

#include <assert.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/param.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "io/fuse/notify.h"
#include "io/fuse/notify_deltas.h"
#include "io/fuse/notify_reply.h"
#include "io/fuse/requests.h"

struct item {
	struct item *next;
	struct deltas deltas;
	uint64_t except;	      /* folder whose entries are left out */
	uint64_t number;	      /* newest change through a folder before it */
	bool is_news;		      /* the reply */
	uint32_t answer;	      /* … as bytes, or 0: see requests.h */
	struct fuse_pollhandle *poll; /* … or who is to be woken */
};

struct lane {
	struct notify *notify;
	struct teller *teller; /* what waits for locks in its place, or NULL */
	bool has_teller;       /* it is there still; else the thread waits itself */
	pthread_t thread;
	pthread_mutex_t lock; /* for all below */
	pthread_cond_t has_items;
	struct item *first, **last;
	bool is_stopping;
	struct item *current; /* taken and not yet sent */
	uint64_t began;	      /* … when, µs of the monotonic clock */
	uint64_t since;	      /* … the teller was last seen to have written */
	uint64_t written;     /* … how much, until then */
	bool is_held;	      /* … for too long: replies do not wait for it */
	size_t waiting;	      /* deltas of items that were posted since */
	bool has_lost;	      /* there were too many of them */
	uint64_t count;
};

/* By what the client holds that gets the reply. */
enum { LANE_FILES, LANE_FOLDERS, LANES = TELLERS };

#define PATIENCE 1000000      /* µs that an invalidation may hold back replies, */
#define PATIENCE_MAX 10000000 /* and many of them, one after the other */
#define DELTAS_MAX 65536      /* that wait behind one that is held up */
#define FOLDERS 2	      /* in which clients may make changes */
#define NOTIFY_INC_EPOCH 8    /* of linux/fuse.h, from 7.44 on; libfuse has it from 3.18 on */

struct folder {
	uint64_t ino;
	char *name; /* of the newest change there, unless that is passed */
};

struct notify {
	struct fuse_session *session;
	struct requests *requests;
	bool uses_epochs;
	bool was_held;	 /* ever */
	uint64_t direct; /* invalidations without a lane */
	notify_timer_fn *set_timer;
	void *data;	/* of set_timer */
	uint64_t timer; /* what it is set for */
	struct lane lanes[LANES];
	size_t started;
	pthread_mutex_t lock; /* for all below */
	uint64_t posted,
		passed; /* changes through folders: all, and those whose clients are done */
	struct folder folders[FOLDERS];
};

/* Makes the reply bytes, for whoever sends the item. */
static void item_take_reply(
	struct item *item, struct requests *requests, const struct notify_reply *reply)
{
	if (!reply->req) {
		item->poll = reply->kind == REPLY_WAKE ? reply->poll : NULL;
		return;
	}
	requests_begin_capture(requests, item->except);
	notify_reply_send(reply);
	item->answer = requests_end_capture(requests);
}

/* Once, whoever comes first. */
static void item_send(struct item *item, struct notify *notify)
{
	if (item->answer)
		requests_send(notify->requests, fuse_session_fd(notify->session), item->answer);
	if (item->poll)
		notify_reply_wake(item->poll);
	item->answer = 0;
	item->poll = NULL;
}

static void item_free(struct item *item)
{
	deltas_fini(&item->deltas);
	free(item);
}

static void lane_tell(struct lane *lane, const struct strbuf *messages)
{
	if (lane->has_teller && teller_tell(lane->teller, messages))
		return;
	if (lane->has_teller)
		log_warning("a process is gone that waited for clients: a thread does from now on");
	lane->has_teller = false;
	teller_write(fuse_session_fd(lane->notify->session), messages);
}

static void invalidate(struct lane *lane, const struct item *item)
{
	_cleanup_strbuf_ struct strbuf messages = STRBUF_INIT;

	notify_deltas_format(&item->deltas, item->except, &messages);
	lane_tell(lane, &messages);
}

static void note_folder(struct notify *notify, const struct notify_folder *held)
{
	size_t i = 0;

	pthread_mutex_lock(&notify->lock);
	while (i + 1 < FOLDERS && notify->folders[i].ino && notify->folders[i].ino != held->ino)
		i++;
	assert(!notify->folders[i].ino || notify->folders[i].ino == held->ino);
	notify->folders[i].ino = held->ino;
	free(notify->folders[i].name);
	notify->folders[i].name = xstrdup(held->name);
	notify->posted++;
	pthread_mutex_unlock(&notify->lock);
}

/* Waits until the clients of all changes through folders up to this one are done. */
static void pass_folders(struct lane *lane, uint64_t number)
{
	_cleanup_strbuf_ struct strbuf messages = STRBUF_INIT;
	struct notify *notify = lane->notify;
	struct folder folders[FOLDERS];
	bool is_passed;

	pthread_mutex_lock(&notify->lock);
	is_passed = notify->passed >= number;
	number = notify->posted;
	for (size_t i = 0; !is_passed && i < FOLDERS; i++) {
		folders[i].ino = notify->folders[i].ino;
		folders[i].name = steal_ptr(notify->folders[i].name);
	}
	pthread_mutex_unlock(&notify->lock);
	if (is_passed)
		return;
	for (size_t i = 0; i < FOLDERS; i++) {
		if (folders[i].name)
			teller_add_entry(&messages, folders[i].ino, folders[i].name);
		free(folders[i].name);
	}
	lane_tell(lane, &messages);
	pthread_mutex_lock(&notify->lock);
	notify->passed = number;
	pthread_mutex_unlock(&notify->lock);
}

static struct item *lane_take(struct lane *lane)
{
	struct item *item;

	pthread_mutex_lock(&lane->lock);
	while (!lane->first && !lane->is_stopping)
		pthread_cond_wait(&lane->has_items, &lane->lock);
	item = lane->first;
	lane->current = item;
	if (item) {
		lane->since = lane->began = clock_get_monotonic();
		lane->first = item->next;
		if (!lane->first)
			lane->last = &lane->first;
		lane->count += item->deltas.count;
	}
	pthread_mutex_unlock(&lane->lock);
	return item;
}

/* Nobody holds it up any more: what has come meanwhile is told next. */
static bool lane_let_go(struct lane *lane)
{
	bool has_lost;

	pthread_mutex_lock(&lane->lock);
	has_lost = lane->has_lost;
	lane->is_held = lane->has_lost = false;
	lane->waiting = 0;
	pthread_mutex_unlock(&lane->lock);
	return has_lost;
}

/* All names in these folders, by way of their own. */
static void invalidate_all(struct lane *lane)
{
	_cleanup_strbuf_ struct strbuf messages = STRBUF_INIT;
	static const char *const names[] = { "DosDevices", "Volumes", "mounts", "devices", "ids" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		teller_add_entry(&messages, TREE_ROOT_INO, names[i]);
	lane_tell(lane, &messages);
}

/* The reply is sent with the lock held: the watchdog must not send it, too. */
static void lane_finish(struct lane *lane, struct item *item)
{
	pthread_mutex_lock(&lane->lock);
	item_send(item, lane->notify);
	lane->current = NULL;
	pthread_mutex_unlock(&lane->lock);
	item_free(item);
}

static void *lane_run(void *data)
{
	struct lane *lane = data;
	struct item *item;

	while ((item = lane_take(lane))) {
		invalidate(lane, item);
		if (item->is_news)
			pass_folders(lane, item->number);
		lane_finish(lane, item);
		if (lane_let_go(lane))
			invalidate_all(lane);
	}
	return NULL;
}

static int lane_start(struct lane *lane, struct notify *notify, struct teller *teller)
{
	sigset_t all, before;
	int r = teller ? teller_set_device(teller, fuse_session_fd(notify->session)) : 0;

	if (r < 0)
		return r;
	lane->notify = notify;
	lane->teller = teller;
	lane->has_teller = teller;
	lane->last = &lane->first;
	pthread_mutex_init(&lane->lock, NULL);
	pthread_cond_init(&lane->has_items, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&lane->thread, NULL, lane_run, lane);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

/* False: it is held up, and left behind. */
static bool lane_stop(struct lane *lane)
{
	struct timespec limit;

	pthread_mutex_lock(&lane->lock);
	lane->is_stopping = true;
	pthread_cond_signal(&lane->has_items);
	pthread_mutex_unlock(&lane->lock);
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += PATIENCE / 1000000;
	if (pthread_timedjoin_np(lane->thread, NULL, &limit) != 0) {
		pthread_detach(lane->thread);
		return false;
	}
	pthread_cond_destroy(&lane->has_items);
	pthread_mutex_destroy(&lane->lock);
	return true;
}

static bool lane_is_idle(struct lane *lane)
{
	bool is_idle;

	pthread_mutex_lock(&lane->lock);
	is_idle = lane->is_held || (!lane->first && !lane->current);
	pthread_mutex_unlock(&lane->lock);
	return is_idle;
}

static void arm(struct notify *notify, uint64_t at)
{
	if (at == notify->timer)
		return;
	notify->timer = at;
	notify->set_timer(notify->data, at);
}

/*
 * When a lane is to be looked at; 0: not at all. What waits behind one that is held up is taken in
 * hand when that is over. Called with its lock held.
 */
static uint64_t lane_get_deadline(const struct lane *lane, uint64_t now)
{
	if (!lane->current && !lane->first)
		return 0;
	if (!lane->current || lane->is_held)
		return now + PATIENCE;
	return MIN(lane->since + PATIENCE, lane->began + PATIENCE_MAX);
}

int notify_start(struct fuse_session *session, struct requests *requests,
	struct teller *const tellers[TELLERS], notify_timer_fn *set_timer, void *data,
	struct notify **ret_notify)
{
	struct notify *notify = xcalloc(1, sizeof(*notify));
	int r = 0;

	notify->session = session;
	notify->requests = requests;
	notify->set_timer = set_timer;
	notify->data = data;
	pthread_mutex_init(&notify->lock, NULL);
	while (r == 0 && notify->started < LANES) {
		r = lane_start(&notify->lanes[notify->started], notify, tellers[notify->started]);
		notify->started += r == 0;
	}
	if (r < 0) {
		notify_stop(notify);
		return r;
	}
	*ret_notify = notify;
	return 0;
}

/* What a thread of a process that ends uses still: it has the session, and is no leak. */
static struct notify *volatile left_behind;

bool notify_stop(struct notify *notify)
{
	bool is_free = true;

	if (!notify)
		return true;
	arm(notify, 0);
	while (notify->started)
		is_free &= lane_stop(&notify->lanes[--notify->started]);
	if (!is_free) { /* a thread uses it still, for as long as a client wants */
		left_behind = notify;
		return false;
	}
	for (size_t i = 0; i < FOLDERS; i++)
		free(notify->folders[i].name);
	pthread_mutex_destroy(&notify->lock);
	free(notify);
	return true;
}

/* Sends the reply of an item that is held up. What it would have told the kernel is for later. */
static void release_item(struct lane *lane, struct item *item)
{
	item_send(item, lane->notify);
	lane->waiting += item->deltas.count;
	if (lane->waiting > DELTAS_MAX && item != lane->current) {
		deltas_fini(&item->deltas);
		lane->has_lost = true;
	}
}

/* Whether it can be sent at once: it overtakes nothing that it may be about. */
static bool can_send(struct notify *notify, struct lane *lane, const struct notify_reply *reply)
{
	bool is_passed;

	if (reply->kind == REPLY_WAKE)
		return false; /* is a notification itself */
	if (lane != &notify->lanes[LANE_FOLDERS] && !lane_is_idle(lane))
		return false;
	pthread_mutex_lock(&notify->lock);
	is_passed = notify->passed == notify->posted;
	pthread_mutex_unlock(&notify->lock);
	return is_passed || !notify_reply_is_news(reply);
}

void notify_use_epochs(struct notify *notify, bool uses_epochs)
{
	notify->uses_epochs = uses_epochs;
}

void notify_begin_epoch(struct notify *notify)
{
	struct fuse_out_header header = { .len = sizeof(header), .error = NOTIFY_INC_EPOCH };

	/* It fails only when the mount is gone. */
	if (write(fuse_session_fd(notify->session), &header, sizeof(header)) > 0)
		notify->direct++;
}

void notify_attributes(struct notify *notify, uint64_t ino)
{
	fuse_lowlevel_notify_inval_inode(notify->session, ino, -1, 0);
	notify->direct++;
}

static bool has_names(const struct deltas *deltas)
{
	for (size_t i = 0; i < deltas->count; i++)
		if (deltas->list[i].name)
			return true;
	return false;
}

/* What waits in lanes of before is about names that nobody looks up any more. */
static void send_now(struct notify *notify, struct deltas *deltas, bool is_new_epoch,
	const struct notify_reply *reply)
{
	for (size_t i = 0; i < deltas->count; i++) {
		const struct delta *delta = &deltas->list[i];
		bool is_listed = delta->parent && !delta->ino;

		if ((is_listed && !notify_deltas_has_parent(deltas, i, delta->parent)) ||
			!delta->parent)
			notify_attributes(notify, is_listed ? delta->parent : delta->ino);
	}
	if (is_new_epoch)
		notify_begin_epoch(notify);
	deltas_fini(deltas);
	notify_reply_send(reply);
}

static void post(struct notify *notify, struct lane *lane, struct item *item)
{
	uint64_t at;

	pthread_mutex_lock(&lane->lock);
	*lane->last = item;
	lane->last = &item->next;
	if (lane->is_held)
		release_item(lane, item);
	at = lane_get_deadline(lane, clock_get_monotonic());
	pthread_mutex_unlock(&lane->lock);
	pthread_cond_signal(&lane->has_items);
	if (!notify->timer || at < notify->timer)
		arm(notify, at);
}

void notify_post(struct notify *notify, struct deltas *deltas, const struct notify_folder *held,
	const struct notify_reply *reply)
{
	struct lane *lane = &notify->lanes[held ? LANE_FOLDERS : LANE_FILES];
	bool is_by_folder = held && held->name, is_about_names = has_names(deltas);
	struct item *item;

	if (notify->uses_epochs) {
		/*
		 * What a client changes through a folder it sees itself, but others must wait for
		 * that.
		 */
		send_now(notify, deltas, is_by_folder || is_about_names, reply);
		return;
	}
	if (is_by_folder)
		note_folder(notify, held);
	if (!is_about_names && can_send(notify, lane, reply)) {
		send_now(notify, deltas, false, reply);
		return;
	}
	item = xcalloc(1, sizeof(*item));
	item->deltas = *deltas;
	item->except = held ? held->ino : 0;
	item->number = notify->posted; /* only this thread counts */
	item->is_news = notify_reply_is_news(reply);
	item_take_reply(item, notify->requests, reply);
	*deltas = (struct deltas){ 0 };
	post(notify, lane, item);
}

void notify_post_answer(struct notify *notify, uint32_t answer)
{
	struct item *item = xcalloc(1, sizeof(*item));

	item->answer = answer;
	post(notify, &notify->lanes[LANE_FILES], item);
}

void notify_send(struct notify *notify, const struct notify_reply *reply)
{
	struct deltas none = { 0 };

	notify_post(notify, &none, NULL, reply);
}

static bool lane_handle_time(struct lane *lane, uint64_t now, uint64_t *ret_deadline)
{
	uint64_t written = lane->teller ? teller_get_progress(lane->teller) : 0;
	bool is_new;

	pthread_mutex_lock(&lane->lock);
	if (written != lane->written)
		lane->since = now;
	lane->written = written;
	is_new = lane->current && !lane->is_held && now >= lane_get_deadline(lane, now);
	if (is_new) {
		lane->is_held = true;
		release_item(lane, lane->current);
		for (struct item *item = lane->first; item; item = item->next)
			release_item(lane, item);
	}
	*ret_deadline = lane_get_deadline(lane, now);
	pthread_mutex_unlock(&lane->lock);
	return is_new;
}

bool notify_handle_time(struct notify *notify, uint64_t now)
{
	uint64_t at = 0, next = 0;
	bool is_new = false;

	for (size_t i = 0; i < LANES; i++) {
		is_new |= lane_handle_time(&notify->lanes[i], now, &at);
		if (at && (!next || at < next))
			next = at;
	}
	arm(notify, next);
	notify->was_held |= is_new;
	return is_new;
}

bool notify_was_held(struct notify *notify)
{
	bool is_held = false;

	for (size_t i = 0; i < LANES && notify->was_held; i++) {
		pthread_mutex_lock(&notify->lanes[i].lock);
		is_held |= notify->lanes[i].is_held;
		pthread_mutex_unlock(&notify->lanes[i].lock);
	}
	return notify->was_held && !is_held;
}

bool notify_is_idle(struct notify *notify)
{
	return lane_is_idle(&notify->lanes[LANE_FILES]) &&
		lane_is_idle(&notify->lanes[LANE_FOLDERS]);
}

uint64_t notify_get_count(struct notify *notify)
{
	uint64_t count = notify->direct;

	for (size_t i = 0; i < LANES; i++) {
		struct lane *lane = &notify->lanes[i];

		pthread_mutex_lock(&lane->lock);
		count += lane->count;
		pthread_mutex_unlock(&lane->lock);
	}
	return count;
}
