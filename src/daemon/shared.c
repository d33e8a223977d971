/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of names that other hosts have, too, concerns the daemon as a whole: where changes are
 * written, what comes from elsewhere, who is told when the cluster is lost and back.
 */

#include "base/log.h"
#include "daemon/asking.h"
#include "daemon/shared.h"
#include "io/udev/fabric.h"
#include "mmfs_private.h"

/* Volumes that had to wait for it are tried again. */
static void handle_cluster(void *data, bool is_up, const char *why)
{
	struct mmfs *mmfs = data;
	struct event event = { .kind = is_up ? EVENT_CLUSTER_BACK : EVENT_CLUSTER_LOST };
	struct touched touched = { 0 };

	heir_note_cluster(&mmfs->heir, ledger_has_others(mmfs->ledger));
	event.reason = (char *)(is_up ? "names of the cluster can be changed"
			: why	      ? why
				      : "mmfs-cluster is not connected");
	if (is_up)
		log_info("names of the cluster can be changed");
	else
		log_warning("names of the cluster cannot be changed: %s", event.reason);
	events_add(&touched.events, &event);
	change_queue_show(mmfs->queue, &touched);
	if (is_up)
		device_source_retry(&mmfs->devices);
	change_queue_work(mmfs->queue);
}

static void note_opening(void *data, const char *host, uint64_t number, uint64_t commit)
{
	struct mmfs *mmfs = data;

	heir_note_opening(&mmfs->heir, host, number, commit);
}

static void note_closed(void *data)
{
	struct mmfs *mmfs = data;

	heir_note_closed(&mmfs->heir);
}

static void handle_settled(void *data, int result)
{
	struct mmfs *mmfs = data;

	heir_settle(&mmfs->heir, result);
	change_queue_work(mmfs->queue);
}

static void note_volumes(void *data, const struct touched *touched)
{
	ledger_note_volumes(data);
}

int shared_open(struct mmfs *mmfs, const struct mmfs_options *options, struct strbuf *why)
{
	struct ledger_joints joints = {
		.manager = &mmfs->manager,
		.loop = mmfs->loop,
		.on_result = change_queue_on_ledger,
		.wake = change_queue_work,
		.queue = mmfs->queue,
		.changed = handle_cluster,
		.opening = note_opening,
		.closed = note_closed,
		.settled = handle_settled,
		.data = mmfs,
	};
	int r = ledger_new(&joints, options->cluster, options->cluster_socket, &mmfs->ledger, why);

	if (r < 0)
		return r;
	change_queue_set_ledger(mmfs->queue, mmfs->ledger);
	mmfs->heir.ledger = mmfs->ledger;
	asking_set_ledger(mmfs->ledger);
	mmfs->manager.share = options->cluster ? options->share : SHARE_OFF;
	mmfs->manager.share_globs = options->share_globs;
	if (options->cluster)
		fabric_want();
	mmfs->elsewhere = (struct elsewhere_source){
		.ledger = mmfs->ledger,
		.manager = &mmfs->manager,
		.loop = mmfs->loop,
		.queue = mmfs->queue,
	};
	elsewhere_source_init(&mmfs->elsewhere);
	mmfs->cluster_follower =
		(struct change_follower){ .applied = note_volumes, .data = mmfs->ledger };
	change_queue_add_follower(mmfs->queue, &mmfs->cluster_follower);
	return 0;
}
