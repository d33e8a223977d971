/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of the operations that clients ask for. Every function looks at the state through the layer
 * of the change under way, so that a request sees those before it in the same write.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/manager_private.h"

int context_fail(struct context *context, int error, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	strbuf_add_text(context->why, text);
	return error;
}

const char *context_get_node(const struct context *context, const char *id)
{
	return manager_get_node(context->manager, &context->change->names, id);
}

static const struct link *find_link(const struct context *context, const char *path)
{
	return manager_find_link(context->manager, &context->change->names, path);
}

static bool node_has_name(const char *node, const char *text)
{
	return strcmp(node, text) == 0 ||
		(strncmp(node, "/dev/", 5) == 0 && strcmp(node + 5, text) == 0);
}

/* By number where its path led to a node, else by its text. */
const struct device *context_find_device(
	const struct context *context, const struct volume_ref *ref)
{
	const struct volumes *volumes = &context->manager->volumes;
	const struct device *device = volumes_find_name(volumes, ref->text);

	if (ref->number)
		return volumes_find_number(volumes, ref->number);
	if (device)
		return device;
	map_for_each (&volumes->by_name, node, next) {
		device = container_of(node, struct device, by_name);
		if (node_has_name(device->node, ref->text))
			return device;
	}
	return NULL;
}

/* The kept volume that was last seen at this node; of several the first by ID. */
static const char *find_kept(const struct context *context, const char *node)
{
	const struct names *names = &context->manager->names;
	const char *found = NULL;

	map_for_each (&names->records, entry, next) {
		const char *id = container_of(entry, struct record, by_id)->id;
		const struct record *record = names_find_record(&context->change->names, id);

		if (record && record->keep_links && record->fingerprint.node &&
			!volumes_find_id(&context->manager->volumes, id) &&
			node_has_name(record->fingerprint.node, node) &&
			(!found || strcmp(id, found) < 0))
			found = id;
	}
	return found;
}

static int resolve_device(
	struct context *context, const struct volume_ref *ref, int unknown, const char **ret_id)
{
	const struct device *device = context_find_device(context, ref);

	if (device && device->id) {
		*ret_id = device->id;
		return 0;
	}
	/* A drive without its medium is as good as absent. */
	*ret_id = device && device->size ? NULL : find_kept(context, ref->text);
	if (*ret_id)
		return 0;
	if (device)
		return context_fail(context, unknown, "%s is no volume: %s", device->node,
			device->reason ? device->reason : "it has nothing to address");
	if (ref->is_word)
		return context_fail(context, -EINVAL,
			"'%s' is neither a device, nor a unique ID, nor a link", ref->text);
	return context_fail(context, unknown, "no volume is known as '%s'", ref->text);
}

/* Finds the unique ID of the volume a client means; `unknown` is the error for there being none. */
static int resolve_volume(
	struct context *context, const struct volume_ref *ref, int unknown, const char **ret_id)
{
	const struct link *link;

	switch (ref->kind) {
	case VOLUME_BY_ID:
		if (!context_get_node(context, ref->text))
			return context_fail(
				context, unknown, "no volume has the unique ID %s", ref->text);
		*ret_id = ref->text;
		return 0;
	case VOLUME_BY_LINK:
		link = find_link(context, ref->text);
		if (!link)
			return context_fail(context, unknown, "there is no link %s", ref->text);
		*ret_id = link->record->id;
		return 0;
	case VOLUME_BY_DEVICE:
		break;
	}
	return resolve_device(context, ref, unknown, ret_id);
}

/* Checks what the request says of the volume; `ret_id` is NULL if it says nothing. */
static int select_volume(struct context *context, int unknown, const char **ret_id)
{
	const struct request *request = context->request;
	const char *by_id = NULL, *by_device = NULL;
	int r;

	if (request->given & KEY_BIT(KEY_ID)) {
		by_id = request->id;
		if (!context_get_node(context, by_id))
			return context_fail(
				context, unknown, "no volume has the unique ID %s", by_id);
	}
	if (request->given & KEY_BIT(KEY_DEVICE)) {
		r = resolve_volume(context, &request->device, unknown, &by_device);
		if (r < 0)
			return r;
		if (by_id && strcmp(by_id, by_device) != 0)
			return context_fail(
				context, -EINVAL, "the device has the unique ID %s", by_device);
	}
	*ret_id = by_device ? by_device : by_id;
	return 0;
}

/* Selects the triples that match all that the request gives, ordered by link. */
static int select_triples(struct context *context, struct triple **ret_triples, size_t *ret_count)
{
	const struct request *request = context->request;
	const struct link *link;
	const char *id;
	int r = select_volume(context, -EINVAL, &id);

	if (r < 0)
		return r;
	if (!(request->given & KEY_BIT(KEY_LINK))) {
		*ret_count = manager_get_triples(
			context->manager, &context->change->names, id, ret_triples);
		return 0;
	}
	link = find_link(context, request->link.path);
	if (!link)
		return context_fail(context, -ENOENT, "there is no link %s", request->link.path);
	if (id && strcmp(id, link->record->id) != 0)
		return context_fail(
			context, -EINVAL, "%s is a link of %s", link->path, link->record->id);
	id = link->record->id;
	*ret_triples = xcalloc(1, sizeof(**ret_triples));
	**ret_triples = (struct triple){ link->path, id, context_get_node(context, id) };
	*ret_count = 1;
	return 0;
}

