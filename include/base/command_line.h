/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/*
 * What is wrong with the option that getopt_long(3) has just refused. With `opterr` 0 and a ':' in
 * front of the letters it says nothing itself, and `answer` is '?' or ':'.
 */
char *command_line_explain(int answer, char *const *argv);
