/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"

/* Links of a unique ID that go at once, see core/model/dropped.h. */

/* How many it has, up to `most`. */
size_t dropping_count(const struct names *names, const char *id, size_t most);
/* Whether all of them can go so, however many they are. */
bool dropping_is_possible(const struct manager *manager, const struct manager_env *env,
	const struct names *names, const char *id);
/* As names_remove_record(), but if there are a great many they go so. */
void dropping_remove_record(const struct manager *manager, const struct manager_env *env,
	struct names *names, const char *id);
