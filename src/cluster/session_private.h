/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cluster/session.h"

/* What the files of the machine share. Each of them owns some members of the session. */

#define SECOND UINT64_C(1000000) /* µs */
#define CALL_LIMIT (3 * SECOND)	 /* for an answer: an election takes less */

/* What a request is for: one at a time each. */
enum purpose {
	CALL_OPEN,
	CALL_READ,
	CALL_BEAT,
	CALL_COUNT,
	CALL_CHANGE,
	CALL_SYNC,
	CALL_LEASE,
	CALL_SEEN,
	CALL_ASK,
	CALL_FORGET,
	CALL_HOUSE,
	PURPOSES
};

enum clock_name {
	CLOCK_OPEN,
	CLOCK_READ,
	CLOCK_WATCH,
	CLOCK_BEAT,
	CLOCK_LAG,
	CLOCK_AUDIT,
	CLOCK_CHANGE,
	CLOCK_PATIENCE,
	CLOCK_SYNC,
	CLOCK_LEASE,
	CLOCK_SEEN,
	CLOCK_HOUSE,
	CLOCK_STANDING,
	CLOCKS
};

struct slot {
	uint64_t ticket; /* 0: there is none under way */
	size_t member;
	int64_t floor; /* what had been the revision when it was sent */
};

enum stage {
	STAGE_CLOSED, /* nothing is known of the cluster */
	STAGE_OPEN,   /* its format is; what mmfs has is not */
	STAGE_CHECK,  /* is what mmfs has of this cluster? */
	STAGE_LOAD,   /* all is read */
	STAGE_FOLLOW, /* what changes is */
	STAGE_STUCK,  /* an administrator has to decide */
};

/* Who waits until all up to a revision has been told. */
struct waiter {
	int64_t id;
	bool is_sync; /* else: a change that has lost */
	bool is_sent; /* the read that tells the revision is under way */
	int64_t revision;
	struct etcd_rows seen;	/* because of whom, */
	struct etcd_rows taken; /* and what is there that was to be nowhere */
};

struct session {
	struct session_config config;
	const struct session_ops *ops;
	void *data;
	uint64_t now;
	uint64_t began;
	uint64_t clocks[CLOCKS]; /* when each is due; 0: never */

	/* peer */
	struct slot slots[PURPOSES];
	uint64_t tickets;
	size_t member;	 /* who is asked */
	uint64_t heard;	 /* when anyone answered */
	int64_t highest; /* revision that anyone has answered with */
	char *silence;	 /* why nobody did */

	/* standing */
	enum standing standing; /* as it was told */
	char *reason;
	bool is_told;
	uint64_t told;	 /* when */
	bool is_current; /* all is told that was there a moment ago */
	bool is_older;	 /* what etcd has is of before what we have seen */
	bool is_newer;	 /* of a format that is not known here */
	bool is_other;	 /* than the cluster mmfs knows */
	bool is_doubled; /* this host is there twice */
	bool is_denied;
	bool is_full;
	bool is_registered;

	/* reader */
	enum stage stage;
	char *cluster_id; /* "": not known */
	int64_t format;	  /* its revision */
	int64_t next;	  /* number of a change */
	bool is_linked;
	bool is_wanted; /* mmfs has said what it has */
	int64_t want_revision;
	int64_t want_head;
	int64_t position; /* all up to this revision has been told */
	int64_t head;	  /* how many changes there were up to that */
	int64_t count;	  /* of keys then */
	size_t span;
	char *from;	 /* where in the span to read on */
	int64_t page;	 /* rows that are read at once */
	bool is_reading; /* a first page was told */
	int64_t goal;	 /* what the position should come to */
	uint64_t watch;	 /* ticket; 0: there is none */
	size_t watch_member;
	bool is_watching; /* etcd has confirmed it */
	size_t beats;

	/* change */
	char *change; /* that was sent, and is not settled; NULL: none */
	char *change_key;
	int64_t change_id; /* 0: nobody waits for its answer */
	bool is_voiding;
	bool is_due;		     /* the next step is to be sent */
	struct order_compare *reads; /* those of its compares that are read if it loses */
	size_t read_count;
	struct waiter *waiters;
	size_t waiter_count;

	/* presence */
	int64_t lease;
	bool is_keeping;	      /* the lease: else it is to be had, or to be put to use */
	int64_t host_row;	      /* revision of hosts/HOST */
	struct etcd_rows seen_wanted; /* by ID */
	struct etcd_rows seen_known;  /* by key */
	bool is_seen_wanted;
	bool is_seen_known;
	struct etcd_rows seen_sent;
	int64_t ask_id;
	int64_t ask_next; /* came meanwhile: what is on its way was read too early; 0: none */
	int64_t forget_id;
	char *forget_host;
	bool is_forgetting; /* the deletion is under way */
};
