/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

#include "base/kept.h"
#include "io/fuse/kept_kind.h"

/*
 * Requests of the kernel, from the read(2) of each to its answer, in memory that can outlive the
 * process: see requests.c. No process goes on with those of another yet.
 */
struct requests;

/* The memory must outlive it. */
struct requests *requests_new(struct kept *kept);
/* Leaves what is in the memory as it is. NULL is fine. */
void requests_free(struct requests *requests);
/*
 * Where the kernel's greeting is written down as well: REQUESTS_SPARE bytes, zeros at first, of
 * memory that can outlive the process. NULL: nowhere.
 */
#define REQUESTS_SPARE 4096
void requests_set_spare(struct requests *requests, void *spare);
/* `flush` is called before each commit, so that others can add what belongs to it. */
void requests_set_flush(struct requests *requests, void (*flush)(void *data), void *data);

/* Where the next request is to be read into. */
void *requests_get_slot(const struct requests *requests);
/* Bytes that a write may have; for the kernel that is the limit of an answer, too. */
#define REQUESTS_WRITE_MAX ((unsigned int)1 << 20)
/* Reads a request into the slot: as read(2), but never more than it has room for. */
ssize_t requests_read(const struct requests *requests, int fd, void *slot, size_t size);
/* Serves the request that was read into the slot. */
void requests_serve(struct requests *requests, struct fuse_session *session, size_t len);
/* Commits what was changed, unless a request is being served: then it is part of that one. */
void requests_settle(struct requests *requests);
/* The number of the request that is being served, or 0. */
uint64_t requests_get_current(const struct requests *requests);
/* What follows its header, in the kernel's own words. */
const void *requests_get_argument(const struct requests *requests);
/* Writes a message to the kernel: an answer, or from any thread a notification. As writev(2). */
ssize_t requests_write(struct requests *requests, int fd, struct iovec *iov, int count);

/*
 * Answers that are given from here on, to the end of the capture, are sent by another thread. Who
 * gets them may hold the lock of a folder until then.
 */
void requests_begin_capture(struct requests *requests, bool is_holding);
/* The answer, or 0: there was none, or no room for it. */
uint32_t requests_end_capture(struct requests *requests);
/* Sends a captured answer. From any thread. */
void requests_send(struct requests *requests, int fd, uint32_t answer);

/*
 * Who sends, by requests_send(), the answers that an earlier process has captured: behind whatever
 * it may not have told the kernel, but for those to clients that hold the lock of a folder. Without
 * this they are sent at once.
 */
void requests_set_later(struct requests *requests, void (*send)(void *data, uint32_t answer));
/*
 * Goes on with what an earlier process has read and not answered. Where that is damaged the kernel
 * is asked for all of it again, if it can (Linux 6.9). -ENOENT: there is no greeting (FUSE_INIT) of
 * the kernel yet.
 */
int requests_take_over(struct requests *requests, struct fuse_session *session);
