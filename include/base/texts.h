/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/index.h"

/* Texts that many hold, kept once. All holders are gone before texts_fini(). */
struct texts {
	struct index by_text;
};

void texts_fini(struct texts *texts);
/* Returns the one copy of `text`, which the caller holds from now on. NULL stays NULL. */
const char *texts_hold(struct texts *texts, const char *text);
/* The same for one that is held already: without a look-up. */
const char *texts_hold_again(const char *text);
/* Ends one holding of what texts_hold() returned. NULL is fine. */
void texts_release(struct texts *texts, const char *text);
