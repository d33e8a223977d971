/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sandbox, and the confinement of the server: what must not work from inside, one process per
 * attempt.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../run-suite.h"
#include "io/probe/confinement.h"
#include "io/probe/sandbox.h"

static int in; /* open for reading */

static long try_read(void)
{
	char data[16];

	return pread(in, data, sizeof(data), 0) > 0 && read(in, data, 1) == 1;
}

static long try_memory(void)
{
	void *page = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page != MAP_FAILED && mprotect(page, 4096, PROT_READ | PROT_WRITE) == 0 &&
		munmap(page, 1 << 20) == 0;
}

static long try_status(void)
{
	struct stat status;

	return fstat(in, &status) == 0;
}

static long try_open(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0;
}

static long try_open_write(void)
{
	return open("/tmp", O_RDWR | O_TMPFILE, 0600) >= 0;
}

static long try_write(void)
{
	return write(STDOUT_FILENO, "!", 1) > 0;
}

static long try_ioctl(void)
{
	int value;

	return ioctl(in, BLKROGET, &value) == 0 || errno != EPERM;
}

static long try_kill(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0) == 0;
}

static long try_exec_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
		MAP_FAILED;
}

static long try_map_executable(void)
{
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
}

static long try_huge_memory(void)
{
	return mmap(NULL, 1UL << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static long try_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static long try_fork(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0;
}

static long try_exec(void)
{
	char *const arguments[] = { (char *)"true", NULL };

	return execve("/bin/true", arguments, NULL) == 0;
}

static long try_ptrace(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0;
}

static long try_other_memory(void)
{
	return syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0) >= 0;
}

static long try_signal(void)
{
	return kill(getppid(), 0) == 0;
}

static long try_namespace(void)
{
	return unshare(CLONE_NEWUSER) == 0;
}

enum outcome { WORKS, DENIED, DEADLY };

static const struct {
	long (*attempt)(void);
	enum outcome outcome;
} attempts[] = {
	{ try_read, WORKS },
	{ try_memory, WORKS },
	{ try_status, WORKS },
	{ try_open, DENIED },
	{ try_open_write, DENIED },
	{ try_write, DENIED },
	{ try_ioctl, DENIED },
	{ try_kill, DENIED },
	{ try_exec_memory, DENIED },
	{ try_map_executable, DENIED },
	{ try_huge_memory, SANDBOX_IS_RELAXED ? WORKS : DENIED },
	{ try_socket, DEADLY },
	{ try_fork, DEADLY },
	{ try_exec, DEADLY },
	{ try_ptrace, DEADLY },
	{ try_other_memory, DEADLY },
	{ try_signal, DEADLY },
	{ try_namespace, DEADLY },
};

/* How a process ends that makes an attempt in the sandbox, or on its threshold. */
static int try_in_sandbox(long (*attempt)(void), bool is_entered)
{
	struct sandbox *sandbox = NULL;
	int status;
	pid_t pid;

	ck_assert_int_eq(sandbox_new(&sandbox), 0);
	pid = fork();
	if (pid == 0) {
		if (sandbox_drop_capabilities(0) < 0 || sandbox_prepare(sandbox) < 0 ||
			(is_entered && sandbox_enter(sandbox) < 0))
			_exit(2);
		_exit(attempt() ? 1 : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	sandbox_free(sandbox);
	return status;
}

static void assert_deadly(int status)
{
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGSYS);
}

START_TEST(attempt)
{
	enum outcome outcome = attempts[_i].outcome;
	int status;

	in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	status = try_in_sandbox(attempts[_i].attempt, true);
	if (outcome == DEADLY && !SANDBOX_IS_RELAXED) {
		assert_deadly(status);
		assert_deadly(try_in_sandbox(attempts[_i].attempt, false));
	} else {
		ck_assert(WIFEXITED(status));
		ck_assert_int_eq(WEXITSTATUS(status), outcome == WORKS);
	}
	close(in);
}
END_TEST

/* Limits that are lower already stay, and are no reason to fail. */
START_TEST(twice)
{
	struct sandbox *sandbox = NULL;
	int status;
	pid_t pid;

	ck_assert_int_eq(sandbox_new(&sandbox), 0);
	pid = fork();
	if (pid == 0) {
		if (sandbox_drop_capabilities(0) < 0 || sandbox_drop_capabilities(~0ULL) < 0)
			_exit(2);
		_exit(sandbox_prepare(sandbox) < 0 || sandbox_enter(sandbox) < 0 ? 1 : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	sandbox_free(sandbox);
	sandbox_free(NULL);
}
END_TEST

/* --- the server's ----------------------------------------------------------------------------- */

static long try_mount(void)
{
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 || errno != EPERM;
}

static long try_unmount(void)
{
	return umount2("/nowhere", MNT_DETACH) == 0 || errno != EPERM;
}

static long try_program(void)
{
	return execl("/bin/true", "true", NULL) == 0 || errno != EPERM;
}

static long try_own_namespace(void)
{
	return unshare(CLONE_NEWUSER) == 0 || errno != EPERM;
}

static long try_child_in_namespace(void)
{
	return syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL) >= 0 ||
		errno != EPERM;
}

/* What it wants lies in memory. */
static long try_hidden_namespace(void)
{
	struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };

	return syscall(SYS_clone3, &args, sizeof(args)) >= 0 || errno != ENOSYS;
}

static void *do_nothing(void *data)
{
	return data;
}

static long try_thread(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, do_nothing, NULL) == 0 &&
		pthread_join(thread, NULL) == 0;
}

static long try_parent(void)
{
	return ptrace(PTRACE_SEIZE, getppid(), 0, 0) == 0 || errno != EPERM;
}

static long try_network(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EPERM;
}

/* The kernel looks at the lower half of a register, a filter at all of it. */
static long try_hidden_network(void)
{
	return syscall(SYS_socket, INT64_C(1) << 32 | AF_INET, SOCK_STREAM, 0) >= 0 ||
		errno != EPERM;
}

static long try_other_family(void)
{
	return socket(AF_ALG, SOCK_SEQPACKET, 0) >= 0 || errno != EPERM;
}

/* By this who may read everything gets at files outside of a container. */
static long try_handle(void)
{
	return syscall(SYS_open_by_handle_at, -1, NULL, O_RDONLY) >= 0 || errno != EPERM;
}

static long try_local_socket(void)
{
	return socket(AF_UNIX, SOCK_SEQPACKET, 0) >= 0 &&
		socket(AF_NETLINK, SOCK_RAW, 15 /* NETLINK_KOBJECT_UEVENT */) >= 0;
}

static long try_child(void)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(0);
	return waitpid(pid, &status, 0) == pid && status == 0;
}

static const struct {
	long (*attempt)(void);
	bool works;
} server_attempts[] = {
	{ try_read, true },
	{ try_open, true },
	{ try_open_write, true },
	{ try_local_socket, true },
	{ try_child, true },
	{ try_thread, true },
	{ try_mount, false },
	{ try_unmount, false },
	{ try_program, false },
	{ try_own_namespace, false },
	{ try_child_in_namespace, false },
	{ try_hidden_namespace, false },
	{ try_parent, false },
	{ try_network, false },
	{ try_hidden_network, false },
	{ try_other_family, false },
	{ try_handle, false },
};

START_TEST(server_attempt)
{
	int status;
	pid_t pid;

	in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || confinement_enter() < 0)
			_exit(2);
		_exit(server_attempts[_i].attempt() ? 1 : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), server_attempts[_i].works);
	close(in);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sandbox");
	TCase *cases = suite_add_case(suite, "sandbox");

	tcase_add_loop_test(cases, attempt, 0, ARRAY_SIZE(attempts));
	tcase_add_test(cases, twice);
	if (!SANDBOX_IS_RELAXED)
		tcase_add_loop_test(cases, server_attempt, 0, ARRAY_SIZE(server_attempts));
	return run_suite(suite);
}
