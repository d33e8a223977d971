/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is wrong, on standard error. All commands need it, and it needs none of them.
 */

#include <stdarg.h>
#include <stdio.h>

#include "ctl/ctl.h"

/* Names and reasons may have anything in them. */
static int complain(int code, const char *format, va_list args)
{
	_cleanup_free_ char *text = xvasprintf(format, args);
	_cleanup_strbuf_ struct strbuf safe = STRBUF_INIT;

	fflush(stdout);
	strbuf_add_safe(&safe, text);
	fprintf(stderr, "mmctl: %s\n", strbuf_text(&safe));
	return code;
}

int ctl_fail(const char *format, ...)
{
	va_list args;
	int code;

	va_start(args, format);
	code = complain(CTL_FAILED, format, args);
	va_end(args);
	return code;
}

int ctl_misuse(const char *format, ...)
{
	va_list args;
	int code;

	va_start(args, format);
	code = complain(CTL_USAGE, format, args);
	va_end(args);
	return code;
}
