/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is open, in memory that can outlive the process.
 *
 * A file has a record, its texts have others: a text that several files show has one, however many
 * they are, and so has what several long texts have in common. All that a request has changed is
 * noted before its answer is written, and counts in one commit with that. So whoever serves the
 * request again finds what it had found the first time, and who has the answer is never given the
 * same again.
 *
 * A write that takes longer changes its file at once. That is noted when it is over: until then
 * flush leaves the file alone.
 *
 * Where there is no room for a file nothing is noted of it, and it is lost with the process.
 */

#include <string.h>

#include "fuse_private.h"
#include "io/fuse/fuse_job.h"
#include "io/fuse/fuse_text.h"
#include "io/fuse/kept_files.h"
#include "io/fuse/kept_kind.h"
#include "io/fuse/open_file.h"
#include "kept_files_private.h"

void kept_files_touch(struct open_file *file)
{
	struct fuse_server *server = file->server;

	if (file->previous_touched || file->is_closed)
		return;
	file->next_touched = server->touched;
	file->previous_touched = &server->touched;
	if (file->next_touched)
		file->next_touched->previous_touched = &file->next_touched;
	server->touched = file;
}

void kept_files_untouch(struct open_file *file)
{
	if (!file->previous_touched)
		return;
	*file->previous_touched = file->next_touched;
	if (file->next_touched)
		file->next_touched->previous_touched = file->previous_touched;
	file->previous_touched = NULL;
}

static const struct strbuf *get_job_text(const struct fuse_job *job, struct strbuf *room)
{
	for (size_t i = 0; job && i < job->count; i++) {
		strbuf_add_text(room, job->lines[i].text);
		strbuf_add_char(room, '\n');
	}
	return room;
}

const struct strbuf *kept_files_get_part(
	const struct open_file *file, enum kept_part part, struct strbuf *room)
{
	bool has_job = file->kind == NODE_CONTROL && file->control.job;

	switch (part) {
	case PART_REPLY:
		return &file->reply.text;
	case PART_PENDING:
		return file->kind == NODE_CONTROL ? &file->control.pending : NULL;
	case PART_BATCH:
		return file->kind == NODE_CONTROL ? &file->control.batch : NULL;
	case PART_EVENT:
		return file->kind == NODE_EVENTS ? &file->events.rest : NULL;
	case PART_JOB:
		return has_job ? get_job_text(file->control.job, room) : NULL;
	case PART_KINDS:
		break;
	}
	return NULL;
}

static uint64_t get_noted_len(const struct kept_note *note, enum kept_part part)
{
	uint64_t len = 0;

	for (size_t i = 0; i < note->piece_count; i++)
		if (note->pieces[i].part == part)
			len += note->pieces[i].len;
	return len;
}

static void remove_part(struct kept *kept, struct kept_note *note, enum kept_part part)
{
	size_t count = 0;

	for (size_t i = 0; i < note->piece_count; i++) {
		if (note->pieces[i].part == part)
			kept_remove(kept, note->pieces[i].record);
		else
			note->pieces[count++] = note->pieces[i];
	}
	note->piece_count = count;
}

/* 0: there is no room. */
static uint32_t add_piece(struct kept *kept, uint64_t number, const struct kept_piece_head *piece,
	const char *bytes, size_t len)
{
	if (len > KEPT_PIECE_MAX)
		return 0;
	return kept_try_add_both(kept, KEPT_PIECE, number,
		(const struct kept_bytes[2]){ { piece, sizeof(*piece) }, { bytes, len } });
}

/* False: there is no room. */
static bool note_part(struct kept *kept, struct open_file *file, enum kept_part part)
{
	_cleanup_strbuf_ struct strbuf room = STRBUF_INIT;
	const struct strbuf *text = kept_files_get_part(file, part, &room);
	struct kept_note *note = &file->note;
	size_t len = text ? text->len : 0;
	uint64_t noted = get_noted_len(note, part);
	struct kept_piece piece = { .part = part };

	if (noted && (noted > len || (file->has_new_texts && part != PART_BATCH))) {
		remove_part(kept, note, part);
		noted = 0;
	}
	if (noted == len)
		return true;
	piece.len = (uint32_t)(len - noted);
	piece.record = add_piece(kept, file->number,
		&(struct kept_piece_head){ .part = part, .at = noted }, text->data + noted,
		piece.len);
	if (!piece.record)
		return false;
	note->pieces = xgrow(note->pieces, note->piece_count, sizeof(*note->pieces));
	note->pieces[note->piece_count++] = piece;
	return true;
}

/* Each answer of MountPointManager has its record as long as it is there. */
static bool note_rests(struct kept *kept, struct open_file *file)
{
	for (struct rest *rest = file->manager.rests; rest; rest = rest->next) {
		struct kept_piece_head head = { .part = PART_KINDS, .at = rest->ticket };

		if (rest->kept_record)
			continue;
		rest->kept = kept;
		rest->kept_record =
			add_piece(kept, file->number, &head, rest->record.data, rest->record.len);
		if (!rest->kept_record)
			return false;
	}
	return true;
}

/* 0: there is no room, as with what follows. */
static uint32_t add_text(struct blob *blob, const struct kept_text *head)
{
	const struct sheet *sheet = blob->text.count ? blob->text.places[0].sheet : NULL;

	if (blob->text.len > KEPT_PIECE_MAX)
		return 0;
	return kept_try_add_both(blob->kept, KEPT_TEXT, blob->number,
		(const struct kept_bytes[2]){
			{ head, sizeof(*head) },
			{ sheet ? sheet->data : NULL, blob->text.len },
		});
}

