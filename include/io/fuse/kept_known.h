/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/rules/recall.h"
#include "io/fuse/kept_notes.h"

/*
 * What devices are known to be, in memory that can outlive the process: a record for each that is a
 * volume, or was one, and for disks and members, whose identities may have names.
 */
void kept_known_init(struct kept_notes *known, struct kept *kept);
/* Notes what is known of a device by now; NULL: there is none of that name. */
void kept_known_note(struct kept_notes *known, const struct device *device, const char *name);
/*
 * What an earlier process has noted, in no order; the caller frees the list, and the devices. A
 * record that makes no sense is passed over.
 */
size_t kept_known_load(const struct kept *kept, struct recalled **ret_list);
