/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands about volumes and settings: next-letter, auto, keep, scrub, paths, status.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/output.h"
#include "ctl/volume_name.h"

/* Asks an operation about the volume that a word names. */
static int ask_volume(const struct ctl *ctl, const char *operation, const char *word,
	const char *verb, struct strbuf *ret_reply)
{
	_cleanup_strbuf_ struct strbuf request = STRBUF_INIT;
	_cleanup_free_ char *what = xasprintf("%s '%s'", verb, word);
	struct name name;
	int r = name_guess(ctl, word, &name);

	if (r != CTL_OK)
		return r;
	request_add(&request, "device", name.text);
	return tree_run(ctl, operation, &request, ret_reply, what);
}

static const struct column letter_columns[] = {
	{ "LETTER", "the drive letter", COLUMN_TEXT, false },
	{ "ASSIGNED", "whether it is new", COLUMN_FLAG, false },
};

const struct layout letters_layout = { "letters", letter_columns, ARRAY_SIZE(letter_columns) };

int cmd_next_letter(struct ctl *ctl, int count, char **words)
{
	_cleanup_(table_free_p) struct table *table = table_new(ctl, &letters_layout);
	_cleanup_strbuf_ struct strbuf reply = STRBUF_INIT;
	_cleanup_free_ char *link = NULL;
	const char *letter, *assigned;
	struct line *line;
	char *at;
	int r = ask_volume(ctl, "next_drive_letter", words[0], "give a letter to", &reply);

	if (r != CTL_OK)
		return r;
	at = reply.data;
	letter = at ? pairs_take(&at, "LETTER") : NULL;
	assigned = letter ? pairs_take(&at, "ASSIGNED") : NULL;
	if (!letter || !*letter)
		return ctl_fail("there is no drive letter for %s: it wants none, auto_mount is "
				"off, or all are taken (mmctl create X: %s gives it one)",
			words[0], words[0]);
	link = xasprintf("%s:", letter);
	line = table_add(table, NULL);
	table_set(table, line, 0, link);
	table_set(table, line, 1, assigned);
	return table_print(table);
}

static int run_word(
	const struct ctl *ctl, const char *operation, const char *word, const char *what)
{
	_cleanup_strbuf_ struct strbuf request = STRBUF_INIT, reply = STRBUF_INIT;

	strbuf_add_text(&request, word);
	return tree_run(ctl, operation, &request, &reply, what);
}

static const struct column auto_columns[] = {
	{ "AUTO", "whether volumes may get letters by themselves", COLUMN_TEXT, false },
};

const struct layout auto_layout = { "auto", auto_columns, ARRAY_SIZE(auto_columns) };

int cmd_auto(struct ctl *ctl, int count, char **words)
{
	_cleanup_(table_free_p) struct table *table = table_new(ctl, &auto_layout);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_free_ char *state = NULL;
	int r;

	if (count && strcmp(words[0], "letters") == 0)
		return run_word(ctl, "auto_dl_assignments", "1", "give out drive letters");
	if (count && strcmp(words[0], "on") != 0 && strcmp(words[0], "off") != 0)
		return ctl_misuse("auto takes on, off or letters, not '%s'", words[0]);
	if (count)
		return run_word(ctl, "auto_mount", words[0], "change auto_mount");
	r = tree_read(ctl, "control/auto_mount", &text);
	if (r < 0)
		return tree_report(ctl, r, "", "show auto_mount");
	state = xstrndup(strbuf_text(&text), strcspn(strbuf_text(&text), "\n"));
	table_set(table, table_add(table, NULL), 0, state);
	return table_print(table);
}

int cmd_keep(struct ctl *ctl, int count, char **words)
{
	_cleanup_strbuf_ struct strbuf request = STRBUF_INIT, reply = STRBUF_INIT;
	_cleanup_free_ char *what = xasprintf("keep the links of '%s'", words[0]);
	bool is_off = count > 1 && strcmp(words[1], "off") == 0;
	struct name name;
	int r;

	if (count > 1 && !is_off && strcmp(words[1], "on") != 0)
		return ctl_misuse("keep takes on or off, not '%s'", words[1]);
	r = name_guess(ctl, words[0], &name);
	if (r != CTL_OK)
		return r;
	request_add(&request, "device", name.text);
	request_add(&request, "keep", is_off ? "0" : "1");
	if (ctl->is_absent)
		request_add(&request, "absent", "ok");
	return tree_run(ctl, "keep_links_when_offline", &request, &reply, what);
}

int cmd_scrub(struct ctl *ctl, int count, char **words)
{
	return run_word(ctl, "scrub_registry", "1", "forget absent volumes");
}

static const struct column path_columns[] = {
	{ "PATH", "a drive letter or a folder", COLUMN_TEXT, false },
};

const struct layout paths_layout = { "paths", path_columns, ARRAY_SIZE(path_columns) };

