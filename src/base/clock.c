/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clocks of the kernel, for whoever drives the machines: core and machines are told the time.
 */

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static uint64_t get_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t clock_get_monotonic(void)
{
	return get_clock(CLOCK_MONOTONIC);
}

uint64_t clock_get_real(void)
{
	return get_clock(CLOCK_REALTIME);
}

uint64_t clock_get_boot(void)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	uint64_t boot = UINT64_C(0xcbf29ce484222325);
	char text[64];
	ssize_t len;

	if (fd < 0)
		return 0;
	len = read(fd, text, sizeof(text));
	close(fd);
	for (ssize_t i = 0; i < len; i++)
		boot = (boot ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	return len > 0 ? boot : 0;
}
