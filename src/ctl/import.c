/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes of many names at once, in one transaction of control/batch: the commands batch and
 * import.
 *
 * There is no operation for the mark "wants no drive letter" but that of deleting a letter. To set
 * it, a letter passes through the volume: one that another volume shows, and gets back, since any
 * other may be an absent volume's, which would lose it.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/database.h"
#include "ctl/windows_import.h"

#define ABSENT_SHOWN 10 /* of the volumes that are not here */

/* An import under way: the lines of its batch, and what it says it does. */
struct import {
	const struct ctl *ctl;
	struct json_object *here;
	struct json_object *wanted;
	struct strbuf removals, marks, additions;
	struct strbuf removed, added; /* the diff */
	size_t absent;
};

static void import_fini(struct import *import)
{
	json_object_put(import->here);
	json_object_put(import->wanted);
	strbuf_fini(&import->removals);
	strbuf_fini(&import->marks);
	strbuf_fini(&import->additions);
	strbuf_fini(&import->removed);
	strbuf_fini(&import->added);
}

static void add_line(struct strbuf *batch, const char *operation, const char *link, const char *id)
{
	_cleanup_strbuf_ struct strbuf request = STRBUF_INIT;

	if (link)
		request_add(&request, "link", link);
	if (id)
		request_add(&request, "id", id);
	strbuf_add_format(batch, "%s %s\n", operation, request.data);
}

static void tell(struct strbuf *diff, char sign, const char *what, const char *id)
{
	strbuf_add_format(diff, "%c ", sign);
	strbuf_add_printable(diff, what);
	strbuf_add_text(diff, id ? "  " : "");
	strbuf_add_printable(diff, id ? id : "");
	strbuf_add_char(diff, '\n');
}

static void import_links(
	struct import *import, struct json_object *here, struct json_object *wanted)
{
	const char *link, *id = volume_get_id(wanted);

	for (size_t i = 0; import->ctl->is_exact && (link = volume_get_link(here, i)); i++) {
		if (volume_has_link(wanted, link))
			continue;
		add_line(&import->removals, "delete_points", link, id);
		tell(&import->removed, '-', link, id);
	}
	for (size_t i = 0; (link = volume_get_link(wanted, i)); i++) {
		if (volume_has_link(here, link))
			continue;
		add_line(&import->additions, "create_point", link, id);
		tell(&import->added, '+', link, id);
	}
}

/* A letter to lend, and its owner; or one that nobody shows. */
static const char *find_letter(struct import *import, const char **ret_owner)
{
	struct json_object *volumes = json_object_object_get(import->here, "volumes");
	static char unused[] = "/DosDevices/Z:";

	for (size_t i = 0; i < json_object_array_length(volumes); i++) {
		struct json_object *volume = json_object_array_get_idx(volumes, i);
		const char *id = volume_get_id(volume), *letter = volume_get_letter(volume);
		struct json_object *wanted = database_find(import->wanted, id);
		bool goes = import->ctl->is_exact && wanted && letter &&
			!volume_has_link(wanted, letter);

		if (letter && !goes) {
			*ret_owner = id;
			return letter;
		}
	}
	*ret_owner = NULL;
	return unused;
}

static void set_mark(struct import *import, const char *id)
{
	const char *owner, *letter = find_letter(import, &owner);

	if (owner)
		add_line(&import->marks, "delete_points", letter, owner);
	add_line(&import->marks, "create_point", letter, id);
	add_line(&import->marks, "delete_points", letter, NULL);
	if (owner)
		add_line(&import->marks, "create_point", letter, owner);
	tell(&import->added, '+', "no_drive_letter", id);
}

/* Deleting all links of a volume takes its mark away. Those that stay are given anew. */
static void clear_mark(struct import *import, struct json_object *here, struct json_object *wanted)
{
	const char *link, *id = volume_get_id(here);

	tell(&import->removed, '-', "no_drive_letter", id);
	if (volume_get_letter(wanted))
		return; /* giving the letter does */
	add_line(&import->marks, "delete_points", NULL, id);
	for (size_t i = 0; (link = volume_get_link(here, i)); i++)
		if (!import->ctl->is_exact || volume_has_link(wanted, link))
			add_line(&import->marks, "create_point", link, id);
}

static int import_marks(struct import *import, struct json_object *here, struct json_object *wanted)
{
	const char *id = volume_get_id(wanted), *letter = volume_get_letter(here);
	bool is_marked = json_get_flag(wanted, "no_drive_letter");
	bool is_kept = json_get_flag(wanted, "keep_links");

	if (is_marked && volume_get_letter(wanted))
		return ctl_fail("cannot import: %s has a drive letter and wants none", id);
	if (is_marked && letter && !import->ctl->is_exact)
		return ctl_fail("cannot import: %s is to want no drive letter, but has %s (--exact "
				"takes it away)",
			id, link_name_get_base(letter));
	if (is_marked && !json_get_flag(here, "no_drive_letter"))
		set_mark(import, id);
	if (!is_marked && json_get_flag(here, "no_drive_letter"))
		clear_mark(import, here, wanted);
	if (is_kept != json_get_flag(here, "keep_links")) {
		_cleanup_strbuf_ struct strbuf request = STRBUF_INIT;

		request_add(&request, "id", id);
		strbuf_add_format(&import->additions, "keep_links_when_offline %s keep=%d\n",
			request.data, is_kept);
		tell(is_kept ? &import->added : &import->removed, is_kept ? '+' : '-', "keep_links",
			id);
	}
	return CTL_OK;
}

