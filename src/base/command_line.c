/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command lines that are wrong: one line about it, where getopt(3) and its caller would print two.
 * And those that only ask for something to be printed.
 */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/command_line.h"

char *command_line_explain(int answer, char *const *argv)
{
	const char *word = argv[optind - 1];
	char letter[] = { '-', (char)optopt, '\0' };

	/* Of several letters in a word, optopt is the one; the word may not be done with. */
	if (strncmp(word, "--", 2) != 0 && optopt > 0 && optopt < 256)
		word = letter;
	if (answer == ':')
		return xasprintf("the option %s needs a value", word);
	if (strchr(word, '='))
		return xasprintf("there is no option %s, or it takes no value", word);
	return xasprintf("there is no option %s", word);
}

int command_line_end_printing(const char *program)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_SUCCESS;
	fprintf(stderr, "%s: cannot print: %s\n", program, strerror(errno));
	return EXIT_FAILURE;
}
