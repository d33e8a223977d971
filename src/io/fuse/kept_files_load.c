/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was open in an earlier process is open again.
 *
 * Nothing of what is found in there is trusted: a file is taken with all that belongs to it, or
 * not at all. Records that belong to no file are removed.
 */

#include <stdlib.h>
#include <string.h>

#include "fuse_private.h"
#include "io/fuse/fuse_budget.h"
#include "io/fuse/fuse_ioctl.h"
#include "io/fuse/fuse_job.h"
#include "io/fuse/fuse_text.h"
#include "io/fuse/kept_files_load.h"
#include "io/fuse/kept_kind.h"
#include "io/fuse/open_file.h"
#include "kept_files_private.h"

#define ERROR_MAX 4095

struct piece {
	uint64_t file;
	uint64_t at;
	uint32_t part;
	uint32_t record;
	bool is_taken;
};

struct loading {
	struct fuse_server *server;
	struct kept *kept;
	struct piece *pieces; /* by file, part, place */
	size_t piece_count;
	struct sheet **sheets; /* by number, as … */
	size_t sheet_count;
	struct blob **blobs;
	size_t blob_count;
};

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_pieces(const void *a, const void *b)
{
	const struct piece *piece_a = a, *piece_b = b;
	int r = compare(piece_a->file, piece_b->file);

	if (r == 0)
		r = compare(piece_a->part, piece_b->part);
	return r ? r : compare(piece_a->at, piece_b->at);
}

static int compare_blobs(const void *a, const void *b)
{
	const struct blob *const *blob_a = a, *const *blob_b = b;

	return compare((*blob_a)->number, (*blob_b)->number);
}

static int compare_sheets(const void *a, const void *b)
{
	const struct sheet *const *sheet_a = a, *const *sheet_b = b;

	return compare((*sheet_a)->number, (*sheet_b)->number);
}

/* The bytes behind the head of a record. */
static const char *get_bytes(const struct kept *kept, uint32_t record, size_t head)
{
	return (const char *)kept_get(kept, record) + head;
}

static size_t get_piece_len(const struct loading *loading, const struct piece *piece)
{
	return kept_get_len(loading->kept, piece->record) - sizeof(struct kept_piece_head);
}

static void list_pieces(struct loading *loading)
{
	for (uint32_t record = 0; (record = kept_next(loading->kept, KEPT_PIECE, record));) {
		const struct kept_piece_head *head = kept_get(loading->kept, record);
		size_t len = kept_get_len(loading->kept, record);

		if (len <= sizeof(*head) || len - sizeof(*head) > KEPT_PIECE_MAX ||
			head->part > PART_KINDS) {
			kept_remove(loading->kept, record);
			continue;
		}
		loading->pieces =
			xgrow(loading->pieces, loading->piece_count, sizeof(*loading->pieces));
		loading->pieces[loading->piece_count++] = (struct piece){
			.file = kept_get_id(loading->kept, record),
			.at = head->at,
			.part = head->part,
			.record = record,
		};
	}
	if (loading->piece_count)
		qsort(loading->pieces, loading->piece_count, sizeof(*loading->pieces),
			compare_pieces);
}

static void list_sheets(struct loading *loading)
{
	for (uint32_t record = 0; (record = kept_next(loading->kept, KEPT_SHEET, record));) {
		size_t len = kept_get_len(loading->kept, record);

		if (!len || len > KEPT_PIECE_MAX) {
			kept_remove(loading->kept, record);
			continue;
		}
		loading->sheets =
			xgrow(loading->sheets, loading->sheet_count, sizeof(struct sheet *));
		loading->sheets[loading->sheet_count++] = sheet_load(loading->kept, record);
	}
	if (loading->sheet_count)
		qsort(loading->sheets, loading->sheet_count, sizeof(struct sheet *),
			compare_sheets);
}

static struct sheet *find_sheet(const struct loading *loading, uint64_t number)
{
	struct sheet key = { .number = number }, *at = &key, **found = NULL;

	if (loading->sheet_count)
		found = bsearch(&at, loading->sheets, loading->sheet_count, sizeof(struct sheet *),
			compare_sheets);
	return found ? *found : NULL;
}

