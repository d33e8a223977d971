/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the core share: devices from a line of words, and a small world in which
 * changes are decided, written to rows and applied one after the other.
 */

#include <errno.h>
#include <string.h>

#include "core/model/dropped.h"
#include "core/rules/apply.h"
#include "core/rules/engine.h"
#include "core/rules/forgetting.h"
#include "core/views/render.h"
#include "core/views/told.h"
#include "core/views/tree_update.h"
#include "fixture.h"

void fixture_add(Suite *suite, const char *name, const TTest *test)
{
	TCase *tcase = suite_add_case(suite, name);

	tcase_add_test(tcase, test);
}

struct member {
	const char *key;
	size_t offset;
};

static const struct member texts[] = {
	{ "uuid", offsetof(struct device, identity[ID_UUID]) },
	{ "partuuid", offsetof(struct device, identity[ID_PARTUUID]) },
	{ "dm", offsetof(struct device, identity[ID_DM_UUID]) },
	{ "md", offsetof(struct device, identity[ID_MD_UUID]) },
	{ "wwn", offsetof(struct device, identity[ID_WWN]) },
	{ "serial", offsetof(struct device, identity[ID_SERIAL]) },
	{ "path", offsetof(struct device, identity[ID_PATH]) },
	{ "fstype", offsetof(struct device, fstype) },
	{ "usage", offsetof(struct device, usage) },
	{ "table", offsetof(struct device, table) },
	{ "type", offsetof(struct device, partition_type) },
	{ "sub", offsetof(struct device, uuid_sub) },
	{ "fault", offsetof(struct device, fault) },
	{ "doubt", offsetof(struct device, doubt) },
	{ "label", offsetof(struct device, label) },
	{ "pname", offsetof(struct device, partition_name) },
	{ "node", offsetof(struct device, node) },
	{ "slaves", offsetof(struct device, slaves) },
};

static void device_set(struct device *device, const char *key, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char **text = (char **)(void *)((char *)device + texts[i].offset);

		if (strcmp(texts[i].key, key) == 0) {
			free(*text);
			*text = xstrdup(value);
			return;
		}
	}
	if (strcmp(key, "size") == 0)
		device->size = strtoull(value, NULL, 10);
	else if (strcmp(key, "at") == 0)
		ck_assert(attachment_parse(value, &device->attachment));
	else if (strcmp(key, "part") == 0)
		device->partition = (unsigned int)strtoul(value, NULL, 10);
	else if (strcmp(key, "flags") == 0)
		device->partition_flags = strtoull(value, NULL, 16);
	else if (strcmp(key, "start") == 0)
		device->start = strtoul(value, NULL, 10);
	else if (strcmp(key, "members") == 0)
		device->members = (unsigned int)strtoul(value, NULL, 10);
	else if (strcmp(key, "seq") == 0)
		device->diskseq = strtoull(value, NULL, 10);
	else
		ck_abort_msg("no such key: %s", key);
}

static void device_set_flag(struct device *device, const char *flag)
{
	if (strcmp(flag, "fabric") == 0)
		device->is_fabric = true;
	else if (strcmp(flag, "virtual") == 0)
		device->is_virtual = true;
	else if (strcmp(flag, "held") == 0)
		device->is_held = true;
	else if (strcmp(flag, "component") == 0)
		device->is_component = true;
	else if (strcmp(flag, "removable") == 0)
		device->is_removable = true;
	else if (strcmp(flag, "by_kernel") == 0)
		device->is_by_kernel = true;
	else if (strcmp(flag, "serial_void") == 0)
		device->is_serial_void = true;
	else if (strcmp(flag, "partitioned") == 0)
		device->has_partitions = true;
	else if (strcmp(flag, "blank") == 0)
		free(steal_ptr(device->fstype));
	else
		ck_abort_msg("no such flag: %s", flag);
}

struct device *fixture_device(const char *name, const char *words)
{
	_cleanup_free_ char *copy = xstrdup(words);
	struct device *device = device_new(name);
	char *rest = NULL;

