/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes of many names at once, in one transaction: the commands batch and import.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/foreign_import.h"
#include "ctl/json_place.h"
#include "ctl/judge.h"
#include "ctl/restore.h"
#include "ctl/windows_import.h"

#define DOCUMENT_MAX (128u * 1024 * 1024) /* bytes */

/* What is imported. */
struct document {
	const char *path;
	struct strbuf text; /* empty: it was in another format */
	struct json_object *content;
};

static void document_fini(struct document *document)
{
	strbuf_fini(&document->text);
	json_object_put(document->content);
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
	bool needs_path; /* it has no file of its own here */
} formats[] = {
	{ "windows", windows_import, true },
	{ "multipath", multipath_import },
	{ "vdev_id", vdev_id_import },
	{ "fstab", fstab_import },
};

/* The names in another format, of which nothing is known but what they say. */
static int read_format(const struct ctl *ctl, const char *path, struct json_object **ret_database)
{
	_cleanup_strbuf_ struct strbuf place = STRBUF_INIT;
	_cleanup_free_ char *why = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		int r;

		if (strcmp(formats[i].name, ctl->from) != 0)
			continue;
		if (!path && formats[i].needs_path)
			return ctl_misuse("--from=%s takes a file", ctl->from);
		r = formats[i].read(ctl, path, ret_database);
		if (r != CTL_OK)
			return r;
		why = judge_document(*ret_database, &place);
		return why ? ctl_fail("cannot import %s: %s", path ? path : "names", why) : CTL_OK;
	}
	return ctl_misuse(
		"there is no format '%s': --from takes windows, multipath, vdev_id or fstab",
		ctl->from);
}

static int read_text(const char *path, struct strbuf *ret_text)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	char buffer[65536];
	ssize_t n = -1;

	while (fd >= 0 && ret_text->len <= DOCUMENT_MAX &&
		(n = read(fd, buffer, sizeof(buffer))) > 0)
		strbuf_add(ret_text, buffer, (size_t)n);
	if (n < 0)
		return ctl_fail("cannot read %s: %m", path);
	if (fd != STDIN_FILENO)
		close(fd);
	if (ret_text->len > DOCUMENT_MAX)
		return ctl_fail("cannot read %s: it is longer than 128 MiB", path);
	return CTL_OK;
}

/* The line of the document that a volume is on, 0: it is not found. */
static size_t find_volume(const struct document *document, const char *id)
{
	struct json_object *volumes = database_get_array(document->content, "volumes");

	for (size_t i = 0; document->text.len && id && i < json_object_array_length(volumes); i++) {
		_cleanup_free_ char *place = xasprintf("volumes/%zu/id", i);

		if (is_same_text(volume_get_id(json_object_array_get_idx(volumes, i)), id))
			return json_find_line(document->text.data, place);
	}
	return 0;
}

/* "cannot import FILE: line 7: …" */
static int fail_at(const char *path, size_t line, const char *why)
{
	if (!line)
		return ctl_fail("cannot import %s: %s", path, why);
	return ctl_fail("cannot import %s: line %zu: %s", path, line, why);
}

/* The line where the text is damaged; one that ends too early is so on its last line. */
static size_t find_damage(const struct strbuf *text, size_t at)
{
	size_t end = text->len;

	while (end && text->data[end - 1] == '\n')
		end--;
	return json_count_lines(strbuf_text(text), at < end ? at : end);
}

static int parse_document(struct document *document)
{
	const struct strbuf *text = &document->text;
	size_t fault = json_find_fault(text), end;
	_cleanup_strbuf_ struct strbuf place = STRBUF_INIT;
	struct json_tokener *tokener = json_tokener_new();
	_cleanup_free_ char *why = NULL;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	document->content = json_tokener_parse_ex(tokener, strbuf_text(text), (int)text->len + 1);
	end = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);
	if (!document->content || fault < text->len)
		return fail_at(document->path, find_damage(text, end < fault ? end : fault),
			"that is no JSON (it takes what mmctl export writes)");
	why = judge_document(document->content, &place);
	if (!why)
		return CTL_OK;
	return fail_at(document->path,
		place.len ? json_find_line(text->data, strbuf_text(&place)) : 0, why);
}

