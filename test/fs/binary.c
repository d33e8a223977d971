/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of libmmfs, for binary.sh. The first argument of each command is the mount point, or
 * `ro:` and the mount point for a descriptor that may only ask.
 *
 * binary call MM CODE ROOM [link=… id=… device=… source=… | target=… | state=N | epic=N]
 * binary call MM CODE ROOM raw WORD…	an input from words: 12 is 16 bits, L12 is 32 bits, z12 so
 *					many zeros, 'text' UTF-16, =text bytes
 *	sends a control code (its name, or a number) with so much room for the output, and shows
 *	STATUS INFORMATION, and then what the output says; `same` before the input: which has the
 *	room for the output
 * binary points MM [link=… id=… device=…]	lists triples as control/query_points does
 * binary damage MM COUNT SEED		sends requests of which none may succeed
 * binary ioctl MM			other ioctls than ours
 * binary volume PATH CODE ROOM		asks what is at the path, of which no more is opened
 *					than that it is there; shows STATUS INFORMATION, and
 *					the bytes in hexadecimal
 * binary handles MM FILE		what is no MountPointManager, and buffers that are nowhere;
 *					FILE stays as it is
 */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "mmfs/client.h"

#define INPUT_ROOM (MMFS_INPUT_MAX + 4096)

static _Noreturn void die(const char *what, int error)
{
	fprintf(stderr, "binary: %s: %s\n", what, strerror(error));
	exit(EXIT_FAILURE);
}

#define CODE(name)                           \
	{                                    \
#name, IOCTL_MOUNTMGR_##name \
	}

static const struct {
	const char *name;
	uint32_t code;
} codes[] = {
	CODE(CREATE_POINT),
	CODE(DELETE_POINTS),
	CODE(QUERY_POINTS),
	CODE(DELETE_POINTS_DBONLY),
	CODE(NEXT_DRIVE_LETTER),
	CODE(AUTO_DL_ASSIGNMENTS),
	CODE(VOLUME_MOUNT_POINT_CREATED),
	CODE(VOLUME_MOUNT_POINT_DELETED),
	CODE(CHANGE_NOTIFY),
	CODE(KEEP_LINKS_WHEN_OFFLINE),
	CODE(CHECK_UNPROCESSED_VOLUMES),
	CODE(VOLUME_ARRIVAL_NOTIFICATION),
	CODE(QUERY_DOS_VOLUME_PATH),
	CODE(QUERY_DOS_VOLUME_PATHS),
	CODE(SCRUB_REGISTRY),
	CODE(QUERY_AUTO_MOUNT),
	CODE(SET_AUTO_MOUNT),
	CODE(BOOT_DL_ASSIGNMENT),
	CODE(TRACELOG_CACHE),
	CODE(PREPARE_VOLUME_DELETE),
	CODE(CANCEL_VOLUME_DELETE),
	CODE(SILO_ARRIVAL),
	CODE(VOLUME_REMOVAL_NOTIFICATION),
	{ "QUERY_UNIQUE_ID", IOCTL_MOUNTDEV_QUERY_UNIQUE_ID },
	{ "QUERY_DEVICE_NAME", IOCTL_MOUNTDEV_QUERY_DEVICE_NAME },
	{ "QUERY_SUGGESTED_LINK_NAME", IOCTL_MOUNTDEV_QUERY_SUGGESTED_LINK_NAME },
	{ "QUERY_STABLE_GUID", IOCTL_MOUNTDEV_QUERY_STABLE_GUID },
	{ "LINK_CREATED", IOCTL_MOUNTDEV_LINK_CREATED },
};

#define STATUS(name)                           \
	{                                      \
#name, (uint32_t)STATUS_##name \
	}

