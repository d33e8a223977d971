/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The structures of the binary interface, to requests and from replies: see mmfs/mountmgr.h for
 * what they mean.
 *
 * Inputs are hostile: every offset and length is checked in 64 bits before it is used, and bytes
 * are read one by one, whatever the alignment. What comes out is a request as the control files
 * make it, so that one set of rules decides both; what it may say is what a line may say, too.
 */

#include <errno.h>
#include <string.h>

#include "base/nt_status.h"
#include "core/syntax/unique_id.h"
#include "core/syntax/wire.h"

#define VOLUME_PREFIX "\\??\\"	     /* of links in lists */
#define VOLUME_PATH_PREFIX "\\\\?\\" /* of a volume name that stands for a path */
#define DOS_DEVICES_PREFIX "\\DosDevices\\"

static int input_fail(const struct wire_input *in, int error, const char *why)
{
	strbuf_add_text(in->why, why);
	return error;
}

static uint32_t get16(const struct wire_input *in, size_t at)
{
	return in->data[at] | (uint32_t)in->data[at + 1] << 8;
}

static uint32_t get32(const struct wire_input *in, size_t at)
{
	return get16(in, at) | get16(in, at + 2) << 16;
}

/* Where a string or an ID lies, as the input says. */
struct part {
	uint64_t offset;
	uint64_t len;
};

static bool part_is_inside(const struct part *part, const struct wire_input *in)
{
	return part->offset + part->len <= in->len;
}

/* What a line of the control files could not have either: see request.c. */
static int check_name(const struct wire_input *in, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 && text[i] != '\t')
			return input_fail(in, -ENOENT, "a name cannot contain control characters");
	return 0;
}

/* -EINVAL: the input is wrong; -ENOENT: it is not, but nothing is called so. */
static int get_name(const struct wire_input *in, const struct part *part, char **ret_text)
{
	_cleanup_free_ char *text = NULL;
	ssize_t len;
	int r;

	if (!part_is_inside(part, in))
		return input_fail(in, -EINVAL, "a name ends behind the input");
	if (part->len & 1)
		return input_fail(in, -EINVAL, "a name has an odd number of bytes");
	len = utf16_to_utf8(in->data + part->offset, part->len, NULL);
	if (len < 0)
		return input_fail(in, -ENOENT, "a name is not UTF-16");
	if (len > REQUEST_MAX)
		return input_fail(in, -ENOENT, "a name has at most 4095 bytes of UTF-8");
	text = xcalloc((size_t)len + 1, 1);
	utf16_to_utf8(in->data + part->offset, part->len, text);
	r = check_name(in, text, (size_t)len);
	if (r == 0)
		*ret_text = steal_ptr(text);
	return r;
}

static bool is_full_path(const char *text)
{
	return *text == '\\' || *text == '/';
}

/* Of a link that is to be made. */
static int get_new_link(
	const struct wire_input *in, const struct part *part, struct request *request)
{
	_cleanup_free_ char *text = NULL;
	const char *fault = "a link is given with its full path";
	int r = get_name(in, part, &text);

	if (r < 0)
		return -EINVAL;
	if (!is_full_path(text) || link_name_parse(text, strlen(text), &request->link, &fault) < 0)
		return input_fail(in, -EINVAL, fault);
	request->given |= KEY_BIT(KEY_LINK);
	return 0;
}

/*
 * Of a link that is looked for. No text is wrong for that; it may be none that a link could have.
 */
static int get_link(const struct wire_input *in, const struct part *part, struct request *request)
{
	_cleanup_free_ char *text = NULL;
	const char *fault = "a link is given with its full path";
	int r = get_name(in, part, &text);

	if (r < 0)
		return r;
	if (!is_full_path(text) ||
		link_name_parse_sought(text, strlen(text), &request->link, &fault) < 0)
		return input_fail(in, -ENOENT, fault);
	request->given |= KEY_BIT(KEY_LINK);
	return 0;
}

/* `unknown` is the error for a name that no volume could have. */
static int get_device(
	const struct wire_input *in, const struct part *part, int unknown, struct request *request)
{
	_cleanup_free_ char *text = NULL;
	int r = get_name(in, part, &text);

	if (r == -ENOENT)
		return unknown;
	if (r == 0 && volume_ref_parse(text, &request->device, in->why) < 0)
		return *text ? unknown : -EINVAL;
	if (r == 0)
		request->given |= KEY_BIT(KEY_DEVICE);
	return r;
}

