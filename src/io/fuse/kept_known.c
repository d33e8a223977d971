/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What devices are known to be, for the next server. */

#include <string.h>

#include "io/fuse/kept_known.h"

/* Texts follow, each with its NUL: those of the description that there are, and `former`. */
struct kept_device_known {
	uint64_t number;
	uint64_t diskseq;
	uint64_t size;
	uint64_t start;
	uint64_t partition_flags;
	uint32_t partition;
	uint32_t members;
	uint32_t texts; /* bit N: there is text N of the description */
	uint16_t flags; /* KNOWN_… */
	uint8_t attachment;
	uint8_t scheme; /* of its unique ID */
};

enum {
	KNOWN_REMOVABLE = 1 << 0,
	KNOWN_FABRIC = 1 << 1,
	KNOWN_READ_ONLY = 1 << 2,
	KNOWN_VIRTUAL = 1 << 3,
	KNOWN_BY_KERNEL = 1 << 4,
	KNOWN_SERIAL_VOID = 1 << 5,
	KNOWN_HELD = 1 << 6,
	KNOWN_COMPONENT = 1 << 7,
	KNOWN_PARTITIONS = 1 << 8,
	KNOWN_FOUNDER = 1 << 9,
	KNOWN_ID = 1 << 10,
	KNOWN_FORMER = 1 << 11,
	KNOWN_DISMISSED = 1 << 12,
};

static unsigned int get_flags(const struct device *device)
{
	return (device->is_removable ? KNOWN_REMOVABLE : 0) |
		(device->is_fabric ? KNOWN_FABRIC : 0) |
		(device->is_read_only ? KNOWN_READ_ONLY : 0) |
		(device->is_virtual ? KNOWN_VIRTUAL : 0) |
		(device->is_by_kernel ? KNOWN_BY_KERNEL : 0) |
		(device->is_serial_void ? KNOWN_SERIAL_VOID : 0) |
		(device->is_held ? KNOWN_HELD : 0) | (device->is_component ? KNOWN_COMPONENT : 0) |
		(device->has_partitions ? KNOWN_PARTITIONS : 0) |
		(device->is_founder ? KNOWN_FOUNDER : 0) | (device->id ? KNOWN_ID : 0) |
		(device->former ? KNOWN_FORMER : 0) | (device->had_names ? KNOWN_DISMISSED : 0);
}

static void set_flags(struct device *device, unsigned int flags)
{
	device->is_removable = flags & KNOWN_REMOVABLE;
	device->is_fabric = flags & KNOWN_FABRIC;
	device->is_read_only = flags & KNOWN_READ_ONLY;
	device->is_virtual = flags & KNOWN_VIRTUAL;
	device->is_by_kernel = flags & KNOWN_BY_KERNEL;
	device->is_serial_void = flags & KNOWN_SERIAL_VOID;
	device->is_held = flags & KNOWN_HELD;
	device->is_component = flags & KNOWN_COMPONENT;
	device->has_partitions = flags & KNOWN_PARTITIONS;
}

static enum id_scheme find_scheme(const struct device *device)
{
	for (size_t i = 0; i < device->identity_count; i++)
		if (is_same_text(device->identities[i].text, device->id))
			return device->identities[i].scheme;
	return ID_UUID;
}

static void format(const struct device *device, struct strbuf *bytes)
{
	struct kept_device_known head = {
		.number = device->number,
		.diskseq = device->diskseq,
		.size = device->size,
		.start = device->start,
		.partition_flags = device->partition_flags,
		.partition = device->partition,
		.members = device->members,
		.flags = (uint16_t)get_flags(device),
		.attachment = (uint8_t)device->attachment,
		.scheme = (uint8_t)find_scheme(device),
	};

	for (unsigned int i = 0; i < DEVICE_TEXTS; i++)
		head.texts |= *device_get_text(device, i) ? 1u << i : 0;
	strbuf_add(bytes, &head, sizeof(head));
	for (unsigned int i = 0; i < DEVICE_TEXTS; i++)
		if (head.texts & 1u << i)
			kept_notes_add_text(bytes, *device_get_text(device, i));
	if (device->former)
		kept_notes_add_text(bytes, device->former);
}

void kept_known_init(struct kept_notes *known, struct kept *kept)
{
	kept_notes_init(known, kept, KEPT_KNOWN, sizeof(struct kept_device_known));
}

void kept_known_note(struct kept_notes *known, const struct device *device, const char *name)
{
	_cleanup_strbuf_ struct strbuf bytes = STRBUF_INIT;

	if (device &&
		(device->id || device->former || device->had_names || device->kind == DEVICE_DISK ||
			device->kind == DEVICE_MEMBER))
		format(device, &bytes);
	kept_notes_put(known, name, &bytes);
}

/* False: the texts are not those that the head tells of. */
static bool take_texts(
	struct device *device, uint32_t texts, bool has_former, const char *at, const char *end)
{
	const char *text;

	for (unsigned int i = 0; i < DEVICE_TEXTS; i++) {
		if (!(texts & 1u << i))
			continue;
		text = kept_notes_take_text(&at, end);
		if (!text)
			return false;
		free(*device_get_text(device, i));
		*device_get_text(device, i) = xstrdup(text);
	}
	text = has_former ? kept_notes_take_text(&at, end) : NULL;
	device->former = text ? xstrdup(text) : NULL;
	return (text || !has_former) && at == end && *device->name && device->node;
}

static bool load(const struct kept *kept, uint32_t record, struct recalled *ret_recalled)
{
	const struct kept_device_known *head = kept_get(kept, record);
	size_t len = kept_get_len(kept, record);
	const char *at = (const char *)(head + 1), *end = (const char *)head + len;
	struct device *device;

	if (len < sizeof(*head) || head->attachment >= ATTACHMENTS || head->scheme >= ID_KINDS)
		return false;
	device = device_new("");
	device->number = head->number;
	device->diskseq = head->diskseq;
	device->size = head->size;
	device->start = head->start;
	device->partition_flags = head->partition_flags;
	device->partition = head->partition;
	device->members = head->members <= DEVICE_MEMBERS_MAX ? head->members : 0;
	device->attachment = (enum attachment)head->attachment;
	set_flags(device, head->flags);
	*ret_recalled = (struct recalled){
		.device = device,
		.had_id = head->flags & KNOWN_ID,
		.scheme = (enum id_scheme)head->scheme,
		.is_founder = head->flags & KNOWN_FOUNDER,
		.is_dismissed = head->flags & KNOWN_DISMISSED,
	};
	if (take_texts(device, head->texts, head->flags & KNOWN_FORMER, at, end))
		return true;
	device_free(device);
	return false;
}

size_t kept_known_load(const struct kept *kept, struct recalled **ret_list)
{
	struct recalled *list = NULL, recalled;
	size_t count = 0;

	for (uint32_t record = 0; (record = kept_next(kept, KEPT_KNOWN, record));) {
		if (!load(kept, record, &recalled))
			continue;
		list = xgrow(list, count, sizeof(*list));
		list[count++] = recalled;
	}
	*ret_list = list;
	return count;
}
