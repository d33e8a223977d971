/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

/* Reads decimal digits and nothing else. -EINVAL: that is no number, or it is larger than `max`. */
int number_parse(const char *text, uint64_t max, uint64_t *ret_number);
