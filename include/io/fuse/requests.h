/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

#include "base/kept.h"

/*
 * Requests of the kernel, from the read(2) of each to its answer, in memory that outlives the
 * process: see requests.c.
 */
struct requests;

/* What is in the memory. Part of its layout. */
enum kept_kind {
	KEPT_SLOT = 1, /* a request as it was read; its length is 0: there is none */
	KEPT_OUTBOX,   /* an answer on its way, likewise */
	KEPT_GREETING, /* FUSE_INIT */
	KEPT_REQUEST,  /* one without an answer so far, by its number */
	KEPT_ANSWER,   /* one that is for a notify thread to send, by the number of its request */
	KEPT_TREE,     /* how often its views have changed */
	KEPT_NODE,     /* what the kernel was told of, by its inode number */
	KEPT_LINE,     /* of `events`, by its number */
};

/* The memory must outlive it. */
struct requests *requests_new(struct kept *kept);
/* Leaves what is in the memory as it is. NULL is fine. */
void requests_free(struct requests *requests);
/* Calls this before what was changed in the memory counts, for others to add what belongs to it. */
void requests_set_flush(struct requests *requests, void (*flush)(void *data), void *data);

/* Where the next request is to be read into. */
void *requests_get_slot(const struct requests *requests);
/* What a write may have, bytes: an answer has no more either, as the kernel goes by that. */
#define REQUESTS_WRITE_MAX ((unsigned int)1 << 20)
/* Reads a request into the slot: as read(2), but never more than it has room for. */
ssize_t requests_read(const struct requests *requests, int fd, void *slot, size_t size);
/* Serves the request that was read into the slot. */
void requests_serve(struct requests *requests, struct fuse_session *session, size_t len);
/* What was changed counts, unless a request is being served, to which it belongs. */
void requests_settle(struct requests *requests);
/* The number of the request that is being served, or 0. */
uint64_t requests_get_current(const struct requests *requests);
/* Writes a message to the kernel: an answer, or from any thread a notification. As writev(2). */
ssize_t requests_write(struct requests *requests, int fd, struct iovec *iov, int count);

/* Answers that are given from here on, to the end of the capture, are sent by another thread. */
void requests_begin_capture(struct requests *requests);
/* The answer, or 0: there was none, or no room for it. */
uint32_t requests_end_capture(struct requests *requests);
/* Sends a captured answer. From any thread. */
void requests_send(struct requests *requests, int fd, uint32_t answer);

/*
 * Goes on with what a process before has read and not answered. -ENOENT: the kernel has never
 * greeted it.
 */
int requests_take_over(struct requests *requests, struct fuse_session *session);
