/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of other hosts that cannot be true on any host, whatever is known here; and those that were
 * true before this machine has written the same.
 */

#include <string.h>

#include "core/model/shadows.h"
#include "core/rules/elsewhere_fault.h"
#include "core/syntax/link_name.h"
#include "core/syntax/replica.h"
#include "core/syntax/request.h"

#define TEXT_MAX 1024 /* bytes of an identity */

/* Whether it is a link as the database spells it, and no letter, which each host has for itself. */
static bool is_link(const char *path, bool is_local)
{
	struct link_name name;
	const char *fault;

	return path && link_name_parse(path, strlen(path), &name, &fault) == 0 &&
		strcmp(name.path, path) == 0 && (name.kind != LINK_LETTER || is_local);
}

static const char *find_record_fault(const struct elsewhere_row *row)
{
	if (!row->id || !unique_id_is_valid(row->id))
		return "a volume without a unique ID";
	if (row->is_unread)
		return "a volume of which nothing can be read";
	for (size_t i = 0; i < ID_SCHEMES; i++)
		if (row->value[i] && strlen(row->value[i]) > TEXT_MAX)
			return "an identity that is too long";
	return row->start > INT64_MAX ? "a start beyond all disks" : NULL;
}

static const char *find_link_fault(const struct elsewhere_row *row)
{
	if (!is_link(row->path, row->is_local))
		return "a name that is none, or a drive letter";
	if (row->is_gone)
		return NULL;
	if (!row->id || !unique_id_is_valid(row->id))
		return "a name of no volume";
	return row->changed > INT64_MAX ? "a time beyond all clocks" : NULL;
}

static const char *find_point_fault(const struct elsewhere_row *row)
{
	if (!row->id || !unique_id_is_valid(row->id))
		return "a mount point on no volume";
	if (!row->path || replica_check_path(row->path))
		return "a mount point at no path";
	if (row->is_gone)
		return NULL;
	if (!is_link(row->volume, false) || !link_name_is_volume(row->volume))
		return "a mount point of no volume name";
	return row->options && strlen(row->options) > REQUEST_OPTIONS_MAX
		? "a mount point with too many options"
		: NULL;
}

const char *elsewhere_find_fault(const struct elsewhere_row *row)
{
	switch (row->kind) {
	case ELSEWHERE_RECORD:
		return find_record_fault(row);
	case ELSEWHERE_LINK:
		return find_link_fault(row);
	case ELSEWHERE_POINT:
		return find_point_fault(row);
	}
	return "a row of an unknown kind";
}

bool elsewhere_is_outdated(const struct elsewhere *elsewhere, const struct elsewhere_row *row,
	const struct names *names)
{
	const struct record *record = NULL;
	const struct shadow *shadow;
	const struct link *link;

	if (row->is_local || elsewhere->is_decided)
		return false;
	switch (row->kind) {
	case ELSEWHERE_RECORD:
		record = names_find_record(names, row->id);
		break;
	case ELSEWHERE_LINK:
		shadow = shadows_find(names, row->path);
		link = names_find_link(names, row->path);
		if (shadow && link && strcmp(shadow->id, link->record->id) == 0)
			return false; /* it is written nowhere else */
		record = shadow ? names_find_record(names, shadow->id) : link ? link->record : NULL;
		break;
	case ELSEWHERE_POINT:
		break;
	}
	return record && record->is_shared && record->revision > elsewhere->revision;
}
