/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links of udev's rules that say by their names which identity they are of. Those made of a model
 * and a serial number do not: nobody could tell where the one ends and the other begins.
 */

#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "ctl/dev_link.h"

/* Names by which folder, what they begin with, and what of that the identity has not. */
static const struct {
	const char *folder, *prefix;
	size_t left_out;
	const char *tag, *before;
} forms[] = {
	{ "by-uuid/", "", 0, "UUID=", "" },
	{ "by-partuuid/", "", 0, "PARTUUID=", "" },
	{ "by-path/", "", 0, "PATH=", "" },
	{ "by-id/", "wwn-0x", 4, "WWN=", "" },
	{ "by-id/", "wwn-eui.", 4, "WWN=", "" },
	{ "by-id/", "nvme-eui.", 5, "WWN=", "" },
	{ "by-id/", "nvme-uuid.", 5, "WWN=", "" },
	{ "by-id/", "nvme-nvme.", 5, "WWN=", "" },
	{ "by-id/", "dm-uuid-", 8, "DM_UUID=", "" },
	{ "by-id/", "md-uuid-", 8, "MD_UUID=", "" },
	/* A name alone can be that of a place, too. */
	{ "", "pci-", 0, "PATH=", "" },
	{ "", "platform-", 0, "PATH=", "" },
	{ "by-id/", "scsi-3", 6, "WWN=", "0x" },
};

#define PREFIX "/dev/disk/"

/* The NAA name of a disk has 16 or 32 digits; a number of a partition may follow. */
static bool is_naa(const char *name)
{
	size_t len = 0;

	while (hex_get_value(name[len]) >= 0)
		len++;
	return (len == 16 || len == 32) && (!name[len] || strncmp(name + len, "-part", 5) == 0);
}

/* What is left of a link's name behind its folder; NULL: it is of another one. */
static const char *skip_folder(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	if (strncmp(path, PREFIX, strlen(PREFIX)) != 0)
		return !len || strcmp(folder, "by-id/") == 0 ? path : NULL;
	path += strlen(PREFIX);
	return len && strncmp(path, folder, len) == 0 ? path + len : NULL;
}

bool dev_link_get_id(const char *path, char ret_id[UNIQUE_ID_MAX + 1])
{
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		const char *rest = skip_folder(path, forms[i].folder);
		char id[UNIQUE_ID_MAX + 2];

		if (!rest || strncmp(rest, forms[i].prefix, strlen(forms[i].prefix)) != 0)
			continue;
		rest += forms[i].left_out;
		if (rest[strcspn(rest, "/\\")] || (*forms[i].before && !is_naa(rest)))
			return false;
		snprintf(id, sizeof(id), "%s%s%s", forms[i].tag, forms[i].before, rest);
		if (strlen(id) > UNIQUE_ID_MAX)
			return false;
		strcpy(ret_id, id);
		return id[strlen(forms[i].tag)] != '\0';
	}
	return false;
}
