/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Single loop devices, for programs that have many of them. What goes wrong is told on stderr.
 */

#pragma once

/* A descriptor of /dev/loop<n>, or -1. */
int loop_open(int n);
/* Attaches the file `prefix` followed by `i`. 0, or -1. */
int loop_attach(int fd, const char *prefix, int i);
/* Nothing attached is no error. */
int loop_detach(int fd);
