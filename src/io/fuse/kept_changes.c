/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commits of the database that another process may have to go on with.
 *
 * Before a commit begins, the change is noted here under a number, which the same transaction
 * writes into the database: so whoever goes on knows whether it has happened. A note says what
 * the links were that the change is about; the state, as read from the database, says what they
 * are. From that, and from what readers were told of volumes, follows what they are still to be
 * told. A note goes in the same commit of the memory that brings the lines of `events`.
 *
 * A process that has taken over leaves notes, also of its own, until it has told all that was
 * missed.
 */

#include <string.h>

#include "core/views/event_stream.h"
#include "io/fuse/kept_changes.h"
#include "io/fuse/kept_kind.h"

/* IDs of volumes follow whose names are to go with them, each with its NUL. */
struct kept_state {
	uint64_t mount;
	uint64_t number;
	uint32_t epic;
	uint32_t gives_letters;
};

/* Items follow, each its kind and texts. */
struct kept_change {
	uint32_t epic; /* once it is in place */
	uint32_t gives_letters;
	uint32_t is_large; /* has more links than events can be kept of: it says nothing of them */
	uint32_t reserved;
};

/*
 * A link: its path, and the ID that it belongs to. A rename: from and to, paths. An event: its
 * kind, and its texts in order. A text begins with a byte that says whether there is one.
 */
enum item { ITEM_LINK = 'L', ITEM_RENAME = 'R', ITEM_EVENT = 'E' };
enum { TEXT_NONE = '-', TEXT_SOME = '+', EVENT_TEXTS = 6 };

#define NUMBER_MAX INT64_MAX

static bool is_sound_state(const struct kept *kept, uint32_t record)
{
	const struct kept_state *state = kept_get(kept, record);

	size_t len = kept_get_len(kept, record);

	return len >= sizeof(*state) && state->mount && state->number < NUMBER_MAX && state->epic &&
		(len == sizeof(*state) || !((const char *)state)[len - 1]);
}

void kept_changes_init(struct kept_changes *changes, struct kept *kept, uint64_t random)
{
	struct kept_state state = { .mount = random | 1, .epic = 1 };
	uint32_t record = kept_next(kept, KEPT_STATE, 0);
	bool is_inherited;

	if (record && !is_sound_state(kept, record)) {
		kept_remove(kept, record);
		record = 0;
	}
	is_inherited = record;
	if (!record)
		record = kept_add(kept, KEPT_STATE, 0, &state, sizeof(state));
	else
		state = *(const struct kept_state *)kept_get(kept, record);
	*changes = (struct kept_changes){
		.kept = kept,
		.mount = state.mount,
		.number = state.number,
		.state = record,
		.is_inherited = is_inherited,
	};
	kept_commit(kept);
}

static const struct kept_change *get_change(const struct kept *kept, uint32_t record)
{
	return kept_get(kept, record);
}

static void load_deletions(const struct kept_changes *changes, struct manager *manager)
{
	const char *at = kept_get(changes->kept, changes->state);
	const char *end = at + kept_get_len(changes->kept, changes->state);

	for (at += sizeof(struct kept_state); at < end; at += strlen(at) + 1) {
		manager->deletions = xgrow(
			manager->deletions, manager->deletion_count, sizeof(*manager->deletions));
		manager->deletions[manager->deletion_count++] = xstrdup(at);
	}
}

uint64_t kept_changes_judge(
	struct kept_changes *changes, const struct commit_number *last, struct manager *manager)
{
	const struct kept_state *state = kept_get(changes->kept, changes->state);
	uint64_t number = last->mount == changes->mount ? last->number : 0;

	manager->epic = state->epic;
	manager->gives_letters |= state->gives_letters;
	load_deletions(changes, manager);
	for (uint32_t record = 0; (record = kept_next(changes->kept, KEPT_CHANGE, record));) {
		const struct kept_change *change = get_change(changes->kept, record);

		if (kept_get_len(changes->kept, record) < sizeof(*change) ||
			kept_get_id(changes->kept, record) > number) {
			kept_remove(changes->kept, record);
			continue;
		}
		if (change->epic > manager->epic)
			manager->epic = change->epic;
		manager->gives_letters |= change->gives_letters;
	}
	kept_commit(changes->kept);
	return number;
}

