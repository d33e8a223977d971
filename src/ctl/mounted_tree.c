/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads files and links of the mounted tree and makes requests of its control files. Nothing else
 * is known here of the daemon.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "core/syntax/unique_id.h"
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

/* A short count is no failure yet: writing on gives the error of the line that is wrong. */
static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int tree_request(const struct ctl *ctl, const char *operation, const char *text, size_t len,
	struct strbuf *ret_reply)
{
	_cleanup_free_ char *path = tree_path(ctl, "control/%s", operation);
	int fd = open(path, O_RDWR | O_CLOEXEC), r, reading;

	if (fd < 0)
		return -errno;
	r = write_all(fd, text, len);
	reading = read_all(fd, ret_reply);
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
} advices[] = {
	{ EACCES, "", "only root and the group of the control files may change names" },
	{ EPERM, "", "only root and the group of the control files may change names" },
	{ EROFS, "cannot write", "mount the filesystem of the database writable" },
	{ EROFS, "", "the tree is mounted read-only: umount it, and mount it without ro" },
	{ EEXIST, "", "take another name, or give that one up first: mmctl delete LINK" },
	{ ENOENT, " is no volume: ", "mmctl explain DEVICE tells more" },
	{ EINVAL, " is no volume: ", "mmctl explain DEVICE tells more" },
	{ ENOENT, "", LISTS },
	{ EINVAL, "no volume ", LISTS },
	{ EINVAL, "drive letter", "a volume has one: mmctl rename changes it" },
	{ EIO, "", "the daemon's log tells what became of the database" },
	{ ENOSPC, "cannot write", "make room where the database is" },
};

/* Not behind a reason that gives some itself. */
static const char *get_advice(int error, const char *reason)
{
	size_t len = strlen(reason);

	for (size_t i = 0; i < ARRAY_SIZE(advices); i++)
		if (advices[i].error == error && strstr(reason, advices[i].words))
			return len && reason[len - 1] == ')' ? NULL : advices[i].advice;
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

int tree_run(const struct ctl *ctl, const char *operation, const struct strbuf *request,
	struct strbuf *ret_reply, const char *what)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;
	int r;

	strbuf_add(&line, request->data, request->len);
	strbuf_add_char(&line, '\n');
	r = tree_request(ctl, operation, line.data, line.len, ret_reply);
	return r < 0 ? tree_report(ctl, r, strbuf_text(ret_reply), what) : CTL_OK;
}

/* Undoes escapes in place, up to `end` or the end of the text; returns where it stopped. */
static char *unescape(char *c, char end)
{
	char *out = c += strcspn(c, (const char[]){ '\\', end, '\0' });

	while (*c && *c != end) {
		int high = c[0] == '\\' && c[1] == 'x' ? hex_get_value(c[2]) : -1;
		int low = high >= 0 ? hex_get_value(c[3]) : -1;

		*out++ = low >= 0 ? (char)(high << 4 | low) : *c;
		c += low >= 0 ? 4 : 1;
	}
	if (out < c)
		*out = '\0';
	return c;
}

char *text_unescape(const char *text)
{
	char *copy = xstrdup(text);

	unescape(copy, '\0');
	return copy;
}

char *pairs_take(char **at, const char *key)
{
	char *c = *at, *end;
	size_t len = strlen(key);

	if (*c == ' ')
		c++;
	if (strncmp(c, key, len) != 0 || c[len] != '=' || c[len + 1] != '"')
		return NULL;
	c += len + 2;
	end = unescape(c, '"');
	*at = *end ? end + 1 : end;
	*end = '\0';
	return c;
}

void points_fini(struct shown_points *points)
{
	free(points->text);
	free(points->list);
	*points = (struct shown_points){ 0 };
}

