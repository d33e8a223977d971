/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the process that reads a hive hands over, and what becomes of it: everything is taken with a
 * valid link and unique ID, or has a reason; and no volume gets two drive letters.
 */

#include <string.h>

#include "core/syntax/unique_id.h"
#include "ctl/windows_names.h"
#include "fuzz.h"

static char *find_guid(const void *data, const char *guid)
{
	FUZZ_ASSERT(strlen(guid) == 36);
	return guid[0] == '0' ? xasprintf("UUID=%s", guid + 1) : NULL;
}

static char *find_start(const void *data, uint32_t signature, uint64_t start)
{
	return start % 512 == 0 ? xasprintf("PARTUUID=%08x-01", signature) : NULL;
}

static void check(const struct windows_names *names)
{
	const struct windows_name *before = NULL;

	for (size_t i = 0; i < names->count; i++) {
		const struct windows_name *name = &names->list[i];
		struct link_name link;
		const char *why;

		FUZZ_ASSERT(name->value[0]);
		FUZZ_ASSERT(!name->id == !!name->reason);
		if (!name->id)
			continue;
		FUZZ_ASSERT(unique_id_is_valid(name->id));
		FUZZ_ASSERT(!name->link ||
			link_name_parse(name->link, strlen(name->link), &link, &why) == 0);
		if (name->link && link_name_is_letter(name->link)) {
			FUZZ_ASSERT(!before || strcmp(before->id, name->id) != 0);
			before = name;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct windows_disks disks = { NULL, find_guid, find_start };
	_cleanup_(windows_names_fini) struct windows_names names = { 0 };
	struct windows_value value;
	struct windows_room room;

	while (windows_take(&data, &size, &room, &value))
		windows_names_add(&names, &value, &disks);
	windows_names_finish(&names);
	check(&names);
	return 0;
}