static void add_text(struct strbuf *bytes, const char *text)
{
	strbuf_add_char(bytes, text ? TEXT_SOME : TEXT_NONE);
	if (text)
		strbuf_add(bytes, text, strlen(text) + 1);
}

static void add_link(struct strbuf *bytes, const struct manager *manager, const char *path)
{
	const struct link *before = names_find_link(&manager->names, path);

	strbuf_add_char(bytes, ITEM_LINK);
	add_text(bytes, before ? before->path : path);
	add_text(bytes, before ? before->record->id : NULL);
}

static void add_event(struct strbuf *bytes, const struct event *event)
{
	strbuf_add_char(bytes, ITEM_EVENT);
	strbuf_add_char(bytes, (char)event->kind);
	add_text(bytes, event->link);
	add_text(bytes, event->id);
	add_text(bytes, event->device);
	add_text(bytes, event->path);
	add_text(bytes, event->reason);
	add_text(bytes, event->host);
}

static void add_items(struct strbuf *bytes, const struct manager *manager, struct change *change)
{
	index_for_each (&change->names.links, const struct link, link)
		add_link(bytes, manager, link->path);
	if (change->renamed[0]) {
		strbuf_add_char(bytes, ITEM_RENAME);
		add_text(bytes, change->renamed[0]);
		add_text(bytes, change->renamed[1]);
	}
	for (size_t i = 0; i < change->events.count; i++)
		add_event(bytes, &change->events.list[i]);
}

static void write_state(struct kept_changes *changes, const struct manager *manager)
{
	struct kept_state state = {
		.mount = changes->mount,
		.number = changes->number,
		.epic = manager->epic,
		.gives_letters = manager->gives_letters,
	};

	_cleanup_strbuf_ struct strbuf bytes = STRBUF_INIT;

	strbuf_add(&bytes, &state, sizeof(state));
	for (size_t i = 0; i < manager->deletion_count; i++)
		strbuf_add(&bytes, manager->deletions[i], strlen(manager->deletions[i]) + 1);
	if (kept_get_len(changes->kept, changes->state) != bytes.len) {
		kept_remove(changes->kept, changes->state);
		changes->state = kept_add(changes->kept, KEPT_STATE, 0, bytes.data, bytes.len);
	} else if (memcmp(kept_get(changes->kept, changes->state), bytes.data, bytes.len) != 0) {
		kept_write(changes->kept, changes->state, 0, bytes.data, bytes.len);
	}
}

void kept_changes_begin(
	struct kept_changes *changes, const struct manager *manager, struct change *change)
{
	struct kept_change head = {
		.epic = change_get_epic(change, manager),
		.gives_letters = change->gives_letters,
		.is_large =
			change->names.links.count > EVENT_STREAM_MAX || change->names.drops_links,
	};
	_cleanup_strbuf_ struct strbuf bytes = STRBUF_INIT;

	changes->number++;
	write_state(changes, manager);
	strbuf_add(&bytes, &head, sizeof(head));
	if (!head.is_large)
		add_items(&bytes, manager, change);
	changes->current =
		kept_try_add(changes->kept, KEPT_CHANGE, changes->number, bytes.data, bytes.len);
	change->commit = (struct commit_number){ changes->mount, changes->number };
}

void kept_changes_cancel(struct kept_changes *changes)
{
	kept_remove(changes->kept, changes->current);
	changes->current = 0;
}

void kept_changes_end(struct kept_changes *changes, const struct manager *manager)
{
	if (changes->is_told)
		kept_remove(changes->kept, changes->current);
	changes->current = 0;
	write_state(changes, manager);
}

/* The items of a note. */
struct items {
	const char *at, *end;
};

/* False: there is no text that ends. */
static bool take_text(struct items *items, const char **ret_text)
{
	const char *end;

	if (items->at == items->end)
		return false;
	*ret_text = NULL;
	if (*items->at++ != TEXT_SOME)
		return true;
	end = memchr(items->at, '\0', (size_t)(items->end - items->at));
	if (!end)
		return false;
	*ret_text = items->at;
	items->at = end + 1;
	return true;
}

/*
 * An item, whose texts are those of an event: a link's are its first two, and so are those of a
 * rename. False: there is none, or it makes no sense.
 */
