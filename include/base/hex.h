/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The digit, in lower case, of the lowest four bits. */
static inline char hex_get_digit(unsigned int value)
{
	return "0123456789abcdef"[value & 15];
}

/* The value of a hexadecimal digit in either case, 0…15; -1: it is none. Whatever the locale. */
static inline int hex_get_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}
