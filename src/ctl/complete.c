/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What completions of shells offer, one per line and as it is. What has a character that must not
 * reach a terminal is left out.
 */

#include <stdio.h>
#include <string.h>

#include "ctl/mounted_tree.h"

enum {
	OFFERS_LINKS = 1 << 0,
	OFFERS_IDS = 1 << 1,
	OFFERS_DEVICES = 1 << 2,
};

static const struct {
	const char *kind;
	unsigned int offers;
} kinds[] = {
	{ "links", OFFERS_LINKS },
	{ "ids", OFFERS_IDS },
	{ "devices", OFFERS_DEVICES },
	{ "names", OFFERS_LINKS | OFFERS_IDS | OFFERS_DEVICES },
};

static void offer(const char *word)
{
	_cleanup_strbuf_ struct strbuf safe = STRBUF_INIT;

	strbuf_add_safe(&safe, word);
	if (strcmp(strbuf_text(&safe), word) == 0)
		puts(word);
}

static void print_links(const struct shown_points *points)
{
	for (size_t i = 0; i < points->count; i++) {
		const char *link = points->list[i].link;

		offer(link_name_is_volume(link) ? link : link_name_get_base(link));
	}
}

static void print_others(const struct ctl *ctl, const char *folder, const char *before)
{
	_cleanup_(texts_free_p) char **names = tree_list_names(ctl, folder);

	for (size_t i = 0; names[i]; i++) {
		_cleanup_free_ char *name = text_unescape(names[i]);

		_cleanup_free_ char *word = xasprintf("%s%s", before, name);

		offer(word);
	}
}

static void print_unprocessed(const struct ctl *ctl)
{
	static const char *const keys[] = { "DEVICE" };
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	char *values[ARRAY_SIZE(keys)];

	tree_read(ctl, "control/unprocessed", &text);
	for (char *at = text.data; pairs_take_line(&at, keys, values, ARRAY_SIZE(keys));)
		if (values[0])
			offer(values[0]);
}

int ctl_complete(struct ctl *ctl, const char *kind)
{
	_cleanup_(points_fini) struct shown_points points = { 0 };
	unsigned int offers = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].kind, kind) == 0)
			offers = kinds[i].offers;
	if (!offers)
		return ctl_misuse("there is nothing to complete for '%s'", kind);
	if (offers & OFFERS_LINKS && tree_read_points(ctl, &points) == 0)
		print_links(&points);
	if (offers & OFFERS_IDS)
		print_others(ctl, "ids", "");
	if (offers & OFFERS_DEVICES) {
		print_others(ctl, "devices", "/dev/");
		print_unprocessed(ctl);
	}
	return CTL_OK;
}
