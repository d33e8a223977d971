/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions of libfuse, which the keeper mounts with and the server serves with: their options, what
 * libfuse says, and their end.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "io/fuse/fuse_session.h"

#define SOURCE_MAX 255 /* bytes */

static char last_message[256]; /* of libfuse, while starting */
static bool has_started;

/* libfuse's messages: while starting they explain a failure, afterwards they are log lines. */
static void take_message(enum fuse_log_level level, const char *format, va_list args)
{
	char line[512];

	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	if (level == FUSE_LOG_DEBUG)
		log_debug("%s", line);
	else if (has_started)
		log_warning("%s", line);
	else
		snprintf(last_message, sizeof(last_message), ": %.250s", line);
}

static void add_option(struct fuse_args *args, const char *option)
{
	if (fuse_opt_add_arg(args, "-o") < 0 || fuse_opt_add_arg(args, option) < 0)
		abort();
}

/*
 * Whatever a mount is said to be of, it is one option to libfuse: commas and backslashes are no
 * ends. The kernel takes no more than a page.
 */
static void add_source(struct fuse_args *args, const char *source)
{
	_cleanup_free_ char *option =
		xasprintf("fsname=%.*s", SOURCE_MAX, *source ? source : "mmfs");
	char *escaped = NULL;

	if (fuse_opt_add_opt_escaped(&escaped, option) < 0)
		abort();
	add_option(args, escaped);
	free(escaped);
}

struct fuse_session *fuse_session_make(
	const struct fuse_options *options, const struct fuse_lowlevel_ops *ops, void *data)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	_cleanup_free_ char *max_read = xasprintf("max_read=%u", options->max_read);
	struct fuse_session *session;

	fuse_set_log_func(take_message);
	if (fuse_opt_add_arg(&args, "mmfs") < 0)
		abort();
	add_source(&args, options->source);
	add_option(&args, "subtype=mmfs,default_permissions,nosuid,nodev,noexec");
	if (options->is_root)
		add_option(&args, "allow_other");
	if (options->max_read)
		add_option(&args, max_read);
	if (options->mount)
		add_option(&args, options->mount);
	if (options->is_debugging && fuse_opt_add_arg(&args, "-d") < 0)
		abort();
	session = fuse_session_new(&args, ops, sizeof(*ops), data);
	fuse_opt_free_args(&args);
	return session;
}

void fuse_session_has_started(void)
{
	has_started = true;
}

void fuse_session_set_message(const char *message)
{
	snprintf(last_message, sizeof(last_message), ": %.250s", message);
}

const char *fuse_session_get_message(void)
{
	return last_message;
}

/*
 * fuse_session_unmount() leaves a mount alone whose descriptor has an error, as that of a pipe
 * without a reader.
 */
int fuse_session_disconnect(struct fuse_session *session)
{
	int ends[2], r = 0;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	close(ends[0]);
	if (dup3(ends[1], fuse_session_fd(session), O_CLOEXEC) < 0)
		r = -errno;
	close(ends[1]);
	return r;
}
