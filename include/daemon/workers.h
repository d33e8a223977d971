/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"
#include "daemon/loop.h"

/* Threads for what may have to wait for a sick disk: one for each errand, at most WORKERS_MAX. */
struct workers;

#define WORKERS_MAX 32

/* Part of what it is about, which lives on while a thread is at it. */
struct errand {
	struct errand *next;
	void *owner; /* the workers */
	/* In the thread: may touch nothing but the errand. */
	void (*run)(struct errand *errand);
	/* On the main loop, when it is done: takes the errand over. */
	void (*finish)(struct errand *errand);
};

int workers_new(struct loop *loop, struct workers **ret_workers);
/* Starts a thread for an errand: 0 or a negative errno. */
int workers_start_thread(struct errand *errand);
/* For tests: what does that instead. */
void workers_set_start(struct workers *workers, int (*start)(struct errand *errand));
/* Leaves threads that are still at work behind, with all that they use. NULL is fine. */
void workers_free(struct workers *workers);
/* Becomes readable when errands are done. */
int workers_get_fd(const struct workers *workers);
/* Hands an errand over. */
void workers_add(struct workers *workers, struct errand *errand);
/* Finishes the errands that are done. */
void workers_handle(struct workers *workers);
