/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts in sheets.
 *
 * A text of megabytes that changes by a line is made of what there was but for one sheet, while
 * readers of the one before go on. What the next process may need of it is a list of numbers, and
 * that sheet: its bytes move into a record, so that they are in memory once.
 */

#include <string.h>

#include "base/sheets.h"

void sheet_release(struct sheet *sheet)
{
	if (--sheet->references)
		return;
	if (sheet->record)
		kept_remove(sheet->kept, sheet->record);
	else
		free(sheet->data);
	free(sheet);
}

bool sheet_keep(struct sheet *sheet, struct kept *kept, uint32_t kind, uint64_t number)
{
	uint32_t record = sheet->record;

	if (record)
		return true;
	record = kept_try_add(kept, kind, number, sheet->data, sheet->len);
	if (!record)
		return false;
	free(sheet->data);
	sheet->data = kept_get(kept, record);
	sheet->number = number;
	sheet->kept = kept;
	sheet->record = record;
	return true;
}

struct sheet *sheet_load(struct kept *kept, uint32_t record)
{
	struct sheet *sheet = xcalloc(1, sizeof(*sheet));

	*sheet = (struct sheet){
		.references = 1,
		.len = kept_get_len(kept, record),
		.data = kept_get(kept, record),
		.number = kept_get_id(kept, record),
		.kept = kept,
		.record = record,
	};
	return sheet;
}

void sheets_fini(struct sheets *text)
{
	for (size_t i = 0; i < text->count; i++)
		sheet_release(text->places[i].sheet);
	free(text->places);
	*text = (struct sheets){ 0 };
}

void sheets_share(struct sheets *text, struct sheet *sheet)
{
	sheet->references++;
	text->len += sheet->len;
	text->places = xgrow(text->places, text->count, sizeof(*text->places));
	text->places[text->count++] = (struct sheet_place){ sheet, text->len };
}

/* Takes the bytes. */
static void add_sheet(struct sheets *text, char *data, size_t len)
{
	struct sheet *sheet = xcalloc(1, sizeof(*sheet));

	*sheet = (struct sheet){ .references = 1, .len = len, .data = data };
	sheets_share(text, sheet);
	sheet_release(sheet);
}

static char *join(const char *data, size_t len, const char *rest, size_t rest_len)
{
	char *joined = xrealloc(NULL, len + rest_len, 1);

	memcpy(joined, data, len);
	memcpy(joined + len, rest, rest_len);
	return joined;
}

static size_t get_max(const struct sheets *text)
{
	return text->max ? text->max : SHEET_MAX;
}

bool sheets_can_join(const struct sheets *text, const struct sheet *sheet, size_t len)
{
	return sheet->len + len <= get_max(text);
}

/*
 * How much of `data` goes on the next sheet: about as much as on each of the others, in whole
 * lines, and if need be one that is longer.
 */
static size_t get_cut(const struct sheets *text, const char *data, size_t len)
{
	size_t count = (len + get_max(text) - 1) / get_max(text), most = (len + count - 1) / count;
	const char *newline = memrchr(data, '\n', most);

	if (count > 1 && !newline)
		newline = memchr(data, '\n', len);
	return count > 1 && newline ? (size_t)(newline - data) + 1 : len;
}

/* All on one sheet, without a copy. */
static void take(struct sheets *text, struct strbuf *lines)
{
	size_t len = lines->len;

	add_sheet(text, xrealloc(strbuf_take(lines), len, 1), len);
}

void sheets_add(struct sheets *text, struct strbuf *lines)
{
	struct sheet *last = text->count ? text->places[text->count - 1].sheet : NULL;
	size_t done = 0;

	if (lines->len && last && sheets_can_join(text, last, lines->len)) {
		text->count--;
		text->len -= last->len;
		add_sheet(text, join(last->data, last->len, lines->data, lines->len),
			last->len + lines->len);
		sheet_release(last);
	} else if (lines->len && lines->len <= get_max(text)) {
		take(text, lines);
	} else {
		for (size_t n; done < lines->len; done += n) {
			n = get_cut(text, lines->data + done, lines->len - done);
			add_sheet(text, join(lines->data + done, n, "", 0), n);
		}
	}
	strbuf_reset(lines);
}

size_t sheets_get_slice(const struct sheets *text, uint64_t offset, size_t size)
{
	if (offset >= text->len)
		return 0;
	return size < text->len - offset ? size : text->len - (size_t)offset;
}

/* The place at which a byte is. */
static size_t find_place(const struct sheets *text, uint64_t offset)
{
	size_t low = 0, high = text->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (text->places[middle].end <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Of what is to be found at an offset, what is on the sheet at this place. */
static struct iovec get_piece(const struct sheet_place *place, uint64_t offset, size_t size)
{
	size_t skipped = (size_t)offset - (place->end - place->sheet->len);
	size_t len = place->sheet->len - skipped;

	return (struct iovec){ place->sheet->data + skipped, len < size ? len : size };
}

size_t sheets_find(const struct sheets *text, uint64_t offset, size_t size,
	struct iovec *ret_pieces, size_t max)
{
	const struct sheet_place *place = text->places + find_place(text, offset);
	size_t count = 0;

	for (; size; place++, count++) {
		struct iovec piece = get_piece(place, offset, size);

		if (count < max)
			ret_pieces[count] = piece;
		offset += piece.iov_len;
		size -= piece.iov_len;
	}
	return count;
}

void sheets_copy(const struct sheets *text, uint64_t offset, size_t size, char *ret_data)
{
	const struct sheet_place *place = text->places + find_place(text, offset);

	for (; size; place++) {
		struct iovec piece = get_piece(place, offset, size);

		memcpy(ret_data, piece.iov_base, piece.iov_len);
		ret_data += piece.iov_len;
		offset += piece.iov_len;
		size -= piece.iov_len;
	}
}

size_t sheets_get_difference(const struct sheets *text, const struct sheets *other)
{
	size_t len = 0;

	for (size_t i = 0; i < other->count; i++)
		other->places[i].sheet->is_marked = true;
	for (size_t i = 0; i < text->count; i++)
		if (!text->places[i].sheet->is_marked)
			len += text->places[i].sheet->len;
	for (size_t i = 0; i < other->count; i++)
		other->places[i].sheet->is_marked = false;
	return len;
}
