/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"

/* A volume's drive letter after it was asked for one: 0 if it gets none. */
struct letter {
	char value;
	bool is_new;
};

/*
 * The rules of NEXT_DRIVE_LETTER for a volume present once the change is applied, or kept. The
 * letter, or the mark that there is none left, goes into the change; `operation` into the history.
 */
struct letter letters_assign(const struct manager *manager, const struct manager_env *env,
	const char *id, const char *operation, struct change *change);
/* A volume that might get something, once the change is applied. Borrowed. */
struct applicant {
	const struct device *device;
	const char *id;
};

/* By the names of their devices: the order in which they are served. */
void applicants_sort(struct applicant *list, size_t count);
/* Serves those first that suggest a letter that is free. For volumes that have just arrived. */
void letters_assign_all(const struct manager *manager, const struct manager_env *env,
	const struct applicant *list, size_t count, struct change *change);
