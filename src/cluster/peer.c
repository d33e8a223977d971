/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asking etcd, and telling mmfs.
 *
 * One member is asked; who does not answer is left for the next. Revisions of answers never fall,
 * since all reads are linearizable: if one does fall, what etcd has is an older copy. Whether that
 * is to count is known when mmfs has said what it has: an administrator may have decided for it.
 */

#include <assert.h>
#include <string.h>

#include "peer_private.h"

#define SILENCE_LIMIT (5 * SECOND) /* an election takes 2 to 4 */
#define BEAT_LIMIT (3 * SECOND / 2)
#define REASON_TIME (10 * SECOND) /* before another one is told */

void peer_call(struct session *session, enum purpose purpose, const struct etcd_request *request)
{
	struct slot *slot = &session->slots[purpose];
	size_t member = session->member;

	assert(slot->ticket == 0);
	if (purpose == CALL_BEAT)
		member = session->beats++ % session->config.members;
	*slot = (struct slot){ ++session->tickets, member, session->highest };
	session->ops->call(session->data, slot->ticket, member, request,
		purpose == CALL_BEAT ? BEAT_LIMIT : CALL_LIMIT);
}

bool peer_is_busy(const struct session *session, enum purpose purpose)
{
	return session->slots[purpose].ticket != 0;
}

void peer_drop(struct session *session, enum purpose purpose)
{
	session->slots[purpose].ticket = 0;
}

static void hear(struct session *session, const struct slot *slot, const struct etcd_answer *answer)
{
	if (answer->status == ETCD_UNCLEAR) {
		if (session->member == slot->member)
			session->member = (slot->member + 1) % session->config.members;
		free(session->silence);
		session->silence = xstrdup(answer->why ? answer->why : "no answer");
		return;
	}
	session->heard = session->now;
	if (answer->status != ETCD_OK || answer->revision == 0)
		return;
	if (session->is_wanted && answer->revision < slot->floor)
		session->is_older = true;
	if (answer->revision > session->highest)
		session->highest = answer->revision;
}

enum purpose peer_take(struct session *session, uint64_t ticket, const struct etcd_answer *answer)
{
	for (size_t i = 0; i < PURPOSES; i++) {
		struct slot *slot = &session->slots[i];

		if (slot->ticket != ticket || ticket == 0)
			continue;
		slot->ticket = 0;
		hear(session, slot, answer);
		return (enum purpose)i;
	}
	return PURPOSES;
}

void peer_unwatch(struct session *session)
{
	if (session->watch)
		session->ops->unwatch(session->data);
	session->watch = 0;
	session->is_watching = false;
	session->clocks[CLOCK_WATCH] = session->clocks[CLOCK_LAG] = 0;
}

void peer_set_clock(struct session *session, enum clock_name name, uint64_t at)
{
	uint64_t *clock = &session->clocks[name];

	if (*clock == 0 || at < *clock)
		*clock = at;
}

void peer_tell(struct session *session, const struct tale *tale)
{
	if (session->is_linked)
		session->ops->tell(session->data, tale);
}

void peer_answer(struct session *session, int64_t id, enum outcome outcome, const char *why)
{
	struct tale tale = {
		.type = TALE_ANSWER,
		.id = id,
		.outcome = outcome,
		.revision = session->position,
		.why = why,
	};

	peer_tell(session, &tale);
}

/* --- how it stands --------------------------------------------------------------------------- */

static bool is_silent(const struct session *session)
{
	return session->heard == 0 || session->now >= session->heard + SILENCE_LIMIT;
}

enum standing standing_get(const struct session *session, const char **ret_why)
{
	enum standing standing = STANDING_READ_ONLY;
	const char *why = "";

	if (is_silent(session)) {
		standing = STANDING_DOWN;
		why = session->silence ? session->silence : "etcd has not answered yet";
	} else if (session->is_newer) {
		why = "the cluster has a newer format than this program knows";
	} else if (session->is_other) {
		why = "this is another cluster than the one whose names are here";
	} else if (session->is_older) {
		why = "what etcd has is an older copy, or another history, than what was seen here";
	} else if (session->is_doubled) {
		why = "another living host has the name of this one";
	} else if (session->stage != STAGE_FOLLOW || !session->is_current) {
		standing = STANDING_DOWN;
		why = "not all has been read yet";
	} else if (session->is_denied) {
		why = "the roles of this host in etcd let it read only";
	} else if (session->is_full) {
		standing = STANDING_FULL;
		why = "etcd has no space left";
	} else if (!session->is_registered) {
		standing = STANDING_DOWN;
		why = "this host is not registered yet";
	} else {
		standing = STANDING_UP;
	}
	*ret_why = why;
	return standing;
}

/* While nobody answers, each member has a reason of its own. */
static bool may_wait(const struct session *session)
{
	return is_silent(session) && session->now < session->told + REASON_TIME;
}

/*
 * mmfs has been greeted, and waits for how it stands, perhaps with requests: an answer that is
 * about to change would have them refused. Nor does who has just begun know that etcd is silent.
 */
static bool may_change_soon(const struct session *session, enum standing standing)
{
	bool has_just_begun = session->heard == 0 && session->now < session->began + SILENCE_LIMIT;

	return !session->is_told && (has_just_begun || !is_silent(session)) &&
		standing == STANDING_DOWN && session->now < session->told + SILENCE_LIMIT;
}

void standing_update(struct session *session)
{
	const char *why;
	enum standing standing = standing_get(session, &why);
	struct tale tale = {
		.type = TALE_STATE,
		.standing = standing,
		.revision = session->position,
		.why = why,
		.age = session->now - (session->heard ? session->heard : session->began),
	};

	if (is_silent(session))
		session->is_current = false;
	else
		peer_set_clock(session, CLOCK_STANDING, session->heard + SILENCE_LIMIT);
	if (!session->is_linked ||
		(session->is_told && session->standing == standing &&
			(is_same_text(session->reason, why) || may_wait(session))))
		return;
	if (may_change_soon(session, standing)) {
		peer_set_clock(session, CLOCK_STANDING, session->told + SILENCE_LIMIT);
		return;
	}
	free(session->reason);
	session->reason = xstrdup(why);
	session->standing = standing;
	session->is_told = true;
	session->told = session->now;
	peer_tell(session, &tale);
}

void standing_forget(struct session *session)
{
	session->is_told = false;
	session->told = session->now;
}
