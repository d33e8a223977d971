/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random events and requests, on the mount manager and on the naive model. After each change both
 * must show the same, what was touched must cover what looks different, the tree and who follows its
 * notices must know the state, and a mount manager started
 * anew from the rows written so far, over the same devices, must find everything as it was. The one
 * exception: a volume whose Volume{GUID} names were deleted gets a new one when it arrives again.
 *
 * $MMFS_TEST_SEED plays one seed only, $MMFS_TEST_STEPS sets how long.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "describe.h"
#include "fixture.h"
#include "model.h"

enum { SEEDS = 24, STEPS = 4200 };

struct game {
	struct world world;
	struct model model;
	unsigned int seed;
	unsigned int step;
	uint32_t random;
	struct strbuf log; /* what was done in this step */
};

static int draw(struct game *game, int limit)
{
	game->random = game->random * 1664525 + 1013904223;
	return (int)((game->random >> 8) % (uint32_t)limit);
}

#define PICK(game, array) ((array)[draw(game, (int)ARRAY_SIZE(array))])

#define EXPECT(game, condition, ...)                            \
	do {                                                    \
		if (!(condition))                               \
			game_fail(game, __LINE__, __VA_ARGS__); \
	} while (0)

static void game_fail(struct game *game, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

static void game_fail(struct game *game, int line, const char *format, ...)
{
	char text[20000];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	ck_abort_msg("line %d: MMFS_TEST_SEED=%u, step %u:\n%s%s", line, game->seed, game->step,
		strbuf_text(&game->log), text);
}

static const struct {
	const char *name;
	unsigned int partition;
	bool is_virtual;
} devices[MODEL_DEVICES] = { { "sda1", 1 }, { "sdb1", 1 }, { "sdc1", 1 }, { "sdd2", 2 }, { "sde" },
	{ "sdf" }, { "dm-0", 0, true }, { "dm-1", 0, true }, { "md127", 0, true }, { "loop2" },
	{ "loop10" }, { "loop3p1", 1 } };

static const char *const values[ID_SCHEMES][6] = {
	[ID_UUID] = { NULL, "1", "1", "1", "2", "3" },
	[ID_PARTUUID] = { NULL, NULL, "p", "p", "p", "q" },
	[ID_DM_UUID] = { NULL, NULL, NULL, NULL, "x", "y" },
	[ID_MD_UUID] = { NULL, NULL, NULL, NULL, NULL, "m" },
	[ID_WWN] = { NULL, NULL, NULL, "w", "w", "v" },
	[ID_SERIAL] = { NULL, NULL, "0000", "s", "s", "t" },
};

/* In every third game most devices are themselves, and move about. */
static const char *const quiet_values[ID_SCHEMES][6] = {
	[ID_UUID] = { "1", "2", "3", "4", "5", "6" },
	[ID_PARTUUID] = { NULL, NULL, NULL, "p", "q", "r" },
	[ID_SERIAL] = { NULL, NULL, NULL, NULL, NULL, "s" },
};

static const char *const orders[] = { "uuid:partuuid:dm:md:wwn:serial",
	"uuid:partuuid:dm:md:wwn:serial", "partuuid:uuid:serial", "serial:wwn:md:dm:partuuid:uuid",
	"uuid", "dm:uuid" };

static bool is_quiet(const struct game *game)
{
	return game->seed % 3 == 0;
}

static void draw_identity(struct game *game, struct model_device *device, int scheme)
{
	if (is_quiet(game))
		device->identity[scheme] = PICK(game, quiet_values[scheme]);
	else
		device->identity[scheme] = PICK(game, values[scheme]);
}

/* Makes it a copy of another, or (in quiet games) another that is plugged in here. */
static void copy_identity(struct game *game, struct model_device *device)
{
	const struct model_device *original = &game->model.device[draw(game, MODEL_DEVICES)];

	if (is_quiet(game) && original->state != MODEL_GONE)
		return;
	memcpy(device->identity, original->identity, sizeof(device->identity));
	device->size = original->size;
}

/* A device as new, as it was but for a detail, or as the copy of another. */
static void draw_device(struct game *game, size_t i, struct model_device *ret_device)
{
	struct model_device *device = ret_device;

	*device = game->model.device[i];
	if (device->state == MODEL_GONE && draw(game, 2)) {
		for (int scheme = 0; scheme < ID_SCHEMES; scheme++)
			draw_identity(game, device, scheme);
		device->size = 100;
	}
	if (draw(game, is_quiet(game) ? 2 : 4) == 0)
		copy_identity(game, device);
	if (draw(game, is_quiet(game) ? 20 : 3) == 0)
		draw_identity(game, device, draw(game, ID_SCHEMES));
	if (draw(game, 6) == 0)
		device->size = draw(game, 4) ? 100 : 200;
	if (device->size == 0 || draw(game, 30) == 0)
		device->size = draw(game, 2) ? 0 : 100;
	device->is_blank = draw(game, 12) == 0;
	device->is_faulty = draw(game, 40) == 0;
	if (device->state == MODEL_GONE || draw(game, 5) == 0)
		device->diskseq = 1 + (uint64_t)draw(game, 6);
	device->name = devices[i].name;
	device->partition = devices[i].partition;
	device->is_virtual = devices[i].is_virtual;
	snprintf(device->node, sizeof(device->node), "/dev/%s%s", i == 7 ? "mapper/" : "",
		devices[i].name);
}

static struct device *make_device(const struct model_device *from)
{
	struct device *device = device_new(from->name);

	device->node = xstrdup(from->node);
	device->number = map_hash_text(from->name);
	device->size = from->size;
	device->diskseq = from->diskseq;
	device->partition = from->partition;
	device->is_virtual = from->is_virtual;
	device->fstype = from->is_blank ? NULL : xstrdup("ext4");
	device->fault = from->is_faulty ? xstrdup("broken") : NULL;
	for (int i = 0; i < ID_SCHEMES; i++)
		device->identity[i] = from->identity[i] ? xstrdup(from->identity[i]) : NULL;
	return device;
}

static void log_device(struct game *game, const struct model_device *device)
{
	strbuf_add_format(&game->log, "+ %s size=%u seq=%u%s%s", device->name,
		(unsigned int)device->size, (unsigned int)device->diskseq,
		device->is_blank ? " blank" : "", device->is_faulty ? " fault" : "");
	for (int i = 0; i < ID_SCHEMES; i++)
		strbuf_add_format(
			&game->log, " %s", device->identity[i] ? device->identity[i] : "-");
	strbuf_add_char(&game->log, '\n');
}

static void expect_same(struct game *game, const char *what, const struct manager *manager,
	const struct model *model)
{
	_cleanup_strbuf_ struct strbuf seen = STRBUF_INIT, expected = STRBUF_INIT;

	describe_links(manager, &seen);
	model_show(model, &expected);
	EXPECT(game, strcmp(strbuf_text(&seen), strbuf_text(&expected)) == 0,
		"%s shows\n%s, expected\n%s", what, strbuf_text(&seen), strbuf_text(&expected));
	strbuf_reset(&seen);
	strbuf_reset(&expected);
	describe_manager(manager, &seen);
	model_format(model, &expected);
	EXPECT(game, strcmp(strbuf_text(&seen), strbuf_text(&expected)) == 0,
		"%s is\n%s, expected\n%s", what, strbuf_text(&seen), strbuf_text(&expected));
}

static bool has_link(const struct model *model, const char *path)
{
	for (size_t i = 0; i < model->links; i++)
		if (strcmp(model->link[i].path, path) == 0)
			return true;
	return false;
}

/* Tells the model the volume names that have been made: exactly one for each ID that lacks one. */
static void learn_names(struct game *game, const struct manager *manager, struct model *model)
{
	for (size_t i = 0; i < model->nameless_count; i++) {
		const struct link *link = NULL, *made = NULL;

		while ((link = names_next_link(&manager->names, model->nameless[i], link))) {
			if (!link_name_is_volume(link->path) || has_link(model, link->path))
				continue;
			EXPECT(game, !made, "two names for %s\n", model->nameless[i]);
			made = link;
		}
		EXPECT(game, made, "no name for %s\n", model->nameless[i]);
		model_add_link(model, made->path, model->nameless[i]);
	}
}

/* Everybody goes, and comes again in one batch. */
static void restart_model(struct game *game, const struct manager *manager, struct model *ret_model)
{
	struct model_device before[MODEL_DEVICES];
	struct model_batch batch = { .put = { NULL } };
	struct model *model = ret_model;

	*model = game->model;
	memcpy(before, model->device, sizeof(before));
	for (size_t i = 0; i < MODEL_DEVICES; i++) {
		model->device[i].state = MODEL_GONE;
		strcpy(model->device[i].id, "");
		if (before[i].state != MODEL_GONE)
			batch.put[i] = &before[i];
	}
	model_apply_devices(model, &batch);
	learn_names(game, manager, model);
}

/* The database replayed over the same devices must give the same tree. */
static void check_reload(struct game *game)
{
	struct world fresh = game->world;
	struct model model;
	bool is_silent;

	manager_init(&fresh.manager, &game->model.order);
	rows_load(&fresh.rows, &fresh.manager.names);
	change_init(&fresh.change, &fresh.manager);
	for (size_t i = 0; i < MODEL_DEVICES; i++)
		if (game->model.device[i].state != MODEL_GONE)
			volumes_change_put(
				&fresh.change.volumes, make_device(&game->model.device[i]));
	manager_decide_devices(&fresh.manager, &fresh.env, &fresh.change);
	is_silent = !names_has_changes(&fresh.change.names);
	fresh.touched = (struct touched){ 0 };
	manager_apply(&fresh.manager, &fresh.change, &fresh.touched);
	touched_fini(&fresh.touched);

	restart_model(game, &fresh.manager, &model);
	expect_same(game, "after a restart it", &fresh.manager, &model);
	EXPECT(game, is_silent == (model.nameless_count == 0), "a restart changes the database\n");
	for (size_t i = 0; i < model.nameless_count; i++)
		model.links--; /* those just learned are the last */
	for (size_t i = 0; i < model.records; i++)
		if (model.record[i].keep) /* it notes at once where those are */
			strcpy(model.record[i].node, game->model.record[i].node);
	expect_same(game, "before a restart it", &game->world.manager, &model);
	change_fini(&fresh.change);
	manager_fini(&fresh.manager);
}

static bool is_covered(const struct touched *touched, const char *path, const char *id)
{
	for (size_t i = 0; i < touched->link_count; i++)
		if (strcmp(touched->links[i], path) == 0)
			return true;
	for (size_t i = 0; i < touched->id_count; i++)
		if (touched->is_moved[i] && strcmp(touched->ids[i], id) == 0)
			return true;
	return false;
}

/* Every line that is in one of the texts only is a link that was touched. */
static void check_covered(struct game *game, const char *one, const char *other)
{
	_cleanup_free_ char *copy = xstrdup(one);
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n"))) {
		_cleanup_free_ char *whole = xasprintf("%s\n", line);
		char *path = strsep(&line, " "), *id = line ? strsep(&line, " ") : NULL;
		const char *found = strstr(other, whole);

		if (!id || found == other || (found && found[-1] == '\n'))
			continue;
		EXPECT(game, is_covered(&game->world.touched, path, id),
			"%s has changed and is not touched\n", path);
	}
}

