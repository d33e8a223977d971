/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "io/fuse/fuse.h"
#include "io/fuse/notify.h"

/* Jobs, and the clients that wait for them. Part of io/fuse. */

struct open_file;

/* Who waits for a job. */
struct fuse_client {
	fuse_req_t req;
	struct open_file *file;	   /* of a write, else NULL */
	size_t size;		   /* bytes of the write that are dealt with if all goes well */
	size_t carried;		   /* bytes of its first line that came with an earlier write */
	uint64_t offset;	   /* of the write */
	uint64_t charged;	   /* bytes of it and its lines, to who has opened the file */
	bool is_waiting;	   /* and a wait */
	bool has_file;		   /* its write is one of those under way there */
	bool is_loose;		   /* `req` is over: the result is for who reads the file */
	bool can_interrupt;	   /* a signal ends it */
	bool is_full;		   /* the write had more lines than one may have */
	struct mmfs_record record; /* of MountPointManager */
	uint32_t epic;		   /* … the number that it knows */
	size_t carrier;		   /* … bytes that the ioctl has room for; 0: it was written */
	uint64_t folder;	   /* inode that the client holds locked: ln, rm, mv */
	char *name;		   /* ln: the entry to answer with */
};

/* Hands a job to the daemon. From then on a signal ends one that waits. */
void fuse_job_submit(struct fuse_job *job);
/* The write of a job is over: what it has made of its file counts with the next answer. */
void fuse_job_leave_file(struct fuse_job *job);
/* A job that was not submitted, or is over. */
void fuse_job_free(struct fuse_job *job);
/* Nobody is there any more for what the job of a file would reply. */
void fuse_job_drop(struct open_file *file);
/* A job without a line yet, of who sent `req`; it owns its client. */
struct fuse_job *fuse_job_new(fuse_req_t req, const struct operation *operation);
/* The job of a write that had returned in an earlier process, from its lines. */
struct fuse_job *fuse_job_restore(struct open_file *file, uint64_t number,
	const struct fuse_ctx *context, const struct strbuf *lines);
/*
 * Whether somebody else has changed something a moment ago, between two writes to that open control
 * file, and may wait for the job the next time. Who comes after others are done has the files for
 * himself.
 */
bool fuse_job_has_company(const struct fuse_job *job);
/* Charges a job to who has opened the file, with all that was written: it is kept until the end. */
void fuse_job_charge(struct fuse_job *job, size_t given);
/* Parses a line, which ends at byte `end` of its write. A fault is of that line alone. */
void fuse_job_add_line(struct fuse_job *job, const char *text, size_t len, size_t end);
/* A line about another operation than the job's. */
void fuse_job_add_line_of(
	struct fuse_job *job, const struct operation *operation, const char *text, size_t len);
/* A line that is a request already; takes what is in it, and `text`. */
void fuse_job_add_request(struct fuse_job *job, struct request *request, char *text);
/* A line that failed before it became a request; takes `text` and `why`. */
void fuse_job_add_fault(struct fuse_job *job, char *text, int error, char *why);
