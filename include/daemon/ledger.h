/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/manager.h"
#include "core/rules/elsewhere.h"
#include "core/views/event_stream.h"
#include "daemon/loop.h"
#include "io/store/store.h"

/*
 * Where changes are written: this machine's database, and in front of it, for names that all hosts
 * have, the engine of the cluster. Without cluster= it is the database and nothing else.
 */
struct ledger;

struct ledger_joints {
	struct manager *manager;
	struct loop *loop;
	void (*on_result)(void *queue, uint32_t events); /* ledger_take_result() has something */
	void (*wake)(void *queue);			 /* there is something to take up */
	void *queue;
	/* Names of all hosts can be changed from now on, or not any more. */
	void (*changed)(void *data, bool is_up, const char *why);
	/*
	 * A change is about to be sent to the engine, under the number of its commit and one of
	 * that host: another process would have to find out what became of it. And: it will never
	 * happen.
	 */
	void (*opening)(void *data, const char *host, uint64_t number, uint64_t commit);
	void (*closed)(void *data);
	/* cluster_world::settled(), of ledger_inherit() */
	void (*settled)(void *data, int result);
	void *data;
};

/* `cluster` NULL: none. A negative errno and a sentence in `why`. */
int ledger_new(const struct ledger_joints *joints, const char *cluster, const char *socket,
	struct ledger **ret_ledger, struct strbuf *why);
/* Borrows it; it is to be closed in between: ledger_stop(), store_close(), ledger_free(). */
void ledger_set_store(struct ledger *ledger, struct store *store);
/* As cluster_inherit() and cluster_expect(). False: there is no cluster. */
bool ledger_inherit(struct ledger *ledger, const char *host, uint64_t number);
void ledger_expect(struct ledger *ledger);
void ledger_stop(struct ledger *ledger);
void ledger_free(struct ledger *ledger);

/* The database has a result. True: ledger_take_result() has one, too. */
bool ledger_has_result(struct ledger *ledger);
/*
 * Writes a change, which nobody may touch before the result is taken. At most one at a time.
 */
void ledger_commit(struct ledger *ledger, struct change *change);
/*
 * False: there is none yet. 0: it is on stable storage, and all hosts have what they are to have.
 * Negative with a sentence: nothing is written; but for -ETIMEDOUT, where that is not known.
 * -EAGAIN: somebody else has changed what it is about, or (change_needs_newest()) anything, and
 * it is to be decided again: what the others have written is there to be taken up.
 */
bool ledger_take_result(struct ledger *ledger, int *ret_result, struct strbuf *why);

/*
 * Whether others write the same names, or that will be known soon: then a commit can lose a race
 * against them, and what is in memory need not be the newest.
 */
bool ledger_has_others(const struct ledger *ledger);
/* What a refusal rests on, if others could not be asked: goes on with a sentence. */
void ledger_explain_refusal(const struct ledger *ledger, struct strbuf *why);
/* How many lines of requests one commit surely takes. */
size_t ledger_get_lines(const struct ledger *ledger);
/*
 * The oldest change of another host that is not taken up yet, or the one behind `before`; NULL:
 * there is none. It belongs to the ledger, up to ledger_drop_elsewhere(), which is called when it
 * is written here, and drops the oldest.
 */
const struct elsewhere *ledger_next_elsewhere(
	const struct ledger *ledger, const struct elsewhere *before);
void ledger_drop_elsewhere(struct ledger *ledger);

/* From now on it is not settled until what other hosts have written so far shows here. */
void ledger_settle(struct ledger *ledger);
bool ledger_is_settled(const struct ledger *ledger);

/* Asks which volumes other hosts see, and how often there was an answer to that. */
void ledger_look(struct ledger *ledger);
uint64_t ledger_get_looks(const struct ledger *ledger);

/* Fills in what the rules may know of other hosts, for a client, or (false) for devices. */
void ledger_fill_env(const struct ledger *ledger, bool is_of_client, struct manager_env *env);
/* What this host sees is to be told anew: something about volumes or mounts has changed. */
void ledger_note_volumes(struct ledger *ledger);
int ledger_forget_host(struct ledger *ledger, const char *host, struct strbuf *why);
/* What the engine has counts, though it is another one or an older copy: cluster_take_over(). */
int ledger_take_over(struct ledger *ledger, struct strbuf *why);
/* control/cluster */
void ledger_render(const struct ledger *ledger, struct strbuf *ret_text);
