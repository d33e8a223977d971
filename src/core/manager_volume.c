/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of the operations on a volume as such: its drive letter, its paths, its staying and going.
 */

#include <errno.h>
#include <string.h>

#include "core/hosting.h"
#include "core/link_name.h"
#include "core/manager_private.h"

int decide_next_drive_letter(struct context *context)
{
	struct letter letter;
	const char *id;
	int r = context_select_volume(context, &id);

	if (r < 0)
		return r;
	letter = letters_assign(
		context->manager, context->env, id, "next_drive_letter", context->change);
	reply_add_letter(context->reply, letter.value, letter.is_new);
	return 0;
}

int decide_auto_dl_assignments(struct context *context)
{
	const struct map *present = &context->manager->volumes.by_id;
	_cleanup_free_ struct applicant *list = xcalloc(present->count, sizeof(*list));
	size_t count = 0;

	map_for_each (present, node, next) {
		const struct device *device = container_of(node, struct device, by_id);

		list[count++] = (struct applicant){ device, device->id };
	}
	applicants_sort(list, count);
	context->change->gives_letters = true;
	letters_assign_all(context->manager, context->env, list, count, context->change);
	return 0;
}

int decide_keep_links(struct context *context)
{
	struct names *names = &context->change->names;
	bool is_on = context->request->is_on;
	const struct record *record;
	struct record *edited;
	const char *id, *node;
	int r = context_select_volume(context, &id);

	if (r < 0)
		return r;
	record = names_find_record(names, id);
	if (record && record->keep_links == is_on)
		return 0;
	node = context_get_node(context, id);
	context_add_entry(context, "keep_links_when_offline", NULL, id);
	edited = names_edit_record(names, id);
	edited->keep_links = is_on;
	if (is_on && !is_same_text(edited->fingerprint.node, node)) {
		free(edited->fingerprint.node);
		edited->fingerprint.node = xstrdup(node);
	}
	if (!is_on && !volumes_find_id(&context->manager->volumes, id))
		names_remove_unrecorded(names, id); /* it has gone just now, as its links see it */
	return 0;
}

/* Discovery has looked at the device by now. */
int decide_volume_arrival(struct context *context)
{
	const char *id;
	int r = context_select_volume(context, &id);

	if (r == 0 && !volumes_find_id(&context->manager->volumes, id))
		return context_fail(context, -ENOENT, "%s is not present", id);
	return r;
}

static const struct device *find_present(
	const struct context *context, const struct volume_ref *ref)
{
	const struct volumes *volumes = &context->manager->volumes;
	const struct link *link;

	switch (ref->kind) {
	case VOLUME_BY_ID:
		return volumes_find_id(volumes, ref->text);
	case VOLUME_BY_LINK:
		link = names_find_link(&context->change->names, ref->text);
		return link ? volumes_find_id(volumes, link->record->id) : NULL;
	case VOLUME_BY_DEVICE:
		break;
	}
	return context_find_device(context, ref);
}

int decide_volume_removal(struct context *context)
{
	const struct device *device = find_present(context, &context->request->device);
	struct volumes_change *volumes = &context->change->volumes;

	if (!device || volumes_change_concerns(volumes, device->name))
		return context_fail(context, -ENOENT, "no device is present as '%s'",
			context->request->device.text);
	volumes_change_remove(volumes, device->name);
	return 0;
}

/* Adds one path; true when no more are wanted. */
static bool add_path(struct context *context, const char *path, bool is_first_only)
{
	reply_add_path(context->reply, path);
	return is_first_only;
}

/* The volume name: better than nothing for who asks for one path. */
static int add_volume_name(struct context *context, const char *id)
{
	const struct link *link = names_find_volume_name(&context->change->names, id);

	if (link) {
		reply_add_volume_path(context->reply, link->path);
		return 0;
	}
	context->reply->is_nameless = true;
	return context_fail(context, -ENOENT, "%s has no path and no volume name", id);
}

int decide_query_paths(struct context *context, bool is_first_only)
{
	_cleanup_paths_ struct paths paths = { 0 };
	const struct record *record;
	const char *id;
	int r = context_select_volume(context, &id);

	if (r < 0)
		return r;
	record = names_find_record(&context->change->names, id);
	if (record && record->letter &&
		add_path(context, (char[]){ record->letter, ':', '\0' }, is_first_only))
		return 0;
	hosting_get_paths(context->manager, &context->change->names, id, &paths);
	for (size_t i = 0; i < paths.count; i++)
		if (add_path(context, paths.list[i], is_first_only))
			return 0;
	return is_first_only ? add_volume_name(context, id) : 0;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/*
 * IDs under which present clones would be looked for first, had the database forgotten the owners:
 * at the next start they would take these, and leave behind the names they have now.
 */
static char **get_owed(const struct manager *manager, size_t *ret_count)
{
	const struct map *devices = &manager->volumes.by_name;
	char **list = xcalloc(devices->count * ID_SCHEMES, sizeof(*list));
	char id[UNIQUE_ID_MAX + 1];
	size_t count = 0;

	map_for_each (devices, node, next) {
		const struct device *device = container_of(node, struct device, by_name);

		for (size_t i = 0; device->has_lost && i < ID_SCHEMES; i++)
			if (unique_id_format(
				    (enum id_scheme)i, device->identity[i], device->partition, id))
				list[count++] = xstrdup(id);
	}
	if (count)
		qsort(list, count, sizeof(*list), compare_texts);
	*ret_count = count;
	return list;
}

/* Forgets a volume. If its ID is owed, its fingerprint stays, to keep clones from it. */
static void scrub(struct context *context, const char *id, bool is_owed)
{
	struct names *names = &context->change->names;
	const struct record *record = names_find_record(names, id);
	struct fingerprint fingerprint = { 0 };

	if (is_owed && !names_next_link(names, id, NULL) && !record->no_drive_letter)
		return;
	context_add_entry(context, "scrub_registry", NULL, id);
	fingerprint_copy(&fingerprint, &record->fingerprint);
	names_remove_record(names, id);
	if (is_owed)
		fingerprint_copy(&names_edit_record(names, id)->fingerprint, &fingerprint);
	fingerprint_fini(&fingerprint);
}

int decide_scrub(struct context *context)
{
	const struct manager *manager = context->manager;
	size_t count;
	char **owed = get_owed(manager, &count);

	map_for_each (&manager->names.records, node, next) {
		const char *id = container_of(node, struct record, by_id)->id;

		if (names_find_record(&context->change->names, id) &&
			!context_get_node(context, id))
			scrub(context, id,
				bsearch(&id, owed, count, sizeof(*owed), compare_texts) != NULL);
	}
	for (size_t i = 0; i < count; i++)
		free(owed[i]);
	free(owed);
	return 0;
}

int decide_auto_mount(struct context *context)
{
	struct names *names = &context->change->names;
	bool is_off = !context->request->is_on;

	if (names_is_auto_mount_off(names) == is_off)
		return 0;
	names_set_auto_mount_off(names, is_off);
	context_add_entry(context, is_off ? "auto_mount off" : "auto_mount on", NULL, NULL);
	return 0;
}