/* Whether the database differs in more than hints. */
static bool has_changed(const struct model *before, const struct model *after)
{
	struct model copies[2] = { *before, *after };
	struct strbuf text[2] = { STRBUF_INIT, STRBUF_INIT };
	bool has_changed;

	for (int i = 0; i < 2; i++) {
		for (size_t j = 0; j < MODEL_DEVICES; j++)
			copies[i].device[j].state = MODEL_GONE;
		for (size_t j = 0; j < copies[i].records; j++) {
			strcpy(copies[i].record[j].node, "");
			copies[i].record[j].diskseq = 0;
		}
		model_format(&copies[i], &text[i]);
	}
	has_changed = strcmp(strbuf_text(&text[0]), strbuf_text(&text[1])) != 0;
	strbuf_fini(&text[0]);
	strbuf_fini(&text[1]);
	return has_changed;
}

static void take_step(struct game *game, bool is_certain, struct model *after)
{
	_cleanup_strbuf_ struct strbuf before = STRBUF_INIT, now = STRBUF_INIT;
	struct world *world = &game->world;
	uint32_t epic = world->manager.epic;
	bool is_counted = change_is_counted(&world->change);
	size_t entries = world->change.entry_count;
	uint64_t sequence = world->manager.history.next_sequence;

	if (!is_certain) { /* the commit failed */
		change_fini(&world->change);
		change_init(&world->change, &world->manager);
		world->decided = 0;
		expect_same(game, "after a failed commit it", &world->manager, &game->model);
		return;
	}
	describe_links(&world->manager, &before);
	world_commit(world);
	learn_names(game, &world->manager, after);
	EXPECT(game, is_counted || !has_changed(&game->model, after), "a change is not counted\n");
	game->model = *after;
	expect_same(game, "it", &world->manager, &game->model);
	describe_links(&world->manager, &now);
	check_covered(game, strbuf_text(&before), strbuf_text(&now));
	check_covered(game, strbuf_text(&now), strbuf_text(&before));
	EXPECT(game, world->manager.epic == epic + is_counted, "the epic number is wrong\n");
	EXPECT(game, world->manager.history.next_sequence == sequence + entries,
		"the history has a gap\n");
	if (game->step % 10 == 0 || game->model.links < 8)
		check_reload(game);
}

