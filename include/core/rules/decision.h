/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"
#include "core/syntax/reply.h"
#include "core/syntax/request.h"

/* One request being decided. */
struct decision {
	const struct manager *manager;
	const struct manager_env *env;
	const struct request *request;
	struct change *change;
	struct reply *reply;
	struct strbuf *why;
	char taken[UNIQUE_ID_MAX + 1]; /* decision_take_id() */
};

/* Adds the sentence to `why` and returns `error`. */
int decision_fail(struct decision *decision, int error, const char *format, ...) _printf_(3, 4);
/* The same for a link that is not there, or does not show. */
int decision_fail_link(struct decision *decision, int error, const char *path);
/* Whether the names of an ID show, and their node or NULL, as the change sees it. */
const char *decision_get_node(const struct decision *decision, const char *id);
bool decision_shows(const struct decision *decision, const char *id);
void decision_add_entry(
	struct decision *decision, const char *operation, const char *path, const char *id);
void decision_set_mark(struct decision *decision, const char *id, bool no_drive_letter);
/*
 * The unique ID of a volume present or kept, as it is spelled here: hexadecimal digits may be in
 * either case if that means exactly one. NULL: there is none, or there are several.
 */
const char *decision_find_id(const struct decision *decision, const char *text);
/* The same of all that is remembered, whether it shows or not. */
const char *decision_find_remembered(const struct decision *decision, const char *text);
/*
 * The identity that a client means who may mean one that was never here: one that is known, else as
 * a device would have it. It is valid until the next call.
 */
const char *decision_take_id(struct decision *decision, const char *text);
/*
 * The device that is here with an ID of which nothing is known, as all hosts are to know of it and
 * cannot be told now; or NULL. Until then it is not to be had by saying that it is absent.
 */
const struct device *decision_find_held_back(const struct decision *decision, const char *id);
/* Says so: 0, or -EROFS, or -ENOENT if they can be told by now. */
int decision_check_held_back(struct decision *decision, const char *id);
/* The link, if it shows. */
const struct link *decision_find_link(const struct decision *decision, const char *path);
/* The device that a client means, volume or not, or NULL. */
const struct device *decision_find_device(
	const struct decision *decision, const struct volume_ref *ref);
/* The device that is present as what device= names, volume or not, its own or not. */
int decision_select_present(struct decision *decision, const struct device **ret_device);
/* `error` if the ID is an identity of a device, and not the unique ID of a volume that is here. */
int decision_check_volume(struct decision *decision, const char *id, int error);
/* The device that device= means, be it by one of its identities, or NULL. */
const struct device *decision_find_named(const struct decision *decision);
/*
 * The volume that all of link=, id= and device= name, if only by another identity of its device;
 * -ENOENT, or -EINVAL where they differ.
 */
int decision_select_volume(struct decision *decision, const char **ret_id);
/* The same; id= alone may also name one that is only remembered. */
int decision_select_known(struct decision *decision, const char **ret_id);
/*
 * The same, or any identity of a device; id= or link= alone may also name one that was never here
 * yet, or with absent=ok any that is remembered.
 */
int decision_select_awaited(struct decision *decision, const char **ret_id);
/*
 * The volume, or the identity, that id= and device= name, NULL if neither is given; `unknown`: the
 * error if there is none.
 */
int decision_select_by_triple(struct decision *decision, int unknown, const char **ret_id);
/* The volume that device= names; -ENOENT. */
int decision_select_device(struct decision *decision, const char **ret_id);
