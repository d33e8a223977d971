/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operations.
 *
 * The table below is the only list of them: it makes the control files, their usage lines and the
 * output of `mmfs --operations`, against which a test holds the manual page. The tests of
 * requests hold each failure against the errors that it lists.
 */

#include <string.h>

#include "core/syntax/operations.h"

#define TRIPLE (KEY_BIT(KEY_LINK) | KEY_BIT(KEY_ID) | KEY_BIT(KEY_DEVICE))
#define CHANGES (OPERATION_CHANGES | OPERATION_TAKES)
#define SOME_POINTS "[link=LINK] [id=ID] [device=VOLUME] | all=1"

const struct operation operations[] = {
	{ OP_CREATE_POINT, "create_point", CHANGES | OPERATION_BATCHES,
		TRIPLE | KEY_BIT(KEY_ABSENT), KEY_BIT(KEY_LINK),
		KEY_BIT(KEY_ID) | KEY_BIT(KEY_DEVICE),
		"link=LINK device=VOLUME | link=LINK id=ID absent=ok",
		"Gives a volume one more link.", "EEXIST ENOENT" },
	{ OP_DELETE_POINTS, "delete_points", CHANGES | OPERATION_BATCHES, TRIPLE | KEY_BIT(KEY_ALL),
		0, TRIPLE | KEY_BIT(KEY_ALL), SOME_POINTS,
		"Deletes the links that match all that is given, and replies with them.",
		"ENOENT" },
	{ OP_DELETE_POINTS_DBONLY, "delete_points_dbonly", CHANGES | OPERATION_BATCHES,
		TRIPLE | KEY_BIT(KEY_ALL), 0, TRIPLE | KEY_BIT(KEY_ALL), SOME_POINTS,
		"Deletes them from the database; they show until their volume goes.", "ENOENT" },
	{ OP_QUERY_POINTS, "query_points", OPERATION_TAKES | OPERATION_SHOWS, TRIPLE, 0, 0,
		"[link=LINK] [id=ID] [device=VOLUME]",
		"Replies with the triples that match all that is given.", "ENOENT" },
	{ OP_CHANGE_NOTIFY, "change_notify", OPERATION_TAKES | OPERATION_SHOWS, KEY_BIT(KEY_EPIC),
		KEY_BIT(KEY_EPIC), 0, "epic=NUMBER",
		"Reading waits until the epic number is another than the reader knows.",
		"EAGAIN EINTR" },
	{ OP_NEXT_DRIVE_LETTER, "next_drive_letter", CHANGES | OPERATION_BATCHES, TRIPLE, 0, TRIPLE,
		"device=VOLUME", "Gives a volume a drive letter, and replies with it.", "ENOENT" },
	{ OP_AUTO_DL_ASSIGNMENTS, "auto_dl_assignments", CHANGES | OPERATION_ANY_LINE, 0, 0, 0, "1",
		"Gives drive letters to all volumes, and from then on to those that arrive." },
	{ OP_KEEP_LINKS_WHEN_OFFLINE, "keep_links_when_offline", CHANGES | OPERATION_BATCHES,
		TRIPLE | KEY_BIT(KEY_KEEP) | KEY_BIT(KEY_ABSENT), 0, TRIPLE,
		"device=VOLUME [keep=0]",
		"Keeps the links of a volume while it is absent; with keep=0 no longer.",
		"EEXIST ENOENT" },
	{ OP_CHECK_UNPROCESSED_VOLUMES, "check_unprocessed_volumes",
		CHANGES | OPERATION_ANY_LINE | OPERATION_WAITS, 0, 0, 0, "1",
		"Looks once more at every device that has no unique ID.", "EAGAIN EINTR" },
	{ OP_VOLUME_ARRIVAL_NOTIFICATION, "volume_arrival_notification", CHANGES | OPERATION_WAITS,
		KEY_BIT(KEY_DEVICE) | KEY_BIT(KEY_ID) | KEY_BIT(KEY_SUGGESTED), KEY_BIT(KEY_DEVICE),
		0, "device=DEVICE [id=ID] [suggested=LINK]",
		"Looks at a device now, or takes a mounted filesystem for a volume.",
		"EAGAIN EEXIST EINTR ENOENT" },
	{ OP_VOLUME_REMOVAL_NOTIFICATION, "volume_removal_notification", CHANGES,
		KEY_BIT(KEY_DEVICE), KEY_BIT(KEY_DEVICE), 0, "device=DEVICE",
		"Takes a device for gone until its next event.", "ENOENT" },
	{ OP_QUERY_DOS_VOLUME_PATH, "query_dos_volume_path", OPERATION_TAKES, TRIPLE, 0, TRIPLE,
		"device=VOLUME", "Replies with the path that a volume is best known by.",
		"ENOENT" },
	{ OP_QUERY_DOS_VOLUME_PATHS, "query_dos_volume_paths", OPERATION_TAKES, TRIPLE, 0, TRIPLE,
		"device=VOLUME", "Replies with a volume's drive letter and mount points.",
		"ENOENT" },
	{ OP_SCRUB_REGISTRY, "scrub_registry", CHANGES | OPERATION_ANY_LINE, 0, 0, 0, "1",
		"Forgets every volume that is neither present nor kept." },
	{ OP_AUTO_MOUNT, "auto_mount", CHANGES | OPERATION_SHOWS | OPERATION_BATCHES,
		KEY_BIT(KEY_STATE), KEY_BIT(KEY_STATE), 0, "on|off",
		"Whether new volumes that are not removable may get a drive letter by "
		"themselves." },
	{ OP_UNIQUE_ID_CHANGED, "unique_id_changed", CHANGES | OPERATION_BATCHES,
		KEY_BIT(KEY_ID) | KEY_BIT(KEY_DEVICE), KEY_BIT(KEY_DEVICE), 0,
		"device=VOLUME [id=OLD-ID]",
		"Gives a volume the names of the one that was on its partition before.",
		"EEXIST ENOENT" },
	{ OP_CLAIM_UNIQUE_ID, "claim_unique_id", CHANGES, KEY_BIT(KEY_DEVICE), KEY_BIT(KEY_DEVICE),
		0, "device=DEVICE",
		"Makes a device the owner of its unique ID, whichever other device has it now.",
		"EBUSY ENOENT" },
	{ OP_VOLUME_MOUNT_POINT_CREATED, "volume_mount_point_created", CHANGES | OPERATION_HOSTS,
		KEY_BIT(KEY_SOURCE) | KEY_BIT(KEY_TARGET) | KEY_BIT(KEY_OPTIONS),
		KEY_BIT(KEY_SOURCE) | KEY_BIT(KEY_TARGET), 0,
		"source=DIRECTORY target=VOLUME [options=OPTIONS]",
		"Makes a directory a mount point of a volume, which travels with its disk.",
		"EAGAIN EBUSY EEXIST EINTR ELOOP ENOENT ENOTDIR EOPNOTSUPP ESTALE ETIMEDOUT" },
	{ OP_VOLUME_MOUNT_POINT_DELETED, "volume_mount_point_deleted", CHANGES | OPERATION_HOSTS,
		KEY_BIT(KEY_SOURCE) | KEY_BIT(KEY_TARGET), KEY_BIT(KEY_SOURCE), 0,
		"source=DIRECTORY [target=VOLUME]", "Forgets a registered mount point.",
		"EAGAIN EINTR ENOENT EOPNOTSUPP ESTALE ETIMEDOUT" },
	{ OP_PREPARE_VOLUME_DELETE, "prepare_volume_delete", CHANGES, TRIPLE, 0, TRIPLE,
		"device=VOLUME", "Lets all that is known of a volume go with it.", "ENOENT" },
	{ OP_CANCEL_VOLUME_DELETE, "cancel_volume_delete", CHANGES, TRIPLE, 0, TRIPLE,
		"device=VOLUME", "Takes prepare_volume_delete back.", "ENOENT" },
	{ OP_NO_DRIVE_LETTER, "no_drive_letter", CHANGES | OPERATION_BATCHES,
		KEY_BIT(KEY_ID) | KEY_BIT(KEY_DEVICE) | KEY_BIT(KEY_STATE), KEY_BIT(KEY_STATE),
		KEY_BIT(KEY_ID) | KEY_BIT(KEY_DEVICE), "device=VOLUME state=on|off",
		"Says whether a volume wants no drive letter.", "ENOENT" },
	{ OP_FORGET, "forget", CHANGES | OPERATION_BATCHES,
		KEY_BIT(KEY_LINK) | KEY_BIT(KEY_ID) | KEY_BIT(KEY_UNNAMED), 0,
		KEY_BIT(KEY_LINK) | KEY_BIT(KEY_ID) | KEY_BIT(KEY_UNNAMED),
		"id=ID | link=LINK | unnamed=DAYS",
		"Forgets an absent volume, or those without a name that are long gone.",
		"EBUSY ENOENT" },
	{ OP_BATCH, "batch", CHANGES | OPERATION_COLLECTS, 0, 0, 0,
		"OPERATION REQUEST\\n...\\ncommit\\n",
		"Collects requests until the line `commit`: then all of them happen, or none.",
		"EEXIST ENOENT" },
	{ OP_DATABASE, "database", CHANGES | OPERATION_SHOWS | OPERATION_COLLECTS, 0, 0, 0,
		"OPERATION REQUEST\\n...\\ncommit\\n",
		"All that is remembered, as one JSON document; takes long batches.",
		"EEXIST ENOENT" },
	{ OP_EPIC_NUMBER, "epic_number", OPERATION_SHOWS, 0, 0, 0, "(read only)",
		"The number of changes of the database since mmfs was started, from 1." },
	{ OP_UNPROCESSED, "unprocessed", OPERATION_SHOWS, 0, 0, 0, "(read only)",
		"The devices that have no unique ID, and why." },
	{ OP_SETTLE, "settle", OPERATION_TAKES | OPERATION_ANY_LINE | OPERATION_WAITS, 0, 0, 0, "1",
		"Returns once udevd and mmfs have dealt with all events of devices so far.",
		"EAGAIN EINTR" },
	{ OP_ERROR_LOG, "error_log", OPERATION_SHOWS, 0, 0, 0, "(read only)",
		"The last 64 requests that failed, and why." },
	{ OP_VERSION, "version", OPERATION_SHOWS, 0, 0, 0, "(read only)", "The version of mmfs." },
	{ OP_SERVER_PID, "server_pid", OPERATION_SHOWS, 0, 0, 0, "(read only)",
		"The number of the process that serves the tree." },
	{ OP_CLUSTER, "cluster", OPERATION_SHOWS, 0, 0, 0, "(read only)",
		"How it stands with the names that other machines have, too, and who sees what." },
	{ OP_CLUSTER_FORGET, "cluster_forget", CHANGES, KEY_BIT(KEY_HOST), KEY_BIT(KEY_HOST), 0,
		"host=HOST", "Takes a machine that is no more for seeing nothing.",
		"EBUSY ENOENT EOPNOTSUPP" },
	{ OP_CLUSTER_JOIN, "cluster_join", CHANGES,
		KEY_BIT(KEY_ID) | KEY_BIT(KEY_DEVICE) | KEY_BIT(KEY_ALL) | KEY_BIT(KEY_TRY), 0,
		KEY_BIT(KEY_ID) | KEY_BIT(KEY_DEVICE) | KEY_BIT(KEY_ALL),
		"device=VOLUME [try=1] | all=1",
		"Shares the names of a volume that this machine had for itself.",
		"EEXIST ENOENT EOPNOTSUPP" },
};

