/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allocation that cannot fail, and other things too small for a file of their own.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

static void *require(void *memory)
{
	if (!memory) {
		fputs("mmfs: out of memory\n", stderr);
		abort();
	}
	return memory;
}

void *xcalloc(size_t count, size_t size)
{
	return require(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *old, size_t count, size_t size)
{
	return require(reallocarray(old, count ? count : 1, size ? size : 1));
}

void *xgrow(void *list, size_t count, size_t size)
{
	bool is_full = (count & (count - 1)) == 0; /* it has room for a power of two */

	return is_full ? xrealloc(list, count ? size_multiply(count, 2) : 1, size) : list;
}

char *xstrdup(const char *text)
{
	return require(strdup(text));
}

char *xstrndup(const char *text, size_t len)
{
	return require(strndup(text, len));
}

char *xasprintf(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	return text;
}

char *xvasprintf(const char *format, va_list args)
{
	char *text = NULL;
	int len = vasprintf(&text, format, args);

	return require(len < 0 ? NULL : text);
}

size_t text_get_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

char *text_put(char **room, const char *text)
{
	char *copy = *room;

	if (!text)
		return NULL;
	*room = stpcpy(copy, text) + 1;
	return copy;
}

bool is_same_text(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return strcmp(a, b) == 0;
}

int text_compare_at(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}
