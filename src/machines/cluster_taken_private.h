/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cluster_private.h"

/* Parts of the machine: rows of links that are not used here. */

/* Because of which a commit has lost. */
void cluster_taken_note(struct cluster *cluster, const struct cluster_line *line);
/* They were written anew, or deleted. */
void cluster_taken_drop(struct cluster *cluster, const struct cluster_line *line);
void cluster_taken_forget(struct cluster *cluster);
