/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/kept.h"
#include "core/views/error_log.h"

/* Which record a failure has, by its place in the log. */
struct kept_failure_note {
	uint64_t number;
	uint32_t record;
};

/* The log of failed requests, in memory that can outlive the process. */
struct kept_failures {
	struct kept *kept;
	struct error_log *log;
	uint64_t count; /* of the log, when it was noted */
	struct kept_failure_note ring[ERROR_LOG_MAX], users[ERROR_LOG_OF_USERS];
};

/*
 * Puts what an earlier process has noted into the log, which is new, and goes on with the numbers
 * behind them. What makes no sense is left out.
 */
void kept_failures_init(struct kept_failures *failures, struct kept *kept, struct error_log *log);
/* Notes what was added to the log. NULL is fine. */
void kept_failures_note(struct kept_failures *failures);
