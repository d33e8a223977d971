/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A world for the machines of hosting volumes: disks, a clock and a database that do what they are
 * told.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/model/mount_points.h"
#include "stage.h"

static const char *const devices[STAGE_HOSTS] = { "sda1", "sdb1", "sdc1" };

static int get_host(const char *mount_path)
{
	ck_assert(mount_path[0] == '/' && mount_path[1] == 'h');
	return mount_path[2] - '0';
}

static void begin_visit(void *data, struct host_visit *visit)
{
	struct stage *stage = data;
	struct stage_host *host = &stage->host[get_host(visit->mount_path)];

	ck_assert_msg(!host->visit, "two visits at once");
	host->visit = visit;
	host->visited_at = stage->now;
	if (visit->mount_id == host->mount_id)
		host->has_read |= !visit->is_write;
}

static void reply(void *data, struct host_request *waiting, int error, const char *why)
{
	struct stage *stage = data;
	struct stage_request *request = container_of(waiting, struct stage_request, request);

	ck_assert_msg(!request->is_over, "two replies");
	ck_assert(!error || (why && *why));
	request->is_over = true;
	request->error = -error;
	free(stage->why);
	stage->why = xstrdup(why ? why : "");
	request_fini(&request->parsed);
	if (stage->on_reply)
		stage->on_reply(stage, request);
}

static void report(void *data, const char *what, int error, const char *why)
{
	struct stage *stage = data;

	stage->reports++;
	free(stage->reported);
	stage->reported = xstrdup(why);
}

static struct manager_env prepare(void *data, struct host_request *request)
{
	struct stage *stage = data;

	return stage->world.env;
}

static void set_timer(void *data, uint64_t at)
{
	struct stage *stage = data;

	stage->timer = at;
}

void stage_init(struct stage *stage)
{
	*stage = (struct stage){ .now = 1000000 };
	world_init(&stage->world);
	stage->effects = (struct host_world){
		.visit = begin_visit,
		.reply = reply,
		.report = report,
		.prepare = prepare,
		.set_timer = set_timer,
		.data = stage,
	};
	for (int i = 0; i < STAGE_HOSTS; i++) {
		_cleanup_free_ char *words = xasprintf("part=1 uuid=h%d", i);

		world_plug(&stage->world, devices[i], words);
	}
	for (int i = 0; i < STAGE_TARGETS; i++) {
		_cleanup_free_ char *name = xasprintf("sdt%d", i);
		_cleanup_free_ char *words = xasprintf("part=%d uuid=t%d", i, i);
		_cleanup_free_ char *id = xasprintf("UUID=t%d", i);

		world_plug(&stage->world, name, words);
		strcpy(stage->target[i], world_get_volume_name(&stage->world, id));
	}
	world_mount(&stage->world, "");
	stage->hosts = hosts_new(&stage->world.manager, &stage->effects);
}

void stage_fini(struct stage *stage)
{
	hosts_close(stage->hosts, -ENODEV, "the end");
	hosts_free(stage->hosts);
	for (int i = 0; i < STAGE_HOSTS; i++) {
		host_visit_free(stage->host[i].visit);
		free(stage->host[i].file);
	}
	free(stage->reported);
	free(stage->why);
	world_fini(&stage->world);
}

void stage_mount(struct stage *stage, int host)
{
	_cleanup_free_ char *path = xasprintf("/h%d", host);
	const struct device *device =
		volumes_find_name(&stage->world.manager.volumes, devices[host]);

	world_change_mount(&stage->world, devices[host], path);
	stage->host[host].mount_id =
		mounts_next(&stage->world.manager.mounts, device->number, NULL)->id;
	stage->host[host].has_read = false;
	stage->host[host].mounted_at = stage->now;
	hosts_update(stage->hosts, HOST_REST, stage->now);
}

void stage_unmount(struct stage *stage, int host)
{
	world_change_mount(&stage->world, devices[host], NULL);
	stage->host[host].mount_id = 0;
	hosts_update(stage->hosts, HOST_REST, stage->now);
}

void stage_mount_anew(struct stage *stage, int host)
{
	struct stage_host before = stage->host[host];

	world_change_mount(&stage->world, devices[host], NULL);
	stage_mount(stage, host);
	if (stage->host[host].mount_id == before.mount_id)
		stage->host[host].has_read = before.has_read; /* nobody can tell */
}

void stage_ask(struct stage *stage, struct stage_request *request, int host, int dir, int target)
{
	const char *name = target < 0 ? "volume_mount_point_deleted" : "volume_mount_point_created";
	_cleanup_free_ char *line = xasprintf(target < 0 ? "source=/h%d/d%d"
							 : "source=/h%d/d%d "
							   "target=UUID=t%d",
		host, dir, target);
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;

	*request = (struct stage_request){ .host = host, .dir = dir, .target = target };
	ck_assert_int_eq(request_parse(operation_find_name(name), line, strlen(line),
				 &request->parsed, &why),
		0);
	request->request.request = &request->parsed;
	hosts_submit(stage->hosts, &request->request, stage->now);
}

