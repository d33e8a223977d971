/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is left to a process that reads hostile bytes: memory, the descriptors it has open, exit.
 *
 * There is no way out by writing: no call that sends or writes is permitted, results leave through
 * memory shared with the parent. Two filters are stacked, and the stricter verdict counts:
 *
 *   known      kills the process at any call that neither libc nor libblkid has a reason to make,
 *              nor we on the way to the second filter: this one is in place early;
 *   permitted  of the known ones lets through those that read or concern the process alone, and
 *              makes the others fail with EPERM. libblkid takes that for "not there": it looks for
 *              files in /sys and asks drivers about zones and encryption.
 *
 * The tables hold a little more than libblkid 2.38 and glibc 2.36 use (seen with strace), since a
 * newer version may use other calls for the same thing: 2.40 maps its buffers and protects them.
 *
 * With the address sanitizer the first filter and the limit of the address space are left out (its
 * shadow is terabytes, and it looks around in /proc), and what it needs to report is permitted.
 *
 * Invariant: once sandbox_enter() has returned 0, nothing can be opened, sent, written or started.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/blkzoned.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/probe/sandbox.h"

#define SANDBOX_MEMORY_MAX (256UL << 20) /* bytes of new memory; libblkid reads a few KiB */
#define SANDBOX_SECONDS_MAX 10		 /* of processor time; a probe takes a millisecond */

struct sandbox {
	rlim_t address_space; /* bytes in all, with what the process has mapped already */
	struct sock_fprog known;
	struct sock_fprog permitted;
};

/* Permitted whatever the arguments. */
static const int permitted_calls[] = {
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(preadv),
	SCMP_SYS(lseek),
	SCMP_SYS(_llseek),
	SCMP_SYS(fstat),
	SCMP_SYS(fstat64),
	SCMP_SYS(close),
	SCMP_SYS(fadvise64),
	SCMP_SYS(fadvise64_64),
	SCMP_SYS(arm_fadvise64_64),
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(futex),
	SCMP_SYS(futex_time64),
	SCMP_SYS(sched_yield),
	SCMP_SYS(getrandom),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_gettime64),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(clock_nanosleep_time64),
	SCMP_SYS(getpid),
	SCMP_SYS(getppid),
	SCMP_SYS(gettid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(uname),
};

/* Permitted when the argument, masked, has the value. */
static const struct {
	int call;
	unsigned int argument;
	uint64_t mask;
	uint64_t value;
} permitted_arguments[] = {
	{ SCMP_SYS(mmap), 2, PROT_EXEC, 0 },
	{ SCMP_SYS(mmap2), 2, PROT_EXEC, 0 },
	{ SCMP_SYS(mprotect), 2, PROT_EXEC, 0 },
	/* How glibc makes an fstat(). A path does no harm: it tells what anyone may know. */
	{ SCMP_SYS(newfstatat), 3, AT_EMPTY_PATH, AT_EMPTY_PATH },
	{ SCMP_SYS(fstatat64), 3, AT_EMPTY_PATH, AT_EMPTY_PATH },
	{ SCMP_SYS(fcntl), 1, 0xffffffff, F_GETFL },
	{ SCMP_SYS(fcntl64), 1, 0xffffffff, F_GETFL },
	{ SCMP_SYS(ioctl), 1, 0xffffffff, BLKGETSIZE64 },
	{ SCMP_SYS(ioctl), 1, 0xffffffff, BLKSSZGET },
	{ SCMP_SYS(ioctl), 1, 0xffffffff, BLKPBSZGET },
	{ SCMP_SYS(ioctl), 1, 0xffffffff, BLKIOMIN },
	{ SCMP_SYS(ioctl), 1, 0xffffffff, BLKIOOPT },
	{ SCMP_SYS(ioctl), 1, 0xffffffff, BLKALIGNOFF },
	{ SCMP_SYS(ioctl), 1, 0xffffffff, BLKGETZONESZ },
	{ SCMP_SYS(ioctl), 1, 0xffffffff, BLKREPORTZONE },
#if SANDBOX_IS_RELAXED
	{ SCMP_SYS(write), 0, 0xffffffff, STDERR_FILENO },
	{ SCMP_SYS(writev), 0, 0xffffffff, STDERR_FILENO },
#endif
};

/* Not permitted, but no reason to die: tried in vain by innocent code. */
static const int known_calls[] = {
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(openat2),
	SCMP_SYS(creat),
	SCMP_SYS(stat),
	SCMP_SYS(stat64),
	SCMP_SYS(lstat),
	SCMP_SYS(lstat64),
	SCMP_SYS(statx),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(getcwd),
	SCMP_SYS(getdents64),
	SCMP_SYS(statfs),
	SCMP_SYS(fstatfs),
	SCMP_SYS(sysinfo),
	SCMP_SYS(prctl), /* also what puts the second filter in place */
	SCMP_SYS(getrlimit),
	SCMP_SYS(prlimit64),
	SCMP_SYS(capget), /* to give up what is left */
	SCMP_SYS(capset),
	SCMP_SYS(write), /* abort() of a libc that found its heap damaged */
	SCMP_SYS(writev),
	SCMP_SYS(tgkill),
};

/* What every process here is held to; the soft limit of time leaves a second to be told apart. */
static const struct {
	__rlimit_resource_t resource;
	struct rlimit limit;
} limits[] = {
	{ RLIMIT_CPU, { SANDBOX_SECONDS_MAX, SANDBOX_SECONDS_MAX + 1 } },
	{ RLIMIT_CORE, { 0, 0 } },
	{ RLIMIT_FSIZE, { 0, 0 } },
	{ RLIMIT_NPROC, { 0, 0 } },
	{ RLIMIT_MEMLOCK, { 0, 0 } },
};

