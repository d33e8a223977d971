/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cluster/etcd.h"
#include "daemon/loop.h"

/* Requests to the members of etcd: gRPC, over HTTP/2 with TLS and a certificate of our own. */
struct rpc;

struct rpc_config {
	char *const *members; /* "https://HOST:PORT" */
	size_t count;
	const char *prefix; /* of all keys */
	const char *cacert; /* files in PEM */
	const char *cert;
	const char *key;
};

/* Never called while a request is being made. Answers and news are borrowed. */
struct rpc_handlers {
	void (*answer)(void *data, uint64_t ticket, const struct etcd_answer *answer);
	void (*news)(void *data, uint64_t ticket, const struct etcd_news *news);
	void (*silence)(void *data, uint64_t ticket, const char *why);
};

/* The texts of the configuration are to stay. */
int rpc_new(struct loop *loop, const struct rpc_config *config, const struct rpc_handlers *handlers,
	void *data, struct rpc **ret_rpc);
void rpc_free(struct rpc *rpc);

/* `limit`: µs, for the answer. */
void rpc_call(struct rpc *rpc, uint64_t ticket, size_t member, const struct etcd_request *request,
	uint64_t limit);
/* There is one watch at a time; it has a connection of its own. */
void rpc_watch(struct rpc *rpc, uint64_t ticket, size_t member, int64_t from);
void rpc_unwatch(struct rpc *rpc);
