/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"
#include "core/syntax/operations.h"
#include "core/syntax/unique_id.h"

/* What a saved database knows of a volume beside its names; NULL or 0 where it does not. */
struct request_known {
	uint64_t seen;	/* µs since 1970 */
	uint64_t size;	/* bytes */
	uint64_t start; /* of a partition, bytes */
	char *node;	/* "/dev/sda2" */
	char *identity[ID_SCHEMES];
	char *attachment; /* "internal" */
};

void request_known_fini(struct request_known *known);
/* Takes the value of one of KEY_SEEN … KEY_ATTACHMENT. -EINVAL with a sentence. */
int request_known_parse(
	struct request_known *known, enum request_key key, const char *text, struct strbuf *why);
