/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replies, from what they say to libfuse's calls.
 */

#include "io/fuse/notify_reply.h"

void notify_reply_wake(struct fuse_pollhandle *poll)
{
	fuse_lowlevel_notify_poll(poll);
	fuse_pollhandle_destroy(poll);
}

void notify_reply_send(const struct notify_reply *reply)
{
	if (!reply->req && reply->kind != REPLY_WAKE)
		return;
	switch (reply->kind) {
	case REPLY_ERROR:
		fuse_reply_err(reply->req, reply->error);
		break;
	case REPLY_WRITTEN:
		fuse_reply_write(reply->req, reply->size);
		break;
	case REPLY_ENTRY:
		fuse_reply_entry(reply->req, &reply->entry);
		break;
	case REPLY_DATA:
		fuse_reply_buf(reply->req, reply->data, reply->size);
		free(reply->data);
		break;
	case REPLY_POLL:
		fuse_reply_poll(reply->req, reply->events);
		break;
	case REPLY_IOCTL:
		fuse_reply_ioctl(reply->req, 0, reply->data, reply->size);
		free(reply->data);
		break;
	case REPLY_WAKE:
		notify_reply_wake(reply->poll);
		break;
	}
}

bool notify_reply_is_news(const struct notify_reply *reply)
{
	return reply->kind == REPLY_DATA || reply->kind == REPLY_POLL ||
		reply->kind == REPLY_WAKE || reply->kind == REPLY_IOCTL;
}
