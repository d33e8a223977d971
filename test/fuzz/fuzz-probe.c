/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The content of a device: an image, filled up with zeros to whole pages, and once more to a size
 * beyond that of floppies, then as a partition of itself. This is libblkid's code more than ours.
 */

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/probe/prober.h"
#include "fuzz.h"

enum { IMAGE_MAX = 4 << 20, DISK_MIN = 2 << 20, PAGE = 4096 };

static void check_examination(int fd, int disk_fd)
{
	struct probe_answer answer = { 0 };

	if (prober_examine(fd, disk_fd, 0, &answer) < 0)
		return;
	FUZZ_ASSERT(!answer.fault || (!answer.uuid && !answer.fstype && !answer.table));
	FUZZ_ASSERT(!answer.fault || strlen(answer.fault) < FINDINGS_FAULT_MAX);
	FUZZ_ASSERT(!answer.uuid || strlen(answer.uuid) < FINDINGS_VALUE_MAX);
	FUZZ_ASSERT(!answer.label || strlen(answer.label) < FINDINGS_VALUE_MAX);
	probe_answer_fini(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd;

	if (size > IMAGE_MAX)
		return 0;
	fd = memfd_create("image", MFD_CLOEXEC);
	FUZZ_ASSERT(fd >= 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	FUZZ_ASSERT(ftruncate(fd, (off_t)((size + PAGE - 1) / PAGE * PAGE)) == 0);
	check_examination(fd, -1);
	if (size < DISK_MIN)
		FUZZ_ASSERT(ftruncate(fd, DISK_MIN) == 0);
	check_examination(fd, fd);
	close(fd);
	return 0;
}
