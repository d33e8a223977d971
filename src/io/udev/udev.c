/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libudev: the two event channels, enumeration, and the description of a device.
 *
 * Identities out of sysfs are in udev_identity.c.
 */

#include <dirent.h>
#include <errno.h>
#include <libudev.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/strbuf.h"
#include "io/udev/attachment.h"
#include "io/udev/fabric.h"
#include "io/udev/synth_event.h"
#include "io/udev/sysfs.h"
#include "io/udev/udev.h"
#include "io/udev/udev_identity.h"

#define BUFFER_SIZE (128u << 20)
#define TEXT_MAX 1024 /* bytes taken of any property */

struct udev_source {
	struct udev *udev;
	struct udev_monitor *monitors[UDEV_CHANNELS];
};

static struct udev_monitor *open_monitor(struct udev *udev, const char *group, size_t buffer)
{
	struct udev_monitor *monitor = udev_monitor_new_from_netlink(udev, group);

	if (!monitor)
		return NULL;
	/* Without privilege the kernel clamps this to rmem_max, and an overrun means a rescan. */
	udev_monitor_set_receive_buffer_size(monitor, (int)(buffer ? buffer : BUFFER_SIZE));
	if (udev_monitor_filter_add_match_subsystem_devtype(monitor, "block", NULL) < 0 ||
		udev_monitor_enable_receiving(monitor) < 0) {
		udev_monitor_unref(monitor);
		return NULL;
	}
	return monitor;
}

int udev_open(size_t buffer, bool hears_udevd, struct udev_source **ret_source)
{
	static const char *const groups[UDEV_CHANNELS] = {
		[UDEV_CHANNEL_KERNEL] = "kernel",
		[UDEV_CHANNEL_UDEVD] = "udev",
	};
	const size_t channels = hears_udevd ? UDEV_CHANNELS : UDEV_CHANNEL_KERNEL + 1;
	struct udev_source *source = xcalloc(1, sizeof(*source));
	size_t opened = 0;

	source->udev = udev_new();
	while (source->udev && opened < channels &&
		(source->monitors[opened] = open_monitor(source->udev, groups[opened], buffer)))
		opened++;
	if (opened < channels) {
		int error = errno ? errno : EIO;

		udev_close(source);
		return -error;
	}
	*ret_source = source;
	return 0;
}

int udev_open_silent(struct udev_source **ret_source)
{
	struct udev *udev = udev_new();

	if (!udev)
		return errno ? -errno : -EIO;
	*ret_source = xcalloc(1, sizeof(**ret_source));
	(*ret_source)->udev = udev;
	return 0;
}

void udev_close(struct udev_source *source)
{
	if (!source)
		return;
	for (size_t i = 0; i < UDEV_CHANNELS; i++)
		udev_monitor_unref(source->monitors[i]);
	udev_unref(source->udev);
	free(source);
}

int udev_get_fd(const struct udev_source *source, enum udev_channel channel)
{
	struct udev_monitor *monitor = source->monitors[channel];

	return monitor ? udev_monitor_get_fd(monitor) : -1;
}

void udev_event_fini(struct udev_event *event)
{
	free(event->name);
	udev_device_unref(event->device);
	*event = (struct udev_event){ 0 };
}

static char *copy_text(const char *text)
{
	return text && *text ? xstrndup(text, TEXT_MAX) : NULL;
}

/* Undoes udevd's \xHH, which it writes for bytes it does not trust in a link name. */
static char *decode_text(const char *text)
{
	char *copy = copy_text(text), *out = copy;

	for (const char *in = copy; in && *in; out++) {
		int high = in[0] == '\\' && in[1] == 'x' ? hex_get_value(in[2]) : -1;
		int low = high >= 0 ? hex_get_value(in[3]) : -1;

		if (low >= 0 && (high || low)) {
			*out = (char)(high << 4 | low);
			in += 4;
		} else {
			*out = *in++;
		}
	}
	if (copy)
		*out = '\0';
	return copy;
}

static char *get_property(struct udev_device *device, const char *key)
{
	return copy_text(udev_device_get_property_value(device, key));
}

