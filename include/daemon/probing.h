/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/map.h"
#include "io/probe/probe.h"
#include "io/udev/udev.h"

/* Probes under way and probes that wait until the helper can take more. */
struct probing {
	struct probe *probe; /* NULL: the helper has died */
	struct map jobs;
	struct probing_job *first, **last; /* queue */
	uint64_t next_ticket;
	uint64_t count; /* handed to the helper, ever */
};

/* One probe, and what is known of its device without it. */
struct probing_job {
	struct map_node by_ticket;
	struct probing_job *next;
	bool is_queued;
	uint64_t ticket;
	struct device_report report;
	void *data; /* the caller's */
	uint64_t
		news_at; /* when the last was heard of its device, in µs of CLOCK_MONOTONIC; 0: none */
};

/* Starts the helper process: before any thread. */
int probing_init(struct probing *probing);
void probing_fini(struct probing *probing);
int probing_get_fd(const struct probing *probing);

/* Takes over the report. The job is ended by probing_remove(), or by the caller who took it. */
struct probing_job *probing_add(struct probing *probing, struct device_report *report, void *data);
/* Something has happened to the job's device, at the latest then. */
void probing_note_news(struct probing_job *job, uint64_t at);
/* Gives up on a job. */
void probing_remove(struct probing *probing, struct probing_job *job);
void probing_job_free(struct probing_job *job);
/*
 * The next job that is done, with its answer, or NULL. When the helper dies, every job is done with
 * that fault.
 */
struct probing_job *probing_take(struct probing *probing, struct probe_answer *ret_answer);
