/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mounting and unmounting by way of libfuse.
 *
 * Who mounts has a session that no request is ever read through: its descriptor goes to the server,
 * which has a session of its own.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "io/fuse/fuse_mount.h"
#include "io/fuse/fuse_session.h"

struct fuse_mount {
	struct fuse_session
		*session; /* NULL: another program has mounted, and libfuse knows nothing */
	int fd;
	bool is_gone;
};

/* Mounts. What fusermount3 says to stderr meanwhile counts as a message of libfuse. */
static int mount_session(struct fuse_session *session, const char *mountpoint)
{
	int said = memfd_create("fusermount3", MFD_CLOEXEC);
	int before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	bool is_heard = said >= 0 && before >= 0 && dup2(said, STDERR_FILENO) >= 0;
	int r = fuse_session_mount(session, mountpoint);
	char text[250];
	ssize_t n = 0;

	if (is_heard) {
		dup2(before, STDERR_FILENO);
		n = pread(said, text, sizeof(text) - 1, 0);
	}
	if (n > 0) {
		text[n] = '\0';
		text[strcspn(text, "\n")] = '\0';
		fuse_session_set_message(text);
	}
	if (said >= 0)
		close(said);
	if (before >= 0)
		close(before);
	return r;
}

/* What to do about it, by what libfuse and fusermount3 say. */
static const char *get_advice(const char *message, bool is_root)
{
	static const struct {
		const char *message, *advice;
	} hints[] = {
		{ "failed to exec", " (install the package fuse3)" },
		{ "no write access", " (give it a folder of your own)" },
		{ "determine username", " (the user needs a line in /etc/passwd)" },
		{ "Invalid argument", " (are the mount options right?)" },
	};

	if (strstr(message, strerror(EPERM)))
		return is_root ? " (it takes CAP_SYS_ADMIN: a container needs --cap-add SYS_ADMIN)"
			       : " (only root can, or fusermount3 if it is setuid root)";
	for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
		if (strstr(message, hints[i].message))
			return hints[i].advice;
	return "";
}

int fuse_mount_new(
	const struct fuse_options *options, struct fuse_mount **ret_mount, struct strbuf *why)
{
	static const struct fuse_lowlevel_ops no_ops;
	struct fuse_session *session = fuse_session_make(options, &no_ops, NULL);
	struct fuse_mount *mount;

	if (!session) {
		strbuf_add_format(why, "cannot mount on %s with the options '%s'%s",
			options->mountpoint, options->mount ? options->mount : "",
			fuse_session_get_message());
		return -EINVAL;
	}
	if (mount_session(session, options->mountpoint) != 0) {
		strbuf_add_format(why, "cannot mount on %s%s%s", options->mountpoint,
			fuse_session_get_message(),
			get_advice(fuse_session_get_message(), options->is_root));
		fuse_session_destroy(session);
		return -EIO;
	}
	fuse_session_has_started();
	mount = xcalloc(1, sizeof(*mount));
	mount->session = session;
	mount->fd = fuse_session_fd(session);
	*ret_mount = mount;
	return 0;
}

struct fuse_mount *fuse_mount_adopt(int fd)
{
	struct fuse_mount *mount = xcalloc(1, sizeof(*mount));

	mount->fd = fd;
	return mount;
}

int fuse_mount_get_fd(const struct fuse_mount *mount)
{
	return mount->fd;
}

void fuse_mount_set_gone(struct fuse_mount *mount)
{
	int r = mount->session ? fuse_session_disconnect(mount->session) : 0;

	mount->is_gone = true;
	if (r < 0)
		log_warning("cannot let go of the mount: %s", strerror(-r));
}

/* As libfuse does it: a descriptor with an error has no mount any more. */
bool fuse_mount_is_there(const struct fuse_mount *mount)
{
	struct pollfd state = { .fd = mount->fd };

	return !mount->is_gone && (poll(&state, 1, 0) <= 0 || !(state.revents & POLLERR));
}

bool fuse_mount_free(struct fuse_mount *mount)
{
	bool is_left;

	if (!mount)
		return false;
	is_left = !mount->session && fuse_mount_is_there(mount);
	if (mount->session) {
		fuse_session_unmount(mount->session);
		fuse_session_destroy(mount->session);
	} else {
		close(mount->fd);
	}
	free(mount);
	return is_left;
}
