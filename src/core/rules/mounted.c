/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Volumes that are no block device: filesystems of FUSE and of the network, which are volumes as
 * long as they are mounted, if somebody who may change names says so. Links lead to where they are
 * mounted.
 *
 * Nothing can be read off them, so their unique ID is the word of who registers them. It is a word
 * about a name only: it never takes that of a disk, be it here or remembered. Without one, it is
 * made of the type and the mount point, which is as good as these are lasting.
 *
 * Such a volume is a device whose number is that of a superblock, whose major number is 0. It has
 * no size that could be told; a byte stands for that, and tells its record from that of a disk.
 *
 * The word outlives the daemon, but not the mount: what is noted of that tells whether it is the
 * very same (from the same source, and never unmounted) when the daemon is back. Nothing is noted
 * of one that has gone, or that somebody took away.
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/rules/mounted.h"
#include "core/syntax/link_name.h"

#define SIZE 1			 /* of all of them */
#define MAJOR 0xfffff000000fff00 /* where a dev_t has it */

/* Filesystems of the network that are no FUSE. */
static const char *const network_types[] = { "9p", "afs", "ceph", "cifs", "nfs", "nfs4", "smb3",
	"virtiofs" };

static bool is_type(const char *fstype)
{
	if (strcmp(fstype, "fuse") == 0)
		return true;
	if (strncmp(fstype, "fuse.", 5) == 0)
		return strcmp(fstype, "fuse.mmfs") != 0;
	for (size_t i = 0; i < ARRAY_SIZE(network_types); i++)
		if (strcmp(network_types[i], fstype) == 0)
			return true;
	return false;
}

bool mounted_is_device(const struct device *device)
{
	return device->number && !(device->number & MAJOR);
}

static const struct mount *find_mount(const struct manager *manager, const char *path)
{
	const struct mount *found = NULL;

	for (size_t i = 0; i < manager->mounts.count; i++) {
		const struct mount *mount = &manager->mounts.list[i];

		if (mount->number && !(mount->number & MAJOR) && mount->is_whole &&
			strcmp(mount->path, path) == 0 && is_type(mount->fstype))
			found = mount;
	}
	return found;
}

bool mounted_is_meant(const struct manager *manager, const struct volume_ref *ref)
{
	return ref->text && ref->kind == VOLUME_BY_DEVICE && ref->text[0] == '/' &&
		find_mount(manager, ref->text);
}

static uint64_t hash(uint64_t value, const char *text)
{
	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return value;
}

/* Always the same for the same two texts, on every machine. */
static char *make_id(const struct mount *mount)
{
	uint64_t high = hash(UINT64_C(0xcbf29ce484222325), mount->fstype);
	uint64_t low = hash(high + 1, mount->path);

	high = hash(low, mount->fstype);
	return xasprintf("UUID=%08" PRIx64 "-%04" PRIx64 "-5%03" PRIx64 "-a%03" PRIx64
			 "-%012" PRIx64,
		high >> 32, high >> 16 & 0xffff, high & 0xfff, low >> 48 & 0xfff,
		low & 0xffffffffffff);
}

static char *make_name(const struct mount *mount)
{
	return xasprintf(
		"0:%" PRIu64, (mount->number & 0xff) | (mount->number >> 12 & ~UINT64_C(0xff)));
}

/* Whether the ID may be that of such a volume. */
static int check_id(struct decision *decision, const char *id)
{
	const struct device *owner = volumes_find_id(&decision->manager->volumes, id);
	const struct record *record = names_find_record(&decision->change->names, id);

	if (strncmp(id, "UUID=", 5) != 0)
		return decision_fail(decision, -EINVAL,
			"what is no block device has a unique ID of the form UUID=..., not %s", id);
	if (owner)
		return decision_fail(
			decision, -EEXIST, "%s is the unique ID of %s", id, owner->node);
	if (record && record->fingerprint.size > SIZE)
		return decision_fail(decision, -EEXIST,
			"%s is the unique ID of a disk, which was last at %s", id,
			record->fingerprint.node ? record->fingerprint.node : "an unknown node");
	return decision_check_held_back(decision, id);
}

static int check_count(struct decision *decision)
{
	const struct volumes_change *volumes = &decision->change->volumes;
	size_t count = volumes->puts;

	map_for_each (&decision->manager->volumes.by_name, node, next)
		count += mounted_is_device(container_of(node, struct device, by_name));
	if (count < MOUNTED_MAX)
		return 0;
	return decision_fail(decision, -ENOSPC,
		"no more than %d volumes that are no block device are taken", MOUNTED_MAX);
}

