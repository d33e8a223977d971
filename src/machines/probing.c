/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queue in front of the prober. Owns the jobs; each is in `jobs` from add to take or remove,
 * and in the queue until the prober has it. `awaited` counts those in PROBING_UNDER_WAY, so that
 * disks that do not answer hold up others until they are known to be slow, and no longer.
 */

#include <errno.h>
#include <string.h>

#include "machines/probing.h"

static bool job_has_ticket(const struct map_node *node, const void *key)
{
	return container_of(node, struct probing_job, by_ticket)->ticket == *(const uint64_t *)key;
}

void probing_init(struct probing *probing, const struct probing_world *world)
{
	*probing = (struct probing){ .world = world, .last = &probing->first };
}

void probing_job_free(struct probing_job *job)
{
	device_report_fini(&job->report);
	free(job);
}

void probing_fini(struct probing *probing)
{
	map_for_each (&probing->jobs, node, next)
		probing_job_free(container_of(node, struct probing_job, by_ticket));
	map_fini(&probing->jobs);
}

static void dequeue(struct probing *probing, struct probing_job *job)
{
	struct probing_job **link = &probing->first;

	while (*link != job)
		link = &(*link)->next;
	*link = job->next;
	if (!*link)
		probing->last = link;
}

struct probing_job *probing_add(struct probing *probing, struct device_report *report, void *data)
{
	struct probing_job *job = xcalloc(1, sizeof(*job));

	*job = (struct probing_job){
		.state = PROBING_QUEUED,
		.ticket = ++probing->next_ticket,
		.report = *report,
		.data = data,
	};
	*report = (struct device_report){ 0 };
	map_add(&probing->jobs, &job->by_ticket, map_hash_number(job->ticket));
	*probing->last = job;
	probing->last = &job->next;
	return job;
}

/* A job that is refused for good stays first in line, for probing_take_failed(). */
static int begin_first(struct probing *probing)
{
	struct probing_job *job = probing->first;
	int r = probing->world->begin(probing->world->data, job->ticket, &job->report);

	if (r < 0)
		return r;
	dequeue(probing, job);
	job->state = PROBING_UNDER_WAY;
	probing->awaited++;
	probing->count++;
	return 0;
}

static int pump(struct probing *probing)
{
	int r = 0;

	while (r == 0 && probing->first && probing->awaited < PROBING_UNDER_WAY_MAX &&
		!probing->is_dead)
		r = begin_first(probing);
	probing->is_dead |= r == -EPIPE;
	return r;
}

void probing_pump(struct probing *probing)
{
	pump(probing);
}

void probing_set_slow(struct probing *probing, struct probing_job *job)
{
	if (job->state != PROBING_UNDER_WAY)
		return;
	job->state = PROBING_SLOW;
	probing->awaited--;
}

static void take_out(struct probing *probing, struct probing_job *job)
{
	if (job->state == PROBING_QUEUED)
		dequeue(probing, job);
	probing->awaited -= job->state == PROBING_UNDER_WAY;
	map_remove(&probing->jobs, &job->by_ticket);
}

void probing_remove(struct probing *probing, struct probing_job *job)
{
	if (job->state != PROBING_QUEUED && !probing->is_dead)
		probing->world->abandon(probing->world->data, job->ticket);
	take_out(probing, job);
	probing_job_free(job);
}

struct probing_job *probing_take(struct probing *probing, uint64_t ticket)
{
	struct map_node *node =
		map_find(&probing->jobs, map_hash_number(ticket), job_has_ticket, &ticket);
	struct probing_job *job = node ? container_of(node, struct probing_job, by_ticket) : NULL;

	if (job)
		take_out(probing, job);
	return job;
}

void probing_set_dead(struct probing *probing)
{
	probing->is_dead = true;
}

struct probing_job *probing_take_failed(struct probing *probing, struct probe_answer *ret_answer)
{
	int r = pump(probing);
	struct map_node *node = probing->is_dead ? map_first(&probing->jobs) : NULL;
	struct probing_job *job = r < 0 && r != -EAGAIN ? probing->first : NULL;

	if (probing->is_dead)
		job = node ? container_of(node, struct probing_job, by_ticket) : NULL;
	if (!job)
		return NULL;
	*ret_answer = (struct probe_answer){
		.ticket = job->ticket,
		.fault = xasprintf("cannot be probed: %s",
			probing->is_dead ? "the prober has died" : strerror(-r)),
	};
	take_out(probing, job);
	return job;
}
