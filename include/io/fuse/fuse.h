/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/kept.h"
#include "base/strbuf.h"
#include "core/model/budget.h"
#include "core/syntax/wire.h"
#include "core/views/error_log.h"
#include "core/views/event_stream.h"
#include "core/views/tree.h"
#include "io/fuse/teller.h"

/*
 * The mount. Reads are answered here, from the tree and the state; whatever may change something
 * becomes a job, goes through the daemon's one door, and comes back to fuse_finish().
 */
struct fuse_server;

struct fuse_options {
	const char *mountpoint;
	int descriptor;	    /* of what serves: /dev/fuse, of a mount that is there */
	const char *source; /* first column of /proc/mounts */
	const char *mount;  /* "-o" options for libfuse, comma-separated, or NULL */
	bool is_cached;	    /* kernel caching: cache=on */
	bool is_root;	    /* everybody may use the mount, not only who made it */
	bool is_debugging;
	uint32_t uid; /* owner of what changes something */
	uint32_t gid;
	uint32_t mode;
	uint32_t max_read; /* bytes of one read, or 0 */
};

/* One line of what a client wrote. */
struct job_line {
	char *text;
	size_t end;		/* bytes of the write up to and with this line */
	struct request request; /* unless `error` */
	size_t number;		/* in its batch, from 1; 0: it is not in one */
	int error;		/* of parsing */
	char *why;		/* a sentence, with `error` */
};

/*
 * What a client asks for with one write(2), ln, rm or mv. The daemon decides the lines in order
 * and sets `done`, `error`, `reply` and `why`.
 */
struct fuse_job {
	struct fuse_job *next;
	const struct operation *operation;
	struct job_line *lines;
	size_t count;
	bool is_whole;	/* all lines happen, or none */
	bool is_trial;	/* … and none does: it is told what would come of them */
	bool may_share; /* one transaction with others like it */
	bool is_unread; /* who has written it cannot read what it replies */
	uint32_t uid;
	uint32_t pid;
	char command[17];

	uint64_t number;    /* of the request; 0: it is over */
	bool was_begun;	    /* its next line, by an earlier process: maybe on a hosting volume */
	uint32_t outcome;   /* record of what becomes of it, or 0: see kept_outcomes.h */
	unsigned int races; /* that it has lost, see store_take_result() */
	size_t done;	    /* lines that happened */
	size_t failed;	    /* the line that did not, with `error` */
	int error;	    /* negative errno of the line after those, or of the whole; 0 */
	struct reply reply;
	const struct wire_code *code; /* of MountPointManager, else NULL */
	size_t room; /* … bytes for the output: what needs more does not happen */
	struct strbuf output;
	struct strbuf why; /* a sentence, with `error` */

	struct fuse_client *client; /* private: who waits for it */
};

struct fuse_backend {
	void *data;
	struct kept *kept; /* what another server could go on from; fuse_stop() frees it */
	void *spare;	   /* for requests_set_spare() */
	struct teller *tellers[TELLERS];
	const struct manager *manager;
	struct event_stream *stream; /* what readers of `events` get */
	struct tree *tree;
	/* Takes the job in; it comes back through fuse_finish(), maybe before this returns. */
	void (*submit)(void *data, struct fuse_job *job);
	/* Takes a job that waits back, so that nothing of it happens. False: it is past that. */
	bool (*cancel)(void *data, struct fuse_job *job);
	struct budget *budget; /* of what clients hold */
	/* A request is refused before it was a job: for the log, without its time. */
	void (*refuse)(void *data, const struct failure *failure);
	struct kept_failures *failures; /* or NULL: the log ends with the process */
	/*
	 * Text of a control file that is read without a request, of `metrics`, or of a file of a
	 * volume that volume_file::is_live.
	 */
	void (*render)(void *data, const struct node *node, struct strbuf *ret_text);
	/* When fuse_handle_time() is to be called, µs of the monotonic clock; 0: not at all. */
	void (*set_timer)(void *data, uint64_t at);
};

/* Whether /dev/fuse is there and can be used. On error a negative errno and a sentence in `why`. */
int fuse_check_device(const char *mountpoint, struct strbuf *why);
/*
 * Serves options->descriptor, and takes it over, whatever happens. On error a negative errno and a
 * sentence in `why`.
 */
int fuse_start(const struct fuse_options *options, const struct fuse_backend *backend,
	struct fuse_server **ret_server, struct strbuf *why);
/*
 * Goes on from where an earlier server of the mount has ended: makes the kernel ask anew for what
 * it remembers, and serves what that one has left. If that has not come to the kernel's greeting,
 * there is nothing to be done.
 */
void fuse_take_over(struct fuse_server *server);
/*
 * The part of it that is about open files. Jobs whose writes have returned are submitted again, and
 * who polls is woken. Of what is damaged the kernel gets ESTALE: returns how many files those are.
 */
size_t fuse_files_take_over(struct fuse_server *server);
/* From now on nobody waits: reads that would, and do, fail with ENODEV. */
void fuse_end_waits(struct fuse_server *server);
/* Whether everything that fuse_finish() was given has reached the kernel. */
bool fuse_is_idle(const struct fuse_server *server);
/*
 * Some who are to be woken may have to wait for another turn of the main loop: when that is to end
 * if it need not before `limit` (0: at no time), and wakes them, or the next of them. NULL: nobody.
 */
uint64_t fuse_limit_turn(const struct fuse_server *server, uint64_t limit);
void fuse_handle_turn(struct fuse_server *server);
/* Lets nobody wait any more for what a client holds up in the kernel. */
void fuse_handle_time(struct fuse_server *server, uint64_t now);
/*
 * Closes the descriptor and frees, once fuse_is_idle(). False: a client holds a thread up, which
 * ends when that lets go. NULL is fine.
 */
bool fuse_stop(struct fuse_server *server);

int fuse_get_fd(const struct fuse_server *server);
/* Serves what is there, a bounded number of requests. -ENODEV: it was unmounted. */
int fuse_handle(struct fuse_server *server);
/* Whether the kernel has greeted: from then on the mount answers as configured. */
bool fuse_is_ready(const struct fuse_server *server);
/*
 * Texts of megabytes are asked for in requests as large as there can be, with the next under way,
 * if the kernel may read ahead as much; by itself it gives a FUSE mount 128 KiB. `number` is the
 * st_dev of the mount. Nothing is lost where this cannot be set.
 */
void fuse_extend_read_ahead(uint64_t number);

/* Whether anybody has `events` open, or may have it from an earlier server. */
bool fuse_has_listeners(const struct fuse_server *server);
/* Counts what readers of `points` can see change. */
uint64_t fuse_get_generation(const struct fuse_server *server);
const char *fuse_get_version(void);
