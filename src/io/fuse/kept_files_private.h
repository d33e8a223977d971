/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Records of open files: for who writes and who reads them. */

#include "base/base.h"
#include "io/fuse/kept_files.h"

enum { FLAG_REPLY = 1, FLAG_ANCHORED = 2, FLAG_CUT = 4 };

/* An open file. */
struct kept_file {
	uint64_t ino;	      /* of its node */
	uint64_t written_ino; /* control_file::written_ino */
	uint64_t blob;	      /* number of the text that it shows, or 0 */
	uint64_t anchor, write_end, short_begin, short_end;
	uint64_t given;	  /* of change_notify */
	uint64_t next;	  /* line of `events` */
	uint64_t at;	  /* how much of the last one was read */
	uint64_t tickets; /* of MountPointManager */
	uint64_t poll;	  /* the kernel's handle of who polls, or 0 */
	uint64_t job;	  /* request of a job whose write has returned, or 0 */
	uint32_t job_uid, job_pid;
	uint32_t uid, epic, access, kind, flags, rests;
	int32_t error, batch_error;
	uint64_t lens[PART_KINDS];
};

/* A part of it, or an answer of MountPointManager; its bytes follow. */
struct kept_piece_head {
	uint32_t part; /* PART_KINDS: the answer */
	uint32_t reserved;
	uint64_t at; /* in the text; of an answer its ticket */
};

/* A text that open files show; its bytes follow, or the numbers of its sheets (uint64_t). */
struct kept_text {
	uint64_t generation;
	uint32_t is_view;
	uint32_t view;
};

#define KEPT_PIECE_MAX (64u << 20) /* bytes in one record */
