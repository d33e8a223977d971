/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/manager.h"

/* In the words of model_format(): devices, records, links, each sorted. */
void describe_manager(const struct manager *manager, struct strbuf *text);
/* In the words of model_show(): what clients see. */
void describe_links(const struct manager *manager, struct strbuf *text);
