/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command mount-point: which directories are registered as mount points, and of which volumes.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/output.h"
#include "ctl/volume_name.h"

enum {
	DIRECTORY,
	ID,
	DEVICE,
	MOUNTED,
	COLUMNS,
};

static const struct column columns[COLUMNS] = {
	[DIRECTORY] = { "DIRECTORY", "the directory; behind an ID if its disk is mounted nowhere",
		COLUMN_TEXT, false },
	[ID] = { "ID", "unique ID of the volume", COLUMN_TEXT, false },
	[DEVICE] = { "DEVICE", "its node", COLUMN_TEXT, false },
	[MOUNTED] = { "MOUNTED", "whether it is mounted there now", COLUMN_FLAG, false },
};

const struct layout mount_points_layout = { "mountpoints", columns, COLUMNS };

static bool has_line(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (strcspn(text, "\n") == len && strncmp(text, line, len) == 0)
			return true;
	return false;
}

static void list_volume(const struct ctl *ctl, const char *folder, struct table *table)
{
	_cleanup_free_ char *registered = xasprintf("%s/mount_points.registered", folder);
	_cleanup_free_ char *mounted = xasprintf("%s/mount_points", folder);
	_cleanup_free_ char *id = text_unescape(folder + strlen("ids/"));
	_cleanup_free_ char *device = tree_read_link(ctl, "%s/device", folder);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, mounts = STRBUF_INIT;
	char *rest, *directory;

	tree_read(ctl, registered, &text);
	tree_read(ctl, mounted, &mounts);
	for (rest = text.data; rest && (directory = strsep(&rest, "\n"));) {
		_cleanup_free_ char *plain = text_unescape(directory);
		struct line *line;

		if (!*directory)
			continue;
		line = table_add(table, NULL);
		table_set(table, line, DIRECTORY, plain);
		table_set(table, line, ID, id);
		table_set(table, line, DEVICE, device);
		table_set(table, line, MOUNTED,
			has_line(strbuf_text(&mounts), directory) ? "1" : "0");
	}
}

static bool has_text(char *const *texts, const char *text)
{
	while (*texts && strcmp(*texts, text) != 0)
		texts++;
	return *texts;
}

/* Adds what a word names, once; `listed` has room for it. */
static int list_named(const struct ctl *ctl, const char *word, struct table *table, char **listed)
{
	_cleanup_free_ char *folder = NULL, *doubt = NULL;
	struct name name;

	if (name_find_word(ctl, word, &name, &folder, &doubt) != CTL_OK)
		return CTL_USAGE;
	if (!folder)
		return ctl_fail("cannot list the mount points of '%s': %s", word,
			doubt ? doubt
			      : "no volume of that name shows (mmctl list shows the links, "
				"mmctl tree the devices)");
	if (has_text(listed, folder))
		return CTL_OK;
	list_volume(ctl, folder, table);
	while (*listed)
		listed++;
	*listed = steal_ptr(folder);
	return CTL_OK;
}

static int list(struct ctl *ctl, int count, char **words)
{
	_cleanup_(table_free_p) struct table *table = table_new(ctl, &mount_points_layout);
	_cleanup_(texts_free_p) char **ids = NULL, **listed = NULL;
	int result = CTL_OK, r;
	bool is_any = !count;

	listed = xcalloc((size_t)count + 1, sizeof(*listed));
	for (int i = 0; i < count; i++) {
		r = list_named(ctl, words[i], table, listed);
		is_any |= r == CTL_OK;
		result = r > result ? r : result;
	}
	if (!count)
		ids = tree_list_names(ctl, "ids");
	for (size_t i = 0; ids && ids[i]; i++) {
		_cleanup_free_ char *folder = xasprintf("ids/%s", ids[i]);

		list_volume(ctl, folder, table);
	}
	if (result == CTL_USAGE || !is_any)
		return result;
	r = table_print(table);
	return r > result ? r : result;
}

