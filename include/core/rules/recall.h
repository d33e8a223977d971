/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/manager.h"
#include "core/model/touched.h"

/*
 * What an earlier server knew of devices that are here still. Its successor finds them all anew,
 * and reads them; but what a device was known to be counts beside what is read now: a name stays
 * while there is doubt, and follows when the content is another one (doubt.h, id_change.h).
 */
struct recalled {
	struct device *device; /* as it was described; with its `former` */
	bool had_id;	       /* it was present under an identity of its own, */
	enum id_scheme scheme; /* which is that */
	bool is_founder;       /* device::is_founder */
	bool is_dismissed;     /* it was in volumes::dismissed, after it had names */
};

/*
 * What the database remembers of devices that are here, after a restart of mmfs: of each the volume
 * that was on the same medium, in the same run of the machine, where something else is there now.
 * In place of recall_devices(), if there is no earlier server. True: `ret_touched` is the caller's;
 * else all is what it was, and there is none.
 */
bool recall_remembered(struct manager *manager, const struct device *const *here, size_t count,
	struct touched *ret_touched);

/*
 * Puts them in place, to be decided about like news with all others: before the first decision
 * about devices, after the names were read. What the names do not know any more is left out, and no
 * device may be there twice. `ret_touched` is the caller's.
 */
void recall_devices(struct manager *manager, const struct recalled *list, size_t count,
	struct touched *ret_touched);