static void play_devices(struct game *game)
{
	struct model_device put[MODEL_DEVICES];
	struct model_batch batch = { .put = { NULL } };
	struct model after = game->model;
	int count = draw(game, 3) ? 1 : 1 + draw(game, 6);

	while (count-- > 0) {
		size_t i = (size_t)draw(game, MODEL_DEVICES);

		if (batch.put[i] || batch.is_gone[i])
			continue;
		if (draw(game, 3) == 0) {
			batch.is_gone[i] = true;
			volumes_change_remove(&game->world.change.volumes, devices[i].name);
			strbuf_add_format(&game->log, "- %s\n", devices[i].name);
		} else {
			draw_device(game, i, &put[i]);
			batch.put[i] = &put[i];
			volumes_change_put(&game->world.change.volumes, make_device(&put[i]));
			log_device(game, &put[i]);
		}
	}
	model_apply_devices(&after, &batch);
	manager_decide_devices(&game->world.manager, &game->world.env, &game->world.change);
	take_step(game, draw(game, 20) != 0, &after);
}

static const char *const links[] = { "/DosDevices/C:", "/DosDevices/D:", "/DosDevices/E:",
	"/DosDevices/F:", "/DosDevices/data", "/DosDevices/Data", "/DosDevices/DATA",
	"/DosDevices/backup", "/DosDevices/Backup",
	"/Volumes/Volume{11111111-1111-1111-1111-111111111111}",
	"/Volumes/Volume{aaaaaaaa-1111-1111-1111-111111111111}",
	"/Volumes/Volume{AAAAAAAA-1111-1111-1111-111111111111}" };

