/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/touched.h"
#include "machines/host.h"

/*
 * All hosting volumes: reading and writing their files, and the requests and reconciliations that
 * wait for that. One step after the other on each host; one that does not answer holds up nobody
 * else.
 */
struct hosts;

/* Borrows both. */
struct hosts *hosts_new(const struct manager *manager, const struct host_world *world);
/* NULL is fine. */
void hosts_free(struct hosts *hosts);
/*
 * At the end: fails the requests that wait, with a negative errno and a sentence, but for one that
 * is being committed: hosts_end() is to follow.
 */
void hosts_close(struct hosts *hosts, int error, const char *why);

/* Takes in a request; its `source` says which host it is about. */
void hosts_submit(struct hosts *hosts, struct host_request *request, uint64_t now);
/* Takes a request back that waits. False: it is past that. */
bool hosts_cancel(struct hosts *hosts, struct host_request *request);
/* Mounts are others: hosts that came are reconciled, after `rest`. */
void hosts_update(struct hosts *hosts, uint64_t rest, uint64_t now);
/*
 * A change is in place: hosts that were told of volumes not here may be looked at again. True:
 * volumes have come, which may be mounted already; hosts_update() is next.
 */
bool hosts_handle_change(struct hosts *hosts, const struct touched *touched, uint64_t now);
/* A visit is over. Takes it over. */
void hosts_take(struct hosts *hosts, struct host_visit *visit, uint64_t now);

/* Whether any host waits for its turn to be decided. */
bool hosts_has_ready(const struct hosts *hosts);
/* Decides what can be decided by now. True: `change` (which must be new) is to be committed. */
bool hosts_begin(struct hosts *hosts, struct change *change, uint64_t now);
/* The request that is being committed, or NULL. */
struct host_request *hosts_get_request(const struct hosts *hosts);
/*
 * The commit is applied; or it has failed, with a negative errno and a sentence, and nothing
 * changed.
 */
void hosts_end(struct hosts *hosts, int error, const char *why, uint64_t now);

/* Others were faster with a change, and nothing changed: it is decided again. */
void hosts_again(struct hosts *hosts, uint64_t now);

/* True when all that began less than HOST_PATIENCE ago has ended. */
bool hosts_is_settled(const struct hosts *hosts);
/* The timer has fired. */
void hosts_handle_time(struct hosts *hosts, uint64_t now);
