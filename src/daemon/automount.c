/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registered mount points that are mounted by themselves: automount=registered.
 *
 * One attempt per mount point stands for what was made of it. It lasts while the same volumes are
 * mounted in the same way, whether it has failed, or somebody has unmounted it meanwhile: then that is
 * what they want. Mounting and unmounting are errands; what is mounted is known by its mount id.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/model/hosting.h"
#include "daemon/automount.h"
#include "daemon/mmfs_private.h"
#include "io/mounts/mounter.h"
#include "io/replica/replica_file.h"

#define PATIENCE (5 * SECOND)

enum attempt_step {
	ATTEMPT_OVER, /* failed, or unmounted by somebody */
	ATTEMPT_MOUNTING,
	ATTEMPT_MOUNTED,
	ATTEMPT_UNMOUNTING,
};

struct attempt {
	struct attempt *next;
	enum attempt_step step;
	char *host; /* unique ID */
	char *path; /* on it */
	char *target;
	uint64_t target_number;
	uint64_t target_diskseq;
	int host_mount;
	char *mount_path;
	int mount; /* id of what was mounted */
	uint64_t started;
};

struct automount {
	struct mmfs *mmfs;
	struct attempt *list;
};

/* For the thread. */
struct mount_errand {
	struct errand errand;
	void *automount, *attempt; /* whom it is for; nothing for the thread */
	bool is_unmount, is_lazy;
	char *host_path;
	int host_mount;
	uint64_t host_number;
	char *path;
	char *mount_path;
	char *node, *fstype, *options;
	uint64_t number; /* of the node */
	int mount;
	int error;
	struct strbuf why;
};

struct automount *automount_new(struct mmfs *mmfs)
{
	struct automount *automount = xcalloc(1, sizeof(*automount));

	automount->mmfs = mmfs;
	return automount;
}

static void attempt_free(struct attempt *attempt)
{
	free(attempt->host);
	free(attempt->path);
	free(attempt->target);
	free(attempt->mount_path);
	free(attempt);
}

void automount_free(struct automount *automount)
{
	if (!automount)
		return;
	for (struct attempt *attempt = automount->list, *next; attempt; attempt = next) {
		next = attempt->next;
		attempt_free(attempt);
	}
	free(automount);
}

static void errand_free(struct mount_errand *errand)
{
	free(errand->host_path);
	free(errand->path);
	free(errand->mount_path);
	free(errand->node);
	free(errand->fstype);
	free(errand->options);
	strbuf_fini(&errand->why);
	free(errand);
}

static bool is_busy(const struct attempt *attempt)
{
	return attempt->step == ATTEMPT_MOUNTING || attempt->step == ATTEMPT_UNMOUNTING;
}

/* What is mounted there must be the device that was meant: nodes can change hands. */
static int check_mounted(struct mount_errand *errand, int root)
{
	int folder = replica_file_open_folder(root, errand->path, true);
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct statx found;
	int r = folder < 0 ? folder : 0;

	if (r == 0 &&
		statx(folder, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &found) < 0)
		r = -errno;
	if (folder >= 0)
		close(folder);
	if (r < 0) {
		strbuf_add_format(
			&errand->why, "cannot look at %s: %s", errand->mount_path, strerror(-r));
		return r;
	}
	errand->mount = (int)found.stx_mnt_id;
	if (!found.stx_dev_major ||
		makedev(found.stx_dev_major, found.stx_dev_minor) == errand->number)
		return 0;
	mounter_unmount(errand->mount_path, errand->mount, true, &why);
	strbuf_add_format(&errand->why, "%s is another device by now", errand->node);
	return -ESTALE;
}

