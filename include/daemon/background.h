/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Returns in a child. The parent ends with 0 when it is told that all is well, and with @failure if
 * the child and its own end before.
 */
int background_enter(int failure);
void background_tell_parent(void);
void background_leave_terminal(void);

/* Tells systemd, if it is who started us. */
void background_notify(const char *message);
