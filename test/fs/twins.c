/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks one daemon in text and another in binary, the same things at random, and holds the answers
 * against each other: for twins.sh. Both have the same devices and began with an empty database, so
 * all that may differ is the GUIDs, which are random.
 *
 * twins COUNT SEED MM-TEXT MM-BINARY DEVICE-A DEVICE-B
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "mmfs/client.h"

enum { TEXT, BINARY, SIDES };

static const char *mounts[SIDES];
static const char *devices[2];
static char *ids[2];
static char *guids[SIDES][2]; /* "Volume{…}" */
static int manager;
static uint32_t state;

static uint32_t draw(uint32_t limit)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % limit;
}

static _Noreturn void die(const char *what, int error)
{
	fprintf(stderr, "twins: %s: %s\n", what, strerror(error));
	exit(EXIT_FAILURE);
}

static int open_file(int side, const char *name, int flags)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", mounts[side], name);
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		die(path, errno);
	return fd;
}

static void read_all(int fd, struct strbuf *text)
{
	char buffer[65536];
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		strbuf_add(text, buffer, (size_t)n);
}

static char *read_line(int side, const char *name)
{
	struct strbuf text = STRBUF_INIT;
	int fd = open_file(side, name, O_RDONLY);

	read_all(fd, &text);
	close(fd);
	strbuf_add(&text, "", 0);
	text.data[strcspn(text.data, "\n")] = '\0';
	return strbuf_take(&text);
}

/* What is asked: names as both sides have them; @A and @B stand for the volume names. */
struct question {
	uint32_t code;
	const char *operation;
	const char *link;
	const char *id;
	const char *device;
	int number; /* of SET_AUTO_MOUNT */
};

static const char *const links[] = { "\\DosDevices\\X:", "\\DosDevices\\Y:", "\\DosDevices\\C:",
	"\\??\\D:", "\\DosDevices\\data", "\\DosDevices\\DATA", "\\??\\two words",
	"\\DosDevices\\\xc3\xb6\xf0\x9f\x92\xbe", "\\??\\@A", "\\??\\@B", "\\\\?\\@A\\",
	"\\??\\Volume{00000000-0000-0000-0000-000000000000}", "\\DosDevices\\x:", "\\DosDevices\\",
	"\\Device\\X:" };
static const char *const others[] = { "/dev/null", "/dev/nothing", "nothing", "UUID=nothing" };

static const char *draw_volume(void)
{
	switch (draw(6)) {
	case 0:
		return devices[0];
	case 1:
		return devices[1];
	case 2:
		return ids[draw(2)];
	case 3:
	case 4:
		return links[draw(ARRAY_SIZE(links))];
	default:
		return others[draw(ARRAY_SIZE(others))];
	}
}

static const struct {
	uint32_t code;
	const char *operation;
} kinds[] = {
	{ IOCTL_MOUNTMGR_QUERY_POINTS, "query_points" },
	{ IOCTL_MOUNTMGR_QUERY_POINTS, "query_points" },
	{ IOCTL_MOUNTMGR_CREATE_POINT, "create_point" },
	{ IOCTL_MOUNTMGR_CREATE_POINT, "create_point" },
	{ IOCTL_MOUNTMGR_CREATE_POINT, "create_point" },
	{ IOCTL_MOUNTMGR_DELETE_POINTS, "delete_points" },
	{ IOCTL_MOUNTMGR_DELETE_POINTS_DBONLY, "delete_points_dbonly" },
	{ IOCTL_MOUNTMGR_NEXT_DRIVE_LETTER, "next_drive_letter" },
	{ IOCTL_MOUNTMGR_QUERY_DOS_VOLUME_PATH, "query_dos_volume_path" },
	{ IOCTL_MOUNTMGR_QUERY_DOS_VOLUME_PATHS, "query_dos_volume_paths" },
	{ IOCTL_MOUNTMGR_KEEP_LINKS_WHEN_OFFLINE, "keep_links_when_offline" },
	{ IOCTL_MOUNTMGR_SET_AUTO_MOUNT, "auto_mount" },
	{ IOCTL_MOUNTMGR_SCRUB_REGISTRY, "scrub_registry" },
};

