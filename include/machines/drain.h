/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define DRAIN_CHANNELS 3
#define DRAIN_READ_MAX 100000 /* more than waits in any channel */

/*
 * When all that waited in some channels at one moment has been read, while more may come: a channel
 * is done once it was empty, or once so much was read of it that the rest must have come later.
 * Zeros are a drain that is over.
 */
struct drain {
	bool is_open[DRAIN_CHANNELS];
	size_t read[DRAIN_CHANNELS];
};

/* From now on; a channel that is not there is noted as empty. */
void drain_begin(struct drain *drain);
/* Something was read from a channel. */
void drain_note_read(struct drain *drain, unsigned int channel);
/* There was nothing in it. */
void drain_note_empty(struct drain *drain, unsigned int channel);
bool drain_is_over(const struct drain *drain);
