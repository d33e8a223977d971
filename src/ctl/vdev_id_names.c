/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The aliases of vdev_id.conf, which name disks by links of udev's. Such a name stays with the
 * disk, or with the place that it is plugged into, just as the link does.
 *
 * What the file has besides are rules by which vdev_id makes names of bays: these have no list of
 * names that could be taken.
 */

#include <stdio.h>
#include <string.h>

#include "ctl/dev_link.h"
#include "ctl/vdev_id_names.h"

#define BLANKS " \t\r\v\f"

static bool is_rule(const char *word)
{
	static const char *const rules[] = { "channel", "pci_slot", "slot", "topology" };

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (strcmp(rules[i], word) == 0)
			return true;
	return false;
}

static char *find_here(const struct foreign_devices *devices, const char *link)
{
	_cleanup_free_ char *path = NULL;

	if (*link != '/' && strchr(link, '/'))
		return NULL;
	path = *link == '/' ? xstrdup(link) : xasprintf("/dev/disk/by-id/%s", link);
	return devices->find_hardware(devices->data, path);
}

static void take_alias(struct foreign_names *names, const char *alias, const char *link,
	const struct foreign_devices *devices)
{
	_cleanup_free_ char *text = xasprintf("alias %s %s", alias, link), *here = NULL;
	char id[UNIQUE_ID_MAX + 1];

	if (dev_link_get_id(link, id)) {
		foreign_names_take(names, text, alias, id);
		return;
	}
	here = find_here(devices, link);
	if (here)
		foreign_names_take(names, text, alias, here);
	else
		foreign_names_refuse(names, text,
			"its disk is not here, and the link does not say which identity it is of");
}

void vdev_id_names_add(
	struct foreign_names *names, const char *text, const struct foreign_devices *devices)
{
	char *line;

	for (names->line = 1; foreign_take_line(&text, &line); names->line++) {
		_cleanup_free_ char *owned = line;
		char *rest = NULL, *word, *alias, *link;

		line[strcspn(line, "#")] = '\0';
		word = strtok_r(line, BLANKS, &rest);
		alias = word ? strtok_r(NULL, BLANKS, &rest) : NULL;
		link = alias ? strtok_r(NULL, BLANKS, &rest) : NULL;
		if (!word)
			continue;
		if (strcmp(word, "alias") == 0 && link)
			take_alias(names, alias, link, devices);
		else if (strcmp(word, "alias") == 0)
			foreign_names_refuse(names, "alias", "it has no name, or no link");
		else if (is_rule(word))
			foreign_names_refuse(names, word,
				"it makes names by place: mmctl create NAME PATH=... gives one");
	}
}
