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
#include <unistd.h>

#include "ctl/database.h"
#include "ctl/deadline.h"
#include "ctl/output.h"
#include "ctl/volume_name.h"

static void close_p(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* The source of a column is the member of that name. */
static const struct column event_columns[] = {
	{ "TIME", "when", COLUMN_TEXT, false, "time" },
	{ "EVENT", "what", COLUMN_TEXT, false, "event" },
	{ "LINK", "link", COLUMN_TEXT, false, "link" },
	{ "DEVICE", "node", COLUMN_TEXT, false, "device" },
	{ "ID", "unique ID", COLUMN_TEXT, false, "id" },
	{ "PATH", "mount point", COLUMN_TEXT, false, "path" },
	{ "REASON", "why a device is no volume", COLUMN_TEXT, false, "reason" },
	{ "HOST", "machine of the cluster, where it is another one", COLUMN_TEXT, true, "host" },
	{ "LOST", "events that were lost", COLUMN_NUMBER, true, "lost" },
	{ "SEQ", "number", COLUMN_NUMBER, true, "seq" },
	{ "EPIC", "number of the state of the database", COLUMN_NUMBER, true, "epic" },
};

static const struct column history_columns[] = {
	{ "TIME", "when", COLUMN_TEXT, false, "time" },
	{ "OPERATION", "what", COLUMN_TEXT, false, "operation" },
	{ "LINK", "link", COLUMN_TEXT, false, "link" },
	{ "DEVICE", "node", COLUMN_TEXT, false, "device" },
	{ "ID", "unique ID", COLUMN_TEXT, false, "id" },
	{ "UID", "user", COLUMN_NUMBER, false, "uid" },
	{ "COMMAND", "command", COLUMN_TEXT, false, "command" },
	{ "HOST", "machine of the cluster, where it is another one (by default if any is)",
		COLUMN_TEXT, true, "host" },
	{ "PID", "process", COLUMN_NUMBER, true, "pid" },
	{ "SEQ", "number", COLUMN_NUMBER, true, "seq" },
	{ "EPIC", "number of the state of the database", COLUMN_NUMBER, true, "epic" },
};

const struct layout events_layout = { "events", event_columns, ARRAY_SIZE(event_columns) };
const struct layout history_layout = { "history", history_columns, ARRAY_SIZE(history_columns) };

/* Adds a line of JSON as a row; NULL if it is none. */
static struct line *add_row(struct table *table, const struct layout *layout, const char *text)
{
	_cleanup_json_ struct json_object *object = json_tokener_parse(text);
	struct line *line = object ? table_add(table, NULL) : NULL;
	struct json_object *value;

	for (size_t i = 0; line && i < layout->count; i++)
		if (json_object_object_get_ex(object, layout->columns[i].source, &value))
			table_set(table, line, i, json_object_get_string(value));
	return line;
}

/* Whether any of the lines has that member. */
static bool has_member(const char *text, const char *member)
{
	_cleanup_free_ char *lines = xstrdup(text ? text : "");
	char *rest = lines, *line;
	bool is_there = false;

	while (!is_there && (line = strsep(&rest, "\n"))) {
		_cleanup_json_ struct json_object *object = json_tokener_parse(line);

		is_there = object && json_object_object_get_ex(object, member, NULL);
	}
	return is_there;
}

/* The columns of the history, with that of hosts by default. */
static struct layout with_hosts(struct column columns[ARRAY_SIZE(history_columns)])
{
	struct layout layout = history_layout;

	memcpy(columns, history_columns, sizeof(history_columns));
	for (size_t i = 0; i < layout.count; i++)
		if (strcmp(columns[i].source, "host") == 0)
			columns[i].is_extra = false;
	layout.columns = columns;
	return layout;
}

int cmd_history(struct ctl *ctl, int count, char **words)
{
	_cleanup_(table_free_p) struct table *table = NULL;
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct column columns[ARRAY_SIZE(history_columns)];
	struct layout layout = history_layout;
	int r = tree_read(ctl, "history", &text);
	char *rest, *line;

	if (r < 0)
		return tree_report(ctl, r, "", "show the history");
	if (has_member(text.data, "host"))
		layout = with_hosts(columns);
	table = table_new(ctl, &layout);
	for (rest = text.data; rest && (line = strsep(&rest, "\n"));)
		if (*line)
			add_row(table, &layout, line);
	return table_print(table);
}

static int open_events(const struct ctl *ctl)
{
	_cleanup_free_ char *path = tree_path(ctl, "events");
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/*
 * Waits up to `ms` (negative: for ever). 1: something is there, 0: the time is over, -EPIPE: nobody
 * reads what is printed any more, which would not be noticed before the next event.
 */
static int await_events(int fd, int ms)
{
	struct pollfd entries[] = { { .fd = fd, .events = POLLIN }, { .fd = STDOUT_FILENO } };
	int r = poll(entries, 2, ms);

	if (r < 0)
		return errno == EINTR ? 1 : -errno;
	if (r > 0 && entries[1].revents & POLLERR)
		return -EPIPE;
	return r > 0 && !(entries[0].revents & POLLIN) ? -ENODEV : r;
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

	if (ctl->format == FORMAT_JSON && !ctl->columns && !ctl->shows_all_columns) {
		output_print_json(text);
		putchar('\n');
		return fflush(stdout) == 0 ? CTL_OK : ctl_fail("cannot print: %m");
	}
	line = add_row(table, &events_layout, text);
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

/* Also with --quiet, which would leave nothing to do for ever. */
int cmd_events(struct ctl *ctl, int count, char **words)
{
	_cleanup_(table_free_p) struct table *table = table_new(ctl, &events_layout);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_(close_p) int fd = -1;
	int r;

	r = fd = open_events(ctl);
	if (r >= 0 && table_print_headings(table) != CTL_OK)
		return CTL_FAILED;
	while (r >= 0) {
		int result = show_events(ctl, table, &text);

		if (result != CTL_OK)
			return result;
		r = await_events(fd, -1);
		if (r >= 0)
			r = read_events(fd, &text);
	}
	if (r == -EPIPE)
		return CTL_OK;
	show_events(ctl, table, &text);
	return tree_report(ctl, r, "", "follow the events");
}

/*
 * Events are collected from before the first look on, so that nothing comes about unseen. What a
 * word names may be another thing each time: `sdb1` is a link as long as there is no device of that
 * name.
 */
int cmd_wait(struct ctl *ctl, int count, char **words)
{
	int64_t end = deadline_begin(ctl);
	_cleanup_free_ char *what = xasprintf("wait for '%s'", words[0]);
	_cleanup_(close_p) int fd = -1;
	struct name name;
	int r = name_guess(ctl, words[0], &name);

	if (r == CTL_OK)
		r = name_check(&name);
	if (r != CTL_OK)
		return r;
	r = fd = open_events(ctl);
	while (r >= 0) {
		_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
		_cleanup_free_ char *folder = NULL, *doubt = NULL;

		r = name_guess(ctl, words[0], &name);
		if (r != CTL_OK)
			return r;
		folder = name_find_online(ctl, &name);
		if (folder)
			return CTL_OK;
		doubt = name_find_doubt(ctl, &name);
		if (doubt)
			return ctl_fail("cannot %s: %s", what, doubt);
		r = await_events(fd, deadline_get_rest(end));
		if (r == 0 && deadline_get_rest(end) == 0)
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

	if (r == -ETIMEDOUT)
		return ctl_fail("not settled within %g s (mmctl tree shows what is known so far)",
			(double)ctl->timeout_ms / 1000);
	return r < 0 ? tree_report(ctl, r, strbuf_text(&reply), "settle") : CTL_OK;
}
