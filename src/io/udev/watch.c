/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One inotify descriptor for device nodes and /run/udev. A watch sits on the node's inode and keeps
 * no device open. Owns its entries; each is in by_name and by_wd.
 */

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/index.h"
#include "base/map.h"
#include "io/udev/watch.h"

struct entry {
	int wd;
	char name[];
};

struct watch {
	int fd;
	int run;  /* wd of /run, until /run/udev is there */
	int udev; /* wd of /run/udev */
	struct index by_name;
	struct index by_wd;
	_Alignas(struct inotify_event) char buffer[16 * (sizeof(struct inotify_event) + NAME_MAX)];
	size_t at, end;
};

static bool entry_has_name(const void *object, const void *key)
{
	return strcmp(((const struct entry *)object)->name, key) == 0;
}

static bool entry_has_wd(const void *object, const void *key)
{
	return ((const struct entry *)object)->wd == *(const int *)key;
}

static void watch_udevd(struct watch *watch)
{
	watch->udev = inotify_add_watch(
		watch->fd, "/run/udev", IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_ONLYDIR);
	if (watch->udev < 0 && watch->run < 0)
		watch->run = inotify_add_watch(watch->fd, "/run", IN_CREATE | IN_ONLYDIR);
}

int watch_open(struct watch **ret_watch)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	struct watch *watch;

	if (fd < 0)
		return -errno;
	watch = xcalloc(1, sizeof(*watch));
	watch->fd = fd;
	watch->run = watch->udev = -1;
	watch_udevd(watch);
	*ret_watch = watch;
	return 0;
}

static void entry_remove(struct watch *watch, struct entry *entry)
{
	index_remove(&watch->by_name, entry, map_hash_text(entry->name));
	index_remove(&watch->by_wd, entry, map_hash_number((uint64_t)entry->wd));
	free(entry);
}

void watch_close(struct watch *watch)
{
	if (!watch)
		return;
	index_for_each (&watch->by_name, struct entry, entry)
		free(entry);
	index_fini(&watch->by_name);
	index_fini(&watch->by_wd);
	close(watch->fd);
	free(watch);
}

int watch_get_fd(const struct watch *watch)
{
	return watch->fd;
}

static struct entry *find_name(const struct watch *watch, const char *name)
{
	return index_find(&watch->by_name, map_hash_text(name), entry_has_name, name);
}

static struct entry *find_wd(const struct watch *watch, int wd)
{
	return index_find(&watch->by_wd, map_hash_number((uint64_t)wd), entry_has_wd, &wd);
}

int watch_add(struct watch *watch, const char *name, const char *node)
{
	int wd = inotify_add_watch(watch->fd, node, IN_CLOSE_WRITE);
	int r = wd < 0 ? -errno : 0;
	struct entry *entry = find_name(watch, name);

	if (entry && entry->wd == wd)
		return 0;
	if (entry)
		watch_remove(watch, name);
	if (wd < 0 || find_wd(watch, wd))
		return r;
	entry = xcalloc(1, sizeof(*entry) + strlen(name) + 1);
	entry->wd = wd;
	strcpy(entry->name, name);
	index_add(&watch->by_name, entry, map_hash_text(name));
	index_add(&watch->by_wd, entry, map_hash_number((uint64_t)wd));
	return 0;
}

void watch_remove(struct watch *watch, const char *name)
{
	struct entry *entry = find_name(watch, name);

	if (!entry)
		return;
	inotify_rm_watch(watch->fd, entry->wd);
	entry_remove(watch, entry);
}

/* Turns one of the kernel's events into ours; false if it says nothing to us. */
static bool translate(
	struct watch *watch, const struct inotify_event *raw, struct watch_event *ret_event)
{
	struct entry *entry;

	if (raw->mask & IN_Q_OVERFLOW) {
		*ret_event = (struct watch_event){ .kind = WATCH_LOST };
		return true;
	}
	if (raw->wd == watch->run || raw->wd == watch->udev) {
		bool is_udev = raw->len && strcmp(raw->name, "udev") == 0;

		if (raw->wd == watch->udev && raw->mask & IN_IGNORED)
			watch->udev = -1;
		if (watch->udev < 0)
			watch_udevd(watch);
		*ret_event = (struct watch_event){ .kind = WATCH_UDEVD };
		return raw->wd == watch->udev || is_udev;
	}
	entry = find_wd(watch, raw->wd);
	if (entry && raw->mask & IN_IGNORED) { /* the node is gone */
		entry_remove(watch, entry);
		return false;
	}
	if (!entry || !(raw->mask & IN_CLOSE_WRITE))
		return false;
	*ret_event = (struct watch_event){ .kind = WATCH_WRITTEN, .name = xstrdup(entry->name) };
	return true;
}

bool watch_has_event(const struct watch *watch)
{
	return watch->at != watch->end;
}

int watch_take_event(struct watch *watch, struct watch_event *ret_event)
{
	for (;;) {
		const struct inotify_event *raw;

		if (!watch_has_event(watch)) {
			ssize_t n = read(watch->fd, watch->buffer, sizeof(watch->buffer));

			if (n <= 0)
				return 0;
			watch->at = 0;
			watch->end = (size_t)n;
		}
		raw = (const struct inotify_event *)(watch->buffer + watch->at);
		watch->at += sizeof(*raw) + raw->len;
		if (translate(watch, raw, ret_event))
			return 1;
	}
}
