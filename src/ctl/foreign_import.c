/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `mmctl import --from=` for what is text: reading the files, finding the devices that they mean,
 * and the names as a database. A device need not be here, if the file tells its identity.
 */

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/evidence.h"
#include "ctl/foreign_import.h"
#include "ctl/fstab_names.h"
#include "ctl/multipath_names.h"
#include "ctl/vdev_id_names.h"

#define FILE_MAX (32u * 1024 * 1024) /* bytes: bindings of 100,000 maps have a quarter */

static int read_text(const char *path, struct strbuf *ret_text)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	char buffer[65536];
	ssize_t n;

	if (fd < 0)
		return ctl_fail("cannot import %s: %m", path);
	while ((n = read(fd, buffer, sizeof(buffer))) > 0 && ret_text->len <= FILE_MAX)
		strbuf_add(ret_text, buffer, (size_t)n);
	if (fd != STDIN_FILENO)
		close(fd);
	if (n < 0)
		return ctl_fail("cannot import %s: %m", path);
	if (ret_text->len > FILE_MAX)
		return ctl_fail("cannot import %s: it is larger than any such file", path);
	if (strlen(strbuf_text(ret_text)) != ret_text->len)
		return ctl_fail("cannot import %s: that is no text", path);
	return CTL_OK;
}

static bool get_number(const char *path, dev_t *ret_number)
{
	struct stat status;

	if (strncmp(path, "/dev/", 5) != 0 || stat(path, &status) < 0 || !S_ISBLK(status.st_mode))
		return false;
	*ret_number = status.st_rdev;
	return true;
}

/* The unique ID that a folder of ids/ is of, if its volume is on that device. */
static char *get_id(const struct ctl *ctl, const char *folder, dev_t number)
{
	_cleanup_free_ char *node = tree_read_link(ctl, "ids/%s/device", folder);
	dev_t other;

	if (!node || !get_number(node, &other) || other != number)
		return NULL;
	return text_unescape(folder);
}

static char *find_volume(const void *data, const char *path)
{
	const struct ctl *ctl = data;
	_cleanup_(texts_free_p) char **folders = NULL;
	char *found = NULL;
	dev_t number;

	if (!get_number(path, &number))
		return NULL;
	folders = tree_list_names(ctl, "ids");
	for (size_t i = 0; folders[i]; i++) {
		char *id = get_id(ctl, folders[i], number);

		/* Of several identities that of the content counts. */
		if (found && id && strncmp(id, "UUID=", 5) != 0) {
			free(id);
		} else if (id) {
			free(found);
			found = id;
		}
	}
	return found;
}

static char *find_hardware(const void *data, const char *path)
{
	static const enum id_scheme order[] = { ID_DM_UUID, ID_MD_UUID, ID_WWN, ID_SERIAL };
	struct evidence evidence;
	char id[UNIQUE_ID_MAX + 1];
	char *found = NULL;

	if (evidence_gather(path, &evidence) < 0)
		return NULL;
	for (size_t i = 0; !found && i < ARRAY_SIZE(order); i++)
		if (evidence_format(&evidence, order[i], id))
			found = xstrdup(id);
	evidence_fini(&evidence);
	return found;
}

static char *find_label(const void *data, const char *tag)
{
	const struct ctl *ctl = data;
	_cleanup_(texts_free_p) char **folders = NULL;
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
	char *found = NULL;

	if (strncmp(tag, "PARTLABEL=", 10) == 0) {
		strbuf_add_text(&path, "/dev/disk/by-partlabel/");
		strbuf_add_file_name(&path, tag + 10);
		return find_volume(data, path.data);
	}
	if (strncmp(tag, "LABEL=", 6) != 0)
		return NULL;
	folders = tree_list_names(ctl, "ids");
	for (size_t i = 0; folders[i]; i++) {
		_cleanup_free_ char *text = tree_read_line(ctl, "ids/%s/label", folders[i]);
		_cleanup_free_ char *label = text_unescape(text), *before = NULL;

		if (strcmp(label, tag + 6) != 0)
			continue;
		before = steal_ptr(found);
		if (before)
			return NULL;
		found = text_unescape(folders[i]);
	}
	return found;
}

