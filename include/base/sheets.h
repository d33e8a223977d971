/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/uio.h>

#include "base/kept.h"
#include "base/strbuf.h"

/*
 * Long texts that differ little from each other. Each is a list of sheets, and a sheet that is the
 * same in several texts is there once; so it never changes.
 */

#define SHEET_MAX ((size_t)65472) /* bytes: with its header a record of base/kept has 64 KiB */

struct sheet {
	size_t references;
	size_t len;	   /* not 0 */
	char *data;	   /* nobody writes to it */
	uint64_t number;   /* its record's ID */
	struct kept *kept; /* where `data` is, … */
	uint32_t record;   /* … or 0: it is the sheet's own */
	bool is_marked;	   /* sheets_get_difference() looks at it */
};

/* Where a sheet is in a text. */
struct sheet_place {
	struct sheet *sheet;
	size_t end;
};

struct sheets {
	struct sheet_place *places;
	size_t count;
	size_t len; /* bytes of the whole */
	size_t max; /* … of a sheet; 0: SHEET_MAX */
};

/* Gives up a reference. */
void sheet_release(struct sheet *sheet);
/* Moves its bytes into a record, unless they are in one. False: there is no room. */
bool sheet_keep(struct sheet *sheet, struct kept *kept, uint32_t kind, uint64_t number);
/* One that shows a record, which goes with it. */
struct sheet *sheet_load(struct kept *kept, uint32_t record);

void sheets_fini(struct sheets *text);
/* Whether so many bytes fit on one sheet of a text, together with those of a sheet. */
bool sheets_can_join(const struct sheets *text, const struct sheet *sheet, size_t len);
/* Adds a sheet of another text, with a reference of its own. */
void sheets_share(struct sheets *text, struct sheet *sheet);
/*
 * Adds lines: on one sheet with what is on the last one, if they fit there; else on new ones. They
 * are empty then.
 */
void sheets_add(struct sheets *text, struct strbuf *lines);
/* How many bytes of `size` there are at an offset. */
size_t sheets_get_slice(const struct sheets *text, uint64_t offset, size_t size);
/* Where these bytes are, which are all there: returns in how many pieces, maybe more than `max`. */
size_t sheets_find(const struct sheets *text, uint64_t offset, size_t size,
	struct iovec *ret_pieces, size_t max);
/* Copies them. */
void sheets_copy(const struct sheets *text, uint64_t offset, size_t size, char *ret_data);
/* Bytes of the sheets that another text has not. */
size_t sheets_get_difference(const struct sheets *text, const struct sheets *other);
