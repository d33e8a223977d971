/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The structures of the binary interface for programs that want none of them.
 *
 * Whoever may mount something may be the server. Of an output counts only what the call says was
 * written: an `answer` is that much memory, and each length that is found in it is held against it.
 * All numbers of the interface are little-endian, whatever the machine is.
 */

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf.h"
#include "mmfs/client.h"

#define FIRST_ROOM 16000 /* bytes for an answer: what one ioctl carries */
#define GROWTHS_MAX 32	 /* times that an answer may have become longer meanwhile */
#ifndef ANSWER_MAX
#define ANSWER_MAX (256u << 20) /* bytes: a million triples. An array of them fits in 32 bits */
#endif
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

static void message_fini(struct message *message)
{
	free(message->data);
	message->data = NULL;
}

static uint32_t get32(const uint8_t *data)
{
	return data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
}

/*
 * Sends the message, and frees it. Of the output, zeroed before, `size` bytes must have been
 * written when it succeeds.
 */
static int send_message(int fd, uint32_t code, struct message *message, uint8_t *out, uint32_t size)
{
	uint32_t written = 0;
	int r = message->error;

	if (size)
		memset(out, 0, size);
	if (r == 0)
		r = mmfs_device_io_control(
			fd, code, message->data, (uint32_t)message->len, out, size, &written, NULL);
	message_fini(message);
	return r == 0 && written < size ? -EPROTO : r;
}

/* What a server has written, and no more. */
struct answer {
	uint8_t *data;
	size_t len;
};

/* Makes room for an answer of which only the first bytes came: they say its length. */
static int find_room(const struct answer *start, uint32_t head, uint32_t *room)
{
	uint64_t needed;

	if (start->len < sizeof(uint32_t))
		return -EPROTO;
	needed = (uint64_t)get32(start->data) + head;
	if (needed <= *room || needed > ANSWER_MAX)
		return -EPROTO;
	needed += needed / 8; /* it may have become longer meanwhile */
	*room = needed < ANSWER_MAX ? (uint32_t)needed : ANSWER_MAX;
	return 0;
}

/*
 * The same for an answer of any length, which begins with its own: that is more than it says by
 * `head`. The memory is the caller's.
 */
static int exchange(
	int fd, uint32_t code, struct message *message, uint32_t head, struct answer *ret_answer)
{
	struct answer answer = { 0 };
	uint32_t room = FIRST_ROOM, written;
	int r = message->error ? message->error : -EOVERFLOW;

	for (int i = 0; i < GROWTHS_MAX && r == -EOVERFLOW; i++) {
		free(answer.data);
		answer.data = calloc(room, 1);
		written = 0;
		r = !answer.data
			? -ENOMEM
			: mmfs_device_io_control(fd, code, message->data, (uint32_t)message->len,
				  answer.data, room, &written, NULL);
		answer.len = written < room ? written : room;
		if (r == -EOVERFLOW) {
			int error = find_room(&answer, head, &room);

			r = error < 0 ? error : r;
		}
	}
	message_fini(message);
	if (r == 0)
		*ret_answer = answer;
	else
		free(answer.data);
	return r == -EOVERFLOW ? -EPROTO : r;
}

/* One member of a triple. */
struct member {
	const uint8_t *data;
	size_t len;
};

static int get_member(const struct answer *answer, size_t at, struct member *ret_member)
{
	const uint8_t *place = answer->data + at;
	uint64_t offset = get32(place), len = place[4] | (uint32_t)place[5] << 8;

	if (offset + len > answer->len)
		return -EPROTO;
	*ret_member = (struct member){ answer->data + offset, len };
	return 0;
}

static const struct {
	const char *theirs, *ours;
} folders[] = {
	{ "\\DosDevices\\", "/DosDevices/" },
	{ "\\??\\", "/Volumes/" },
};

/* Bytes of the name in UTF-8, with another folder and its NUL, at most; 0: it is no UTF-16. */
static size_t get_name_max(const struct member *member)
{
	ssize_t len = utf16_to_utf8(member->data, member->len, NULL);

	return len < 0 ? 0 : (size_t)len + sizeof("/DosDevices/");
}

/* Writes the name to `*to` and moves that on. */
static const char *take_name(const struct member *member, bool is_link, char **to)
{
	char *start = *to;
	size_t len = (size_t)utf16_to_utf8(member->data, member->len, start);

	start[len] = '\0';
	for (size_t i = 0; is_link && i < sizeof(folders) / sizeof(folders[0]); i++) {
		size_t theirs = strlen(folders[i].theirs), ours = strlen(folders[i].ours);

		if (len < theirs || memcmp(start, folders[i].theirs, theirs) != 0)
			continue;
		memmove(start + ours, start + theirs, len - theirs + 1);
		memcpy(start, folders[i].ours, ours);
		len += ours - theirs;
		break;
	}
	*to = start + len + 1;
	return start;
}

