/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errands off the main loop. An errand belongs to the workers from workers_add() until `finish`. All
 * but the list of those done is the main loop's; a thread shares nothing but that and its errand.
 */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/workers.h"

struct workers {
	int event_fd;
	size_t running;
	struct errand *first, **last; /* waiting for a thread */

	pthread_mutex_t lock;
	struct errand *done; /* under the lock */
};

int workers_new(struct workers **ret_workers)
{
	struct workers *workers;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		return -errno;
	workers = xcalloc(1, sizeof(*workers));
	workers->event_fd = fd;
	workers->last = &workers->first;
	pthread_mutex_init(&workers->lock, NULL);
	*ret_workers = workers;
	return 0;
}

void workers_free(struct workers *workers)
{
	if (!workers || workers->running)
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

/* Where there can be no thread now the errand waits: to do it here could stop everything. */
static int start_thread(struct errand *errand)
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

		if (start_thread(errand) < 0)
			return;
		workers->first = next;
		if (!workers->first)
			workers->last = &workers->first;
		workers->running++;
	}
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
