/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registered mount points that are mounted by themselves: automount=registered.
 *
 * One attempt per mount point stands for what was made of it:
 *
 *	          done                 its volumes are others, or mounted otherwise
 *	MOUNTING ─────► MOUNTED ──────────────────────────────────────► UNMOUNTING
 *	    │ failed       │ somebody has unmounted it                      │ done, failed
 *	    └────────────► OVER ◄───────────────────────────────────────────┘
 *
 * It lasts while the same volumes are mounted in the same way, whether it has failed, or somebody
 * has unmounted it meanwhile: then that is what they want. What is over ends when it is about
 * others; the mount point is then tried anew. What is mounted is known by its mount id. Only what
 * was registered on this machine, or accepted here, is tried: the file on a hosting volume is
 * anybody's.
 */

#include <string.h>

#include "core/model/hosting.h"
#include "machines/automount.h"

enum attempt_step {
	ATTEMPT_OVER,
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
	bool is_slow; /* nobody waits for it to settle */
};

struct automount {
	const struct manager *manager;
	const struct automount_world *world;
	struct attempt *list;
	uint64_t timer; /* what it is set for */
};

struct automount *automount_new(const struct manager *manager, const struct automount_world *world)
{
	struct automount *automount = xcalloc(1, sizeof(*automount));

	automount->manager = manager;
	automount->world = world;
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

void mount_order_free(struct mount_order *order)
{
	free(order->host_path);
	free(order->path);
	free(order->mount_path);
	free(order->node);
	free(order->fstype);
	free(order->options);
	strbuf_fini(&order->why);
	free(order);
}

static bool is_busy(const struct attempt *attempt)
{
	return attempt->step == ATTEMPT_MOUNTING || attempt->step == ATTEMPT_UNMOUNTING;
}

static uint64_t get_deadline(const struct automount *automount)
{
	uint64_t first = 0;

	for (const struct attempt *attempt = automount->list; attempt; attempt = attempt->next) {
		uint64_t deadline = attempt->started + AUTOMOUNT_PATIENCE;

		if (is_busy(attempt) && !attempt->is_slow && (!first || deadline < first))
			first = deadline;
	}
	return first;
}

static void set_timer(struct automount *automount)
{
	uint64_t at = get_deadline(automount);

	if (at == automount->timer)
		return;
	automount->timer = at;
	automount->world->set_timer(automount->world->data, at);
}

static void begin(struct automount *automount, struct attempt *attempt, struct mount_order *order,
	uint64_t now)
{
	order->attempt = attempt;
	order->mount_path = xstrdup(attempt->mount_path);
	attempt->started = now;
	attempt->is_slow = false;
	automount->world->begin(automount->world->data, order);
}

/* While something is under way nothing is noted. */
static void note(const struct automount *automount, const struct attempt *attempt)
{
	const struct mount_attempt noted = {
		.host = attempt->host,
		.path = attempt->path,
		.target = attempt->target,
		.target_number = attempt->target_number,
		.target_diskseq = attempt->target_diskseq,
		.host_mount = attempt->host_mount,
		.mount_path = attempt->mount_path,
		.mount = attempt->step == ATTEMPT_MOUNTED ? attempt->mount : 0,
	};

	automount->world->note(automount->world->data, &noted);
}

void automount_take(struct automount *automount, struct mount_order *order)
{
	struct attempt *attempt = order->attempt;

	attempt->step = order->error < 0 || order->is_unmount ? ATTEMPT_OVER : ATTEMPT_MOUNTED;
	attempt->mount = order->mount;
	note(automount, attempt);
	automount->world->report(automount->world->data, order);
	mount_order_free(order);
	set_timer(automount);
}

static void begin_unmount(
	struct automount *automount, struct attempt *attempt, bool is_lazy, uint64_t now)
{
	struct mount_order *order = xcalloc(1, sizeof(*order));