static int mount_volume(struct mount_errand *errand)
{
	struct replica_mount mount = {
		.path = errand->host_path,
		.id = errand->host_mount,
		.number = errand->host_number,
	};
	struct mounter_volume volume = { errand->node, errand->fstype, errand->options };
	int root = -1, folder = -1;
	int r = replica_file_open_root(&mount, &root, &errand->why);

	if (r == 0) {
		folder = replica_file_open_folder(root, errand->path, false);
		r = folder < 0 ? folder : 0;
		if (r < 0)
			strbuf_add_format(&errand->why, "cannot mount %s at %s: %s", errand->node,
				errand->mount_path, strerror(-r));
	}
	if (r == 0)
		r = mounter_mount(folder, &volume, &errand->why);
	if (folder >= 0)
		close(folder);
	if (r == 0)
		r = check_mounted(errand, root);
	if (root >= 0)
		close(root);
	return r;
}

static void run(struct errand *work)
{
	struct mount_errand *errand = container_of(work, struct mount_errand, errand);

	errand->error = errand->is_unmount
		? mounter_unmount(errand->mount_path, errand->mount, errand->is_lazy, &errand->why)
		: mount_volume(errand);
}

static void on_done(struct errand *done)
{
	struct mount_errand *errand = container_of(done, struct mount_errand, errand);
	struct automount *automount = errand->automount;
	struct attempt *attempt = errand->attempt;

	if (errand->error < 0) {
		log_warning("%s", strbuf_text(&errand->why));
		door_note_failure(automount->mmfs, errand->error, errand->mount_path,
			strbuf_text(&errand->why));
		attempt->step = ATTEMPT_OVER;
	} else {
		attempt->step = errand->is_unmount ? ATTEMPT_OVER : ATTEMPT_MOUNTED;
		attempt->mount = errand->mount;
		log_info("%s %s", errand->is_unmount ? "unmounted" : "mounted", errand->mount_path);
	}
	errand_free(errand);
	mmfs_read_mounts(automount->mmfs);
	door_work(automount->mmfs);
}

static void send(struct automount *automount, struct attempt *attempt, struct mount_errand *errand)
{
	errand->errand.run = run;
	errand->errand.finish = on_done;
	errand->automount = automount;
	errand->attempt = attempt;
	errand->mount_path = xstrdup(attempt->mount_path);
	attempt->started = clock_get_monotonic();
	workers_add(automount->mmfs->workers, &errand->errand);
}

static void begin_unmount(struct automount *automount, struct attempt *attempt, bool is_lazy)
{
	struct mount_errand *errand = xcalloc(1, sizeof(*errand));

	errand->is_unmount = true;
	errand->is_lazy = is_lazy;
	errand->mount = attempt->mount;
	attempt->step = ATTEMPT_UNMOUNTING;
	send(automount, attempt, errand);
}

/* Whether what was mounted is there, as it was: the kernel uses the ids of mounts again. */
static bool is_mounted(const struct manager *manager, const struct attempt *attempt)
{
	for (size_t i = 0; i < manager->mounts.count; i++) {
		const struct mount *mount = &manager->mounts.list[i];

		if (mount->id == attempt->mount && mount->number == attempt->target_number &&
			strcmp(mount->path, attempt->mount_path) == 0)
			return true;
	}
	return false;
}

static bool is_mount_point(const struct manager *manager, const char *path)
{
	for (size_t i = 0; i < manager->mounts.count; i++)
		if (strcmp(manager->mounts.list[i].path, path) == 0)
			return true;
	return false;
}

/* The mount of a host that shows its mount points, NULL: none does. */
static const struct mount *find_host_mount(const struct manager *manager, const char *host)
{
	const struct device *device = volumes_find_id(&manager->volumes, host);
	const struct mount *mount =
		device ? mounts_next(&manager->mounts, device->number, NULL) : NULL;

	return mount && mount->is_whole ? mount : NULL;
}

/* The volume that belongs at a mount point, if it is here and can be mounted. */
static const struct device *find_target(
	const struct manager *manager, const struct mount_point *point)
{
	const struct link *link = names_find_link(&manager->names, point->volume);
	const struct device *device =
		link ? volumes_find_id(&manager->volumes, link->record->id) : NULL;

	return device && device->fstype && is_same_text(device->usage, "filesystem") ? device
										     : NULL;
}