/* A line of the batch failed: says so of the line of the document that it was made of. */
static int report(const struct ctl *ctl, int error, const struct document *document,
	const struct strbuf *batch, const char *reply)
{
	_cleanup_free_ char *what = NULL, *id = NULL;
	size_t number = 0, line;
	int start = 0;

	if (sscanf(reply, "line %zu: %n", &number, &start) == 1 && start)
		id = restore_find_id(batch, number);
	line = find_volume(document, id);
	what = line ? xasprintf("import %s: line %zu", document->path, line)
		    : xasprintf("import %s", document->path);
	return tree_report(ctl, error, reply + (id ? start : 0), what);
}

/* What has changed, or would. */
static void tell(const struct restore *restore, bool is_any)
{
	if (restore->ctl->is_quiet)
		return;
	fputs(strbuf_text(&restore->removed), stdout);
	fputs(strbuf_text(&restore->added), stdout);
	if (!is_any)
		puts("nothing to do");
}

static int restore_all(struct ctl *ctl, const struct document *document)
{
	_cleanup_(restore_fini) struct restore restore = { 0 };
	_cleanup_strbuf_ struct strbuf batch = STRBUF_INIT, reply = STRBUF_INIT;
	int r = restore_begin(&restore, ctl, document->content);

	if (r != CTL_OK)
		return r;
	restore_end(&restore, &batch);
	if (!batch.len) {
		tell(&restore, false);
		return CTL_OK;
	}
	strbuf_add_text(&batch, ctl->is_dry_run ? "try\n" : "commit\n");
	r = tree_request(ctl, "database", batch.data, batch.len, &reply);
	if (r < 0)
		return report(ctl, r, document, &batch, strbuf_text(&reply));
	tell(&restore, true);
	return ctl->is_dry_run ? CTL_OK : restore_clear_hosts(&restore);
}

int cmd_import(struct ctl *ctl, int count, char **words)
{
	_cleanup_(document_fini) struct document document = { .path = count ? words[0] : "-" };
	int r;

	if (ctl->from && ctl->is_exact)
		return ctl_misuse("--exact is for what export has written: other formats do not "
				  "have all names");
	if (ctl->from) {
		r = read_format(ctl, count ? words[0] : NULL, &document.content);
		document.path = count ? words[0] : ctl->from;
	} else {
		r = read_text(document.path, &document.text);
		if (r == CTL_OK)
			r = parse_document(&document);
	}
	return r == CTL_OK ? restore_all(ctl, &document) : r;
}

static bool is_word(const char *line, const char *word)
{
	size_t len = strlen(word);

	return strncmp(line, word, len) == 0 &&
		strspn(line + len, " \t") == strcspn(line + len, "\n");
}

/* Whether a line is there that would end the batch before its end. */
static bool has_end(const char *text)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		const char *line = text + strspn(text, " \t");

		if (is_word(line, "commit") || is_word(line, "try"))
			return true;
	}
	return false;
}

int cmd_batch(struct ctl *ctl, int count, char **words)
{
	const char *path = count ? words[0] : "-";
	_cleanup_strbuf_ struct strbuf batch = STRBUF_INIT;
	int r = read_text(path, &batch);

	if (r != CTL_OK)
		return r;
	if (strlen(strbuf_text(&batch)) != batch.len || has_end(strbuf_text(&batch)))
		return ctl_fail("cannot run %s: it is lines of requests, and `commit` is added "
				"to them",
			path);
	if (batch.len && batch.data[batch.len - 1] != '\n')
		strbuf_add_char(&batch, '\n');
	return commit(ctl, &batch, "run the batch");
}
