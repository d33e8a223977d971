/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "io/store/store_file.h"

/* The size that the write-ahead log has in advance. Part of io/store. */
#define STORE_LOG_SIZE (2048 * 1024) /* bytes */

/* Gives the log its full size, where there is room for that. Between transactions. */
void store_log_extend(struct store_file *file);
/* After each transaction: a log that is too small grows when there is room. */
void store_log_tend(struct store_file *file);
