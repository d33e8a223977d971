/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/touched.h"
#include "daemon/mmfs.h"

/* publish=udev: the names of devices that are here, below /dev/mm. NULL, where it is off, is fine. */
struct publisher;

/*
 * Finds what was left by a daemon before. `devices` are the globs of those it is about; what others
 * have is left alone. On error a sentence in `why`.
 */
int publisher_new(struct mmfs *mmfs, const char *devices, struct publisher **ret_publisher,
	struct strbuf *why);
/* What udevd shows stays. */
void publisher_free(struct publisher *publisher);
/* All devices are known that can be: from now on links follow the names. */
int publisher_start(struct publisher *publisher);
/* Something has changed about these. */
void publisher_update(struct publisher *publisher, const struct touched *touched);
/* Whether udevd has made all links that it can make now. */
bool publisher_is_settled(const struct publisher *publisher);
