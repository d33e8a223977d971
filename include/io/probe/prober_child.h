/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "io/probe/prober.h"
#include "io/probe/sandbox.h"

/* What a child leaves behind: hostile. */
struct prober_result {
	struct findings findings;
	unsigned char is_complete;
};

/* What a child has from the kernel. It cannot write there any more once it reads a device. */
struct prober_facts {
	uint64_t backing; /* dev_t */
};

/* A process that examines a device, or waits to be told which. */
struct prober_child {
	pid_t pid; /* 0: none */
	int pipe;  /* to tell it; has an error (POLLERR) once it has closed its end, being done */
	struct prober_facts *facts;
	struct prober_result *result;
};

/*
 * In the helper, before it forks: writes to the pages that libraries write to once in a process, so
 * that it is not each child that does.
 */
void prober_child_prepare(void);
/*
 * Forks one. A spare one takes some time to be quick then. Its process is the caller's to reap, and
 * ends with the caller. Negative errno on failure.
 */
int prober_child_start(
	const struct sandbox *sandbox, bool is_spare, struct prober_child *ret_child);
/* Once for each child. -EPIPE: it is gone. */
int prober_child_tell(const struct prober_child *child, const struct prober_request *request);
/* Forgets it; if it is still there it is ended, and to be reaped. It is none then. */
void prober_child_end(struct prober_child *child);
