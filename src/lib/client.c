/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The structures of the binary interface for programs that want none of them.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf.h"
#include "mmfs/client.h"

#define FIRST_ROOM 16000     /* bytes for an answer: what one ioctl carries */
#define GROWTHS_MAX 32	     /* times that an answer may have become longer meanwhile */
#define NAME_MAX_BYTES 16384 /* of UTF-8: more is no name of anything */

/* A message under construction: a fixed part, and names behind it. */
struct message {
	uint8_t *data;
	size_t len;
	int error;
};

static void message_init(struct message *message, size_t fixed, size_t names)
{
	*message = (struct message){ .data = calloc(fixed + names * 2 * NAME_MAX_BYTES, 1) };
	message->len = fixed;
	message->error = message->data ? 0 : -ENOMEM;
}

static void put(struct message *message, size_t at, size_t value, size_t count)
{
	for (size_t i = 0; i < count; i++)
		message->data[at + i] = (uint8_t)(value >> (8 * i));
}

static bool is_utf8(const char *text, size_t len)
{
	size_t n;

	for (; len; text += n, len -= n) {
		n = utf8_sequence_len(text, len);
		if (n == 0)
			return false;
	}
	return true;
}

/* Adds a name in UTF-16; returns its bytes. */
static size_t add_name(struct message *message, const char *text)
{
	size_t len = text ? strlen(text) : 0, size;

	if (message->error || !len)
		return 0;
	if (len > NAME_MAX_BYTES || !is_utf8(text, len)) {
		message->error = -EINVAL;
		return 0;
	}
	size = utf16_from_utf8(text, len, message->data + message->len);
	message->len += size;
	return size;
}

static size_t add_bytes(struct message *message, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	if (message->error || !len)
		return 0;
	if (len > NAME_MAX_BYTES) {
		message->error = -EINVAL;
		return 0;
	}
	memcpy(message->data + message->len, text, len);
	message->len += len + len % 2;
	return len;
}

static void put_member(struct message *message, size_t at, size_t start, size_t len)
{
	if (message->error || !len)
		return;
	put(message, at, start, 4);
	put(message, at + 4, len, 2);
}

/* Sends the message, and frees it. */
static int send_message(int fd, uint32_t code, struct message *message, void *out, uint32_t room)
{
	int r = message->error;

	if (r == 0)
		r = mmfs_device_io_control(
			fd, code, message->data, (uint32_t)message->len, out, room, NULL, NULL);
	free(message->data);
	message->data = NULL;
	return r;
}

/*
 * The same for an answer of any length, which begins with its own: stores memory of malloc(3), and
 * more than the answer's length by `head`.
 */
static int exchange(int fd, uint32_t code, struct message *message, size_t head, uint8_t **ret_out)
{
	uint32_t room = FIRST_ROOM, size;
	uint8_t *out = NULL, *larger;
	int r = message->error ? message->error : -EOVERFLOW;

	for (int i = 0; i < GROWTHS_MAX && r == -EOVERFLOW; i++) {
		larger = realloc(out, room);
		if (!larger) {
			r = -ENOMEM;
			break;
		}
		out = larger;
		r = mmfs_device_io_control(
			fd, code, message->data, (uint32_t)message->len, out, room, NULL, NULL);
		if (r != -EOVERFLOW)
			break;
		memcpy(&size, out, sizeof(size));
		room = size < UINT32_MAX / 2 ? (uint32_t)(size + head + size / 8) : size;
	}
	free(message->data);
	message->data = NULL;
	if (r == 0)
		*ret_out = out;
	else
		free(out);
	return r;
}

static uint32_t get32(const uint8_t *data)
{
	return data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
}

/* One member of a triple in an answer of `size` bytes. */
struct member {
	const uint8_t *data;
	size_t len;
};

static int get_member(const uint8_t *out, size_t at, struct member *ret_member)
{
	uint64_t size = get32(out), offset = get32(out + at), len = out[at + 4] | out[at + 5] << 8;

	if (offset + len > size)
		return -EPROTO;
	*ret_member = (struct member){ out + offset, len };
	return 0;
}

static const struct {
	const char *theirs, *ours;
} folders[] = {
	{ "\\DosDevices\\", "/DosDevices/" },
	{ "\\??\\", "/Volumes/" },
};

/* Bytes of the name in UTF-8 at most, with its folder and its NUL. */
static size_t get_name_max(const struct member *member)
{
	return member->len * 3 / 2 + 8;
}

/* Writes the name to `*to` and moves that on. */
static const char *take_name(const struct member *member, bool is_link, char **to)
{
	char *start = *to;
	ssize_t len = utf16_to_utf8(member->data, member->len, start);

	if (len < 0)
		len = 0;
	start[len] = '\0';
	for (size_t i = 0; is_link && i < sizeof(folders) / sizeof(folders[0]); i++) {
		size_t theirs = strlen(folders[i].theirs), ours = strlen(folders[i].ours);

		if (strncmp(start, folders[i].theirs, theirs) != 0)
			continue;
		memmove(start + ours, start + theirs, (size_t)len - theirs + 1);
		memcpy(start, folders[i].ours, ours);
		len += (ssize_t)(ours - theirs);
		break;
	}
	*to = start + len + 1;
	return start;
}

static const char *take_id(const struct member *member, char **to)
{
	char *start = *to;

	memcpy(start, member->data, member->len);
	start[member->len] = '\0';
	*to = start + member->len + 1;
	return start;
}

