/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The start of a server, as long as it may do everything; and what it may do from then on.
 */

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/limits.h"
#include "daemon/preparation.h"
#include "io/fuse/fuse_mount.h"
#include "io/mounts/mountpoint.h"
#include "io/probe/confinement.h"
#include "io/probe/sandbox.h"

/* Nodes of others, and folders of others on hosting volumes; room for events of the kernel. */
#define KEPT_CAPABILITIES                                                       \
	(UINT64_C(1) << CAP_DAC_READ_SEARCH | UINT64_C(1) << CAP_DAC_OVERRIDE | \
		UINT64_C(1) << CAP_NET_ADMIN)

static int prepare_folder(const struct mmfs_options *options, struct strbuf *why)
{
	int r = mountpoint_prepare(options->fuse.mountpoint, options->may_hide, why);
	uint64_t limit = clock_get_monotonic() + BUSY_LIMIT; /* that may have waited for a server */

	while ((r == -EBUSY || r == -ECONNABORTED) && clock_get_monotonic() < limit) {
		usleep(BUSY_PAUSE);
		strbuf_reset(why);
		r = mountpoint_prepare(options->fuse.mountpoint, options->may_hide, why);
	}
	return r;
}

/*
 * Makes sure that there is a folder to mount at. Once the tree is there nothing may look at it:
 * nobody would answer.
 */
static int find_place(const struct mmfs_options *options, char **ret_mountpoint, struct strbuf *why)
{
	int r;

	if (options->heirloom->place) {
		*ret_mountpoint = xstrdup(options->heirloom->place);
		return 0;
	}
	r = prepare_folder(options, why);
	if (r == 0)
		r = fuse_check_device(options->fuse.mountpoint, why);
	if (r < 0)
		return r;
	*ret_mountpoint = realpath(options->fuse.mountpoint, NULL);
	if (!*ret_mountpoint)
		*ret_mountpoint = xstrdup(options->fuse.mountpoint);
	return 0;
}

static int give_up_privileges(struct strbuf *why)
{
	int r = sandbox_drop_capabilities(KEPT_CAPABILITIES);

	if (r < 0) {
		strbuf_add_format(why, "cannot give up capabilities: %s", strerror(-r));
		return r;
	}
	r = confinement_enter();
	if (r < 0) /* a kernel without seccomp */
		log_warning("cannot forbid system calls to the server: %s", strerror(-r));
	return 0;
}

/* A teller needs even less than the server has left: no capability at all. */
static int give_up_the_rest(void)
{
	return sandbox_drop_capabilities(0);
}

int preparation_run(const struct mmfs_options *options, char **ret_mountpoint,
	struct mount_agent **ret_agent, struct teller **ret_tellers, struct strbuf *why)
{
	int r;

	limits_raise();
	/* First of all, so that a slip does not leave a new database behind. */
	r = find_place(options, ret_mountpoint, why);
	if (r < 0)
		return r;
	r = mount_agent_start(*ret_mountpoint, options->mounts_registered, ret_agent);
	if (r == 0) {
		r = give_up_privileges(why);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; r == 0 && i < TELLERS; i++)
		r = teller_start(give_up_the_rest, &ret_tellers[i]);
	if (r < 0)
		strbuf_add_format(why, "cannot start a process: %s", strerror(-r));
	return r;
}