static int get_id(const struct wire_input *in, const struct part *part, struct request *request)
{
	_cleanup_free_ char *text = NULL;

	if (!part_is_inside(part, in))
		return input_fail(in, -EINVAL, "the unique ID ends behind the input");
	text = xstrndup((const char *)in->data + part->offset, part->len);
	if (strlen(text) != part->len || !unique_id_is_valid(text))
		return input_fail(in, -EINVAL, "no volume can have such a unique ID");
	request->id = steal_ptr(text);
	request->given |= KEY_BIT(KEY_ID);
	return 0;
}

static int decode_create_point(const struct wire_input *in, struct request *request)
{
	struct part link = { get16(in, 0), get16(in, 2) }, device = { get16(in, 4), get16(in, 6) };
	int r = get_new_link(in, &link, request);

	return r < 0 ? r : get_device(in, &device, -ENOENT, request);
}

static int get_source(const struct wire_input *in, const struct part *part, struct request *request)
{
	_cleanup_free_ char *text = NULL;

	if (get_name(in, part, &text) < 0 || request_parse_source(text, request, in->why) < 0)
		return -EINVAL;
	request->given = KEY_BIT(KEY_SOURCE);
	return 0;
}

/* A directory, and the volume by any of its names. */
static int decode_mount_folder(const struct wire_input *in, struct request *request)
{
	struct part source = { get16(in, 0), get16(in, 2) },
		    target = { get16(in, 4), get16(in, 6) };
	int r = get_source(in, &source, request);

	if (r == 0)
		r = get_device(in, &target, -ENOENT, request);
	request->given = KEY_BIT(KEY_SOURCE) | KEY_BIT(KEY_TARGET);
	return r;
}

/* The same; who wants to be rid of a mount point need not know of what. */
static int decode_unmount_folder(const struct wire_input *in, struct request *request)
{
	struct part source = { get16(in, 0), get16(in, 2) };

	return get16(in, 6) ? decode_mount_folder(in, request) : get_source(in, &source, request);
}

static struct part get_member(const struct wire_input *in, size_t at)
{
	return (struct part){ get32(in, at), get16(in, at + 4) };
}

static bool is_given(const struct part *part)
{
	return part->offset && part->len;
}

static int decode_mount_point(const struct wire_input *in, struct request *request)
{
	struct part link = get_member(in, 0), id = get_member(in, 8), device = get_member(in, 16);
	int r = 0, found = 0;

	if ((link.offset | id.offset | device.offset) & 1) /* of what is not given, too */
		return input_fail(in, -EINVAL, "a string is at an odd address");
	if (link.len + id.len + device.len > in->len)
		return input_fail(in, -EINVAL, "the strings are longer than the input");
	if (is_given(&link))
		found = get_link(in, &link, request);
	if (found == -EINVAL)
		return found;
	if (is_given(&id))
		r = get_id(in, &id, request);
	if (r == 0 && is_given(&device))
		r = get_device(in, &device, -EINVAL, request);
	return r < 0 ? r : found;
}

static int decode_delete(const struct wire_input *in, struct request *request)
{
	int r = decode_mount_point(in, request);

	if (r == 0 && !request->given)
		request->given = KEY_BIT(KEY_ALL);
	return r;
}

static int decode_target(const struct wire_input *in, struct request *request)
{
	return get_device(in, &(struct part){ 2, get16(in, 0) }, -ENOENT, request);
}

static int decode_state(const struct wire_input *in, struct request *request)
{
	request->is_on = get32(in, 0) != 0;
	request->given = KEY_BIT(KEY_STATE);
	return 0;
}

static int decode_epic(const struct wire_input *in, struct request *request)
{
	request->epic = get32(in, 0);
	request->given = KEY_BIT(KEY_EPIC);
	return 0;
}

int wire_join(const uint8_t *data, size_t size, uint8_t *input, size_t len)
{
	struct mmfs_piece piece;
	size_t at = 0;

	while (size - at >= sizeof(piece)) {
		memcpy(&piece, data + at, sizeof(piece));
		at += sizeof(piece);
		if (!piece.len)
			return 0;
		if (piece.len > size - at || piece.offset > len || piece.len > len - piece.offset)
			return -EINVAL;
		memcpy(input + piece.offset, data + at, piece.len);
		at += piece.len;
	}
	return 0;
}

