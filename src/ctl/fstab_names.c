/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mount points of an fstab, each as a name of the volume that is mounted there. libmount reads
 * the file, a line at a time, since it does not say which line an entry is from.
 */

#include <libmount.h>
#include <stdio.h>
#include <string.h>

#include "ctl/dev_link.h"
#include "ctl/fstab_names.h"

static int skip_fault(struct libmnt_table *table, const char *path, int line)
{
	return 1;
}

/* The only entry of a table made of one line, or NULL; it goes with the table. */
static struct libmnt_fs *parse_line(struct libmnt_table *table, char *line)
{
	FILE *file = *line ? fmemopen(line, strlen(line), "re") : NULL;
	struct libmnt_fs *entry = NULL;

	if (!file)
		return NULL;
	mnt_table_set_parser_errcb(table, skip_fault);
	if (mnt_table_parse_stream(table, file, "fstab") == 0)
		mnt_table_first_fs(table, &entry);
	fclose(file);
	return entry;
}

/* /srv/data as srv-data; NULL: it is no mount point. */
static char *format_name(const char *target)
{
	char *name, *end;

	if (!target || *target != '/')
		return NULL;
	target += strspn(target, "/");
	if (!*target)
		return xstrdup("root");
	name = end = xstrdup(target);
	while (*target) {
		if (*target != '/') {
			*end++ = *target++;
			continue;
		}
		target += strspn(target, "/");
		if (*target)
			*end++ = '-';
	}
	*end = '\0';
	return name;
}

/* Why a mount is of no volume; NULL: it may be of one. */
static const char *get_reason(struct libmnt_fs *entry)
{
	const char *source = mnt_fs_get_source(entry), *tag, *value;

	if (mnt_fs_is_swaparea(entry))
		return "swap has no mount point";
	if (mnt_fs_get_option(entry, "bind", NULL, NULL) == 0 ||
		mnt_fs_get_option(entry, "rbind", NULL, NULL) == 0)
		return "a folder is mounted there";
	if (mnt_fs_is_pseudofs(entry))
		return "no device is mounted there";
	if (mnt_fs_is_netfs(entry))
		return "what is mounted there is on another machine";
	if (!source ||
		(mnt_fs_get_tag(entry, &tag, &value) != 0 && strncmp(source, "/dev/", 5) != 0))
		return "what is mounted there is no device";
	return NULL;
}

/* The unique ID of what is mounted, or NULL and why. */
static char *find_id(
	struct libmnt_fs *entry, const struct foreign_devices *devices, const char **ret_reason)
{
	_cleanup_free_ char *link = NULL, *plain = NULL;
	const char *tag, *value; /* without quotes */
	char id[UNIQUE_ID_MAX + 1];
	char *found;

	if (mnt_fs_get_tag(entry, &tag, &value) != 0) {
		link = xstrdup(mnt_fs_get_source(entry));
	} else if (strcmp(tag, "ID") == 0) {
		link = xasprintf("/dev/disk/by-id/%s", value);
	} else {
		plain = xasprintf("%s=%s", tag, value);
		if (strcmp(tag, "UUID") == 0 || strcmp(tag, "PARTUUID") == 0)
			return steal_ptr(plain);
		*ret_reason = "no volume that is here has this label, or several have";
		return devices->find_label(devices->data, plain);
	}
	if (dev_link_get_id(link, id))
		return xstrdup(id);
	*ret_reason = "it is not here, and its path does not say which identity it has";
	found = devices->find_volume(devices->data, link);
	return found;
}

static void add_entry(
	struct foreign_names *names, struct libmnt_fs *entry, const struct foreign_devices *devices)
{
	const char *source = mnt_fs_get_source(entry), *target = mnt_fs_get_target(entry);
	_cleanup_free_ char *text =
		xasprintf("%s %s", source ? source : "none", target ? target : "none");
	_cleanup_free_ char *name = format_name(target), *id = NULL;
	const char *reason = get_reason(entry);

	if (!reason && !name)
		reason = "it has no mount point";
	if (!reason)
		id = find_id(entry, devices, &reason);
	if (id)
		foreign_names_take(names, text, name, id);
	else
		foreign_names_refuse(names, text, "%s", reason);
}

void fstab_names_add(
	struct foreign_names *names, const char *text, const struct foreign_devices *devices)
{
	char *line;

	for (names->line = 1; foreign_take_line(&text, &line); names->line++) {
		_cleanup_free_ char *owned = line;
		struct libmnt_table *table;
		struct libmnt_fs *entry;

		line += strspn(line, " \t");
		if (!*line || *line == '#')
			continue;
		table = mnt_new_table();
		entry = table ? parse_line(table, line) : NULL;
		if (entry)
			add_entry(names, entry, devices);
		else
			foreign_names_refuse(names, line, "it is no line of an fstab");
		mnt_unref_table(table);
	}
}
