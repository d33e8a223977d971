/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/syntax/triple.h"

/* Puts them in the order of their links, byte by byte. */
void triples_sort(struct triple *triples, size_t count);