static void import_settings(struct import *import)
{
	bool is_on = json_get_flag(import->wanted, "auto_mount");

	if (is_on == json_get_flag(import->here, "auto_mount") ||
		!json_object_object_get(import->wanted, "auto_mount"))
		return;
	strbuf_add_format(&import->additions, "auto_mount %s\n", is_on ? "on" : "off");
	tell(is_on ? &import->added : &import->removed, is_on ? '+' : '-', "auto_mount", NULL);
}

static int import_volumes(struct import *import)
{
	struct json_object *volumes = json_object_object_get(import->wanted, "volumes");

	for (size_t i = 0; i < json_object_array_length(volumes); i++) {
		struct json_object *wanted = json_object_array_get_idx(volumes, i);
		struct json_object *here = database_find(import->here, volume_get_id(wanted));
		int r;

		if (!here) {
			if (import->absent++ < ABSENT_SHOWN)
				ctl_fail("%s is not here: its names cannot be given",
					volume_get_id(wanted));
			continue;
		}
		import_links(import, here, wanted);
		r = import_marks(import, here, wanted);
		if (r != CTL_OK)
			return r;
	}
	import_settings(import);
	if (import->absent > ABSENT_SHOWN)
		ctl_fail("nor are %zu more", import->absent - ABSENT_SHOWN);
	if (import->absent && !import->ctl->skips_absent)
		return ctl_fail("cannot import: nothing was changed (attach these volumes, or "
				"leave them out with --skip-absent)");
	return CTL_OK;
}

static int commit(const struct ctl *ctl, struct strbuf *batch, const char *what)
{
	_cleanup_strbuf_ struct strbuf reply = STRBUF_INIT;
	int r;

	strbuf_add_text(batch, "commit\n");
	r = tree_request(ctl, "batch", batch->data, batch->len, &reply);
	return r < 0 ? tree_report(ctl, r, strbuf_text(&reply), what) : CTL_OK;
}

/* Where else names come from. */
static const struct {
	const char *name;
	int (*read)(const struct ctl *ctl, const char *path, struct json_object **ret_database);
} formats[] = {
	{ "windows", windows_import },
};

/* The names in another format, of which nothing is known but what they say. */
static int read_format(struct import *import, const char *path)
{
	_cleanup_free_ char *why = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		int r;

		if (strcmp(formats[i].name, import->ctl->from) != 0)
			continue;
		r = formats[i].read(import->ctl, path, &import->wanted);
		if (r != CTL_OK)
			return r;
		why = database_check(import->wanted);
		return why ? ctl_fail("cannot import %s: %s", path, why) : CTL_OK;
	}
	return ctl_misuse("there is no format '%s': --from takes windows", import->ctl->from);
}

static int read_database(struct import *import, const char *path)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *why = NULL;

	if (fd < 0)
		return ctl_fail("cannot import %s: %m", path);
	import->wanted = json_object_from_fd(fd);
	if (fd != STDIN_FILENO)
		close(fd);
	if (!import->wanted)
		return ctl_fail(
			"cannot import %s: that is no JSON (it takes what mmctl export writes)",
			path);
	why = database_check(import->wanted);
	return why ? ctl_fail("cannot import %s: %s", path, why) : CTL_OK;
}

int cmd_import(struct ctl *ctl, int count, char **words)
{
	_cleanup_(import_fini) struct import import = { .ctl = ctl, .here = database_read(ctl) };
	int r;

	if (ctl->from && !count)
		return ctl_misuse("--from=%s takes a file", ctl->from);
	r = ctl->from ? read_format(&import, words[0])
		      : read_database(&import, count ? words[0] : "-");

	if (r == CTL_OK)
		r = import_volumes(&import);
	if (r != CTL_OK)
		return r;
	if (!ctl->is_quiet) {
		fputs(strbuf_text(&import.removed), stdout);
		fputs(strbuf_text(&import.added), stdout);
	}
	strbuf_add(&import.removals, import.marks.data, import.marks.len);
	strbuf_add(&import.removals, import.additions.data, import.additions.len);
	if (ctl->is_dry_run || !import.removals.len)
		return CTL_OK;
	return commit(ctl, &import.removals, "import");
}

/* Whether a line is there that would end the batch before its end. */
static bool has_commit(const char *text)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		const char *word = text + strspn(text, " \t");

		if (strncmp(word, "commit", 6) == 0 &&
			strspn(word + 6, " \t") == strcspn(word + 6, "\n"))
			return true;
	}
	return false;
}

int cmd_batch(struct ctl *ctl, int count, char **words)
{
	const char *path = count ? words[0] : "-";
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_strbuf_ struct strbuf batch = STRBUF_INIT;
	char buffer[4096];
	ssize_t n = -1;

	while (fd >= 0 && (n = read(fd, buffer, sizeof(buffer))) > 0)
		strbuf_add(&batch, buffer, (size_t)n);
	if (n < 0)
		return ctl_fail("cannot read %s: %m", path);
	if (fd != STDIN_FILENO)
		close(fd);
	if (strlen(strbuf_text(&batch)) != batch.len || has_commit(strbuf_text(&batch)))
		return ctl_fail("cannot run %s: it is lines of requests, and `commit` is added "
				"to them",
			path);
	if (batch.len && batch.data[batch.len - 1] != '\n')
		strbuf_add_char(&batch, '\n');
	return commit(ctl, &batch, "run the batch");
}
