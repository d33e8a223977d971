/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold in the random game: the mount manager is and shows what the naive model does, what
 * was touched covers what looks different, and a restart finds everything as it was.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/rules/apply.h"
#include "core/rules/engine.h"
#include "describe.h"
#include "game.h"

void game_fail(struct game *game, int line, const char *format, ...)
{
	char text[20000];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	ck_abort_msg("line %d: MMFS_TEST_SEED=%u, step %u:\n%s%s", line, game->seed, game->step,
		strbuf_text(&game->log), text);
}

struct device *game_make_device(const struct model_device *from)
{
	struct device *device = device_new(from->name);

	device->node = xstrdup(from->node);
	device->number = map_hash_text(from->name);
	device->size = from->size;
	device->diskseq = from->diskseq;
	device->partition = from->partition;
	device->is_virtual = from->is_virtual;
	device->fstype = from->is_blank ? NULL : xstrdup(from->is_disc ? "udf" : "ext4");
	device->label = from->label ? xstrdup(from->label) : NULL;
	device->attachment = (enum attachment)from->attachment;
	device->is_removable = from->is_removable;
	device->partition_flags = from->wants_no_letter ? DEVICE_GPT_NO_DRIVE_LETTER : 0;
	device->fault = from->is_faulty ? xstrdup("broken") : NULL;
	for (int i = 0; i < ID_KINDS; i++)
		device->identity[i] = from->identity[i] ? xstrdup(from->identity[i]) : NULL;
	return device;
}

void game_expect_same(struct game *game, const char *what, const struct manager *manager,
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

void game_learn_names(struct game *game, const struct manager *manager, struct model *model)
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

static void drop_unrecorded(struct model *model)
{
	for (size_t i = model->links; i-- > 0;)
		if (model->link[i].is_unrecorded)
			model_remove_link(model, &model->link[i]);
}

/* Everybody goes, and comes again in one batch. Links in memory only do not. */
void game_restart_model(struct game *game, const struct manager *manager, struct model *ret_model)
{
	struct model_device before[MODEL_DEVICES];
	struct model_batch batch = { .put = { NULL } };
	struct model *model = ret_model;

	*model = game->model;
	drop_unrecorded(model);
	model->gives_letters = game->world.has_auto_dl;
	model->holders = 0;
	memcpy(before, model->device, sizeof(before));
	for (size_t i = 0; i < MODEL_DEVICES; i++) {
		model->device[i].state = MODEL_GONE;
		model->device[i].is_unwritten = model->device[i].is_arriving = false;
		strcpy(model->device[i].id, "");
		strcpy(model->device[i].former, "");
		model->device[i].is_dismissed = model->device[i].had_names = false;
		if (before[i].state != MODEL_GONE)
			batch.put[i] = &before[i];
	}
	model_apply_devices(model, &batch, true);
	game_learn_names(game, manager, model);
}

/* One that nobody had noted yet is a hint. */
static void learn_attachments(struct model *before, struct model *after)
{
	for (size_t i = 0; i < before->records; i++) {
		struct model_record *known = model_find_record(after, before->record[i].id);

		if (known && !before->record[i].attachment)
			before->record[i].attachment = known->attachment;
	}
}

bool game_has_changed(const struct model *before, const struct model *after)
{
	struct model copies[2] = { *before, *after };
	struct strbuf text[2] = { STRBUF_INIT, STRBUF_INIT };
	bool has_changed;

	learn_attachments(&copies[0], &copies[1]);
	for (int i = 0; i < 2; i++) {
		drop_unrecorded(&copies[i]);
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

/*
 * The state before a restart, from the one after: it only adds names, and notes where kept ones
 * are.
 */
static void expect_unchanged(struct game *game, struct model *after)
{
	after->links -= after->nameless_count; /* those just learned are the last */
	for (size_t i = 0; i < game->model.links; i++)
		if (game->model.link[i].is_unrecorded)
			after->link[after->links++] = game->model.link[i];
	for (size_t i = 0; i < after->records; i++)
		if (after->record[i].keep)
			strcpy(after->record[i].node, game->model.record[i].node);
	game_expect_same(game, "before a restart it", &game->world.manager, after);
}

void game_check_restart(struct game *game)
{
	struct world fresh = game->world;
	struct model model;
	bool is_silent;

	manager_init(&fresh.manager, &game->model.order);
	fresh.manager.suggests_label = game->model.suggests_label;
	fresh.manager.strangers = game->model.strangers;
	fresh.manager.gives_letters = fresh.has_auto_dl;
	rows_load(&fresh.rows, &fresh.manager.names);
	change_init(&fresh.change, &fresh.manager);
	for (size_t i = 0; i < MODEL_DEVICES; i++)
		if (game->model.device[i].state != MODEL_GONE)
			volumes_change_put(
				&fresh.change.volumes, game_make_device(&game->model.device[i]));
	engine_decide_devices(&fresh.manager, &fresh.env, &fresh.change);
	is_silent = !names_has_changes(&fresh.change.names);
	fresh.touched = (struct touched){ 0 };
	apply_change(&fresh.manager, &fresh.change, &fresh.touched);
	touched_fini(&fresh.touched);

	game_restart_model(game, &fresh.manager, &model);
	game_expect_same(game, "after a restart it", &fresh.manager, &model);
	EXPECT(game, is_silent == !game_has_changed(&game->model, &model),
		"a restart changes the database\n");
	if (!fresh.has_auto_dl && !model.suggests_label)
		expect_unchanged(game, &model);
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
	for (size_t i = 0; i < touched->dropped_count; i++)
		if (strcmp(touched->dropped[i], id) == 0)
			return true;
	return false;
}

void game_check_covered(struct game *game, const char *one, const char *other)
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

void game_check_marks(struct game *game)
{
	map_for_each (&game->world.manager.names.records, node, next) {
		const struct record *record = container_of(node, struct record, by_id);

		EXPECT(game, !record->letter || !record->no_drive_letter,
			"%s has a letter and a mark\n", record->id);
	}
}
