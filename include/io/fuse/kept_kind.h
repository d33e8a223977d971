/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Kinds of records in memory that can outlive the process; their numbers are part of its layout. */
enum kept_kind {
	KEPT_SLOT = 1, /* the request that was read last; empty while its length is 0 */
	KEPT_OUTBOX,   /* the answer that is being written; likewise */
	KEPT_GREETING, /* FUSE_INIT */
	KEPT_REQUEST,  /* a request without an answer so far; its number is the record's ID */
	KEPT_ANSWER,   /* an answer for a notify thread to send; ID: number of its request */
	KEPT_TREE,     /* how often the views of the tree have changed */
	KEPT_NODE,     /* a node that the kernel was told of; ID: inode number */
	KEPT_LINE,     /* a line of `events`; ID: its number */
	KEPT_STATE,    /* what goes on in another process as it was */
	KEPT_CHANGE,   /* a commit; ID: its number */
	KEPT_VOLUME,   /* what readers of `events` were told of a volume */
	KEPT_DEVICE,   /* … of a device that does not show */
	KEPT_OUTCOME,  /* what becomes of a request with a commit; ID: number of the request */
	KEPT_NUMBERS,  /* up to which numbers may be taken: see kept_numbers.h */
	KEPT_FILE,     /* an open file; ID: its number */
	KEPT_PIECE,    /* a part of its texts; ID: the same */
	KEPT_TEXT,     /* a text that open files show; ID: its number */
	KEPT_CLUSTER,  /* what was under way with the engine of all hosts */
	KEPT_FAILURE,  /* a failed request, in the log of these; ID: its number */
	KEPT_AHEAD,    /* as KEPT_ANSWER, for who holds the lock of a folder until it is sent */
	KEPT_FLOOR,    /* numbers of nodes begin here, after damage */
	KEPT_SHEET,    /* a part of long texts; ID: its number */
	KEPT_SHEETS,   /* as KEPT_TEXT, for a text that is made of these */
	KEPT_KNOWN,    /* what a device that is here is known to be */
	KEPT_ATTEMPT,  /* what was made of a registered mount point */
};
