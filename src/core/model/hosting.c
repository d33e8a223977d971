/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hosting volumes: which one a directory is on, whether mount points may be registered there, and
 * where registered ones are now. All of it told from texts; no path is looked at here.
 */

#include <errno.h>
#include <string.h>

#include "core/model/filesystem.h"
#include "core/model/hosting.h"

/* File systems that keep owners and permissions, so that what root wrote stays root's. */
static const char *const hosting_types[] = { "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "jfs",
	"bcachefs" };

static bool is_hosting_type(const char *fstype)
{
	for (size_t i = 0; i < ARRAY_SIZE(hosting_types); i++)
		if (strcmp(hosting_types[i], fstype) == 0)
			return true;
	return false;
}

/* Whether the volume that is mounted may be a host, and which it is. */
static int check_mount(const struct manager *manager, const struct mount *mount,
	const struct device **ret_device, struct strbuf *why)
{
	const struct device *device =
		mount->number ? volumes_find_number(&manager->volumes, mount->number) : NULL;

	if (device && !device->id)
		device = filesystem_find_owner(&manager->volumes, device);
	if (!is_hosting_type(mount->fstype)) {
		strbuf_add_format(why,
			"%s is a filesystem of type %s, which cannot host mount points",
			mount->path, mount->fstype);
		return -ENOTSUP;
	}
	if (!device || !device->id) {
		strbuf_add_format(why, "what is mounted at %s is no known volume", mount->path);
		return -ENOTSUP;
	}
	if (device->is_removable && manager->replicate != REPLICATE_ALL) {
		strbuf_add_format(why, "%s is removable", device->node);
		return -ENOTSUP;
	}
	if (!mount->is_whole) {
		strbuf_add_format(
			why, "only a part of %s is mounted at %s", device->node, mount->path);
		return -ENOTSUP;
	}
	if (mount->is_read_only) {
		strbuf_add_format(why, "%s is mounted read-only", mount->path);
		return -EROFS;
	}
	*ret_device = device;
	return 0;
}

/* Makes the source of a request the path that it is now. */
static int place_source(const struct manager *manager, struct request *request, struct strbuf *why)
{
	const struct link *link;
	const struct device *device;
	const struct mount *mount = NULL;
	char *source;

	if (!request->source_link)
		return 0;
	link = manager_find_link(manager, &manager->names, request->source_link);
	if (!link) {
		strbuf_add_format(why, "there is no link %s", request->source_link);
		return -ENOENT;
	}
	device = volumes_find_id(&manager->volumes, link->record->id);
	if (device)
		mount = filesystem_next_mount(&manager->volumes, &manager->mounts, device, NULL);
	if (!mount || !mount->is_whole) {
		strbuf_add_format(why, "the volume of %s is not mounted", link->path);
		return -ENOENT;
	}
	source = xasprintf("%s%s", mount->path[1] ? mount->path : "", request->source);
	free(request->source);
	free(request->source_link);
	request->source = source;
	request->source_link = NULL;
	return 0;
}

int hosting_find(const struct manager *manager, const char *source, struct hosting *ret_hosting,
	struct strbuf *why)
{
	const struct mount *mount = mounts_find_under(&manager->mounts, source);
	const struct device *device;
	const char *path, *fault;
	int r;

	if (!mount) {
		strbuf_add_format(why, "%s is on nothing that is mounted", source);
		return -EINVAL;
	}
	r = check_mount(manager, mount, &device, why);
	if (r < 0)
		return r;
	path = source + (mount->path[1] ? strlen(mount->path) : 0) + 1;
	fault = replica_check_path(path);
	if (fault) {
		strbuf_add_format(why, "%s cannot be a mount point: %s", source, fault);
		return -EINVAL;
	}
	*ret_hosting = (struct hosting){ device->id, mount, path };
	return 0;
}

int hosting_place(const struct manager *manager, struct request *request,
	struct hosting *ret_hosting, struct strbuf *why)
{
	int r = place_source(manager, request, why);

	return r < 0 ? r : hosting_find(manager, request->source, ret_hosting, why);
}

const struct mount *hosting_get_mount(const struct manager *manager, const char *host)
{
	const struct device *device = volumes_find_id(&manager->volumes, host), *checked;
	const struct mount *mount = NULL;

	while (device &&
		(mount = filesystem_next_mount(
			 &manager->volumes, &manager->mounts, device, mount))) {
		_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;

		if (check_mount(manager, mount, &checked, &why) == 0)
			return mount;
	}
	return NULL;
}

const struct mount *hosting_get_whole_mount(const struct manager *manager, const char *host)
{
	const struct device *device = volumes_find_id(&manager->volumes, host);
	const struct mount *mount = device
		? filesystem_next_mount(&manager->volumes, &manager->mounts, device, NULL)
		: NULL;

	return mount && mount->is_whole ? mount : NULL;
}

char *hosting_get_path(const struct manager *manager, const struct mount_point *point)
{
	const struct mount *mount = hosting_get_whole_mount(manager, point->host);

	if (!mount)
		return NULL;
	return xasprintf("%s/%s", mount->path[1] ? mount->path : "", point->path);
}

char *hosting_describe(const struct manager *manager, const struct mount_point *point)
{
	char *path = hosting_get_path(manager, point);

	return path ? path : xasprintf("%s:/%s", point->host, point->path);
}

void paths_fini(struct paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->list[i]);
	free(paths->list);
	*paths = (struct paths){ 0 };
}

/* Takes over the path, unless it is there already. */
static void paths_add(struct paths *paths, char *path)
{
	for (size_t i = 0; i < paths->count; i++) {
		if (strcmp(paths->list[i], path) == 0) {
			free(path);
			return;
		}
	}
	paths->list = xgrow(paths->list, paths->count, sizeof(*paths->list));
	paths->list[paths->count++] = path;
}

void hosting_get_mount_points(const struct manager *manager, const struct names *view,
	const char *id, bool also_hidden, struct paths *ret_paths)
{
	_cleanup_free_ const struct mount_point **points = NULL;
	size_t count = mount_points_get(view, &points);

	*ret_paths = (struct paths){ 0 };
	for (size_t i = 0; i < count; i++) {
		const struct link *link = names_find_link(view, points[i]->volume);
		char *path;

		if (!link || strcmp(link->record->id, id) != 0)
			continue;
		path = also_hidden ? hosting_describe(manager, points[i])
				   : hosting_get_path(manager, points[i]);
		if (path)
			paths_add(ret_paths, path);
	}
	if (ret_paths->count)
		qsort(ret_paths->list, ret_paths->count, sizeof(*ret_paths->list), text_compare_at);
}

void hosting_get_paths(const struct manager *manager, const struct names *view, const char *id,
	struct paths *ret_paths)
{
	const struct device *device = manager_find_device(manager, view, id);
	const struct mount *mount = NULL;

	hosting_get_mount_points(manager, view, id, false, ret_paths);
	while (device &&
		(mount = filesystem_next_mount(&manager->volumes, &manager->mounts, device, mount)))
		paths_add(ret_paths, xstrdup(mount->path));
}