static const char *draw_link(struct game *game)
{
	if (draw(game, 4) == 0 && game->model.links)
		return game->model.link[draw(game, (int)game->model.links)].path;
	return PICK(game, links);
}

static const char *draw_id(struct game *game)
{
	if (draw(game, 10) == 0 || !game->model.records)
		return "UUID=9";
	return game->model.record[draw(game, (int)game->model.records)].id;
}

static const char *draw_volume(struct game *game)
{
	size_t i = (size_t)draw(game, MODEL_DEVICES);

	switch (draw(game, 5)) {
	case 0:
		return draw_id(game);
	case 1:
		return draw_link(game);
	case 2:
		return draw(game, 8) ? game->model.device[i].name : "nonsense";
	default:
		return game->model.device[i].node;
	}
}

static void draw_request(struct game *game, struct model_request *ret_request)
{
	static const enum operation_kind kinds[] = { OP_CREATE_POINT, OP_CREATE_POINT,
		OP_CREATE_POINT, OP_DELETE_POINTS, OP_QUERY_POINTS, OP_RENAME };
	struct model_request request = { .operation = PICK(game, kinds) };
	bool needs_link = request.operation == OP_CREATE_POINT || request.operation == OP_RENAME;

	if (needs_link || draw(game, 3))
		request.link = draw_link(game);
	if (request.operation == OP_RENAME) {
		request.new_link = draw_link(game);
		request.may_replace = draw(game, 2);
	} else if (request.operation == OP_DELETE_POINTS && draw(game, 20) == 0) {
		request.link = NULL;
		request.all = true;
	} else {
		if (draw(game, 4) == 0)
			request.id = draw_id(game);
		if (request.operation == OP_CREATE_POINT ? !request.id || draw(game, 3) == 0
							 : draw(game, 3) == 0)
			request.device = draw_volume(game);
		if (request.operation == OP_DELETE_POINTS && !request.link && !request.id)
			request.device = draw_volume(game);
		request.is_word = request.device && draw(game, 2) && request.device[0] != '/' &&
			!unique_id_is_valid(request.device) && !link_name_is_form(request.device);
	}
	*ret_request = request;
}

/* Puts the request into words, and decides it. */
static int decide_request(struct game *game, const struct model_request *request)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;

	if (request->operation == OP_RENAME) {
		strbuf_add_format(&game->log, "mv %s%s %s\n", request->may_replace ? "" : "-n ",
			request->link, request->new_link);
		return world_decide_rename(
			&game->world, request->link, request->new_link, request->may_replace);
	}
	if (request->link)
		strbuf_add_format(&line, "%s%s ", draw(game, 2) ? "link=" : "", request->link);
	if (request->device)
		strbuf_add_format(
			&line, "%s%s ", request->is_word ? "" : "device=", request->device);
	if (request->id)
		strbuf_add_format(&line, "%s%s", draw(game, 2) ? "id=" : "", request->id);
	if (request->all)
		strbuf_add_text(&line, "all=1");
	strbuf_add_format(&game->log, "%s %s\n", operation_find(request->operation)->name,
		strbuf_text(&line));
	return world_decide(
		&game->world, operation_find(request->operation)->name, strbuf_text(&line));
}

