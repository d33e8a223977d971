/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Visits to hosting volumes, as the thread makes them that may have to wait for a sick disk. It has
 * the visit alone; it starts from the path of the mount and makes sure that it is still that mount.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/host_errand.h"
#include "io/replica/replica_file.h"

/* The file as it is; a damaged one is set aside, and then there is none. */
static int read_file(struct host_visit *visit, int root)
{
	_cleanup_strbuf_ struct strbuf fault = STRBUF_INIT;
	_cleanup_free_ char *name = NULL;
	int r = replica_file_read(root, &visit->text, &fault);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = replica_parse(strbuf_text(&visit->text), visit->text.len, &visit->file, &fault);
	visit->has_file = r == 0;
	if (r == 0)
		return 0;
	strbuf_reset(&visit->text);
	if (r != -EBADMSG) {
		strbuf_add_format(&visit->why, "%s: %s", visit->mount_path, strbuf_text(&fault));
		return r;
	}
	r = replica_file_set_aside(root, &name, &visit->why);
	if (r == 0)
		visit->damaged = xasprintf("the file about mount points on %s is damaged: %s; "
					   "it is called %s now",
			visit->mount_path, strbuf_text(&fault), name);
	return r;
}

static void look(struct replica *places, int root)
{
	for (size_t i = 0; i < places->count; i++)
		places->list[i].error = replica_file_look(root, places->list[i].path);
}

/* After a failure that may have come too late: the old file again, if it is not the old one. */
static void put_back(const struct host_visit *visit, int root)
{
	_cleanup_strbuf_ struct strbuf now = STRBUF_INIT, why = STRBUF_INIT;
	int r = replica_file_read(root, &now, &why);
	bool is_same = visit->had_file
		? r == 0 && strcmp(strbuf_text(&now), strbuf_text(&visit->before)) == 0
		: r == -ENOENT;

	if (!is_same)
		replica_file_write(root, visit->had_file ? &visit->before : NULL, &why);
}

static int write_file(struct host_visit *visit, int root)
{
	int r = replica_file_write(root, visit->has_file ? &visit->text : NULL, &visit->why);

	if (r < 0)
		put_back(visit, root);
	return r;
}

void host_errand_run(struct host_visit *visit)
{
	struct replica_mount mount = {
		.path = visit->mount_path,
		.id = visit->mount_id,
		.number = visit->number,
	};
	int root = -1;
	int r;

	/* Most volumes host nothing: to hold these open would keep umount(8) from them. */
	if (!visit->is_write && !visit->places.count && !replica_file_may_exist(&mount))
		return;
	r = replica_file_open_root(&mount, &root, &visit->why);
	if (r == 0 && visit->is_write)
		r = write_file(visit, root);
	else if (r == 0 && visit->uses_file)
		r = read_file(visit, root);
	if (r == 0 && !visit->is_write) {
		look(&visit->file, root);
		look(&visit->places, root);
	}
	if (root >= 0)
		close(root);
	visit->error = r;
}
