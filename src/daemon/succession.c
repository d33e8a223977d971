/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One program after another in the keeper's process.
 *
 * What is handed over goes by way of the environment, the descriptors by their numbers. A program
 * that does not know the layout of that, or the words that this one was called with, must not be
 * started: the mount would end with it. So it is asked first.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/strbuf.h"
#include "daemon/succession.h"
#include "io/store/store_schema.h"

#define NUMBERS "MMFS_SUCCESSION"
#define FOLDER "MMFS_SUCCESSION_FOLDER"
#define PLACE "MMFS_SUCCESSION_PLACE"
#define LAYOUT "1" /* of these variables; that of the memory is its own */
#define SIGNALS 64

static char *program; /* NULL: /proc does not tell */
static char *folder;
static char **words;

void succession_note(char **argv)
{
	const char *handed = getenv(FOLDER);
	char room[4096];
	ssize_t len = readlink("/proc/self/exe", room, sizeof(room) - 1);

	words = argv;
	if (len > 0) {
		room[len] = '\0';
		program = xstrdup(room);
	}
	if (!handed || chdir(handed) == 0)
		folder = getcwd(NULL, 0);
	unsetenv(FOLDER);
}

void succession_look_again(void)
{
	struct stat own, found;

	if (program && stat("/proc/self/exe", &own) == 0 && stat(program, &found) == 0 &&
		own.st_dev == found.st_dev && own.st_ino == found.st_ino)
		return;
	free(program);
	program = NULL;
}

bool succession_can_follow(const char *formats)
{
	unsigned int database;
	int end = 0;

	return sscanf(formats, LAYOUT ":%u%n", &database, &end) == 1 && !formats[end] &&
		database <= STORE_VERSION;
}

static char *make_option(void)
{
	return xasprintf("--" SUCCESSION_OPTION "=%s:%d", LAYOUT, STORE_VERSION);
}

/* The words that this program was called with, and one before them; the caller frees the list. */
static char **add_word(char *word)
{
	char **list;
	size_t count = 0;

	while (words[count])
		count++;
	list = xcalloc(count + 2, sizeof(char *));
	list[0] = words[0];
	list[1] = word;
	memcpy(list + 2, words + 1, count * sizeof(char *));
	return list;
}

pid_t succession_ask(void)
{
	_cleanup_free_ char *option = make_option();
	_cleanup_free_ char **list = add_word(option);
	pid_t pid;

	if (!program || !folder)
		return -1;
	pid = fork();
	if (pid == 0) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		if (chdir(folder) == 0)
			execv(program, list);
		_exit(127);
	}
	return pid;
}

/* Signals as bits, the first being 1. */
static uint64_t pack_mask(const sigset_t *mask)
{
	uint64_t bits = 0;

	for (int i = 0; i < SIGNALS; i++)
		if (sigismember(mask, i + 1) == 1)
			bits |= UINT64_C(1) << i;
	return bits;
}

static void unpack_mask(uint64_t bits, sigset_t *ret_mask)
{
	sigemptyset(ret_mask);
	for (int i = 0; i < SIGNALS; i++)
		if (bits >> i & 1)
			sigaddset(ret_mask, i + 1);
}

static bool parse_numbers(const char *text, struct succession *ret_succession)
{
	struct crash_loop *ends = &ret_succession->ends;
	uint64_t mask;
	int used = 0, at;

	if (sscanf(text, LAYOUT " %d %d %u %" SCNx64 " %zu %zu%n", &ret_succession->fuse,
		    &ret_succession->memory, &ret_succession->servers, &mask, &ends->next,
		    &ends->count, &used) != 6)
		return false;
	for (size_t i = 0; i < CRASH_LOOP_ENDS; i++) {
		if (sscanf(text + used, " %" SCNu64 "%n", &ends->ends[i], &at) != 1)
			return false;
		used += at;
	}
	unpack_mask(mask, &ret_succession->mask);
	return ends->next < CRASH_LOOP_ENDS && ends->count <= CRASH_LOOP_ENDS;
}

bool succession_take(struct succession *ret_succession)
{
	const char *numbers = getenv(NUMBERS), *place = getenv(PLACE);
	struct succession found = { 0 };
	bool is_there = numbers && place && parse_numbers(numbers, &found);

	is_there = is_there && fcntl(found.fuse, F_SETFD, FD_CLOEXEC) == 0 &&
		fcntl(found.memory, F_SETFD, FD_CLOEXEC) == 0;
	if (is_there) {
		found.place = xstrdup(place);
		*ret_succession = found;
	}
	unsetenv(NUMBERS);
	unsetenv(PLACE);
	return is_there;
}

static void set_inherited(const struct succession *succession, int flag)
{
	fcntl(succession->fuse, F_SETFD, flag);
	fcntl(succession->memory, F_SETFD, flag);
}

int succession_become(const struct succession *succession)
{
	const struct crash_loop *ends = &succession->ends;
	_cleanup_strbuf_ struct strbuf numbers = STRBUF_INIT;
	int error;

	if (!program || !folder)
		return -ENOENT;
	strbuf_add_format(&numbers, LAYOUT " %d %d %u %" PRIx64 " %zu %zu", succession->fuse,
		succession->memory, succession->servers, pack_mask(&succession->mask), ends->next,
		ends->count);
	for (size_t i = 0; i < CRASH_LOOP_ENDS; i++)
		strbuf_add_format(&numbers, " %" PRIu64, ends->ends[i]);
	setenv(NUMBERS, strbuf_text(&numbers), 1);
	setenv(FOLDER, folder, 1);
	setenv(PLACE, succession->place, 1);
	set_inherited(succession, 0);
	execv(program, words);
	error = errno;
	set_inherited(succession, FD_CLOEXEC);
	unsetenv(NUMBERS);
	unsetenv(FOLDER);
	unsetenv(PLACE);
	return -error;
}
