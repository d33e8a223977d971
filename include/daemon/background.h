/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Returns in a child. The parent ends with 0 when that has left the terminal, and with @failure if
 * it ends before.
 */
int background_enter(int failure);
void background_leave_terminal(void);

/* Tells systemd, if it is who started us. */
void background_notify(const char *message);
