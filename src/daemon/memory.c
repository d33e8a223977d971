/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory for base/kept. It stays mapped until the end.
 *
 * It is always a file in memory, whose pages count when they are touched. An anonymous mapping
 * would count as a whole where the kernel promises no more memory than there is
 * (vm.overcommit_memory=2). If limits allow no mapping or file of full size, it is smaller; if they
 * allow hardly any file, it is anonymous after all.
 */

#include "daemon/memory.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE_MIN ((size_t)1 << 26) /* bytes: less would not do */

/* What the limits let it be. Of that on addresses all else needs its share, too. */
static size_t get_size_max(void)
{
	struct rlimit limit;
	size_t size = KEPT_SIZE;

	if (getrlimit(RLIMIT_FSIZE, &limit) == 0)
		while (size > SIZE_MIN && size > limit.rlim_cur)
			size /= 4;
	if (getrlimit(RLIMIT_AS, &limit) == 0)
		while (size > SIZE_MIN && size > limit.rlim_cur / 2)
			size /= 4;
	return size;
}

/* Maps what is there of the file, or makes it as large as can be mapped. */
static int map(int fd, void **ret_memory, size_t *ret_size)
{
	struct stat found;
	size_t size;
	void *memory;

	if (fstat(fd, &found) < 0)
		return -errno;
	size = found.st_size ? (size_t)found.st_size : get_size_max();
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	while (memory == MAP_FAILED && !found.st_size && size > SIZE_MIN) {
		size /= 4;
		memory =
			mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	}
	if (memory == MAP_FAILED)
		return -errno;
	if (!found.st_size && ftruncate(fd, (off_t)size) < 0) {
		int r = -errno;

		munmap(memory, size);
		return r;
	}
	*ret_memory = memory;
	*ret_size = size;
	return 0;
}

static int map_without_file(void **ret_memory, size_t *ret_size)
{
	*ret_memory = mmap(NULL, SIZE_MIN, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_NORESERVE | MAP_ANONYMOUS, -1, 0);
	*ret_size = SIZE_MIN;
	return *ret_memory == MAP_FAILED ? -errno : 0;
}

/*
 * Who reads disks is a child, and may be made to do anything: what is shared it must not have. A
 * dump would touch it all, and so take gigabytes, and minutes.
 */
static int keep_apart(void *memory, size_t size)
{
	int r = 0;

	if (madvise(memory, size, MADV_DONTFORK) < 0 || madvise(memory, size, MADV_DONTDUMP) < 0) {
		r = -errno;
		munmap(memory, size);
	}
	return r;
}

int memory_open(int fd, struct kept **ret_kept, void **ret_spare)
{
	int own = fd < 0 ? memfd_create("mmfs", MFD_CLOEXEC) : fd;
	void *memory = NULL;
	size_t size = 0;
	int r;

	if (own < 0)
		return -errno;
	r = map(own, &memory, &size);
	if (own != fd)
		close(own);
	if (r == -EFBIG)
		r = map_without_file(&memory, &size);
	if (r == 0)
		r = keep_apart(memory, size);
	if (r < 0)
		return r;
	*ret_spare = (uint8_t *)memory + size - MEMORY_SPARE;
	*ret_kept = kept_new(memory, size - MEMORY_SPARE);
	return 0;
}