const size_t operation_count = ARRAY_SIZE(operations);

const struct operation operation_rename = {
	.kind = OP_RENAME,
	.flags = OPERATION_CHANGES,
	.errors = "EEXIST ENAMETOOLONG ENOENT",
};

static const struct operation operation_query_volume = {
	.kind = OP_QUERY_VOLUME,
	.keys = KEY_BIT(KEY_DEVICE),
	.needs = KEY_BIT(KEY_DEVICE),
	.errors = "ENOENT",
};

#define IDENTITIES                                                                                \
	(KEY_BIT(KEY_PARTUUID) | KEY_BIT(KEY_DM_UUID) | KEY_BIT(KEY_MD_UUID) | KEY_BIT(KEY_WWN) | \
		KEY_BIT(KEY_SERIAL) | KEY_BIT(KEY_ATTACHMENT))

/*
 * They are for programs that bring back what was saved, and are in mmfs-control(7) with
 * `database`.
 */
static const struct operation saved[] = {
	{
		.kind = OP_REMEMBER,
		.name = "remember",
		.flags = CHANGES | OPERATION_BATCHES,
		.keys = KEY_BIT(KEY_ID) | KEY_BIT(KEY_STATE) | KEY_BIT(KEY_KEEP) |
			KEY_BIT(KEY_SEEN) | KEY_BIT(KEY_NODE) | KEY_BIT(KEY_SIZE) |
			KEY_BIT(KEY_START) | IDENTITIES,
		.needs = KEY_BIT(KEY_ID),
	},
	{
		.kind = OP_REMEMBER_MOUNT_POINT,
		.name = "remember_mount_point",
		.flags = CHANGES | OPERATION_BATCHES,
		.keys = KEY_BIT(KEY_ID) | KEY_BIT(KEY_SOURCE) | KEY_BIT(KEY_LINK) |
			KEY_BIT(KEY_OPTIONS) | KEY_BIT(KEY_FOUND),
		.needs = KEY_BIT(KEY_ID) | KEY_BIT(KEY_SOURCE),
		.errors = "ENOENT",
	},
};

