/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loop devices on images, and one that dies on demand.
 *
 * A suite runs in a child of a process that only cleans up: whatever becomes of it, loop devices
 * and mounts on files of the work folder are gone afterwards.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/probe/sandbox.h"

#include "probe-fixture.h"

char work[] = "/tmp/mmfs-probe-XXXXXX";

int run(const char *format, ...)
{
	_cleanup_free_ char *command = NULL;
	va_list args;

	va_start(args, format);
	command = xvasprintf(format, args);
	va_end(args);
	return system(command);
}

/* First line of what a command prints. */
char *run_line(const char *format, ...)
{
	_cleanup_free_ char *command = NULL;
	char line[1024] = "";
	va_list args;
	FILE *pipe;

	va_start(args, format);
	command = xvasprintf(format, args);
	va_end(args);
	pipe = popen(command, "re");
	ck_assert_ptr_nonnull(pipe);
	if (!fgets(line, sizeof(line), pipe))
		line[0] = '\0';
	pclose(pipe);
	line[strcspn(line, "\n")] = '\0';
	return xstrdup(line);
}

/*
 * Loop devices are locked while they are ours, which keeps a udevd from reading them: since 6.15
 * (seen with 6.18) who seeks on a device that somebody else waits to read from cannot be killed.
 */
static struct {
	char *node;
	int fd;
} loops[16];

char *loop_attach(const char *options, const char *image)
{
	size_t i = 0;

	while (loops[i].node)
		ck_assert_uint_lt(++i, ARRAY_SIZE(loops));
	for (int tries = 0; tries < 100; tries++) {
		_cleanup_free_ char *node = run_line("losetup -f");
		int fd = open(node, O_RDONLY | O_CLOEXEC);

		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
			run("losetup %s %s %s 2>/dev/null", options, node, image) == 0) {
			loops[i].node = steal_ptr(node);
			loops[i].fd = fd;
			return xstrdup(loops[i].node);
		}
		if (fd >= 0)
			close(fd);
	}
	ck_abort_msg("losetup failed on %s", image);
}

void loop_detach(const char *node)
{
	size_t i = 0;

	while (!is_same_text(loops[i].node, node))
		ck_assert_uint_lt(++i, ARRAY_SIZE(loops));
	run("partx -d %s 2>/dev/null", node);
	ck_assert_int_eq(ioctl(loops[i].fd, LOOP_CLR_FD), 0);
	close(loops[i].fd);
	free(loops[i].node);
	loops[i].node = NULL;
}

uint64_t number_of(const char *node)
{
	struct stat status;

	ck_assert_msg(stat(node, &status) == 0, "%s: %m", node);
	return status.st_rdev;
}

bool is_readable(int fd, int timeout)
{
	struct pollfd pollfd = { fd, POLLIN, 0 };

	return poll(&pollfd, 1, timeout) > 0;
}

struct probe *start(void)
{
	struct probe *probe = NULL;

	ck_assert_int_eq(probe_start(&probe), 0);
	return probe;
}

struct probe_answer take(struct probe *probe)
{
	struct probe_answer answer;
	int r;

	while ((r = probe_take_answer(probe, &answer)) == 0)
		ck_assert_msg(is_readable(probe_get_fd(probe), WAIT_MS), "no answer");
	ck_assert_int_eq(r, 1);
	return answer;
}

void submit(struct probe *probe, uint64_t ticket, const char *node)
{
	const struct probe_request request = {
		.ticket = ticket,
		.node = node,
		.number = number_of(node),
	};
	struct probe_answer answer;
	int r;

	/*
	 * The helper has to take what fills its socket first, and waits for us to take its answers.
	 */
	while ((r = probe_submit(probe, &request)) == -EAGAIN) {
		is_readable(probe_get_fd(probe), 10);
		ck_assert_int_eq(probe_take_answer(probe, &answer), 0);
	}
	ck_assert_int_eq(r, 0);
}

struct probe_answer ask(struct probe *probe, const char *node)
{
	submit(probe, 1, node);
	return take(probe);
}

