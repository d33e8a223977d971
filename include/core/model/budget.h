/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/map.h"
#include "base/strbuf.h"

/*
 * What one user may hold of the daemon, and how long one may keep its main loop busy before it is
 * others' turn. Root, and the user that the daemon runs as, have a large share each; all others
 * have a small one each, and share a pool, as one person can be many users (user namespaces).
 */
enum budget_kind {
	BUDGET_FILES, /* open files */
	BUDGET_BYTES, /* of replies, texts and requests */
	BUDGET_WAITS, /* reads, polls and requests that wait */
	BUDGET_KINDS,
};

struct budget_limits {
	uint64_t of_root;
	uint64_t of_user;
	uint64_t of_users; /* all together */
};

extern const struct budget_limits budget_limits[BUDGET_KINDS];
/* µs per turn of the main loop. */
extern const struct budget_limits budget_times;

struct budget_account {
	struct map_node by_uid;
	uint32_t uid;
	uint64_t held[BUDGET_KINDS];
	uint64_t turn; /* in which `spent` was spent */
	uint64_t spent;
};

struct budget {
	struct map accounts;	     /* of users who hold something */
	struct budget_account users; /* all but the privileged together */
	uint64_t turn;
	unsigned int wakes; /* in this turn, of all but the privileged */
	uint32_t owner;	    /* as whom the daemon runs */
};

/* `owner` is the user that the daemon runs as. */
void budget_init(struct budget *budget, uint32_t owner);
void budget_fini(struct budget *budget);
bool budget_is_privileged(const struct budget *budget, uint32_t uid);

/*
 * Whether a user may have more of something: 0, or -EMFILE or -ENOBUFS with a sentence in `why`. As
 * long as there is some left, so that one answer can be as long as it is.
 */
int budget_check(
	const struct budget *budget, uint32_t uid, enum budget_kind kind, struct strbuf *why);
/* Takes, whatever the limit is. */
void budget_take(struct budget *budget, uint32_t uid, enum budget_kind kind, uint64_t amount);
/* Gives back what was taken. */
void budget_give(struct budget *budget, uint32_t uid, enum budget_kind kind, uint64_t amount);
uint64_t budget_get_held(const struct budget *budget, uint32_t uid, enum budget_kind kind);

/*
 * Whether what one user waits for may be answered in this turn. Who is woken asks again at once:
 * so few at a time are, that others find few in front of them.
 */
#define BUDGET_WAKES 16 /* of all but the privileged together */
bool budget_take_wake(struct budget *budget, uint32_t uid);

/* Everybody has time again. */
void budget_begin_turn(struct budget *budget);
/* How much of the main loop's time a user has left in this turn, µs. */
uint64_t budget_get_time(const struct budget *budget, uint32_t uid);
/* Of a user who holds nothing only what all users have together is counted. */
void budget_spend(struct budget *budget, uint32_t uid, uint64_t time);
