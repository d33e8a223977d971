/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of a job that is over: the kernel is told of what changed, the client of the result,
 * and who waits for news of both.
 */

#include <errno.h>
#include <string.h>

#include "core/syntax/link_name.h"
#include "fuse_private.h"
#include "io/fuse/fuse_attributes.h"
#include "io/fuse/fuse_budget.h"
#include "io/fuse/fuse_finish.h"
#include "io/fuse/fuse_ioctl.h"
#include "io/fuse/fuse_job.h"
#include "io/fuse/fuse_text.h"
#include "io/fuse/fuse_wait.h"
#include "io/fuse/open_file.h"
#include "io/fuse/kept_nodes.h"
#include "io/fuse/kept_outcomes.h"

#define SMALL_TREE 4096 /* inodes: to look them all up again costs less than it is to be held up */

/* Leaves the result in the open file, and says how write(2) ends. */
static void finish_write(struct fuse_job *job, struct notify_reply *ret_reply)
{
	struct fuse_client *client = job->client;
	struct open_file *file = client->file;
	size_t consumed = client->size;

	/* The first that failed, or that has no room in the reply, and all behind it come again. */
	if (job->done && job->done < job->count)
		consumed = job->lines[job->done - 1].end - client->carried;
	if (job->done < job->count && !(job->operation->flags & OPERATION_COLLECTS))
		strbuf_reset(&file->control.pending);
	strbuf_reset(&file->reply.text);
	file->reply.is_there = true;
	file->reply.is_anchored = false;
	if (client->is_loose) {
		file->control.job = NULL;
		file->control.error = job->done ? 0 : -job->error;
	}
	if (job->error && !job->done) {
		strbuf_add_printable(&file->reply.text, strbuf_text(&job->why));
		strbuf_add_char(&file->reply.text, '\n');
		if (!client->is_loose)
			file->reply.write_end = client->offset;
		ret_reply->kind = REPLY_ERROR;
		ret_reply->error = -job->error;
		return;
	}
	reply_format(&job->reply, &file->reply.text);
	if (!client->is_loose)
		file->reply.write_end = client->offset + consumed;
	ret_reply->kind = REPLY_WRITTEN;
	ret_reply->size = consumed;
}

static void finish_folder(
	struct fuse_server *server, struct fuse_job *job, struct notify_reply *ret_reply)
{
	struct tree *tree = server->backend.tree;
	struct node *folder = tree_find(tree, job->client->folder), *node = NULL;

	ret_reply->kind = REPLY_ERROR;
	ret_reply->error = -job->error;
	if (!job->error && job->operation->kind == OP_RENAME && folder)
		node = tree_find_child(
			tree, folder, link_name_get_base(job->lines[0].request.new_link.path));
	if (node)
		kept_nodes_rename(server->backend.kept, node);
	if (job->error || !job->client->name)
		return;
	if (folder)
		node = tree_find_child(tree, folder, job->client->name);
	if (!node) {
		ret_reply->error = EIO; /* gone again: its volume left meanwhile */
		return;
	}
	ret_reply->kind = REPLY_ENTRY;
	fuse_fill_entry(server, node, &ret_reply->entry);
}

/* The next server is to show the same times of files. */
static void note_times(struct fuse_server *server, const struct deltas *deltas)
{
	for (size_t i = 0; i < deltas->count; i++) {
		uint64_t ino = deltas->list[i].ino;
		const struct node *node = ino ? tree_find(server->backend.tree, ino) : NULL;

		if (node)
			kept_nodes_note_time(server->backend.kept, node);
	}
}

void fuse_finish(struct fuse_server *server, struct fuse_job *job, struct deltas *deltas)
{
	struct notify_reply reply = { 0 };
	struct notify_folder held = { 0 };

	if (job && job->client->can_interrupt)
		fuse_req_interrupt_func(job->client->req, NULL, NULL);
	if (deltas->has_views)
		fuse_change_texts(server, deltas);
	kept_events_note(&server->events, server->backend.stream);
	if (server->views[NODE_POINTS])
		stale_lines_move(&server->stale, &deltas->lines);
	if (job) {
		kept_outcomes_drop(server->backend.kept, job);
		reply.req = job->client->req;
		held.ino = job->client->folder;
		if (held.ino && !job->error)
			held.name = link_name_get_base(job->lines[0].request.link.path);
		if (job->code) {
			fuse_manager_finish(job, &reply);
		} else if (job->client->file) {
			finish_write(job, &reply);
			fuse_wait_take_request(job);
			fuse_job_leave_file(job);
		} else {
			finish_folder(server, job, &reply);
		}
		if (job->client->file) {
			fuse_charge(job->client->file);
			kept_files_touch(job->client->file);
		}
	}
	note_times(server, deltas);
	notify_use_epochs(server->notify,
		server->has_epochs &&
			(server->backend.tree->by_name.count <= SMALL_TREE ||
				notify_was_held(server->notify)));
	notify_post(server->notify, deltas, held.ino ? &held : NULL, &reply);
	if (!job || job->operation->flags & OPERATION_CHANGES ||
		job->operation->kind == OP_CHANGE_NOTIFY || job->client->is_loose)
		fuse_wait_wake(server);
	requests_settle(server->requests); /* the next request may be weeks away */
	if (job)
		fuse_job_free(job);
}
