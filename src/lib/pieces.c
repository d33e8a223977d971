/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which parts of an input mean something. The server is the judge of them: it gets the structure as
 * it is, and of each string in it, wherever that lies, as much as there can be of one that names
 * anything. A longer one names nothing, and that it still does when it goes on with zeros.
 */

#include <string.h>

#include "lib/pieces.h"

#define LINK_MAX_BYTES 1024 /* a link has less, in UTF-16 */
#define ID_MAX_BYTES 1024
#define NAME_MAX_BYTES 8192 /* 4095 bytes of UTF-8, in UTF-16 */

/* One string: where the structure says its offset and its length. */
struct string {
	uint8_t offset_at; /* 4 bytes; NOWHERE: it lies behind its length */
	uint8_t len_at;
	uint16_t max;
};

#define NOWHERE 255
#define STRINGS_MAX 3

static const struct shape {
	uint32_t code;
	size_t size; /* of the structure */
	struct string strings[STRINGS_MAX];
} shapes[] = {
	{ IOCTL_MOUNTMGR_QUERY_POINTS, sizeof(MOUNTMGR_MOUNT_POINT),
		{ { 0, 4, LINK_MAX_BYTES }, { 8, 12, ID_MAX_BYTES }, { 16, 20, NAME_MAX_BYTES } } },
	{ IOCTL_MOUNTMGR_QUERY_DOS_VOLUME_PATH, 2, { { NOWHERE, 0, NAME_MAX_BYTES } } },
	{ IOCTL_MOUNTMGR_QUERY_DOS_VOLUME_PATHS, 2, { { NOWHERE, 0, NAME_MAX_BYTES } } },
	{ IOCTL_MOUNTMGR_VOLUME_ARRIVAL_NOTIFICATION, 2, { { NOWHERE, 0, NAME_MAX_BYTES } } },
	{ IOCTL_MOUNTMGR_VOLUME_REMOVAL_NOTIFICATION, 2, { { NOWHERE, 0, NAME_MAX_BYTES } } },
	{ IOCTL_MMFS_QUERY_UNIQUE_ID, 2, { { NOWHERE, 0, NAME_MAX_BYTES } } },
	{ IOCTL_MMFS_QUERY_DEVICE_NAME, 2, { { NOWHERE, 0, NAME_MAX_BYTES } } },
	{ IOCTL_MMFS_QUERY_SUGGESTED_LINK_NAME, 2, { { NOWHERE, 0, NAME_MAX_BYTES } } },
	{ IOCTL_MMFS_QUERY_STABLE_GUID, 2, { { NOWHERE, 0, NAME_MAX_BYTES } } },
	{ IOCTL_MOUNTMGR_CHANGE_NOTIFY, sizeof(MOUNTMGR_CHANGE_NOTIFY_INFO), { { 0, 0, 0 } } },
};

/* What is gathered. */
struct pieces {
	const uint8_t *in;
	uint32_t in_len;
	struct mmfs_carrier_16k *carrier;
	size_t used;
};

static uint32_t get(const uint8_t *data, size_t count)
{
	uint32_t value = 0;

	while (count-- > 0)
		value = value << 8 | data[count];
	return value;
}

static void add(struct pieces *pieces, uint32_t offset, uint32_t len)
{
	struct mmfs_piece piece = { offset, len };
	uint8_t *to = pieces->carrier->data + pieces->used;

	if (offset >= pieces->in_len || !len)
		return; /* the server sees that from the structure */
	if (piece.len > pieces->in_len - offset)
		piece.len = pieces->in_len - offset;
	memcpy(to, &piece, sizeof(piece));
	memcpy(to + sizeof(piece), pieces->in + offset, piece.len);
	pieces->used += sizeof(piece) + piece.len;
}

static void add_string(struct pieces *pieces, const struct string *string)
{
	uint32_t len = get(pieces->in + string->len_at, 2);
	uint32_t offset = string->offset_at == NOWHERE ? 2 : get(pieces->in + string->offset_at, 4);

	add(pieces, offset, len < string->max ? len : string->max);
}

void pieces_add_input(
	uint32_t code, const void *in, uint32_t in_len, struct mmfs_carrier_16k *carrier)
{
	struct pieces pieces = { .in = in, .in_len = in_len, .carrier = carrier };

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (shapes[i].code != code)
			continue;
		add(&pieces, 0, (uint32_t)shapes[i].size);
		for (size_t j = 0; j < STRINGS_MAX && shapes[i].strings[j].max; j++)
			add_string(&pieces, &shapes[i].strings[j]);
	}
}
