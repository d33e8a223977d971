/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"
#include "io/mounts/mounter.h"

/* The process that mounts and unmounts for the server, which has no right to. */
struct mount_agent;

/*
 * Starts it, before there is any thread. `tree`, which is copied, is where the tree is mounted.
 * Without `may_mount` it does nothing but to take that away.
 */
int mount_agent_start(const char *tree, bool may_mount, struct mount_agent **ret_agent);
/* Ends it, but for what waits for a sick disk. NULL is fine. */
void mount_agent_free(struct mount_agent *agent);

/* As mounter_mount() and mounter_unmount(), by any thread. -EPIPE: there is no agent any more. */
int mount_agent_mount(struct mount_agent *agent, int folder, const struct mounter_volume *volume,
	struct strbuf *why);
int mount_agent_unmount(
	struct mount_agent *agent, const char *path, int id, bool is_lazy, struct strbuf *why);
/* Takes the tree away, lazily. */
int mount_agent_leave(struct mount_agent *agent, struct strbuf *why);
