/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/rules/decision.h"

/* Operations on links. */
int links_decide_create_point(struct decision *decision);
int links_decide_delete_points(struct decision *decision);
int links_decide_query_points(struct decision *decision);
int links_decide_rename(struct decision *decision);