void points_parse(char *text, struct shown_points *ret_points)
{
	struct shown_points points = { .text = text };
	char *at = text;

	while (*at) {
		struct shown_point point = { pairs_take(&at, "LINK"), pairs_take(&at, "ID"),
			pairs_take(&at, "DEVICE") };

		if (point.link && point.id && point.device) {
			if ((points.count & (points.count + 1)) == 0)
				points.list = xrealloc(
					points.list, points.count * 2 + 2, sizeof(*points.list));
			points.list[points.count++] = point;
		}
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	*ret_points = points;
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

/* A path into the mount means what it is there. */
static const char *strip_mount(const struct ctl *ctl, const char *word)
{
	size_t len = strlen(ctl->mount);

	return strncmp(word, ctl->mount, len) == 0 && word[len] == '/' ? word + len : word;
}

int name_parse_link(const struct ctl *ctl, const char *word, struct link_name *ret_link)
{
	const char *why;

	word = strip_mount(ctl, word);
	if (link_name_parse_sought(word, strlen(word), ret_link, &why) < 0)
		return ctl_misuse("'%s' cannot be a link: %s", word, why);
	return CTL_OK;
}

int name_parse_new_link(const struct ctl *ctl, const char *word, struct link_name *ret_link)
{
	const char *why;

	word = strip_mount(ctl, word);
	if (link_name_parse(word, strlen(word), ret_link, &why) < 0)
		return ctl_misuse("'%s' cannot be a link: %s", word, why);
	return CTL_OK;
}

/* Whether there is a device of this kernel name, be it a volume or not. */
static bool is_device(const struct ctl *ctl, const char *name)
{
	_cleanup_free_ char *shown = tree_path(ctl, "devices/%s", name);
	_cleanup_free_ char *known = xasprintf("/sys/class/block/%s", name);
	struct stat status;

	return lstat(shown, &status) == 0 || lstat(known, &status) == 0;
}

int name_guess(const struct ctl *ctl, const char *word, struct name *ret_name)
{
	struct link_name link;

	word = strip_mount(ctl, word);
	if (strncmp(word, "/devices/", 9) == 0)
		word += 9;
	ret_name->kind = NAME_DEVICE;
	snprintf(ret_name->text, sizeof(ret_name->text), "%s", word);
	if (!*word || strlen(word) >= sizeof(ret_name->text))
		return ctl_misuse("'%.64s' names no volume", word);
	if (unique_id_is_valid(word)) {
		ret_name->kind = NAME_ID;
	} else if (link_name_is_form(word) || (!strchr(word, '/') && !is_device(ctl, word))) {
		ret_name->kind = NAME_LINK;
		if (name_parse_link(ctl, word, &link) != CTL_OK)
			return CTL_USAGE;
		snprintf(ret_name->text, sizeof(ret_name->text), "%s", link.path);
	}
	return CTL_OK;
}

const char *name_get_key(const struct name *name)
{
	switch (name->kind) {
	case NAME_LINK:
		return "link";
	case NAME_ID:
		return "id";
	case NAME_DEVICE:
		break;
	}
	return "device";
}

/* The folder of the volume on a node, if it has `link` (NULL: any). */
static char *find_by_node(const struct ctl *ctl, const char *node, const char *link)
{
	_cleanup_strbuf_ struct strbuf name = STRBUF_INIT, links = STRBUF_INIT;
	_cleanup_free_ char *target = NULL, *file = NULL, *line = NULL;

	strbuf_add_file_name(&name, strncmp(node, "/dev/", 5) == 0 ? node + 5 : node);
	target = tree_read_link(ctl, "devices/%s", strbuf_text(&name));
	if (!target || strncmp(target, "../", 3) != 0)
		return NULL;
	if (link) {
		file = xasprintf("%s/links", target + 3);
		strbuf_add_char(&links, '\n');
		tree_read(ctl, file, &links);
		line = xasprintf("\n%s\n", link);
		if (!strstr(strbuf_text(&links), line))
			return NULL;
	}
	return xstrdup(target + 3);
}

char *tree_find_online(const struct ctl *ctl, const struct name *name)
{
	_cleanup_free_ char *node = NULL, *folder = NULL, *state = NULL;
	_cleanup_strbuf_ struct strbuf id = STRBUF_INIT;

	switch (name->kind) {
	case NAME_LINK:
		node = tree_read_link(ctl, "%s", name->text + 1);
		folder = node ? find_by_node(ctl, node, name->text) : NULL;
		break;
	case NAME_ID:
		strbuf_add_file_name(&id, name->text);
		folder = xasprintf("ids/%s", strbuf_text(&id));
		break;
	case NAME_DEVICE:
		node = realpath(name->text, NULL);
		folder = find_by_node(ctl, node ? node : name->text, NULL);
		break;
	}
	if (!folder)
		return NULL;
	state = tree_read_line(ctl, "%s/state", folder);
	return strcmp(state, "online") == 0 ? steal_ptr(folder) : NULL;
}
