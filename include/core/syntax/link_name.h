/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

#define LINK_NAME_MAX 255 /* bytes of the last component */
#define LINK_PATH_MAX 268 /* bytes of "/DosDevices/" + name, with NUL */

#define LINK_FOLDER_DOS_DEVICES "/DosDevices/"
#define LINK_FOLDER_VOLUMES "/Volumes/"

enum link_kind {
	LINK_OTHER,  /* /DosDevices/backup */
	LINK_LETTER, /* /DosDevices/C: */
	LINK_VOLUME, /* /Volumes/Volume{3e6be9de-8139-11d1-9106-a43f08d823a6} */
};

struct link_name {
	enum link_kind kind;
	char path[LINK_PATH_MAX]; /* canonical: as output everywhere */
};

/*
 * Reads any spelling of a link: /DosDevices/X:, \DosDevices\X:, \??\X:, X:, /Volumes/Volume{…},
 * \??\Volume{…}, \\?\Volume{…}, Volume{…}, names of volumes with or without a trailing backslash.
 * A name without any folder in front that is neither a letter nor a volume name is taken as one
 * below /DosDevices/. `text` need not be NUL-terminated. On error -EINVAL, with a sentence in
 * `ret_why` (static storage).
 */
int link_name_parse(const char *text, size_t len, struct link_name *ret_name, const char **ret_why);

/*
 * The same for a link that is looked for: a drive letter is then one in lower case, too, and so is
 * a volume name where nothing else can stand. Who makes a link must spell it as it will be.
 */
int link_name_parse_sought(
	const char *text, size_t len, struct link_name *ret_name, const char **ret_why);

/*
 * Finds the link that a path of Windows begins with, such as \DosDevices\X:\dir or
 * \??\Volume{…}\dir. Returns how many bytes of the path it is; 0 with a sentence in `ret_why`:
 * there is none.
 */
size_t link_name_parse_start(const char *text, struct link_name *ret_name, const char **ret_why);

/* Whether the look of a bare word says that it is a link: everything above but a plain name. */
bool link_name_is_form(const char *text);

/* Predicates over canonical paths. */
bool link_name_is_letter(const char *path);
bool link_name_is_volume(const char *path);

/*
 * The path in the other folder of a name that differs from the last component of this one in case
 * alone, as VOLUME{…} from Volume{…}. False: there can be none.
 */
bool link_name_get_twin(const char *path, char ret_path[LINK_PATH_MAX]);

/* The last component of a canonical path. */
const char *link_name_get_base(const char *path);

/*
 * The 16 bytes of the GUID of a volume name, in the order in which it is written. False: it is
 * none.
 */
bool link_name_get_guid(const char *path, uint8_t ret_guid[16]);

/* "/Volumes/Volume{guid}" with 16 random bytes made into a version 4 GUID in lower case. */
void link_name_format_volume(const uint8_t random[16], char ret_path[LINK_PATH_MAX]);