const char operation_common_errors[] =
	"EACCES EAGAIN EINVAL EIO EMFILE EMSGSIZE ENOBUFS ENODEV ENOSPC ENOTCONN EPERM EROFS "
	"ETIMEDOUT";

const char *const request_key_names[KEYS] = {
	[KEY_LINK] = "link",
	[KEY_ID] = "id",
	[KEY_DEVICE] = "device",
	[KEY_ALL] = "all",
	[KEY_EPIC] = "epic",
	[KEY_KEEP] = "keep",
	[KEY_STATE] = "state",
	[KEY_SOURCE] = "source",
	[KEY_TARGET] = "target",
	[KEY_OPTIONS] = "options",
	[KEY_SUGGESTED] = "suggested",
	[KEY_UNNAMED] = "unnamed",
	[KEY_ABSENT] = "absent",
	[KEY_FOUND] = "found",
	[KEY_SEEN] = "seen",
	[KEY_NODE] = "node",
	[KEY_SIZE] = "size",
	[KEY_START] = "start",
	[KEY_PARTUUID] = "partuuid",
	[KEY_DM_UUID] = "dmuuid",
	[KEY_MD_UUID] = "mduuid",
	[KEY_WWN] = "wwn",
	[KEY_SERIAL] = "serial",
	[KEY_ATTACHMENT] = "attachment",
	[KEY_HOST] = "host",
	[KEY_TRY] = "try",
};