static void reply_triples(struct context *context, const struct triple *triples, size_t count)
{
	reply_reserve(context->reply, count);
	for (size_t i = 0; i < count; i++)
		reply_add_triple(context->reply, &triples[i]);
}

int context_select_device(struct context *context, const char **ret_id)
{
	return resolve_volume(context, &context->request->device, -ENOENT, ret_id);
}

int context_select_volume(struct context *context, const char **ret_id)
{
	const struct request *request = context->request;
	const struct link *link;
	int r = select_volume(context, -ENOENT, ret_id);

	if (r < 0 || !(request->given & KEY_BIT(KEY_LINK)))
		return r;
	link = find_link(context, request->link.path);
	if (!link)
		return context_fail(context, -ENOENT, "there is no link %s", request->link.path);
	if (*ret_id && strcmp(*ret_id, link->record->id) != 0)
		return context_fail(
			context, -EINVAL, "%s is a link of %s", link->path, link->record->id);
	*ret_id = link->record->id;
	return 0;
}

static int decide_query_points(struct context *context)
{
	_cleanup_free_ struct triple *triples = NULL;
	size_t count;
	int r = select_triples(context, &triples, &count);

	if (r == 0)
		reply_triples(context, triples, count);
	return r;
}

/*
 * Whether a volume may have the drive letter `path`. In a rename, its link `leaving` goes, and so
 * does what `path` was before.
 */
static int check_letter(
	struct context *context, const char *id, const char *path, const char *leaving)
{
	const struct record *record = names_find_record(&context->change->names, id);

	if (!link_name_is_letter(path) || !record || !record->letter)
		return 0;
	if (leaving &&
		(link_name_get_base(path)[0] == record->letter ||
			(link_name_is_letter(leaving) &&
				link_name_get_base(leaving)[0] == record->letter)))
		return 0;
	return context_fail(
		context, -EINVAL, "%s has the drive letter %c: already", id, record->letter);
}

/* Whether a name that is not to be replaced is free, or was an absent volume's. */
static int check_free(struct context *context, const char *id, const char *path)
{
	const struct link *link = find_link(context, path);
	const char *owner;

	if (!link)
		return 0;
	owner = link->record->id;
	if (strcmp(owner, id) == 0)
		return context_fail(
			context, -EEXIST, "%s has the link %s already", owner, link->path);
	if (!volumes_find_id(&context->manager->volumes, owner))
		return context_fail(
			context, -EEXIST, "%s is kept for %s, which is offline", link->path, owner);
	return context_fail(context, -EEXIST, "%s is a link of %s", link->path, owner);
}

void context_add_entry(
	struct context *context, const char *operation, const char *path, const char *id)
{
	struct triple triple = { path, id, id ? context_get_node(context, id) : NULL };

	change_add_entry(context->change, context->manager, context->env, operation, &triple);
}

void context_set_mark(struct context *context, const char *id, bool no_drive_letter)
{
	const struct record *record = names_find_record(&context->change->names, id);

	if (record && record->no_drive_letter != no_drive_letter)
		names_edit_record(&context->change->names, id)->no_drive_letter = no_drive_letter;
}

static int decide_create_point(struct context *context)
{
	const char *path = context->request->link.path, *id;
	int r = select_volume(context, -ENOENT, &id);

	if (r == 0)
		r = check_letter(context, id, path, NULL);
	if (r == 0)
		r = check_free(context, id, path);
	if (r < 0)
		return r;
	names_set_link(&context->change->names, path, id, context->env->now);
	if (link_name_is_letter(path))
		context_set_mark(context, id, false);
	context_add_entry(context, "create_point", path, id);
	return 0;
}

/* Volumes whose links are all forgotten may get a letter again: one, or (NULL) all that show. */
static void clear_marks(struct context *context, const char *id)
{
	const struct names *names = &context->manager->names;

	if (id) {
		context_set_mark(context, id, false);
		return;
	}
	map_for_each (&names->records, node, next) {
		const struct record *record = container_of(node, struct record, by_id);

		if (context_get_node(context, record->id))
			context_set_mark(context, record->id, false);
	}
}

/* One link goes: altogether, or from the database only. */
static void delete_link(struct context *context, const struct triple *triple)
{
	const struct request *request = context->request;
	struct names *names = &context->change->names;
	bool is_db_only = request->operation->kind == OP_DELETE_POINTS_DBONLY;
	_cleanup_free_ char *path = xstrdup(triple->link), *id = xstrdup(triple->id);

	if (!names_find_link(names, path)->is_unrecorded)
		context_add_entry(context, request->operation->name, path, id);
	if (is_db_only)
		names_unrecord_link(names, path);
	else
		names_remove_link(names, path);
	if (request->given == KEY_BIT(KEY_LINK) && link_name_is_letter(path) &&
		!names_find_record(names, id)->letter)
		context_set_mark(context, id, true);
}

