/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * deny SYSCALL PROGRAM ARG…: runs a program for which a system call always fails as it does at the
 * limit of the system.
 */

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base.h"

static const struct {
	const char *name;
	unsigned int number, error;
} calls[] = {
	{ "inotify_init1", SYS_inotify_init1, EMFILE },
	{ "inotify_add_watch", SYS_inotify_add_watch, ENOSPC },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 2 && i < ARRAY_SIZE(calls); i++) {
		struct sock_filter filter[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | calls[i].error),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		};
		struct sock_fprog program = { ARRAY_SIZE(filter), filter };

		if (strcmp(argv[1], calls[i].name) != 0)
			continue;
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
			execvp(argv[2], argv + 2);
		perror(argv[2]);
		return 1;
	}
	fputs("usage: deny SYSCALL PROGRAM ARG...\n", stderr);
	return 2;
}
