/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The calling thread, and those that it starts, go before others from now on, if that is permitted.
 */
void priority_raise(void);
/* Back to what the process was started with, for a thread whose work has time. */
void priority_restore(void);
