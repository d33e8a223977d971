/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "machines/host.h"

/* Looks at the file and the directories of a hosting volume, or writes the file. In a thread. */
void host_errand_run(struct host_visit *visit);