const char *const operation_flag_names[OPERATION_FLAGS] = { "changes", "takes", "any-line", "shows",
	"waits", "batches", "hosts", "collects" };

const struct operation *operation_find(enum operation_kind kind)
{
	for (size_t i = 0; i < operation_count; i++)
		if (operations[i].kind == kind)
			return &operations[i];
	for (size_t i = 0; i < ARRAY_SIZE(saved); i++)
		if (saved[i].kind == kind)
			return &saved[i];
	return kind == OP_QUERY_VOLUME ? &operation_query_volume : &operation_rename;
}

const char *operation_get_title(const struct operation *operation)
{
	if (operation->name)
		return operation->name;
	return operation->kind == OP_QUERY_VOLUME ? "query_volume" : "rename";
}

const struct operation *operation_find_name(const char *name)
{
	for (size_t i = 0; i < operation_count; i++)
		if (strcmp(operations[i].name, name) == 0)
			return &operations[i];
	return NULL;
}

const struct operation *operation_find_saved(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(saved); i++)
		if (strcmp(saved[i].name, name) == 0)
			return &saved[i];
	return operation_find_name(name);
}

void operation_format_usage(const struct operation *operation, struct strbuf *ret_text)
{
	const char *command = operation->flags & OPERATION_COLLECTS ? "printf" : "echo";

	strbuf_add_format(ret_text, "usage: %s '%s' > control/%s    %s\n", command,
		operation->usage, operation->name, operation->help);
}
