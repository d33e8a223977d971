/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that a process before has left in any state: it can be used, and what is in it lies in it.
 * The input says which bytes are others than they were: a place, how many, and these.
 */

#include <string.h>
#include <sys/mman.h>

#include "base/kept.h"
#include "fuzz.h"

#define SIZE ((size_t)16 << 20)
#define KINDS 4

static void use(struct kept *kept, const uint8_t *memory)
{
	for (uint32_t kind = 1; kind < KINDS; kind++)
		for (uint32_t record = 0; (record = kept_next(kept, kind, record));) {
			const uint8_t *bytes = kept_get(kept, record);
			size_t len = kept_get_len(kept, record);

			FUZZ_ASSERT(bytes > memory && bytes < memory + SIZE);
			FUZZ_ASSERT(len <= (size_t)(memory + SIZE - bytes));
			if (len) /* the last byte becomes as the first */
				kept_write(kept, record, len - 1, &(uint8_t){ bytes[0] }, 1);
		}
	kept_remove(kept, kept_next(kept, 1, 0));
	kept_add(kept, 2, 1, "some text", 9);
	kept_commit(kept);
}

static void damage(uint8_t *memory, const uint8_t *data, size_t size)
{
	while (size > 4) {
		/* Head, journal and records lie apart. */
		static const size_t starts[] = { 0, 4096, 4096 + (8 << 20), 4096 + (8 << 20) };
		size_t at = starts[data[0] % 4] + data[1] + 256u * (data[2] % 16);
		size_t len = data[3] % 16 + 1u;

		data += 4, size -= 4;
		if (len > size)
			len = size;
		memcpy(memory + at, data, len);
		data += len, size -= len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct kept *kept = kept_new(memory, SIZE);
	uint32_t record = kept_add(kept, 1, 1, "first", 5);

	FUZZ_ASSERT(memory != MAP_FAILED);
	kept_add(kept, 2, 2, NULL, 300);
	kept_add_raw(kept, 3, 3, 5000);
	kept_commit(kept);
	kept_write(kept, record, 1, "IRS", 3);
	kept_remove(kept, kept_add(kept, 1, 4, "fourth", 6));
	kept_free(kept);
	damage(memory, data, size);
	kept = kept_new(memory, SIZE);
	use(kept, memory);
	kept_forget_damage(kept);
	kept_free(kept);
	kept = kept_new(memory, SIZE); /* what was damaged is gone */
	FUZZ_ASSERT(!kept_get_damage(kept));
	use(kept, memory);
	kept_free(kept);
	munmap(memory, SIZE);
	return 0;
}