/* Text `b` has udev's \xHH. */
static bool is_same_decoded(const char *a, const char *b)
{
	if (!a || !*b)
		return !a && !*b;
	for (; *a && *b; a++) {
		unsigned int c = (unsigned char)*b;
		int len = 1;

		if (b[0] == '\\' && b[1] == 'x')
			sscanf(b + 2, "%2x%n", &c, &len), len += 2;
		if ((unsigned char)*a != c)
			return false;
		b += len;
	}
	return !*a && !*b;
}

void assert_as_blkid(const struct probe_answer *answer, const char *node)
{
	_cleanup_free_ char *scheme =
		run_line("blkid -p -o udev %s | sed -n 's/^ID_PART_ENTRY_SCHEME=//p'", node);
	_cleanup_free_ char *flags =
		xasprintf("0x%llx", (unsigned long long)answer->partition_flags);
	const struct {
		const char *key;
		const char *value;
	} wanted[] = {
		{ "ID_FS_UUID_ENC", answer->uuid },
		{ "ID_FS_UUID_SUB_ENC", answer->uuid_sub },
		{ "ID_FS_TYPE", answer->fstype },
		{ "ID_FS_USAGE", answer->usage },
		{ "ID_FS_LABEL_ENC", answer->label },
		{ "ID_PART_TABLE_TYPE", answer->table },
		{ "ID_PART_ENTRY_UUID", answer->partuuid },
		{ "ID_PART_ENTRY_TYPE", answer->partition_type },
		{ "ID_PART_ENTRY_NAME", answer->partition_name },
		{ is_same_text(scheme, "gpt") ? "ID_PART_ENTRY_FLAGS" : "NOTHING",
			answer->partition_flags ? flags : NULL },
	};

	ck_assert_msg(!answer->fault, "%s: %s", node, answer->fault);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		_cleanup_free_ char *value =
			run_line("blkid -p -o udev %s | sed -n 's/^%s=//p'", node, wanted[i].key);

		ck_assert_msg(is_same_decoded(wanted[i].value, value), "%s: %s: %s, not %s", node,
			wanted[i].key, wanted[i].value, value);
	}
}

bool is_empty(const struct probe_answer *answer)
{
	return !answer->fault && !answer->uuid && !answer->uuid_sub && !answer->fstype &&
		!answer->usage && !answer->label && !answer->table && !answer->partuuid &&
		!answer->partition_type && !answer->partition_name && !answer->partition_flags;
}

static bool has_name(pid_t pid, const char *name)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/comm", pid);
	FILE *file = fopen(path, "re");
	char comm[32] = "";
	bool has;

	if (!file)
		return false;
	has = fscanf(file, "%31s", comm) == 1 && strcmp(comm, name) == 0;
	fclose(file);
	return has;
}

static pid_t child_named(pid_t helper, const char *name)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/task/%d/children", helper, helper);
	FILE *file = fopen(path, "re");
	pid_t child = 0;

	if (!file)
		return 0;
	while (fscanf(file, "%d", &child) == 1 && !has_name(child, name))
		child = 0;
	fclose(file);
	return child;
}

pid_t child_of(pid_t helper)
{
	return child_named(helper, "mmfs-probe");
}

pid_t wait_for_spare(pid_t helper)
{
	pid_t child;

	while (!(child = child_named(helper, "mmfs-spare")))
		continue;
	return child;
}

/* The helper is our child: no shell in between. */
pid_t helper_of_this(void)
{
	_cleanup_free_ char *line = run_line("pgrep -P %d mmfs-prober", getpid());

	return (pid_t)strtol(line, NULL, 10);
}

/* A disk that is already dead: nothing of it has been read. */
struct stall stall_start(void)
{
	_cleanup_free_ char *folder = xasprintf("%s/stall", work);
	_cleanup_free_ char *image = xasprintf("%s/stall/image", work);
	struct stall stall = { 0 };
	int pipes[2];
	char ready;

