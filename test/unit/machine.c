/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine and a disk that goes from one to another: what the daemon does on a hosting volume,
 * without threads.
 */

#include <errno.h>
#include <string.h>

#include "core/model/hosting.h"
#include "core/model/mount_points.h"
#include "core/rules/reconcile.h"
#include "machine.h"

static int look(const struct disk *disk, const char *path)
{
	size_t len = strlen(path);

	for (const char *at = disk->folders; at; at = strchr(at, ' ')) {
		at += *at == ' ';
		if (strncmp(at, path, len) == 0 && (at[len] == ' ' || !at[len]))
			return 0;
	}
	return -ENOENT;
}

static void look_all(const struct disk *disk, struct replica *replica)
{
	for (size_t i = 0; i < replica->count; i++)
		replica->list[i].error = look(disk, replica->list[i].path);
}

void machine_init(struct machine *machine)
{
	world_init(&machine->world);
	machine->world.env.uid = 0;
}

void machine_fini(struct machine *machine, struct disk *disk)
{
	world_fini(&machine->world);
	strbuf_fini(&disk->text);
}

static void add_places(const struct machine *machine, struct replica *places)
{
	_cleanup_free_ const struct mount_point **points = NULL;
	size_t count = mount_points_get(&machine->world.manager.names, &points);

	for (size_t i = 0; i < count; i++)
		replica_set(places, points[i]->path, NULL, NULL);
}

static void read_disk(const struct disk *disk, struct replica *ret_file)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;

	*ret_file = (struct replica){ 0 };
	if (disk->text.len)
		ck_assert_msg(replica_parse(disk->text.data, disk->text.len, ret_file, &why) == 0,
			"%s", strbuf_text(&why));
	look_all(disk, ret_file);
}

/* Reconciles, with a request or without (NULL), as the daemon does. 0, or the errno. */
static int work(
	struct machine *machine, struct disk *disk, const struct request *request, const char *path)
{
	struct world *world = &machine->world;
	_cleanup_replica_ struct replica file = { 0 }, places = { 0 };
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct reconciled reconciled;
	struct reconcile in = {
		.host = "UUID=1",
		.file = disk->text.len ? &file : NULL,
		.places = &places,
		.is_written = true,
		.request = request,
		.path = path,
		.why = &world->why,
	};
	int r;

	read_disk(disk, &file);
	add_places(machine, &places);
	if (path)
		replica_set(&places, path, NULL, NULL);
	look_all(disk, &places);
	strbuf_reset(&world->why);
	r = reconcile_decide(&world->manager, &world->env, &in, &world->change, &reconciled);
	if (r < 0) {
		expect_listed_error(request->operation, -r);
		ck_assert_uint_gt(world->why.len, 0);
		change_fini(&world->change);
		change_init(&world->change, &world->manager);
		return -r;
	}
	ck_assert_int_eq(replica_format(&reconciled.file, &text, &world->why), 0);
	if (disk->text.len ? strcmp(text.data, disk->text.data) != 0 : reconciled.file.count > 0) {
		disk->writes++;
		strbuf_reset(&disk->text);
		strbuf_add(&disk->text, text.data, text.len);
	}
	replica_fini(&reconciled.file);
	world_commit(world);
	return 0;
}

void machine_reconcile(struct machine *machine, struct disk *disk)
{
	ck_assert_int_eq(work(machine, disk, NULL, NULL), 0);
}

static int ask(struct machine *machine, struct disk *disk, const char *operation, const char *line)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct hosting where;
	struct request request;
	int r;

	ck_assert_msg(request_parse(operation_find_name(operation), line, strlen(line), &request,
			      &why) == 0,
		"%s: %s", line, strbuf_text(&why));
	r = -hosting_place(&machine->world.manager, &request, &where, &why);
	if (r == 0)
		r = work(machine, disk, &request, where.path);
	request_fini(&request);
	return r;
}

int machine_create(struct machine *machine, struct disk *disk, const char *line)
{
	return ask(machine, disk, "volume_mount_point_created", line);
}

int machine_delete(struct machine *machine, struct disk *disk, const char *line)
{
	return ask(machine, disk, "volume_mount_point_deleted", line);
}

void machine_init_with_two(struct machine *machine, struct disk *disk)
{
	machine_init(machine);
	world_play(&machine->world, "plug sda uuid=1", "plug sdb uuid=2", "mount sda /h",
		"ok create_point " V1 " id=UUID=2");
	ck_assert_int_eq(machine_create(machine, disk, "/h/a " V1), 0);
	ck_assert_int_eq(machine_create(machine, disk, "/h/b " V1), 0);
}

void disk_put_file(struct disk *disk, const char *words)
{
	_cleanup_free_ char *copy = xstrdup(words);
	_cleanup_replica_ struct replica replica = { 0 };
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	char *rest = NULL;

	for (char *path = strtok_r(copy, " ", &rest); path; path = strtok_r(NULL, " ", &rest)) {
		char *volume = strtok_r(NULL, " ", &rest);

		replica_set(&replica, path, volume, strtok_r(NULL, " ", &rest));
	}
	ck_assert_int_eq(replica_format(&replica, &disk->text, &why), 0);
}

void disk_expect_file(const struct disk *disk, const char *words)
{
	_cleanup_strbuf_ struct strbuf seen = STRBUF_INIT;
	_cleanup_replica_ struct replica file = { 0 };

	read_disk(disk, &file);
	for (size_t i = 0; i < file.count; i++)
		strbuf_add_format(&seen, "%s%s %s %s", i ? " " : "", file.list[i].path,
			file.list[i].volume, file.list[i].id);
	ck_assert_str_eq(strbuf_text(&seen), words);
}

void machine_expect_points(const struct machine *machine, const char *words)
{
	_cleanup_free_ const struct mount_point **points = NULL;
	size_t count = mount_points_get(&machine->world.manager.names, &points);
	_cleanup_strbuf_ struct strbuf seen = STRBUF_INIT;

	for (size_t i = 0; i < count; i++)
		strbuf_add_format(&seen, "%s%s %s%s", i ? " " : "", points[i]->path,
			points[i]->volume, points[i]->is_replicated ? "+" : "");
	ck_assert_str_eq(strbuf_text(&seen), words);
}

const char *machine_get_owner(const struct machine *machine, const char *volume)
{
	const struct link *link = names_find_link(&machine->world.manager.names, volume);

	return link ? link->record->id : "nobody";
}
