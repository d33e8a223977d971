/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the database remembers of volumes that are neither present nor kept: control/database has
 * it, for those who may change names.
 */

#include <string.h>

#include "ctl/absent.h"

void absent_fini(struct absent *absent)
{
	json_object_put(absent->database);
	free(absent->list);
	*absent = (struct absent){ 0 };
}

static int compare_volumes(const void *a, const void *b)
{
	const struct absent_volume *one = a, *other = b;

	return strcmp(one->id, other->id);
}

const struct absent_volume *absent_find(const struct absent *absent, const char *id)
{
	struct absent_volume key = { .id = id };

	return absent->count
		? bsearch(&key, absent->list, absent->count, sizeof(key), compare_volumes)
		: NULL;
}

static void add_points(struct shown_points *points, struct json_object *volume, const char *id)
{
	const char *link;

	for (size_t i = 0; (link = volume_get_link(volume, i)); i++) {
		points->list = xgrow(points->list, points->count, sizeof(*points->list));
		points->list[points->count++] = (struct shown_point){ link, id, "" };
	}
}

/* Those whose folder is not there. */
static void collect(const struct ctl *ctl, struct json_object *volumes, struct shown_points *points,
	struct absent *absent)
{
	size_t count = json_object_array_length(volumes);

	absent->list = xcalloc(count + 1, sizeof(*absent->list));
	for (size_t i = 0; i < count; i++) {
		struct json_object *volume = json_object_array_get_idx(volumes, i);
		const char *id = volume_get_id(volume);
		_cleanup_free_ char *state = NULL;
		_cleanup_strbuf_ struct strbuf folder = STRBUF_INIT;

		if (!id)
			continue;
		strbuf_add_file_name(&folder, id);
		state = tree_read_line(ctl, "ids/%s/state", strbuf_text(&folder));
		if (*state)
			continue;
		absent->list[absent->count++] =
			(struct absent_volume){ id, database_get_text(volume, "last_seen"),
				database_get_text(volume, "last_device") };
		add_points(points, volume, id);
	}
	qsort(absent->list, absent->count, sizeof(*absent->list), compare_volumes);
}

int absent_read(const struct ctl *ctl, struct shown_points *points, struct absent *ret_absent)
{
	struct absent absent = { 0 };
	int r = database_read(ctl, "list absent volumes", &absent.database);

	if (r != CTL_OK)
		return r;
	collect(ctl, database_get_array(absent.database, "volumes"), points, &absent);
	*ret_absent = absent;
	return CTL_OK;
}
