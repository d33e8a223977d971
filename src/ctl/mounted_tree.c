/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads files and links of the mounted tree and makes requests of its control files. Nothing else
 * is known here of the daemon.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/deadline.h"
#include "ctl/mounted_tree.h"

static char *format_path(const struct ctl *ctl, const char *format, va_list args)
{
	_cleanup_free_ char *name = xvasprintf(format, args);

	return xasprintf("%s/%s", ctl->mount, name);
}

char *tree_path(const struct ctl *ctl, const char *format, ...)
{
	va_list args;
	char *path;

	va_start(args, format);
	path = format_path(ctl, format, args);
	va_end(args);
	return path;
}

static int read_all(int fd, struct strbuf *ret_text)
{
	char buffer[65536];
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			strbuf_add(ret_text, buffer, (size_t)n);
	}
	return 0;
}

static int read_path(const char *path, struct strbuf *ret_text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = read_all(fd, ret_text);
	close(fd);
	return r;
}

int tree_read(const struct ctl *ctl, const char *name, struct strbuf *ret_text)
{
	_cleanup_free_ char *path = tree_path(ctl, "%s", name);

	return read_path(path, ret_text);
}

char *tree_read_line(const struct ctl *ctl, const char *format, ...)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_free_ char *path = NULL;
	va_list args;

	va_start(args, format);
	path = format_path(ctl, format, args);
	va_end(args);
	read_path(path, &text);
	return xstrndup(strbuf_text(&text), strcspn(strbuf_text(&text), "\n"));
}

char *tree_read_link(const struct ctl *ctl, const char *format, ...)
{
	_cleanup_free_ char *path = NULL;
	char target[4096];
	va_list args;
	ssize_t len;

	va_start(args, format);
	path = format_path(ctl, format, args);
	va_end(args);
	len = readlink(path, target, sizeof(target));
	return len < 0 ? NULL : xstrndup(target, (size_t)len);
}

void texts_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

static int is_shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.' ||
		(strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0);
}

char **tree_list_names(const struct ctl *ctl, const char *folder)
{
	_cleanup_free_ char *path = tree_path(ctl, "%s", folder);
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, is_shown, versionsort);
	char **list = xcalloc(count < 0 ? 1 : (size_t)count + 1, sizeof(*list));

	for (int i = 0; i < count; i++) {
		list[i] = xstrdup(entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return list;
}

#define TREE_HAS_ENDED "mmfs at %s has ended (start it again: systemctl restart mmfs, or mmfs %s)"

#define WRITE_MAX 65536 /* bytes */

/* How much of a text goes into one write: whole lines, unless there are none. */
static size_t get_piece(const char *text, size_t len)
{
	const char *end = len > WRITE_MAX ? memrchr(text, '\n', WRITE_MAX) : NULL;

	return end ? (size_t)(end - text) + 1 : len;
}

/*
 * A short count is no failure yet: writing on gives the error of the line that is wrong. But not of
 * a batch: what the kernel cuts has a short count in place of the error with which its last part
 * ended, and that part would be a batch of its own if it were written again. So nothing is as long
 * as that the kernel cuts it.
 */
static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, get_piece(text, len));

		if (n < 0 && errno != EINTR)
			return -errno;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/*
 * Without blocking, a request that takes its time goes on behind the write: poll(2) tells when it
 * is over, and the first read fails with its error, before the others have the sentence.
 */
static int read_reply(int fd, int64_t deadline, struct strbuf *ret_reply)
{
	struct pollfd entry = { .fd = fd, .events = POLLIN };
	int error = 0, r;

	for (;;) {
		r = read_all(fd, ret_reply);
		if (r == 0 || (r != -EAGAIN && error))
			return error ? error : r;
		if (r != -EAGAIN) {
			error = r;
			continue;
		}
		r = poll(&entry, 1, deadline_get_rest(deadline));
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r == 0 && deadline_get_rest(deadline) == 0)
			return -ETIMEDOUT;
	}
}

int tree_request(const struct ctl *ctl, const char *operation, const char *text, size_t len,
	struct strbuf *ret_reply)
{
	_cleanup_free_ char *path = tree_path(ctl, "control/%s", operation);
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC), r, reading;

	if (fd < 0)
		return -errno;
	r = write_all(fd, text, len);
	reading = read_reply(fd, deadline_begin(ctl), ret_reply);
	close(fd);
	return r < 0 ? r : reading;
}

void request_add(struct strbuf *request, const char *key, const char *value)
{
	strbuf_add_format(request, "%s%s=\"", request->len ? " " : "", key);
	for (const char *c = value; *c; c++) {
		if (*c == '"' || *c == '\\')
			strbuf_add_format(request, "\\%c", *c);
		else if ((unsigned char)*c >= 0x20 && (unsigned char)*c < 0x7f)
			strbuf_add_char(request, *c);
		else
			strbuf_add_format(request, "\\x%02x", (unsigned char)*c);
	}
	strbuf_add_char(request, '"');
}

