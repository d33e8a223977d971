/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cluster/settings.h"

/* Runs until it is told to end. 0, or what kept it from beginning. */
int helper_run(const struct settings *settings);
