/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers in requests: strtoull(3) takes signs, blanks and what overflows. */

#include <errno.h>
#include <stdbool.h>

#include "core/syntax/number.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int number_parse(const char *text, uint64_t max, uint64_t *ret_number)
{
	uint64_t value = 0;

	if (!is_digit(*text))
		return -EINVAL;
	for (; is_digit(*text); text++) {
		uint64_t digit = (uint64_t)(*text - '0');

		if (digit > max || value > (max - digit) / 10)
			return -EINVAL;
		value = value * 10 + digit;
	}
	if (*text)
		return -EINVAL;
	*ret_number = value;
	return 0;
}
