/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/device.h"

/*
 * What a database remembers of the device that a unique ID was last seen on, to tell the owner
 * from a clone. `value` holds raw identities (ID_UUID is unused); NULL where there is none.
 * `node` and `diskseq` are hints: they settle ties and tell where a kept volume was last.
 * `has_twin` says that two devices were present that claimed the ID, or that its device had to make
 * do with it because of such a twin; from then on `diskseq` is noted, and both hints are kept up to
 * date. Of a volume that is no block device `diskseq` stands for its mount, while that is there.
 * `medium`, a hint, too, tells which medium in which device that was, until the machine is started
 * anew; 0: unknown.
 */
struct fingerprint {
	char *value[ID_SCHEMES];
	uint64_t size;	/* bytes; 0: of an identity that is no volume's unique ID */
	uint64_t start; /* of a partition, bytes; 0: unknown */
	char *node;	/* "/dev/sda2" */
	uint64_t diskseq;
	uint64_t medium; /* by fingerprint_get_medium() */
	enum attachment attachment;
	bool has_twin;
};

void fingerprint_copy(struct fingerprint *to, const struct fingerprint *from);
void fingerprint_fini(struct fingerprint *fingerprint);
/*
 * The same of a device, for as long as it has the same medium, in all processes of a run of the
 * machine, which `boot` tells from others; 0: unknown.
 */
uint64_t fingerprint_get_medium(uint64_t boot, const struct device *device);
/* Whether these are its identities, but for the UUID, which is a content's and not a device's. */
bool fingerprint_has(const struct fingerprint *fingerprint, char *const identity[ID_SCHEMES]);
