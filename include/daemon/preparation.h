/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/mmfs.h"
#include "daemon/mount_agent.h"
#include "io/fuse/teller.h"

/*
 * A server whose keeper was killed ends by itself, and has the mount and the database until then:
 * who starts mmfs anew at once waits for that. In µs.
 */
#define BUSY_LIMIT 2000000u
#define BUSY_PAUSE 10000u

/*
 * What the server does before it has threads, and before it gives up the right to: looks at the
 * folder that the tree is to be mounted at, as mountpoint_prepare() does, and starts the processes
 * that mount, and wait for clients, in its place from then on. What it has left are the
 * capabilities to open disks and files and to listen to the kernel, no way to gain others, and no
 * calls that a server of names never makes. The caller frees `ret_mountpoint`, the folder as
 * mountinfo will have it.
 */
int preparation_run(const struct mmfs_options *options, char **ret_mountpoint,
	struct mount_agent **ret_agent, struct teller **ret_tellers, struct strbuf *why);
