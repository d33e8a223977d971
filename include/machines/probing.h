/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/map.h"
#include "core/model/device_report.h"

/*
 * The queue in front of the prober:
 *
 *	add ──► queued ──pump──► under way ──answer──► taken
 *	          │                 │  ▲
 *	          │                 │  └── the same, when it is slow: no longer counted
 *	          └── the prober refuses it, or has died: taken as failed
 *
 * Time does not matter here.
 */

#define PROBING_UNDER_WAY_MAX 64 /* probes that somebody waits for */

/* The prober, as the daemon has it. */
struct probing_world {
	/*
	 * Begins to read a device: 0, -EAGAIN not now, -EPIPE the prober has died, another errno
	 * never.
	 */
	int (*begin)(void *data, uint64_t ticket, const struct device_report *report);
	/* No answer is wanted any more. */
	void (*abandon)(void *data, uint64_t ticket);
	void *data;
};

struct probing {
	const struct probing_world *world;
	struct map jobs;
	struct probing_job *first, **last; /* queue */
	size_t awaited;			   /* under way, and not slow */
	bool is_dead;			   /* there is no prober */
	uint64_t next_ticket;
	uint64_t count; /* begun, ever */
};

enum probing_state { PROBING_QUEUED, PROBING_UNDER_WAY, PROBING_SLOW };

/* One probe, and what is known of its device without it. */
struct probing_job {
	struct map_node by_ticket;
	struct probing_job *next;
	enum probing_state state;
	uint64_t ticket;
	struct device_report report;
	void *data;	  /* the caller's */
	bool must_read;	  /* the caller's: it was to be read, whatever is known of its content */
	bool has_news;	  /* the caller's: something has happened to the device, … */
	bool is_repeated; /* … and what is read now may not show it, … */
	uint64_t news_at; /* … or does, if reading it began after this time */
};

void probing_init(struct probing *probing, const struct probing_world *world);
void probing_fini(struct probing *probing);

/* Takes over the report. The job is ended by probing_remove(), or by the caller who took it. */
struct probing_job *probing_add(struct probing *probing, struct device_report *report, void *data);
/* Begins what can be begun. */
void probing_pump(struct probing *probing);
/* The job takes long: others may take its place. */
void probing_set_slow(struct probing *probing, struct probing_job *job);
/* Gives up on a job. */
void probing_remove(struct probing *probing, struct probing_job *job);
/* The job that an answer is for, or NULL. */
struct probing_job *probing_take(struct probing *probing, uint64_t ticket);
/* From now on every job fails. */
void probing_set_dead(struct probing *probing);
/* The next job that cannot be done, with an answer that says why, or NULL. */
struct probing_job *probing_take_failed(struct probing *probing, struct probe_answer *ret_answer);
void probing_job_free(struct probing_job *job);
