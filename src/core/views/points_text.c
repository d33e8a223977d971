/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of `points`, also from the one before: after a change nearly all of its lines are as
 * they were, and they are in the order of their links. Sheets without a line that differs are those
 * of the text before. (Of 100,000 lines, one that differs takes 11 µs, 1000 here and there take
 * 8 ms, and to make them all takes 25. Of a million, one takes 19 µs, 16,000 take 52 ms, all 250.)
 *
 * What two sheets beside each other have is as much as half of what fits on one, but for a line: so
 * a text that shrinks does not end as many sheets with little on them.
 */

#include <string.h>

#include "base/hex.h"
#include "core/views/points_text.h"

#define LINE_ROOM 512		 /* for lines that are new on a sheet, mostly */
#define PORTION (16 * SHEET_MAX) /* bytes of lines that are put on sheets together */
#define LINES_MAX 16384		 /* that are remembered; about a megabyte */

void stale_lines_fini(struct stale_lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		free(lines->links[i]);
	free(lines->links);
	*lines = (struct stale_lines){ 0 };
}

void stale_lines_add_all(struct stale_lines *lines)
{
	stale_lines_fini(lines);
	lines->is_all = true;
}

/* Takes the link. */
static void add_link(struct stale_lines *lines, char *link)
{
	if (lines->count == LINES_MAX)
		stale_lines_add_all(lines);
	if (lines->is_all) {
		free(link);
		return;
	}
	lines->links = xgrow(lines->links, lines->count, sizeof(*lines->links));
	lines->links[lines->count++] = link;
}

void stale_lines_add(struct stale_lines *lines, const char *link)
{
	if (!lines->is_all)
		add_link(lines, xstrdup(link));
}

void stale_lines_move(struct stale_lines *lines, struct stale_lines *from)
{
	if (from->is_all)
		stale_lines_add_all(lines);
	for (size_t i = 0; i < from->count; i++)
		add_link(lines, steal_ptr(from->links[i]));
	stale_lines_fini(from);
}

/* As strcmp() of the link that the line is about and another. */
static int compare_link(const char *line, const char *link)
{
	line += strlen("LINK=\"");
	for (; *line != '"'; link++) {
		unsigned char byte = (unsigned char)*line++;

		if (byte == '\\') { /* \xHH */
			byte = (unsigned char)(hex_get_value(line[1]) << 4 |
				hex_get_value(line[2]));
			line += 3;
		}
		if (byte != (unsigned char)*link)
			return byte < (unsigned char)*link ? -1 : 1;
	}
	return *link ? -1 : 0;
}

/*
 * Where the line of a link begins, or would; `ret_end` is where it ends, the same if there is none.
 */
static size_t find_line(const struct sheet *sheet, size_t from, const char *link, size_t *ret_end)
{
	size_t low = from, high = sheet->len;

	while (low < high) {
		size_t start = low + (high - low) / 2, end;
		int order;

		while (start > low && sheet->data[start - 1] != '\n')
			start--;
		end = (size_t)((char *)memchr(sheet->data + start, '\n', sheet->len - start) -
			      sheet->data) +
			1;
		order = compare_link(sheet->data + start, link);
		if (order == 0) {
			*ret_end = end;
			return start;
		}
		if (order < 0)
			low = end;
		else
			high = start;
	}
	*ret_end = low;
	return low;
}

/* The sheet on which the line of a link is, or would be. There are sheets from `from` on. */
static size_t find_sheet(const struct sheets *text, size_t from, const char *link)
{
	size_t low = from, high = text->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (compare_link(text->places[middle].sheet->data, link) > 0)
			high = middle;
		else
			low = middle;
	}
	return low;
}

static void add_line(const struct manager *manager, const char *path, struct strbuf *made)
{
	const struct link *link = manager_find_link(manager, &manager->names, path);
	const char *node =
		link ? manager_get_node(manager, &manager->names, link->record->id) : NULL;

	if (link && strcmp(link->path, path) == 0)
		triple_format(
			&(struct triple){ link->path, link->record->id, node ? node : "" }, made);
}

/* Adds what was on a sheet, but for the lines of these links, in their order, which are made. */
static void add_lines(const struct manager *manager, const struct sheet *sheet, const char **links,
	size_t count, struct strbuf *made)
{
	size_t done = 0;

	for (size_t i = 0; i < count; i++) {
		size_t from = done;
		size_t start = find_line(sheet, from, links[i], &done);

		strbuf_add(made, sheet->data + from, start - from);
		add_line(manager, links[i], made);
	}
	strbuf_add(made, sheet->data + done, sheet->len - done);
}

/* Returns how many there are, each once. */
static size_t sort_links(const struct stale_lines *lines, const char **ret_links)
{
	size_t count = 0;

	for (size_t i = 0; i < lines->count; i++)
		ret_links[i] = lines->links[i];
	qsort(ret_links, lines->count, sizeof(*ret_links), text_compare_at);
	for (size_t i = 0; i < lines->count; i++)
		if (!count || strcmp(ret_links[count - 1], ret_links[i]) != 0)
			ret_links[count++] = ret_links[i];
	return count;
}

/* How many of the links are about lines that are on this sheet, or would be. */
static size_t count_links(const struct sheets *text, size_t sheet, const char **links, size_t count)
{
	size_t here = 0;

	if (sheet + 1 >= text->count)
		return count;
	while (here < count && compare_link(text->places[sheet + 1].sheet->data, links[here]) > 0)
		here++;
	return here;
}

static void share(struct sheets *text, const struct sheets *before, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		sheets_share(text, before->places[i].sheet);
}

void points_text_make(const struct manager *manager, struct sheets *ret_text)
{
	_cleanup_free_ struct triple *triples = NULL;
	_cleanup_strbuf_ struct strbuf made = STRBUF_INIT;
	size_t count = manager_get_triples(manager, &manager->names, NULL, &triples);

	for (size_t i = 0; i < count; i++) {
		triple_format(&triples[i], &made);
		if (made.len >= PORTION || i + 1 == count)
			sheets_add(ret_text, &made);
	}
}

void points_text_renew(const struct manager *manager, const struct stale_lines *lines,
	const struct sheets *before, struct sheets *ret_text)
{
	_cleanup_free_ const char **links = xcalloc(lines->count + 1, sizeof(*links));
	_cleanup_strbuf_ struct strbuf made = STRBUF_INIT;
	size_t count = sort_links(lines, links), at = 0, here;

	if (!before->count) {
		points_text_make(manager, ret_text);
		return;
	}
	for (size_t done = 0; done < count; done += here) {
		size_t next = find_sheet(before, at, links[done]) + 1;
		const struct sheet *sheet = before->places[next - 1].sheet;

		share(ret_text, before, at, next - 1);
		here = count_links(before, next - 1, links + done, count - done);
		strbuf_reserve(&made, sheet->len + LINE_ROOM);
		add_lines(manager, sheet, links + done, here, &made);
		at = next;
		sheet = at < before->count ? before->places[at].sheet : NULL;
		if (sheet && sheets_can_join(ret_text, sheet, made.len) &&
			!count_links(before, at, links + done + here, count - done - here)) {
			strbuf_add(&made, sheet->data, sheet->len);
			at++;
		}
		sheets_add(ret_text, &made);
	}
	share(ret_text, before, at, before->count);
}
