/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judges what hosts were told of names: whether there is an order of all calls, each between its
 * beginning and its end, by which each was told what was so. One call a line, on standard input:
 *
 *	BEGIN END HOST create NAME OWNER RESULT
 *	BEGIN END HOST delete NAME RESULT
 *	BEGIN END HOST rename NAME NAME RESULT
 *	BEGIN END HOST all NAME=OWNER…	all there are; with 0 for END: to begin with
 *
 * Times are in µs. RESULT is `yes`, `exists` or `none`, each as things are in that order; `maybe`:
 * it may happen at any time from its beginning, or never; `no`: nothing has happened, for whatever
 * reason. All orders that can be are tried, so that 64 calls are the limit.
 *
 * Exits with 0 if there is such an order, with 1 if there is none.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

enum { CALLS = 64, NAMES = 10, OWNERS = 7, SLOTS = 1 << 22 };
enum verb { CREATE, DELETE, RENAME, ALL };

struct call {
	uint64_t begin, end;
	enum verb verb;
	int name, other; /* RENAME: what it is renamed to */
	uint32_t owner;	 /* ALL: the whole state */
	bool is_refused; /* since it was there, or was not */
	bool is_maybe;
};

static struct call calls[CALLS];
static size_t count;
static char *names[NAMES], *owners[OWNERS];

/* What has been tried: which calls are in the order so far, and what there is after them. */
static struct tried {
	uint64_t calls;
	uint32_t state;
	bool is_used;
} tried[SLOTS];
static size_t tried_count;

static _Noreturn void fail(const char *what, const char *line)
{
	fprintf(stderr, "linear: %s: %s\n", what, line);
	exit(2);
}

static int find(char **list, int most, const char *text, const char *line)
{
	for (int i = 0; i < most; i++) {
		if (!list[i])
			list[i] = xstrdup(text);
		if (strcmp(list[i], text) == 0)
			return i;
	}
	fail("too many names", line);
}

/* Three bits a name: 0: it is not there, else its owner. */
static uint32_t get(uint32_t state, int name)
{
	return state >> (3 * name) & 7;
}

static uint32_t set(uint32_t state, int name, uint32_t owner)
{
	return (state & ~(UINT32_C(7) << (3 * name))) | owner << (3 * name);
}

static uint32_t parse_all(char **words, const char *line)
{
	uint32_t state = 0;
	char *word;

	while ((word = strsep(words, " "))) {
		char *name = strsep(&word, "=");

		if (*name && word)
			state = set(state, find(names, NAMES, name, line),
				(uint32_t)find(owners, OWNERS, word, line) + 1);
	}
	return state;
}

static void take_result(struct call *call, const char *result, const char *line)
{
	call->is_maybe = strcmp(result, "maybe") == 0;
	if (call->is_maybe)
		call->end = UINT64_MAX;
	call->is_refused = strcmp(result, "exists") == 0 || strcmp(result, "none") == 0;
	if (strcmp(result, "no") == 0)
		return; /* it is as if it had not been asked for */
	if (!call->is_maybe && !call->is_refused && strcmp(result, "yes") != 0)
		fail("no result", line);
	count++;
}

static void take_line(char *text)
{
	_cleanup_free_ char *line = xstrdup(text);
	struct call *call = &calls[count];
	char *verb, *first;

	if (count == CALLS)
		fail("too many calls", line);
	*call = (struct call){ .begin = strtoull(strsep(&text, " "), NULL, 10) };
	call->end = text ? strtoull(strsep(&text, " "), NULL, 10) : 0;
	strsep(&text, " "); /* the host does not matter */
	verb = strsep(&text, " ");
	if (!verb || call->end < call->begin)
		fail("no call", line);
	if (strcmp(verb, "all") == 0) {
		call->verb = ALL;
		call->owner = parse_all(&text, line);
		count++;
		return;
	}
	first = strsep(&text, " ");
	if (!first || !text)
		fail("no call", line);
	call->name = find(names, NAMES, first, line);
	call->verb = *verb == 'c' ? CREATE : *verb == 'd' ? DELETE : RENAME;
	if (call->verb == CREATE)
		call->owner = (uint32_t)find(owners, OWNERS, strsep(&text, " "), line) + 1;
	if (call->verb == RENAME)
		call->other = find(names, NAMES, strsep(&text, " "), line);
	take_result(call, text ? text : "", line);
}

/* False: it cannot have been told that by then. */
static bool apply(const struct call *call, uint32_t *state)
{
	bool is_there = call->verb != ALL && get(*state, call->name);

	switch (call->verb) {
	case CREATE:
		if (call->is_refused || is_there)
			return call->is_refused == is_there;
		*state = set(*state, call->name, call->owner);
		return true;
	case DELETE:
		if (call->is_refused || !is_there)
			return call->is_refused != is_there;
		*state = set(*state, call->name, 0);
		return true;
	case RENAME:
		if (call->is_refused || !is_there)
			return call->is_refused != is_there;
		*state = set(*state, call->other, get(*state, call->name));
		if (call->other != call->name)
			*state = set(*state, call->name, 0);
		return true;
	case ALL:
		if (!call->end)
			*state = call->owner;
		return *state == call->owner;
	}
	return false;
}

/* False: it was tried before. */
static bool note(uint64_t done, uint32_t state)
{
	size_t slot = (size_t)((done * UINT64_C(0x9e3779b97f4a7c15)) ^
			      (state * UINT64_C(0xc2b2ae3d27d4eb4f))) %
		SLOTS;

	while (tried[slot].is_used) {
		if (tried[slot].calls == done && tried[slot].state == state)
			return false;
		slot = (slot + 1) % SLOTS;
	}
	if (++tried_count > SLOTS / 2)
		fail("too many orders", "");
	tried[slot] = (struct tried){ done, state, true };
	return true;
}

/* Whether the calls that are not in the order yet can follow it, and those first that may. */
static bool can_follow(uint64_t done, uint32_t state)
{
	uint64_t limit = UINT64_MAX;

	for (size_t i = 0; i < count; i++)
		if (!(done >> i & 1) && calls[i].end < limit)
			limit = calls[i].end;
	if (limit == UINT64_MAX)
		return true; /* nothing is left but what may never happen */
	if (!note(done, state))
		return false;
	for (size_t i = 0; i < count; i++) {
		uint32_t next = state;

		if (done >> i & 1 || calls[i].begin > limit || !apply(&calls[i], &next))
			continue;
		if (can_follow(done | UINT64_C(1) << i, next))
			return true;
	}
	return false;
}

int main(void)
{
	char line[4096];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (*line)
			take_line(line);
	}
	if (can_follow(0, 0))
		return 0;
	printf("no order of %zu calls explains what was told\n", count);
	return 1;
}
