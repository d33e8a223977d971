/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/*
 * What is wrong with the option that getopt_long(3) has just refused. With `opterr` 0 and a ':' in
 * front of the letters it says nothing itself, and `answer` is '?' or ':'.
 */
char *command_line_explain(int answer, char *const *argv);

/*
 * The exit code of a program that was to print something, and nothing else. If that did not get
 * out, it says so.
 */
int command_line_end_printing(const char *program);
