/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/manager.h"

/* The items of a list of JSON, by ID; the caller frees it. */
char *sights_list(const struct manager *manager);
