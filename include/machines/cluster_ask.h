/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "machines/cluster.h"

/*
 * Begins one thing, its answer is world::answer. What cannot be begun is refused at once: -EROFS,
 * -ENOSPC, -EMSGSIZE and a sentence. What was not answered in time is -ETIMEDOUT, and may yet have
 * happened: then it comes as news.
 */
int cluster_commit(struct cluster *cluster, const struct sharing *sharing, uint64_t patience,
	const struct cluster_time *now, struct strbuf *why);
/* Begins to ask whether anything newer is there: it comes before the answer, 0. */
int cluster_sync(struct cluster *cluster, const struct cluster_time *now, struct strbuf *why);
/* Whether it will soon be known if names can be changed: see cluster_expect(). */
bool cluster_is_expected(const struct cluster *cluster);
/* Begins to wait for that: the answer is 0, whatever it comes to. */
void cluster_await(struct cluster *cluster, const struct cluster_time *now);
/* The number of the own change that was answered with 0 last. */
uint64_t cluster_get_number(const struct cluster *cluster);

/*
 * From now on it is not settled until all that was written before shows, others are known, and so
 * is what became of a change of this host that nobody has answered.
 */
void cluster_settle(struct cluster *cluster, const struct cluster_time *now);
bool cluster_is_settled(const struct cluster *cluster);

/* Asks who sees what. */
void cluster_look(struct cluster *cluster);

/* Says what this host sees: the items of a list of JSON. Takes it over. */
void cluster_see(struct cluster *cluster, char *list);
/* -EROFS: nobody is there to be told. What comes of it is seen in the list of hosts. */
int cluster_forget_host(struct cluster *cluster, const char *host, struct strbuf *why);

/*
 * An administrator's word: where the engine is another one, or an older copy, what it has counts
 * from now on. All of it is asked for on a new connection, and comes as news. -EROFS and a
 * sentence: nobody knows yet what there is to decide.
 */
int cluster_take_over(struct cluster *cluster, const struct cluster_time *now, struct strbuf *why);

/* What this machine is called there; NULL: nobody has said so yet. */
const char *cluster_get_host(const struct cluster *cluster);
/* How many lines of clients one commit surely takes, or how many new volumes. */
size_t cluster_get_lines(const struct cluster *cluster);
/* Why names cannot be changed, a sentence. */
void cluster_explain(const struct cluster *cluster, struct strbuf *ret_text);
