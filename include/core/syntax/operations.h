/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"

enum operation_kind {
	OP_CREATE_POINT,
	OP_DELETE_POINTS,
	OP_DELETE_POINTS_DBONLY,
	OP_QUERY_POINTS,
	OP_CHANGE_NOTIFY,
	OP_NEXT_DRIVE_LETTER,
	OP_AUTO_DL_ASSIGNMENTS,
	OP_KEEP_LINKS_WHEN_OFFLINE,
	OP_CHECK_UNPROCESSED_VOLUMES,
	OP_VOLUME_ARRIVAL_NOTIFICATION,
	OP_VOLUME_REMOVAL_NOTIFICATION,
	OP_QUERY_DOS_VOLUME_PATH,
	OP_QUERY_DOS_VOLUME_PATHS,
	OP_SCRUB_REGISTRY,
	OP_AUTO_MOUNT,
	OP_UNIQUE_ID_CHANGED,
	OP_CLAIM_UNIQUE_ID,
	OP_VOLUME_MOUNT_POINT_CREATED,
	OP_VOLUME_MOUNT_POINT_DELETED,
	OP_PREPARE_VOLUME_DELETE,
	OP_CANCEL_VOLUME_DELETE,
	OP_NO_DRIVE_LETTER,
	OP_FORGET,
	OP_DATABASE,
	OP_BATCH,
	OP_EPIC_NUMBER,
	OP_UNPROCESSED,
	OP_SETTLE,
	OP_ERROR_LOG,
	OP_VERSION,
	OP_SERVER_PID,
	OP_CLUSTER,
	OP_CLUSTER_FORGET,
	OP_CLUSTER_JOIN,
	OP_REMEMBER,		 /* a line of control/database: what is known of a volume */
	OP_REMEMBER_MOUNT_POINT, /* … and of a mount point */
	OP_RENAME,		 /* mv in the tree: has no control file */
	OP_QUERY_VOLUME,	 /* what a volume says of itself: in the binary interface only */
	OPERATION_KINDS,
};

/* Parts of a request. */
enum request_key {
	KEY_LINK,      /* link=   a link in any spelling */
	KEY_ID,	       /* id=     a unique ID */
	KEY_DEVICE,    /* device= anything that identifies a volume */
	KEY_ALL,       /* all=1 */
	KEY_EPIC,      /* epic=   a number of changes */
	KEY_KEEP,      /* keep=   0 or 1 */
	KEY_STATE,     /* state=  on or off */
	KEY_SOURCE,    /* source= the absolute path of a directory */
	KEY_TARGET,    /* target= anything that identifies a volume */
	KEY_OPTIONS,   /* options= for mounting it */
	KEY_SUGGESTED, /* suggested= a link for a volume that has none */
	KEY_UNNAMED,   /* unnamed= a number of days */
	KEY_ABSENT,    /* absent= ok */
	KEY_FOUND,     /* found=1 nobody here has asked for it */
	KEY_SEEN,      /* seen=   µs since 1970 */
	KEY_NODE,      /* node=   where a volume was last */
	KEY_SIZE,      /* size=   bytes */
	KEY_START,     /* start=  bytes */
	KEY_PARTUUID,  /* partuuid= and so on: its other identities */
	KEY_DM_UUID,
	KEY_MD_UUID,
	KEY_WWN,
	KEY_SERIAL,
	KEY_ATTACHMENT, /* attachment= how its device was attached */
	KEY_HOST,	/* host=   another machine */
	KEY_TRY,	/* try=1 says only whether it could be done */
	KEYS,
};

#define KEY_BIT(key) (1u << (key))

enum operation_flag {
	OPERATION_CHANGES = 1, /* changes something: permissions of the mount's uid, gid and mode */
	OPERATION_TAKES = 2,   /* takes requests by write */
	OPERATION_ANY_LINE = 4,	  /* the line says nothing: "1" will do */
	OPERATION_SHOWS = 8,	  /* has something to read without a request */
	OPERATION_WAITS = 16,	  /* is over when discovery has dealt with some or all devices */
	OPERATION_BATCHES = 32,	  /* may stand in a batch */
	OPERATION_HOSTS = 64,	  /* is decided when a hosting volume has been looked at */
	OPERATION_COLLECTS = 128, /* collects the lines of a batch */
};

#define OPERATION_FLAGS 8 /* how many there are */

/* One operation: one row here, one file in control/, one section in the manual page. */
struct operation {
	enum operation_kind kind;
	const char *name; /* of the control file, or of its lines; NULL for those without either */
	unsigned int flags;
	unsigned int keys;   /* KEY_BITs that may be given */
	unsigned int needs;  /* KEY_BITs that must be given */
	unsigned int one_of; /* KEY_BITs of which at least one must be given, or none */
	const char *usage;   /* "link=LINK device=VOLUME" */
	const char *help;    /* a sentence */
	const char *errors;  /* "EEXIST ENOENT": beside the common ones; NULL: none */
};

extern const struct operation operations[];
extern const size_t operation_count;
extern const struct operation operation_rename;
/* What any of them may fail with, or a command in its place: ln, rm, mv. */
extern const char operation_common_errors[];
extern const char *const request_key_names[KEYS];
extern const char *const operation_flag_names[OPERATION_FLAGS]; /* by the number of their bit */

const struct operation *operation_find(enum operation_kind kind);
const struct operation *operation_find_name(const char *name);
/* The same of what may stand in control/database: that is more than has a file. */
const struct operation *operation_find_saved(const char *name);
/* Its name for people, who need not know that it has no control file. */
const char *operation_get_title(const struct operation *operation);
/* The line that a control file shows when it is read without a request. */
void operation_format_usage(const struct operation *operation, struct strbuf *ret_text);