static const struct {
	const char *name;
	uint32_t status;
} statuses[] = {
	STATUS(SUCCESS),
	STATUS(PENDING),
	STATUS(BUFFER_OVERFLOW),
	STATUS(UNSUCCESSFUL),
	STATUS(INVALID_PARAMETER),
	STATUS(INVALID_DEVICE_REQUEST),
	STATUS(ACCESS_DENIED),
	STATUS(OBJECT_NAME_NOT_FOUND),
	STATUS(OBJECT_NAME_COLLISION),
	STATUS(CANCELLED),
	STATUS(INVALID_HANDLE),
	STATUS(DEVICE_NOT_CONNECTED),
	STATUS(NOT_FOUND),
};

static uint32_t find_code(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (strcmp(codes[i].name, name) == 0)
			return codes[i].code;
	return (uint32_t)strtoul(name, NULL, 0);
}

static const char *find_status(uint32_t status)
{
	static char number[16];

	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		if (statuses[i].status == status)
			return statuses[i].name;
	snprintf(number, sizeof(number), "%#x", status);
	return number;
}

static int open_manager(const char *path, int more)
{
	int flags = O_RDWR, fd;

	if (strncmp(path, "ro:", 3) == 0) {
		path += 3;
		flags = O_RDONLY;
	}
	fd = mmfs_open(path, flags | more);
	if (fd < 0)
		die(path, -fd);
	return fd;
}

struct bytes {
	uint8_t *data;
	size_t len;
};

static void put(struct bytes *bytes, size_t at, uint64_t value, size_t count)
{
	for (size_t i = 0; i < count; i++)
		bytes->data[at + i] = (uint8_t)(value >> (8 * i));
}

static void add(struct bytes *bytes, uint64_t value, size_t count)
{
	put(bytes, bytes->len, value, count);
	bytes->len += count;
}

static size_t add_text(struct bytes *bytes, const char *text, size_t len)
{
	size_t size = utf16_from_utf8(text, len, bytes->data + bytes->len);

	bytes->len += size;
	return size;
}

static void add_word(struct bytes *bytes, const char *word)
{
	size_t len = strlen(word);

	if (*word == 'L')
		add(bytes, strtoul(word + 1, NULL, 0), 4);
	else if (*word == 'z')
		bytes->len += strtoul(word + 1, NULL, 10);
	else if (*word == '\'')
		add_text(bytes, word + 1, len - 2);
	else if (*word == '=') {
		memcpy(bytes->data + bytes->len, word + 1, len - 1);
		bytes->len += len - 1;
	} else
		add(bytes, strtoul(word, NULL, 0), 2);
}

/* The value of key=… among the words, or NULL. */
static const char *find_word(char **words, const char *key)
{
	size_t len = strlen(key);

	for (; *words; words++)
		if (strncmp(*words, key, len) == 0 && (*words)[len] == '=')
			return *words + len + 1;
	return NULL;
}

static void add_create(struct bytes *bytes, char **words, const char *first, const char *second)
{
	const char *values[] = { find_word(words, first), find_word(words, second) };

	bytes->len = 8;
	for (size_t i = 0; i < 2; i++) {
		size_t at = bytes->len, len = 0;

		if (values[i])
			len = add_text(bytes, values[i], strlen(values[i]));
		put(bytes, 4 * i, at, 2);
		put(bytes, 4 * i + 2, len, 2);
	}
}

static void add_point(struct bytes *bytes, char **words)
{
	const char *values[] = { find_word(words, "link"), find_word(words, "id"),
		find_word(words, "device") };

	bytes->len = 24;
	for (size_t i = 0; i < 3; i++) {
		size_t at = bytes->len, len;

		if (!values[i])
			continue;
		if (i == 1) {
			len = strlen(values[i]);
			memcpy(bytes->data + at, values[i], len);
			bytes->len += len + len % 2;
		} else {
			len = add_text(bytes, values[i], strlen(values[i]));
		}
		put(bytes, 8 * i, at, 4);
		put(bytes, 8 * i + 4, len, 2);
	}
}

