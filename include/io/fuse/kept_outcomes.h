/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/kept.h"
#include "io/fuse/fuse.h"

/*
 * What becomes of requests with a commit, in memory that can outlive the process: who serves such a
 * request again finds that it has happened, and what it is to be answered.
 */

/* Those of an earlier process that were committed. */
struct kept_outcomes {
	struct kept *kept;
	uint32_t *records;
	size_t count;
};

/*
 * Notes what a job comes to with the commit of this number, before that begins. Who was told of
 * nothing (fuse_job::number) has none.
 */
void kept_outcomes_note(struct kept *kept, struct fuse_job *job, uint64_t commit);
/* Something of its next line may be written elsewhere than in the database from now on. */
void kept_outcomes_note_begun(struct kept *kept, struct fuse_job *job);
/* There was no such commit: what was before it counts again. */
void kept_outcomes_take_back(struct kept *kept, struct fuse_job *job);
/* The job has its answer with the next commit of the memory, or needs none. */
void kept_outcomes_drop(struct kept *kept, struct fuse_job *job);

/*
 * Takes in what an earlier process has noted. `commit`: the last that happened; `open`: one of
 * which it is not known yet whether it has, or 0. Its number is KEPT_CLUSTER_EARLIER from now on.
 */
void kept_outcomes_init(
	struct kept_outcomes *outcomes, struct kept *kept, uint64_t commit, uint64_t open);
/* Whether it is not known yet what became of the job. */
bool kept_outcomes_is_open(const struct kept_outcomes *outcomes, const struct fuse_job *job);
/* It is known of all of these now. */
void kept_outcomes_settle(struct kept_outcomes *outcomes, bool has_happened);
/* Nobody asks for the rest, but for what is open: all that was under way is served again. */
void kept_outcomes_forget(struct kept_outcomes *outcomes);
void kept_outcomes_fini(struct kept_outcomes *outcomes);
/*
 * Fills in what is known of a job that is served again: as far as fuse_job::done it has happened.
 * False: nothing of it has.
 */
bool kept_outcomes_take(struct kept_outcomes *outcomes, struct fuse_job *job);
