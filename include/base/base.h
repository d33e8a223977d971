/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#define _cleanup_(function) __attribute__((cleanup(function)))
#define _printf_(text, first) __attribute__((__format__(__printf__, text, first)))
#define _unused_ __attribute__((unused))

/*
 * Moves an owned pointer out of its variable, so that the cleanup there has nothing left to free.
 */
#define steal_ptr(pointer)                               \
	({                                               \
		__typeof__(pointer) stolen_ = (pointer); \
		(pointer) = NULL;                        \
		stolen_;                                 \
	})

/* Defines `name_free_p(type **)` for _cleanup_() from `name_free(type *)`. */
#define DEFINE_CLEANUP(type, function)                 \
	static inline void function##_p(type **object) \
	{                                              \
		function(*object);                     \
	}

static inline void free_p(void *pointer)
{
	free(*(void **)pointer);
}

#define _cleanup_free_ _cleanup_(free_p)

/*
 * Sums and products of sizes that cannot wrap: what is too much is the most there can be, which no
 * allocation succeeds with.
 */
static inline size_t size_add(size_t a, size_t b)
{
	size_t sum;

	return __builtin_add_overflow(a, b, &sum) ? SIZE_MAX : sum;
}

static inline size_t size_multiply(size_t a, size_t b)
{
	size_t product;

	return __builtin_mul_overflow(a, b, &product) ? SIZE_MAX : product;
}

/*
 * Allocation that ends the process when memory is exhausted. The kernel overcommits, so this is
 * met only when the machine is already lost; and since everything acknowledged is on disk by then,
 * starting anew from the database is the safe outcome. Sizes that come from outside are bounded
 * before they get here.
 */
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t count, size_t size);
/* A list that only this makes longer, with room for one object more than the `count` it has. */
void *xgrow(void *list, size_t count, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t len);
char *xasprintf(const char *format, ...) _printf_(1, 2);
char *xvasprintf(const char *format, va_list args) _printf_(1, 0);

/* For texts behind the object that they are part of. NULL takes no room, and stays NULL. */
size_t text_get_size(const char *text);
/* Copies `text` to *room, which moves behind it; returns the copy. */
char *text_put(char **room, const char *text);

/* True when both are NULL, or both are the same text. */
bool is_same_text(const char *a, const char *b);
/* For qsort() and bsearch() of lists of texts: strcmp() of what the elements point to. */
int text_compare_at(const void *a, const void *b);