static uint64_t get_number(struct udev_device *device, const char *attribute)
{
	return sysfs_read_number(udev_device_get_syspath(device), attribute);
}

/* The kernel's names tell what else it has in sysfs: a file that is not there costs as much. */
static bool has_name(struct udev_device *device, const char *beginning)
{
	return strncmp(udev_device_get_sysname(device), beginning, strlen(beginning)) == 0;
}

static bool is_whole(struct udev_device *device)
{
	return is_same_text(udev_device_get_devtype(device), "disk");
}

static bool has_property(struct udev_device *device, const char *key, const char *value)
{
	return is_same_text(udev_device_get_property_value(device, key), value);
}

/* In tables other than GPT the field says which partition to boot, and the like. */
static uint64_t get_partition_flags(struct udev_device *device)
{
	const char *text = udev_device_get_property_value(device, "ID_PART_ENTRY_FLAGS");

	return text && has_property(device, "ID_PART_ENTRY_SCHEME", "gpt")
		? strtoull(text, NULL, 16)
		: 0;
}

/* Hidden halves of LVM volumes, as its rules know them. */
static bool is_lvm_internal(const char *uuid)
{
	const char *layer = uuid && strncmp(uuid, "LVM-", 4) == 0 ? strchr(uuid + 4, '-') : NULL;

	return layer && strcmp(layer, "-pool") != 0;
}

/* Identities and content as udevd's rules found them. */
static void fill_from_udevd(struct device *device, struct udev_device *from)
{
	device->identity[ID_UUID] =
		decode_text(udev_device_get_property_value(from, "ID_FS_UUID_ENC"));
	device->identity[ID_PARTUUID] = get_property(from, "ID_PART_ENTRY_UUID");
	device->identity[ID_DM_UUID] = get_property(from, "DM_UUID");
	if (!device->partition) /* of the whole array, whose partitions have that property too */
		device->identity[ID_MD_UUID] = get_property(from, "MD_UUID");
	device->identity[ID_WWN] = get_property(from, "ID_WWN_WITH_EXTENSION");
	if (!device->identity[ID_WWN])
		device->identity[ID_WWN] = get_property(from, "ID_WWN");
	device->identity[ID_SERIAL] = identity_get_serial_of_udevd(from);
	device->identity[ID_PATH] = get_property(from, "ID_PATH");
	device->uuid_sub = get_property(from, "ID_FS_UUID_SUB");
	device->fstype = get_property(from, "ID_FS_TYPE");
	device->usage = get_property(from, "ID_FS_USAGE");
	device->label = decode_text(udev_device_get_property_value(from, "ID_FS_LABEL_ENC"));
	device->table = get_property(from, "ID_PART_TABLE_TYPE");
	device->partition_type =
		decode_text(udev_device_get_property_value(from, "ID_PART_ENTRY_TYPE"));
	device->partition_name =
		decode_text(udev_device_get_property_value(from, "ID_PART_ENTRY_NAME"));
	device->partition_flags = get_partition_flags(from);
	device->is_component = has_property(from, "DM_MULTIPATH_DEVICE_PATH", "1") ||
		is_lvm_internal(device->identity[ID_DM_UUID]);
}

/* Of the kernel's making, as loop devices are: has no number that somebody gave it. */
static bool is_made_up(struct udev_device *device)
{
	return strstr(udev_device_get_syspath(device), "/devices/virtual/block/");
}

/* The same from the kernel alone. What libblkid reads is filled in by the prober. */
static void fill_from_kernel(
	struct device *device, struct udev_device *from, struct udev_device *disk)
{
	const char *path = udev_device_get_syspath(from);
	char text[TEXT_MAX];

	if (has_name(from, "dm-"))
		device->identity[ID_DM_UUID] =
			copy_text(sysfs_read(path, "dm/uuid", text, sizeof(text)));
	if (has_name(from, "md"))
		device->identity[ID_MD_UUID] = identity_get_md_uuid(from);
	if (!is_made_up(from)) {
		device->identity[ID_WWN] = identity_get_wwn(disk);
		device->identity[ID_SERIAL] = identity_get_serial(disk);
	}
	device->is_component = is_lvm_internal(device->identity[ID_DM_UUID]) ||
		((disk != from || device->is_held) && identity_is_path(disk));
}

