/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of the mount manager as text, to be compared with the naive model's.
 */

#include <string.h>

#include "describe.h"

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_sorted(char **lines, size_t count, struct strbuf *text)
{
	if (count)
		qsort(lines, count, sizeof(*lines), compare_lines);
	for (size_t i = 0; i < count; i++) {
		strbuf_add_format(text, "%s\n", lines[i]);
		free(lines[i]);
	}
}

static const char *get_state(const struct device *device)
{
	static const char *const states[][2] = { { "no content", "no content" },
		{ "broken", "fault" }, { "no unique ID", "no unique ID" },
		{ "duplicate of ", "duplicate" }, { "stranger: ", "stranger" } };

	if (device->id)
		return "online";
	if (!device->reason)
		return "nothing";
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (strncmp(device->reason, states[i][0], strlen(states[i][0])) == 0)
			return states[i][1];
	return device->reason;
}

static char *format_record(const struct record *record)
{
	const struct fingerprint *known = &record->fingerprint;
	struct strbuf line = STRBUF_INIT;

	strbuf_add_format(&line, "%s%s%s %s %u %u %d", record->id,
		record->no_drive_letter ? " mark" : "", record->keep_links ? " keep" : "",
		known->node, (unsigned int)known->diskseq, (unsigned int)known->size,
		(int)known->attachment);
	for (int i = 0; i < ID_SCHEMES; i++)
		strbuf_add_format(&line, " %s", known->value[i] ? known->value[i] : "-");
	return strbuf_take(&line);
}

void describe_manager(const struct manager *manager, struct strbuf *text)
{
	const struct names *names = &manager->names;
	size_t count = 0, room = names->links.count + names->records.count;
	size_t present = manager->volumes.by_name.count;
	_cleanup_free_ char **lines = xcalloc(room + present, sizeof(*lines));

	map_for_each (&manager->volumes.by_name, node, next) {
		const struct device *device = container_of(node, struct device, by_name);

		lines[count++] = xasprintf(
			"%s %s %s", device->name, get_state(device), device->id ? device->id : "");
	}
	add_sorted(lines, count, text);
	count = 0;
	map_for_each (&names->records, node, next)
		lines[count++] = format_record(container_of(node, struct record, by_id));
	add_sorted(lines, count, text);
	count = 0;
	index_for_each (&names->links, const struct link, link) {
		if (!link->record->is_dropped)
			lines[count++] = xasprintf("%s %s%s", link->path, link->record->id,
				link->is_unrecorded ? " unrecorded" : "");
	}
	add_sorted(lines, count, text);
	strbuf_add_format(text, "auto_mount %s\n", names_is_auto_mount_off(names) ? "off" : "on");
}

void describe_links(const struct manager *manager, struct strbuf *text)
{
	_cleanup_free_ struct triple *triples = NULL;
	size_t count = manager_get_triples(manager, &manager->names, NULL, &triples);

	for (size_t i = 0; i < count; i++)
		strbuf_add_format(
			text, "%s %s %s\n", triples[i].link, triples[i].id, triples[i].node);
}
