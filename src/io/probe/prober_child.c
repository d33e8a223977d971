/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A child of the helper, which does one examination: it is told which through a pipe, opens the
 * device, locks itself into the sandbox and only then lets libblkid read. What it finds it leaves
 * in memory that it shares with the helper; then it closes the device, and the pipe to say that it
 * is done. It holds no descriptor but the devices and the pipe's end to read from, so one that was
 * taken over by what it read can spoil its own answer and no other.
 *
 * What the kernel says of the device, and no medium, it leaves in other memory, which it unmaps
 * before it reads: whoever takes it over then cannot make that up.
 *
 * Invariant: memory of a child's findings is mapped in the helper and in that child only.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "io/probe/prober_child.h"

#define SMALL_DISK (64 << 10) /* bytes: of a disk for which libblkid allocates little, */
#define WARM_DISK (64 << 20)  /* and of one on which it looks for everything, */
#define WARM_HEAP (8 << 20)   /* with more than it allocates for that */
#define LEAVE_AFTER 1000      /* µs */

/* Whether a node that was opened is the device that is meant; a fault if not. */
static bool is_device(int fd, const char *node, uint64_t number, struct findings *findings)
{
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		findings_set_fault(findings, "cannot open %s: %s", node, strerror(errno));
	else if (!S_ISBLK(status.st_mode))
		findings_set_fault(findings, "cannot open %s: not a block device", node);
	else if (status.st_rdev != number)
		findings_set_fault(findings, "cannot open %s: it is %u:%u now, no longer %u:%u",
			node, major(status.st_rdev), minor(status.st_rdev), major(number),
			minor(number));
	else
		return true;
	return false;
}

