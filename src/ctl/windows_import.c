/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `mmctl import --from=windows`: which volume of this machine is meant, and the names as a
 * database.
 */

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ctl/hive.h"
#include "ctl/windows_import.h"
#include "ctl/windows_names.h"

/* One volume that is here. */
struct partition {
	char *id;
	char *uuid;	/* PARTUUID without its tag */
	uint64_t start; /* bytes from the start of its disk */
};

struct partitions {
	struct partition *list;
	size_t count;
};

static void partitions_fini(struct partitions *partitions)
{
	for (size_t i = 0; i < partitions->count; i++) {
		free(partitions->list[i].id);
		free(partitions->list[i].uuid);
	}
	free(partitions->list);
}

/* sysfs counts in sectors of 512 bytes, whatever the disk has. */
static uint64_t read_start(const struct ctl *ctl, const char *folder)
{
	_cleanup_free_ char *node = tree_read_link(ctl, "ids/%s/device", folder), *path = NULL;
	const char *name = node ? strrchr(node, '/') : NULL;
	unsigned long long sectors = 0;
	FILE *file;

	if (!name)
		return 0;
	path = xasprintf("/sys/class/block/%s/start", name + 1);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%llu", &sectors) != 1)
		sectors = 0;
	fclose(file);
	return sectors * 512;
}

static void partitions_load(const struct ctl *ctl, struct partitions *ret_partitions)
{
	_cleanup_(texts_free_p) char **folders = tree_list_names(ctl, "ids");

	for (size_t i = 0; folders[i]; i++) {
		_cleanup_free_ char *uuid = tree_read_line(ctl, "ids/%s/partuuid", folders[i]);
		struct partitions *partitions = ret_partitions;

		if (!*uuid)
			continue;
		partitions->list =
			xgrow(partitions->list, partitions->count, sizeof(*partitions->list));
		partitions->list[partitions->count++] = (struct partition){
			.id = text_unescape(folders[i]),
			.uuid = steal_ptr(uuid),
			.start = read_start(ctl, folders[i]),
		};
	}
}

static char *find_guid(const void *data, const char *guid)
{
	const struct partitions *partitions = data;

	for (size_t i = 0; i < partitions->count; i++)
		if (strcasecmp(partitions->list[i].uuid, guid) == 0)
			return xstrdup(partitions->list[i].id);
	return NULL;
}

/* The PARTUUID of a partition of a disk with an MBR begins with the signature. */
static char *find_start(const void *data, uint32_t signature, uint64_t start)
{
	const struct partitions *partitions = data;
	char prefix[16];

	snprintf(prefix, sizeof(prefix), "%08x-", signature);
	for (size_t i = 0; i < partitions->count; i++)
		if (strncasecmp(partitions->list[i].uuid, prefix, strlen(prefix)) == 0 &&
			strlen(partitions->list[i].uuid) == strlen(prefix) + 2 &&
			partitions->list[i].start == start)
			return xstrdup(partitions->list[i].id);
	return NULL;
}

static struct json_object *make_database(const struct windows_names *names)
{
	struct json_object *database = database_new();

	for (size_t i = 0; i < names->count; i++) {
		const struct windows_name *name = &names->list[i];

		if (!name->id)
			ctl_fail("cannot take '%s': %s", name->value, name->reason);
		else if (name->link)
			database_add_link(database, name->id, name->link);
		else
			json_object_object_add(database_add(database, name->id), "no_drive_letter",
				json_object_new_boolean(true));
	}
	return database;
}

int windows_import(const struct ctl *ctl, const char *path, struct json_object **ret_database)
{
	_cleanup_(windows_names_fini) struct windows_names names = { 0 };
	_cleanup_(partitions_fini) struct partitions partitions = { 0 };
	_cleanup_strbuf_ struct strbuf values = STRBUF_INIT;
	const struct windows_disks disks = { &partitions, find_guid, find_start };
	struct windows_value value;
	struct windows_room room;
	const uint8_t *data;
	size_t len;
	int r = hive_read(path, &values);

	if (r != CTL_OK)
		return r;
	partitions_load(ctl, &partitions);
	data = (const uint8_t *)strbuf_text(&values);
	len = values.len;
	while (windows_take(&data, &len, &room, &value))
		windows_names_add(&names, &value, &disks);
	if (len)
		return ctl_fail("cannot import %s: what was found in it is damaged", path);
	windows_names_finish(&names);
	*ret_database = make_database(&names);
	return CTL_OK;
}