static void add16(struct strbuf *output, uint32_t value)
{
	strbuf_add(output, (uint8_t[]){ (uint8_t)value, (uint8_t)(value >> 8) }, 2);
}

static void add32(struct strbuf *output, uint32_t value)
{
	add16(output, value);
	add16(output, value >> 16);
}

static void put32(struct strbuf *output, size_t at, uint32_t value)
{
	for (size_t i = 0; i < 4; i++)
		output->data[at + i] = (char)(value >> (8 * i));
}

static size_t add_name(struct strbuf *output, const char *prefix, const char *text)
{
	size_t len = strlen(text), skip = strlen(prefix), start = output->len;
	_cleanup_free_ uint8_t *units = xcalloc(skip + len + 1, 2);
	size_t size = utf16_from_utf8(prefix, skip, units);

	size += utf16_from_utf8(text, len, units + size);
	strbuf_add(output, units, size);
	return output->len - start;
}

static size_t add_link(struct strbuf *output, const char *path)
{
	return add_name(output, link_name_is_volume(path) ? VOLUME_PREFIX : DOS_DEVICES_PREFIX,
		link_name_get_base(path));
}

/* One member of a triple: says in the array where its bytes, added last to the output, are. */
static int put_member(struct strbuf *output, size_t at, size_t len)
{
	size_t offset = output->len - len;

	if (len > UINT16_MAX || output->len > UINT32_MAX - 1)
		return -ENOMEM;
	put32(output, at, len ? (uint32_t)offset : 0); /* of what is not there, as in an input */
	put32(output, at + 4, (uint32_t)len);
	if (output->len & 1)
		strbuf_add_char(output, 0);
	return 0;
}

static int encode_points(const struct reply *reply, struct strbuf *output)
{
	size_t head = offsetof(MOUNTMGR_MOUNT_POINTS, MountPoints), at = 0;
	/*
	 * No list is shorter than the least room there must be: who asks again has just its size.
	 */
	size_t element = head, triples = reply->triples ? reply->triples : 1;
	struct reply_item item;
	int r = 0;

	for (size_t i = 0; i < head + triples * sizeof(MOUNTMGR_MOUNT_POINT); i += 8)
		strbuf_add(output, (uint8_t[8]){ 0 }, 8);
	while (r == 0 && reply_next(reply, &at, &item)) {
		r = put_member(output, element, add_link(output, item.link));
		strbuf_add_text(output, item.id);
		if (r == 0)
			r = put_member(output, element + 8, strlen(item.id));
		if (r == 0)
			r = put_member(output, element + 16, add_name(output, "", item.node));
		element += sizeof(MOUNTMGR_MOUNT_POINT);
	}
	put32(output, 0, (uint32_t)output->len);
	put32(output, 4, (uint32_t)reply->triples);
	return r;
}

static int encode_letter(const struct reply *reply, struct strbuf *output)
{
	struct reply_item item = { 0 };
	size_t at = 0;

	reply_next(reply, &at, &item);
	strbuf_add_char(output, item.is_new);
	strbuf_add_char(output, item.letter);
	return 0;
}

static int encode_paths(const struct reply *reply, struct strbuf *output)
{
	struct reply_item item;
	size_t at = 0;

	add32(output, 0);
	while (reply_next(reply, &at, &item)) {
		if (item.kind == ITEM_VOLUME_PATH)
			add_name(output, VOLUME_PATH_PREFIX, link_name_get_base(item.path));
		else
			add_name(output, "", item.path);
		add16(output, 0);
	}
	add16(output, 0);
	if (output->len > UINT32_MAX)
		return -ENOMEM;
	put32(output, 0, (uint32_t)output->len - 4);
	return 0;
}

static int encode_number(const struct reply *reply, struct strbuf *output)
{
	add32(output, reply->number);
	return 0;
}

/* The one item of what a volume says of itself. */
static struct reply_item get_volume(const struct reply *reply)
{
	struct reply_item item = { .id = "", .node = "", .link = "", .path = "" };
	size_t at = 0;

	reply_next(reply, &at, &item);
	return item;
}

/* Text behind its length in 16 bits, which is added at first as 0. */
static int put_length(struct strbuf *output, size_t at)
{
	size_t len = output->len - at - 2;

	if (len > UINT16_MAX)
		return -ENOMEM;
	output->data[at] = (char)len;
	output->data[at + 1] = (char)(len >> 8);
	return 0;
}