static void add_link(
	struct json_object *volumes, struct json_object *index, const struct foreign_name *name)
{
	struct json_object *volume, *links;

	if (!json_object_object_get_ex(index, name->id, &volume)) {
		volume = json_object_new_object();
		json_object_object_add(volume, "id", json_object_new_string(name->id));
		json_object_object_add(volume, "links", json_object_new_array());
		json_object_array_add(volumes, volume);
		json_object_object_add(index, name->id, json_object_get(volume));
	}
	links = json_object_object_get(volume, "links");
	json_object_array_add(links, json_object_new_string(name->link));
}

/* Names that are taken become a database, others are told of. */
static struct json_object *make_database(struct foreign_names *names)
{
	struct json_object *database = database_new();
	_cleanup_json_ struct json_object *index = json_object_new_object();

	foreign_names_finish(names);
	for (size_t i = 0; i < names->count; i++) {
		const struct foreign_name *name = &names->list[i];

		if (name->link)
			add_link(database_get_array(database, "volumes"), index, name);
		else
			ctl_fail("%s:%zu: cannot take '%s': %s", name->path, name->line, name->text,
				name->reason);
	}
	return database;
}

typedef void foreign_add_fn(
	struct foreign_names *names, const char *text, const struct foreign_devices *devices);

static void add_multipath(
	struct foreign_names *names, const char *text, const struct foreign_devices *devices)
{
	multipath_names_add(names, text);
}

static int add_file(struct foreign_names *names, const char *path, foreign_add_fn *add_names,
	const struct foreign_devices *devices)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	int r = read_text(path, &text);

	names->path = path;
	if (r == CTL_OK)
		add_names(names, strbuf_text(&text), devices);
	return r;
}

/* `paths`, for when no `path` is given: patterns of which some may have no files. */
static int import_files(const struct ctl *ctl, const char *path, const char *const *paths,
	foreign_add_fn *add_names, struct json_object **ret_database)
{
	const struct foreign_devices devices = { ctl, find_volume, find_hardware, find_label };
	_cleanup_(foreign_names_fini) struct foreign_names names = { 0 };
	_cleanup_(globfree) glob_t files = { 0 };
	int r = path ? add_file(&names, path, add_names, &devices) : CTL_OK;

	for (size_t i = 0; !path && paths[i]; i++)
		glob(paths[i], i ? GLOB_APPEND : 0, NULL, &files);
	if (!path && !files.gl_pathc)
		return ctl_fail("cannot import: there is no %s", paths[0]);
	for (size_t i = 0; r == CTL_OK && i < files.gl_pathc; i++)
		r = add_file(&names, files.gl_pathv[i], add_names, &devices);
	if (r == CTL_OK)
		*ret_database = make_database(&names);
	return r;
}

int multipath_import(const struct ctl *ctl, const char *path, struct json_object **ret_database)
{
	static const char *const paths[] = { "/etc/multipath.conf", "/etc/multipath/conf.d/*.conf",
		"/etc/multipath/bindings", NULL };

	return import_files(ctl, path, paths, add_multipath, ret_database);
}

int vdev_id_import(const struct ctl *ctl, const char *path, struct json_object **ret_database)
{
	static const char *const paths[] = { "/etc/zfs/vdev_id.conf", NULL };

	return import_files(ctl, path, paths, vdev_id_names_add, ret_database);
}

int fstab_import(const struct ctl *ctl, const char *path, struct json_object **ret_database)
{
	static const char *const paths[] = { "/etc/fstab", NULL };

	return import_files(ctl, path, paths, fstab_names_add, ret_database);
}
