/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/*
 * A descriptor that becomes readable when the udevd that serves this network namespace ends; or
 * -ESRCH if none runs. What others may have made, a socket file left behind or a socket of that
 * name without a file, does not count.
 */
int udevd_open(void);
/*
 * Whether there are events that udevd has not processed: what its database says may be of before.
 * It tells nobody when it is done.
 */
bool udevd_is_busy(void);
