/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random devices and requests: much of the same, so that they get in each other's way.
 */

#include <stdio.h>
#include <string.h>

#include "game.h"

int game_draw(struct game *game, int limit)
{
	game->random = game->random * 1664525 + 1013904223;
	return (int)((game->random >> 8) % (uint32_t)limit);
}

static const struct {
	const char *name;
	unsigned int partition;
	bool is_virtual;
} devices[MODEL_DEVICES] = { { "sda1", 1 }, { "sdb1", 1 }, { "sdc1", 1 }, { "sdd2", 2 }, { "fd0" },
	{ "sr0" }, { "dm-0", 0, true }, { "dm-1", 0, true }, { "md127", 0, true }, { "loop2" },
	{ "loop10" }, { "loop3p1", 1 } };

static const char *const values[ID_KINDS][6] = {
	[ID_UUID] = { NULL, "1", "1", "1", "2", "3" },
	[ID_PARTUUID] = { NULL, NULL, "p", "p", "p", "q" },
	[ID_DM_UUID] = { NULL, NULL, NULL, NULL, "x", "y" },
	[ID_MD_UUID] = { NULL, NULL, NULL, NULL, NULL, "m" },
	[ID_WWN] = { NULL, NULL, NULL, "w", "w", "v" },
	[ID_SERIAL] = { NULL, NULL, "0000", "s", "s", "t" },
	[ID_PATH] = { NULL, NULL, NULL, NULL, "a", "b" },
};

/* In every third game most devices are themselves, and move about. */
static const char *const quiet_values[ID_KINDS][6] = {
	[ID_UUID] = { "1", "2", "3", "4", "5", "6" },
	[ID_PARTUUID] = { NULL, NULL, NULL, "p", "q", "r" },
	[ID_SERIAL] = { NULL, NULL, NULL, NULL, NULL, "s" },
};

static const char *const labels[] = { NULL, NULL, NULL, "data", "Data", "backup",
	"C:", "E:", "F:", "x:", "a/b" };

const char *const game_orders[6] = { "uuid:partuuid:dm:md:wwn:serial",
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
	const struct model_device *original = &game->model.device[game_draw(game, MODEL_DEVICES)];

	if (is_quiet(game) && original->state != MODEL_GONE)
		return;
	memcpy(device->identity, original->identity, sizeof(device->identity));
	device->size = original->size;
}

void game_draw_device(struct game *game, size_t i, struct model_device *ret_device)
{
	struct model_device *device = ret_device;

	*device = game->model.device[i];
	if (device->state == MODEL_GONE && game_draw(game, 2)) {
		for (int scheme = 0; scheme < ID_KINDS; scheme++)
			draw_identity(game, device, scheme);
		device->size = 100;
	}
	if (game_draw(game, is_quiet(game) ? 2 : 4) == 0)
		copy_identity(game, device);
	if (game_draw(game, is_quiet(game) ? 20 : 3) == 0)
		draw_identity(game, device, game_draw(game, ID_KINDS));
	if (game_draw(game, 6) == 0)
		device->size = game_draw(game, 4) ? 100 : 200;
	if (device->size == 0 || game_draw(game, 30) == 0)
		device->size = game_draw(game, 2) ? 0 : 100;
	device->is_blank = game_draw(game, 12) == 0;
	device->is_faulty = game_draw(game, 40) == 0;
	if (device->state == MODEL_GONE || game_draw(game, 5) == 0)
		device->diskseq = 1 + (uint64_t)game_draw(game, 6);
	if (device->state == MODEL_GONE || game_draw(game, 5) == 0)
		device->label = PICK(game, labels);
	if (device->state == MODEL_GONE && game_draw(game, 3) == 0)
		device->attachment = game_draw(game, ATTACHMENTS);
	device->is_removable = game_draw(game, 6) == 0;
	device->is_disc = !device->is_blank && game_draw(game, 8) == 0;
	device->wants_no_letter = game_draw(game, 6) == 0;
	device->name = devices[i].name;
	device->partition = devices[i].partition;
	device->is_virtual = devices[i].is_virtual;
	snprintf(device->node, sizeof(device->node), "/dev/%s%s", i == 7 ? "mapper/" : "",
		devices[i].name);
}

static const char *const links[] = { "/DosDevices/C:", "/DosDevices/D:", "/DosDevices/E:",
	"/DosDevices/A:", "/DosDevices/data", "/DosDevices/Data", "/DosDevices/DATA",
	"/DosDevices/backup", "/DosDevices/Backup", "/DosDevices/d\303\244ta", "/DosDevices/da$ta",
	"/Volumes/Volume{11111111-1111-1111-1111-111111111111}",
	"/Volumes/Volume{aaaaaaaa-1111-1111-1111-111111111111}",
	"/Volumes/Volume{AAAAAAAA-1111-1111-1111-111111111111}" };

static const char *draw_link(struct game *game)
{
	if (game_draw(game, 4) == 0 && game->model.links)
		return game->model.link[game_draw(game, (int)game->model.links)].path;
	return PICK(game, links);
}

/* Of a device, whether anything is filed under it or not. */
static const char *draw_identity_of(struct game *game, const struct model_device *device)
{
	static char ids[2][UNIQUE_ID_MAX + 1];
	enum id_scheme scheme = (enum id_scheme)game_draw(game, ID_KINDS);
	char *id = ids[game->turn++ % 2];

	if (unique_id_format(scheme, device->identity[scheme], device->partition, id))
		return id;
	return "UUID=9";
}

