/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "fixture.h"
#include "model.h"

/* The mount manager and the naive model, to be played against each other at random. */
struct game {
	struct world world;
	struct model model;
	unsigned int seed;
	unsigned int step;
	uint32_t random;
	unsigned int turn; /* of texts that are drawn */
	struct strbuf log; /* what was done in this step */
};

extern const char *const game_orders[6];

int game_draw(struct game *game, int limit);
/* A device as new, as it was but for a detail, or as the copy of another. */
void game_draw_device(struct game *game, size_t i, struct model_device *ret_device);
/* A request that is not only for devices to go, or one that is. */
void game_draw_request(struct game *game, struct model_request *ret_request);
/* Half of those that go are shown as gone before that is decided. */
void game_remove_device(struct game *game, const char *name);
void game_draw_removal(struct game *game, struct model_request *ret_request);
/* One that gives a device the ID of another. */
void game_draw_claim(struct game *game, struct model_request *ret_request);
/* Puts the request into words, and decides it. */
int game_decide_request(struct game *game, const struct model_request *request);

#define PICK(game, array) ((array)[game_draw(game, (int)ARRAY_SIZE(array))])

/* Ends the test with what was done in this step, and with how to play it again. */
void game_fail(struct game *game, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

#define EXPECT(game, condition, ...)                            \
	do {                                                    \
		if (!(condition))                               \
			game_fail(game, __LINE__, __VA_ARGS__); \
	} while (0)

/* A device as the model has it. */
struct device *game_make_device(const struct model_device *from);
/* Both show and are the same. */
void game_expect_same(struct game *game, const char *what, const struct manager *manager,
	const struct model *model);
/* Tells the model the volume names that have been made: exactly one for each ID that lacks one. */
void game_learn_names(struct game *game, const struct manager *manager, struct model *model);
/* Whether the database differs in more than hints. */
bool game_has_changed(const struct model *before, const struct model *after);
/* The model after a restart: everybody goes, and comes again in one batch. */
void game_restart_model(struct game *game, const struct manager *manager, struct model *ret_model);
/* The database replayed over the same devices must give the same tree. */
void game_check_restart(struct game *game);
/* Every line that is in one of the texts only is a link that was touched. */
void game_check_covered(struct game *game, const char *one, const char *other);
/* Who has a letter is not one that wants none. */
void game_check_marks(struct game *game);