static int encode_unique_id(const struct reply *reply, struct strbuf *output)
{
	add16(output, 0);
	strbuf_add_text(output, get_volume(reply).id);
	return put_length(output, 0);
}

static int encode_device_name(const struct reply *reply, struct strbuf *output)
{
	add16(output, 0);
	add_name(output, "", get_volume(reply).node);
	return put_length(output, 0);
}

/* A label is taken for a link only where a volume has none that somebody chose. */
static int encode_suggested_link(const struct reply *reply, struct strbuf *output)
{
	const char *path = get_volume(reply).path;

	if (!*path)
		return -ENOENT;
	add16(output, 1);
	add16(output, 0);
	add_link(output, path);
	return put_length(output, 2);
}

/* The first three members of a GUID are numbers, little endian. */
static int encode_stable_guid(const struct reply *reply, struct strbuf *output)
{
	static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
	uint8_t guid[16];

	if (!link_name_get_guid(get_volume(reply).link, guid))
		return -ENOENT;
	for (size_t i = 0; i < sizeof(guid); i++)
		strbuf_add_char(output, (char)guid[order[i]]);
	return 0;
}

#define CODE(name) IOCTL_MOUNTMGR_##name, #name
#define POINT_IN sizeof(MOUNTMGR_MOUNT_POINT)
#define TARGET_IN sizeof(MOUNTMGR_TARGET_NAME)
#define FOLDER_IN sizeof(MOUNTMGR_VOLUME_MOUNT_POINT)
#define PATHS_HEADER offsetof(MOUNTMGR_VOLUME_PATHS, MultiSz)

#define NAME_HEADER sizeof(MOUNTDEV_NAME)
#define SUGGESTED_HEADER sizeof(MOUNTDEV_SUGGESTED_LINK_NAME)

