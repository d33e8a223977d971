/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"
#include "core/syntax/reply.h"
#include "core/syntax/request.h"

/*
 * Decides one request on top of what `change` holds already. Pure. Returns 0, with the
 * answer added to `reply`; or -EINVAL, -ENOENT, -EEXIST, -EPERM, with a sentence added to `why`,
 * and `change` as it was.
 */
int dispatch_decide(const struct manager *manager, const struct manager_env *env,
	const struct request *request, struct change *change, struct reply *reply,
	struct strbuf *why);
