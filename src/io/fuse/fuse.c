/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The FUSE session: mounting, serving from the main loop, unmounting.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/log.h"
#include "fuse_private.h"
#include "io/fuse/fuse_ops.h"
#include "io/fuse/fuse_text.h"
#include "io/fuse/fuse_wait.h"
#include "io/fuse/open_file.h"

#define REQUESTS_PER_TURN 64
#define FOREVER (1e9)	/* seconds */
#define READ_AHEAD 1024 /* KiB */

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

static struct fuse_session *new_session(
	const struct fuse_options *options, struct fuse_server *server)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	_cleanup_free_ char *source = xasprintf("fsname=%s", options->source);
	_cleanup_free_ char *max_read = xasprintf("max_read=%u", options->max_read);
	struct fuse_session *session;

	if (fuse_opt_add_arg(&args, "mmfs") < 0)
		abort();
	add_option(&args, source);
	add_option(&args, "subtype=mmfs,default_permissions,nosuid,nodev,noexec");
	if (options->is_root)
		add_option(&args, "allow_other");
	if (options->max_read)
		add_option(&args, max_read);
	if (options->mount)
		add_option(&args, options->mount);
	if (options->is_debugging && fuse_opt_add_arg(&args, "-d") < 0)
		abort();
	session = fuse_session_new(&args, &fuse_ops, sizeof(fuse_ops), server);
	fuse_opt_free_args(&args);
	return session;
}

/* Mounts. What fusermount3 says to stderr meanwhile counts as a message of libfuse. */
static int mount_session(struct fuse_server *server)
{
	int said = memfd_create("fusermount3", MFD_CLOEXEC);
	int before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	bool is_heard = said >= 0 && before >= 0 && dup2(said, STDERR_FILENO) >= 0;
	int r = fuse_session_mount(server->session, server->mountpoint);
	char text[250];
	ssize_t n = 0;

	if (is_heard) {
		dup2(before, STDERR_FILENO);
		n = pread(said, text, sizeof(text) - 1, 0);
	}
	if (n > 0) {
		text[n] = '\0';
		text[strcspn(text, "\n")] = '\0';
		snprintf(last_message, sizeof(last_message), ": %s", text);
	}
	if (said >= 0)
		close(said);
	if (before >= 0)
		close(before);
	return r;
}

/* What to do about it, by what libfuse and fusermount3 say. */
static const char *get_advice(bool is_root)
{
	static const struct {
		const char *message, *advice;
	} advices[] = {
		{ "failed to exec", " (install the package fuse3)" },
		{ "no write access", " (give it a folder of your own)" },
		{ "determine username", " (the user needs a line in /etc/passwd)" },
		{ "Invalid argument", " (are the mount options right?)" },
	};

	if (strstr(last_message, strerror(EPERM)))
		return is_root ? " (it takes CAP_SYS_ADMIN: a container needs --cap-add SYS_ADMIN)"
			       : " (only root can, or fusermount3 if it is setuid root)";
	for (size_t i = 0; i < ARRAY_SIZE(advices); i++)
		if (strstr(last_message, advices[i].message))
			return advices[i].advice;
	return "";
}

static int start_session(struct fuse_server *server, struct strbuf *why)
{
	int fd, r;

	if (mount_session(server) != 0) {
		strbuf_add_format(why, "cannot mount on %s%s%s", server->mountpoint, last_message,
			get_advice(server->options.is_root));
		return -EIO;
	}
	fd = fuse_session_fd(server->session);
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
		r = -errno;
	else
		r = notify_start(server->session, server->backend.set_timer, server->backend.data,
			&server->notify);
	if (r < 0) {
		strbuf_add_format(why, "cannot serve %s: %s", server->mountpoint, strerror(-r));
		fuse_session_unmount(server->session);
	}
	return r;
}

int fuse_check_device(const char *mountpoint, struct strbuf *why)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC), r = fd < 0 ? -errno : 0;
	struct stat found;

	if (fd >= 0) {
		if (fstat(fd, &found) < 0 || !S_ISCHR(found.st_mode))
			r = -ENODEV;
		close(fd);
	}
	if (r == -ENOENT || r == -ENODEV || r == -ENXIO)
		strbuf_add_format(why,
			"cannot mount on %s: there is no device /dev/fuse (modprobe fuse; a "
			"container needs --device /dev/fuse)",
			mountpoint);
	else if (r < 0)
		strbuf_add_format(why,
			"cannot mount on %s: cannot open /dev/fuse: %s (its mode should be 0666; a "
			"container needs --device /dev/fuse)",
			mountpoint, strerror(-r));
	return r;
}

