/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What open files hold, charged to who has opened them.
 *
 * A text that several open files show is there once, and is charged once to each user who holds it,
 * also when it is out of date: who keeps many old texts from being freed pays for all of them.
 */

#include <errno.h>
#include <string.h>

#include "core/views/error_log.h"
#include "fuse_private.h"
#include "io/fuse/fuse_budget.h"
#include "io/fuse/fuse_text.h"
#include "io/fuse/open_file.h"

int fuse_check_budget(struct fuse_server *server, uint32_t uid, enum budget_kind kind,
	const struct operation *operation)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	int r = budget_check(server->backend.budget, uid, kind, &why);
	struct failure failure = {
		.uid = uid,
		.error = -r,
		.operation = (char *)(operation && operation->name ? operation->name : "open"),
		.request = (char *)"",
		.why = (char *)strbuf_text(&why),
	};

	if (r < 0)
		server->backend.refuse(server->backend.data, &failure);
	return r;
}

/* What nobody else holds. */
static uint64_t get_size(const struct open_file *file)
{
	uint64_t size = file->reply.text.size;

	if (file->kind == NODE_CONTROL)
		size += file->control.pending.size + file->control.batch.size;
	else if (file->kind == NODE_EVENTS)
		size += file->events.rest.size;
	else if (file->kind == NODE_MANAGER)
		for (const struct rest *rest = file->manager.rests; rest; rest = rest->next)
			size += rest->record.size;
	return size;
}

void fuse_charge(struct open_file *file)
{
	struct budget *budget = file->server->backend.budget;
	uint64_t size = get_size(file);

	if (size > file->charged)
		budget_take(budget, file->uid, BUDGET_BYTES, size - file->charged);
	else
		budget_give(budget, file->uid, BUDGET_BYTES, file->charged - size);
	file->charged = size;
}

void fuse_charge_open(struct open_file *file, uint32_t uid)
{
	file->uid = uid;
	budget_take(file->server->backend.budget, uid, BUDGET_FILES, 1);
}

/* Everything in it is freed. */
void fuse_charge_close(struct open_file *file)
{
	struct budget *budget = file->server->backend.budget;

	budget_give(budget, file->uid, BUDGET_BYTES, file->charged);
	budget_give(budget, file->uid, BUDGET_FILES, 1);
}

static struct blob_holder **find_holder(struct blob *blob, uint32_t uid)
{
	struct blob_holder **at = &blob->holders;

	while (*at && (*at)->uid != uid)
		at = &(*at)->next;
	return at;
}

void fuse_hold_text(struct open_file *file, struct blob *blob)
{
	struct blob_holder **at, *holder;

	fuse_drop_text(file);
	at = find_holder(blob, file->uid);
	if (!*at) {
		*at = xcalloc(1, sizeof(**at));
		(*at)->uid = file->uid;
		budget_take(file->server->backend.budget, file->uid, BUDGET_BYTES, blob->text.size);
	}
	holder = *at;
	holder->count++;
	*at = holder->next; /* to the front: who opens much is found at once */
	holder->next = blob->holders;
	blob->holders = holder;
	file->blob = blob;
}

void fuse_drop_text(struct open_file *file)
{
	struct blob *blob = steal_ptr(file->blob);
	struct blob_holder **at = blob ? find_holder(blob, file->uid) : NULL;
	struct blob_holder *holder = at ? *at : NULL;

	if (holder && --holder->count == 0) {
		*at = holder->next;
		free(holder);
		budget_give(file->server->backend.budget, file->uid, BUDGET_BYTES, blob->text.size);
	}
	blob_release(blob);
}
