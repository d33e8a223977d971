/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "machines/crash_loop.h"

/*
 * How a keeper becomes another program: the one that is installed by now. Its process, and with it
 * the mount, stays the same.
 */

/* What a keeper hands over to itself. */
struct succession {
	int fuse;	      /* /dev/fuse */
	int memory;	      /* of the servers */
	unsigned int servers; /* that were started so far */
	struct crash_loop ends;
	sigset_t mask; /* of signals, as servers are to have it */
	char *place;   /* where the tree is mounted */
};

/*
 * The first thing in main(): notes which program this is, and how it was called. If it follows
 * another one it goes to the folder that this was called in, so that its words mean the same.
 */
void succession_note(char **argv);
/*
 * To be called in another mount namespace: what lies there where this program did may be anybody's.
 * Unless it is the same file it will not be run.
 */
void succession_look_again(void);
/* Takes what an earlier program in this process has handed over. False: there was none. */
bool succession_take(struct succession *ret_succession);

/* An option for a program that is asked, with the words of the one before, whether it can go on. */
#define SUCCESSION_OPTION "can-follow"
/*
 * Whether this program knows what one with these formats hands over, and can read its database:
 * else no server of it could start, and the mount would end. Of the memory it need not: see kept.h.
 */
bool succession_can_follow(const char *formats);
/* Starts the installed program to ask it. It exits with 0 if so. -1: it cannot be asked. */
pid_t succession_ask(void);
/* Becomes the installed program. Returns a negative errno if that fails: nothing has changed. */
int succession_become(const struct succession *succession);
