/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "peer_private.h"

/* What is there, and what changes. */

void reader_handle_open(struct session *session, const struct etcd_answer *answer);
void reader_handle_open_time(struct session *session);
void reader_handle_read(struct session *session, const struct etcd_answer *answer);
void reader_handle_read_time(struct session *session);
/* mmfs is there, and has been greeted; it has said what it has. */
void reader_greet(struct session *session);
void reader_begin(struct session *session, const struct order *order);

/* Its part of a transaction, and what that says, from that operation on. */
void count_add_reads(struct etcd_request *request, int64_t revision);
int64_t count_get(const struct etcd_answer *answer, size_t operation);
#define COUNT_READS 3

/* "h2/17" of the value of head, or "". */
void reader_parse_head(const char *value, char change[128], char host[128]);
/* Everything is to be read anew. */
void reader_load(struct session *session);
/* The cluster itself is to be read anew. */
void reader_close(struct session *session);
