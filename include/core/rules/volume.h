/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/rules/decision.h"

/* Operations on one volume, or on all. */
int volume_decide_next_drive_letter(struct decision *decision);
int volume_decide_auto_dl_assignments(struct decision *decision);
int volume_decide_keep_links(struct decision *decision);
int volume_decide_arrival(struct decision *decision);
int volume_decide_removal(struct decision *decision);
int volume_decide_query(struct decision *decision);
int volume_decide_query_paths(struct decision *decision);
int volume_decide_no_drive_letter(struct decision *decision);
int volume_decide_auto_mount(struct decision *decision);
