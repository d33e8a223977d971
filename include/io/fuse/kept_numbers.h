/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/kept.h"

/*
 * Numbers that nothing else has had in the life of the mount, also of what earlier processes have
 * told the kernel. They have less than 52 bits.
 */
struct kept_numbers {
	struct kept *kept;
	uint32_t record;
	uint64_t last;	/* that was taken */
	uint64_t bound; /* up to which they are noted as taken */
};

/* Goes on behind what an earlier process has taken. */
void kept_numbers_init(struct kept_numbers *numbers, struct kept *kept);
/* It counts with the next commit of the memory. */
uint64_t kept_numbers_take(struct kept_numbers *numbers);
