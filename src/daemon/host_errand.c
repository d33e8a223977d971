/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errands to hosting volumes. The thread has the errand alone; it starts from the path of the mount
 * and makes sure that it is still that mount.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/host_errand.h"
#include "io/replica/replica_file.h"

/* The file as it is; a damaged one is set aside, and then there is none. */
static int read_file(struct host_errand *errand, int root)
{
	_cleanup_strbuf_ struct strbuf fault = STRBUF_INIT;
	_cleanup_free_ char *name = NULL;
	int r = replica_file_read(root, &errand->text, &fault);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = replica_parse(
			strbuf_text(&errand->text), errand->text.len, &errand->file, &fault);
	errand->has_file = r == 0;
	if (r == 0)
		return 0;
	strbuf_reset(&errand->text);
	if (r != -EBADMSG) {
		strbuf_add_format(&errand->why, "%s: %s", errand->mount_path, strbuf_text(&fault));
		return r;
	}
	r = replica_file_set_aside(root, &name, &errand->why);
	if (r == 0)
		errand->damaged = xasprintf("the file about mount points on %s is damaged: %s; "
					    "it is called %s now",
			errand->mount_path, strbuf_text(&fault), name);
	return r;
}

static void look(struct replica *places, int root)
{
	for (size_t i = 0; i < places->count; i++)
		places->list[i].error = replica_file_look(root, places->list[i].path);
}

/* After a failure that may have come too late: the old file again, if it is not the old one. */
static void put_back(const struct host_errand *errand, int root)
{
	_cleanup_strbuf_ struct strbuf now = STRBUF_INIT, why = STRBUF_INIT;
	int r = replica_file_read(root, &now, &why);
	bool is_same = errand->had_file
		? r == 0 && strcmp(strbuf_text(&now), strbuf_text(&errand->before)) == 0
		: r == -ENOENT;

	if (!is_same)
		replica_file_write(root, errand->had_file ? &errand->before : NULL, &why);
}

static int write_file(struct host_errand *errand, int root)
{
	int r = replica_file_write(root, errand->has_file ? &errand->text : NULL, &errand->why);

	if (r < 0)
		put_back(errand, root);
	return r;
}

static void run(struct errand *work)
{
	struct host_errand *errand = container_of(work, struct host_errand, errand);
	struct replica_mount mount = {
		.path = errand->mount_path,
		.id = errand->mount_id,
		.number = errand->number,
	};
	int root = -1;
	int r;

	/* Most volumes host nothing: to hold these open would keep umount(8) from them. */
	if (!errand->is_write && !errand->places.count && !replica_file_may_exist(&mount))
		return;
	r = replica_file_open_root(&mount, &root, &errand->why);
	if (r == 0 && errand->is_write)
		r = write_file(errand, root);
	else if (r == 0 && errand->uses_file)
		r = read_file(errand, root);
	if (r == 0 && !errand->is_write) {
		look(&errand->file, root);
		look(&errand->places, root);
	}
	if (root >= 0)
		close(root);
	errand->error = r;
}

struct host_errand *host_errand_new(const struct mount *mount)
{
	struct host_errand *errand = xcalloc(1, sizeof(*errand));

	errand->errand.run = run;
	errand->mount_path = xstrdup(mount->path);
	errand->mount_id = mount->id;
	/* Where the superblock has another number than the device, so has each subvolume. */
	errand->number = mount->super == mount->number ? mount->number : 0;
	return errand;
}

struct host_errand *host_errand_new_like(const struct host_errand *other)
{
	struct host_errand *errand = xcalloc(1, sizeof(*errand));

	errand->errand.run = run;
	errand->mount_path = xstrdup(other->mount_path);
	errand->mount_id = other->mount_id;
	errand->number = other->number;
	return errand;
}

void host_errand_free(struct host_errand *errand)
{
	if (!errand)
		return;
	free(errand->mount_path);
	free(errand->damaged);
	replica_fini(&errand->places);
	replica_fini(&errand->file);
	strbuf_fini(&errand->text);
	strbuf_fini(&errand->before);
	strbuf_fini(&errand->why);
	free(errand);
}