	run("umount -l %s 2>/dev/null; mkdir -p %s", folder, folder);
	ck_assert_int_eq(pipe2(pipes, 0), 0);
	stall.server = fork();
	if (stall.server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(pipes[1], STDOUT_FILENO);
		close(pipes[0]);
		execl(getenv("STALL_FS"), "stall-fs", "-f", "-s", folder, NULL);
		_exit(127);
	}
	close(pipes[1]);
	ck_assert_msg(read(pipes[0], &ready, 1) == 1, "stall-fs does not start");
	close(pipes[0]);
	stall.node = loop_attach("-r", image);
	kill(stall.server, SIGSTOP);
	return stall;
}

void stall_stop(struct stall *stall)
{
	kill(stall->server, SIGKILL);
	waitpid(stall->server, NULL, 0);
	loop_detach(stall->node);
	ck_assert_int_eq(run("umount -l %s/stall && rmdir %s/stall", work, work), 0);
	free(stall->node);
}

/* Waits for the one child of the helper to have gone into its sandbox. */
pid_t child_in_sandbox(pid_t helper)
{
	for (;;) {
		pid_t child = child_of(helper);

		if (child &&
			run("grep -q 'Seccomp_filters:.*[%d-9]' /proc/%d/status",
				SANDBOX_IS_RELAXED ? 1 : 2, child) == 0)
			return child;
	}
}

void wait_for_no_child(pid_t helper)
{
	while (child_of(helper))
		continue;
}

static int find_reason_to_skip(void)
{
	static const char *const tools[] = { "blkid", "losetup", "mkfs.btrfs", "mkfs.ext4",
		"mkfs.xfs", "mksquashfs", "mkswap", "partx", "pgrep", "sfdisk", "xz" };

	for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
		if (run("command -v %s >/dev/null", tools[i]) != 0)
			return printf("skipped: no %s\n", tools[i]);
	if (geteuid() != 0)
		return printf("skipped: needs root\n");
	if (run("losetup -f >/dev/null 2>&1") != 0)
		return printf("skipped: needs loop devices\n");
	if (access("/dev/fuse", R_OK) < 0 || !getenv("STALL_FS"))
		return printf("skipped: needs /dev/fuse and $STALL_FS\n");
	return 0;
}

/*
 * The children first: a test that ends while it holds a dead device open does not get further than
 * that before the server of the device is gone.
 */
static void end_descendants(pid_t pid)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/task/%d/children", pid, pid);
	FILE *file = fopen(path, "re");
	pid_t child;

	while (file && fscanf(file, "%d", &child) == 1) {
		end_descendants(child);
		kill(child, SIGKILL);
	}
	if (file)
		fclose(file);
}

/* Tests are process groups of their own, and leave their children to us. */
static void clean_up(void)
{
	do
		end_descendants(getpid());
	while (waitpid(-1, NULL, 0) > 0);
	run("for loop in /sys/block/loop*; do"
	    "  case \"$(cat $loop/loop/backing_file 2>/dev/null)\" in"
	    "  %s/*) partx -d /dev/${loop##*/}; losetup -d /dev/${loop##*/};;"
	    "  esac;"
	    " done 2>/dev/null",
		work);
	run("umount -l %s/stall 2>/dev/null", work);
	run("umount %s/nodev 2>/dev/null", work);
	run("rm -rf --one-file-system %s", work);
}

static pid_t suite_pid;

static void end_suite(int number)
{
	kill(suite_pid, SIGKILL);
}

int run_cleanly(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int status = 0;

	if (find_reason_to_skip()) {
		srunner_free(runner);
		return 77;
	}
	if (!mkdtemp(work))
		return 1;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	suite_pid = fork();
	if (suite_pid == 0) {
		srunner_run_all(runner, CK_ENV);
		_exit(srunner_ntests_failed(runner) ? 1 : 0);
	}
	signal(SIGTERM, end_suite);
	signal(SIGINT, end_suite);
	while (waitpid(suite_pid, &status, 0) < 0 && errno == EINTR)
		continue;
	clean_up();
	srunner_free(runner);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
