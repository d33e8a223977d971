/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "mmfs/mountmgr.h"

/*
 * Puts the parts of an input that is longer than the carrier's data, and that mean something with
 * this code, into the data: see MMFS_RECORD_PIECES. The data must be zeros.
 */
void pieces_add_input(
	uint32_t code, const void *in, uint32_t in_len, struct mmfs_carrier_16k *carrier);
