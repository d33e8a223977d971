/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/manager.h"

/*
 * The links that a device is to have below /dev/mm, as udevd's rule reads them: lines of
 *
 *	MMFS_LINKS_1=mm/C: mm/my\x20films
 *
 * Each is short enough for udevd, and there are DEV_LINKS_LINES of them at most.
 */

#define DEV_LINKS_LINES 64  /* which the rule knows */
#define DEV_LINKS_LINE 1000 /* bytes of a value: udevd's buffer has 1024 */
#define DEV_LINKS_NAME 255  /* bytes of a file name, escaped */

/*
 * Makes the lines; none if the device is to have no links. The same links give the same text.
 * `ret_left_out` is the number of links whose names are too long, or that are too many.
 */
void dev_links_format(const struct manager *manager, const struct device *device,
	struct strbuf *ret_text, size_t *ret_left_out);
/* Writes a name as udevd does in /dev/disk/by-label: what it does not allow is \xHH. */
void dev_links_escape(struct strbuf *buf, const char *name);