static int decide_delete_points(struct context *context)
{
	const struct request *request = context->request;
	_cleanup_free_ struct triple *triples = NULL;
	const char *selected =
		NULL; /* known before its links, one of which may name it, are gone */
	size_t count;
	int r = select_volume(context, -EINVAL, &selected);

	if (r == 0)
		r = select_triples(context, &triples, &count);
	if (r < 0)
		return r;
	reply_triples(context, triples, count);
	for (size_t i = 0; i < count; i++)
		delete_link(context, &triples[i]);
	if (!(request->given & KEY_BIT(KEY_LINK)))
		clear_marks(context, selected);
	return 0;
}

static int check_rename(struct context *context, const struct link *old)
{
	const struct link_name *name = &context->request->new_link;
	const struct link *over = find_link(context, name->path);

	if (!over || over == old)
		return 0;
	if (!context->request->may_replace || strcmp(over->path, name->path) != 0 ||
		!volumes_find_id(&context->manager->volumes, over->record->id))
		return context_fail(
			context, -EEXIST, "%s is a link of %s", over->path, over->record->id);
	return 0;
}

static int decide_rename(struct context *context)
{
	const struct link_name *name = &context->request->new_link;
	const struct link *old = find_link(context, context->request->link.path);
	_cleanup_free_ char *id = NULL, *path = NULL;
	int r;

	if (!old)
		return context_fail(
			context, -ENOENT, "there is no link %s", context->request->link.path);
	if ((context->request->link.kind == LINK_VOLUME) != (name->kind == LINK_VOLUME))
		return context_fail(context, -EPERM, "a link cannot move to another folder");
	id = xstrdup(old->record->id);
	path = xstrdup(old->path);
	r = check_rename(context, old);
	if (r == 0)
		r = check_letter(context, id, name->path, path);
	if (r == 0 && strcmp(path, name->path) != 0) {
		if (link_name_is_letter(name->path))
			context_set_mark(context, id, false);
		names_rename_points(&context->change->names, path, name->path);
		if (strcasecmp(path, name->path) != 0)
			names_remove_link(&context->change->names, path);
		names_set_link(&context->change->names, name->path, id, context->env->now);
		context_add_entry(context, "rename", name->path, id);
	}
	return r;
}

int manager_decide_request(const struct manager *manager, const struct manager_env *env,
	const struct request *request, struct change *change, struct reply *reply,
	struct strbuf *why)
{
	struct context context = { manager, env, request, change, reply, why };

	switch (request->operation->kind) {
	case OP_CREATE_POINT:
		return decide_create_point(&context);
	case OP_DELETE_POINTS:
	case OP_DELETE_POINTS_DBONLY:
		return decide_delete_points(&context);
	case OP_QUERY_POINTS:
		return decide_query_points(&context);
	case OP_RENAME:
		return decide_rename(&context);
	case OP_CHANGE_NOTIFY:
		return 0; /* concerns the open file alone */
	case OP_NEXT_DRIVE_LETTER:
		return decide_next_drive_letter(&context);
	case OP_AUTO_DL_ASSIGNMENTS:
		return decide_auto_dl_assignments(&context);
	case OP_KEEP_LINKS_WHEN_OFFLINE:
		return decide_keep_links(&context);
	case OP_VOLUME_ARRIVAL_NOTIFICATION:
		return decide_volume_arrival(&context);
	case OP_VOLUME_REMOVAL_NOTIFICATION:
		return decide_volume_removal(&context);
	case OP_QUERY_DOS_VOLUME_PATH:
		return decide_query_paths(&context, true);
	case OP_QUERY_DOS_VOLUME_PATHS:
		return decide_query_paths(&context, false);
	case OP_SCRUB_REGISTRY:
		return decide_scrub(&context);
	case OP_UNIQUE_ID_CHANGED:
		return decide_unique_id_changed(&context);
	case OP_PREPARE_VOLUME_DELETE:
		return decide_leaving(&context, true);
	case OP_CANCEL_VOLUME_DELETE:
		return decide_leaving(&context, false);
	case OP_AUTO_MOUNT:
		return decide_auto_mount(&context);
	case OP_CHECK_UNPROCESSED_VOLUMES:
	case OP_SETTLE:
		return 0;
	case OP_VOLUME_MOUNT_POINT_CREATED:
	case OP_VOLUME_MOUNT_POINT_DELETED: /* reconcile_decide() */
	case OP_BATCH:
	case OP_EPIC_NUMBER:
	case OP_UNPROCESSED:
	case OP_ERROR_LOG:
	case OP_VERSION:
		break;
	}
	return context_fail(&context, -EINVAL, "this operation takes no requests");
}
