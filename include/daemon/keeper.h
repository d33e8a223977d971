/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/succession.h"
#include "io/fuse/fuse.h"

/*
 * The keeper holds the mount, and does nothing else: it parses nothing that comes from outside, and
 * has no thread. The server, which it forks, does everything else. If that dies the keeper forks
 * another, which goes on from what is in memory that both have.
 */

/* What a server gets from its keeper. The descriptors are its own, and close on exec. */
struct heirloom {
	int socket;	     /* to the keeper, for keeper_link.c */
	int memory;	     /* for what is to outlive a server, for memory.c */
	int fuse;	     /* /dev/fuse, of a mount that is there; -1: ask for one */
	const char *place;   /* where it is mounted, as mountinfo has it; NULL: nowhere so far */
	unsigned int number; /* how many servers the keeper has started, with this one */
};

struct keeper_options {
	const struct fuse_options *fuse;
	const struct succession *predecessor; /* the program before, or NULL */
	bool is_foreground;
	int failure; /* exit code when a server has died and none follows */
};

#define KEEPER_IS_SERVER (-1)

/*
 * Forks the server; to be called while there is one thread. Returns KEEPER_IS_SERVER in the server,
 * with what it gets, and in each that follows it. In the keeper it returns an exit code, when there
 * is no server and nothing is mounted.
 */
int keeper_run(const struct keeper_options *options, struct heirloom *ret_heirloom);

/* Between server and keeper: each request is one datagram. */
enum keeper_word {
	KEEPER_MOUNT,	 /* is answered */
	KEEPER_UNMOUNT,	 /* is answered when nothing is mounted */
	KEEPER_GONE,	 /* somebody else has unmounted; is answered */
	KEEPER_READY,	 /* the tree is complete */
	KEEPER_ALIVE,	 /* the main loop turns */
	KEEPER_STOPPING, /* begins to end, and is going to exit with `value` */
	KEEPER_ENDED,	 /* has done all but to exit with `value` */
	KEEPER_LEFT,	 /* the same, but a client or a disk may hold that up without end */
};

struct keeper_request {
	uint32_t word;
	int32_t value;
};

#define KEEPER_WHY_MAX 8192

/* With the descriptor of /dev/fuse, if KEEPER_MOUNT went well. */
struct keeper_answer {
	int32_t result; /* 0 or a negative errno, with a sentence */
	char why[KEEPER_WHY_MAX];
};