static void add_input(struct bytes *bytes, uint32_t code, char **words)
{
	const char *target = find_word(words, "target"), *state = find_word(words, "state"),
		   *epic = find_word(words, "epic");
	size_t len;

	if (*words && strcmp(*words, "raw") == 0) {
		while (*++words)
			add_word(bytes, *words);
	} else if (code == IOCTL_MOUNTMGR_CREATE_POINT) {
		add_create(bytes, words, "link", "device");
	} else if (find_word(words, "source")) {
		add_create(bytes, words, "source", "target");
	} else if (target) {
		bytes->len = 2;
		len = add_text(bytes, target, strlen(target));
		put(bytes, 0, len, 2);
	} else if (state || epic) {
		add(bytes, strtoul(state ? state : epic, NULL, 0), 4);
	} else if (MMFS_CTL_FUNCTION(code) <= 3) {
		add_point(bytes, words);
	}
}

static void show_text(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = xcalloc(size * 2 + 1, 1);
	ssize_t len = utf16_to_utf8(data, size, text);

	if (len < 0)
		die("an output that is no UTF-16", EINVAL);
	printf("%s", text);
}

static uint32_t get(const uint8_t *data, size_t count)
{
	uint32_t value = 0;

	while (count-- > 0)
		value = value << 8 | data[count];
	return value;
}

static void show_points(const uint8_t *out, uint32_t info)
{
	uint32_t count = get(out + 4, 4);

	if (get(out, 4) != info || info < 8 + 24 * count)
		die("a list of a wrong size", EINVAL);
	for (uint32_t i = 0; i < 3 * count; i++) {
		uint32_t offset = get(out + 8 + 8 * i, 4), len = get(out + 12 + 8 * i, 2);

		if (offset % 2 || offset < 8 + 24 * count || offset + len > info)
			die("a string at a wrong place", EINVAL);
		if (i % 3 == 1)
			printf("%.*s", (int)len, (const char *)out + offset);
		else
			show_text(out + offset, len);
		putchar(i % 3 == 2 ? '\n' : ' ');
	}
}

static void show_output(uint32_t code, const uint8_t *out, uint32_t info)
{
	switch (code) {
	case IOCTL_MOUNTMGR_QUERY_POINTS:
	case IOCTL_MOUNTMGR_DELETE_POINTS:
	case IOCTL_MOUNTMGR_DELETE_POINTS_DBONLY:
		if (info == 8 && get(out, 4) > 8)
			printf("size=%u count=%u\n", get(out, 4), get(out + 4, 4));
		else
			show_points(out, info);
		break;
	case IOCTL_MOUNTMGR_NEXT_DRIVE_LETTER:
		printf("%u %c\n", out[0], out[1] ? out[1] : '-');
		break;
	case IOCTL_MOUNTMGR_QUERY_DOS_VOLUME_PATH:
	case IOCTL_MOUNTMGR_QUERY_DOS_VOLUME_PATHS:
		printf("%u", get(out, 4));
		for (uint32_t at = 4, end; at + 2 < info; at = end + 2) {
			for (end = at; get(out + end, 2); end += 2)
				;
			putchar(' ');
			show_text(out + at, end - at);
		}
		putchar('\n');
		break;
	default:
		printf("%u\n", get(out, info));
	}
}

/* Sends one code. Nothing may be written but what it says, and nothing at all with an error. */
static int call(int argc, char **argv)
{
	uint32_t code = find_code(argv[1]), room = (uint32_t)strtoul(argv[2], NULL, 0);
	uint32_t info = 77, status = 77;
	struct bytes in = { xcalloc(INPUT_ROOM, 1), 0 };
	bool is_same = argc > 3 && strcmp(argv[3], "same") == 0;
	_cleanup_free_ uint8_t *apart =
		memset(xcalloc((size_t)room + 64, 1), 0xaa, (size_t)room + 64);
	uint8_t *out = is_same ? in.data : apart;
	int fd = open_manager(
		argv[0], argc > 3 && strcmp(argv[3], "nonblock") == 0 ? O_NONBLOCK : 0);
	int r;

	add_input(&in, code, argv + 3);
	r = mmfs_device_io_control(fd, code, in.data, (uint32_t)in.len, out, room, &info, &status);
	printf("%s %u\n", find_status(status), info);
	/* STATUS_PENDING is a success of its own, and an errno. */
	if ((r == 0) != (NT_SUCCESS(status) && status != STATUS_PENDING))
		die("a status that is not that of the errno", -r);
	for (size_t i = is_same ? 0 : info; i < (size_t)room + 64; i++)
		if (apart[i] != 0xaa)
			die("an output that is touched where it must not be", EINVAL);
	if (info)
		show_output(code, out, info);
	close(fd);
	free(in.data);
	return 0;
}

