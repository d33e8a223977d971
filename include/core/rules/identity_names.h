/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/rules/decision.h"

/*
 * Before something is filed under an ID: if that is no volume's unique ID but another identity of a
 * device, it is remembered as such from now on, for the device that has it. -EEXIST: another host
 * has a volume with it.
 */
int identity_names_prepare(struct decision *decision, const char *id);
