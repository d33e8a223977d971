/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"

/* Open files in memory that can outlive the process. Part of io/fuse. */

struct blob;
struct fuse_server;
struct open_file;

/* Texts of an open file. Each is in as many records as it was added to. */
enum kept_part {
	PART_REPLY,
	PART_PENDING,
	PART_BATCH, /* grows, up to megabytes: only what is new is written */
	PART_EVENT, /* the line of `events` of which a part was read */
	PART_JOB,   /* lines of a job whose write has returned */
	PART_KINDS,
};

/* A record of a part. */
struct kept_piece {
	uint32_t record;
	uint32_t len; /* bytes of the text */
	enum kept_part part;
};

/* What is noted of an open file. */
struct kept_note {
	uint32_t record; /* of the rest; 0: nothing is noted */
	struct kept_piece *pieces;
	size_t piece_count;
	struct blob *blob; /* the text that it means there */
};

/* The text of a part, or NULL. A job's is made in `room`. */
const struct strbuf *kept_files_get_part(
	const struct open_file *file, enum kept_part part, struct strbuf *room);
/* From here on it may be another than what is noted of it. */
void kept_files_touch(struct open_file *file);
/* It is not, or does not matter. */
void kept_files_untouch(struct open_file *file);
/*
 * Notes what has changed of all files that were touched, for the next commit, but for those with a
 * write under way: that is served again, and has to find what it has found.
 */
void kept_files_flush(struct fuse_server *server);
/* Removes what is noted. */
void kept_files_remove(struct open_file *file);
