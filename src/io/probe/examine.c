/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libblkid on one device: what it holds, and which entry it has in its disk's partition table.
 *
 * What is found has to equal what udev finds, since unique IDs are made of it: the order of things
 * in examine_content() is that of udev's builtin blkid (systemd 252), and a partition's entry is
 * told by the same comparison as in libblkid, without its detour through /sys, which the sandbox
 * denies. Values are libblkid's own: bytes from the medium, where udev has them \x-encoded.
 *
 * Runs in a child of the helper, with examination_new() on the threshold of the sandbox (see
 * sandbox_prepare()) and examination_run() inside: the line between them is where hostile bytes
 * begin.
 */

#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/model/filesystem.h"
#include "io/probe/examine.h"

#define FLOPPY_SIZE (1440 * 1024) /* bytes; smaller disks with a table are not searched further */
#define EXTENDED_SECTORS 1024	  /* the kernel shows at most these of an extended partition */
#define AMBIVALENT (-2)		  /* what blkid_do_safeprobe() returns then */
#define KIB INT64_C(1024)
#define FLOPPY_MIN (160 * KIB)	/* bytes: the smallest there was, */
#define FLOPPY_MAX (4096 * KIB) /* and more than the largest */
#define AHEAD_PIECE (128 * KIB) /* what any driver takes as one request */

struct examination {
	blkid_probe device;
	blkid_probe disk; /* NULL: none */
	uint64_t start;
};

void findings_set_fault(struct findings *findings, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(findings->fault, sizeof(findings->fault), format, args);
	va_end(args);
}

void findings_copy(struct findings *findings, const struct findings *hostile)
{
	*findings = *hostile;
	findings->fault[sizeof(findings->fault) - 1] = '\0';
	for (size_t i = 0; i < FINDINGS; i++)
		findings->values[i][sizeof(findings->values[i]) - 1] = '\0';
}

/* A value longer than any that libblkid makes is none. */
static void findings_add(struct findings *findings, enum finding value, const char *text)
{
	if (text && strlen(text) < FINDINGS_VALUE_MAX)
		strcpy(findings->values[value], text);
}

static char *findings_take(const char *text)
{
	return *text ? xstrdup(text) : NULL;
}

static bool is_terminated(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

int findings_parse(const struct findings *findings, struct probe_answer *ret_answer)
{
	if (!is_terminated(findings->fault, sizeof(findings->fault)))
		return -EBADMSG;
	for (size_t i = 0; i < FINDINGS; i++)
		if (!is_terminated(findings->values[i], sizeof(findings->values[i])))
			return -EBADMSG;
	if (*findings->fault) {
		*ret_answer = (struct probe_answer){ .fault = findings_take(findings->fault) };
		return 0;
	}
	*ret_answer = (struct probe_answer){
		.doubt = findings_take(findings->values[FINDING_DOUBT]),
		.uuid = findings_take(findings->values[FINDING_UUID]),
		.uuid_sub = findings_take(findings->values[FINDING_UUID_SUB]),
		.fstype = findings_take(findings->values[FINDING_FSTYPE]),
		.usage = findings_take(findings->values[FINDING_USAGE]),
		.label = findings_take(findings->values[FINDING_LABEL]),
		.table = findings_take(findings->values[FINDING_TABLE]),
		.partuuid = findings_take(findings->values[FINDING_PARTUUID]),
		.partition_type = findings_take(findings->values[FINDING_PARTITION_TYPE]),
		.partition_name = findings_take(findings->values[FINDING_PARTITION_NAME]),
		.partition_flags = strtoull(findings->values[FINDING_PARTITION_FLAGS], NULL, 16),
		.members = (unsigned int)strtoul(findings->values[FINDING_MEMBERS], NULL, 10),
	};
	return 0;
}

void examination_free(struct examination *examination)
{
	if (!examination)
		return;
	blkid_free_probe(examination->device);
	blkid_free_probe(examination->disk);
	free(examination);
}

static int probe_new_on(int fd, blkid_probe *ret_probe)
{
	blkid_probe probe = blkid_new_probe();

	if (!probe)
		return -ENOMEM;
	errno = 0;
	if (blkid_probe_set_device(probe, fd, 0, 0) != 0) {
		int r = errno ? -errno : -EIO;

		blkid_free_probe(probe);
		return r;
	}
	*ret_probe = probe;
	return 0;
}

/*
 * Asks for all that libblkid is going to read, which it does in pieces of a kilobyte or less: up to
 * 260 times the medium would have to be waited for. No more than a hint, given before the process
 * shuts itself in, which takes as long as a quick disk. With a floppy it would take longer than it
 * saves.
 */
static void read_ahead(const struct examination *examination)
{
	/* From the end if negative. ZFS may have its labels all over the first two and the last. */
	static const struct {
		int64_t offset, len;
	} places[] = {
		{ 0, 512 * KIB },
		{ -512 * KIB, 512 * KIB },
		{ -1544 * KIB, 4 * KIB },
		{ 1024 * KIB, 4 * KIB },
		{ 2048 * KIB, 4 * KIB },
		{ 4096 * KIB, 4 * KIB },
	};
	int64_t size = blkid_probe_get_size(examination->device);
	int fd = blkid_probe_get_fd(examination->device);

	if (!examination->disk && size >= FLOPPY_MIN && size < FLOPPY_MAX)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		int64_t start = places[i].offset + (places[i].offset < 0 ? size : 0);
		int64_t end = start + places[i].len;

		for (; start >= 0 && start < end && start < size; start += AHEAD_PIECE)
			posix_fadvise(fd, start,
				end - start < AHEAD_PIECE ? end - start : AHEAD_PIECE,
				POSIX_FADV_WILLNEED);
	}
}