/* sysfs has `!` for them. */
static void restore_slashes(char *name)
{
	for (; *name; name++)
		if (*name == '!')
			*name = '/';
}

/* "sda1 sdb1": those in a folder of the device's. */
static char *get_names(struct udev_device *device, const char *folder)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_free_ char *path = xasprintf("%s/%s", udev_device_get_syspath(device), folder);
	struct dirent **list;
	int count = scandir(path, &list, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		if (list[i]->d_name[0] != '.') {
			strbuf_add_text(&text, text.len ? " " : "");
			strbuf_add_text(&text, list[i]->d_name);
			restore_slashes(text.data);
		}
		free(list[i]);
	}
	if (count >= 0)
		free(list);
	return text.len ? strbuf_take(&text) : NULL;
}

/* Of a whole device. The kernel's folders of partitions begin with the name of the disk. */
static bool has_partition(struct udev_device *disk)
{
	const char *name = strrchr(udev_device_get_syspath(disk), '/') + 1;
	DIR *folder = opendir(udev_device_get_syspath(disk));
	struct dirent *entry;
	bool is_found = false;

	while (folder && !is_found && (entry = readdir(folder)))
		is_found = device_is_partition_of(entry->d_name, name);
	if (folder)
		closedir(folder);
	return is_found;
}

/* Whether the machine swaps on the device. The kernel lists nodes, below /dev: they do not wait. */
static bool is_swap(uint64_t number)
{
	_cleanup_free_ char *line = NULL;
	FILE *file = fopen("/proc/swaps", "re");
	bool is_found = false;
	size_t room = 0;

	while (file && !is_found && getline(&line, &room, file) > 0) {
		struct stat status;

		line[strcspn(line, " \t\n")] = '\0';
		is_found = strncmp(line, "/dev/", 5) == 0 && stat(line, &status) == 0 &&
			S_ISBLK(status.st_mode) && status.st_rdev == number;
	}
	if (file)
		fclose(file);
	return is_found;
}

static void fill_common(struct device *device, struct udev_device *from, struct udev_device *disk)
{
	_cleanup_free_ char *holders = NULL;

	device->node = copy_text(udev_device_get_devnode(from));
	device->number = udev_device_get_devnum(from);
	if (!is_whole(from))
		device->partition = (unsigned int)get_number(from, "partition");
	if (device->partition)
		device->start = get_number(from, "start") * 512;
	else if (has_name(from, "loop")) /* with another one it is another medium of that diskseq */
		device->start = get_number(from, "loop/offset");
	device->is_read_only = get_number(from, "ro") != 0;
	device->attachment = attachment_find(udev_device_get_syspath(disk));
	device->is_fabric = fabric_is_known(udev_device_get_syspath(disk));
	device->is_removable = get_number(disk, "removable") != 0;
	device->diskseq = get_number(disk, "diskseq");
	device->is_virtual = has_name(from, "dm-") || has_name(from, "md");
	if (device->is_virtual)
		device->slaves = get_names(from, "slaves");
	holders = get_names(from, "holders");
	device->is_held = holders || is_swap(device->number);
	/* Those of a map are maps on it. */
	device->has_partitions =
		!device->partition && (device->is_virtual ? holders != NULL : has_partition(from));
}

/*
 * Why the device is not to be read for now, or NULL. A suspended map, or one without paths, would
 * keep whoever reads it waiting; the kernel knows best which is suspended. What device-mapper's
 * rules say comes and goes with its events, so it counts only where they do.
 */
