/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What holds of importers of text: a name is taken with a valid link and ID, or has a reason. */
#pragma once

#include <string.h>
#include <strings.h>

#include "core/syntax/link_name.h"
#include "ctl/foreign_names.h"
#include "fuzz.h"

#define FOREIGN_CHECKED 64 /* names, each against all others */

static inline char *foreign_find(const void *data, const char *path)
{
	return strlen(path) % 2 ? xasprintf("WWN=0x%zu", strlen(path)) : NULL;
}

static const struct foreign_devices foreign_devices = { NULL, foreign_find, foreign_find,
	foreign_find };

static inline void foreign_check(struct foreign_names *names)
{
	foreign_names_finish(names);
	for (size_t i = 0; i < names->count; i++) {
		const struct foreign_name *name = &names->list[i];
		struct link_name link;
		const char *why;

		FUZZ_ASSERT(name->path && name->text && name->line);
		FUZZ_ASSERT(!name->link == !!name->reason && !name->link == !name->id);
		if (!name->link)
			continue;
		FUZZ_ASSERT(unique_id_is_valid(name->id));
		FUZZ_ASSERT(link_name_parse(name->link, strlen(name->link), &link, &why) == 0);
		FUZZ_ASSERT(link.kind == LINK_OTHER && strcmp(link.path, name->link) == 0);
		for (size_t other = 0; other < i && i < FOREIGN_CHECKED; other++)
			FUZZ_ASSERT(!names->list[other].link ||
				strcasecmp(names->list[other].link, name->link) != 0);
	}
}
