/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"
#include "core/model/mounts.h"
#include "core/syntax/replica.h"
#include "core/syntax/request.h"

/* Times are in µs of a clock that never goes back, and parameters: `now`. */
#define HOST_PATIENCE 5000000u /* after that, nobody waits for a host to settle */
#define HOST_LIMIT 15000000u   /* and after that, no request is kept waiting for it */
#define HOST_REST 250000u /* before a new mount is looked at: umount(8) must not find it busy */
#define HOST_RETRY_FIRST 5000000u	    /* after a reconciliation that failed; doubles … */
#define HOST_RETRY_MAX UINT64_C(3600000000) /* … up to this */
#define HOST_WRITES_MAX 8		    /* for one request, while the state keeps changing */

/* A request about a mount point, while it is under way: part of what its owner knows of it. */
struct host_request {
	struct host_request *next; /* host::first */
	struct request *request;
};

/*
 * What is done on a hosting volume by who may wait for it: look at its file and directories, or
 * write it.
 */
struct host_visit {
	void *host; /* whose it is; nothing for who does it */
	char *mount_path;
	int mount_id;
	uint64_t number; /* st_dev of the root, 0: any */
	bool uses_file;

	struct replica places; /* directories to look at: their errors are filled in */
	bool is_write;
	bool has_file;	      /* read: there was one; to write: there shall be one */
	struct strbuf text;   /* of the file */
	struct strbuf before; /* to write: what it was, if it was */
	bool had_file;
	struct replica file; /* as read, with errors of the look for its directories */
	char *damaged;	     /* what was wrong with the file that was set aside, a sentence */

	int error;
	struct strbuf why;
};

void host_visit_free(struct host_visit *visit);
DEFINE_CLEANUP(struct host_visit, host_visit_free)

/* What hosts ask of the world. None of these may call back, but for `reply`: hosts_submit(). */
struct host_world {
	/* Takes the visit over; it comes back through hosts_take(), at some time, or never. */
	void (*visit)(void *data, struct host_visit *visit);
	/* The request is over: 0, or a negative errno and a sentence. */
	void (*reply)(void *data, struct host_request *request, int error, const char *why);
	/* Something went wrong that nobody asked for. */
	void (*report)(void *data, const char *what, int error, const char *why);
	/* Who asks, NULL: nobody; and finds the device that the request names. */
	struct manager_env (*prepare)(void *data, struct host_request *request);
	/* When hosts_handle_time() is to be called; 0: not at all. */
	void (*set_timer)(void *data, uint64_t at);
	void *data;
};

enum host_step {
	HOST_IDLE,
	HOST_READING,
	HOST_READY, /* to be decided when it is its turn */
	HOST_WRITING,
	HOST_COMMITTING,
	HOST_RESTORING,
};

/* One hosting volume. All of it is the machine's; hosts.c keeps the list. */
struct host {
	struct host *next; /* hosts::list */
	const struct host_world *world;
	const struct manager *manager;
	char *id;

	int mount_id; /* of the mount that it was, or is being, reconciled by; 0: none */
	bool must_reconcile;
	bool is_retry;			    /* … once more: nobody waits for that */
	uint64_t look_at;		    /* not before */
	uint64_t pause;			    /* after the next failure; 0: the first */
	bool is_incomplete;		    /* it tells of volumes that are not here */
	uint64_t refused;		    /* hash of what was refused last */
	uint64_t reported;		    /* hash of the failure that was reported last */
	struct host_request *first, **last; /* waiting */

	enum host_step step;
	struct host_request *request; /* under way; NULL: a reconciliation */
	bool is_slow;		      /* nobody waits for it to settle */
	bool is_dropped;	      /* the visit's answer is for nobody */
	bool is_given_up;	      /* … because it does not come */
	char *path;		      /* of the request, from the root */
	uint64_t started;	      /* when the visit under way began */
	uint64_t spent;		      /* by the visits before it */
	unsigned int writes;
	unsigned int races;	 /* that were lost */
	bool is_unwritten;	 /* writing the file has failed: the reconciliation goes without */
	struct host_visit *seen; /* what was read */
	struct strbuf text;	 /* of the file as it is by now */
	bool has_file;
	bool will_be_incomplete; /* once what was decided is committed */
	uint64_t will_be_refused;
	bool is_doubtful; /* a write has failed: nobody knows which of two files is there */
	int error;	  /* of the commit, while the old file is put back */
	struct strbuf why;
};

struct host *host_new(
	const char *id, const struct manager *manager, const struct host_world *world);
void host_free(struct host *host);

/* Takes a request in. */
void host_submit(struct host *host, struct host_request *request, uint64_t now);
/* Takes a request back that is with this host. False: it is none, or it is past that. */
bool host_cancel(struct host *host, struct host_request *request);
/*
 * A mount of the volume, by which it is reconciled, not before `look_at`. 0: it is mounted no more.
 */
void host_set_mount(struct host *host, int mount_id, uint64_t look_at, uint64_t now);
/* Volumes have come or have got names: it is looked at again if it waits for such. */
void host_handle_arrival(struct host *host, uint64_t now);
/* A visit is over. Takes it over. */
void host_take(struct host *host, struct host_visit *visit, uint64_t now);
/* A host that is ready. True: `change` (which must be new) is to be committed, then host_end(). */
bool host_decide(struct host *host, struct change *change, uint64_t now);
/*
 * The commit is applied; or it has failed, with a negative errno and a sentence, and nothing
 * changed.
 */
void host_end(struct host *host, int error, const char *why, uint64_t now);
/* Others were faster, and nothing changed: it is ready once more, unless that goes on for ever. */
void host_again(struct host *host, uint64_t now);
/* At the end: fails the requests that wait, but for one that is being committed. */
void host_close(struct host *host, int error, const char *why);

/* Whether nothing is to be waited for. */
bool host_is_settled(const struct host *host);
/* When host_handle_time() has something to do; 0: never, as things are. */
uint64_t host_get_deadline(const struct host *host);
void host_handle_time(struct host *host, uint64_t now);