static bool takes_points(uint32_t code)
{
	return code == IOCTL_MOUNTMGR_QUERY_POINTS || code == IOCTL_MOUNTMGR_DELETE_POINTS ||
		code == IOCTL_MOUNTMGR_DELETE_POINTS_DBONLY;
}

static void draw_question(struct question *question)
{
	uint32_t kind = draw(ARRAY_SIZE(kinds)), given = draw(40) ? 1 + draw(7) : 0;

	*question = (struct question){ kinds[kind].code, kinds[kind].operation };
	if (question->code == IOCTL_MOUNTMGR_CREATE_POINT)
		given = 5;
	else if (question->code == IOCTL_MOUNTMGR_SET_AUTO_MOUNT)
		given = 0;
	else if (question->code == IOCTL_MOUNTMGR_SCRUB_REGISTRY)
		given = 0;
	else if (!takes_points(question->code))
		given = 4;
	if (given & 1)
		question->link = links[draw(ARRAY_SIZE(links))];
	if (given & 2)
		question->id = draw(8) ? ids[draw(2)] : "UUID=nothing";
	if (given & 4)
		question->device = draw_volume();
	question->number = (int)draw(2);
}

/* The name with the volume names of a side put in. */
static char *spell(const char *name, int side)
{
	struct strbuf text = STRBUF_INIT;

	for (; *name; name++) {
		if (name[0] == '@')
			strbuf_add_text(&text, guids[side][*++name - 'A']);
		else
			strbuf_add_char(&text, *name);
	}
	return strbuf_take(&text);
}

static void add_word(struct strbuf *line, const char *key, const char *name)
{
	_cleanup_free_ char *value = name ? spell(name, TEXT) : NULL;

	if (value)
		strbuf_add_pair(line, key, value);
}

static int ask_text(const struct question *question, struct strbuf *answer)
{
	_cleanup_free_ char *path = xasprintf("control/%s", question->operation);
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;
	int fd = open_file(TEXT, path, O_RDWR), r = 0;

	add_word(&line, "link", question->link);
	add_word(&line, "id", question->id);
	add_word(&line, "device", question->device);
	if (question->code == IOCTL_MOUNTMGR_SET_AUTO_MOUNT)
		strbuf_add_text(&line, question->number ? "on" : "off");
	else if (!line.len && question->code != IOCTL_MOUNTMGR_QUERY_POINTS)
		strbuf_add_text(&line, takes_points(question->code) ? "all=1" : "1");
	strbuf_add_char(&line, '\n');
	if (write(fd, line.data, line.len) != (ssize_t)line.len)
		r = -errno;
	else
		read_all(fd, answer);
	close(fd);
	return r;
}

struct message {
	uint8_t data[8192];
	size_t len;
};

static void put(struct message *message, size_t at, size_t value, size_t count)
{
	for (size_t i = 0; i < count; i++)
		message->data[at + i] = (uint8_t)(value >> (8 * i));
}

/* Adds a name; says where at `at`, with an offset of so many bytes, or none. */
static void add_name(struct message *message, const char *name, size_t at, size_t offset_size)
{
	_cleanup_free_ char *text = name ? spell(name, BINARY) : NULL;
	size_t start = message->len;

	if (!text)
		return;
	message->len += utf16_from_utf8(text, strlen(text), message->data + start);
	put(message, at, start, offset_size);
	put(message, at + offset_size, message->len - start, 2);
}

static void encode(const struct question *question, struct message *message)
{
	*message = (struct message){ .len = 24 };
	if (takes_points(question->code)) {
		add_name(message, question->link, 0, 4);
		if (question->id) {
			size_t len = strlen(question->id);

			memcpy(message->data + message->len, question->id, len);
			put(message, 8, message->len, 4);
			put(message, 12, len, 2);
			message->len += len + len % 2;
		}
		add_name(message, question->device, 16, 4);
	} else if (question->code == IOCTL_MOUNTMGR_CREATE_POINT) {
		message->len = 8;
		add_name(message, question->link, 0, 2);
		add_name(message, question->device, 4, 2);
	} else if (question->device) {
		message->len = 2;
		add_name(message, question->device, 0, 0);
	} else {
		message->len = 4;
		put(message, 0, (size_t)question->number, 4);
	}
}