static void play_request(struct game *game, struct model *after)
{
	_cleanup_strbuf_ struct strbuf reply = STRBUF_INIT;
	struct world *world = &game->world;
	struct model_request request;
	int expected, seen;

	draw_request(game, &request);
	expected = model_apply_request(after, &request, &reply);
	seen = decide_request(game, &request);
	EXPECT(game, seen == expected, "the result is %d, expected %d (%s)\n", seen, expected,
		strbuf_text(&world->why));
	EXPECT(game, seen || strcmp(strbuf_text(&world->reply), strbuf_text(&reply)) == 0,
		"the reply is\n%s, expected\n%s", strbuf_text(&world->reply), strbuf_text(&reply));
}

/* What KEEP_LINKS_WHEN_OFFLINE will do. */
static void play_keep(struct game *game, struct model *after)
{
	struct model_record *record;

	if (!after->records)
		return;
	record = &after->record[draw(game, (int)after->records)];
	if (!model_get_node(after, record->id))
		return;
	record->keep = draw(game, 2);
	names_edit_record(&game->world.change.names, record->id)->keep_links = record->keep;
	strbuf_add_format(&game->log, "%s %s\n", record->keep ? "k" : "u", record->id);
}

static void play_requests(struct game *game)
{
	struct model after = game->model;
	int count = draw(game, 3) ? 1 : 1 + draw(game, 5);

	after.nameless_count = 0;
	while (count-- > 0) {
		if (draw(game, 25) == 0)
			play_keep(game, &after);
		else
			play_request(game, &after);
	}
	take_step(game, draw(game, 20) != 0, &after);
}

static void init_game(struct game *game, unsigned int seed)
{
	const char *fault;

	memset(game, 0, sizeof(*game));
	game->seed = seed;
	game->random = seed;
	world_init(&game->world);
	ck_assert_int_eq(
		id_order_parse(orders[seed % ARRAY_SIZE(orders)], &game->model.order, &fault), 0);
	game->world.manager.order = game->model.order;
	for (size_t i = 0; i < MODEL_DEVICES; i++)
		game->model.device[i].name = devices[i].name;
	for (size_t i = 0; i < MODEL_DEVICES;
		i++) /* nodes that may be asked for before they come */
		draw_device(game, i, &game->model.device[i]);
}

/* The fixture checks that the tree shows it, and that its reader was told. */
static void play_mounts(struct game *game)
{
	static const char *const paths[] = { "/a", "/a/b", "/c", "/cd", "/e" };
	_cleanup_strbuf_ struct strbuf words = STRBUF_INIT;

	for (int count = draw(game, 6); count > 0; count--)
		strbuf_add_format(&words, "%s%s %s ", devices[draw(game, MODEL_DEVICES)].name,
			draw(game, 3) ? "" : "*", paths[count - 1]);
	strbuf_add_format(&game->log, "m %s\n", strbuf_text(&words));
	world_mount(&game->world, strbuf_text(&words));
}

START_TEST(test_random)
{
	const char *only = getenv("MMFS_TEST_SEED"), *steps = getenv("MMFS_TEST_STEPS");
	unsigned int limit = steps ? (unsigned int)strtoul(steps, NULL, 10) : STEPS;
	struct game *game;

	if (only && (_i != 0))
		return;
	game = xcalloc(1, sizeof(*game));
	init_game(game, only ? (unsigned int)strtoul(only, NULL, 10) : (unsigned int)_i);
	for (game->step = 0; game->step < limit; game->step++) {
		strbuf_reset(&game->log);
		if (draw(game, 10) == 0)
			play_mounts(game);
		if (draw(game, 2))
			play_devices(game);
		else
			play_requests(game);
	}
	strbuf_fini(&game->log);
	world_fini(&game->world);
	free(game);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("manager-random");
	TCase *tcase = tcase_create("manager-random");

	tcase_set_timeout(tcase, 0);
	tcase_add_loop_test(tcase, test_random, 0, SEEDS);
	suite_add_tcase(suite, tcase);
	return fixture_run(suite);
}