/* -1 with a fault. Never waits for a medium, never for a terminal. */
static int device_open(const char *node, uint64_t number, struct findings *findings)
{
	int fd = open(node, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	if (is_device(fd, node, number, findings))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Leaves it nothing of the helper's. */
static void child_init(pid_t parent, int pipe)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	dup2(pipe, STDIN_FILENO);
	close_range(SANDBOX_IS_RELAXED ? STDERR_FILENO + 1 : STDIN_FILENO + 1, ~0U, 0);
}

/* Makes it the first to go when memory is short. */
static void child_expose(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1000", 4) < 0)
		errno = 0;
	close(fd);
}

/* What is in front of the results. */
static size_t get_facts_room(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/*
 * The number of the block device that a loop device is over. It is that of the open file's inode,
 * so nobody can forge it. This may wait for the file system that the file is on, as reading does.
 */
static uint64_t get_backing(int fd, uint64_t number)
{
	struct loop_info64 info;

	if (major(number) != LOOP_MAJOR || ioctl(fd, LOOP_GET_STATUS64, &info) < 0)
		return 0;
	return info.lo_rdevice;
}

static void examine(const struct sandbox *sandbox, const struct prober_request *request, int fd,
	int disk_fd, struct prober_facts *facts, struct findings *findings)
{
	struct examination *examination;
	int r = sandbox_drop_capabilities(0);

	if (request->asks_backing)
		facts->backing = get_backing(fd, request->number);
	munmap(facts, get_facts_room());
	if (r == 0)
		r = examination_new(fd, disk_fd, request->start, &examination);
	if (r < 0) {
		findings_set_fault(findings, "cannot read: %s", strerror(-r));
		return;
	}
	r = sandbox_enter(sandbox);
	if (r < 0) {
		findings_set_fault(findings, "cannot enter the sandbox: %s", strerror(-r));
		return;
	}
	examination_run(examination, findings);
}

static void child_examine(const struct sandbox *sandbox, const struct prober_request *request,
	struct prober_facts *facts, struct findings *findings)
{
	int fd = device_open(request->node, request->number, findings);
	int disk_fd = -1;

	if (fd >= 0 && *request->disk_node)
		disk_fd = device_open(request->disk_node, request->disk_number, findings);
	if (fd >= 0 && (disk_fd >= 0 || !*request->disk_node))
		examine(sandbox, request, fd, disk_fd, facts, findings);
	if (disk_fd >= 0)
		close(disk_fd);
	if (fd >= 0)
		close(fd);
}

/* Reads an empty disk of that many bytes. */
static void warm_up(off_t size)
{
	struct findings findings = { 0 };
	struct examination *examination;
	int fd = memfd_create("mmfs-empty", MFD_CLOEXEC);

	if (fd < 0)
		return;
	/* What libblkid has read it gives back, and malloc is to keep it. */
	mallopt(M_MMAP_THRESHOLD, WARM_HEAP);
	mallopt(M_TRIM_THRESHOLD, WARM_HEAP);
	if (ftruncate(fd, size) == 0 && examination_new(fd, -1, 0, &examination) == 0) {
		examination_run(examination, &findings);
		examination_free(examination);
	}
	close(fd);
}

void prober_child_prepare(void)
{
	warm_up(SMALL_DISK);
}

static _Noreturn void child_run(const struct sandbox *sandbox, pid_t parent, int pipe,
	const struct prober_child *child, bool is_spare)
{
	struct prober_result *result = child->result;
	struct prober_request request;
	int r;

	child_init(parent, pipe);
	child_expose();
	/*
	 * Half of the time that a new process takes for a probe goes to pages that it touches for
	 * the first time: a spare one can have them ready.
	 */
	if (is_spare)
		warm_up(WARM_DISK);
	r = sandbox_prepare(sandbox);
	prctl(PR_SET_NAME, "mmfs-spare");
	if (read(STDIN_FILENO, &request, sizeof(request)) != (ssize_t)sizeof(request))
		_exit(1);
	prctl(PR_SET_NAME, "mmfs-probe");
	if (r < 0)
		findings_set_fault(
			&result->findings, "cannot prepare the sandbox: %s", strerror(-r));
	else
		child_examine(sandbox, &request, child->facts, &result->findings);
	result->is_complete = 1;
	close(STDIN_FILENO);
	/*
	 * To take a process apart is work, and may wait until the answer is where it is wanted; but
	 * not where many are under way, as they are when there was no spare one.
	 */
	if (is_spare)
		usleep(LEAVE_AFTER);
	_exit(0);
}

int prober_examine(int fd, int disk_fd, uint64_t start, struct probe_answer *ret_answer)
{
	_cleanup_(examination_free_p) struct examination *examination = NULL;
	struct findings findings = { 0 };
	int r;

	r = examination_new(fd, disk_fd, start, &examination);
	if (r < 0)
		return r;
	examination_run(examination, &findings);
	return findings_parse(&findings, ret_answer);
}

void prober_child_end(struct prober_child *child)
{
	if (child->pid)
		kill(child->pid, SIGKILL);
	if (child->pipe >= 0)
		close(child->pipe);
	munmap(child->facts, get_facts_room() + sizeof(*child->result));
	*child = (struct prober_child){ .pipe = -1 };
}

int prober_child_start(const struct sandbox *sandbox, bool is_spare, struct prober_child *ret_child)
{
	struct prober_child child = { 0 };
	const size_t room = get_facts_room() + sizeof(*child.result);
	pid_t parent = getpid();
	int ends[2];
	int r = 0;

	child.facts = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (child.facts == MAP_FAILED)
		return -errno;
	child.result = (struct prober_result *)((char *)child.facts + get_facts_room());
	if (pipe2(ends, O_CLOEXEC) < 0) {
		r = -errno;
		munmap(child.facts, room);
		return r;
	}
	child.pipe = ends[1];
	child.pid = fork();
	if (child.pid == 0)
		child_run(sandbox, parent, ends[0], &child, is_spare);
	if (child.pid < 0 || madvise(child.facts, room, MADV_DONTFORK) < 0)
		r = -errno; /* the next child would see it */
	close(ends[0]);
	if (r < 0) {
		if (child.pid < 0)
			child.pid = 0;
		prober_child_end(&child);
		return r;
	}
	*ret_child = child;
	return 0;
}

int prober_child_tell(const struct prober_child *child, const struct prober_request *request)
{
	return write(child->pipe, request, sizeof(*request)) < 0 ? -errno : 0;
}
