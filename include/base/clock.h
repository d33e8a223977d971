/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/* Microseconds. */
uint64_t clock_get_monotonic(void); /* the same in all processes */
uint64_t clock_get_real(void);	    /* since 1970 */
/* No time, but a number that every run of the machine has another of; 0: unknown. */
uint64_t clock_get_boot(void);
