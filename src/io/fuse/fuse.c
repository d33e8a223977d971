/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The FUSE session: serving from the main loop what the keeper has mounted.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "fuse_private.h"
#include "io/fuse/fuse_job.h"
#include "io/fuse/fuse_ops.h"
#include "io/fuse/fuse_session.h"
#include "io/fuse/fuse_text.h"
#include "io/fuse/fuse_wait.h"
#include "io/fuse/kept_failures.h"
#include "io/fuse/kept_files_load.h"
#include "io/fuse/kept_nodes.h"
#include "io/fuse/open_file.h"

#define REQUESTS_PER_TURN 64
#define WAKE_PAUSE 1000 /* µs; if there are requests meanwhile, no pause */
#define FOREVER (1e9)	/* seconds */
#define READ_AHEAD 1024 /* KiB */

static ssize_t write_message(int fd, struct iovec *iov, int count, void *data)
{
	struct fuse_server *server = data;

	return requests_write(server->requests, fd, iov, count);
}

static ssize_t read_request(int fd, void *buffer, size_t size, void *data)
{
	const struct fuse_server *server = data;

	return requests_read(server->requests, fd, buffer, size);
}

/* Serves what the keeper has mounted: to libfuse the path says so. Takes the descriptor over. */
static int start_session(struct fuse_server *server)
{
	static const struct fuse_custom_io io = { .writev = write_message, .read = read_request };
	_cleanup_free_ char *path = xasprintf("/dev/fd/%d", server->options.descriptor);
	int fd = server->options.descriptor, r;

	if (!server->session || fuse_session_mount(server->session, path) != 0) {
		close(fd);
		return -EIO;
	}
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
		r = -errno;
	else
		r = fuse_session_custom_io(server->session, &io, fd);
	if (r == 0)
		r = notify_start(server->session, server->requests, server->backend.tellers,
			server->backend.set_timer, server->backend.data, &server->notify);
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

static void flush(void *data)
{
	const struct fuse_server *server = data;

	kept_files_flush(data);
	kept_failures_note(server->backend.failures);
}

/* With epochs the kernel has forgotten everything by then. */
static void send_later(void *data, uint32_t answer)
{
	struct fuse_server *server = data;

	if (server->has_epochs)
		requests_send(server->requests, fuse_get_fd(server), answer);
	else
		notify_post_answer(server->notify, answer);
}

int fuse_start(const struct fuse_options *options, const struct fuse_backend *backend,
	struct fuse_server **ret_server, struct strbuf *why)
{
	struct fuse_server *server = xcalloc(1, sizeof(*server));
	int r;

	server->options = *options;
	server->backend = *backend;
	server->mountpoint = xstrdup(options->mountpoint);
	server->options.mountpoint = server->mountpoint;
	server->timeout = options->is_cached ? FOREVER : 0;
	server->uid = getuid();
	server->gid = getgid();
	server->generation = kept_nodes_get_generation(backend->kept) + 1;
	server->last_wait = &server->waits;
	server->requests = requests_new(backend->kept);
	requests_set_spare(server->requests, backend->spare);
	kept_numbers_init(&server->numbers, backend->kept);
	kept_nodes_watch(backend->kept, backend->tree);
	kept_nodes_note_generation(backend->kept, server->generation);
	requests_set_flush(server->requests, flush, server);
	requests_set_later(server->requests, send_later);
	kept_events_init(&server->events, backend->kept, backend->stream);
	server->buffer.mem = requests_get_slot(server->requests);
	server->session = fuse_session_make(options, &fuse_ops, server);
	r = start_session(server);
	if (r < 0) {
		strbuf_add_format(why, "cannot serve %s: %s", server->mountpoint, strerror(-r));
		if (server->session)
			fuse_session_destroy(server->session);
		requests_free(server->requests);
		free(server->mountpoint);
		free(server);
		return r;
	}
	fuse_session_has_started();
	*ret_server = server;
	return 0;
}

size_t fuse_files_take_over(struct fuse_server *server)
{
	size_t lost = kept_files_load(server);
	struct open_file *next;

	crash_point("over:files");
	if (lost)
		log_warning("%zu open files of an earlier server are lost", lost);
	for (struct open_file *file = server->files; file; file = next) {
		next = file->next; /* it may be over at once */
		if (open_file_get_job(file))
			fuse_job_submit(open_file_get_job(file));
	}
	fuse_wait_wake_again(server);
	requests_settle(server->requests);
	crash_point("over:woken");
	return lost;
}

void fuse_take_over(struct fuse_server *server)
{
	server->is_taking_over = true;
	fuse_files_take_over(server);
	requests_take_over(server->requests, server->session);
	server->is_taking_over = false;
}

void fuse_end_waits(struct fuse_server *server)
{
	server->is_ending = true;
	fuse_wait_wake(server);
}

/* What a thread that a client holds up uses still, until the process ends: it is no leak. */
static struct fuse_server *volatile left_behind;

bool fuse_stop(struct fuse_server *server)
{
	bool is_free;
	int r;

	if (!server)
		return true;
	is_free = notify_stop(server->notify);
	r = fuse_session_disconnect(server->session); /* who unmounts must not wait for us */
	if (r < 0)
		log_warning("cannot let go of the mount: %s", strerror(-r));
	if (is_free)
		fuse_session_destroy(server->session);
	while (server->files) { /* still open, after a lazy unmount or a signal */
		fuse_wait_release(server->files);
		open_file_release(server->files);
	}
	map_fini(&server->by_number);
	for (size_t i = 0; i < ARRAY_SIZE(server->views); i++)
		blob_release(server->views[i]);
	map_fini(&server->texts);
	stale_lines_fini(&server->stale);
	server->backend.tree->gone = NULL;
	free(server->mountpoint);
	if (is_free) {
		requests_free(server->requests);
		kept_free(server->backend.kept);
		free(server);
	} else {
		left_behind = server;
	}
	return is_free;
}

bool fuse_is_idle(const struct fuse_server *server)
{
	return notify_is_idle(server->notify);
}

uint64_t fuse_limit_turn(const struct fuse_server *server, uint64_t limit)
{
	uint64_t next;

	if (!server || !server->has_sleepers)
		return limit;
	next = clock_get_monotonic() + WAKE_PAUSE;
	return limit && limit < next ? limit : next;
}

void fuse_handle_turn(struct fuse_server *server)
{
	if (server && server->has_sleepers)
		fuse_wait_wake(server);
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

bool fuse_has_listeners(const struct fuse_server *server)
{
	return server->listeners || !server->is_ready;
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
		requests_serve(server->requests, server->session, (size_t)n);
	}
	return 0;
}