/* The path of a directory that may be gone, as far as it is there. */
static char *make_absolute(const char *path)
{
	_cleanup_free_ char *copy = xstrdup(path), *folder = NULL;
	char *real = realpath(path, NULL), *name;

	if (real)
		return real;
	while (strlen(copy) > 1 && copy[strlen(copy) - 1] == '/')
		copy[strlen(copy) - 1] = '\0';
	name = strrchr(copy, '/');
	if (!name)
		folder = make_absolute(".");
	else if (name > copy)
		*name = '\0';
	if (name > copy)
		folder = make_absolute(copy);
	else if (name)
		folder = xstrdup("");
	return xasprintf("%s/%s", strcmp(folder, "/") == 0 ? "" : folder, name ? name + 1 : copy);
}

static int change(struct ctl *ctl, bool is_add, int count, char **words)
{
	_cleanup_strbuf_ struct strbuf request = STRBUF_INIT, reply = STRBUF_INIT;
	_cleanup_free_ char *folder = make_absolute(words[0]), *what = NULL;
	struct name name;

	what = xasprintf("%s the mount point %s", is_add ? "add" : "delete", words[0]);
	request_add(&request, "source", folder);
	if (count > 1) {
		int r = name_guess(ctl, words[1], &name);

		if (r != CTL_OK)
			return r;
		request_add(&request, "target", name.text);
	}
	if (ctl->options)
		request_add(&request, "options", ctl->options);
	return tree_run(ctl, is_add ? "volume_mount_point_created" : "volume_mount_point_deleted",
		&request, &reply, what);
}

/* The unique ID of the volume that has a registered mount point there, NULL: none has. */
static char *find_registered(const struct ctl *ctl, const char *directory)
{
	_cleanup_(texts_free_p) char **ids = tree_list_names(ctl, "ids");

	for (size_t i = 0; ids && ids[i]; i++) {
		_cleanup_free_ char *name = xasprintf("ids/%s/mount_points.registered", ids[i]);
		_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
		char *rest, *line;

		tree_read(ctl, name, &text);
		for (rest = text.data; rest && (line = strsep(&rest, "\n"));) {
			_cleanup_free_ char *plain = text_unescape(line);

			if (strcmp(plain, directory) == 0)
				return text_unescape(ids[i]);
		}
	}
	return NULL;
}

/* What was only found on the disk is asked for on this machine. */
static int accept_found(struct ctl *ctl, char *directory)
{
	_cleanup_free_ char *folder = make_absolute(directory);
	_cleanup_free_ char *id = find_registered(ctl, folder);
	char *words[] = { directory, id };

	if (!id)
		return ctl_fail("cannot accept the mount point %s: none is registered there "
				"(mmctl mount-point list)",
			directory);
	return change(ctl, true, 2, words);
}

#define OPTIONS_MAX 511 /* bytes, as control/volume_mount_point_created takes them */

static int check_options(const char *options)
{
	size_t len = strlen(options);
	bool is_plain = true;

	for (const char *c = options; *c; c++)
		is_plain &= *c > ' ' && *c <= '~';
	if (len && len <= OPTIONS_MAX && is_plain)
		return CTL_OK;
	return ctl_misuse(
		"--options takes 1 to %d printable characters without spaces", OPTIONS_MAX);
}

int cmd_mount_point(struct ctl *ctl, int count, char **words)
{
	const char *action = words[0];

	if (ctl->options && check_options(ctl->options) != CTL_OK)
		return CTL_USAGE;
	count--;
	words++;
	if (strcmp(action, "list") == 0)
		return list(ctl, count, words);
	if (strcmp(action, "add") == 0 && count == 2)
		return change(ctl, true, count, words);
	if (strcmp(action, "accept") == 0 && count == 1)
		return accept_found(ctl, words[0]);
	if (strcmp(action, "del") == 0 && (count == 1 || count == 2))
		return change(ctl, false, count, words);
	return ctl_misuse("mount-point takes list [NAME...], add DIRECTORY VOLUME "
			  "[--options=OPTIONS], accept DIRECTORY [--options=OPTIONS] or "
			  "del DIRECTORY [VOLUME]");
}
