/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was there when somebody asked: see the header.
 */

#include "machines/drain.h"

void drain_begin(struct drain *drain)
{
	for (unsigned int i = 0; i < DRAIN_CHANNELS; i++) {
		drain->is_open[i] = true;
		drain->read[i] = 0;
	}
}

void drain_note_read(struct drain *drain, unsigned int channel)
{
	if (++drain->read[channel] >= DRAIN_READ_MAX)
		drain->is_open[channel] = false;
}

void drain_note_empty(struct drain *drain, unsigned int channel)
{
	drain->is_open[channel] = false;
}

bool drain_is_over(const struct drain *drain)
{
	for (unsigned int i = 0; i < DRAIN_CHANNELS; i++)
		if (drain->is_open[i])
			return false;
	return true;
}
