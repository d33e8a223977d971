/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cluster/session.h"
#include "dice.h"
#include "engine.h"

/*
 * What mmfs-cluster's machine has around it in test-session-random: hosts, and a network with etcd
 * behind it in which requests are late, lost, or done without an answer.
 */

enum { HOSTS = 3, CALLS = 64, CHANGES = 4096, MEMBERS = 3 };
#define SECOND UINT64_C(1000000)

struct call {
	int host; /* -1: this is free */
	unsigned int life;
	uint64_t ticket;
	uint64_t at; /* when something becomes of it */
	bool is_done;
	struct etcd_request request;
	struct etcd_answer answer;
};

struct host {
	char name[8];
	char self[32];
	struct session *session;
	unsigned int life;
	/* its watch */
	uint64_t watch;
	int64_t watch_from;
	bool is_new, is_silent;
	/* its mmfs */
	bool is_linked, is_hung_up;
	char cluster_id[64];
	struct etcd_rows rows, incoming;
	bool is_loading, is_up, is_told; /* how it stands */
	uint64_t greeted;
	int64_t position, head;
	char open[32]; /* the change that it waits for, or that is not settled */
	bool is_unknown;
	int64_t next, sync, sync_floor;
};

enum fate { FATE_OPEN, FATE_DONE, FATE_NEVER };

struct game {
	struct dice dice;
	struct engine engine;
	uint64_t now;
	struct host hosts[HOSTS];
	struct call calls[CALLS];
	struct {
		char name[32];
		enum fate fate;
	} changes[CHANGES];
	size_t change_count;
	int64_t ids;
	bool is_healed;
	unsigned int done, never, synced, taken;
};

extern struct game game;

unsigned int draw(unsigned int limit);
/* The effects of the machine on etcd; `data` is the host. */
void world_call(void *data, uint64_t ticket, size_t member, const struct etcd_request *request,
	uint64_t limit);
void world_watch(void *data, uint64_t ticket, size_t member, int64_t from);
void world_unwatch(void *data);
/* What becomes of them. */
void world_finish_call(struct call *call);
void world_free_call(struct call *call);
void world_give_news(struct host *host);
void world_end_watch(struct host *host);
