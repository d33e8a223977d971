/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "io/probe/examine.h"

/*
 * The helper process: what the daemon (probe.c) and it say to each other, one message per packet
 * of a SOCK_SEQPACKET pair. Each examination asked for is answered exactly once, when its child
 * process has closed the device, or is gone; an abandoned one, too.
 */

#define PROBER_CHILDREN_MAX 512 /* examinations, also those whose children do not end, or not yet */
#define PROBER_PATH_MAX 256	/* of a device node, with its NUL; the kernel's names have 31 */

enum prober_verb {
	PROBER_EXAMINE,
	PROBER_ABANDON, /* only the ticket counts */
};

/* Daemon to helper. A path that is not NUL-terminated is one that did not fit. */
struct prober_request {
	enum prober_verb verb;
	uint64_t ticket;
	uint64_t number;
	uint64_t disk_number;
	uint64_t start;
	bool asks_backing;
	char node[PROBER_PATH_MAX];
	char disk_node[PROBER_PATH_MAX]; /* empty: none */
};

/* Helper to daemon. */
struct prober_answer {
	uint64_t ticket;
	uint64_t began;	  /* as in struct probe_answer */
	uint64_t backing; /* likewise */
	struct findings findings;
};

struct prober;

/* All that can fail comes before the fork: 0, -ENOMEM, or what sandbox_new() returns. */
int prober_new(struct prober **ret_prober);
void prober_free(struct prober *prober);
DEFINE_CLEANUP(struct prober, prober_free)

/* The life of the helper process, with its end of the socket; it ends with the other end. */
_Noreturn void prober_run(struct prober *prober, int socket);

/*
 * What a child does once its sandbox is closed, here in the calling process: for fuzzing. See
 * examination_new(). What the examination meets is no error but a fault in the answer.
 */
int prober_examine(int fd, int disk_fd, uint64_t start, struct probe_answer *ret_answer);
