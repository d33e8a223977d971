/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What servers leave to each other of their changes.
 *
 * A server that goes on has read the database, with the last commit or without. It makes its tree
 * and finds all devices anew, and may commit changes of its own before it serves anybody. Then it
 * tells readers what became different since the earlier one has told them anything; and serves
 * again what is under way, of which job_source.c knows what has happened.
 *
 * A change that was sent to the engine of all hosts may have happened there, and the database does
 * not know. Then it comes as what other hosts have written does, and who asked for it waits for
 * that; or it turns out that it never will, and is decided anew.
 */

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/map.h"
#include "daemon/asking.h"
#include "daemon/heir.h"
#include "io/fuse/kept_nodes.h"

/* Links that notes are about, with those of volumes when the notes began. */
struct before {
	struct map by_path;
	struct told *told;
};

struct word {
	struct map_node by_path;
	char path[];
};

static bool has_path(const struct map_node *node, const void *key)
{
	return strcasecmp(container_of(node, struct word, by_path)->path, key) == 0;
}

static bool has_word(const struct before *before, const char *path)
{
	return map_find(&before->by_path, map_hash_text_ignoring_case(path), has_path, path);
}

/* The first word about a link counts. */
static void add_before(void *data, const char *path, const char *id)
{
	struct before *before = data;
	struct word *word;

	if (has_word(before, path))
		return;
	word = xcalloc(1, sizeof(*word) + strlen(path) + 1);
	strcpy(word->path, path);
	map_add(&before->by_path, &word->by_path, map_hash_text_ignoring_case(path));
	if (id)
		told_add_link(before->told, path, id);
}

/* All links as they were when readers were told of them. */
static void add_links(const struct heir *heir)
{
	struct before before = { .told = heir->told };
	const char *from, *to;
	const struct link **links;
	size_t count = names_get_links(&heir->manager->names, &links);

	kept_changes_list(&heir->changes, add_before, &before);
	if (kept_changes_get_rename(&heir->changes, &from, &to))
		told_set_rename(heir->told, from, to);
	for (size_t i = 0; i < count; i++)
		if (!has_word(&before, links[i]->path))
			told_add_link(heir->told, links[i]->path, links[i]->record->id);
	map_for_each (&before.by_path, node, next)
		free(container_of(node, struct word, by_path));
	map_fini(&before.by_path);
	free(links);
}

void heir_init(struct heir *heir)
{
	uint64_t random;

	asking_get_random(&random, sizeof(random));
	kept_changes_init(&heir->changes, heir->kept, random);
	change_queue_set_kept(heir->queue, &heir->changes, &heir->noted);
	heir->jobs->kept = heir->kept;
	kept_cluster_load(&heir->cluster, heir->kept);
}

static void free_told(struct heir *heir)
{
	if (!heir->told)
		return;
	told_fini(heir->told);
	free(steal_ptr(heir->told));
}

void heir_fini(struct heir *heir)
{
	free_told(heir);
	kept_cluster_fini(&heir->cluster);
	kept_told_fini(&heir->noted);
	if (heir->jobs)
		kept_outcomes_fini(&heir->jobs->outcomes);
}

/* `number`: of the last commit that the database knows. */
static void judge_outcomes(struct heir *heir, uint64_t number)
{
	struct kept_cluster *cluster = &heir->cluster;
	struct kept_outcomes *outcomes = &heir->jobs->outcomes;
	bool is_open = cluster->number && cluster->commit > number;

	kept_outcomes_init(outcomes, heir->kept, number, is_open ? cluster->commit : 0);
	if (!cluster->number)
		return;
	cluster->commit = KEPT_CLUSTER_EARLIER;
	kept_cluster_save(cluster);
	heir->jobs->is_open = true;
	if (heir->manager->names.own_change >= cluster->number)
		heir_settle(heir, 0);
	else if (!ledger_inherit(heir->ledger, cluster->host, cluster->number))
		heir_settle(heir, -EAGAIN);
}

void heir_judge(struct heir *heir, const struct commit_number *last)
{
	uint64_t number = kept_changes_judge(&heir->changes, last, heir->manager);

	judge_outcomes(heir, number);
	crash_point("over:judged");
	if (!heir->changes.is_inherited)
		return;
	heir->told = xcalloc(1, sizeof(*heir->told));
	told_init(heir->told, clock_get_real());
	kept_told_load(heir->kept, heir->told);
	add_links(heir);
}

/* What the earlier server knew, by name, and which of that is of devices that are here still. */
struct recall {
	struct recalled *list;
	size_t count;
	struct recalled *found;
	size_t found_count;
};

