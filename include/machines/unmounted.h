/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/map.h"

/*
 * When devices are read because their mounts have changed: what a filesystem writes to its devices
 * while it is mounted nobody tells. Times are in µs of one clock, which a caller passes as `now`.
 */
struct unmounted_effects {
	/* Whether the kernel has a filesystem in use that is on the device, as far as it tells. */
	bool (*is_held)(void *data, const char *name);
	/* Reads the device, whatever udevd knows of it. */
	void (*read)(void *data, const char *name);
	void *data;
};

struct unmounted {
	struct unmounted_effects effects;
	struct map awaited; /* devices that the kernel has not let go of yet */
};

void unmounted_fini(struct unmounted *unmounted);
/* A device, by kernel name, is mounted from now on, from another source, or nowhere. */
void unmounted_note(struct unmounted *unmounted, const char *name, bool is_mounted, uint64_t now);
/* Reads those that the kernel has let go of; asks about what is due, or about `all`. */
void unmounted_look(struct unmounted *unmounted, bool all, uint64_t now);
/* When something is due; 0: never. */
uint64_t unmounted_get_deadline(const struct unmounted *unmounted);
