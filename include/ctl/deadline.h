/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/ctl.h"

/*
 * When what begins now has to be over, in ms of a clock that goes on during suspend; negative:
 * never.
 */
int64_t deadline_begin(const struct ctl *ctl);
/* How long that is from now, in ms, as poll(2) takes it. */
int deadline_get_rest(int64_t deadline);
