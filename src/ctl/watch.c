/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands about time: events, wait, settle, history. Waits are in poll(2), never in a read, so
 * that a machine can be suspended meanwhile.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/database.h"
#include "ctl/output.h"

static void close_p(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* A column and the member of that name in lower case. */
struct member {
	struct column column;
	const char *name;
};

static const struct member event_members[] = {
	{ { "TIME", "when", COLUMN_TEXT, false }, "time" },
	{ { "EVENT", "what", COLUMN_TEXT, false }, "event" },
	{ { "LINK", "link", COLUMN_TEXT, false }, "link" },
	{ { "DEVICE", "node", COLUMN_TEXT, false }, "device" },
	{ { "ID", "unique ID", COLUMN_TEXT, false }, "id" },
	{ { "PATH", "mount point", COLUMN_TEXT, false }, "path" },
	{ { "REASON", "why a device is no volume", COLUMN_TEXT, false }, "reason" },
	{ { "LOST", "events that were lost", COLUMN_NUMBER, true }, "lost" },
	{ { "SEQ", "number", COLUMN_NUMBER, true }, "seq" },
	{ { "EPIC", "number of the state of the database", COLUMN_NUMBER, true }, "epic" },
};

static const struct member history_members[] = {
	{ { "TIME", "when", COLUMN_TEXT, false }, "time" },
	{ { "OPERATION", "what", COLUMN_TEXT, false }, "operation" },
	{ { "LINK", "link", COLUMN_TEXT, false }, "link" },
	{ { "DEVICE", "node", COLUMN_TEXT, false }, "device" },
	{ { "ID", "unique ID", COLUMN_TEXT, false }, "id" },
	{ { "UID", "user", COLUMN_NUMBER, false }, "uid" },
	{ { "COMMAND", "command", COLUMN_TEXT, false }, "command" },
	{ { "PID", "process", COLUMN_NUMBER, true }, "pid" },
	{ { "SEQ", "number", COLUMN_NUMBER, true }, "seq" },
	{ { "EPIC", "number of the state of the database", COLUMN_NUMBER, true }, "epic" },
};

#define MEMBERS_MAX 10

static struct table *new_table(
	const struct ctl *ctl, const char *name, const struct member *members, size_t count)
{
	struct column columns[MEMBERS_MAX];

	for (size_t i = 0; i < count; i++)
		columns[i] = members[i].column;
	return table_new(ctl, name, columns, count);
}

/* Adds a line of JSON as a row; NULL if it is none. */
static struct line *add_row(
	struct table *table, const struct member *members, size_t count, const char *text)
{
	_cleanup_json_ struct json_object *object = json_tokener_parse(text);
	struct line *line = object ? table_add(table, NULL) : NULL;
	struct json_object *value;

	for (size_t i = 0; line && i < count; i++)
		if (json_object_object_get_ex(object, members[i].name, &value))
			table_set(table, line, i, json_object_get_string(value));
	return line;
}

int cmd_history(struct ctl *ctl, int count, char **words)
{
	_cleanup_(table_free_p) struct table *table =
		new_table(ctl, "history", history_members, ARRAY_SIZE(history_members));
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	char *rest, *line;
	int r;

	if (!table)
		return CTL_USAGE;
	r = tree_read(ctl, "history", &text);
	if (r < 0)
		return tree_report(ctl, r, "", "show the history");
	for (rest = text.data; rest && (line = strsep(&rest, "\n"));)
		if (*line)
			add_row(table, history_members, ARRAY_SIZE(history_members), line);
	return table_print(table);
}

static int open_events(const struct ctl *ctl)
{
	_cleanup_free_ char *path = tree_path(ctl, "events");
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Waits up to `ms` (negative: for ever). 1: something is there, 0: the time is over. */
static int await_events(int fd, int ms)
{
	struct pollfd entry = { .fd = fd, .events = POLLIN };
	int r = poll(&entry, 1, ms);

	if (r < 0)
		return errno == EINTR ? 1 : -errno;
	return r > 0 && !(entry.revents & POLLIN) ? -ENODEV : r;
}

/* Adds what is there. */
static int read_events(int fd, struct strbuf *text)
{
	char buffer[65536];

	for (;;) {
		ssize_t n = read(fd, buffer, sizeof(buffer));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (n == 0)
			return -ENODEV;
		strbuf_add(text, buffer, (size_t)n);
	}
}

static int show_event(const struct ctl *ctl, struct table *table, const char *text)
{
	struct line *line;

	if (ctl->format == FORMAT_JSON) {
		output_print_json(text);
		putchar('\n');
		return fflush(stdout) == 0 ? CTL_OK : ctl_fail("cannot print: %m");
	}
	line = add_row(table, event_members, ARRAY_SIZE(event_members), text);
	return line ? table_print_line(table, line) : CTL_OK;
}

/* Shows the lines that are complete, and keeps the rest. */
static int show_events(const struct ctl *ctl, struct table *table, struct strbuf *text)
{
	size_t start = 0;
	char *newline;

	while (text->data && (newline = strchr(text->data + start, '\n'))) {
		int r;

		*newline = '\0';
		r = show_event(ctl, table, text->data + start);
		if (r != CTL_OK)
			return r;
		start = (size_t)(newline - text->data) + 1;
	}
	if (start) {
		memmove(text->data, text->data + start, text->len - start + 1);
		text->len -= start;
	}
	return CTL_OK;
}

int cmd_events(struct ctl *ctl, int count, char **words)
{
	_cleanup_(table_free_p) struct table *table =
		new_table(ctl, "events", event_members, ARRAY_SIZE(event_members));
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_(close_p) int fd = -1;
	int r;

	if (!table)
		return CTL_USAGE;
	fd = open_events(ctl);
	r = fd;
	while (r >= 0) {
		int result = show_events(ctl, table, &text);

		if (result != CTL_OK)
			return result;
		r = await_events(fd, -1);
		if (r >= 0)
			r = read_events(fd, &text);
	}
	show_events(ctl, table, &text);
	return tree_report(ctl, r, "", "follow the events");
}

static int64_t get_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int get_rest(int64_t end)
{
	int64_t rest = end - get_now_ms();

	if (end < 0)
		return -1;
	return rest <= 0 ? 0 : rest > INT32_MAX ? INT32_MAX : (int)rest;
}

/* Events are collected from before the first look on, so that nothing comes about unseen. */
int cmd_wait(struct ctl *ctl, int count, char **words)
{
	int64_t end = ctl->timeout_ms < 0 ? -1 : get_now_ms() + ctl->timeout_ms;
	_cleanup_free_ char *what = xasprintf("wait for '%s'", words[0]);
	_cleanup_(close_p) int fd = -1;
	struct name name;
	int r = name_guess(ctl, words[0], &name);

	if (r != CTL_OK)
		return r;
	r = fd = open_events(ctl);
	while (r >= 0) {
		_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
		_cleanup_free_ char *folder = tree_find_online(ctl, &name);

		if (folder)
			return CTL_OK;
		r = await_events(fd, get_rest(end));
		if (r == 0 && get_rest(end) == 0)
			return ctl_fail(
				"%s has not appeared within %g s (mmctl tree shows what is here)",
				words[0], (double)ctl->timeout_ms / 1000);
		if (r > 0)
			r = read_events(fd, &text);
	}
	return tree_report(ctl, r, "", what);
}

int cmd_settle(struct ctl *ctl, int count, char **words)
{
	_cleanup_strbuf_ struct strbuf reply = STRBUF_INIT;
	int r = tree_request(ctl, "settle", "1\n", 2, &reply);

	return r < 0 ? tree_report(ctl, r, strbuf_text(&reply), "settle") : CTL_OK;
}
