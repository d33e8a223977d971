/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/volumes.h"

/* Devices about which all is known, until the core has time for them. The newest word counts. */
struct pending {
	struct map by_name;
	struct pending_item *first, **last; /* in the order of their coming */
};

void pending_init(struct pending *pending);
void pending_fini(struct pending *pending);
bool pending_is_empty(const struct pending *pending);
/* `device` (owned from now on) is there, or, if it is NULL, `name` is gone. */
void pending_add(struct pending *pending, const char *name, struct device *device);
/* Tells of all that are pending, without taking them: `device` is NULL of one that is gone. */
void pending_look(const struct pending *pending,
	void (*look)(void *data, const char *name, const struct device *device), void *data);
/* Moves all into `change`. */
void pending_take(struct pending *pending, struct volumes_change *change);
