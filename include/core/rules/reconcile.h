/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"
#include "core/model/manager.h"
#include "core/syntax/replica.h"
#include "core/syntax/request.h"

/* What is to be made of one hosting volume, and what was found on it. */
struct reconcile {
	const char *host;	       /* unique ID */
	const struct replica *file;    /* its file, with the look for each directory; NULL: none */
	const struct replica *places;  /* the look for further directories: paths and errors */
	bool is_written;	       /* the file follows what is decided */
	const struct request *request; /* to create or delete one mount point, NULL: none */
	const char *path;	       /* of the request, from the root of the volume */
	struct strbuf *why;	       /* with a request: a sentence, on error */
};

struct reconciled {
	struct replica file; /* what it shall say from now on */
	bool is_incomplete;  /* more may come of it when another volume arrives */
};

/*
 * Decides what this machine and the file of a hosting volume learn from each other, and then the
 * request. Pure. `change` must be new; refusals are in its events. On error (of the request) a
 * negative errno, and nothing to free but the change.
 */
int reconcile_decide(const struct manager *manager, const struct manager_env *env,
	const struct reconcile *reconcile, struct change *change,
	struct reconciled *ret_reconciled);