/* Adds the paths that a file of the volume has; their number, 0: ask the daemon; -EINVAL. */
static int read_paths(const struct ctl *ctl, const char *word, struct table *table)
{
	_cleanup_free_ char *folder = NULL, *file = NULL;
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	char *rest, *path;
	struct name name;
	int count = 0;

	if (name_guess(ctl, word, &name) != CTL_OK)
		return -EINVAL;
	folder = name_find(ctl, &name);
	file = folder ? xasprintf("%s/dos_paths", folder) : NULL;
	if (file)
		tree_read(ctl, file, &text);
	for (rest = text.data; rest && (path = strsep(&rest, "\n"));) {
		_cleanup_free_ char *plain = text_unescape(path);

		if (!*path)
			continue;
		table_set(table, table_add(table, NULL), 0, plain);
		count++;
	}
	return count;
}

int cmd_paths(struct ctl *ctl, int count, char **words)
{
	_cleanup_(table_free_p) struct table *table = table_new(ctl, &paths_layout);
	_cleanup_strbuf_ struct strbuf reply = STRBUF_INIT;
	int r = read_paths(ctl, words[0], table);

	if (r < 0)
		return CTL_USAGE;
	if (r > 0)
		return table_print(table);
	r = ask_volume(ctl, "query_dos_volume_paths", words[0], "find paths of", &reply);
	if (r != CTL_OK)
		return r;
	for (char *at = reply.data; at && *at; at += *at == '\n') {
		table_set(table, table_add(table, NULL), 0, pairs_take(&at, "PATH"));
		at += strcspn(at, "\n");
	}
	return table_print(table);
}

enum {
	VERSION,
	MOUNTPOINT,
	EPIC,
	VOLUMES,
	OFFLINE,
	LINKS,
	UNPROCESSED,
	AUTO,
	ERRORS,
	STATUS_COLUMNS,
};

static const struct column status_columns[STATUS_COLUMNS] = {
	[VERSION] = { "VERSION", "version of the daemon", COLUMN_TEXT, false },
	[MOUNTPOINT] = { "MOUNTPOINT", "where it is mounted", COLUMN_TEXT, false },
	[EPIC] = { "EPIC", "changes of the database since the start", COLUMN_NUMBER, false },
	[VOLUMES] = { "VOLUMES", "volumes that are present", COLUMN_NUMBER, false },
	[OFFLINE] = { "OFFLINE", "volumes that are absent and kept", COLUMN_NUMBER, false },
	[LINKS] = { "LINKS", "links that show", COLUMN_NUMBER, false },
	[UNPROCESSED] = { "UNPROCESSED", "devices without unique ID", COLUMN_NUMBER, false },
	[AUTO] = { "AUTO", "whether volumes may get letters", COLUMN_TEXT, false },
	[ERRORS] = { "ERRORS", "failed requests that are remembered", COLUMN_NUMBER, false },
};

const struct layout status_layout = { "status", status_columns, STATUS_COLUMNS };

static size_t count_lines(const struct ctl *ctl, const char *name)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	size_t count = 0;

	tree_read(ctl, name, &text);
	for (size_t i = 0; i < text.len; i++)
		count += text.data[i] == '\n';
	return count;
}

static void set_count(struct table *table, struct line *line, size_t column, size_t count)
{
	_cleanup_free_ char *text = xasprintf("%zu", count);

	table_set(table, line, column, text);
}

int cmd_status(struct ctl *ctl, int count, char **words)
{
	_cleanup_(table_free_p) struct table *table = table_new(ctl, &status_layout);
	_cleanup_free_ char *version = tree_read_line(ctl, "control/version");
	_cleanup_free_ char *epic = tree_read_line(ctl, "control/epic_number");
	_cleanup_free_ char *automatic = tree_read_line(ctl, "control/auto_mount");
	_cleanup_(texts_free_p) char **ids = NULL;
	struct line *line;
	size_t offline = 0, volumes = 0;

	ids = tree_list_names(ctl, "ids");
	for (; ids[volumes]; volumes++) {
		_cleanup_free_ char *state = tree_read_line(ctl, "ids/%s/state", ids[volumes]);

		offline += strcmp(state, "offline") == 0;
	}
	line = table_add(table, NULL);
	table_set(table, line, VERSION, version + strcspn(version, "0123456789"));
	table_set(table, line, MOUNTPOINT, ctl->mount);
	table_set(table, line, EPIC, epic);
	table_set(table, line, AUTO, automatic);
	set_count(table, line, VOLUMES, volumes - offline);
	set_count(table, line, OFFLINE, offline);
	set_count(table, line, LINKS, count_lines(ctl, "points"));
	set_count(table, line, UNPROCESSED, count_lines(ctl, "control/unprocessed"));
	set_count(table, line, ERRORS, count_lines(ctl, "control/error_log"));
	return table_print(table);
}
