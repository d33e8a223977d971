/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"
#include "cluster/etcd.h"

/*
 * Requests and answers as the bytes of gRPC: five in front of each message, and protobuf behind
 * them. `prefix` is that of the cluster, "/mmfs/NAME/".
 */
#define CODEC_MESSAGE_MAX (64u << 20) /* bytes of one message of etcd's */

/* Where a request is sent to, below the address of the server. */
const char *codec_get_path(enum etcd_request_type type);
extern const char codec_watch_path[];

void codec_pack(const struct etcd_request *request, const char *prefix, struct strbuf *ret_bytes);
/* A watch of all below the prefix, from a revision on. */
void codec_pack_watch(const char *prefix, int64_t from, struct strbuf *ret_bytes);

/*
 * Takes one message off the front: 1 if there is a whole one, at *ret_message until the buffer
 * changes, which codec_drop() takes away; 0: not yet; -EBADMSG: this is no gRPC, or it is too long.
 */
int codec_find(const struct strbuf *bytes, const void **ret_message, size_t *ret_len);
void codec_drop(struct strbuf *bytes, size_t len);

/*
 * 0 or -EBADMSG, and nothing to free. Rows with keys outside of the prefix, or that are no text,
 * are left out.
 */
int codec_unpack(enum etcd_request_type type, const char *prefix, const void *message, size_t len,
	struct etcd_answer *ret_answer);
int codec_unpack_news(
	const char *prefix, const void *message, size_t len, struct etcd_news *ret_news);

/* What a status of gRPC, -1: none came, and its sentence mean for a request. */
enum etcd_status codec_get_status(int status, const char *why);
