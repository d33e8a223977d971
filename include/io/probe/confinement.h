/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/*
 * Takes from the calling process, before it has threads, what a server of names never does: start
 * programs, mount, look into other processes, load code into the kernel, open a network socket.
 * Such calls fail with EPERM. Needs no_new_privs; cannot be undone. Its children have it, too.
 */
int confinement_enter(void);
