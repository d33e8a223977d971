/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Shared by the manager's files; nobody else includes this. */

#include "core/manager.h"

/* One request being decided. */
struct context {
	const struct manager *manager;
	const struct manager_env *env;
	const struct request *request;
	struct change *change;
	struct reply *reply;
	struct strbuf *why;
};

/* Adds the sentence to `why` and returns `error`. */
int context_fail(struct context *context, int error, const char *format, ...) _printf_(3, 4);
/* The node of a volume present or kept, as the change sees it. */
const char *context_get_node(const struct context *context, const char *id);
void context_add_entry(
	struct context *context, const char *operation, const char *path, const char *id);
void context_set_mark(struct context *context, const char *id, bool no_drive_letter);
/* The device that a client means, volume or not, or NULL. */
const struct device *context_find_device(
	const struct context *context, const struct volume_ref *ref);
/* The volume that all of link=, id= and device= name; -ENOENT, or -EINVAL where they differ. */
int context_select_volume(struct context *context, const char **ret_id);

/* The volume that device= names; -ENOENT. */
int context_select_device(struct context *context, const char **ret_id);

/* follow.c */
int decide_unique_id_changed(struct context *context);
/*
 * The only volume known to have been on the partition of `device` that will be absent once the
 * change is applied. -ENOENT: there is none; -EINVAL: there are several.
 */
int follow_find(const struct manager *manager, const struct change *change,
	const struct device *device, const char **ret_id);
/* Moves all that is remembered under one ID to another; one letter at most between them. */
void follow_move(
	struct change *change, const struct manager_env *env, const char *from, const char *to);

/* leaving.c */
int decide_leaving(struct context *context, bool is_leaving);
/* Forgets the volumes among those leaving that are absent once the change is applied. */
void leaving_decide(
	const struct manager *manager, const struct manager_env *env, struct change *change);
void leaving_apply(struct manager *manager, struct change *change);

/* manager_volume.c: operations on one volume, or on all */
int decide_next_drive_letter(struct context *context);
int decide_auto_dl_assignments(struct context *context);
int decide_keep_links(struct context *context);
int decide_volume_arrival(struct context *context);
int decide_volume_removal(struct context *context);
int decide_query_paths(struct context *context, bool is_first_only);
int decide_scrub(struct context *context);
int decide_auto_mount(struct context *context);

/* letters.c */

/* A volume's drive letter after it was asked for one: 0 if it gets none. */
struct letter {
	char value;
	bool is_new;
};

/*
 * The rules of NEXT_DRIVE_LETTER for a volume present once the change is applied, or kept. The
 * letter, or the mark that there is none left, goes into the change; `operation` into the history.
 */
struct letter letters_assign(const struct manager *manager, const struct manager_env *env,
	const char *id, const char *operation, struct change *change);
/* A volume that might get something, once the change is applied. Borrowed. */
struct applicant {
	const struct device *device;
	const char *id;
};

/* By the names of their devices: the order in which they are served. */
void applicants_sort(struct applicant *list, size_t count);
/* Serves those first that suggest a letter that is free. For volumes that have just arrived. */
void letters_assign_all(const struct manager *manager, const struct manager_env *env,
	const struct applicant *list, size_t count, struct change *change);