int fuse_start(const struct fuse_options *options, const struct fuse_backend *backend,
	struct fuse_server **ret_server, struct strbuf *why)
{
	struct fuse_server *server = xcalloc(1, sizeof(*server));
	int r;

	fuse_set_log_func(take_message);
	server->options = *options;
	server->backend = *backend;
	server->mountpoint = xstrdup(options->mountpoint);
	server->options.mountpoint = server->mountpoint;
	server->timeout = options->is_cached ? FOREVER : 0;
	server->uid = getuid();
	server->gid = getgid();
	server->generation = 1;
	server->last_wait = &server->waits;
	server->session = new_session(options, server);
	if (!server->session) {
		strbuf_add_format(why, "cannot mount on %s with the options '%s'%s",
			server->mountpoint, options->mount ? options->mount : "", last_message);
		r = -EINVAL;
	} else {
		r = start_session(server, why);
	}
	if (r < 0) {
		if (server->session)
			fuse_session_destroy(server->session);
		free(server->mountpoint);
		free(server);
		return r;
	}
	has_started = true;
	*ret_server = server;
	return 0;
}

void fuse_set_unmounted(struct fuse_server *server)
{
	server->is_unmounted = true;
}

/*
 * Ends the connection with the kernel. fuse_session_unmount() leaves a mount alone whose descriptor
 * has an error, as that of a pipe without a reader.
 */
static int disconnect(struct fuse_server *server)
{
	int ends[2], r = 0;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	close(ends[0]);
	if (dup2(ends[1], fuse_session_fd(server->session)) < 0)
		r = -errno;
	close(ends[1]);
	return r;
}

void fuse_end_waits(struct fuse_server *server)
{
	server->is_ending = true;
	fuse_wait_wake(server);
}

void fuse_stop(struct fuse_server *server)
{
	bool is_free;

	if (!server)
		return;
	is_free = notify_stop(server->notify);
	if (!server->is_unmounted || disconnect(server) == 0)
		fuse_session_unmount(server->session);
	if (is_free)
		fuse_session_destroy(server->session);
	while (server->files) { /* still open, after a lazy unmount or a signal */
		fuse_wait_release(server->files);
		open_file_release(server->files);
	}
	for (size_t i = 0; i < ARRAY_SIZE(server->views); i++)
		blob_release(server->views[i]);
	stale_lines_fini(&server->stale);
	free(server->buffer.mem);
	free(server->mountpoint);
	free(server);
}

bool fuse_is_idle(const struct fuse_server *server)
{
	return notify_is_idle(server->notify);
}

void fuse_handle_time(struct fuse_server *server, uint64_t now)
{
	if (!notify_handle_time(server->notify, now))
		return;
	server->holds++;
	log_warning("a client holds the lock of a folder: changes there may not show until it lets "
		    "go%s",
		server->has_epochs ? ", once" : "");
}

uint64_t fuse_get_generation(const struct fuse_server *server)
{
	return server->generation;
}

const char *fuse_get_version(void)
{
	return fuse_pkgversion();
}

int fuse_get_fd(const struct fuse_server *server)
{
	return fuse_session_fd(server->session);
}

bool fuse_is_ready(const struct fuse_server *server)
{
	return server->is_ready;
}

void fuse_extend_read_ahead(uint64_t number)
{
	_cleanup_free_ char *path =
		xasprintf("/sys/class/bdi/%u:%u/read_ahead_kb", major(number), minor(number));
	FILE *file = fopen(path, "we");

	if (!file)
		return;
	fprintf(file, "%d", READ_AHEAD);
	fclose(file);
}

int fuse_handle(struct fuse_server *server)
{
	for (int i = 0; i < REQUESTS_PER_TURN; i++) {
		int n = fuse_session_receive_buf(server->session, &server->buffer);

		if (n == -EAGAIN || n == -EINTR)
			return 0;
		if (n <= 0 || fuse_session_exited(server->session))
			return -ENODEV;
		fuse_session_process_buf(server->session, &server->buffer);
	}
	return 0;
}
