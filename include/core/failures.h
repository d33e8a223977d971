/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"

#define FAILURES_MAX 64
#define FAILURES_OF_USERS 16 /* of them at most, so that nobody can drive out what root looks for */

struct failure {
	uint64_t time; /* µs since 1970 */
	uint32_t uid;
	int error; /* positive errno */
	char *operation;
	char *request;
	char *why;
	uint64_t number; /* from 1, in the order of their coming: set by failures_add() */
};

/*
 * The last FAILURES_MAX requests that failed: what control/error_log shows. Those of users other than
 * root and the daemon's own user have a ring of their own.
 */
struct failures {
	struct failure ring[FAILURES_MAX];
	struct failure users[FAILURES_OF_USERS];
	uint64_t privileged; /* entries of the first ring, ever */
	uint64_t common;     /* and of the second */
	uint64_t count;	     /* of both */
	uint32_t owner;	     /* the daemon's own user */
};

void failures_fini(struct failures *failures);
/* Takes copies of the texts. */
void failures_add(struct failures *failures, const struct failure *failure);
/* One line each, newest last. */
void failures_format(const struct failures *failures, struct strbuf *ret_text);
