/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What clients may hold of the daemon, by user.
 *
 * Owns one account per user who holds something. What is checked and what is taken are apart: an
 * answer is as long as it is, and is charged when it is known. So a user may exceed a limit by one
 * answer; whoever has reached it gets nothing more. What is given back is what was taken: asserted.
 */

#include <assert.h>
#include <errno.h>

#include "core/model/budget.h"

#define MIB (UINT64_C(1024) * 1024)

const struct budget_limits budget_limits[BUDGET_KINDS] = {
	[BUDGET_FILES] = { 65536, 4096, 16384 },
	[BUDGET_BYTES] = { 512 * MIB, 8 * MIB, 24 * MIB },
	[BUDGET_WAITS] = { 65536, 2048, 8192 },
};
const struct budget_limits budget_times = { 20000, 1000, 2000 };

static const struct {
	int error;
	const char *what;
} refusals[BUDGET_KINDS] = {
	[BUDGET_FILES] = { -EMFILE, "open files" },
	[BUDGET_BYTES] = { -ENOBUFS, "bytes of requests and replies" },
	[BUDGET_WAITS] = { -ENOBUFS, "calls that wait" },
};

void budget_init(struct budget *budget, uint32_t owner)
{
	*budget = (struct budget){ .owner = owner, .turn = 1 };
}

void budget_fini(struct budget *budget)
{
	map_for_each (&budget->accounts, node, next)
		free(container_of(node, struct budget_account, by_uid));
	map_fini(&budget->accounts);
}

bool budget_is_privileged(const struct budget *budget, uint32_t uid)
{
	return uid == 0 || uid == budget->owner;
}

static bool is_equal(const struct map_node *node, const void *key)
{
	return container_of(node, const struct budget_account, by_uid)->uid ==
		*(const uint32_t *)key;
}

static struct budget_account *find(const struct budget *budget, uint32_t uid)
{
	struct map_node *node = map_find(&budget->accounts, map_hash_number(uid), is_equal, &uid);

	return node ? container_of(node, struct budget_account, by_uid) : NULL;
}

static struct budget_account *get(struct budget *budget, uint32_t uid)
{
	struct budget_account *account = find(budget, uid);

	if (account)
		return account;
	account = xcalloc(1, sizeof(*account));
	account->uid = uid;
	map_add(&budget->accounts, &account->by_uid, map_hash_number(uid));
	return account;
}

int budget_check(
	const struct budget *budget, uint32_t uid, enum budget_kind kind, struct strbuf *why)
{
	const struct budget_limits *limits = &budget_limits[kind];
	bool is_privileged = budget_is_privileged(budget, uid);
	uint64_t limit = is_privileged ? limits->of_root : limits->of_user;

	if (budget_get_held(budget, uid, kind) >= limit) {
		strbuf_add_format(why, "user %u has %llu %s, as many as one user may", uid,
			(unsigned long long)budget_get_held(budget, uid, kind),
			refusals[kind].what);
		return refusals[kind].error;
	}
	if (!is_privileged && budget->users.held[kind] >= limits->of_users) {
		strbuf_add_format(why, "all users have %llu %s together, as many as they may",
			(unsigned long long)budget->users.held[kind], refusals[kind].what);
		return refusals[kind].error;
	}
	return 0;
}

void budget_take(struct budget *budget, uint32_t uid, enum budget_kind kind, uint64_t amount)
{
	if (!amount)
		return;
	get(budget, uid)->held[kind] += amount;
	if (!budget_is_privileged(budget, uid))
		budget->users.held[kind] += amount;
}

static bool is_empty(const struct budget_account *account)
{
	for (size_t i = 0; i < BUDGET_KINDS; i++)
		if (account->held[i])
			return false;
	return true;
}

void budget_give(struct budget *budget, uint32_t uid, enum budget_kind kind, uint64_t amount)
{
	struct budget_account *account = find(budget, uid);

	if (!amount)
		return;
	assert(account && account->held[kind] >= amount);
	account->held[kind] -= amount;
	if (!budget_is_privileged(budget, uid))
		budget->users.held[kind] -= amount;
	if (is_empty(account)) {
		map_remove(&budget->accounts, &account->by_uid);
		free(account);
	}
}

uint64_t budget_get_held(const struct budget *budget, uint32_t uid, enum budget_kind kind)
{
	const struct budget_account *account = find(budget, uid);

	return account ? account->held[kind] : 0;
}

void budget_begin_turn(struct budget *budget)
{
	budget->turn++;
	budget->users.spent = 0;
	budget->wakes = 0;
}

static uint64_t get_rest(
	const struct budget *budget, const struct budget_account *account, uint64_t limit)
{
	uint64_t spent = account && account->turn == budget->turn ? account->spent : 0;

	return spent < limit ? limit - spent : 0;
}

uint64_t budget_get_time(const struct budget *budget, uint32_t uid)
{
	const struct budget_account *account = find(budget, uid);
	uint64_t own, common;

	if (budget_is_privileged(budget, uid))
		return get_rest(budget, account, budget_times.of_root);
	own = get_rest(budget, account, budget_times.of_user);
	common = budget->users.spent < budget_times.of_users
		? budget_times.of_users - budget->users.spent
		: 0;
	return own < common ? own : common;
}

void budget_spend(struct budget *budget, uint32_t uid, uint64_t time)
{
	struct budget_account *account = find(budget, uid);

	if (account && account->turn != budget->turn) {
		account->turn = budget->turn;
		account->spent = 0;
	}
	if (account)
		account->spent += time;
	if (!budget_is_privileged(budget, uid))
		budget->users.spent += time;
}

bool budget_take_wake(struct budget *budget, uint32_t uid)
{
	return budget_is_privileged(budget, uid) || budget->wakes++ < BUDGET_WAKES;
}
