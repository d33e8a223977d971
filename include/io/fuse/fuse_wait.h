/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "io/fuse/fuse.h"
#include "io/fuse/notify.h"

/* Files that are waited for. Part of io/fuse. */

struct fuse_client;
struct open_file;

/* Says how a call ends when there is another number. */
typedef void fuse_wait_answer_fn(struct fuse_client *call, struct notify_reply *ret_reply);

/*
 * A client that waits until an open file has something to read: in read(2), or in poll(2), or in
 * ioctl(2) until there is a new number.
 */
struct wait {
	struct wait *next; /* fuse_server::waits */
	struct wait **previous;
	struct open_file *file;
	fuse_req_t req; /* of a read, with its position and the size of its buffer */
	uint64_t position;
	size_t size;
	struct fuse_pollhandle *poll; /* of a poll */
	struct fuse_client *call;     /* of an ioctl; has `req` as well */
	fuse_wait_answer_fn *answer;  /* … what it is answered */
	size_t charged;		      /* … bytes, to who has opened the file */
};

/* Whether a file blocks those who read it when there is nothing new. */
bool fuse_wait_is_for(const struct open_file *file);
/* Begins with what comes from now on. Returns FOPEN_ flags. */
uint32_t fuse_wait_open(struct open_file *file);
/* Nobody reads it any more. */
void fuse_wait_release(struct open_file *file);
/* As a read(2) of a file that is waited for, or that has a job under way. */
void fuse_wait_read(fuse_req_t req, struct open_file *file, size_t size, uint64_t position,
	bool is_nonblocking);
/* Answers `req` at once, and keeps `handle` (NULL: none) to wake who polls. */
void fuse_op_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info,
	struct fuse_pollhandle *handle);
/* CHANGE_NOTIFY: answers when there is another number. Takes over the client. */
void fuse_wait_number(
	struct fuse_server *server, struct fuse_client *call, fuse_wait_answer_fn *answer);
/* A request was made of a file. */
void fuse_wait_take_request(const struct fuse_job *job);
/*
 * There may be something to read now: after what makes the kernel's caches right is posted. Who has
 * to wait for the next turn of the main loop all the same is woken by fuse_handle_turn().
 */
void fuse_wait_wake(struct fuse_server *server);
/*
 * Lets all who ever polled ask again, as those do who are woken: an earlier process knew who waits.
 */
void fuse_wait_wake_again(struct fuse_server *server);
