/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"

#define FAILURES_MAX 64

struct failure {
	uint64_t time; /* µs since 1970 */
	uint32_t uid;
	int error; /* positive errno */
	char *operation;
	char *request;
	char *why;
};

/* The last FAILURES_MAX requests that failed: what control/error_log shows. */
struct failures {
	struct failure ring[FAILURES_MAX];
	uint64_t count; /* ever */
};

void failures_fini(struct failures *failures);
/* Takes copies of the texts. */
void failures_add(struct failures *failures, const struct failure *failure);
/* One line each, newest last. */
void failures_format(const struct failures *failures, struct strbuf *ret_text);
