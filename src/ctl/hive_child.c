/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that reads a hive with libhivex: whatever the bytes make of it, it can write what it
 * found into a pipe, open files that anybody may read, and use some memory and seconds, and nothing
 * else.
 *
 * What libhivex and libc need files for is loaded before: the conversion of UTF-16. The hive is a
 * file in memory that nobody can change any more, since libhivex maps it.
 */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <hivex.h>
#include <iconv.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ctl/hive_child.h"
#include "ctl/windows_names.h"

#define NOBODY 65534
#define MEMORY_MAX (512UL << 20) /* bytes, beside the hive itself */
#define SECONDS_MAX 20		 /* of processor time */

#if defined(__SANITIZE_ADDRESS__)
#define HAS_SHADOW 1 /* of terabytes: no limit holds */
#else
#define HAS_SHADOW 0
#endif

/* To open for reading is permitted besides. What is not there fails with EPERM. */
static const int permitted_calls[] = {
	SCMP_SYS(sigaltstack), /* AddressSanitizer looks for it at the end */
	SCMP_SYS(read),
	SCMP_SYS(pread64),
	SCMP_SYS(lseek),
	SCMP_SYS(_llseek),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(close),
	SCMP_SYS(fstat),
	SCMP_SYS(fstat64),
	SCMP_SYS(newfstatat),
	SCMP_SYS(fstatat64),
	SCMP_SYS(statx),
	SCMP_SYS(mmap),
	SCMP_SYS(mmap2),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(mprotect),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	SCMP_SYS(futex),
	SCMP_SYS(getrandom),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(tgkill), /* abort(3), of itself */
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

static int limit_resources(size_t size)
{
	const struct {
		__rlimit_resource_t resource;
		rlim_t limit;
	} limits[] = {
		{ RLIMIT_CPU, SECONDS_MAX },
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_FSIZE, RLIM_INFINITY }, /* of a pipe there is none */
		{ RLIMIT_NPROC, 0 },
		{ RLIMIT_AS, HAS_SHADOW ? RLIM_INFINITY : MEMORY_MAX + 2 * size },
	};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct rlimit limit = { limits[i].limit, limits[i].limit };

		if (limits[i].limit != RLIM_INFINITY && setrlimit(limits[i].resource, &limit) < 0)
			return -errno;
	}
	return 0;
}

/* Root becomes nobody: what can be opened then is what anybody may read. */
static int drop_user(void)
{
	if (geteuid() != 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
		setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return -errno;
	return 0;
}

static int filter_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	const struct scmp_arg_cmp is_reading =
		SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY);
	const struct scmp_arg_cmp was_reading =
		SCMP_A1(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY);
	int r = filter ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(permitted_calls); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, permitted_calls[i], 0);
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, is_reading);
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1, was_reading);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

static int enter_sandbox(size_t size)
{
	int r;

	/* They stay open, so that the library finds what belongs to them. */
	iconv_open("UTF-8", "UTF-16LE");
	iconv_open("UTF-16LE", "UTF-8");
	iconv_open("UTF-8", "LATIN1");
	r = limit_resources(size);
	if (r == 0)
		r = drop_user();
	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	return r < 0 ? r : filter_calls();
}

static int write_all(int fd, const struct strbuf *bytes)
{
	for (size_t done = 0; done < bytes->len;) {
		ssize_t n = write(fd, bytes->data + done, bytes->len - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* One value, unless its name is longer than any that means something. */
static int write_value(int fd, hive_h *hive, hive_value_h from)
{
	_cleanup_strbuf_ struct strbuf bytes = STRBUF_INIT;
	struct windows_value value = { 0 };
	hive_type type;
	char *name = hivex_value_key(hive, from), *data = NULL;
	int r = 0;

	if (name && strlen(name) <= WINDOWS_NAME_MAX &&
		hivex_value_type(hive, from, &type, &value.len) == 0) {
		if (value.len <= WINDOWS_DATA_MAX)
			data = hivex_value_value(hive, from, &type, &value.len);
		value.name = name;
		value.type = (uint32_t)type;
		value.data = (const uint8_t *)data;
		windows_format(&value, &bytes);
		r = write_all(fd, &bytes);
	}
	free(name);
	free(data);
	return r;
}

static int write_values(int fd, hive_h *hive)
{
	hive_node_h key = hivex_node_get_child(hive, hivex_root(hive), "MountedDevices");
	hive_value_h *values;
	int r = 0;

	if (!key)
		return -ENOENT;
	values = hivex_node_values(hive, key);
	if (!values)
		return -EBADMSG;
	for (size_t i = 0; r == 0 && values[i]; i++)
		r = i < WINDOWS_VALUES_MAX ? write_value(fd, hive, values[i]) : -E2BIG;
	free(values);
	return r;
}

int hive_child_run(int fd, size_t size, int out)
{
	char path[64];
	hive_h *hive;
	int r;

	r = enter_sandbox(size);
	if (r < 0)
		return -r;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	hive = hivex_open(path, 0);
	if (!hive)
		return errno == EPERM || errno == EACCES ? EACCES : EBADMSG;
	r = write_values(out, hive);
	hivex_close(hive);
	return -r;
}