/* Of one mount of one source: no other has the same while this one is there. */
static uint64_t get_mark(const struct mount *mount)
{
	uint64_t mark = mount->origin;

	mark = (mark ^ mount->number) * UINT64_C(0x100000001b3);
	mark = (mark ^ (unsigned int)mount->id) * UINT64_C(0x100000001b3);
	return mark >> 1 | 1; /* as the database takes it */
}

static struct device *make_device(const struct mount *mount, const char *name, const char *id)
{
	struct device *device = device_new(name);

	device->node = xstrdup(mount->path);
	device->number = mount->number;
	device->size = SIZE;
	device->diskseq = get_mark(mount);
	device->is_removable = true;
	device->is_read_only = mount->is_read_only;
	device->identity[ID_UUID] = xstrdup(id + strlen("UUID="));
	device->fstype = xstrdup(mount->fstype);
	device->usage = xstrdup("filesystem");
	return device;
}

/* The suggested link is given to a volume that has none but volume names, if nobody else has it. */
static void suggest(struct decision *decision, const char *id)
{
	const struct names *view = &decision->change->names;
	const struct record *record = names_find_record(view, id);
	const char *path = decision->request->suggested.path;
	const struct link *link = NULL;

	if (!(decision->request->given & KEY_BIT(KEY_SUGGESTED)) || names_find_link(view, path) ||
		(record && record->no_drive_letter && link_name_is_letter(path)))
		return;
	while ((link = names_next_link(view, id, link)))
		if (!link_name_is_volume(link->path))
			return;
	names_set_link(&decision->change->names, path, id, decision->env->now);
	decision_add_entry(decision, decision->request->operation->name, path, id);
}

int mounted_decide_arrival(struct decision *decision)
{
	const struct request *request = decision->request;
	const struct mount *mount = find_mount(decision->manager, request->device.text);
	const struct device *known =
		volumes_find_number(&decision->manager->volumes, mount->number);
	const char *spelled = request->id ? decision_take_id(decision, request->id) : NULL;
	_cleanup_free_ char *id = NULL, *name = NULL;
	int r;

	if (known && (!spelled || is_same_text(known->id, spelled)))
		return 0; /* an arrival that is told again is none */
	if (known)
		return decision_fail(decision, -EEXIST, "%s is a volume already, with the ID %s",
			mount->path, known->id ? known->id : "of another");
	id = spelled ? xstrdup(spelled) : make_id(mount);
	r = check_id(decision, id);
	if (r == 0)
		r = check_count(decision);
	if (r < 0)
		return r;
	name = make_name(mount);
	if (volumes_change_concerns(&decision->change->volumes, name))
		return decision_fail(decision, -EEXIST, "%s has just become a volume", mount->path);
	suggest(decision, id);
	volumes_change_put(&decision->change->volumes, make_device(mount, name, id));
	return 0;
}

void mounted_decide_removal(const struct device *device, struct change *change)
{
	if (mounted_is_device(device) && device->id &&
		names_find_record(&change->names, device->id))
		names_edit_hint(&change->names, device->id)->fingerprint.diskseq = 0;
}

void mounted_decide_departures(const struct manager *manager, struct change *change)
{
	map_for_each (&manager->volumes.by_name, node, next) {
		const struct device *device = container_of(node, struct device, by_name);
		const struct mount *mount =
			mounted_is_device(device) ? find_mount(manager, device->node) : NULL;

		if (mounted_is_device(device) && (!mount || mount->number != device->number) &&
			!volumes_change_concerns(&change->volumes, device->name)) {
			mounted_decide_removal(device, change);
			volumes_change_remove(&change->volumes, device->name);
		}
	}
}

/* Whether it is mounted as it was when somebody said that it is a volume. */
static const struct mount *find_marked_mount(
	const struct manager *manager, const struct fingerprint *seen)
{
	const struct mount *mount = find_mount(manager, seen->node);

	return mount && mount->origin && get_mark(mount) == seen->diskseq ? mount : NULL;
}

void mounted_decide_return(const struct manager *manager, struct change *change)
{
	size_t count = 0;

	map_for_each (&manager->names.records, node, next) {
		const struct record *record = container_of(node, struct record, by_id);
		const struct fingerprint *seen = &record->fingerprint;
		const struct mount *mount;
		_cleanup_free_ char *name = NULL;

		if (seen->size != SIZE || !seen->diskseq || !seen->node ||
			strncmp(record->id, "UUID=", 5) != 0)
			continue;
		mount = count < MOUNTED_MAX ? find_marked_mount(manager, seen) : NULL;
		if (!mount) {
			names_edit_hint(&change->names, record->id)->fingerprint.diskseq = 0;
			continue;
		}
		name = make_name(mount);
		if (volumes_change_concerns(&change->volumes, name))
			continue;
		volumes_change_put(&change->volumes, make_device(mount, name, record->id));
		count++;
	}
}
