/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queue in front of the prober. Owns the jobs; each is in `jobs` from add to take or remove, and
 * in the queue until the helper has it.
 */

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "daemon/probing.h"

static bool job_has_ticket(const struct map_node *node, const void *key)
{
	return container_of(node, struct probing_job, by_ticket)->ticket == *(const uint64_t *)key;
}

int probing_init(struct probing *probing)
{
	*probing = (struct probing){ .last = &probing->first };
	return probe_start(&probing->probe);
}

void probing_fini(struct probing *probing)
{
	probe_stop(probing->probe);
	map_for_each (&probing->jobs, node, next)
		probing_job_free(container_of(node, struct probing_job, by_ticket));
	map_fini(&probing->jobs);
}

int probing_get_fd(const struct probing *probing)
{
	return probe_get_fd(probing->probe);
}

static int submit(struct probing *probing, const struct probing_job *job)
{
	const struct device_report *report = &job->report;
	struct probe_request request = {
		.ticket = job->ticket,
		.node = report->device->node,
		.number = report->device->number,
		.disk_node = report->disk_node,
		.disk_number = report->disk_number,
		.start = report->start,
	};

	return probe_submit(probing->probe, &request);
}

static void dequeue(struct probing *probing, struct probing_job *job)
{
	struct probing_job **link = &probing->first;

	while (*link != job)
		link = &(*link)->next;
	*link = job->next;
	if (!*link)
		probing->last = link;
	job->is_queued = false;
}

/* Hands over what the helper takes now. A job that it cannot take at all stays first in line. */
static int submit_queued(struct probing *probing)
{
	while (probing->first && probing->probe) {
		int r = submit(probing, probing->first);

		if (r < 0)
			return r;
		dequeue(probing, probing->first);
		probing->count++;
	}
	return 0;
}

struct probing_job *probing_add(struct probing *probing, struct device_report *report, void *data)
{
	struct probing_job *job = xcalloc(1, sizeof(*job));

	*job = (struct probing_job){
		.ticket = ++probing->next_ticket,
		.report = *report,
		.data = data,
		.is_queued = true,
	};
	*report = (struct device_report){ 0 };
	map_add(&probing->jobs, &job->by_ticket, map_hash_number(job->ticket));
	*probing->last = job;
	probing->last = &job->next;
	submit_queued(probing);
	return job;
}

void probing_note_news(struct probing_job *job, uint64_t at)
{
	if (at > job->news_at)
		job->news_at = at;
}

void probing_job_free(struct probing_job *job)
{
	device_report_fini(&job->report);
	free(job);
}

void probing_remove(struct probing *probing, struct probing_job *job)
{
	if (job->is_queued)
		dequeue(probing, job);
	else if (probing->probe)
		probe_abandon(probing->probe, job->ticket);
	map_remove(&probing->jobs, &job->by_ticket);
	probing_job_free(job);
}

static struct probing_job *fail(struct probing *probing, struct probing_job *job, const char *why,
	struct probe_answer *answer)
{
	*answer = (struct probe_answer){
		.ticket = job->ticket,
		.fault = xasprintf("cannot be probed: %s", why),
	};
	if (job->is_queued)
		dequeue(probing, job);
	map_remove(&probing->jobs, &job->by_ticket);
	return job;
}

static struct probing_job *take_answer(struct probing *probing, struct probe_answer *answer)
{
	int r;

	while ((r = probe_take_answer(probing->probe, answer)) > 0) {
		struct map_node *node = map_find(&probing->jobs, map_hash_number(answer->ticket),
			job_has_ticket, &answer->ticket);

		if (node) {
			map_remove(&probing->jobs, node);
			return container_of(node, struct probing_job, by_ticket);
		}
		probe_answer_fini(answer);
	}
	if (r < 0) {
		log_error("the prober has died: only udevd can tell of devices from now on");
		probe_stop(steal_ptr(probing->probe));
	}
	return NULL;
}

struct probing_job *probing_take(struct probing *probing, struct probe_answer *ret_answer)
{
	struct probing_job *job = probing->probe ? take_answer(probing, ret_answer) : NULL;
	struct map_node *node;
	int r;

	if (job)
		return job;
	/* It cannot be forked anew from a process with threads. */
	node = probing->probe ? NULL : map_first(&probing->jobs);
	if (node)
		return fail(probing, container_of(node, struct probing_job, by_ticket),
			"the prober has died", ret_answer);
	r = submit_queued(probing);
	if (r < 0 && r != -EAGAIN)
		return fail(probing, probing->first, strerror(-r), ret_answer);
	return NULL;
}