static const char *get_prohibition(struct udev_device *from, bool use_udevd)
{
	static const struct {
		const char *key, *value, *why;
		bool is_of_event;
	} rules[] = {
		{ "UDEV_DISABLE_PERSISTENT_STORAGE_BLKID_FLAG", "1",
			"udev's rules forbid to read it "
			"(UDEV_DISABLE_PERSISTENT_STORAGE_BLKID_FLAG)",
			false },
		{ "DM_SUSPENDED", "1", "it is suspended", true },
		{ "MPATH_DEVICE_READY", "0", "no path to it is left", true },
		{ "DM_NR_VALID_PATHS", "0", "no path to it is left", true },
		{ "DM_UDEV_DISABLE_OTHER_RULES_FLAG", "1",
			"device-mapper forbids to read it (DM_UDEV_DISABLE_OTHER_RULES_FLAG)",
			true },
	};

	if (has_name(from, "dm-") && get_number(from, "dm/suspended") == 1)
		return "it is suspended";
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if ((use_udevd || !rules[i].is_of_event) &&
			has_property(from, rules[i].key, rules[i].value))
			return rules[i].why;
	return NULL;
}

/*
 * Whether udevd has been told not to watch the device (`nowatch`), or could not: what it knows of
 * the content is as old as the last event then.
 */
static bool is_unwatched(const struct device *device)
{
	char path[64], target[16];

	snprintf(path, sizeof(path), "/run/udev/watch/b%u:%u", major(device->number),
		minor(device->number));
	return readlink(path, target, sizeof(target)) < 0 && access("/run/udev/watch", F_OK) == 0;
}

/*
 * Whether a loop device may be over a block device. The path is its maker's, in whatever mount
 * namespace: it tells whom to ask, and nothing else.
 */
static bool may_be_above(struct udev_device *loop)
{
	const char *path = udev_device_get_syspath(loop);
	char text[PATH_MAX];
	const char *file = sysfs_read(path, "loop/backing_file", text, sizeof(text));

	return file && (strstr(file, "/dev/") || strchr(file, '/') == strrchr(file, '/'));
}

/*
 * Whether udevd has not come to the medium that is there now. Events that were sent before anybody
 * listened are not seen, and udevd says that it is busy only once it has read one: but it makes a
 * link (since systemd 249) that tells which medium it has dealt with. Of an empty drive the kernel
 * counts on behind its last event.
 */
static bool is_outdated(struct udev_device *from, const struct device *device)
{
	static const char prefix[] = "/dev/disk/by-diskseq/";
	struct udev_list_entry *link = udev_device_get_devlinks_list_entry(from);

	if (!device->size || !device->diskseq)
		return false;
	for (; link; link = udev_list_entry_get_next(link)) {
		const char *name = udev_list_entry_get_name(link);

		if (strncmp(name, prefix, sizeof(prefix) - 1) == 0)
			return strtoull(name + sizeof(prefix) - 1, NULL, 10) != device->diskseq;
	}
	return false;
}

/* Whether the node is one that this user may not read. */
static bool is_denied(const char *node)
{
	return node && access(node, R_OK) < 0 && (errno == EACCES || errno == EPERM);
}

/* Fills the report in from a device that may be gone meanwhile. */
static int make_report(struct udev_device *from, bool use_udevd, struct device_report *ret_report)
{
	/* A disk has none, and libudev would look for it in every folder above. */
	struct udev_device *parent = is_whole(from)
		? NULL
		: udev_device_get_parent_with_subsystem_devtype(from, "block", "disk");
	struct udev_device *disk = parent ? parent : from;
	bool is_known = use_udevd && udev_device_get_is_initialized(from) > 0;
	const char *path = udev_device_get_syspath(from);
	struct device_report report = { 0 };
	const char *prohibition;
	char size[32];

	if (!udev_device_get_devnode(from) || !sysfs_read(path, "size", size, sizeof(size)))
		return -ENODEV;
	report.device = device_new(udev_device_get_sysname(from));
	report.device->size = strtoull(size, NULL, 10) * 512;
	fill_common(report.device, from, disk);
	report.device->is_by_kernel = !is_known;
	if (is_known)
		fill_from_udevd(report.device, from);
	else
		fill_from_kernel(report.device, from, disk);
	report.device->identity[ID_SERIAL] =
		identity_add_namespace(report.device->identity[ID_SERIAL], disk);
	if (parent) {
		report.disk_node = copy_text(udev_device_get_devnode(parent));
		report.disk_number = udev_device_get_devnum(parent);
		report.start = get_number(from, "start");
	}
	report.awaits_udevd = use_udevd && !is_known;
	report.is_denied =
		is_known && (is_denied(report.device->node) || is_denied(report.disk_node));
	report.is_outdated = is_known && is_outdated(from, report.device);
	prohibition = get_prohibition(from, is_known);
	report.must_not_read = prohibition != NULL;
	if (prohibition)
		report.device->fault = xstrdup(prohibition);
	report.may_be_above = !parent && has_name(from, "loop") && may_be_above(from);
	device_report_decide_probe(&report, is_known && is_unwatched(report.device));
	*ret_report = report;
	return 0;
}

