/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"

/*
 * A script: test cases in a file, in words. A line is one of
 *	# TEXT			for people; so is an empty line
 *	block NAME		what follows are steps that cases may use
 *	case TITLE		what follows are the steps of a case
 *	case_at_rest TITLE	the same of one in which a restart would make a difference
 *	use NAME		the steps of a block, which stands above
 *	VERB WORDS		a step, which the player knows the meaning of: player.h
 * White space around a line means nothing.
 */
#define SCRIPT_TEXT_MAX 1000000 /* bytes of a file, */
#define SCRIPT_LINE_MAX 1000	/* of a line in it, without its newline */
#define SCRIPT_STEPS_MAX 1000	/* of a case or block, with those of the blocks that it uses */

struct script_step {
	const char *text; /* part of the script's */
	unsigned int line;
};

struct script_part {
	const char *title; /* of a case, or the name of a block */
	unsigned int line;
	bool is_at_rest;
	struct script_step *steps;
	size_t count;
};

struct script {
	char *name; /* of the file, for messages */
	char *text;
	struct script_part *cases;
	size_t case_count;
	struct script_part *blocks;
	size_t block_count;
};

/*
 * Takes `text` over, whatever comes of it. -EINVAL: what `why` says, as "NAME:LINE: SENTENCE", and
 * the script is empty. To be ended with script_fini() either way.
 */
int script_parse(struct script *script, const char *name, char *text, struct strbuf *why);
/* That of test/unit/scripts/NAME.script. Ends the program with a message if there is none. */
void script_load(struct script *script, const char *name);
void script_fini(struct script *script);
