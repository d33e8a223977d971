/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/database.h"

/*
 * What a document says of the device of a volume beside its names: when and where it was last, and
 * what it is told from clones by. It is compared and written as the values of `remember`, by its
 * keys, so that what means the same is the same however somebody has typed it.
 */

/* Why it cannot be so, and in `place` where, below the volume; NULL: it can. */
char *known_check(struct json_object *volume, struct strbuf *place);
/* Whether the document says anything of that. */
bool known_is_said(struct json_object *volume);
/*
 * What is known if it says this, and `before`, which may be NULL, was known: what it does not say
 * stays. The caller's. `volume` may be NULL: it says nothing.
 */
struct json_object *known_read(struct json_object *volume, struct json_object *before);
/* Microseconds since 1970, 0: never. */
uint64_t known_get_seen(struct json_object *known);
void known_add(struct strbuf *request, struct json_object *known);