int udev_take_event(
	struct udev_source *source, enum udev_channel channel, struct udev_event *ret_event)
{
	struct udev_event event = { 0 };
	struct udev_device *device;
	bool is_own;

	if (!source->monitors[channel])
		return 0;
	do { /* NULL without an error: a message that the filter dropped */
		errno = 0;
		device = udev_monitor_receive_device(source->monitors[channel]);
		is_own = device && synth_event_is_own(device);
		if (is_own)
			udev_device_unref(device);
	} while (is_own || (!device && errno == 0));
	if (!device)
		return errno == ENOBUFS ? -ENOBUFS : 0;
	event.name = xstrdup(udev_device_get_sysname(device));
	event.sequence = udev_device_get_seqnum(device);
	event.is_gone = is_same_text(udev_device_get_action(device), "remove");
	event.device = device;
	if (channel == UDEV_CHANNEL_KERNEL && !event.is_gone) {
		event.is_empty = get_number(device, "size") == 0;
		event.diskseq = get_number(device, "diskseq");
	}
	*ret_event = event;
	return 1;
}

int udev_event_describe(
	const struct udev_event *event, bool use_udevd, struct device_report *ret_report)
{
	return make_report(event->device, use_udevd, ret_report);
}

int udev_is_read_only(uint64_t number, bool *ret_is_read_only)
{
	_cleanup_free_ char *path =
		xasprintf("/sys/dev/block/%u:%u/ro", major(number), minor(number));
	FILE *file = fopen(path, "re");
	int c;

	if (!file)
		return -errno;
	c = fgetc(file);
	fclose(file);
	if (c == EOF)
		return -ENODEV;
	*ret_is_read_only = c != '0';
	return 0;
}

char *udev_find_name(struct udev_source *source, uint64_t number)
{
	struct udev_device *device = udev_device_new_from_devnum(source->udev, 'b', (dev_t)number);
	char *name = device ? xstrdup(udev_device_get_sysname(device)) : NULL;

	udev_device_unref(device);
	return name;
}

char *udev_find_below(struct udev_source *source, uint64_t number, enum attachment *ret_attachment)
{
	char *name = udev_find_name(source, number);

	if (name) {
		_cleanup_free_ char *path =
			xasprintf("/sys/dev/block/%u:%u", major(number), minor(number));

		*ret_attachment = attachment_find(path);
	}
	return name;
}

static int compare_names(const void *a, const void *b)
{
	return device_compare_names(*(char *const *)a, *(char *const *)b);
}

/*
 * The folder says it. libudev would open each device some 20 times to sort them, and meanwhile the
 * kernel's events have to wait.
 */
int udev_list(struct udev_source *source, char ***ret_names, size_t *ret_count)
{
	DIR *folder = opendir("/sys/class/block");
	char **names = NULL;
	struct dirent *entry;
	size_t count = 0;

	if (!folder)
		return -errno;
	while ((entry = readdir(folder))) {
		if (*entry->d_name == '.')
			continue;
		names = xgrow(names, count, sizeof(*names));
		names[count] = xstrdup(entry->d_name);
		restore_slashes(names[count++]);
	}
	closedir(folder);
	if (count)
		qsort(names, count, sizeof(*names), compare_names);
	*ret_names = names;
	*ret_count = count;
	return 0;
}

int udev_describe(struct udev_source *source, const char *name, bool use_udevd,
	struct device_report *ret_report)
{
	struct udev_device *device =
		udev_device_new_from_subsystem_sysname(source->udev, "block", name);
	int r = device ? make_report(device, use_udevd, ret_report) : -ENODEV;

	udev_device_unref(device);
	return r;
}