	order->is_unmount = true;
	order->is_lazy = is_lazy;
	order->mount = attempt->mount;
	attempt->step = ATTEMPT_UNMOUNTING;
	begin(automount, attempt, order, now);
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

/*
 * The volume that belongs at a mount point, if it is here and can be mounted. A shared one is never
 * mounted by itself: a filesystem that two hosts mount is destroyed.
 */
static const struct device *find_target(
	const struct manager *manager, const struct mount_point *point)
{
	const struct link *link = names_find_link(&manager->names, point->volume);
	const struct device *device =
		link ? volumes_find_id(&manager->volumes, link->record->id) : NULL;

	if (!device || link->record->is_shared || !device->fstype ||
		!is_same_text(device->usage, "filesystem"))
		return NULL;
	return device;
}

/* Whether an attempt is still about the same volumes, mounted in the same way. */
static bool is_current(const struct manager *manager, const struct attempt *attempt)
{
	const struct mount_point *point =
		mount_points_find(&manager->names, attempt->host, attempt->path);
	const struct mount *mount = hosting_get_whole_mount(manager, attempt->host);
	const struct device *target = point ? find_target(manager, point) : NULL;

	return mount && mount->id == attempt->host_mount && target && !point->is_found &&
		strcmp(target->id, attempt->target) == 0 &&
		target->number == attempt->target_number &&
		target->diskseq == attempt->target_diskseq;
}

/* Looks at what was made. True: the attempt is over and done with. */
static bool look_at(struct automount *automount, struct attempt *attempt, uint64_t now)
{
	const struct manager *manager = automount->manager;
	const struct device *target = volumes_find_id(&manager->volumes, attempt->target);
	bool is_there = target && target->number == attempt->target_number &&
		target->diskseq == attempt->target_diskseq;

	if (is_busy(attempt))
		return false;
	if (attempt->step == ATTEMPT_MOUNTED && !is_mounted(manager, attempt)) {
		attempt->step = ATTEMPT_OVER;
		note(automount, attempt);
	}
	if (is_current(manager, attempt))
		return false;
	if (attempt->step == ATTEMPT_OVER)
		return true;
	begin_unmount(automount, attempt,
		!is_there || !hosting_get_whole_mount(manager, attempt->host), now);
	return false;
}

static bool has_attempt(const struct automount *automount, const char *host, const char *path)
{
	const struct attempt *attempt = automount->list;

	while (attempt && (strcmp(attempt->path, path) != 0 || strcmp(attempt->host, host) != 0))
		attempt = attempt->next;
	return attempt != NULL;
}

static void begin_mount(struct automount *automount, const struct mount_point *point,
	const struct mount *host, const struct device *target, uint64_t now)
{
	char *path = hosting_get_path(automount->manager, point);
	struct mount_order *order = xcalloc(1, sizeof(*order));
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
	order->host_path = xstrdup(host->path);
	order->host_mount = host->id;
	order->host_number = host->super == host->number ? host->number : 0;
	order->path = xstrdup(point->path);
	order->node = xstrdup(target->node);
	order->number = target->number;
	order->diskseq = target->diskseq;
	order->fstype = xstrdup(target->fstype);
	order->options = point->options ? xstrdup(point->options) : NULL;
	begin(automount, attempt, order, now);
}

static void look_at_point(
	struct automount *automount, const struct mount_point *point, uint64_t now)
{
	const struct manager *manager = automount->manager;
	const struct mount *host = hosting_get_whole_mount(manager, point->host);
	const struct device *target = host ? find_target(manager, point) : NULL;
	_cleanup_free_ char *path = target ? hosting_get_path(manager, point) : NULL;

	if (path && !point->is_found && !has_attempt(automount, point->host, point->path) &&
		!is_mount_point(manager, path))
		begin_mount(automount, point, host, target, now);
}

void automount_recall(struct automount *automount, const struct mount_attempt *noted)
{
	struct attempt *attempt = xcalloc(1, sizeof(*attempt));

	*attempt = (struct attempt){
		.next = automount->list,
		.step = ATTEMPT_OVER,
		.host = xstrdup(noted->host),
		.path = xstrdup(noted->path),
		.target = xstrdup(noted->target),
		.target_number = noted->target_number,
		.target_diskseq = noted->target_diskseq,
		.host_mount = noted->host_mount,
		.mount_path = xstrdup(noted->mount_path),
		.mount = noted->mount,
	};
	if (has_attempt(automount, attempt->host, attempt->path)) {
		attempt_free(attempt);
		return;
	}
	/* What is not meant any more is unmounted by and by. */
	if (attempt->mount && is_mounted(automount->manager, attempt))
		attempt->step = ATTEMPT_MOUNTED;
	automount->list = attempt;
	note(automount, attempt);
}

void automount_update(struct automount *automount, uint64_t now)
{
	_cleanup_free_ const struct mount_point **points = NULL;
	size_t count;

	for (struct attempt **link = &automount->list, *attempt; (attempt = *link);) {
		if (!look_at(automount, attempt, now)) {
			link = &attempt->next;
			continue;
		}
		*link = attempt->next;
		automount->world->forget(automount->world->data, attempt->host, attempt->path);
		attempt_free(attempt);
	}
	count = mount_points_get(&automount->manager->names, &points);
	for (size_t i = 0; i < count; i++)
		look_at_point(automount, points[i], now);
	set_timer(automount);
}

bool automount_is_settled(const struct automount *automount)
{
	for (const struct attempt *attempt = automount->list; attempt; attempt = attempt->next)
		if (is_busy(attempt) && !attempt->is_slow)
			return false;
	return true;
}

void automount_handle_time(struct automount *automount, uint64_t now)
{
	for (struct attempt *attempt = automount->list; attempt; attempt = attempt->next)
		attempt->is_slow |=
			is_busy(attempt) && now >= attempt->started + AUTOMOUNT_PATIENCE;
	automount->timer = 0; /* it has fired */
	set_timer(automount);
}