	device->node = xasprintf("/dev/%s", name);
	device->number = map_hash_text(name);
	device->size = 1000;
	device->fstype = xstrdup("ext4");
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		char *value = strchr(word, '=');

		if (value) {
			*value++ = '\0';
			device_set(device, word, value);
		} else {
			device_set_flag(device, word);
		}
	}
	for (char *c = device->slaves; c && *c; c++)
		if (*c == ',')
			*c = ' ';
	return device;
}

static void get_counted(void *to, size_t len)
{
	static uint64_t counter;

	memset(to, 0, len);
	counter++;
	memcpy(to, &counter, len < sizeof(counter) ? len : sizeof(counter));
}

void world_init(struct world *world)
{
	*world = (struct world){
		.env = { .now = 1000,
			.get_random = get_counted,
			.uid = 1,
			.pid = 2,
			.command = "test" },
	};
	manager_init(&world->manager, &id_order_default);
	change_init(&world->change, &world->manager);
	tree_init(&world->tree, world->env.now);
	world->links_told = LINKS_TOLD;
}

void world_fini(struct world *world)
{
	change_fini(&world->change);
	touched_fini(&world->touched);
	manager_fini(&world->manager);
	kernel_fini(&world->kernel);
	tree_fini(&world->tree);
	events_fini(&world->events);
	follower_fini(&world->survivor);
	follower_fini(&world->follower);
	rows_fini(&world->rows);
	strbuf_fini(&world->reply);
	strbuf_fini(&world->why);
	strbuf_fini(&world->shown);
	sheets_fini(&world->points);
}

void world_put(struct world *world, const char *name, const char *words)
{
	volumes_change_put(&world->change.volumes, fixture_device(name, words));
}

void world_remove(struct world *world, const char *name)
{
	volumes_change_remove(&world->change.volumes, name);
}

static bool is_starting;

/* The text of points made from the one before is the one made anew. */
static void check_lines(struct world *world, const struct stale_lines *lines)
{
	_cleanup_strbuf_ struct strbuf anew = STRBUF_INIT, text = STRBUF_INIT;
	struct sheets after = { .max = 600 }; /* a few lines on a sheet */

	render_points(&world->manager, &anew);
	if (lines->is_all)
		points_text_make(&world->manager, &after);
	else
		points_text_renew(&world->manager, lines, &world->points, &after);
	strbuf_resize(&text, after.len);
	sheets_copy(&after, 0, after.len, text.data);
	ck_assert_str_eq(strbuf_text(&text), strbuf_text(&anew));
	ck_assert_uint_eq(after.len, anew.len);
	sheets_fini(&world->points);
	world->points = after;
}

/* Makes the tree follow, and its reader. */
static void show(struct world *world)
{
	struct deltas deltas = { 0 };

	if (world->touched.renamed[0])
		kernel_rename(&world->kernel, &world->tree,
			tree_get_link_folder(&world->tree, world->touched.renamed[0]),
			link_name_get_base(world->touched.renamed[0]),
			link_name_get_base(world->touched.renamed[1]));
	tree_update(&world->tree, &world->manager, &world->touched, world->env.now, &deltas);
	check_lines(world, &deltas.lines);
	kernel_take(&world->kernel, &world->tree, &deltas);
	if (deltas.events.untold)
		follower_begin(&world->follower, &world->manager);
	else
		follower_take(&world->follower, &deltas.events);
	if (!world->is_reloading && deltas.events.untold)
		follower_begin(&world->survivor, &world->manager);
	else if (!world->is_reloading)
		follower_take(&world->survivor, &deltas.events);
	events_move(&world->events, &deltas.events);
	deltas_fini(&deltas);
	follower_check(&world->follower, &world->manager);
	follower_check_tree(&world->tree, &world->manager);
}

