/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"
#include "core/views/tree.h"

/* Whether one of those before has that folder, too: its listing is another already. */
bool notify_deltas_has_parent(const struct deltas *deltas, size_t before, uint64_t parent);
/* What a teller is to write: the names, but for those in the folder `except`, then the folders. */
void notify_deltas_format(
	const struct deltas *deltas, uint64_t except, struct strbuf *ret_messages);
