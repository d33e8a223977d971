/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/mmfs.h"

/*
 * Joins the ledger to the queue, and the first of its sources. Before all other sources. A negative
 * errno and a sentence in `why`.
 */
int shared_open(struct mmfs *mmfs, const struct mmfs_options *options, struct strbuf *why);
