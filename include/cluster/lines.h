/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"
#include "cluster/order.h"

/*
 * Lines of JSON between mmfs and this program. One has what etcd takes in a transaction, 1.5 MiB,
 * even if each byte of it is written as six.
 */
#define LINES_MAX (16u << 20) /* bytes of one, without the newline */

/* 0 and an order to be freed; 0 with *ret_is_known false: skip it; or -EPROTO: this is no line. */
int lines_parse(const char *line, size_t len, struct order *ret_order, bool *ret_is_known);
/*
 * Adds a tale as lines; several, if there are many rows. `real`: µs since 1970, now. -EMSGSIZE:
 * what must be one line is too long.
 */
int lines_format(const struct tale *tale, uint64_t real, struct strbuf *text);
