/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unique IDs that differ from another in a typing error: in the case of letters, or in up to two
 * characters.
 */

#include <string.h>
#include <strings.h>

#include "core/rules/near.h"

#define SLIPS_MAX 2 /* characters too many, too few, or others */

/* How many slips make one text of the other; SLIPS_MAX + 1: more. */
static size_t count_slips(const char *a, const char *b, size_t allowed)
{
	size_t best = SLIPS_MAX + 1, found;

	while (*a && *a == *b)
		a++, b++;
	if (!*a && !*b)
		return 0;
	if (!allowed)
		return best;
	if (*a && *b) {
		found = count_slips(a + 1, b + 1, allowed - 1) + 1;
		best = found < best ? found : best;
	}
	if (*a) {
		found = count_slips(a + 1, b, allowed - 1) + 1;
		best = found < best ? found : best;
	}
	if (*b) {
		found = count_slips(a, b + 1, allowed - 1) + 1;
		best = found < best ? found : best;
	}
	return best;
}

static size_t get_distance(const char *id, const char *other)
{
	return strcasecmp(id, other) == 0 ? 0 : count_slips(id, other, SLIPS_MAX);
}

static void take_nearer(const char *id, const char *other, const char **found, size_t *best)
{
	size_t distance = get_distance(id, other);

	if (distance < *best || (*found && distance == *best && strcmp(other, *found) < 0)) {
		*best = distance;
		*found = other;
	}
}

void near_add(
	const struct manager *manager, const struct names *view, const char *id, struct strbuf *why)
{
	size_t best = SLIPS_MAX + 1;
	const char *found = NULL;

	if (names_find_record(view, id)) {
		strbuf_add_text(why,
			": it is absent (absent=ok names it all the same: mmctl create --absent)");
		return;
	}
	map_for_each (&manager->names.records, node, next)
		take_nearer(id, container_of(node, struct record, by_id)->id, &found, &best);
	map_for_each (&manager->volumes.holdings, node, next)
		take_nearer(id, container_of(node, struct holding, by_id)->id, &found, &best);
	if (found)
		strbuf_add_format(why, ": did you mean %s?", found);
	else
		strbuf_add_text(
			why, " (absent=ok names one that was never here: mmctl create --absent)");
}
