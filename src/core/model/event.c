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

static void notice_fini(struct event *event)
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
		notice_fini(&events->list[i]);
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
