/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/volumes.h"

/* Devices about which all is known, until the manager has time for them. The newest word counts. */
struct ready {
	struct map by_name;
	struct ready_item *first, **last; /* in the order of their coming */
};

void ready_init(struct ready *ready);
void ready_fini(struct ready *ready);
bool ready_is_empty(const struct ready *ready);
/* `device` (owned from now on) is there, or, if it is NULL, `name` is gone. */
void ready_add(struct ready *ready, const char *name, struct device *device);
/* Moves all into `change`. */
void ready_take(struct ready *ready, struct volumes_change *change);
