/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errands off the main loop. An errand belongs to the workers from workers_add() until `finish`.
 * All but the list of those done is the main loop's; a thread shares nothing but that and its
 * errand.
 *
 * Where there can be no thread now, an errand waits: to do it here could stop everything. It is
 * tried again when another one is done, and after a pause.
 */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/limits.h"
#include "daemon/workers.h"

#define RETRY (1000000u / 2) /* µs */

struct workers {
	int event_fd;
	struct loop *loop;
	struct timer timer; /* for errands that no thread could be made for */
	bool is_short;	    /* … which was said */
	int (*start)(struct errand *errand);
	size_t running;
	struct errand *first, **last; /* waiting for a thread */

	pthread_mutex_t lock;
	struct errand *done; /* under the lock */
};

void workers_free(struct workers *workers)
{
	if (!workers)
		return;
	loop_set_timer(workers->loop, &workers->timer, 0);
	if (workers->running)
		return; /* whoever is still at work comes back to this */
	close(workers->event_fd);
	pthread_mutex_destroy(&workers->lock);
	free(workers);
}

int workers_get_fd(const struct workers *workers)
{
	return workers->event_fd;
}

static void hand_in(struct workers *workers, struct errand *errand)
{
	static const uint64_t one = 1;
	ssize_t n;

	pthread_mutex_lock(&workers->lock);
	errand->next = workers->done;
	workers->done = errand;
	pthread_mutex_unlock(&workers->lock);
	n = write(workers->event_fd, &one, sizeof(one));
	(void)n; /* it can only fail while the counter is full, thus readable */
}

static void *work(void *argument)
{
	struct errand *errand = argument;

	errand->run(errand);
	hand_in(errand->owner, errand);
	return NULL;
}

int workers_start_thread(struct errand *errand)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t thread;
	int r;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, &attributes, work, errand);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return -r;
}

static void start_some(struct workers *workers)
{
	while (workers->first && workers->running < WORKERS_MAX) {
		struct errand *errand = workers->first, *next = errand->next;
		int r = workers->start(errand);

		if (r < 0) {
			if (!workers->is_short)
				limits_warn(LIMIT_THREAD, r,
					"what hosting volumes and mount points need waits");
			workers->is_short = true;
			loop_set_timer(
				workers->loop, &workers->timer, clock_get_monotonic() + RETRY);
			return;
		}
		workers->is_short = false;
		workers->first = next;
		if (!workers->first)
			workers->last = &workers->first;
		workers->running++;
	}
}

static void on_time(void *data, uint64_t now)
{
	start_some(data);
}

int workers_new(struct loop *loop, struct workers **ret_workers)
{
	struct workers *workers;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		return -errno;
	workers = xcalloc(1, sizeof(*workers));
	workers->event_fd = fd;
	workers->loop = loop;
	workers->timer = (struct timer){ .fn = on_time, .data = workers };
	workers->start = workers_start_thread;
	workers->last = &workers->first;
	pthread_mutex_init(&workers->lock, NULL);
	*ret_workers = workers;
	return 0;
}

void workers_set_start(struct workers *workers, int (*start)(struct errand *errand))
{
	workers->start = start;
}

void workers_add(struct workers *workers, struct errand *errand)
{
	errand->owner = workers;
	errand->next = NULL;
	*workers->last = errand;
	workers->last = &errand->next;
	start_some(workers);
}

void workers_handle(struct workers *workers)
{
	struct errand *done;
	uint64_t count;
	ssize_t n = read(workers->event_fd, &count, sizeof(count));

	(void)n; /* the list tells; the descriptor only wakes */
	pthread_mutex_lock(&workers->lock);
	done = steal_ptr(workers->done);
	pthread_mutex_unlock(&workers->lock);
	for (struct errand *next; done; done = next) {
		next = done->next;
		workers->running--;
		done->finish(done);
	}
	start_some(workers);
}
