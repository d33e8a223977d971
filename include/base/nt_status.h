/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "mmfs/mountmgr.h"

/* The one table of what is called how here and there. `error` is a positive errno or 0. */
uint32_t nt_status_from_errno(int error);
int nt_status_to_errno(uint32_t status);
