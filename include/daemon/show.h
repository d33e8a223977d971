/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/views/tree.h"

/*
 * fuse_backend::render of the daemon: the text of a control file that is read without a request, of
 * `metrics`, and of live files of volumes. `data` is the struct mmfs.
 */
void show_render(void *data, const struct node *node, struct strbuf *ret_text);
