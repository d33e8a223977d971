/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

#define UNIQUE_ID_MAX 255 /* bytes, without NUL */

/*
 * The kinds of identity, in their default order. A unique ID is the text TAG=VALUE; its spelling
 * is frozen, since databases are keyed by it.
 */
enum id_scheme {
	ID_UUID,	      /* UUID=      superblock UUID, as libblkid spells it */
	ID_PARTUUID,	      /* PARTUUID=  partition entry */
	ID_DM_UUID,	      /* DM_UUID=   device-mapper */
	ID_MD_UUID,	      /* MD_UUID=   md array */
	ID_WWN,		      /* WWN=       worldwide name, with -partN on a partition */
	ID_SERIAL,	      /* SERIAL=    serial number, with -partN on a partition */
	ID_SCHEMES,	      /* those are unique IDs of volumes */
	ID_PATH = ID_SCHEMES, /* PATH= the place it is plugged into, with -partN on a partition */
	ID_KINDS,
};

struct id_order {
	enum id_scheme scheme[ID_SCHEMES];
	size_t count;
};

extern const struct id_order id_order_default;

/* Reads "uuid:partuuid:dm:md:wwn:serial", each at most once. -EINVAL with a sentence otherwise. */
int id_order_parse(const char *text, struct id_order *ret_order, const char **ret_why);

/*
 * Writes TAG=VALUE for the identity `value` (NULL: none) of partition number `partition` (0: not
 * a partition; matters for WWN, SERIAL and PATH only). False when there is no identity worth the
 * name: absent, empty, all zeros, a placeholder known to be shared by many units, not printable
 * ASCII or too long. White space in a value becomes `_` and is dropped at the ends, as udev does.
 */
bool unique_id_format(enum id_scheme scheme, const char *value, unsigned int partition,
	char ret_id[UNIQUE_ID_MAX + 1]);

/*
 * Whether `text` is a tag of the list above, `=`, and a value of allowed length in UTF-8 without
 * control characters. What devices have is printable ASCII; what others write may be more.
 */
bool unique_id_is_valid(const char *text);

/* The same of a database of our own, in which there may be IDs that had any bytes above 0x7f. */
bool unique_id_has_form(const char *text);

/* Whether an identity is that of a place, which no volume has for its unique ID. */
bool unique_id_is_place(const char *id);

/*
 * Spells an identity, which somebody has typed, as devices have it: in kinds that are hexadecimal
 * the digits are in the case that the scheme has. All else stays as it is.
 */
void unique_id_canonize(const char *text, char ret_id[UNIQUE_ID_MAX + 1]);

/* Whether two texts are the same but for the case of hexadecimal digits. */
bool unique_id_is_alike(const char *a, const char *b);
