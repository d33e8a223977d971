/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/*
 * inotify, for what no event tells: somebody has closed a device after writing (mkfs), and udevd
 * has come or has emptied its queue. Nothing is opened for that.
 */
struct watch;

enum watch_kind {
	WATCH_WRITTEN, /* `name` was closed after writing */
	WATCH_UDEVD,   /* something moved in /run/udev */
	WATCH_LOST,    /* some of these were lost */
};

struct watch_event {
	enum watch_kind kind;
	char *name;
};

int watch_open(struct watch **ret_watch);
void watch_close(struct watch *watch);
int watch_get_fd(const struct watch *watch);
/* Watches a device under a name; again with another node to move it. -ENOSPC: no watch is left. */
int watch_add(struct watch *watch, const char *name, const char *node);
void watch_remove(struct watch *watch, const char *name);
/* 1 with an event (the caller frees the name), 0: none now. */
int watch_take_event(struct watch *watch, struct watch_event *ret_event);
/* Whether some have been taken from the kernel that the descriptor does not tell of any more. */
bool watch_has_event(const struct watch *watch);
