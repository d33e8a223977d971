/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From an operation to its rule.
 */

#include <errno.h>

#include "core/rules/claiming.h"
#include "core/rules/decision.h"
#include "core/rules/deletion.h"
#include "core/rules/dispatch.h"
#include "core/rules/forgetting.h"
#include "core/rules/id_change.h"
#include "core/rules/joining.h"
#include "core/rules/links.h"
#include "core/rules/saved.h"
#include "core/rules/volume.h"

/* What concerns the open file alone, or was dealt with by who waited. */
static int decide_nothing(struct decision *decision)
{
	return 0;
}

/*
 * Those that are not here only show something, collect requests, or (of mount points) are decided
 * with what is on the hosting volume: reconcile_decide().
 */
static int (*const rules[OPERATION_KINDS])(struct decision *decision) = {
	[OP_CREATE_POINT] = links_decide_create_point,
	[OP_DELETE_POINTS] = links_decide_delete_points,
	[OP_DELETE_POINTS_DBONLY] = links_decide_delete_points,
	[OP_QUERY_POINTS] = links_decide_query_points,
	[OP_QUERY_VOLUME] = volume_decide_query,
	[OP_RENAME] = links_decide_rename,
	[OP_NEXT_DRIVE_LETTER] = volume_decide_next_drive_letter,
	[OP_AUTO_DL_ASSIGNMENTS] = volume_decide_auto_dl_assignments,
	[OP_KEEP_LINKS_WHEN_OFFLINE] = volume_decide_keep_links,
	[OP_VOLUME_ARRIVAL_NOTIFICATION] = volume_decide_arrival,
	[OP_VOLUME_REMOVAL_NOTIFICATION] = volume_decide_removal,
	[OP_QUERY_DOS_VOLUME_PATH] = volume_decide_query_paths,
	[OP_QUERY_DOS_VOLUME_PATHS] = volume_decide_query_paths,
	[OP_SCRUB_REGISTRY] = forgetting_decide_scrub,
	[OP_FORGET] = forgetting_decide_forget,
	[OP_NO_DRIVE_LETTER] = volume_decide_no_drive_letter,
	[OP_CLAIM_UNIQUE_ID] = claiming_decide,
	[OP_UNIQUE_ID_CHANGED] = id_change_decide,
	[OP_PREPARE_VOLUME_DELETE] = deletion_decide_mark,
	[OP_CANCEL_VOLUME_DELETE] = deletion_decide_mark,
	[OP_CLUSTER_JOIN] = joining_decide,
	[OP_AUTO_MOUNT] = volume_decide_auto_mount,
	[OP_REMEMBER] = saved_decide_volume,
	[OP_REMEMBER_MOUNT_POINT] = saved_decide_mount_point,
	[OP_CHANGE_NOTIFY] = decide_nothing,
	[OP_CHECK_UNPROCESSED_VOLUMES] = decide_nothing,
	[OP_SETTLE] = decide_nothing,
};

int dispatch_decide(const struct manager *manager, const struct manager_env *env,
	const struct request *request, struct change *change, struct reply *reply,
	struct strbuf *why)
{
	struct decision decision = { manager, env, request, change, reply, why };
	int (*decide)(struct decision * decision) = rules[request->operation->kind];

	if (!decide)
		return decision_fail(&decision, -EINVAL, "this operation takes no requests");
	return decide(&decision);
}
