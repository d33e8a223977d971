/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory that outlives the process. It stays mapped until the end. */

#include <errno.h>
#include <sys/mman.h>

#include "daemon/memory.h"

int memory_open(int fd, struct kept **ret_kept)
{
	int flags = MAP_SHARED | MAP_NORESERVE | (fd < 0 ? MAP_ANONYMOUS : 0);
	void *memory = mmap(NULL, KEPT_SIZE, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (memory == MAP_FAILED)
		return -errno;
	*ret_kept = kept_new(memory, KEPT_SIZE);
	return 0;
}
