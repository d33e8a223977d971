/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/elsewhere_source.h"
#include "daemon/job_source.h"
#include "dice.h"
#include "rows.h"

/*
 * Several hosts that share one database of names, each with the daemon's own queue and sources: the
 * store, the kernel and the devices below them are played here. A commit is judged when the game
 * says so, and what it wrote comes to the others when the game says so.
 */
enum { PEERS = 3, PEER_VOLUMES = 4, PEER_KEYS = 512 };

/* What one commit wrote, as others get it. */
struct news {
	struct news *next;
	struct elsewhere elsewhere;
};

struct news_list {
	struct news *first, **last;
};

struct peer_job {
	struct fuse_job job;
	struct peer *peer;
	unsigned int accepted; /* how often a commit that it is in was accepted */
	int judged;	       /* what the naive register says of it */
	bool is_replied;
};

struct ledger {
	struct peer *peer;
	const struct change *change; /* handed over */
	uint64_t presence;	     /* who saw what when it was handed over */
	bool is_done;
	int result;
};

struct device_monitor {
	struct volumes_change news;
	unsigned int unread, next_unread; /* turns that it takes to read what was there */
};

/* One host. */
struct peer {
	struct manager manager;
	struct tree tree;
	struct event_stream stream;
	struct change_queue *queue;
	struct ledger store;
	struct device_monitor monitor;
	struct elsewhere_source elsewhere;
	struct device_source devices;
	struct job_source jobs;
	struct rows rows; /* its own database */
	void *memory;	  /* what outlives its server */
	struct kept *kept;
	struct kept_changes changes;
	struct kept_told noted;
	struct news_list coming, here;
	unsigned int shadowed; /* events that said so */
};

/* The shared database, and all who use it. */
struct peers {
	struct peer peer[PEERS];
	struct {
		char key[LINK_PATH_MAX + 2];
		uint64_t revision;
		const struct peer *writer;
	} key[PEER_KEYS];
	size_t keys;
	uint64_t revision;
	/* Asked before a commit counts: the naive register. */
	void (*judge)(struct peer *peer, const struct change *change);
	/* A job is over. */
	void (*replied)(struct peer_job *job);
};
extern struct peers peers;

void peers_init(void);
void peers_fini(void);
/* Whether its store has something to judge. */
bool peer_is_asked(const struct peer *peer);
/* 0: judged as it deserves; else the error that is given in any case. */
void peer_answer(struct peer *peer, int error);
/* The oldest of what others wrote comes to it. */
void peer_deliver(struct peer *peer);
/* Whether all hosts have the names of the volume. The last one is each host's own. */
bool peers_is_shared(const char *id);
/* Whether some host but this one has the volume. */
bool peer_sees_elsewhere(const struct peer *peer, const char *id);
/* The device of a volume comes or goes. False: what it did last was not looked at yet. */
bool peer_plug(struct peer *peer, unsigned int volume, bool is_there);
