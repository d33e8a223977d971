/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts that open files show.
 *
 * A text that several open files show is there once, and is charged once to each user who holds it.
 * Of a view the newest text is charged to nobody, as it is there for all; an older one for what the
 * next newer one that is there has not. So who keeps many old texts from being freed pays for all
 * of them, and whatever they have in common is paid for once.
 */

#include <assert.h>

#include "core/model/budget.h"
#include "fuse_private.h"
#include "io/fuse/blob.h"

#define PLACE_SIZE 24 /* bytes that the place of a sheet in a text takes, with its note */

static uint64_t get_size(const struct blob *blob)
{
	if (!blob->server)
		return blob->text.len;
	if (!blob->newer)
		return 0;
	return blob->text.count * PLACE_SIZE +
		sheets_get_difference(&blob->text, &blob->newer->text);
}

static void charge(struct blob *blob)
{
	struct budget *budget = blob->server->backend.budget;
	uint64_t before = blob->charged;

	if (!blob->holders)
		return;
	blob->charged = get_size(blob);
	for (const struct blob_holder *holder = blob->holders; holder; holder = holder->next) {
		budget_take(budget, holder->uid, BUDGET_BYTES, blob->charged);
		budget_give(budget, holder->uid, BUDGET_BYTES, before);
	}
}

static void unlist(struct blob *blob)
{
	map_remove(&blob->server->texts, &blob->by_generation);
	if (blob->older)
		blob->older->newer = blob->newer;
	if (blob->newer)
		blob->newer->older = blob->older;
	else
		blob->server->newest[blob->view] = blob->older;
	if (blob->older)
		charge(blob->older);
}

void blob_release(struct blob *blob)
{
	if (!blob || --blob->references)
		return;
	assert(!blob->holders);
	if (blob->server)
		unlist(blob);
	if (blob->kept_record)
		kept_remove(blob->kept, blob->kept_record);
	sheets_fini(&blob->text);
	free(blob);
}

void blob_list(struct blob *blob, struct fuse_server *server, enum node_kind view)
{
	struct blob **at = &server->newest[view];

	while (*at && (*at)->generation > blob->generation) {
		blob->newer = *at;
		at = &(*at)->older;
	}
	blob->server = server;
	blob->view = view;
	blob->older = *at;
	*at = blob;
	if (blob->older) {
		blob->older->newer = blob;
		charge(blob->older);
	}
	map_add(&server->texts, &blob->by_generation, map_hash_number(blob->generation));
}

static struct blob_holder **find_holder(struct blob *blob, uint32_t uid)
{
	struct blob_holder **at = &blob->holders;

	while (*at && (*at)->uid != uid)
		at = &(*at)->next;
	return at;
}

void blob_hold(struct blob *blob, struct budget *budget, uint32_t uid)
{
	struct blob_holder **at = find_holder(blob, uid), *holder;

	if (!blob->holders)
		blob->charged = get_size(blob);
	if (!*at) {
		*at = xcalloc(1, sizeof(**at));
		(*at)->uid = uid;
		budget_take(budget, uid, BUDGET_BYTES, blob->charged);
	}
	holder = *at;
	holder->count++;
	*at = holder->next; /* to the front: who opens much is found at once */
	holder->next = blob->holders;
	blob->holders = holder;
}

void blob_drop(struct blob *blob, struct budget *budget, uint32_t uid)
{
	struct blob_holder **at = find_holder(blob, uid), *holder = *at;

	if (--holder->count)
		return;
	*at = holder->next;
	free(holder);
	budget_give(budget, uid, BUDGET_BYTES, blob->charged);
}