static int points(int argc, char **argv)
{
	struct mmfs_point like = { find_word(argv, "link"), find_word(argv, "id"),
		find_word(argv, "device") };
	struct mmfs_point *list;
	int fd = open_manager(argv[0], 0), r;
	size_t count;

	r = mmfs_query_points(fd, &like, &list, &count);
	if (r < 0)
		die("mmfs_query_points", -r);
	for (size_t i = 0; i < count; i++) {
		_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;

		strbuf_add_pair(&line, "LINK", list[i].link);
		strbuf_add_pair(&line, "ID", list[i].id);
		strbuf_add_pair(&line, "DEVICE", list[i].device);
		puts(strbuf_text(&line));
	}
	free(list);
	close(fd);
	return 0;
}

static uint32_t state;

static uint32_t draw(uint32_t limit)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % limit;
}

/* A request that would change something, and damage that must not be overlooked. */
static uint32_t damage(struct bytes *in, uint32_t *code, uint32_t *room)
{
	static char link[] = "link=\\DosDevices\\Q:", device[] = "device=/dev/null";
	char *words[] = { link, device, NULL };
	static const uint32_t targets[] = { IOCTL_MOUNTMGR_NEXT_DRIVE_LETTER,
		IOCTL_MOUNTMGR_KEEP_LINKS_WHEN_OFFLINE, IOCTL_MMFS_QUERY_UNIQUE_ID,
		IOCTL_MMFS_QUERY_DEVICE_NAME, IOCTL_MMFS_QUERY_SUGGESTED_LINK_NAME,
		IOCTL_MMFS_QUERY_STABLE_GUID };
	uint32_t kind = draw(8);

	memset(in->data, 0, 4096);
	in->len = 0;
	*room = 4096;
	*code = draw(2) ? IOCTL_MOUNTMGR_CREATE_POINT : IOCTL_MOUNTMGR_DELETE_POINTS;
	add_input(in, *code, words);
	if (kind == 0) { /* cut */
		in->len = draw(*code == IOCTL_MOUNTMGR_CREATE_POINT ? 8 : 24);
	} else if (kind == 1) { /* a string far away */
		put(in, 0,
			*code == IOCTL_MOUNTMGR_CREATE_POINT ? in->len - draw(20)
							     : UINT32_MAX - draw(100),
			*code == IOCTL_MOUNTMGR_CREATE_POINT ? 2 : 4);
	} else if (kind == 2) { /* half a surrogate */
		in->data[in->len - 1] = (uint8_t)(0xd8 + draw(8));
	} else if (kind == 3) { /* no such code */
		*code = MMFS_CTL_CODE(draw(256), 23 + draw(4000), draw(4));
	} else if (kind == 4) { /* no room */
		*code = IOCTL_MOUNTMGR_DELETE_POINTS;
		*room = draw(32);
	} else if (kind == 5) { /* an odd length, or longer than there is */
		*code = targets[draw(ARRAY_SIZE(targets))];
		in->len = 4 + draw(60);
		put(in, 0, draw(2) ? 1 + 2 * draw(30) : 64 + 2 * draw(30000), 2);
	} else if (kind == 6) { /* noise: never a device */
		*code = targets[draw(ARRAY_SIZE(targets))];
		in->len = 4 + 2 * draw(500);
		for (size_t i = 2; i < in->len; i++)
			in->data[i] = (uint8_t)draw(256);
		put(in, 0, in->len - 2, 2);
	} else { /* lengths that add up to more than there is */
		*code = IOCTL_MOUNTMGR_DELETE_POINTS;
		put(in, 4, 0xfffe - 2 * draw(1000), 2);
	}
	return kind;
}

