/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What open files hold, charged to who has opened them. */

#include <errno.h>
#include <string.h>

#include "core/views/error_log.h"
#include "fuse_private.h"
#include "io/fuse/blob.h"
#include "io/fuse/fuse_budget.h"
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

void fuse_hold_text(struct open_file *file, struct blob *blob)
{
	fuse_drop_text(file);
	blob_hold(blob, file->server->backend.budget, file->uid);
	file->blob = blob;
}

void fuse_drop_text(struct open_file *file)
{
	struct blob *blob = steal_ptr(file->blob);

	if (blob)
		blob_drop(blob, file->server->backend.budget, file->uid);
	blob_release(blob);
}
