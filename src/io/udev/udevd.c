/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is udevd running? Its control socket outlives it, and connecting to it would disturb it (it
 * serves one connection at a time); so the kernel's list of sockets and the process table tell.
 * Both have entries of anybody's making, so only what is root's counts.
 */

#include <dirent.h>
#include <errno.h>
#include <libudev.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/base.h"
#include "io/udev/udevd.h"

#define CONTROL "/run/udev/control"
#define LISTEN 10 /* TCP_LISTEN, also the state of a socket of this family that listens */
#define LISTENING 0x00010000u /* __SO_ACCEPTCON in /proc/net/unix */
#define ANSWER_SIZE 32768     /* bytes, of a datagram of the kernel */
#define ANSWER_TIMEOUT 1      /* seconds; the kernel answers at once */

/* Asks the kernel for all sockets of our network namespace that listen, and for their files. */
static int ask_for_listeners(void)
{
	struct {
		struct nlmsghdr header;
		struct unix_diag_req request;
	} message = {
		.header = {
			.nlmsg_len = sizeof(message),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
		.request = {
			.sdiag_family = AF_UNIX,
			.udiag_states = 1u << LISTEN,
			.udiag_show = UDIAG_SHOW_VFS,
		},
	};
	struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
		send(fd, &message, sizeof(message), 0) < 0) {
		int error = errno;

		close(fd);
		return -error;
	}
	return fd;
}

/* The kernel's own dev_t, as this interface has it. */
static uint32_t get_kernel_number(dev_t number)
{
	return (uint32_t)major(number) << 20 | (uint32_t)minor(number);
}

/* Whether a socket is bound to the file: abstract names, which anybody may choose, have none. */
static bool is_bound_to(const struct nlmsghdr *header, const struct stat *file)
{
	const struct unix_diag_msg *message = NLMSG_DATA(header);
	const struct nlattr *attribute = (const struct nlattr *)(message + 1);
	size_t len;

	if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*message)))
		return false;
	len = header->nlmsg_len - NLMSG_LENGTH(sizeof(*message));
	while (len >= sizeof(*attribute) && attribute->nla_len >= sizeof(*attribute) &&
		attribute->nla_len <= len) {
		const struct unix_diag_vfs *vfs = (const struct unix_diag_vfs *)(attribute + 1);
		size_t step = NLA_ALIGN(attribute->nla_len);

		if (attribute->nla_type == UNIX_DIAG_VFS &&
			attribute->nla_len >= NLA_HDRLEN + sizeof(*vfs))
			return vfs->udiag_vfs_ino == (uint32_t)file->st_ino &&
				vfs->udiag_vfs_dev == get_kernel_number(file->st_dev);
		if (step >= len)
			break;
		len -= step;
		attribute = (const struct nlattr *)((const char *)attribute + step);
	}
	return false;
}

/*
 * 1: among these answers, 0: not yet, -ENOENT: there are no more, -EOPNOTSUPP: the kernel cannot
 * tell.
 */
static int find_listener(const char *answers, size_t len, const struct stat *file)
{
	const struct nlmsghdr *header = (const struct nlmsghdr *)answers;

	for (; NLMSG_OK(header, len); header = NLMSG_NEXT(header, len)) {
		if (header->nlmsg_type == NLMSG_DONE)
			return -ENOENT;
		if (header->nlmsg_type == NLMSG_ERROR)
			return -EOPNOTSUPP;
		if (is_bound_to(header, file))
			return 1;
	}
	return 0;
}

/*
 * The same as text, for kernels without the module unix_diag. A name with a newline in it can forge
 * such a line; the file and the process must be root's all the same.
 */
static bool is_listed(void)
{
	FILE *file = fopen("/proc/net/unix", "re");
	bool is_found = false;
	char line[512];

	while (file && !is_found && fgets(line, sizeof(line), file)) {
		unsigned int flags;
		char path[256];

		is_found = sscanf(line, "%*s %*s %*s %x %*s %*s %*s %255s", &flags, path) == 2 &&
			flags & LISTENING && strcmp(path, CONTROL) == 0;
	}
	if (file)
		fclose(file);
	return is_found;
}

/*
 * Whether somebody in our network namespace listens on udevd's control socket, and root made that.
 */
static bool has_listener(void)
{
	_Alignas(struct nlmsghdr) char answers[ANSWER_SIZE];
	struct stat file;
	int fd, r = 0;

	if (lstat(CONTROL, &file) < 0 || !S_ISSOCK(file.st_mode) || file.st_uid != 0)
		return false;
	fd = ask_for_listeners();
	if (fd < 0)
		return is_listed();
	while (r == 0) {
		ssize_t n = recv(fd, answers, sizeof(answers), 0);

		if (n < 0 && errno == EINTR)
			continue;
		r = n > 0 ? find_listener(answers, (size_t)n, &file) : -EIO;
	}
	close(fd);
	return r == -EOPNOTSUPP ? is_listed() : r == 1;
}

/* The name of a process is of its own choosing: that of root's counts. */
static bool is_udevd(const char *pid)
{
	_cleanup_free_ char *path = xasprintf("/proc/%s/comm", pid);
	FILE *file = fopen(path, "re");
	struct stat owner;
	char name[32] = "";

	if (file) {
		if (fstat(fileno(file), &owner) < 0 || owner.st_uid != 0 ||
			!fgets(name, sizeof(name), file))
			name[0] = '\0';
		fclose(file);
	}
	return strcmp(name, "systemd-udevd\n") == 0 || strcmp(name, "udevd\n") == 0;
}

/* The udevd with the lowest number: its workers come after it. */
static pid_t find_udevd(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	pid_t lowest = 0;

	while (proc && (entry = readdir(proc))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && (!lowest || pid < lowest) && is_udevd(entry->d_name))
			lowest = pid;
	}
	if (proc)
		closedir(proc);
	return lowest;
}

int udevd_open(void)
{
	pid_t pid = has_listener() ? find_udevd() : 0;
	int fd = pid ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

	return fd < 0 ? -ESRCH : fd; /* pidfds are close-on-exec */
}

bool udevd_is_busy(void)
{
	struct udev *udev = udev_new();
	struct udev_queue *queue = udev ? udev_queue_new(udev) : NULL;
	/* The file that says so outlives udevd, too. */
	bool is_busy = queue && !udev_queue_get_queue_is_empty(queue) && has_listener();

	udev_queue_unref(queue);
	udev_unref(udev);
	return is_busy;
}
