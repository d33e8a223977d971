/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers are noted as taken many at a time: so most of them cost no write, and what another
 * process leaves out does not matter.
 *
 * Where the note is damaged, numbers begin far behind all that can have been taken: at the time in
 * microseconds.
 */

#include "base/clock.h"
#include "io/fuse/kept_kind.h"
#include "io/fuse/kept_numbers.h"

#define STEP 1024u
#define BITS 52

static bool is_sound(const struct kept *kept, uint32_t record)
{
	return kept_get_len(kept, record) == sizeof(uint64_t) &&
		*(const uint64_t *)kept_get(kept, record) >> BITS == 0;
}

void kept_numbers_init(struct kept_numbers *numbers, struct kept *kept)
{
	uint64_t first = kept_get_damage(kept) ? clock_get_real() : 0;

	*numbers = (struct kept_numbers){ .kept = kept };
	for (uint32_t record = 0; (record = kept_next(kept, KEPT_NUMBERS, record));) {
		if (!numbers->record && is_sound(kept, record))
			numbers->record = record;
		else
			kept_remove(kept, record); /* the next process would find it first */
	}
	if (numbers->record)
		first = *(const uint64_t *)kept_get(kept, numbers->record);
	else
		numbers->record = kept_add(kept, KEPT_NUMBERS, 0, &first, sizeof(first));
	numbers->last = numbers->bound = first;
}

uint64_t kept_numbers_take(struct kept_numbers *numbers)
{
	if (numbers->last == numbers->bound) {
		numbers->bound += STEP;
		kept_write(
			numbers->kept, numbers->record, 0, &numbers->bound, sizeof(numbers->bound));
	}
	return ++numbers->last;
}
