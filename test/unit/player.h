/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "fixture.h"
#include "script.h"

#define PLAYER_DAY UINT64_C(86400000000) /* µs */

/*
 * Plays the steps of a script in a small world. What is not as a step says ends nothing: it becomes
 * a line of a diff, of what stands in the script and what would have to stand there, and the case
 * fails at its end. Verbs that do something:
 *	option NAME		starts with auto_dl, suggest, follow, nofollow, `expire DAYS`,
 *				`strangers identity` or `strangers accept`;
 *				`full`, `writable`: whether there is room for what devices bring
 *	plug NAME WORDS		the device comes, or changes: words as for fixture_device(), in
 *				which \xHH is a byte
 *	unplug NAME		goes
 *	lose NAME		has gone, and nothing is decided yet
 *	put NAME WORDS		comes, or changes, together with those before and after it, up to
 *	pull NAME		goes likewise
 *	settle			the end of such a batch
 *	mount NAME PATH		the device is mounted there, too
 *	unmount NAME		and now nowhere
 *	in_use UUID NAME	the kernel has that filesystem of several devices in use, on that
 *				one device; or nothing: none
 *	mounts NAME PATH …	what is mounted from now on, as for world_mount()
 *	ok OPERATION LINE	a request that works: `mv FROM TO` replaces, `mv -n FROM TO` does
 *				not. %ID% is the volume name of that ID.
 *	ERRNO OPERATION LINE	one that does not
 *	begin, commit		around requests of one write
 *	restart
 *	pass DAYS		so many days pass
 *	upkeep			as the daemon has it from time to time
 * and those that look at what has come of it:
 *	device NAME ID		the device is present under ID; `-REASON`, `-`: or is no volume
 *	link LINK NODE		shows NODE, or that its volume is `offline`; `-`: does not show
 *	target PATH TARGET	the symlink in the tree leads there; `-`: is not there
 *	letter ID STATE		the volume `has` one, `refuses` one, or is `free` to get one
 *	volume_name ID STATE	is `new` or the `same`, compared with the last such step; `-`: there
 *				is none
 *	stored LINK ID		the link's row in the database, `-`: there is none
 *	stored ID row FLAGS	the volume's, with `mark` and `keep`
 *	written NUMBER		rows since the last such step, but for those of restarts
 *	epic +NUMBER		changes of the epic number since the last such step
 *	written *, epic *	any number: begin to count anew
 *	history PATTERN		"OPERATION LINK ID, …" since the last such step
 *	history_device NODE	of the last entry
 *	file ID NAME PATTERN	what this file in ids/ID says, whether it shows or not
 *	reply PATTERN		of the last request, its lines with ` | ` in between
 *	why TEXT		is in the sentence of the last failure
 *	last_seen ID DAY	`-`: never
 *	last_device ID NODE	where
 *	event WORDS		the next notice
 *	no_event		there are no more
 */
struct player {
	struct world *world;
	const char *script;	 /* its name, for messages */
	const char *step;	 /* what is played, */
	const char *words;	 /* the copy of it that words are cut from, */
	unsigned int line;	 /* and its line */
	bool has_differed;	 /* this step */
	unsigned int differs_at; /* the line of the first that did, 0: none */
	struct strbuf diff;
	bool is_writing; /* requests collect */
	uint32_t epic;	 /* at the last step that asked for it, like the following */
	size_t written;
	uint64_t sequence;
	char *volume_name;
};

/* Cuts the next word off, leaving the rest of the line. */
char *player_take_word(char **rest);
/* What stands at `rest` of the step is not what was seen. */
void player_differ(struct player *player, const char *rest, const char *seen);
/* Ends all: the script makes no sense. */
void player_reject(const struct player *player, const char *sentence) __attribute__((__noreturn__));
/* Plays a step that looks at something. False: there is no such verb. */
bool player_check(struct player *player, const char *verb, char *rest);