static int compare_names(const void *a, const void *b)
{
	const struct recalled *one = a, *other = b;

	return strcmp(one->device->name, other->device->name);
}

/* A device that is here still, as it was: with the same medium. */
static void find_recalled(void *data, const char *name, const struct device *now)
{
	struct recall *recall = data;
	struct device key = { .name = (char *)name };
	const struct recalled wanted = { .device = &key };
	struct recalled *recalled = recall->count
		? bsearch(&wanted, recall->list, recall->count, sizeof(wanted), compare_names)
		: NULL;

	if (recalled && now && device_is_same(recalled->device, now))
		recall->found[recall->found_count++] = *recalled;
}

/* Devices that are here, as they are described. */
struct here {
	const struct device **list;
	size_t count;
};

static void add_here(void *data, const char *name, const struct device *now)
{
	struct here *here = data;

	if (!now)
		return;
	here->list = xgrow(here->list, here->count, sizeof(*here->list));
	here->list[here->count++] = now;
}

static void recall_from_database(struct heir *heir, const struct device_monitor *monitor)
{
	struct here here = { 0 };
	struct touched touched;

	device_monitor_peek(monitor, add_here, &here);
	if (recall_remembered(heir->manager, here.list, here.count, &touched))
		change_queue_show(heir->queue, &touched);
	free(here.list);
}

void heir_recall(struct heir *heir, const struct device_monitor *monitor)
{
	struct recall recall = { 0 };
	struct touched touched;

	if (!heir->told) {
		recall_from_database(heir, monitor);
		return;
	}
	recall.count = kept_known_load(heir->kept, &recall.list);
	if (recall.count)
		qsort(recall.list, recall.count, sizeof(*recall.list), compare_names);
	recall.found = xcalloc(recall.count + 1, sizeof(*recall.found));
	device_monitor_peek(monitor, find_recalled, &recall);
	recall_devices(heir->manager, recall.found, recall.found_count, &touched);
	for (size_t i = 0; i < recall.count; i++)
		device_free(recall.list[i].device);
	free(recall.list);
	free(recall.found);
	change_queue_show(heir->queue, &touched);
}

/* What files of volumes say may be different: not all that they say is told. */
static void renew_times(struct heir *heir, uint64_t now)
{
	told_renew_times(heir->tree, now);
	index_for_each (&heir->tree->by_ino, const struct node, node)
		kept_nodes_note_time(heir->kept, node);
}

/* What is different from what the earlier server has told. */
static void find_missed(struct heir *heir, struct events *ret_events)
{
	uint64_t now = clock_get_real();
	bool has_changes = kept_changes_has_any(&heir->changes);

	if (kept_changes_has_lost(&heir->changes)) {
		event_stream_lose(heir->stream, heir->manager->epic, now);
	} else {
		told_recall_times(heir->told, heir->tree); /* the comparison changes them */
		kept_changes_get_events(&heir->changes, ret_events);
		told_compare(heir->told, heir->manager, heir->tree, now, ret_events);
	}
	if (has_changes || ret_events->count || ret_events->untold)
		renew_times(heir, now);
	free_told(heir);
}

void heir_tell(struct heir *heir)
{
	bool is_later = heir->told != NULL;
	struct deltas missed = { 0 };

	if (is_later)
		find_missed(heir, &missed.events);
	kept_told_start(&heir->noted, heir->kept, heir->tree, &heir->manager->volumes);
	kept_changes_set_told(&heir->changes, heir->manager);
	crash_point("over:missed");
	if (heir->cluster.is_up)
		ledger_expect(heir->ledger);
	if (is_later)
		change_queue_finish(heir->queue, NULL, &missed);
	crash_point("over:told");
}

void heir_end(struct heir *heir)
{
	kept_outcomes_forget(&heir->jobs->outcomes);
}

void heir_note_cluster(struct heir *heir, bool is_up)
{
	heir->cluster.is_up = is_up;
	kept_cluster_save(&heir->cluster);
}

void heir_note_opening(struct heir *heir, const char *host, uint64_t number, uint64_t commit)
{
	free(heir->cluster.host);
	heir->cluster.host = xstrdup(host);
	heir->cluster.number = number;
	heir->cluster.commit = commit;
	kept_cluster_save(&heir->cluster);
}

/* Written down with whatever comes next: to ask once more does no harm. */
void heir_note_closed(struct heir *heir)
{
	heir->cluster.number = 0;
}

/* What it means for the jobs counts with the same commit of the memory as that it is known. */
void heir_settle(struct heir *heir, int result)
{
	job_source_settle(heir->jobs, result);
	if (result == -ETIMEDOUT)
		return; /* still nobody knows */
	heir->cluster.number = 0;
	kept_cluster_save(&heir->cluster);
}
