/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cluster/order.h"

/*
 * All that is decided here, between mmfs and the members of etcd: a machine without descriptors and
 * clocks. Times are µs of one clock, passed as `now`.
 */
struct session;

#define SESSION_HEADROOM 8 /* operations of a transaction that are its own */

struct session_config {
	const char *host;
	const char *self; /* the value of hosts/HOST: who this is, in this life of the machine */
	const char *cluster_id; /* for a cluster that is new */
	size_t members;		/* of etcd, that are known */
	size_t room;		/* operations that a transaction of etcd's takes */
	uint64_t real;		/* µs of real time when the other clock is 0 */
	const char *name;	/* of the cluster */
};

struct session_ops {
	/* Sends a request; its answer, or that there is none, has this ticket, and comes later. */
	void (*call)(void *data, uint64_t ticket, size_t member, const struct etcd_request *request,
		uint64_t limit);
	/* Watches all from a revision on, instead of what was watched; news have the ticket. */
	void (*watch)(void *data, uint64_t ticket, size_t member, int64_t from);
	void (*unwatch)(void *data);
	/* To mmfs. */
	void (*tell)(void *data, const struct tale *tale);
	/* Ends the connection to mmfs, and makes a new one. */
	void (*hang_up)(void *data);
};

struct session *session_new(
	const struct session_config *config, const struct session_ops *ops, void *data);
void session_free(struct session *session);

void session_handle_answer(
	struct session *session, uint64_t ticket, const struct etcd_answer *answer, uint64_t now);
void session_handle_news(
	struct session *session, uint64_t ticket, const struct etcd_news *news, uint64_t now);
/* The watch has ended, for a reason. */
void session_handle_silence(
	struct session *session, uint64_t ticket, const char *why, uint64_t now);
/* mmfs is there, or not any more. */
void session_handle_link(struct session *session, bool is_there, uint64_t now);
/* 0, or -EPROTO: the order is out of place, and the connection to be ended. */
int session_handle_order(struct session *session, const struct order *order, uint64_t now);
/* To be called when it is due, and at the beginning. */
void session_handle_time(struct session *session, uint64_t now);
uint64_t session_get_deadline(const struct session *session);
