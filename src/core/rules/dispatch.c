/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From an operation to its rule.
 */

#include <errno.h>

#include "core/rules/decision.h"
#include "core/rules/deletion.h"
#include "core/rules/dispatch.h"
#include "core/rules/forgetting.h"
#include "core/rules/id_change.h"
#include "core/rules/links.h"
#include "core/rules/volume.h"

int dispatch_decide(const struct manager *manager, const struct manager_env *env,
	const struct request *request, struct change *change, struct reply *reply,
	struct strbuf *why)
{
	struct decision decision = { manager, env, request, change, reply, why };

	switch (request->operation->kind) {
	case OP_CREATE_POINT:
		return links_decide_create_point(&decision);
	case OP_DELETE_POINTS:
	case OP_DELETE_POINTS_DBONLY:
		return links_decide_delete_points(&decision);
	case OP_QUERY_POINTS:
		return links_decide_query_points(&decision);
	case OP_QUERY_VOLUME:
		return volume_decide_query(&decision);
	case OP_RENAME:
		return links_decide_rename(&decision);
	case OP_NEXT_DRIVE_LETTER:
		return volume_decide_next_drive_letter(&decision);
	case OP_AUTO_DL_ASSIGNMENTS:
		return volume_decide_auto_dl_assignments(&decision);
	case OP_KEEP_LINKS_WHEN_OFFLINE:
		return volume_decide_keep_links(&decision);
	case OP_VOLUME_ARRIVAL_NOTIFICATION:
		return volume_decide_arrival(&decision);
	case OP_VOLUME_REMOVAL_NOTIFICATION:
		return volume_decide_removal(&decision);
	case OP_QUERY_DOS_VOLUME_PATH:
		return volume_decide_query_paths(&decision, true);
	case OP_QUERY_DOS_VOLUME_PATHS:
		return volume_decide_query_paths(&decision, false);
	case OP_SCRUB_REGISTRY:
		return forgetting_decide_scrub(&decision);
	case OP_FORGET:
		return forgetting_decide_forget(&decision);
	case OP_NO_DRIVE_LETTER:
		return volume_decide_no_drive_letter(&decision);
	case OP_UNIQUE_ID_CHANGED:
		return id_change_decide(&decision);
	case OP_PREPARE_VOLUME_DELETE:
		return deletion_decide_mark(&decision, true);
	case OP_CANCEL_VOLUME_DELETE:
		return deletion_decide_mark(&decision, false);
	case OP_AUTO_MOUNT:
		return volume_decide_auto_mount(&decision);
	case OP_CHANGE_NOTIFY: /* concerns the open file alone */
	case OP_CHECK_UNPROCESSED_VOLUMES:
	case OP_SETTLE:
		return 0;
	case OP_VOLUME_MOUNT_POINT_CREATED:
	case OP_VOLUME_MOUNT_POINT_DELETED: /* reconcile_decide() */
	case OP_BATCH:
	case OP_DATABASE:
	case OP_EPIC_NUMBER:
	case OP_UNPROCESSED:
	case OP_ERROR_LOG:
	case OP_VERSION:
		break;
	}
	return decision_fail(&decision, -EINVAL, "this operation takes no requests");
}