void world_apply_mounts(struct world *world, struct mounts *mounts)
{
	mounts_finish(mounts);
	touched_fini(&world->touched);
	apply_mounts(&world->manager, mounts, &world->touched);
	show(world);
}

void world_lose(struct world *world, const char *name)
{
	touched_fini(&world->touched);
	if (apply_gone(&world->manager, name, NULL, &world->touched))
		show(world);
}

void world_mount(struct world *world, const char *words)
{
	_cleanup_free_ char *copy = xstrdup(words);
	struct mounts mounts = { 0 };
	char *rest = NULL;
	int id = 1;

	mounts_add(&mounts, &(struct mount){ .path = (char *)"/", .id = 1, .parent = 0 });
	for (char *name = strtok_r(copy, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
		struct mount mount = {
			.path = strtok_r(NULL, " ", &rest),
			.id = ++id,
			.parent = 1,
			.fstype = (char *)"ext4",
		};
		char *star = strchr(name, '*');

		mount.is_whole = !star;
		if (star)
			*star = '\0';
		mount.number = map_hash_text(name);
		mounts_add(&mounts, &mount);
	}
	world_apply_mounts(world, &mounts);
}

void world_change_mount(struct world *world, const char *name, const char *path)
{
	const struct mounts *before = &world->manager.mounts;
	struct mounts mounts = { 0 };
	struct mount mount = {
		.path = (char *)path,
		.number = map_hash_text(name),
		.is_whole = true,
		.id = 2,
		.parent = 1,
		.fstype = (char *)"ext4",
	};

	mounts_add(&mounts, &(struct mount){ .path = (char *)"/", .id = 1, .parent = 0 });
	for (size_t i = 0; i < before->count; i++) {
		if (before->list[i].id == 1)
			continue;
		if (before->list[i].id >= mount.id)
			mount.id = before->list[i].id + 1;
		if (path || before->list[i].number != mount.number)
			mounts_add(&mounts, &before->list[i]);
	}
	if (path)
		mounts_add(&mounts, &mount);
	world_apply_mounts(world, &mounts);
}

const char *world_take_notice(struct world *world)
{
	strbuf_reset(&world->shown);
	if (world->noticed == world->events.count) {
		events_fini(&world->events);
		world->noticed = 0;
		return NULL;
	}
	describe_notice(&world->events.list[world->noticed++], &world->shown);
	return strbuf_text(&world->shown);
}

void world_commit(struct world *world)
{
	touched_fini(&world->touched);
	rows_write(&world->rows, &world->change.names);
	apply_change(&world->manager, &world->change, &world->touched);
	change_fini(&world->change);
	change_init(&world->change, &world->manager);
	show(world);
	dropped_sweep(
		&world->manager.names, 1, tree_sweep_link, &world->tree); /* as far as it comes */
	world->env.now++;
	if (world->is_restless && !is_starting)
		world_reload(world);
}

void world_settle(struct world *world)
{
	engine_decide_devices(&world->manager, &world->env, &world->change);
	if (world->is_full && change_has_rows(&world->change))
		engine_retry(&world->manager, &world->change);
	world_commit(world);
}

void world_upkeep(struct world *world)
{
	forgetting_decide_upkeep(&world->manager, &world->env, true, &world->change);
	manager_forget_moves(&world->manager);
	world_commit(world);
}

void world_plug(struct world *world, const char *name, const char *words)
{
	world_put(world, name, words);
	world_settle(world);
}

void world_unplug(struct world *world, const char *name)
{
	world_remove(world, name);
	world_settle(world);
}

void expect_listed_error(const struct operation *operation, int error)
{
	const char *name = strerrorname_np(error);

	ck_assert_msg(name &&
			(text_has_word(operation->errors, name) ||
				text_has_word(operation_common_errors, name)),
		"%s fails with %s", operation->name ? operation->name : "mv", name ? name : "-");
}

/* Decides, and checks what holds for every request: it fails without a trace, or has no excuse. */
static int decide(struct world *world, const struct request *request)
{
	size_t links = world->change.names.links.count, records = world->change.names.records.count;
	size_t entries = world->change.entry_count, gones = world->change.volumes.gones;
	bool has_settings = world->change.names.has_settings;
	struct reply reply = { 0 };
	int r;

	strbuf_reset(&world->reply);
	strbuf_reset(&world->why);
	r = engine_decide_request(
		&world->manager, &world->env, request, &world->change, &reply, &world->why);
	reply_format(&reply, &world->reply);
	reply_fini(&reply);
	if (r == 0) {
		ck_assert_uint_eq(world->why.len, 0);
		return 0;
	}
	ck_assert_int_lt(r, 0);
	expect_listed_error(request->operation, -r);
	ck_assert_uint_gt(world->why.len, 0);
	ck_assert_uint_eq(world->reply.len, 0);
	ck_assert_uint_eq(world->change.names.links.count, links);
	ck_assert_uint_eq(world->change.names.records.count, records);
	ck_assert_uint_eq(world->change.entry_count, entries);
	ck_assert_uint_eq(world->change.volumes.gones, gones);
	ck_assert(world->change.names.has_settings == has_settings);
	return -r;
}

int world_decide(struct world *world, const char *operation, const char *line)
{
	struct request request;
	int r;

	strbuf_reset(&world->reply);
	strbuf_reset(&world->why);
	r = request_parse(
		operation_find_saved(operation), line, strlen(line), &request, &world->why);
	if (r < 0) {
		ck_assert_uint_gt(world->why.len, 0);
		return -r;
	}
	r = decide(world, &request);
	request_fini(&request);
	return r;
}

int world_decide_rename(struct world *world, const char *from, const char *to, bool may_replace)
{
	struct request request = {
		.operation = operation_find(OP_RENAME),
		.given = KEY_BIT(KEY_LINK),
		.may_replace = may_replace,
	};
	const char *fault = NULL;

	ck_assert_int_eq(link_name_parse(from, strlen(from), &request.link, &fault), 0);
	ck_assert_int_eq(link_name_parse(to, strlen(to), &request.new_link, &fault), 0);
	return decide(world, &request);
}

void world_commit_requests(struct world *world)
{
	engine_end_requests(&world->manager, &world->env, &world->change);
	world_commit(world);
}

int world_ask(struct world *world, const char *operation, const char *line)
{
	int r = world_decide(world, operation, line);

	world_commit_requests(world);
	return r;
}

int world_rename(struct world *world, const char *from, const char *to, bool may_replace)
{
	int r = world_decide_rename(world, from, to, may_replace);

	world_commit(world);
	return r;
}

/* What another process knows of what was told: of the tree, and of links in memory only. */
static void begin_telling(struct world *world, struct told *told)
{
	const struct link **links;
	size_t count = names_get_links(&world->manager.names, &links);

	told_init(told, world->env.now);
	for (const struct node *folder = world->tree.ids->content->first; folder;
		folder = folder->next) {
		struct told_volume volume;

		ck_assert(told_get_volume(&world->tree, folder->content->id, &volume));
		told_add_volume(told, &volume);
	}
	for (size_t i = 0; i < count; i++)
		told_add_link(told, links[i]->path, links[i]->record->id);
	free(links);
	map_for_each (&world->manager.volumes.by_name, node, next) {
		struct told_device device;

		if (told_get_device(container_of(node, struct device, by_name), &device))
			told_add_device(told, &device);
	}
}

/* A reader of `events` who was there before knows what is so now, and nothing else. */
static void end_telling(struct world *world, struct told *told)
{
	struct events events = { 0 };

	told_compare(told, &world->manager, &world->tree, world->env.now, &events);
	if (events.untold)
		follower_begin(&world->survivor, &world->manager);
	else
		follower_take(&world->survivor, &events);
	follower_check(&world->survivor, &world->manager);
	events_fini(&events);
	told_fini(told);
}

void world_reload(struct world *world)
{
	struct told told;
	struct volumes_change devices = { 0 };
	struct id_order order = world->manager.order;
	uint32_t epic = world->manager.epic;
	bool suggests_label = world->manager.suggests_label;
	enum follow follow = world->manager.follow;
	enum strangers strangers = world->manager.strangers;
	uint32_t expire_days = world->manager.expire_days;
	struct history history = world->manager.history;
	struct mounts mounts = world->manager.mounts;
	size_t written = world->rows.written;

	begin_telling(world, &told);
	world->is_reloading = true;
	world->manager.mounts = (struct mounts){ 0 };
	history_init(&world->manager.history);
	map_for_each (&world->manager.volumes.by_name, node, next)
		volumes_change_put(
			&devices, device_copy(container_of(node, struct device, by_name)));
	change_fini(&world->change);
	manager_fini(&world->manager);
	manager_init(&world->manager, &order);
	kernel_fini(&world->kernel);
	tree_fini(&world->tree);
	tree_init(&world->tree, world->env.now);
	follower_fini(&world->follower);
	events_fini(&world->events);
	world->noticed = 0;
	world->manager.epic = epic; /* so that the tests can go on counting */
	world->manager.history = history;
	world->manager.mounts = mounts;
	world->manager.suggests_label = suggests_label;
	world->manager.follow = follow;
	world->manager.strangers = strangers;
	world->manager.expire_days = expire_days;
	world->manager.links_told = world->links_told;
	world->manager.gives_letters = world->has_auto_dl;
	rows_load(&world->rows, &world->manager.names);
	touched_fini(&world->touched);
	sheets_fini(&world->points);
	apply_kept(&world->manager, &world->touched);
	show(world);
	change_init(&world->change, &world->manager);
	world->change.volumes = devices;
	is_starting = true;
	world_settle(world);
	is_starting = false;
	tree_update_absent(&world->tree, &world->manager, world->env.now);
	world->is_reloading = false;
	end_telling(world, &told);
	if (world->is_restless)
		world->rows.written = written; /* what the step before wrote is of interest */
}

const char *world_show(struct world *world)
{
	_cleanup_free_ struct triple *triples = NULL;
	size_t count = manager_get_triples(&world->manager, &world->manager.names, NULL, &triples);

	strbuf_reset(&world->shown);
	for (size_t i = 0; i < count; i++)
		if (!link_name_is_volume(triples[i].link))
			strbuf_add_format(
				&world->shown, "%s %s\n", triples[i].link, triples[i].node);
	return strbuf_text(&world->shown);
}

static int compare_devices(const void *a, const void *b)
{
	return strcmp((*(struct device *const *)a)->name, (*(struct device *const *)b)->name);
}

const char *world_show_devices(struct world *world)
{
	const struct volumes *volumes = &world->manager.volumes;
	_cleanup_free_ const struct device **devices =
		xcalloc(volumes->by_name.count, sizeof(*devices));
	size_t count = 0;

	map_for_each (&volumes->by_name, node, next)
		devices[count++] = container_of(node, struct device, by_name);
	qsort(devices, count, sizeof(*devices), compare_devices);
	strbuf_reset(&world->shown);
	for (size_t i = 0; i < count; i++)
		strbuf_add_format(&world->shown, "%s %s%s\n", devices[i]->name,
			devices[i]->id ? "" : "-",
			devices[i]->id		     ? devices[i]->id
				: devices[i]->reason ? devices[i]->reason
						     : "");
	return strbuf_text(&world->shown);
}

const char *world_get_volume_name(const struct world *world, const char *id)
{
	const struct link *link = NULL, *found = NULL;

	while ((link = names_next_link(&world->manager.names, id, link))) {
		if (link_name_is_volume(link->path)) {
			ck_assert_ptr_null(found);
			found = link;
		}
	}
	return found ? found->path : NULL;
}

bool world_has_mark(const struct world *world, const char *id)
{
	const struct record *record = names_find_record(&world->manager.names, id);

	return record && record->no_drive_letter;
}
