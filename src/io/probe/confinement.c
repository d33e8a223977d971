/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is left to the server beside the capabilities that it keeps: all calls but these. A list of
 * what is denied, and not of what is permitted as in sandbox.c: SQLite, libfuse and libudev are
 * free to change theirs, and who reads hostile disks is a child in that sandbox.
 *
 * With the address sanitizer there is no filter: it looks at its own process as a debugger does,
 * and starts a program to name what it finds.
 */

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/socket.h>

#include "io/probe/confinement.h"
#include "io/probe/sandbox.h"

static const int denied_calls[] = {
	/* other programs */
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	/* mounts, and other views of them */
	SCMP_SYS(mount),
	SCMP_SYS(umount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(open_tree),
	SCMP_SYS(move_mount),
	SCMP_SYS(fsopen),
	SCMP_SYS(fsconfig),
	SCMP_SYS(fsmount),
	SCMP_SYS(fspick),
	SCMP_SYS(mount_setattr),
	SCMP_SYS(setns),
	SCMP_SYS(unshare),
	SCMP_SYS(swapon),
	SCMP_SYS(swapoff),
	SCMP_SYS(quotactl),
	/* nodes of devices */
	SCMP_SYS(mknod),
	SCMP_SYS(mknodat),
	/* files that no path leads to: those outside of a container */
	SCMP_SYS(open_by_handle_at),
	/* other processes */
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(pidfd_getfd),
	SCMP_SYS(kcmp),
	/* the kernel */
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(keyctl),
	SCMP_SYS(syslog),
	SCMP_SYS(acct),
	SCMP_SYS(reboot),
	/* the machine */
	SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),
	SCMP_SYS(adjtimex),
	SCMP_SYS(clock_adjtime),
	SCMP_SYS(sethostname),
	SCMP_SYS(setdomainname),
	SCMP_SYS(iopl),
	SCMP_SYS(ioperm),
};

/*
 * All families but AF_UNIX and AF_NETLINK. What is larger than any counts, too: the kernel looks at
 * the lower half of the register alone.
 */
static int deny_families(scmp_filter_ctx filter, uint32_t verdict)
{
	int r = seccomp_rule_add(filter, verdict, SCMP_SYS(socket), 1,
		SCMP_A0(SCMP_CMP_GT, (scmp_datum_t)AF_NETLINK));

	for (int family = AF_UNIX + 1; r == 0 && family < AF_NETLINK; family++)
		r = seccomp_rule_add(filter, verdict, SCMP_SYS(socket), 1,
			SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family));
	return r;
}

/*
 * Threads and children are made, but none in a namespace of its own. Flags that clone3() takes lie
 * in memory, where no filter looks: as on a kernel without it libc makes do with clone().
 */
static int deny_namespaces(scmp_filter_ctx filter, uint32_t verdict)
{
	static const int flags[] = { CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET,
		CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP };
#ifdef __s390__
	const unsigned int argument = 1;
#else
	const unsigned int argument = 0;
#endif
	int r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(flags); i++)
		r = seccomp_rule_add(filter, verdict, SCMP_SYS(clone), 1,
			SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, (scmp_datum_t)flags[i],
				(scmp_datum_t)flags[i]));
	return r;
}

static int deny(scmp_filter_ctx filter)
{
	const uint32_t verdict = SCMP_ACT_ERRNO(EPERM);
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(denied_calls); i++)
		r = seccomp_rule_add(filter, verdict, denied_calls[i], 0);
	if (r == 0)
		r = deny_namespaces(filter, verdict);
	return r < 0 ? r : deny_families(filter, verdict);
}

int confinement_enter(void)
{
	scmp_filter_ctx filter;
	int r;

	if (SANDBOX_IS_RELAXED)
		return 0;
	filter = seccomp_init(SCMP_ACT_ALLOW);
	if (!filter)
		return -ENOMEM;
	r = deny(filter);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}
