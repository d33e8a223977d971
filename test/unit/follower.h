/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/views/tree.h"

/*
 * A reader of `events`, who was there from the start and knows nothing but what it was told: links
 * with their IDs, volumes, mount points. It fails when it is told of what it knows, or that
 * something ended which it does not know.
 */
struct follower {
	char **lines; /* sorted */
	size_t count;
};

void follower_fini(struct follower *follower);
bool text_has_word(const char *text, const char *word); /* of words with a space between */
void follower_take(struct follower *follower, const struct events *events);
/* Fails unless it knows exactly what the state is. */
/* Has lost some of what it was told, and looks at the state. */
void follower_begin(struct follower *follower, const struct manager *manager);
void follower_check(const struct follower *follower, const struct manager *manager);
/* Fails unless the tree shows exactly the links and mounts of the state. */
void follower_check_tree(struct tree *tree, const struct manager *manager);

/* "created X: UUID=1 /dev/sda1": one notice in the words of the scripts. */
void describe_notice(const struct event *event, struct strbuf *text);
