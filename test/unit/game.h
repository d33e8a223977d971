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
