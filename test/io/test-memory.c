/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory that outlives a process: whose it is, and what there is when it is short. */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../run-suite.h"
#include "daemon/memory.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true /* which takes terabytes of addresses */
#else
#define IS_SANITIZED false
#endif

/* How a process that was forked ends which calls this. */
static int run_child(int (*call)(void *data), void *data)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		_exit(call(data));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static int read_byte(void *data)
{
	return *(volatile char *)data;
}

/* Who reads disks is forked, and must not get at it. */
START_TEST(test_no_childs)
{
	struct kept *kept;
	void *spare;
	int status;

	ck_assert_int_eq(memory_open(-1, &kept, &spare), 0);
	status = run_child(read_byte, kept_get(kept, kept_add(kept, 1, 0, "a", 1)));
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGSEGV);
	kept_free(kept);
}
END_TEST

/* What was never touched would cost memory in a dump. */
START_TEST(test_no_dump)
{
	struct kept *kept;
	void *spare;
	char line[512], address[32];
	unsigned long start, end, size = 0;
	FILE *file;

	ck_assert_int_eq(memory_open(-1, &kept, &spare), 0);
	file = fopen("/proc/self/smaps", "re");
	ck_assert_ptr_nonnull(file);
	snprintf(address, sizeof(address), "%p", kept_get(kept, kept_add(kept, 1, 0, "a", 1)));
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			size = strtoul(address, NULL, 16) - start < end - start ? end - start : 0;
		if (size && strncmp(line, "VmFlags:", 8) == 0)
			break;
	}
	fclose(file);
	ck_assert(size);
	ck_assert_msg(strstr(line, " dd "), "%s", line);
	kept_free(kept);
}
END_TEST

static int open_little(void *data)
{
	struct rlimit limit = { .rlim_cur = *(rlim_t *)data, .rlim_max = *(rlim_t *)data };
	struct kept *kept;
	void *spare;
	void *rest;

	if (setrlimit(RLIMIT_AS, &limit) < 0 || memory_open(-1, &kept, &spare) < 0)
		return 1;
	rest = mmap(NULL, limit.rlim_cur / 3, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return rest == MAP_FAILED ? 2 : kept_add_raw(kept, 1, 0, 16 << 20) == 0;
}

/* ulimit -v: with less it can do as well, and it leaves some for the rest. */
START_TEST(test_less)
{
	rlim_t limits[] = { (rlim_t)17 << 30, (rlim_t)5 << 30, (rlim_t)256 << 20 };

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		ck_assert_int_eq(run_child(open_little, &limits[i]), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("memory");
	TCase *tcase = suite_add_case(suite, "memory");

	tcase_add_test(tcase, test_no_childs);
	tcase_add_test(tcase, test_no_dump);
	if (!IS_SANITIZED)
		tcase_add_test(tcase, test_less);
	return run_suite(suite);
}
