/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command upgrade: the keeper of the mounted tree is asked by a signal to become the program
 * that is installed by now. It looks by itself whether that can go on, and stays what it is if not.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/deadline.h"
#include "ctl/mounted_tree.h"

#define PAUSE 10000	     /* µs */
#define LIMIT INT64_C(60000) /* ms, if none is given: for machines with very many disks */
#define DELETED " (deleted)"

/* A line "NAME:\tVALUE" of /proc/PID/status; empty if it is not there. */
static char *read_status(pid_t pid, const char *name)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/status", (int)pid), *line = NULL;
	FILE *file = fopen(path, "re");
	size_t size = 0, len = strlen(name);
	char *value = NULL;

	while (file && !value && getline(&line, &size, file) > 0)
		if (strncmp(line, name, len) == 0 && line[len] == ':')
			value = xstrdup(line + len + 1 + strspn(line + len + 1, "\t "));
	if (file)
		fclose(file);
	if (!value)
		return xstrdup("");
	value[strcspn(value, "\n")] = '\0';
	return value;
}

/* Whether the signal does not simply end a process: it waits for it. */
static bool expects(pid_t pid, int signal)
{
	_cleanup_free_ char *blocked = read_status(pid, "SigBlk");

	return strtoull(blocked, NULL, 16) >> (signal - 1) & 1;
}

/* Where the program of a process lies, also if there is another one by now. */
static char *find_program(pid_t pid)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/exe", (int)pid);
	char room[4096];
	ssize_t len = readlink(path, room, sizeof(room) - 1);

	if (len < 0)
		return NULL;
	room[len] = '\0';
	if (len > (ssize_t)strlen(DELETED) && strcmp(room + len - strlen(DELETED), DELETED) == 0)
		room[len - (ssize_t)strlen(DELETED)] = '\0';
	return xstrdup(room);
}

/* The first line that it prints when it is asked for its version; empty: it cannot be run. */
static char *ask_version(const char *program)
{
	const char *const words[] = { program, "--version", NULL };
	posix_spawn_file_actions_t actions;
	char text[256] = "";
	int ends[2];
	ssize_t n = 0;
	pid_t pid;
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return xstrdup("");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	r = posix_spawn(&pid, program, &actions, NULL, (char *const *)words, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (r == 0) {
		n = read(ends[0], text, sizeof(text) - 1);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close(ends[0]);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return xstrdup(text);
}

/* Whether the installed program may take over: CTL_OK, or a message says why not. */
static int check_program(const char *program, const char *installed, const char *running)
{
	if (strncmp(installed, "mmfs ", 5) != 0)
		return ctl_fail("%s is no mmfs that runs: nothing has changed", program);
	if (strverscmp(installed, running) < 0)
		return ctl_fail("the installed %s is older than the %s that runs: nothing has "
				"changed (stop it and start it anew)",
			installed, running);
	return CTL_OK;
}

static pid_t read_server(const struct ctl *ctl)
{
	_cleanup_free_ char *text = tree_read_line(ctl, "control/server_pid");

	return (pid_t)strtol(text, NULL, 10);
}

/*
 * Its server is its child, and runs the same program. 0: there is none, or it is not to be seen
 * from here, where another process may have the number that the tree tells.
 */
static pid_t find_keeper(pid_t server)
{
	_cleanup_free_ char *text = read_status(server, "PPid"),
			    *name = read_status(server, "Name");
	pid_t keeper = (pid_t)strtol(text, NULL, 10);
	_cleanup_free_ char *program = find_program(server), *other = find_program(keeper);

	if (strcmp(name, "mmfs-server") != 0)
		return 0;
	return program && other && strcmp(program, other) != 0 ? 0 : keeper;
}

/* Whoever runs a process chooses its program: it must not be run by root. */
static bool is_own(pid_t pid)
{
	_cleanup_free_ char *uid = read_status(pid, "Uid");

	return *uid && strtoul(uid, NULL, 10) == geteuid();
}

/* One that went on after a crash is no upgrade. */
static int await_server(const struct ctl *ctl, pid_t before, const char *installed)
{
	int64_t end = deadline_begin(ctl);

	for (;;) {
		_cleanup_free_ char *version = NULL;
		pid_t now = read_server(ctl);

		if (now > 0 && now != before) {
			version = tree_read_line(ctl, "control/version");
			if (strcmp(version, installed) == 0)
				return CTL_OK;
		}
		if (now == 0 && tree_check(ctl) != CTL_OK)
			return CTL_NOT_MOUNTED;
		if (deadline_get_rest(end) == 0)
			return ctl_fail("the installed mmfs has not taken over: its log says why");
		usleep(PAUSE);
	}
}

int cmd_upgrade(struct ctl *ctl, int count, char **words)
{
	_cleanup_free_ char *running = tree_read_line(ctl, "control/version"), *program = NULL,
			    *installed = NULL;
	pid_t server = read_server(ctl), keeper = find_keeper(server);
	int r;

	if (keeper <= 0)
		return ctl_fail("there is no keeper of %s that can be seen from here", ctl->mount);
	if (!is_own(keeper))
		return ctl_fail(
			"process %d is another user's: nothing has changed (runuser -u USER "
			"mmctl ... upgrade)",
			(int)keeper);
	if (!expects(keeper, SIGUSR2))
		return ctl_fail("the %s that runs cannot be taken over from: stop it and start it "
				"anew",
			running);
	program = find_program(keeper);
	if (!program)
		return ctl_fail("cannot see which program process %d runs: %s", (int)keeper,
			strerror(errno));
	installed = ask_version(program);
	r = check_program(program, installed, running);
	if (r != CTL_OK)
		return r;
	if (kill(keeper, SIGUSR2) < 0)
		return ctl_fail("cannot ask process %d to be taken over from: %s", (int)keeper,
			strerror(errno));
	if (ctl->timeout_ms < 0)
		ctl->timeout_ms = LIMIT;
	r = await_server(ctl, server, installed);
	if (r != CTL_OK)
		return r;
	if (!ctl->is_quiet)
		printf("%s serves %s\n", installed, ctl->mount);
	return CTL_OK;
}
