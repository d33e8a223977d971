/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sends so many records that are damaged, in both ways in which one can be sent, and ends with 1
 * if one of them is taken: carrier FILE COUNT SEED
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/base.h"
#include "mmfs/mountmgr.h"

static uint32_t state;

static uint32_t draw(uint32_t limit)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % limit;
}

static int fail(const char *what, uint32_t kind)
{
	fprintf(stderr, "carrier: %s of a record with damage %u: %m\n", what, kind);
	return -1;
}

/*
 * What carries a request, damaged: none of it is sound, so that neither way of sending it may be
 * taken.
 */
static int damage_carrier(int fd)
{
	static const unsigned long numbers[] = { MMFS_IOC_4K, MMFS_IOC_16K };
	static struct mmfs_carrier_16k carrier;
	struct mmfs_record *record = &carrier.record;
	size_t size = sizeof(*record) + draw(4096);
	uint32_t kind = draw(5);

	for (size_t i = 0; i < sizeof(carrier.data); i++)
		carrier.data[i] = (uint8_t)draw(256);
	memset(record, 0, sizeof(*record));
	record->version = MMFS_RECORD_VERSION;
	record->code = IOCTL_MMFS_QUERY_UNIQUE_ID;
	record->in_len = (uint32_t)(size - sizeof(*record));
	if (kind == 0)
		record->version += 1 + draw(1000);
	else if (kind == 1)
		record->in_len = MMFS_INPUT_MAX + 1 + draw(1 << 23);
	else if (kind == 2)
		record->flags = 1u << (8 + draw(8));
	else if (kind == 3)
		record->reserved = 1 + draw(1 << 23);
	else
		size = 1 + draw(sizeof(*record) - 1);
	if (write(fd, &carrier, size) >= 0 || errno != EINVAL)
		return fail("write", kind);
	if (kind < 4 && (ioctl(fd, numbers[draw(2)], &carrier) >= 0 || errno != EINVAL))
		return fail("ioctl", kind);
	return 0;
}

int main(int argc, char **argv)
{
	int fd = argc == 4 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0) {
		perror("carrier");
		return EXIT_FAILURE;
	}
	state = (uint32_t)strtoul(argv[3], NULL, 10);
	for (unsigned long count = strtoul(argv[2], NULL, 10); count; count--)
		if (damage_carrier(fd) < 0)
			return EXIT_FAILURE;
	return 0;
}