static bool take_item(struct items *items, enum item *ret_item, struct event *ret_event)
{
	const char *texts[EVENT_TEXTS] = { NULL };
	size_t count = 2;

	if (items->at == items->end)
		return false;
	*ret_item = (enum item) * items->at++;
	*ret_event = (struct event){ 0 };
	if (*ret_item == ITEM_EVENT) {
		if (items->at == items->end || (unsigned char)*items->at >= EVENT_KINDS)
			return false;
		ret_event->kind = (enum event_kind) * items->at++;
		count = EVENT_TEXTS;
	}
	for (size_t i = 0; i < count; i++)
		if (!take_text(items, &texts[i]))
			return false;
	ret_event->link = (char *)texts[0];
	ret_event->id = (char *)texts[1];
	ret_event->device = (char *)texts[2];
	ret_event->path = (char *)texts[3];
	ret_event->reason = (char *)texts[4];
	ret_event->host = (char *)texts[5];
	return *ret_item == ITEM_EVENT || (texts[0] && (*ret_item == ITEM_LINK || texts[1]));
}

static struct items get_items(const struct kept *kept, uint32_t record)
{
	const char *bytes = kept_get(kept, record);

	return (struct items){ bytes + sizeof(struct kept_change),
		bytes + kept_get_len(kept, record) };
}

bool kept_changes_has_any(const struct kept_changes *changes)
{
	return kept_next(changes->kept, KEPT_CHANGE, 0) != 0;
}

bool kept_changes_has_lost(const struct kept_changes *changes)
{
	for (uint32_t record = 0; (record = kept_next(changes->kept, KEPT_CHANGE, record));)
		if (get_change(changes->kept, record)->is_large)
			return true;
	return false;
}

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t *number_a = a, *number_b = b;

	return *number_a < *number_b ? -1 : *number_a > *number_b;
}

/* Number and record of each note, by rising numbers. */
static size_t sort_notes(const struct kept *kept, uint64_t (**ret_notes)[2])
{
	uint64_t(*notes)[2] = NULL;
	size_t count = 0;

	for (uint32_t record = 0; (record = kept_next(kept, KEPT_CHANGE, record));) {
		notes = xgrow(notes, count, sizeof(*notes));
		notes[count][0] = kept_get_id(kept, record);
		notes[count++][1] = record;
	}
	if (count)
		qsort(notes, count, sizeof(*notes), compare_numbers);
	*ret_notes = notes;
	return count;
}

void kept_changes_list(const struct kept_changes *changes, kept_changes_fn *fn, void *data)
{
	_cleanup_free_ uint64_t(*notes)[2] = NULL;
	size_t count = sort_notes(changes->kept, &notes);
	struct event texts;
	enum item item;

	/* What an older note says of a link counts. */
	for (size_t i = 0; i < count; i++) {
		struct items items = get_items(changes->kept, (uint32_t)notes[i][1]);

		while (take_item(&items, &item, &texts))
			if (item == ITEM_LINK)
				fn(data, texts.link, texts.id);
	}
}

void kept_changes_get_events(const struct kept_changes *changes, struct events *events)
{
	_cleanup_free_ uint64_t(*notes)[2] = NULL;
	size_t count = sort_notes(changes->kept, &notes);
	struct event texts;
	enum item item;

	for (size_t i = 0; i < count; i++) {
		struct items items = get_items(changes->kept, (uint32_t)notes[i][1]);

		while (take_item(&items, &item, &texts))
			if (item == ITEM_EVENT)
				events_add(events, &texts);
	}
}

bool kept_changes_get_rename(
	const struct kept_changes *changes, const char **ret_from, const char **ret_to)
{
	struct event texts;
	enum item item;

	for (uint32_t record = 0; (record = kept_next(changes->kept, KEPT_CHANGE, record));) {
		struct items items = get_items(changes->kept, record);

		while (take_item(&items, &item, &texts)) {
			if (item != ITEM_RENAME)
				continue;
			*ret_from = texts.link;
			*ret_to = texts.id;
			return true;
		}
	}
	return false;
}

void kept_changes_set_told(struct kept_changes *changes, const struct manager *manager)
{
	for (uint32_t record = 0; (record = kept_next(changes->kept, KEPT_CHANGE, record));)
		if (record != changes->current)
			kept_remove(changes->kept, record);
	changes->is_told = true;
	write_state(changes, manager);
}