static void add_decoded(
	struct strbuf *text, const char *key, const uint8_t *data, size_t size, bool is_name)
{
	_cleanup_free_ char *value = xcalloc(size * 2 + 1, 1), *name = NULL;
	const char *shown = value;

	if (utf16_to_utf8(data, size, value) < 0)
		die("an answer that is no UTF-16", EINVAL);
	if (is_name && strncmp(value, "\\DosDevices\\", 12) == 0)
		shown = name = xasprintf("/DosDevices/%s", value + 12);
	else if (is_name && (strncmp(value, "\\??\\", 4) == 0 || strncmp(value, "\\\\?\\", 4) == 0))
		shown = name = xasprintf("/Volumes/%s", value + 4);
	strbuf_add_pair(text, key, shown);
}

static uint32_t get(const uint8_t *data, size_t count)
{
	uint32_t value = 0;

	while (count-- > 0)
		value = value << 8 | data[count];
	return value;
}

static void decode_points(const uint8_t *out, struct strbuf *answer)
{
	for (uint32_t i = 0; i < get(out + 4, 4); i++) {
		const uint8_t *point = out + 8 + 24 * i;
		_cleanup_free_ char *id =
			xstrndup((const char *)out + get(point + 8, 4), get(point + 12, 2));

		add_decoded(answer, "LINK", out + get(point, 4), get(point + 4, 2), true);
		strbuf_add_pair(answer, "ID", id);
		add_decoded(answer, "DEVICE", out + get(point + 16, 4), get(point + 20, 2), false);
		strbuf_add_char(answer, '\n');
	}
}

static void decode_paths(const uint8_t *out, uint32_t info, struct strbuf *answer)
{
	for (uint32_t at = 4, end; at + 2 < info; at = end + 2) {
		for (end = at; get(out + end, 2); end += 2)
			;
		add_decoded(answer, "PATH", out + at, end - at, true);
		strbuf_add_char(answer, '\n');
	}
}

