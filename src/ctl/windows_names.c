/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names that Windows keeps for volumes, in the MountedDevices key of its registry: what a value
 * of it means here. The name of a value is a link, or begins with '#' where a volume wants no drive
 * letter; its data is how Windows knows the volume, which is one of these:
 *
 *	"DMIO:ID:" and the GUID of a partition	of a disk with a GPT
 *	the signature of a disk and an offset	of a partition of a disk with an MBR
 *	the path of a device			of drives with removable media
 *
 * The first is a PARTUUID, also where the disk is absent. Of the second, the number of the
 * partition is missing to be one, so the disk must be here.
 */

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ctl/windows_names.h"

#define TYPE_BINARY 3 /* REG_BINARY */
#define GPT_PREFIX "DMIO:ID:"
#define GPT_LEN 24
#define DOS_LEN 12
#define OLD_ARRAY_LEN 8

static uint64_t get(const uint8_t *data, size_t count)
{
	uint64_t value = 0;

	while (count-- > 0)
		value = value << 8 | data[count];
	return value;
}

void windows_names_fini(struct windows_names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		free(names->list[i].value);
		free(names->list[i].link);
		free(names->list[i].id);
	}
	free(names->list);
	*names = (struct windows_names){ 0 };
}

/* The first three members of a GUID are numbers, little endian. */
static void format_guid(const uint8_t *data, char ret_guid[37])
{
	snprintf(ret_guid, 37, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		(unsigned int)get(data, 4), (unsigned int)get(data + 4, 2),
		(unsigned int)get(data + 6, 2), data[8], data[9], data[10], data[11], data[12],
		data[13], data[14], data[15]);
}

static char *find_gpt(const struct windows_value *value, const struct windows_disks *disks)
{
	char guid[37], *id;

	format_guid(value->data + strlen(GPT_PREFIX), guid);
	id = disks->find_guid(disks->data, guid);
	return id ? id : xasprintf("PARTUUID=%s", guid);
}

/* Text of UTF-16 that begins as paths of devices do. */
static bool is_device_path(const struct windows_value *value)
{
	static const char *const starts[] = { "_??_", "\\??\\", "\\\\?\\" };

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		size_t same = 0;

		while (value->data && value->len >= 8 && same < 4 &&
			get(value->data + 2 * same, 2) == (unsigned char)starts[i][same])
			same++;
		if (same == 4)
			return true;
	}
	return false;
}

/* The unique ID that the data stands for, or NULL and the reason. */
static char *find_volume(const struct windows_value *value, const struct windows_disks *disks,
	const char **ret_reason)
{
	char *id = NULL;

	if (value->type != TYPE_BINARY || !value->len) {
		*ret_reason = "it says nothing of a volume";
	} else if (value->len == GPT_LEN && value->data &&
		memcmp(value->data, GPT_PREFIX, strlen(GPT_PREFIX)) == 0) {
		id = find_gpt(value, disks);
	} else if (value->len == DOS_LEN && value->data) {
		id = disks->find_start(
			disks->data, (uint32_t)get(value->data, 4), get(value->data + 4, 8));
		*ret_reason = "no disk that is here has such a signature, and a partition there";
	} else if (value->len == OLD_ARRAY_LEN) {
		*ret_reason = "it is of an array of Windows NT 4";
	} else if (is_device_path(value)) {
		*ret_reason =
			"it is of a drive with removable media, which Windows knows by its model "
			"and place";
	} else {
		*ret_reason = "the volume is known by something that only Windows understands";
	}
	return id;
}

static char *find_link(const char *value, const char **ret_reason)
{
	struct link_name link;

	if (*value != '\\') {
		*ret_reason = "it is no name of a volume";
		return NULL;
	}
	if (link_name_parse(value, strlen(value), &link, ret_reason) < 0)
		return NULL;
	return xstrdup(link.path);
}