static int send_damage(int argc, char **argv)
{
	unsigned long count = strtoul(argv[1], NULL, 10);
	struct bytes in = { xcalloc(INPUT_ROOM, 1), 0 };
	uint8_t out[4096], untouched[4096];
	int fd = open_manager(argv[0], 0);

	memset(untouched, 0x55, sizeof(untouched));
	memset(out, 0x55, sizeof(out));
	state = (uint32_t)strtoul(argv[2], NULL, 10);
	for (unsigned long i = 0; i < count; i++) {
		uint32_t code, room, info, status, kind = damage(&in, &code, &room);

		mmfs_device_io_control(
			fd, code, in.data, (uint32_t)in.len, out, room, &info, &status);
		if (status < 0xC0000001u || info) {
			fprintf(stderr, "binary: request %lu, damage %u: %#x\n", i, kind, status);
			return EXIT_FAILURE;
		}
		if (memcmp(out, untouched, sizeof(out)) != 0)
			die("an output that is touched", EINVAL);
	}
	close(fd);
	free(in.data);
	return 0;
}

static int expect_ioctl(int fd, unsigned long number, void *data, int error)
{
	if (ioctl(fd, number, data) == -1 && errno == error)
		return 0;
	fprintf(stderr, "binary: ioctl %#lx: %s\n", number, strerror(errno));
	return EXIT_FAILURE;
}

static int other_ioctls(int argc, char **argv)
{
	static struct mmfs_carrier_16k carrier;
	struct mmfs_record *record = &carrier.record;
	int fd = open_manager(argv[0], 0), r = 0;

	r |= expect_ioctl(fd, TCGETS, &carrier, ENOTTY);
	r |= expect_ioctl(fd, IOCTL_MOUNTMGR_QUERY_POINTS, &carrier, ENOTTY);
	r |= expect_ioctl(fd, _IOWR('m', 3, struct mmfs_carrier_4k), &carrier, ENOTTY);
	r |= expect_ioctl(fd, _IOWR('m', 1, struct mmfs_carrier_16k), &carrier, ENOTTY);
	r |= expect_ioctl(fd, MMFS_IOC_16K, &carrier, EINVAL); /* version 0 */
	record->version = MMFS_RECORD_VERSION;
	record->code = IOCTL_MOUNTMGR_QUERY_POINTS;
	record->in_len = sizeof(carrier.data) + 1;
	r |= expect_ioctl(fd, MMFS_IOC_16K, &carrier, EINVAL);
	r |= expect_ioctl(fd, MMFS_IOC_4K, &carrier, EINVAL);
	record->in_len = 24;
	record->flags = 0x80;
	r |= expect_ioctl(fd, MMFS_IOC_16K, &carrier, EINVAL);
	record->flags = 0;
	record->reserved = 1;
	r |= expect_ioctl(fd, MMFS_IOC_16K, &carrier, EINVAL);
	record->reserved = 0;
	r |= write(fd, &carrier, sizeof(*record) + 23) == -1 && errno == EINVAL ? 0 : 1;
	r |= write(fd, &carrier, sizeof(*record) + 25) == -1 && errno == EINVAL ? 0 : 1;
	r |= write(fd, &carrier, 39) == -1 && errno == EINVAL ? 0 : 1;
	r |= write(fd, &carrier, sizeof(*record) + 24) == sizeof(*record) + 24 ? 0 : 1;
	r |= pread(fd, &carrier, 4096, 0) == sizeof(*record) ? 0 : 1;
	r |= record->status == (uint32_t)STATUS_INVALID_PARAMETER ? 0 : 1; /* no room */
	r |= pread(fd, &carrier, 1, (off_t)1 << 32) == -1 && errno == ESTALE ? 0 : 1;
	close(fd);
	return r;
}