static uint32_t add_sheets(
	struct blob *blob, const struct kept_text *head, struct kept_numbers *numbers)
{
	size_t count = blob->text.count;
	_cleanup_free_ uint64_t *list = xcalloc(count, sizeof(*list));

	for (size_t i = 0; i < count; i++) {
		struct sheet *sheet = blob->text.places[i].sheet;

		if (!sheet->record &&
			(sheet->len > KEPT_PIECE_MAX ||
				!sheet_keep(
					sheet, blob->kept, KEPT_SHEET, kept_numbers_take(numbers))))
			return 0;
		list[i] = sheet->number;
	}
	return kept_try_add_both(blob->kept, KEPT_SHEETS, blob->number,
		(const struct kept_bytes[2]){
			{ head, sizeof(*head) },
			{ list, count * sizeof(*list) },
		});
}

/* One sheet has no record of its own: most texts are short. False: there is no room. */
static bool note_blob(struct kept *kept, struct open_file *file)
{
	struct blob *blob = file->blob;
	struct kept_text head = { 0 };

	if (!blob || blob->kept_record)
		return true;
	head.generation = blob->generation;
	head.is_view = blob->server != NULL;
	head.view = blob->view;
	blob->number = kept_numbers_take(&file->server->numbers);
	blob->kept = kept;
	blob->kept_record = blob->text.count > 1 ? add_sheets(blob, &head, &file->server->numbers)
						 : add_text(blob, &head);
	return blob->kept_record != 0;
}

static void fill_control(const struct control_file *control, struct kept_file *head)
{
	head->written_ino = control->written_ino;
	head->flags |= control->is_cut ? FLAG_CUT : 0u;
	head->short_begin = control->short_begin;
	head->short_end = control->short_end;
	head->given = control->given;
	head->error = control->error;
	head->batch_error = control->batch_error;
	if (control->job) {
		head->job = control->job->number;
		head->job_uid = control->job->uid;
		head->job_pid = control->job->pid;
	}
}

static void fill(const struct open_file *file, struct kept_file *ret_head)
{
	*ret_head = (struct kept_file){
		.ino = file->ino,
		.blob = file->blob ? file->blob->number : 0,
		.anchor = file->reply.anchor,
		.write_end = file->reply.write_end,
		.poll = file->poll_handle,
		.uid = file->uid,
		.epic = file->epic,
		.kind = file->kind,
		.flags = (file->reply.is_there ? FLAG_REPLY : 0u) |
			(file->reply.is_anchored ? FLAG_ANCHORED : 0u),
	};
	if (file->kind == NODE_CONTROL) {
		fill_control(&file->control, ret_head);
	} else if (file->kind == NODE_EVENTS) {
		ret_head->next = file->events.next;
		ret_head->at = file->events.rest_at;
	} else if (file->kind == NODE_MANAGER) {
		ret_head->tickets = file->manager.tickets;
		ret_head->access = file->manager.access;
		for (const struct rest *rest = file->manager.rests; rest; rest = rest->next)
			ret_head->rests++;
	}
	for (size_t i = 0; i < file->note.piece_count; i++)
		ret_head->lens[file->note.pieces[i].part] += file->note.pieces[i].len;
}

static void hold_blob(struct kept_note *note, struct blob *blob)
{
	if (note->blob == blob)
		return;
	if (blob)
		blob->references++;
	blob_release(note->blob);
	note->blob = blob;
}

static bool note_file(struct kept *kept, struct open_file *file)
{
	struct kept_note *note = &file->note;
	struct kept_file head;

	for (unsigned int part = 0; part < PART_KINDS; part++)
		if (!note_part(kept, file, (enum kept_part)part))
			return false;
	if (!note_blob(kept, file) || (file->kind == NODE_MANAGER && !note_rests(kept, file)))
		return false;
	fill(file, &head);
	if (!note->record)
		note->record = kept_try_add(kept, KEPT_FILE, file->number, &head, sizeof(head));
	else if (memcmp(kept_get(kept, note->record), &head, sizeof(head)) != 0)
		kept_write(kept, note->record, 0, &head, sizeof(head));
	hold_blob(note, file->blob);
	file->has_new_texts = false;
	return note->record != 0;
}

void kept_files_flush(struct fuse_server *server)
{
	struct open_file *next;

	for (struct open_file *file = server->touched; file; file = next) {
		next = file->next_touched;
		kept_files_untouch(file);
		if (file->kind == NODE_CONTROL && file->control.writes)
			continue; /* its end touches it again */
		if (!note_file(server->backend.kept, file))
			kept_files_remove(file);
	}
}

void kept_files_remove(struct open_file *file)
{
	struct kept *kept = file->server->backend.kept;
	struct kept_note *note = &file->note;

	kept_remove(kept, note->record);
	note->record = 0;
	for (size_t i = 0; i < note->piece_count; i++)
		kept_remove(kept, note->pieces[i].record);
	free(note->pieces);
	note->pieces = NULL;
	note->piece_count = 0;
	for (struct rest *rest = file->kind == NODE_MANAGER ? file->manager.rests : NULL; rest;
		rest = rest->next) {
		kept_remove(kept, rest->kept_record);
		rest->kept_record = 0;
	}
	hold_blob(note, NULL);
}
