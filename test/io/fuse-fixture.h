/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <linux/fuse.h>

#include "../../src/io/fuse/fuse_private.h"
#include "io/fuse/fuse_job.h"
#include "io/fuse/kept_kind.h"

/*
 * A server whose kernel is a socket. A process is killed by making a copy of its memory, from which
 * the next goes on.
 */
struct answer {
	struct fuse_out_header header;
	char data[1 << 17];
};

extern struct kept *kept;
extern struct manager manager;
extern struct event_stream stream;
extern struct budget budget;
extern struct fuse_server *server;
extern struct answer answer;	/* the last */
extern uint64_t woken;		/* handle of who was woken last */
extern bool is_holding;		/* jobs are over when the test says so, */
extern struct fuse_job *held;	/* of which there is one */
extern size_t submitted;	/* jobs */
extern size_t lost;		/* files, by the last process */
extern const char *answer_text; /* a path that jobs answer, or NULL */

void setup(void);
void teardown(void);
/* The process is killed now, and the next goes on. */
void begin_again(void);

/* Names are those of control files, or of files in the root. Returns the kernel's number. */
uint64_t open_as(const char *name, uint32_t flags);
uint64_t open_file(const char *name);
void release(uint64_t fh);
/* What is read is `answer`, with a NUL behind it. Returns how much, or an error. */
int read_from(uint64_t fh, uint64_t offset, uint32_t size);
int write_to(uint64_t fh, uint64_t offset, const char *text);
/* Any request. Returns the bytes of its answer, or an error. */
int call(uint32_t opcode, uint64_t ino, const void *head, size_t head_len, const void *data,
	size_t len);

/* These do not wait for their answer. */
void ask_to_read(uint64_t fh, uint64_t offset, uint32_t size, uint32_t flags);
void ask_to_write(uint64_t fh, uint64_t offset, const char *text, uint32_t flags);
/* The number of the last request. */
uint64_t get_last_number(void);
/* Waits for the answer to a request, ms. False: there is none. */
bool take_answer(uint64_t number, int patience);
int get_written(uint64_t number);

/* A job is over: each line that makes sense has happened. */
void finish(struct fuse_job *job);
size_t count_records(enum kept_kind kind);