int examination_new(int fd, int disk_fd, uint64_t start, struct examination **ret_examination)
{
	_cleanup_(examination_free_p) struct examination *examination =
		xcalloc(1, sizeof(*examination));
	int r;

	examination->start = start;
	r = probe_new_on(fd, &examination->device);
	if (r == 0 && disk_fd >= 0)
		r = probe_new_on(disk_fd, &examination->disk);
	if (r < 0)
		return r;
	read_ahead(examination);
	/* Reads /sys, and remembers: drivers for RAID superblocks ask this inside the sandbox. */
	blkid_probe_is_wholedisk(examination->device);
	if (examination->disk)
		blkid_probe_is_wholedisk(examination->disk);
	*ret_examination = steal_ptr(examination);
	return 0;
}

/* What of libblkid's values goes where. */
static const struct {
	const char *name;
	enum finding value;
} content_values[] = {
	{ "UUID", FINDING_UUID },
	{ "UUID_SUB", FINDING_UUID_SUB },
	{ "TYPE", FINDING_FSTYPE },
	{ "USAGE", FINDING_USAGE },
	{ "LABEL", FINDING_LABEL },
	{ "PTTYPE", FINDING_TABLE },
};

static void examination_set_fault(struct findings *findings, int result)
{
	if (result < -1)
		findings_set_fault(findings, "cannot read: %s", strerror(-result));
	else
		findings_set_fault(findings, "cannot read: %s", strerror(errno ? errno : EIO));
}

/* A small disk with a partition table is not searched for superblocks: FAT looks like both. */
static int examine_floppy(blkid_probe probe)
{
	int r;

	if (blkid_probe_get_size(probe) > FLOPPY_SIZE || !blkid_probe_is_wholedisk(probe))
		return 0;
	blkid_probe_enable_superblocks(probe, 0);
	r = blkid_do_fullprobe(probe);
	return r < 0 ? r : blkid_probe_has_value(probe, "PTTYPE");
}

static int examine_content(blkid_probe probe)
{
	int r;

	errno = 0;
	blkid_probe_enable_partitions(probe, 1);
	r = examine_floppy(probe);
	if (r != 0)
		return r;
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe,
		BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID | BLKID_SUBLKS_TYPE | BLKID_SUBLKS_SECTYPE |
			BLKID_SUBLKS_USAGE | BLKID_SUBLKS_VERSION);
	return blkid_do_safeprobe(probe);
}

