/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/manager.h"

struct fuse_job;
struct mmfs;

/*
 * What is under way on hosting volumes: reading and writing their files, and the requests and
 * reconciliations that wait for that. One step after the other on each host, by a thread of its own;
 * a host that does not answer holds up nobody else.
 */
struct hosts;
struct host;

struct hosts *hosts_new(struct mmfs *mmfs);
/* NULL is fine. */
void hosts_free(struct hosts *hosts);
/* Fails the jobs that wait. */
void hosts_close(struct hosts *hosts);

/* Takes in a job about mount points. */
void hosts_submit(struct hosts *hosts, struct fuse_job *job);
/* Takes a job back that waits for a host. False: it is none, or is being committed. */
bool hosts_cancel(struct hosts *hosts, struct fuse_job *job);
/* Mounts or devices are others: hosts that came are reconciled. */
void hosts_update(struct hosts *hosts);
/* A volume arrived, or got a name: hosts that were told of volumes not here are looked at again. */
void hosts_handle_arrival(struct hosts *hosts);

/* At the door: decides what can be decided by now. True: a commit has begun, or something else. */
bool hosts_begin(struct hosts *hosts);
/* The commit is applied; or it has failed, with `error` and a sentence, and nothing changed. */
void hosts_handle_commit(struct hosts *hosts, struct host *host, int error, const char *why);

/* Whether nothing is under way but what takes long. */
bool hosts_is_settled(const struct hosts *hosts);
/* When hosts_handle_time() wants to be called, µs of the monotonic clock; 0: not at all. */
uint64_t hosts_get_deadline(const struct hosts *hosts);
void hosts_handle_time(struct hosts *hosts);
