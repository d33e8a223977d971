/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

#include "base/base.h"

/* A reply that waits until the kernel's caches are right. */
struct notify_reply {
	fuse_req_t req; /* NULL: nobody waits */
	enum {
		REPLY_ERROR,
		REPLY_WRITTEN,
		REPLY_ENTRY,
		REPLY_DATA,
		REPLY_POLL,
		REPLY_WAKE, /* of who polls; there is no `req` */
		REPLY_IOCTL,
	} kind;
	int error;		       /* REPLY_ERROR: positive errno or 0 */
	size_t size;		       /* REPLY_WRITTEN, REPLY_DATA, REPLY_IOCTL… */
	struct fuse_entry_param entry; /* REPLY_ENTRY */
	char *data;		       /* REPLY_DATA, REPLY_IOCTL… */
	unsigned int events;	       /* REPLY_POLL */
	struct fuse_pollhandle *poll;  /* REPLY_WAKE */
};

/* Gives the reply, and frees what it points to. On the thread that serves, but for REPLY_WAKE. */
void notify_reply_send(const struct notify_reply *reply);
/* Whether it tells what was changed, or waits for that. */
bool notify_reply_is_news(const struct notify_reply *reply);
/* Wakes who polls. From any thread. */
void notify_reply_wake(struct fuse_pollhandle *poll);