static void perform(struct stage_host *host, struct host_visit *visit)
{
	if (visit->is_write) {
		free(host->file);
		host->file = visit->has_file ? xstrdup(strbuf_text(&visit->text)) : NULL;
		return;
	}
	if (!visit->uses_file || !host->file)
		return;
	visit->has_file = true;
	strbuf_add_text(&visit->text, host->file);
	ck_assert_int_eq(
		replica_parse(host->file, strlen(host->file), &visit->file, &visit->why), 0);
}

void stage_answer(struct stage *stage, int i, int error)
{
	struct stage_host *host = &stage->host[i];
	struct host_visit *visit = steal_ptr(host->visit);

	if (!error && visit->mount_id != host->mount_id)
		error = ESTALE;
	host->is_uncertain |= error && visit->is_write;
	visit->error = -error;
	if (error)
		strbuf_add_format(&visit->why, "the disk: %s", strerror(error));
	else
		perform(host, visit);
	hosts_take(stage->hosts, visit, stage->now);
}

void stage_begin(struct stage *stage)
{
	if (!stage->is_committing)
		stage->is_committing = hosts_begin(stage->hosts, &stage->world.change, stage->now);
}

void stage_commit(struct stage *stage, int error)
{
	struct world *world = &stage->world;

	stage->is_committing = false;
	if (error) {
		change_fini(&world->change);
		change_init(&world->change, &world->manager);
		hosts_end(stage->hosts, -error, strerror(error), stage->now);
		return;
	}
	world_commit(world);
	if (hosts_handle_change(stage->hosts, &world->touched, stage->now))
		hosts_update(stage->hosts, HOST_REST, stage->now);
	hosts_end(stage->hosts, 0, NULL, stage->now);
}

void stage_wait(struct stage *stage, uint64_t time)
{
	uint64_t end = stage->now + time;

	for (int rounds = 0; stage->timer && stage->timer <= end; rounds++) {
		ck_assert_msg(rounds < 1000, "it never has enough");
		if (stage->timer > stage->now)
			stage->now = stage->timer;
		stage->timer = 0;
		hosts_handle_time(stage->hosts, stage->now);
	}
	stage->now = end;
}

void stage_run(struct stage *stage)
{
	for (int rounds = 0; rounds < 10000; rounds++) {
		bool has_visit = false;

		for (int i = 0; i < STAGE_HOSTS; i++) {
			if (!stage->host[i].visit)
				continue;
			has_visit = true;
			stage_answer(stage, i, 0);
		}
		stage_begin(stage);
		if (stage->is_committing) {
			stage_commit(stage, 0);
			continue;
		}
		if (!has_visit && !stage->timer && !hosts_has_ready(stage->hosts))
			return;
		if (!has_visit && stage->timer)
			stage_wait(
				stage, stage->timer > stage->now ? stage->timer - stage->now : 0);
	}
	ck_abort_msg("it does not come to rest");
}

static int find_target(const struct stage *stage, const char *volume)
{
	for (int i = 0; i < STAGE_TARGETS; i++)
		if (strcmp(stage->target[i], volume) == 0)
			return i;
	ck_abort_msg("nobody has the volume name %s", volume);
}

int stage_find_point(struct stage *stage, int host, int dir)
{
	_cleanup_free_ char *id = xasprintf("UUID=h%d", host), *path = xasprintf("d%d", dir);
	const struct mount_point *point = mount_points_find(&stage->world.manager.names, id, path);

	return point ? find_target(stage, point->volume) : -1;
}

static void read_file(const struct stage *stage, int host, struct replica *ret_file)
{
	const char *text = stage->host[host].file;
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;

	*ret_file = (struct replica){ 0 };
	if (text)
		ck_assert_int_eq(replica_parse(text, strlen(text), ret_file, &why), 0);
}

int stage_find_entry(struct stage *stage, int host, int dir)
{
	_cleanup_free_ char *path = xasprintf("d%d", dir);
	_cleanup_replica_ struct replica file;
	const struct replica_entry *entry;

	read_file(stage, host, &file);
	entry = replica_find(&file, path);
	return entry ? find_target(stage, entry->volume) : -1;
}

void stage_edit(struct stage *stage, int host, int dir, int target)
{
	stage_edit_odd(stage, host, dir, target, target);
}

void stage_edit_odd(struct stage *stage, int host, int dir, int target, int other)
{
	_cleanup_free_ char *path = xasprintf("d%d", dir), *id = xasprintf("UUID=t%d", other);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, why = STRBUF_INIT;
	_cleanup_replica_ struct replica file;

	read_file(stage, host, &file);
	if (target < 0)
		replica_remove(&file, path);
	else
		replica_set(&file, path, stage->target[target], id);
	ck_assert_int_eq(replica_format(&file, &text, &why), 0);
	free(stage->host[host].file);
	stage->host[host].file = strbuf_take(&text);
}