#define LISTS "mmctl list shows the links, mmctl tree the devices"

/* What to do next, by the error, and by words of the reason where it has several meanings. */
static const struct {
	int error;
	const char *words;
	const char *advice;
} hints[] = {
	{ EACCES, "", "only root and the group of the control files may change names" },
	{ EPERM, "can take no name", NULL },
	{ EPERM, "", "only root and the group of the control files may change names" },
	{ EROFS, "cannot write", "mount the filesystem of the database writable" },
	{ EROFS, "names of the cluster", "mmctl cluster status tells more" },
	{ EROFS, " is mounted read-only", "mount -o remount,rw makes it writable" },
	{ EROFS, "", "the tree is mounted read-only: umount it, and mount it without ro" },
	{ EEXIST, " is a mount point of ", "mmctl mount-point del gives it up" },
	{ EEXIST, "", "take another name, or give that one up first: mmctl delete LINK" },
	{ ENOENT, " is no volume: ", "mmctl explain DEVICE tells more" },
	{ EINVAL, " is no volume: ", "mmctl explain DEVICE tells more" },
	{ ENOENT, "cannot look at ", NULL },
	{ ENOENT, " is absent", "mmctl list --all shows it, mmctl forget forgets it" },
	{ ENOENT, "", LISTS },
	{ EINVAL, "no volume ", LISTS },
	{ EINVAL, "has the drive letter", "a volume has one: mmctl rename changes it" },
	{ EIO, "", "the daemon's log tells what became of the database" },
	{ ENOSPC, "cannot write", "make room where the database is" },
};

/* Not behind a reason that gives some itself. */
static const char *get_advice(int error, const char *reason)
{
	size_t len = strlen(reason);

	for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
		if (hints[i].error == error && strstr(reason, hints[i].words))
			return len && reason[len - 1] == ')' ? NULL : hints[i].advice;
	return NULL;
}

static bool is_end(int error)
{
	return error == -ENOTCONN || error == -ENODEV || error == -ECONNABORTED;
}

int tree_report(const struct ctl *ctl, int error, const char *reason, const char *what)
{
	_cleanup_free_ char *line = xstrndup(reason, strcspn(reason, "\n"));
	const char *advice = get_advice(-error, line);

	if (is_end(error)) {
		ctl_fail("cannot %s: " TREE_HAS_ENDED, what, ctl->mount, ctl->mount);
		return CTL_NOT_MOUNTED;
	}
	return ctl_fail("cannot %s: %s%s%s%s", what, *line ? line : strerror(-error),
		advice ? " (" : "", advice ? advice : "", advice ? ")" : "");
}

int tree_check(const struct ctl *ctl)
{
	_cleanup_strbuf_ struct strbuf version = STRBUF_INIT;
	int r = tree_read(ctl, "control/version", &version);

	if (r == 0 && strncmp(strbuf_text(&version), "mmfs ", 5) == 0)
		return CTL_OK;
	if (is_end(r))
		ctl_fail(TREE_HAS_ENDED, ctl->mount, ctl->mount);
	else if (r == -EACCES)
		ctl_fail("cannot look at %s: only who has mounted it can (mount it with -o "
			 "allow_other)",
			ctl->mount);
	else
		ctl_fail("mmfs is not mounted at %s (findmnt -t fuse.mmfs shows where it is)",
			ctl->mount);
	return CTL_NOT_MOUNTED;
}

static bool has_operation(const struct ctl *ctl, const char *operation)
{
	_cleanup_free_ char *path = tree_path(ctl, "control/%s", operation);

	return access(path, F_OK) == 0;
}

int tree_run(const struct ctl *ctl, const char *operation, const struct strbuf *request,
	struct strbuf *ret_reply, const char *what)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;
	int r;

	strbuf_add(&line, request->data, request->len);
	strbuf_add_char(&line, '\n');
	r = tree_request(ctl, operation, line.data, line.len, ret_reply);
	if (r == -ENOENT && !ret_reply->len && !has_operation(ctl, operation))
		return ctl_fail("cannot %s: this mmfs has no control/%s (restart it: it is older "
				"than mmctl)",
			what, operation);
	return r < 0 ? tree_report(ctl, r, strbuf_text(ret_reply), what) : CTL_OK;
}

int tree_read_points(const struct ctl *ctl, struct shown_points *ret_points)
{
	struct strbuf text = STRBUF_INIT;
	int r = tree_read(ctl, "points", &text);

	if (r < 0) {
		strbuf_fini(&text);
		return r;
	}
	points_parse(strbuf_take(&text), ret_points);
	return 0;
}
