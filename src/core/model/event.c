/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events on their way to the readers of `events`.
 */

#include <string.h>

#include "base/map.h"
#include "core/model/event.h"

const struct event_type event_types[EVENT_KINDS + 1] = {
	[EVENT_VOLUME_ARRIVED] = { "volume-arrived", "id device" },
	[EVENT_VOLUME_REMOVED] = { "volume-removed", "id device" },
	[EVENT_VOLUME_CHANGED] = { "volume-changed", "id device" },
	[EVENT_LINK_CREATED] = { "link-created", "link id device" },
	[EVENT_LINK_DELETED] = { "link-deleted", "link id device" },
	[EVENT_VOLUME_UNPROCESSED] = { "volume-unprocessed", "device reason" },
	[EVENT_DUPLICATE] = { "duplicate", "[id] device [reason]" },
	[EVENT_UNIQUE_ID_CHANGED] = { "unique_id_changed", "id device reason" },
	[EVENT_MOUNTED] = { "mounted", "id device path" },
	[EVENT_UNMOUNTED] = { "unmounted", "id device path" },
	[EVENT_MOUNT_POINT_CREATED] = { "mount-point-created", "link [id] path [reason]" },
	[EVENT_MOUNT_POINT_DELETED] = { "mount-point-deleted", "link [id] path [reason]" },
	[EVENT_MOUNT_POINT_REFUSED] = { "mount-point-refused", "link id path reason" },
	[EVENT_LINK_SHADOWED] = { "link_shadowed", "link id" },
	[EVENT_CLUSTER_LOST] = { "cluster_lost", "reason" },
	[EVENT_CLUSTER_BACK] = { "cluster_back", "reason" },
	[EVENT_KINDS] = { "overrun", "lost" },
};

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static struct event *events_grow(struct events *events)
{
	events->list = xgrow(events->list, events->count, sizeof(*events->list));
	return &events->list[events->count++];
}

void events_add(struct events *events, const struct event *event)
{
	*events_grow(events) = (struct event){
		.kind = event->kind,
		.link = copy(event->link),
		.id = copy(event->id),
		.device = copy(event->device),
		.path = copy(event->path),
		.reason = copy(event->reason),
		.host = copy(event->host),
	};
}

void events_move(struct events *to, struct events *from)
{
	for (size_t i = 0; i < from->count; i++)
		*events_grow(to) = from->list[i];
	to->untold += from->untold;
	from->count = 0;
	events_fini(from);
}

void events_forget(struct events *events)
{
	size_t untold = events->untold + events->count;

	events_fini(events);
	events->untold = untold;
}

/* A link is told of while its volume is there, and what goes before what comes. */
static const int ranks[EVENT_KINDS] = {
	[EVENT_MOUNT_POINT_DELETED] = 0,
	[EVENT_UNMOUNTED] = 1,
	[EVENT_LINK_DELETED] = 2,
	[EVENT_VOLUME_REMOVED] = 3,
	[EVENT_VOLUME_UNPROCESSED] = 4,
	[EVENT_DUPLICATE] = 5,
	[EVENT_UNIQUE_ID_CHANGED] = 6,
	[EVENT_VOLUME_ARRIVED] = 7,
	[EVENT_VOLUME_CHANGED] = 8,
	[EVENT_LINK_CREATED] = 9,
	[EVENT_MOUNTED] = 10,
	[EVENT_MOUNT_POINT_CREATED] = 11,
	[EVENT_MOUNT_POINT_REFUSED] = 12,
};

static int compare_optional(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare_events(const void *a, const void *b)
{
	const struct event *event_a = a, *event_b = b;
	int order = ranks[event_a->kind] - ranks[event_b->kind];

	if (order == 0)
		order = compare_optional(event_a->id, event_b->id);
	if (order == 0)
		order = compare_optional(event_a->link, event_b->link);
	if (order == 0)
		order = compare_optional(event_a->device, event_b->device);
	return order ? order : compare_optional(event_a->path, event_b->path);
}

void events_sort(struct events *events)
{
	if (events->count)
		qsort(events->list, events->count, sizeof(*events->list), compare_events);
}

static void event_fini(struct event *event)
{
	free(event->link);
	free(event->id);
	free(event->device);
	free(event->path);
	free(event->reason);
	free(event->host);
}

void events_fini(struct events *events)
{
	for (size_t i = 0; i < events->count; i++)
		event_fini(&events->list[i]);
	free(events->list);
	*events = (struct events){ 0 };
}

uint64_t events_get_hash(const struct events *events)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < events->count; i++) {
		const struct event *event = &events->list[i];

		strbuf_add_format(&text, "%d %s %s %s\n", event->kind,
			event->link ? event->link : "", event->id ? event->id : "",
			event->path ? event->path : "");
	}
	return text.len ? map_hash_text(text.data) : 0;
}