/* False: sheets are missing. */
static bool take_sheets(const struct loading *loading, uint32_t record, struct sheets *ret_text)
{
	const char *numbers = get_bytes(loading->kept, record, sizeof(struct kept_text));
	size_t len = kept_get_len(loading->kept, record) - sizeof(struct kept_text);

	for (size_t at = 0; at + sizeof(uint64_t) <= len; at += sizeof(uint64_t)) {
		struct sheet *sheet;
		uint64_t number;

		memcpy(&number, numbers + at, sizeof(number));
		sheet = find_sheet(loading, number);
		if (!sheet)
			return false;
		sheets_share(ret_text, sheet);
	}
	return len % sizeof(uint64_t) == 0;
}

/* The bytes of a text, or their sheets. False: they are not sound. */
static bool take_text(const struct loading *loading, enum kept_kind kind, uint32_t record,
	struct sheets *ret_text)
{
	const struct kept_text *head = kept_get(loading->kept, record);
	_cleanup_strbuf_ struct strbuf bytes = STRBUF_INIT;
	size_t len = kept_get_len(loading->kept, record);

	if (len < sizeof(*head) || len - sizeof(*head) > KEPT_PIECE_MAX ||
		head->view > NODE_METRICS)
		return false;
	if (kind == KEPT_SHEETS)
		return take_sheets(loading, record, ret_text);
	strbuf_add(&bytes, get_bytes(loading->kept, record, sizeof(*head)), len - sizeof(*head));
	sheets_add(ret_text, &bytes);
	return true;
}

static void list_blobs(struct loading *loading, enum kept_kind kind)
{
	for (uint32_t record = 0; (record = kept_next(loading->kept, kind, record));) {
		struct sheets text = { 0 };
		const struct kept_text *head;
		struct blob *blob;

		if (!take_text(loading, kind, record, &text)) {
			sheets_fini(&text);
			kept_remove(loading->kept, record);
			continue;
		}
		head = kept_get(loading->kept, record);
		blob = xcalloc(1, sizeof(*blob));
		blob->references = 1;
		blob->generation = head->generation;
		blob->number = kept_get_id(loading->kept, record);
		blob->kept = loading->kept;
		blob->kept_record = record;
		blob->text = text;
		if (head->is_view)
			blob_list(blob, loading->server, (enum node_kind)head->view);
		loading->blobs = xgrow(loading->blobs, loading->blob_count, sizeof(struct blob *));
		loading->blobs[loading->blob_count++] = blob;
	}
}

/* All that is noted of texts; those in use have more references than one in the end. */
static void list_texts(struct loading *loading)
{
	list_sheets(loading);
	list_blobs(loading, KEPT_TEXT);
	list_blobs(loading, KEPT_SHEETS);
	if (loading->blob_count)
		qsort(loading->blobs, loading->blob_count, sizeof(struct blob *), compare_blobs);
}

static struct blob *find_blob(const struct loading *loading, uint64_t number)
{
	struct blob key = { .number = number }, *at = &key, **found = NULL;

	if (loading->blob_count)
		found = bsearch(&at, loading->blobs, loading->blob_count, sizeof(struct blob *),
			compare_blobs);
	return found ? *found : NULL;
}