/* As blkid_partlist_devno_to_partition() compares. */
static bool is_entry_of(blkid_partition entry, uint64_t start, uint64_t size)
{
	if ((uint64_t)blkid_partition_get_start(entry) != start)
		return false;
	return (uint64_t)blkid_partition_get_size(entry) == size ||
		(blkid_partition_is_extended(entry) && size <= EXTENDED_SECTORS);
}

static bool is_in_gpt(blkid_partition entry)
{
	blkid_parttable table = blkid_partition_get_table(entry);

	return table && is_same_text(blkid_parttable_get_type(table), "gpt");
}

static void add_entry(blkid_partition entry, struct findings *findings)
{
	const char *type = blkid_partition_get_type_string(entry);
	char number[24];

	snprintf(number, sizeof(number), "0x%x", (unsigned int)blkid_partition_get_type(entry));
	findings_add(findings, FINDING_PARTUUID, blkid_partition_get_uuid(entry));
	findings_add(findings, FINDING_PARTITION_TYPE, type ? type : number);
	findings_add(findings, FINDING_PARTITION_NAME, blkid_partition_get_name(entry));
	if (is_in_gpt(entry)) {
		snprintf(number, sizeof(number), "0x%llx", blkid_partition_get_flags(entry));
		findings_add(findings, FINDING_PARTITION_FLAGS, number);
	}
}

/* An unreadable table is no fault: the partition is there, just without an entry. */
static void examine_entry(const struct examination *examination, struct findings *findings)
{
	uint64_t size = (uint64_t)blkid_probe_get_size(examination->device) / 512;
	blkid_partlist list = blkid_probe_get_partitions(examination->disk);
	int count = list ? blkid_partlist_numof_partitions(list) : 0;

	for (int i = 0; i < count; i++) {
		blkid_partition entry = blkid_partlist_get_partition(list, i);

		if (entry && is_entry_of(entry, examination->start, size)) {
			add_entry(entry, findings);
			return;
		}
	}
}

/*
 * A boot sector ends like a master boot record, so exFAT, HPFS and whatever has a boot loader in
 * front of it seem to be disks with an empty table. With something on the device that is no table.
 */
static bool is_table_void(const struct examination *examination, const struct findings *findings)
{
	blkid_partlist list;

	if (!*findings->values[FINDING_TABLE] || !*findings->values[FINDING_FSTYPE])
		return false;
	list = blkid_probe_get_partitions(examination->device);
	return list && blkid_partlist_numof_partitions(list) == 0;
}

static void examination_add_content(
	const struct examination *examination, struct findings *findings)
{
	for (size_t i = 0; i < ARRAY_SIZE(content_values); i++) {
		const char *text;

		if (blkid_probe_lookup_value(
			    examination->device, content_values[i].name, &text, NULL) == 0)
			findings_add(findings, content_values[i].value, text);
	}
	if (is_table_void(examination, findings))
		*findings->values[FINDING_TABLE] = '\0';
}

/* libblkid does not tell how many devices a filesystem has. */
static void examine_members(const struct examination *examination, struct findings *findings)
{
	const char *fstype = findings->values[FINDING_FSTYPE];
	uint64_t start = filesystem_get_superblock(fstype);
	unsigned char superblock[FILESYSTEM_HEAD];
	char number[16];
	ssize_t len;

	if (!start)
		return;
	len = pread(blkid_probe_get_fd(examination->device), superblock, sizeof(superblock),
		(off_t)start);
	if (len < 0)
		return;
	snprintf(number, sizeof(number), "%u",
		filesystem_parse_members(fstype, superblock, (size_t)len));
	findings_add(findings, FINDING_MEMBERS, number);
}

/* Here hostile bytes are read. Whatever a partition holds, its entry in the table is as it is. */
void examination_run(const struct examination *examination, struct findings *findings)
{
	int r;

	r = examine_content(examination->device);
	if (r == AMBIVALENT) {
		findings_add(
			findings, FINDING_DOUBT, "ambivalent content: more than one superblock");
	} else if (r < 0) {
		examination_set_fault(findings, r);
		return;
	} else {
		examination_add_content(examination, findings);
		examine_members(examination, findings);
	}
	if (examination->disk)
		examine_entry(examination, findings);
}