static const struct wire_code codes[] = {
	{ CODE(CREATE_POINT), OP_CREATE_POINT, false, sizeof(MOUNTMGR_CREATE_POINT_INPUT), 0,
		decode_create_point, NULL, 0 },
	{ CODE(DELETE_POINTS), OP_DELETE_POINTS, false, POINT_IN, sizeof(MOUNTMGR_MOUNT_POINTS),
		decode_delete, encode_points, 8 },
	{ CODE(QUERY_POINTS), OP_QUERY_POINTS, false, POINT_IN, sizeof(MOUNTMGR_MOUNT_POINTS),
		decode_mount_point, encode_points, 8 },
	{ CODE(DELETE_POINTS_DBONLY), OP_DELETE_POINTS_DBONLY, false, POINT_IN,
		sizeof(MOUNTMGR_MOUNT_POINTS), decode_delete, encode_points, 8 },
	{ CODE(NEXT_DRIVE_LETTER), OP_NEXT_DRIVE_LETTER, false, TARGET_IN,
		sizeof(MOUNTMGR_DRIVE_LETTER_INFORMATION), decode_target, encode_letter, 0 },
	{ CODE(AUTO_DL_ASSIGNMENTS), OP_AUTO_DL_ASSIGNMENTS, false, 0, 0, NULL, NULL, 0 },
	{ CODE(VOLUME_MOUNT_POINT_CREATED), OP_VOLUME_MOUNT_POINT_CREATED, false, FOLDER_IN, 0,
		decode_mount_folder, NULL, 0 },
	{ CODE(VOLUME_MOUNT_POINT_DELETED), OP_VOLUME_MOUNT_POINT_DELETED, false, FOLDER_IN, 0,
		decode_unmount_folder, NULL, 0 },
	{ CODE(CHANGE_NOTIFY), OP_CHANGE_NOTIFY, false, sizeof(MOUNTMGR_CHANGE_NOTIFY_INFO),
		sizeof(MOUNTMGR_CHANGE_NOTIFY_INFO), decode_epic, encode_number, 0 },
	{ CODE(KEEP_LINKS_WHEN_OFFLINE), OP_KEEP_LINKS_WHEN_OFFLINE, false, TARGET_IN, 0,
		decode_target, NULL, 0 },
	{ CODE(CHECK_UNPROCESSED_VOLUMES), OP_CHECK_UNPROCESSED_VOLUMES, false, 0, 0, NULL, NULL,
		0 },
	{ CODE(VOLUME_ARRIVAL_NOTIFICATION), OP_VOLUME_ARRIVAL_NOTIFICATION, false, TARGET_IN, 0,
		decode_target, NULL, 0 },
	{ CODE(PREPARE_VOLUME_DELETE), OP_PREPARE_VOLUME_DELETE, false, TARGET_IN, 0, decode_target,
		NULL, 0 },
	{ CODE(CANCEL_VOLUME_DELETE), OP_CANCEL_VOLUME_DELETE, false, TARGET_IN, 0, decode_target,
		NULL, 0 },
	{ CODE(VOLUME_REMOVAL_NOTIFICATION), OP_VOLUME_REMOVAL_NOTIFICATION, false, TARGET_IN, 0,
		decode_target, NULL, 0 },
	{ CODE(QUERY_DOS_VOLUME_PATH), OP_QUERY_DOS_VOLUME_PATH, false, TARGET_IN, PATHS_HEADER,
		decode_target, encode_paths, PATHS_HEADER },
	{ CODE(QUERY_DOS_VOLUME_PATHS), OP_QUERY_DOS_VOLUME_PATHS, false, TARGET_IN, PATHS_HEADER,
		decode_target, encode_paths, PATHS_HEADER },
	{ CODE(SCRUB_REGISTRY), OP_SCRUB_REGISTRY, false, 0, 0, NULL, NULL, 0 },
	{ CODE(QUERY_AUTO_MOUNT), OP_AUTO_MOUNT, true, 0, sizeof(MOUNTMGR_QUERY_AUTO_MOUNT), NULL,
		encode_number, 0 },
	{ IOCTL_MMFS_QUERY_UNIQUE_ID, "QUERY_UNIQUE_ID", OP_QUERY_VOLUME, false, TARGET_IN,
		NAME_HEADER, decode_target, encode_unique_id, NAME_HEADER },
	{ IOCTL_MMFS_QUERY_DEVICE_NAME, "QUERY_DEVICE_NAME", OP_QUERY_VOLUME, false, TARGET_IN,
		NAME_HEADER, decode_target, encode_device_name, NAME_HEADER },
	{ IOCTL_MMFS_QUERY_SUGGESTED_LINK_NAME, "QUERY_SUGGESTED_LINK_NAME", OP_QUERY_VOLUME, false,
		TARGET_IN, SUGGESTED_HEADER, decode_target, encode_suggested_link,
		SUGGESTED_HEADER },
	{ IOCTL_MMFS_QUERY_STABLE_GUID, "QUERY_STABLE_GUID", OP_QUERY_VOLUME, false, TARGET_IN,
		sizeof(MOUNTDEV_STABLE_GUID), decode_target, encode_stable_guid, 0 },
	{ CODE(SET_AUTO_MOUNT), OP_AUTO_MOUNT, false, sizeof(MOUNTMGR_SET_AUTO_MOUNT), 0,
		decode_state, NULL, 0 },
};

const struct wire_code *wire_find_code(uint32_t code)
{
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i].code == code)
			return &codes[i];
	return NULL;
}

unsigned int wire_get_access(const struct wire_code *code)
{
	bool changes = operation_find(code->operation)->flags & OPERATION_CHANGES;

	return MMFS_CTL_ACCESS(code->code) |
		(changes && !code->is_shown ? MMFS_ACCESS_WRITE : MMFS_ACCESS_ANY);
}

int wire_decode(const struct wire_code *code, const struct wire_input *in, size_t room,
	struct request *ret_request)
{
	struct request request = {
		.operation = operation_find(code->operation),
		.is_on = true,
		.is_kept = true,
	};
	int r = 0;

	if (in->len < code->in_min)
		return input_fail(in, -EINVAL, "the input is too short");
	if (room < code->out_min)
		return input_fail(in, -EINVAL, "there is no room for an output");
	if (code->decode)
		r = code->decode(in, &request);
	if (r < 0)
		request_fini(&request);
	else
		*ret_request = request;
	return r;
}

uint32_t wire_get_status(const struct reply *reply, int error)
{
	if (error == -ENOENT && (reply->is_nameless || reply->items.len))
		return (uint32_t)STATUS_NOT_FOUND; /* the volume is known, and has no such thing */
	return nt_status_from_errno(-error);
}

int wire_encode(const struct wire_code *code, const struct reply *reply, size_t room,
	struct strbuf *ret_output)
{
	int r = code->encode ? code->encode(reply, ret_output) : 0;

	if (r < 0 || ret_output->len <= room)
		return r;
	ret_output->len = code->header;
	return -EOVERFLOW;
}
