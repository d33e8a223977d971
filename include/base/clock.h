/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/* Microseconds. */
uint64_t clock_get_monotonic(void); /* the same in all processes */
uint64_t clock_get_real(void);	    /* since 1970 */
