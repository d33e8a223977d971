/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"

/*
 * Whether one can mount at `path`: an empty folder on which no filesystem is mounted, or any folder
 * if `may_hide`. Mounts of daemons that died are taken away first. On error a negative errno and in
 * `why` a sentence with what to do.
 */
int mountpoint_prepare(const char *path, bool may_hide, struct strbuf *why);
/*
 * Takes away a mount that nobody serves any more: who waits for an answer waits no longer. That
 * happens by itself when the last descriptor of it is closed; but a process that waits inside the
 * kernel for such a client has one. Only root can.
 */
void mountpoint_end(const char *path);
/* Takes a mount away, lazily, as who made it can. True: it is gone. */
bool mountpoint_detach(const char *path);
