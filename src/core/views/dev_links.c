/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links of a device for udevd, which takes each line apart at spaces and is not to find anything in
 * a name but a name: what it gives a meaning to anywhere in its rules is escaped.
 */

#include <string.h>

#include "core/syntax/link_name.h"
#include "core/views/dev_links.h"

#define FOLDER "mm/"

/* Bytes of UTF-8 stay as they are; a link has no others. */
static bool is_plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		(c && strchr("#+-.:=@_", c)) || (unsigned char)c >= 0x80;
}

void dev_links_escape(struct strbuf *buf, const char *name)
{
	for (; *name; name++) {
		if (is_plain(*name))
			strbuf_add_char(buf, *name);
		else
			strbuf_add_format(buf, "\\x%02x", (unsigned char)*name);
	}
}

struct names_list {
	char **names; /* "mm/my\x20films" */
	size_t count;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_name(struct names_list *list, const char *path, size_t *left_out)
{
	_cleanup_strbuf_ struct strbuf name = STRBUF_INIT;

	strbuf_add_text(&name, FOLDER);
	dev_links_escape(&name, link_name_get_base(path));
	if (name.len > strlen(FOLDER) + DEV_LINKS_NAME) {
		(*left_out)++;
		return;
	}
	list->names = xgrow(list->names, list->count, sizeof(*list->names));
	list->names[list->count++] = strbuf_take(&name);
}

static void add_names(struct names_list *list, const struct manager *manager,
	const struct device *device, const char *id, size_t *left_out)
{
	const struct link *link = NULL;

	while ((link = names_next_link(&manager->names, id, link)))
		if (!link_name_is_volume(link->path) && manager_may_show(device, id, link->path))
			add_name(list, link->path, left_out);
}

static void add_lines(const struct names_list *list, struct strbuf *text, size_t *left_out)
{
	size_t line = 0, used = 0;

	for (size_t i = 0; i < list->count; i++) {
		size_t len = strlen(list->names[i]);

		if (line && used + 1 + len <= DEV_LINKS_LINE) {
			strbuf_add_char(text, ' ');
			used += 1 + len;
		} else if (line == DEV_LINKS_LINES) {
			(*left_out)++;
			continue;
		} else {
			strbuf_add_format(text, "%sMMFS_LINKS_%zu=", line ? "\n" : "", line + 1);
			line++;
			used = len;
		}
		strbuf_add_text(text, list->names[i]);
	}
	if (line)
		strbuf_add_char(text, '\n');
}

void dev_links_format(const struct manager *manager, const struct device *device,
	struct strbuf *ret_text, size_t *ret_left_out)
{
	struct names_list list = { 0 };

	*ret_left_out = 0;
	if (device->id)
		add_names(&list, manager, device, device->id, ret_left_out);
	for (const struct holding *holding = device->holdings; holding; holding = holding->next)
		if (manager_find_device(manager, &manager->names, holding->id))
			add_names(&list, manager, device, holding->id, ret_left_out);
	if (list.count)
		qsort(list.names, list.count, sizeof(*list.names), compare_names);
	add_lines(&list, ret_text, ret_left_out);
	for (size_t i = 0; i < list.count; i++)
		free(list.names[i]);
	free(list.names);
}