static int ask_binary(const struct question *question, struct strbuf *answer)
{
	static uint8_t out[65536];
	struct message message;
	uint32_t info, status;
	int r;

	encode(question, &message);
	r = mmfs_device_io_control(manager, question->code, message.data, (uint32_t)message.len,
		out, sizeof(out), &info, &status);
	if (r < 0)
		return r;
	if (takes_points(question->code)) {
		decode_points(out, answer);
	} else if (question->code == IOCTL_MOUNTMGR_NEXT_DRIVE_LETTER) {
		strbuf_add_pair(answer, "LETTER", (char[]){ (char)out[1], '\0' });
		strbuf_add_pair(answer, "ASSIGNED", out[0] ? "1" : "0");
		strbuf_add_char(answer, '\n');
	} else if (info) {
		decode_paths(out, info, answer);
	}
	return 0;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* With @A and @B for the volume names, and the lines sorted, since they were by those. */
static char *normalize(const char *text, int side)
{
	_cleanup_strbuf_ struct strbuf plain = STRBUF_INIT;
	struct strbuf sorted = STRBUF_INIT;
	char *lines[256], *rest;
	size_t count = 0;

	for (; *text; text++) {
		int volume = strncmp(text, guids[side][0], 44) == 0 ? 0
			: strncmp(text, guids[side][1], 44) == 0    ? 1
								    : -1;

		if (volume < 0) {
			strbuf_add_char(&plain, *text);
			continue;
		}
		strbuf_add_text(&plain, volume ? "@B" : "@A");
		text += 43;
	}
	strbuf_add(&plain, "", 0);
	rest = plain.data;
	while (rest && *rest && count < ARRAY_SIZE(lines))
		lines[count++] = strsep(&rest, "\n");
	if (count)
		qsort(lines, count, sizeof(*lines), compare_lines);
	for (size_t i = 0; i < count; i++)
		strbuf_add_format(&sorted, "%s\n", lines[i]);
	return strbuf_take(&sorted);
}

static bool is_same(const char *text, const char *binary)
{
	_cleanup_free_ char *a = normalize(text, TEXT), *b = normalize(binary, BINARY);

	if (strcmp(a, b) == 0)
		return true;
	fprintf(stderr, "in text:\n%sin binary:\n%s", a, b);
	return false;
}

static bool compare_files(const char *name)
{
	struct strbuf text[SIDES] = { STRBUF_INIT, STRBUF_INIT };
	bool is_good;

	for (int side = 0; side < SIDES; side++) {
		int fd = open_file(side, name, O_RDONLY);

		read_all(fd, &text[side]);
		close(fd);
	}
	is_good = is_same(strbuf_text(&text[TEXT]), strbuf_text(&text[BINARY]));
	strbuf_fini(&text[TEXT]);
	strbuf_fini(&text[BINARY]);
	return is_good;
}

static void show(const struct question *question, unsigned long number)
{
	fprintf(stderr, "twins: question %lu: %s link=%s id=%s device=%s %d\n", number,
		question->operation, question->link, question->id, question->device,
		question->number);
}

static bool is_windows(const char *name)
{
	return name && name[0] == '\\';
}

/* Whether both sides say the same. */
static bool ask(const struct question *question, unsigned long *counts)
{
	struct strbuf text = STRBUF_INIT, binary = STRBUF_INIT;
	int r = ask_text(question, &text), s = ask_binary(question, &binary);
	/* What no link can be called is malformed in text, and not found in binary. */
	bool is_no_name = r == -EINVAL && s == -ENOENT &&
		(is_windows(question->link) || is_windows(question->device));
	bool is_good = r == s || is_no_name;

	if (!is_good)
		fprintf(stderr, "in text: %s\nin binary: %s\n", strerror(-r), strerror(-s));
	else if (r == 0)
		is_good = is_same(strbuf_text(&text), strbuf_text(&binary));
	counts[r != 0]++;
	strbuf_fini(&text);
	strbuf_fini(&binary);
	return is_good;
}

static void learn_names(void)
{
	for (int i = 0; i < 2; i++) {
		_cleanup_free_ char *entry =
			xasprintf("devices/%s/unique_id", strrchr(devices[i], '/') + 1);

		ids[i] = read_line(TEXT, entry);
		for (int side = 0; side < SIDES; side++) {
			_cleanup_free_ char *path =
				xasprintf("devices/%s/guid", strrchr(devices[i], '/') + 1);
			_cleanup_free_ char *guid = read_line(side, path);

			guids[side][i] = xasprintf("Volume{%s}", guid);
		}
	}
}

int main(int argc, char **argv)
{
	unsigned long count, counts[2] = { 0 };
	struct question question;

	if (argc != 7) {
		fprintf(stderr, "twins: see its source for what it takes\n");
		return 2;
	}
	count = strtoul(argv[1], NULL, 10);
	state = (uint32_t)strtoul(argv[2], NULL, 10);
	mounts[TEXT] = argv[3];
	mounts[BINARY] = argv[4];
	devices[0] = argv[5];
	devices[1] = argv[6];
	learn_names();
	manager = mmfs_open(mounts[BINARY], O_RDWR);
	if (manager < 0)
		die(mounts[BINARY], -manager);
	for (unsigned long i = 0; i < count; i++) {
		draw_question(&question);
		if (!ask(&question, counts) ||
			(i % 50 == 0 &&
				!(compare_files("points") &&
					compare_files("control/epic_number")))) {
			show(&question, i);
			return EXIT_FAILURE;
		}
	}
	printf("%lu questions have an answer, %lu an error\n", counts[0], counts[1]);
	return 0;
}