/* Whether an attempt is still about the same volumes, mounted in the same way. */
static bool is_current(const struct manager *manager, const struct attempt *attempt)
{
	const struct mount_point *point =
		mount_points_find(&manager->names, attempt->host, attempt->path);
	const struct mount *mount = find_host_mount(manager, attempt->host);
	const struct device *target = point ? find_target(manager, point) : NULL;

	return mount && mount->id == attempt->host_mount && target &&
		strcmp(target->id, attempt->target) == 0 &&
		target->number == attempt->target_number &&
		target->diskseq == attempt->target_diskseq;
}

/* Looks at what was made. True: the attempt is over and done with. */
static bool look_at(struct automount *automount, struct attempt *attempt)
{
	const struct manager *manager = &automount->mmfs->manager;
	const struct device *target = volumes_find_id(&manager->volumes, attempt->target);
	bool is_there = target && target->number == attempt->target_number &&
		target->diskseq == attempt->target_diskseq;

	if (is_busy(attempt))
		return false;
	if (attempt->step == ATTEMPT_MOUNTED && !is_mounted(manager, attempt))
		attempt->step = ATTEMPT_OVER;
	if (is_current(manager, attempt))
		return false;
	if (attempt->step == ATTEMPT_OVER)
		return true;
	begin_unmount(automount, attempt, !is_there || !find_host_mount(manager, attempt->host));
	return false;
}

static bool has_attempt(const struct automount *automount, const struct mount_point *point)
{
	const struct attempt *attempt = automount->list;

	while (attempt &&
		(strcmp(attempt->path, point->path) != 0 ||
			strcmp(attempt->host, point->host) != 0))
		attempt = attempt->next;
	return attempt != NULL;
}

static void begin_mount(struct automount *automount, const struct mount_point *point,
	const struct mount *host, const struct device *target)
{
	char *path = hosting_get_path(&automount->mmfs->manager, point);
	struct mount_errand *errand = xcalloc(1, sizeof(*errand));
	struct attempt *attempt = xcalloc(1, sizeof(*attempt));

	*attempt = (struct attempt){
		.next = automount->list,
		.step = ATTEMPT_MOUNTING,
		.host = xstrdup(point->host),
		.path = xstrdup(point->path),
		.target = xstrdup(target->id),
		.target_number = target->number,
		.target_diskseq = target->diskseq,
		.host_mount = host->id,
		.mount_path = path,
	};
	automount->list = attempt;
	errand->host_path = xstrdup(host->path);
	errand->host_mount = host->id;
	errand->host_number = host->super == host->number ? host->number : 0;
	errand->path = xstrdup(point->path);
	errand->node = xstrdup(target->node);
	errand->number = target->number;
	errand->fstype = xstrdup(target->fstype);
	errand->options = point->options ? xstrdup(point->options) : NULL;
	send(automount, attempt, errand);
}

static void look_at_point(struct automount *automount, const struct mount_point *point)
{
	const struct manager *manager = &automount->mmfs->manager;
	const struct mount *host = find_host_mount(manager, point->host);
	const struct device *target = host ? find_target(manager, point) : NULL;
	_cleanup_free_ char *path = target ? hosting_get_path(manager, point) : NULL;

	if (path && !has_attempt(automount, point) && !is_mount_point(manager, path))
		begin_mount(automount, point, host, target);
}

void automount_update(struct automount *automount)
{
	_cleanup_free_ const struct mount_point **points = NULL;
	size_t count;

	if (!automount->mmfs->mounts_registered)
		return;
	for (struct attempt **link = &automount->list, *attempt; (attempt = *link);) {
		if (!look_at(automount, attempt)) {
			link = &attempt->next;
			continue;
		}
		*link = attempt->next;
		attempt_free(attempt);
	}
	count = mount_points_get(&automount->mmfs->manager.names, &points);
	for (size_t i = 0; i < count; i++)
		look_at_point(automount, points[i]);
}

bool automount_is_settled(const struct automount *automount)
{
	uint64_t now = clock_get_monotonic();

	for (const struct attempt *attempt = automount->list; attempt; attempt = attempt->next)
		if (is_busy(attempt) && now < attempt->started + PATIENCE)
			return false;
	return true;
}