/* Finds that the answer is sound, and how much memory it takes as an array. */
static int measure_points(const uint8_t *out, size_t *ret_size)
{
	size_t count = get32(out + 4), size = get32(out);
	struct member member;
	int r;

	if (size < 8 || count > (size - 8) / 24)
		return -EPROTO;
	*ret_size = count * sizeof(struct mmfs_point) + 1;
	for (size_t i = 0; i < 3 * count; i++) {
		r = get_member(out, 8 + 8 * i, &member);
		if (r < 0)
			return r;
		*ret_size += get_name_max(&member);
	}
	return 0;
}

/* An array in one piece of memory, of the answer. */
static int take_points(const uint8_t *out, struct mmfs_point **ret_points, size_t *ret_count)
{
	size_t count = get32(out + 4), size;
	struct mmfs_point *points;
	struct member member[3];
	char *to;
	int r = measure_points(out, &size);

	if (r < 0)
		return r;
	points = malloc(size);
	if (!points)
		return -ENOMEM;
	to = (char *)(points + count);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < 3; j++)
			get_member(out, 8 + 24 * i + 8 * j, &member[j]);
		points[i].link = take_name(&member[0], true, &to);
		points[i].id = take_id(&member[1], &to);
		points[i].device = take_name(&member[2], false, &to);
	}
	*ret_points = points;
	*ret_count = count;
	return 0;
}

static int ask_points(int fd, uint32_t code, const struct mmfs_point *like,
	struct mmfs_point **ret_points, size_t *ret_count)
{
	static const struct mmfs_point all;
	struct message message;
	uint8_t *out;
	size_t at;
	int r;

	like = like ? like : &all;
	message_init(&message, sizeof(MOUNTMGR_MOUNT_POINT), 3);
	at = message.len;
	put_member(&message, 0, at, add_name(&message, like->link));
	at = message.len;
	put_member(&message, 8, at, add_bytes(&message, like->id));
	at = message.len;
	put_member(&message, 16, at, add_name(&message, like->device));
	r = exchange(fd, code, &message, 0, &out);
	if (r < 0)
		return r;
	if (ret_points)
		r = take_points(out, ret_points, ret_count);
	free(out);
	return r;
}

static bool is_empty(const char *text)
{
	return !text || !*text;
}

int mmfs_query_points(
	int fd, const struct mmfs_point *like, struct mmfs_point **ret_points, size_t *ret_count)
{
	return ask_points(fd, IOCTL_MOUNTMGR_QUERY_POINTS, like, ret_points, ret_count);
}

int mmfs_delete_points(
	int fd, const struct mmfs_point *like, struct mmfs_point **ret_points, size_t *ret_count)
{
	if (!like || (is_empty(like->link) && is_empty(like->id) && is_empty(like->device)))
		return -EINVAL;
	return ask_points(fd, IOCTL_MOUNTMGR_DELETE_POINTS, like, ret_points, ret_count);
}

int mmfs_create_point(int fd, const char *link, const char *volume)
{
	struct message message;
	size_t at, len;

	message_init(&message, sizeof(MOUNTMGR_CREATE_POINT_INPUT), 2);
	at = message.len;
	len = add_name(&message, link);
	if (!message.error) {
		put(&message, 0, at, 2);
		put(&message, 2, len, 2);
	}
	at = message.len;
	len = add_name(&message, volume);
	if (!message.error) {
		put(&message, 4, at, 2);
		put(&message, 6, len, 2);
	}
	return send_message(fd, IOCTL_MOUNTMGR_CREATE_POINT, &message, NULL, 0);
}

static void message_init_target(struct message *message, const char *volume)
{
	size_t len;

	message_init(message, 2, 1);
	len = add_name(message, volume);
	if (message->error)
		return;
	put(message, 0, len, 2);
	if (message->len < sizeof(MOUNTMGR_TARGET_NAME))
		message->len = sizeof(MOUNTMGR_TARGET_NAME);
}

int mmfs_next_drive_letter(int fd, const char *volume, char *ret_letter)
{
	MOUNTMGR_DRIVE_LETTER_INFORMATION information;
	struct message message;
	int r;

	message_init_target(&message, volume);
	r = send_message(
		fd, IOCTL_MOUNTMGR_NEXT_DRIVE_LETTER, &message, &information, sizeof(information));
	if (r == 0)
		*ret_letter = (char)information.CurrentDriveLetter;
	return r;
}

int mmfs_query_paths(int fd, const char *volume, char **ret_paths)
{
	struct message message;
	uint8_t *out;
	ssize_t len;
	char *paths;
	int r;

	message_init_target(&message, volume);
	r = exchange(fd, IOCTL_MOUNTMGR_QUERY_DOS_VOLUME_PATHS, &message, 4, &out);
	if (r < 0)
		return r;
	len = utf16_to_utf8(out + 4, get32(out), NULL);
	paths = len < 0 ? NULL : malloc((size_t)len + 1);
	r = len < 0 ? -EPROTO : paths ? 0 : -ENOMEM;
	if (r == 0) {
		utf16_to_utf8(out + 4, get32(out), paths);
		*ret_paths = paths;
	}
	free(out);
	return r;
}

int mmfs_wait_change(int fd, uint32_t *epic)
{
	MOUNTMGR_CHANGE_NOTIFY_INFO info = { *epic };
	int r = mmfs_device_io_control(fd, IOCTL_MOUNTMGR_CHANGE_NOTIFY, &info, sizeof(info), &info,
		sizeof(info), NULL, NULL);

	if (r == 0)
		*epic = info.EpicNumber;
	return r;
}
