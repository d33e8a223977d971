/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a change touched: names of things that readers may see differently now.
 */

#include "core/model/touched.h"

static void add_text(char ***list, size_t *count, const char *text)
{
	*list = xgrow(*list, *count, sizeof(**list));
	(*list)[(*count)++] = xstrdup(text);
}

void touched_add_id(struct touched *touched, const char *id, bool is_moved)
{
	touched->is_moved = xgrow(touched->is_moved, touched->id_count, sizeof(*touched->is_moved));
	touched->is_moved[touched->id_count] = is_moved;
	add_text(&touched->ids, &touched->id_count, id);
}

void touched_add_link(struct touched *touched, const char *link)
{
	add_text(&touched->links, &touched->link_count, link);
}

void touched_add_linked(struct touched *touched, const char *id)
{
	add_text(&touched->linked, &touched->linked_count, id);
}

void touched_add_dropped(struct touched *touched, const char *id)
{
	add_text(&touched->dropped, &touched->dropped_count, id);
}

void touched_add_device(struct touched *touched, const char *name)
{
	add_text(&touched->devices, &touched->device_count, name);
}

void touched_fini(struct touched *touched)
{
	for (size_t i = 0; i < touched->link_count; i++)
		free(touched->links[i]);
	for (size_t i = 0; i < touched->id_count; i++)
		free(touched->ids[i]);
	for (size_t i = 0; i < touched->linked_count; i++)
		free(touched->linked[i]);
	for (size_t i = 0; i < touched->dropped_count; i++)
		free(touched->dropped[i]);
	for (size_t i = 0; i < touched->device_count; i++)
		free(touched->devices[i]);
	free(touched->links);
	free(touched->ids);
	free(touched->is_moved);
	free(touched->linked);
	free(touched->dropped);
	free(touched->devices);
	for (size_t i = 0; i < ARRAY_SIZE(touched->renamed); i++)
		free(touched->renamed[i]);
	events_fini(&touched->events);
	free(touched->host);
	*touched = (struct touched){ 0 };
}
