/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* mmfs-cluster's session between an engine that answers at once and a case that plays mmfs. */

#include "cluster/session.h"
#include "engine.h"

struct session_stage {
	struct engine engine;
	struct session *session;
	uint64_t now;					   /* µs */
	void (*asked)(const struct etcd_request *request); /* sees each, if it is set */
};
extern struct session_stage stage;

/* A new engine, and the session of the host h1. `tell` and `hang_up`: see struct session_ops. */
void stage_begin(void (*tell)(void *data, const struct tale *tale), void (*hang_up)(void *data));
void stage_end(void);
/* A hundredth of a second passes, and what was asked before is answered. */
void stage_pass(void);