void windows_names_add(struct windows_names *names, const struct windows_value *value,
	const struct windows_disks *disks)
{
	bool is_mark = value->name[0] == '#';
	struct windows_name name = { 0 };

	if (!value->name[0])
		return; /* the default value, which means nothing */
	if (!is_mark)
		name.link = find_link(value->name, &name.reason);
	if (is_mark || name.link)
		name.id = find_volume(value, disks, &name.reason);
	if (name.id)
		name.reason = NULL;
	name.value = xstrdup(value->name);
	names->list = xgrow(names->list, names->count, sizeof(*names->list));
	names->list[names->count++] = name;
}

static void refuse(struct windows_name *name, const char *reason)
{
	free(name->id);
	name->id = NULL;
	name->reason = reason;
}

static bool is_letter(const struct windows_name *name)
{
	return name->link && link_name_is_letter(name->link);
}

/* By what they are of, then letters, other links, marks; by their names. */
static int compare(const void *a, const void *b)
{
	const struct windows_name *name_a = a, *name_b = b;
	int order = strcmp(name_a->id ? name_a->id : "", name_b->id ? name_b->id : "");

	if (order == 0)
		order = is_letter(name_b) - is_letter(name_a);
	if (order == 0)
		order = !name_a->link - !name_b->link;
	return order ? order : strcmp(name_a->value, name_b->value);
}

static bool has_link(const struct windows_names *names, size_t before, const char *link)
{
	for (size_t i = 0; i < before; i++)
		if (names->list[i].id && names->list[i].link &&
			strcasecmp(names->list[i].link, link) == 0)
			return true;
	return false;
}

void windows_names_finish(struct windows_names *names)
{
	const char *id = "", *lettered = "", *marked = "";

	if (names->count)
		qsort(names->list, names->count, sizeof(*names->list), compare);
	for (size_t i = 0; i < names->count; i++) {
		struct windows_name *name = &names->list[i];

		if (!name->id)
			continue;
		id = name->id;
		if (name->link && has_link(names, i, name->link))
			refuse(name, "it is there twice, in another spelling");
		else if (strcmp(lettered, id) == 0 && is_letter(name))
			refuse(name, "its volume has another drive letter");
		else if (strcmp(lettered, id) == 0 && !name->link)
			refuse(name, "its volume has a drive letter");
		else if (strcmp(marked, id) == 0 && !name->link)
			refuse(name, "its volume has such a mark already");
		else if (is_letter(name))
			lettered = id;
		else if (!name->link)
			marked = id;
	}
}

/* What is written of a value, before its name and its data. */
struct head {
	uint32_t name_len, type, len, has_data;
};

void windows_format(const struct windows_value *value, struct strbuf *ret_bytes)
{
	struct head head = { (uint32_t)strlen(value->name), value->type, (uint32_t)value->len,
		value->data != NULL };

	strbuf_add(ret_bytes, &head, sizeof(head));
	strbuf_add(ret_bytes, value->name, head.name_len);
	if (value->data)
		strbuf_add(ret_bytes, value->data, value->len);
}

bool windows_take(const uint8_t **data, size_t *len, struct windows_room *room,
	struct windows_value *ret_value)
{
	struct head head;
	size_t size;

	if (*len < sizeof(head))
		return false;
	memcpy(&head, *data, sizeof(head));
	if (head.name_len > WINDOWS_NAME_MAX || (head.has_data && head.len > WINDOWS_DATA_MAX))
		return false;
	size = sizeof(head) + head.name_len + (head.has_data ? head.len : 0);
	if (size > *len)
		return false;
	memcpy(room->name, *data + sizeof(head), head.name_len);
	room->name[head.name_len] = '\0';
	if (head.has_data)
		memcpy(room->data, *data + sizeof(head) + head.name_len, head.len);
	*ret_value = (struct windows_value){ room->name, head.type,
		head.has_data ? room->data : NULL, head.len };
	*data += size;
	*len -= size;
	return true;
}