static const char *draw_id(struct game *game)
{
	if (game_draw(game, 3) == 0)
		return draw_identity_of(game, &game->model.device[game_draw(game, MODEL_DEVICES)]);
	if (game_draw(game, 10) == 0 || !game->model.records)
		return "UUID=9";
	return game->model.record[game_draw(game, (int)game->model.records)].id;
}

static const char *draw_volume(struct game *game)
{
	size_t i = (size_t)game_draw(game, MODEL_DEVICES);

	switch (game_draw(game, 5)) {
	case 0:
		return draw_id(game);
	case 1:
		return draw_link(game);
	case 2:
		return game_draw(game, 8) ? game->model.device[i].name : "nonsense";
	default:
		return game->model.device[i].node;
	}
}

/* What its row in the table allows, and a little more often what it needs. */
static void draw_keys(struct game *game, struct model_request *request)
{
	const struct operation *operation = operation_find(request->operation);
	unsigned int keys = operation->keys, needs = operation->needs;

	if (keys & KEY_BIT(KEY_ALL) && game_draw(game, 20) == 0) {
		request->all = true;
		return;
	}
	if (needs & KEY_BIT(KEY_LINK) || (keys & KEY_BIT(KEY_LINK) && game_draw(game, 2)))
		request->link = draw_link(game);
	if (keys & KEY_BIT(KEY_ID) && game_draw(game, 4) == 0)
		request->id = draw_id(game);
	if (needs & KEY_BIT(KEY_DEVICE) || (keys & KEY_BIT(KEY_DEVICE) && game_draw(game, 3) == 0))
		request->device = draw_volume(game);
	if (operation->one_of && !request->id && !request->device &&
		(!request->link || needs & KEY_BIT(KEY_LINK)))
		request->device = draw_volume(game);
	request->is_word = request->device && game_draw(game, 2) && request->device[0] != '/' &&
		!unique_id_is_valid(request->device) && !link_name_is_form(request->device);
	request->is_off = game_draw(game, 2);
}

void game_draw_request(struct game *game, struct model_request *ret_request)
{
	static const enum operation_kind kinds[] = { OP_CREATE_POINT, OP_CREATE_POINT,
		OP_CREATE_POINT, OP_CREATE_POINT, OP_CREATE_POINT, OP_CREATE_POINT,
		OP_DELETE_POINTS, OP_DELETE_POINTS, OP_DELETE_POINTS_DBONLY,
		OP_DELETE_POINTS_DBONLY, OP_QUERY_POINTS, OP_RENAME, OP_RENAME,
		OP_NEXT_DRIVE_LETTER, OP_NEXT_DRIVE_LETTER, OP_KEEP_LINKS_WHEN_OFFLINE,
		OP_KEEP_LINKS_WHEN_OFFLINE, OP_QUERY_DOS_VOLUME_PATH, OP_QUERY_DOS_VOLUME_PATHS,
		OP_VOLUME_ARRIVAL_NOTIFICATION, OP_SCRUB_REGISTRY, OP_AUTO_MOUNT };
	struct model_request request = { .operation = PICK(game, kinds) };

	if (game_draw(game, 60) == 0)
		request.operation = OP_AUTO_DL_ASSIGNMENTS;
	draw_keys(game, &request);
	if (request.operation == OP_RENAME) {
		request.link = draw_link(game);
		request.new_link = draw_link(game);
		request.may_replace = game_draw(game, 2);
	}
	*ret_request = request;
}

void game_remove_device(struct game *game, const char *name)
{
	if (game_draw(game, 2))
		world_lose(&game->world, name);
	volumes_change_remove(&game->world.change.volumes, name);
	strbuf_add_format(&game->log, "- %s\n", name);
}

void game_draw_removal(struct game *game, struct model_request *ret_request)
{
	*ret_request = (struct model_request){
		.operation = OP_VOLUME_REMOVAL_NOTIFICATION,
		.device = draw_volume(game),
	};
}

void game_draw_claim(struct game *game, struct model_request *ret_request)
{
	*ret_request = (struct model_request){
		.operation = OP_CLAIM_UNIQUE_ID,
		.device = draw_volume(game),
	};
}

int game_decide_request(struct game *game, const struct model_request *request)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;

	if (request->operation == OP_RENAME) {
		strbuf_add_format(&game->log, "mv %s%s %s\n", request->may_replace ? "" : "-n ",
			request->link, request->new_link);
		return world_decide_rename(
			&game->world, request->link, request->new_link, request->may_replace);
	}
	if (request->link)
		strbuf_add_format(&line, "%s%s ", game_draw(game, 2) ? "link=" : "", request->link);
	if (request->device)
		strbuf_add_format(
			&line, "%s%s ", request->is_word ? "" : "device=", request->device);
	if (request->id)
		strbuf_add_format(&line, "%s%s ", game_draw(game, 2) ? "id=" : "", request->id);
	if (request->all)
		strbuf_add_text(&line, "all=1");
	if (operation_find(request->operation)->keys & KEY_BIT(KEY_KEEP))
		strbuf_add_text(&line, request->is_off ? " keep=0" : " keep=1");
	if (request->operation == OP_AUTO_MOUNT)
		strbuf_add_text(&line, request->is_off ? "off" : "state=on");
	strbuf_add_format(&game->log, "%s %s\n", operation_find(request->operation)->name,
		strbuf_text(&line));
	return world_decide(
		&game->world, operation_find(request->operation)->name, strbuf_text(&line));
}