/* Where the first piece of a file is; its others follow. */
static size_t find_pieces(const struct loading *loading, uint64_t file)
{
	size_t low = 0, high = loading->piece_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (loading->pieces[middle].file < file)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_of(const struct loading *loading, size_t at, uint64_t file)
{
	return at < loading->piece_count && loading->pieces[at].file == file;
}

/* Whether the texts of a file are all there: of a job, whole lines. */
static bool has_all_pieces(
	const struct loading *loading, uint64_t number, const struct kept_file *head)
{
	uint64_t lens[PART_KINDS] = { 0 };
	uint32_t rests = 0;
	char end = '\n';

	for (size_t i = find_pieces(loading, number); is_of(loading, i, number); i++) {
		const struct piece *piece = &loading->pieces[i];
		size_t len = get_piece_len(loading, piece);

		if (piece->part == PART_KINDS) {
			rests++;
			continue;
		}
		if (piece->at != lens[piece->part])
			return false;
		lens[piece->part] += len;
		if (piece->part == PART_JOB)
			end = get_bytes(loading->kept, piece->record,
				sizeof(struct kept_piece_head))[len - 1];
	}
	return rests == head->rests && memcmp(lens, head->lens, sizeof(lens)) == 0 && end == '\n';
}

/* Whether a part is one that a file of this kind has. */
static bool has_part(const struct kept_file *head, enum kept_part part)
{
	switch (part) {
	case PART_REPLY:
		return head->kind == NODE_CONTROL || head->kind == NODE_MANAGER;
	case PART_PENDING:
	case PART_BATCH:
		return head->kind == NODE_CONTROL;
	case PART_EVENT:
		return head->kind == NODE_EVENTS;
	case PART_JOB:
		return head->kind == NODE_CONTROL && head->job;
	case PART_KINDS:
		break;
	}
	return false;
}

static bool is_sound(const struct fuse_server *server, const struct kept_file *head)
{
	for (unsigned int part = 0; part < PART_KINDS; part++)
		if (head->lens[part] && !has_part(head, (enum kept_part)part))
			return false;
	if (head->rests > (head->kind == NODE_MANAGER ? FUSE_MANAGER_RESTS : 0u))
		return false;
	return head->given <= head->lens[PART_REPLY] && head->at <= head->lens[PART_EVENT] &&
		head->error >= 0 && head->error <= ERROR_MAX && head->batch_error <= 0 &&
		head->batch_error >= -ERROR_MAX &&
		(head->kind != NODE_EVENTS ||
			(head->next && head->next <= server->backend.stream->next));
}

/* Whether a job of the file can be one whose write has returned before it was over. */
static bool can_be_under_way(const struct kept_file *head, const struct node *node)
{
	return !head->job ||
		(head->kind == NODE_CONTROL &&
			node->operation->flags & (OPERATION_WAITS | OPERATION_HOSTS));
}

/* Whether there is, for a file of this kind, all that it cannot do without. */
static bool has_all(const struct kept_file *head, const struct node *node, const struct blob *blob)
{
	if (head->blob && !blob)
		return false;
	switch ((enum node_kind)head->kind) {
	case NODE_FOLDER:
	case NODE_LINK:
		return false;
	case NODE_CONTROL:
		return node && node->kind == NODE_CONTROL;
	case NODE_EVENTS:
	case NODE_MANAGER:
		return node && node->kind == head->kind && !blob;
	case NODE_VOLUME:
		return blob && (!node || node->kind == NODE_VOLUME);
	case NODE_POINTS:
	case NODE_POINTS_JSON:
	case NODE_HISTORY:
	case NODE_METRICS:
		return blob && node && node->kind == head->kind;
	}
	return false;
}

static void add_rest(struct loading *loading, struct open_file *file, const struct piece *piece)
{
	struct rest *rest = xcalloc(1, sizeof(*rest)), **at = &file->manager.rests;

	rest->ticket = piece->at;
	strbuf_add(&rest->record,
		get_bytes(loading->kept, piece->record, sizeof(struct kept_piece_head)),
		get_piece_len(loading, piece));
	rest->kept = loading->kept;
	rest->kept_record = piece->record;
	rest->next = *at; /* the newest first */
	*at = rest;
}

static struct strbuf *get_text(struct open_file *file, uint32_t part, struct strbuf *job)
{
	return part == PART_JOB
		? job
		: (struct strbuf *)(uintptr_t)kept_files_get_part(file, (enum kept_part)part, NULL);
}

static void take_pieces(struct loading *loading, struct open_file *file, struct strbuf *ret_job)
{
	struct kept_note *note = &file->note;

	for (size_t i = find_pieces(loading, file->number); is_of(loading, i, file->number); i++) {
		struct piece *piece = &loading->pieces[i];
		size_t len = get_piece_len(loading, piece);

		piece->is_taken = true;
		if (piece->part == PART_KINDS) {
			add_rest(loading, file, piece);
			continue;
		}
		strbuf_add(get_text(file, piece->part, ret_job),
			get_bytes(loading->kept, piece->record, sizeof(struct kept_piece_head)),
			len);
		note->pieces = xgrow(note->pieces, note->piece_count, sizeof(*note->pieces));
		note->pieces[note->piece_count++] = (struct kept_piece){
			.record = piece->record,
			.len = (uint32_t)len,
			.part = (enum kept_part)piece->part,
		};
	}
}

static void take_fields(struct open_file *file, const struct kept_file *head)
{
	file->ino = head->ino;
	file->epic = head->epic;
	file->poll_handle = head->poll;
	file->reply.is_there = head->flags & FLAG_REPLY;
	file->reply.is_anchored = head->flags & FLAG_ANCHORED;
	file->reply.anchor = head->anchor;
	file->reply.write_end = head->write_end;
	if (file->kind == NODE_CONTROL) {
		file->control.written_ino = head->written_ino;
		file->control.is_cut = head->flags & FLAG_CUT;
		file->control.short_begin = head->short_begin;
		file->control.short_end = head->short_end;
		file->control.given = (size_t)head->given;
		file->control.error = head->error;
		file->control.batch_error = head->batch_error;
	} else if (file->kind == NODE_EVENTS) {
		file->events.next = head->next;
		file->events.rest_at = (size_t)head->at;
	} else if (file->kind == NODE_MANAGER) {
		file->manager.tickets = head->tickets;
		file->manager.access = head->access;
	}
}

static void add_file(struct loading *loading, uint32_t record, const struct kept_file *head,
	const struct node *node, struct blob *blob)
{
	_cleanup_strbuf_ struct strbuf job = STRBUF_INIT;
	struct open_file *file = open_file_add(loading->server, kept_get_id(loading->kept, record),
		(enum node_kind)head->kind, node, head->uid);

	take_fields(file, head);
	take_pieces(loading, file, &job);
	file->note.record = record;
	if (blob) {
		blob->references += 2;
		fuse_hold_text(file, blob);
		file->note.blob = blob;
	}
	fuse_charge(file);
	if (head->job)
		file->control.job = fuse_job_restore(file, head->job,
			&(struct fuse_ctx){ .uid = head->job_uid, .pid = (pid_t)head->job_pid },
			&job);
}

/* False: it is lost. */
static bool load_file(struct loading *loading, uint32_t record)
{
	struct fuse_server *server = loading->server;
	struct fuse_file_info info = { .fh = kept_get_id(loading->kept, record) };
	const struct node *node;
	struct kept_file head;
	struct blob *blob;

	if (kept_get_len(loading->kept, record) != sizeof(head) || !info.fh ||
		info.fh > server->numbers.last || open_file_get(server, &info))
		return false;
	memcpy(&head, kept_get(loading->kept, record), sizeof(head));
	node = tree_find(server->backend.tree, head.ino);
	blob = head.blob ? find_blob(loading, head.blob) : NULL;
	if (!has_all(&head, node, blob) || !can_be_under_way(&head, node) ||
		!is_sound(server, &head) || !has_all_pieces(loading, info.fh, &head))
		return false;
	add_file(loading, record, &head, node, blob);
	return true;
}

static void end(struct loading *loading)
{
	for (size_t i = 0; i < loading->piece_count; i++)
		if (!loading->pieces[i].is_taken)
			kept_remove(loading->kept, loading->pieces[i].record);
	for (size_t i = 0; i < loading->blob_count; i++)
		blob_release(loading->blobs[i]);
	for (size_t i = 0; i < loading->sheet_count; i++)
		sheet_release(loading->sheets[i]);
	free(loading->sheets);
	free(loading->pieces);
	free(loading->blobs);
}

size_t kept_files_load(struct fuse_server *server)
{
	struct loading loading = { .server = server, .kept = server->backend.kept };
	size_t lost = 0;

	list_pieces(&loading);
	list_texts(&loading);
	for (uint32_t record = 0; (record = kept_next(loading.kept, KEPT_FILE, record));) {
		if (load_file(&loading, record))
			continue;
		kept_remove(loading.kept, record);
		lost++;
	}
	end(&loading);
	kept_commit(loading.kept);
	return lost;
}
