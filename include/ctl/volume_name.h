/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/syntax/link_name.h"
#include "ctl/mounted_tree.h"

/* What a word of the command line names. */
enum name_kind {
	NAME_LINK,
	NAME_ID,
	NAME_DEVICE,
	NAME_LABEL,
};

struct name {
	enum name_kind kind;
	/* Canonical path of a link, a unique ID, a node or kernel name, LABEL=… or PARTLABEL=… */
	char text[4096];
};

/* A word that may name a volume in any way. CTL_OK, or CTL_USAGE with a message. */
int name_guess(const struct ctl *ctl, const char *word, struct name *ret_name);
/* A word that can only be a link: one that there may be, or one that is to be made. */
int name_parse_link(const struct ctl *ctl, const char *word, struct link_name *ret_link);
int name_parse_new_link(const struct ctl *ctl, const char *word, struct link_name *ret_link);
/* The key of a request that such a name goes with. */
const char *name_get_key(const struct name *name);
/* Whether a volume may ever be online under such a name: CTL_OK, or CTL_USAGE with a message. */
int name_check(const struct name *name);

/*
 * Path below the mount of the folder of the volume that is online under a name, NULL if there is
 * none, or more than one. Asks nothing of the control files, so that looking often leaves no
 * traces.
 */
char *name_find_online(const struct ctl *ctl, const struct name *name);
/* The same, also where not all devices of its filesystem are here. */
char *name_find_present(const struct ctl *ctl, const struct name *name);
/* The same for one that may be offline. */
char *name_find(const struct ctl *ctl, const struct name *name);
/*
 * What a word of the command line means, and the same of it, which may be nothing: then `ret_doubt`
 * tells why, if several have the name. All is the caller's. CTL_OK, or CTL_USAGE with a message.
 */
int name_find_word(const struct ctl *ctl, const char *word, struct name *ret_name,
	char **ret_folder, char **ret_doubt);
/* Where nothing is found because several volumes have the name: which, as the daemon says it. */
char *name_find_doubt(const struct ctl *ctl, const struct name *name);
