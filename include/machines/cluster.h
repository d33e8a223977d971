/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/rules/elsewhere_text.h"
#include "core/rules/sharing.h"
#include "core/syntax/cluster_line.h"

/*
 * What mmfs-cluster is told, and what follows from its answers. Times are in µs: of a clock that
 * never goes back, and since 1970 for people.
 */
#define CLUSTER_PATIENCE UINT64_C(15000000)	   /* for an answer to a client */
#define CLUSTER_PATIENCE_DEVICES UINT64_C(2000000) /* others wait for devices */
#define CLUSTER_PATIENCE_BACK UINT64_C(5000000)	   /* for mmfs-cluster, in another process */
#define CLUSTER_PATIENCE_LOST UINT64_C(2000000)	   /* for another mmfs-cluster */

struct cluster_time {
	uint64_t monotonic, real;
};

enum cluster_state {
	CLUSTER_AWAY,	   /* nobody speaks to the engine */
	CLUSTER_JOINING,   /* somebody does, and what the engine has is on its way */
	CLUSTER_UP,	   /* what is known here is what the engine has */
	CLUSTER_UNREACHED, /* the engine does not answer */
	CLUSTER_READ_ONLY, /* it may not be written, or is not believed */
	CLUSTER_FULL,
};

/* A host, and a volume that one sees. */
struct cluster_host {
	char *name, *boot;
	bool is_alive;
};

struct cluster_sight {
	char *id, *host, *device, *state;
	char *mounts; /* separated by newlines */
};

/* None of these may call back. */
struct cluster_world {
	void (*send)(void *data, const char *text, size_t len); /* one line */
	void (*hang_up)(void *data, const char *why);		/* it is lost by that */
	void (*set_timer)(void *data, uint64_t at);
	/*
	 * What was begun with cluster_commit() or cluster_sync() is over: 0 and the revision, or a
	 * negative errno and a sentence.
	 */
	void (*answer)(void *data, int result, uint64_t revision, const char *why);
	/* It is CLUSTER_UP now, or not any more, and why. */
	void (*changed)(void *data, bool is_up, const char *why);
	/*
	 * A change of this host is about to be sent, under that number: another process would have
	 * to find out what became of it. And: it has not happened, and never will.
	 */
	void (*opening)(void *data, const char *host, uint64_t number);
	void (*closed)(void *data);
	/*
	 * What became of the change that an earlier process has left open: 0: it has happened, and
	 * is written down here; -EAGAIN: it never will; -ETIMEDOUT: nobody waits for that any more.
	 */
	void (*settled)(void *data, int result);
	/* There is something to take up, or somebody who waits may go on. */
	void (*wake)(void *data);
	void (*say)(void *data, const char *text);
	void *data;
};

struct cluster;

/*
 * Borrows all; `known` is what is committed here. `real`, in µs since 1970, is since when the
 * engine cannot be reached.
 */
struct cluster *cluster_new(const char *name, const struct names *known,
	const struct cluster_world *world, uint64_t real);
void cluster_free(struct cluster *cluster);
/*
 * Before anybody is connected: an earlier process has sent that change, and whether it has happened
 * is to be found out.
 */
void cluster_inherit(
	struct cluster *cluster, const char *host, uint64_t number, const struct cluster_time *now);
/*
 * In an earlier process it was CLUSTER_UP: who comes now can wait for a moment. So it can when a
 * connection is lost with which it was.
 */
void cluster_expect(struct cluster *cluster, const struct cluster_time *now);

void cluster_handle_connected(struct cluster *cluster, const struct cluster_time *now);
void cluster_handle_lost(struct cluster *cluster, const struct cluster_time *now);
/* Takes over the text of one line. */
void cluster_handle_line(
	struct cluster *cluster, char *text, size_t len, const struct cluster_time *now);
void cluster_handle_time(struct cluster *cluster, const struct cluster_time *now);

/* What was written elsewhere, the oldest first; NULL: nothing. */
const struct elsewhere *cluster_get_news(const struct cluster *cluster);
const struct elsewhere *cluster_get_news_behind(const struct elsewhere *news);
void cluster_drop_news(struct cluster *cluster);

/* Whether a commit was refused because some other host sees the volume, and nothing came since. */
bool cluster_was_seen(const struct cluster *cluster, const char *id);
/*
 * Whether one was refused because the engine has a row of that link, which was read before, and is
 * not used here; and why not, a sentence.
 */
bool cluster_is_taken(const struct cluster *cluster, const char *path, struct strbuf *why);
void cluster_forget_seen(struct cluster *cluster);
/*
 * Whether another host saw it when that was asked for last, and how often there was an answer to
 * that.
 */
bool cluster_is_seen(const struct cluster *cluster, const char *id);
uint64_t cluster_get_listings(const struct cluster *cluster);

bool cluster_is_up(const struct cluster *cluster);
/* control/cluster */
void cluster_render(const struct cluster *cluster, struct strbuf *ret_text);
