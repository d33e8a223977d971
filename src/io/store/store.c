/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The persistent database: its life (open, load, start, commit …, close), and the thread that
 * waits for the disk so that the main loop does not.
 *
 * The connection belongs to the caller up to store_start(), then to the thread, and to the caller
 * again once the thread was joined. A change passes through three states under the lock: handed
 * over, done, taken; no lock is held while SQLite or the kernel is at work. The file itself is
 * io/store_file.c, the rows io/store_rows.c.
 *
 * While nothing is handed over the thread sweeps: links that were dropped are gone with the commit
 * that says so, but a great many rows take their time, in which nobody could commit anything. So
 * they are removed piece by piece, in transactions of their own; a commit waits for one at most.
 * What is left when the thread ends, or cannot be removed, stays dropped.
 */

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/crash_point.h"
#include "io/store/store.h"
#include "io/store/store_file.h"
#include "io/store/store_rows.h"
#include "io/store/store_writer.h"

#define LINKS_SWEPT 500 /* by one transaction: some milliseconds */

enum store_state {
	STORE_IDLE,
	STORE_HANDED_OVER,
	STORE_DONE,
};

struct store {
	struct store_file file;
	struct store_writer writer;
	struct commit_number last; /* as it was loaded */
	int event_fd;
	pthread_t thread;
	bool has_thread;
	bool has_dropped; /* there may be dropped links; of the thread */

	pthread_mutex_t lock; /* of everything below */
	pthread_cond_t wake;
	enum store_state state;
	bool is_closing;
	bool may_sweep;
	bool is_sweeping; /* the connection is in use for that */
	const struct change *change;
	int result;
	struct strbuf why;
};

int store_open(const char *path, struct store **ret_store, struct strbuf *why)
{
	struct store *store = xcalloc(1, sizeof(*store));
	int r;

	pthread_mutex_init(&store->lock, NULL);
	pthread_cond_init(&store->wake, NULL);
	store->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = store->event_fd < 0 ? -errno : 0;
	if (r < 0)
		strbuf_add_format(why, "cannot open database %s: eventfd: %s", path, strerror(-r));
	else
		r = store_file_init(&store->file, path, why);
	if (r < 0) {
		store_close(store);
		return r;
	}
	*ret_store = store;
	return 0;
}

int store_load(struct store *store, struct manager *manager, struct strbuf *why)
{
	_cleanup_strbuf_ struct strbuf reason = STRBUF_INIT;
	struct names names;
	struct history history;
	int r = store_rows_load_commit(store->file.db, &store->last, &reason);

	if (r == 0)
		r = store_rows_load(store->file.db, &names, &history, &reason);
	if (r == -EBADMSG)
		return store_file_fail_damaged(store->file.path, strbuf_text(&reason), why);
	if (r < 0) {
		strbuf_add_format(
			why, "cannot read database %s: %s", store->file.path, strbuf_text(&reason));
		return r;
	}
	/* Statements that do not fit the tables are a last reason to refuse the file. */
	if (store_writer_init(&store->writer, store->file.db) != 0)
		r = store_file_fail(&store->file, why);
	store_rows_get_position(&names, store->writer.position);
	if (r == 0)
		r = store_file_adopt(&store->file, why);
	if (r < 0) {
		names_fini(&names);
		history_fini(&history);
		return r;
	}
	names_fini(&manager->names);
	manager->names = names;
	history_fini(&manager->history);
	manager->history = history;
	return 0;
}

struct commit_number store_get_last_commit(const struct store *store)
{
	return store->last;
}

/* One transaction: all of the change or nothing. */
static int store_write(struct store *store, const struct change *change, struct strbuf *why)
{
	int code;

	crash_point("store:before-begin");
	code = store_file_begin(&store->file);
	crash_point("store:after-begin");
	if (code == 0)
		code = store_writer_write(&store->writer, change);
	crash_point("store:before-commit");
	if (code == 0)
		code = store_file_commit(&store->file);
	if (code != 0) {
		store_writer_forget(&store->writer);
		return store_file_roll_back(&store->file, code, why);
	}
	crash_point("store:after-commit");
	return 0;
}

static void store_notify(struct store *store)
{
	static const uint64_t one = 1;
	ssize_t n = write(store->event_fd, &one, sizeof(one));

	(void)n; /* it can only fail while the counter is full, thus readable */
}

/* Removes a piece of what was dropped. If that fails it is tried again behind the next commit. */
static void store_sweep(struct store *store)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	int64_t bundle;
	int code;

	store->has_dropped = store_writer_find_dropped(&store->writer, &bundle) == SQLITE_ROW;
	if (!store->has_dropped)
		return;
	code = store_file_begin(&store->file);
	if (code == 0)
		code = store_writer_sweep(&store->writer, bundle, LINKS_SWEPT);
	crash_point("store:sweep");
	if (code == 0)
		code = store_file_commit(&store->file);
	crash_point("store:swept");
	if (code != 0) {
		store_file_roll_back(&store->file, code, &why);
		store->has_dropped = false;
	}
}

