/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/*
 * The luck of a game that is played at random: the same seed is the same game. $MMFS_TEST_SEED
 * plays that one only, $MMFS_TEST_STEPS sets how long each is.
 */
struct dice {
	unsigned int seed, step;
	uint32_t random;
	const char *last; /* what was played */
};

#ifdef __SANITIZE_ADDRESS__
#define DICE_SLOWNESS 5u
#else
#define DICE_SLOWNESS 1u
#endif

static inline struct dice dice_new(int seed)
{
	return (struct dice){
		.seed = (unsigned int)seed, .random = (uint32_t)seed, .last = "start"
	};
}

static inline bool dice_is_left_out(int seed)
{
	const char *only = getenv("MMFS_TEST_SEED");

	return only && atoi(only) != seed;
}

/* How many steps to play, of so many that are played in a build that is not slow. */
static inline unsigned int dice_get_steps(unsigned int steps)
{
	const char *wanted = getenv("MMFS_TEST_STEPS");

	return wanted ? (unsigned int)strtoul(wanted, NULL, 10) : steps / DICE_SLOWNESS;
}

static inline unsigned int dice_draw(struct dice *dice, unsigned int limit)
{
	dice->random = dice->random * 1664525u + 1013904223u;
	return (dice->random >> 8) % limit;
}

#define DICE_EXPECT(dice, condition)                                                      \
	do {                                                                              \
		if (!(condition))                                                         \
			ck_abort_msg("MMFS_TEST_SEED=%u, step %u, after %s: " #condition, \
				(dice)->seed, (dice)->step, (dice)->last);                \
	} while (0)