static int filter_add(scmp_filter_ctx filter, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);

		if (r < 0)
			return r;
	}
	return 0;
}

/* `is_exact`: hold calls to their arguments; else any argument will do. */
static int filter_add_arguments(scmp_filter_ctx filter, bool is_exact)
{
	for (size_t i = 0; i < ARRAY_SIZE(permitted_arguments); i++) {
		const struct scmp_arg_cmp compare = {
			.arg = permitted_arguments[i].argument,
			.op = SCMP_CMP_MASKED_EQ,
			.datum_a = permitted_arguments[i].mask,
			.datum_b = permitted_arguments[i].value,
		};
		int r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, permitted_arguments[i].call,
			is_exact ? 1 : 0, is_exact ? &compare : NULL);

		if (r < 0)
			return r;
	}
	return 0;
}

/* libseccomp 2.5 can only write its program to a file. */
static int filter_export(scmp_filter_ctx filter, struct sock_fprog *ret_program)
{
	int fd = memfd_create("mmfs-filter", MFD_CLOEXEC);
	struct sock_filter *code = NULL;
	off_t size;
	int r;

	if (fd < 0)
		return -errno;
	r = seccomp_export_bpf(filter, fd);
	if (r < 0)
		goto out;
	size = lseek(fd, 0, SEEK_END);
	if (size <= 0 || size > (off_t)(BPF_MAXINSNS * sizeof(*code))) {
		r = -E2BIG;
		goto out;
	}
	code = xcalloc(1, (size_t)size);
	if (pread(fd, code, (size_t)size, 0) != size) {
		r = -EIO;
		goto out;
	}
	ret_program->len = (unsigned short)((size_t)size / sizeof(*code));
	ret_program->filter = steal_ptr(code);
out:
	free(code);
	close(fd);
	return r;
}

static int filter_new(bool is_known, struct sock_fprog *ret_program)
{
	scmp_filter_ctx filter =
		seccomp_init(is_known ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(EPERM));
	int r;

	if (!filter)
		return -ENOMEM;
	r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (r == 0)
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r == 0)
		r = filter_add(filter, permitted_calls, ARRAY_SIZE(permitted_calls));
	if (r == 0)
		r = filter_add_arguments(filter, !is_known);
	if (r == 0 && is_known)
		r = filter_add(filter, known_calls, ARRAY_SIZE(known_calls));
	if (r == 0)
		r = filter_export(filter, ret_program);
	seccomp_release(filter);
	return r;
}

/* Libraries and a locale archive may be much already. A gigabyte when /proc does not tell. */
static rlim_t address_space_get(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (file && fscanf(file, "%lu", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return pages ? pages * (rlim_t)sysconf(_SC_PAGESIZE) : 1UL << 30;
}

int sandbox_new(struct sandbox **ret_sandbox)
{
	_cleanup_(sandbox_free_p) struct sandbox *sandbox = xcalloc(1, sizeof(*sandbox));
	int r;

	r = filter_new(true, &sandbox->known);
	if (r < 0)
		return r;
	r = filter_new(false, &sandbox->permitted);
	if (r < 0)
		return r;
	sandbox->address_space = address_space_get() + SANDBOX_MEMORY_MAX;
	*ret_sandbox = steal_ptr(sandbox);
	return 0;
}

void sandbox_free(struct sandbox *sandbox)
{
	if (!sandbox)
		return;
	free(sandbox->known.filter);
	free(sandbox->permitted.filter);
	free(sandbox);
}

int sandbox_drop_capabilities(uint64_t kept)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_capget, &header, data) < 0)
		return -errno;
	/* Who may not take from the bounding set cannot gain anything by it either. */
	if (data[0].effective & 1 << CAP_SETPCAP)
		for (unsigned long cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
			continue;
	for (size_t i = 0; i < ARRAY_SIZE(data); i++) {
		data[i].permitted &= (uint32_t)(kept >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

/* Never raises a limit that is lower already. */
static int limit_apply(__rlimit_resource_t resource, const struct rlimit *limit)
{
	struct rlimit now;

	if (getrlimit(resource, &now) < 0)
		return -errno;
	if (now.rlim_max > limit->rlim_max)
		now.rlim_max = limit->rlim_max;
	if (now.rlim_cur > limit->rlim_cur)
		now.rlim_cur = limit->rlim_cur;
	return setrlimit(resource, &now) < 0 ? -errno : 0;
}

static int filter_apply(const struct sock_fprog *program)
{
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0) < 0 ? -errno : 0;
}

int sandbox_prepare(const struct sandbox *sandbox)
{
	const struct rlimit address_space = { sandbox->address_space, sandbox->address_space };
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		r = limit_apply(limits[i].resource, &limits[i].limit);
		if (r < 0)
			return r;
	}
	if (SANDBOX_IS_RELAXED)
		return 0;
	r = limit_apply(RLIMIT_AS, &address_space);
	return r < 0 ? r : filter_apply(&sandbox->known);
}

int sandbox_enter(const struct sandbox *sandbox)
{
	static const struct rlimit none = { 0, 0 };
	int r = sandbox_drop_capabilities(0);

	if (r == 0)
		r = limit_apply(RLIMIT_NOFILE, &none);
	return r < 0 ? r : filter_apply(&sandbox->permitted);
}