/* The next change to write, NULL when the thread shall end. Meanwhile it sweeps. */
static const struct change *store_wait(struct store *store)
{
	const struct change *change = NULL;

	pthread_mutex_lock(&store->lock);
	while (store->state != STORE_HANDED_OVER && !store->is_closing) {
		if (!store->may_sweep || !store->has_dropped) {
			pthread_cond_wait(&store->wake, &store->lock);
			continue;
		}
		store->is_sweeping = true;
		pthread_mutex_unlock(&store->lock);
		store_sweep(store);
		pthread_mutex_lock(&store->lock);
		store->is_sweeping = false;
	}
	if (store->state == STORE_HANDED_OVER)
		change = store->change;
	pthread_mutex_unlock(&store->lock);
	return change;
}

static void store_run_one(struct store *store, const struct change *change)
{
	struct strbuf why = STRBUF_INIT;
	int r = store_write(store, change, &why);

	crash_point("store:before-result");
	pthread_mutex_lock(&store->lock);
	store->state = STORE_DONE;
	store->change = NULL;
	store->result = r;
	store->why = why;
	pthread_mutex_unlock(&store->lock);
	store_notify(store);
}

static void *store_run(void *argument)
{
	struct store *store = argument;
	const struct change *change;

	store->has_dropped = true;
	while ((change = store_wait(store))) {
		store_run_one(store, change);
		store->has_dropped = true;
	}
	return NULL;
}

int store_start(struct store *store)
{
	sigset_t all, before;
	int r;

	assert(store->file.is_adopted && !store->has_thread);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = -pthread_create(&store->thread, NULL, store_run, store);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	store->has_thread = r == 0;
	if (r == 0)
		pthread_setname_np(store->thread, "mmfs-store");
	return r;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	if (store->has_thread) {
		pthread_mutex_lock(&store->lock);
		store->is_closing = true;
		pthread_cond_signal(&store->wake);
		pthread_mutex_unlock(&store->lock);
		pthread_join(store->thread, NULL);
	}
	store_writer_fini(&store->writer);
	store_file_fini(&store->file);
	if (store->event_fd >= 0)
		close(store->event_fd);
	strbuf_fini(&store->why);
	pthread_cond_destroy(&store->wake);
	pthread_mutex_destroy(&store->lock);
	free(store);
}

void store_set_sweeping(struct store *store, bool is_on)
{
	pthread_mutex_lock(&store->lock);
	store->may_sweep = is_on;
	pthread_mutex_unlock(&store->lock);
	pthread_cond_signal(&store->wake);
}

void store_release_memory(struct store *store)
{
	assert(store->state == STORE_IDLE && !store->may_sweep); /* so the thread waits */
	store_file_release_memory(&store->file);
}

void store_commit(struct store *store, const struct change *change)
{
	pthread_mutex_lock(&store->lock);
	assert(store->state == STORE_IDLE);
	store->state = STORE_HANDED_OVER;
	store->change = change;
	pthread_mutex_unlock(&store->lock);
	if (store->has_thread)
		pthread_cond_signal(&store->wake);
	else
		store_run_one(store, change);
}

void store_freeze_position(struct store *store)
{
	assert(store->state == STORE_IDLE);
	store->writer.is_position_frozen = true;
}

bool store_is_writing(struct store *store)
{
	bool is_writing;

	pthread_mutex_lock(&store->lock);
	is_writing = store->state == STORE_HANDED_OVER || store->is_sweeping;
	pthread_mutex_unlock(&store->lock);
	return is_writing;
}

int store_get_fd(const struct store *store)
{
	return store->event_fd;
}

bool store_take_result(struct store *store, int *ret_result, struct strbuf *why)
{
	struct strbuf text = STRBUF_INIT;
	uint64_t count;
	ssize_t n = read(store->event_fd, &count, sizeof(count));
	bool is_done;

	(void)n; /* the state tells; the descriptor only wakes */
	pthread_mutex_lock(&store->lock);
	is_done = store->state == STORE_DONE;
	if (is_done) {
		store->state = STORE_IDLE;
		*ret_result = store->result;
		text = store->why;
		store->why = (struct strbuf)STRBUF_INIT;
	}
	pthread_mutex_unlock(&store->lock);
	if (text.len)
		strbuf_add(why, text.data, text.len);
	strbuf_fini(&text);
	return is_done;
}
