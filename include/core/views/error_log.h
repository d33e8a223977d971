/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"

#define ERROR_LOG_MAX 64
/* Of them at most, so that nobody can drive out what root looks for. */
#define ERROR_LOG_OF_USERS 16

struct failure {
	uint64_t time; /* µs since 1970 */
	uint32_t uid;
	int error; /* positive errno */
	char *operation;
	char *request;
	char *why;
	uint64_t number; /* from 1, in the order of their coming: set by error_log_add() */
};

/*
 * The last ERROR_LOG_MAX requests that failed: what control/error_log shows. Those of users other
 * than root and the daemon's own user have a ring of their own.
 */
struct error_log {
	struct failure ring[ERROR_LOG_MAX];
	struct failure users[ERROR_LOG_OF_USERS];
	uint64_t privileged; /* entries of the first ring, ever */
	uint64_t common;     /* and of the second */
	uint64_t count;	     /* of both */
	uint32_t owner;	     /* the daemon's own user */
};

void error_log_fini(struct error_log *log);
/* Takes copies of the texts. */
void error_log_add(struct error_log *log, const struct failure *failure);
/* The same of one that another process has added, with the number that it has there. */
void error_log_restore(struct error_log *log, const struct failure *failure);
/* One line each, newest last. */
void error_log_format(const struct error_log *log, struct strbuf *ret_text);