static const char *take_id(const struct member *member, char **to)
{
	char *start = *to;

	if (member->len)
		memcpy(start, member->data, member->len);
	start[member->len] = '\0';
	*to = start + member->len + 1;
	return start;
}

/*
 * Finds that the answer is sound, and how much memory it takes as an array. Members overlap in no
 * answer of ours; where they do, a short answer could ask for memory without end.
 */
static int measure_points(const struct answer *answer, size_t *ret_size)
{
	size_t count = get32(answer->data + 4), size, names = 0;
	struct member member;

	if (count > (answer->len - 8) / 24)
		return -EPROTO;
	size = count * sizeof(struct mmfs_point) + 1;
	for (size_t i = 0; i < 3 * count; i++) {
		size_t max;
		int r = get_member(answer, 8 + 8 * i, &member);

		if (r < 0)
			return r;
		max = i % 3 == 1 ? member.len + 1 : get_name_max(&member);
		names += member.len;
		if (!max || names > answer->len)
			return -EPROTO;
		size += max;
	}
	*ret_size = size;
	return 0;
}

/* An array in one piece of memory, of the answer. */
static int take_points(struct answer *answer, struct mmfs_point **ret_points, size_t *ret_count)
{
	struct mmfs_point *points;
	struct member member[3];
	size_t count, size;
	char *to;
	int r = answer->len < 8 ? -EPROTO : 0;

	if (r == 0 && get32(answer->data) < answer->len)
		answer->len = get32(answer->data) < 8 ? 8 : get32(answer->data);
	if (r == 0)
		r = measure_points(answer, &size);
	if (r < 0)
		return r;
	points = malloc(size);
	if (!points)
		return -ENOMEM;
	count = get32(answer->data + 4);
	to = (char *)(points + count);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < 3; j++)
			get_member(answer, 8 + 24 * i + 8 * j, &member[j]);
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
	struct answer answer;
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
	r = exchange(fd, code, &message, 0, &answer);
	if (r < 0)
		return r;
	if (ret_points)
		r = take_points(&answer, ret_points, ret_count);
	free(answer.data);
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
	uint8_t information[sizeof(MOUNTMGR_DRIVE_LETTER_INFORMATION)];
	struct message message;
	char letter;
	int r;

	message_init_target(&message, volume);
	r = send_message(
		fd, IOCTL_MOUNTMGR_NEXT_DRIVE_LETTER, &message, information, sizeof(information));
	if (r < 0)
		return r;
	letter = (char)information[offsetof(MOUNTMGR_DRIVE_LETTER_INFORMATION, CurrentDriveLetter)];
	if (letter && (letter < 'A' || letter > 'Z'))
		return -EPROTO;
	*ret_letter = letter;
	return 0;
}

/* A list that ends, whatever the server thinks of ends. */
static int take_paths(const struct answer *answer, char **ret_paths)
{
	size_t size = answer->len < 4 ? 0 : answer->len - 4;
	const uint8_t *units = answer->data + 4;
	ssize_t len = -1;
	char *paths;

	if (answer->len >= 4 && get32(answer->data) < size)
		size = get32(answer->data);
	if (answer->len >= 4)
		len = utf16_to_utf8(units, size, NULL);
	if (len < 0)
		return -EPROTO;
	paths = calloc((size_t)len + 2, 1);
	if (!paths)
		return -ENOMEM;
	utf16_to_utf8(units, size, paths);
	*ret_paths = paths;
	return 0;
}

int mmfs_query_paths(int fd, const char *volume, char **ret_paths)
{
	struct message message;
	struct answer answer;
	int r;

	message_init_target(&message, volume);
	r = exchange(fd, IOCTL_MOUNTMGR_QUERY_DOS_VOLUME_PATHS, &message, 4, &answer);
	if (r < 0)
		return r;
	r = take_paths(&answer, ret_paths);
	free(answer.data);
	return r;
}

int mmfs_wait_change(int fd, uint32_t *epic)
{
	uint8_t number[sizeof(MOUNTMGR_CHANGE_NOTIFY_INFO)];
	struct message message;
	int r;

	message_init(&message, sizeof(number), 0);
	if (message.data)
		put(&message, 0, *epic, sizeof(number));
	r = send_message(fd, IOCTL_MOUNTMGR_CHANGE_NOTIFY, &message, number, sizeof(number));
	if (r == 0)
		*epic = get32(number);
	return r;
}