static int ask_volume(int argc, char **argv)
{
	uint32_t room = (uint32_t)strtoul(argv[2], NULL, 0), info = 77, status = 77;
	int fd = open(argv[0], O_PATH | O_CLOEXEC);
	uint8_t out[4096];

	if (fd < 0)
		die(argv[0], errno);
	mmfs_device_io_control(fd, find_code(argv[1]), NULL, 0, out, room, &info, &status);
	printf("%s %u", find_status(status), info);
	for (uint32_t i = 0; i < info; i++)
		printf(i ? "%02x" : " %02x", out[i]);
	putchar('\n');
	close(fd);
	return 0;
}

static int expect_status(
	const char *what, int fd, uint32_t in_len, uint32_t out_len, NTSTATUS expected, int error)
{
	static uint8_t in[20000], out[20000];
	uint32_t info = 77, status = 77;
	int r = mmfs_device_io_control(fd, IOCTL_MOUNTMGR_CREATE_POINT, in_len > 1 ? in : NULL,
		in_len, out_len > 1 ? out : NULL, out_len, &info, &status);

	if (r == -error && status == (uint32_t)expected && info == 0)
		return 0;
	fprintf(stderr, "binary: %s: %d, %#x, %u\n", what, r, status, info);
	return EXIT_FAILURE;
}

/* Lengths of 1 stand for NULL with a length. */
static int handles(int argc, char **argv)
{
	int fd = open_manager(argv[0], 0), file = open(argv[1], O_RDWR), r = 0, pipes[2];
	static const char *const others[] = { "points", "control/create_point", "DosDevices", "." };

	if (file < 0 || pipe(pipes) < 0)
		die(argv[1], errno);
	r |= expect_status("no input", fd, 1, 64, STATUS_ACCESS_VIOLATION, EFAULT);
	r |= expect_status("no output", fd, 64, 1, STATUS_ACCESS_VIOLATION, EFAULT);
	r |= expect_status("neither", fd, 0, 0, STATUS_INVALID_PARAMETER, EINVAL);
	r |= expect_status("file", file, 64, 64, STATUS_INVALID_HANDLE, EBADF);
	r |= expect_status("file, long", file, 20000, 64, STATUS_INVALID_HANDLE, EBADF);
	r |= expect_status("pipe", pipes[0], 64, 64, STATUS_INVALID_HANDLE, EBADF);
	r |= expect_status("none", -1, 64, 64, STATUS_INVALID_HANDLE, EBADF);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", argv[0], others[i]);
		int other = open(path, O_RDONLY);

		r |= expect_status(path, other, 64, 64, STATUS_INVALID_HANDLE, EBADF);
		close(other);
	}
	for (size_t i = 0; i < 2; i++) {
		int other = open(i ? "/dev/random" : "/dev/null", O_RDWR);

		r |= expect_status("device", other, 64, 64, STATUS_INVALID_HANDLE, EBADF);
		r |= expect_status("device, long", other, 20000, 64, STATUS_INVALID_HANDLE, EBADF);
		close(other);
	}
	close(pipes[0]);
	close(pipes[1]);
	close(file);
	close(fd);
	r |= expect_status("closed", fd, 64, 64, STATUS_INVALID_HANDLE, EBADF);
	return r;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int arguments;
		int (*run)(int argc, char **argv);
	} commands[] = {
		{ "call", 3, call },
		{ "points", 1, points },
		{ "damage", 3, send_damage },
		{ "ioctl", 1, other_ioctls },
		{ "handles", 2, handles },
		{ "volume", 3, ask_volume },
	};

	for (size_t i = 0; argc > 2 && i < ARRAY_SIZE(commands); i++)
		if (strcmp(commands[i].name, argv[1]) == 0 && argc - 2 >= commands[i].arguments)
			return commands[i].run(argc - 2, argv + 2);
	fprintf(stderr, "binary: see its source for what it takes\n");
	return 2;
}
