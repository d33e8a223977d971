/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The inside of struct cluster, for the files of that machine. */

#include "machines/cluster.h"

enum cluster_step {
	STEP_NONE,
	STEP_COMMIT,
	STEP_SYNC,
	STEP_AWAIT, /* somebody who speaks to the engine */
};

struct cluster {
	char *name;
	const struct names *known;
	const struct cluster_world *world;

	enum cluster_state state;
	bool is_connected;
	bool is_greeted;     /* by the one who is connected */
	bool is_disbelieved; /* the engine is another one, or an older copy */
	bool is_decided;     /* what it has counts all the same, as soon as all of it is here */
	uint64_t since;	     /* of the state, µs since 1970 */
	char *why;	     /* of the state, or NULL */
	char *host;	     /* what this machine is called there; NULL: unknown yet */
	uint64_t room, limit;
	uint64_t id[2];		 /* the UUID of the engine's database */
	uint64_t last_id;	 /* of a question */
	uint64_t last_number;	 /* of an own change */
	uint64_t revision, head; /* of the last news that came, taken up or not */

	enum cluster_step step; /* what somebody waits for */
	uint64_t step_id, step_limit;
	uint64_t number; /* of the last own change that was answered */
	uint64_t open;	 /* of one without an answer; 0: there is none */
	uint64_t open_id;
	uint64_t inherited; /* number of one that an earlier process has left open, or 0 */
	uint64_t inherited_limit;
	uint64_t expected_limit;	  /* 0: nobody is expected */
	uint64_t settle_id, settle_limit; /* of a sync on behalf of who waits */
	uint64_t settle_open; /* the same: it is to be known what became of that change */
	bool settle_awaits;   /* the same: nobody can be asked before who is expected is there */
	uint64_t ask_id, settle_ask_id; /* who is there; the same on behalf of who waits */

	struct elsewhere_change *all; /* on its way */
	struct elsewhere_change *news, **last_news;
	size_t news_count;
	size_t held; /* bytes of memory that these take, and what is on its way */

	uint64_t noise_since; /* µs: of what is counted */
	unsigned int noise;   /* how often it has said what readers of logs and events are told */
	char *seen;	      /* what this host sees, as sent */
	char **rivals;	      /* unique IDs, see cluster_was_seen() */
	size_t rival_count;
	struct cluster_taken *taken; /* see cluster_is_taken() */
	size_t taken_count;
	struct cluster_host *hosts;
	size_t host_count;
	struct cluster_sight *sights; /* of all hosts */
	size_t sight_count;
	bool is_listing;   /* the list of these is on its way */
	size_t listed;	   /* bytes of the lines of that */
	uint64_t listings; /* that have come */
};
