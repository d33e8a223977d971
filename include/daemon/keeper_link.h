/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"
#include "daemon/keeper.h"
#include "daemon/mount_agent.h"

/* The server's end of the socket to its keeper. */
struct keeper_link {
	int socket;
	bool is_lost;	 /* the keeper has ended */
	bool is_mounted; /* and the tree is for this server to take away */
};

/*
 * Has the tree mounted. On error a negative errno and a sentence in `why`. Waits: nobody is served
 * yet.
 */
int keeper_link_mount(struct keeper_link *link, int *ret_fd, struct strbuf *why);
/*
 * Has it unmounted, or, if `is_gone`, left alone what is mounted there by now. Without a keeper
 * `agent` does it.
 */
void keeper_link_unmount(struct keeper_link *link, bool is_gone, struct mount_agent *agent);
void keeper_link_tell(struct keeper_link *link, enum keeper_word word, int value);
/* To be called when the socket can be read: the keeper never speaks unasked, so it has ended. */
void keeper_link_handle(struct keeper_link *link);
