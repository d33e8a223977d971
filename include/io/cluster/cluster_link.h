/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"

/*
 * The socket to which mmfs-cluster connects: lines in both directions, one connection at a time.
 * Only root, the user of this process and the user mmfs-cluster are let in.
 */
struct cluster_link;

struct cluster_link_events {
	void (*connected)(void *data);
	void (*lost)(void *data);			  /* not by cluster_link_hang_up() */
	void (*line)(void *data, char *text, size_t len); /* takes the text over; no newline */
	void *data;
};

/*
 * Listens at `path`: what is left there of a former daemon is replaced, anything else that is
 * there is not. A negative errno and a sentence in `why`.
 */
int cluster_link_open(const char *path, const struct cluster_link_events *events,
	struct cluster_link **ret_link, struct strbuf *why);
/* NULL is fine. */
void cluster_link_close(struct cluster_link *link);
/* Becomes readable when there is something to handle. */
int cluster_link_get_fd(const struct cluster_link *link);
void cluster_link_handle(struct cluster_link *link);
/* Sends it, as soon as the other side takes it. */
void cluster_link_send(struct cluster_link *link, const char *text, size_t len);
void cluster_link_hang_up(struct cluster_link *link);
