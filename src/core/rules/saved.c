/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a saved database knows of volumes beside their links, brought back.
 *
 * Of a volume that is here what is seen counts for more than what was saved: only its marks are
 * taken. Of one that is absent all is, so that its device is told from a clone when it comes, as
 * it was where the database was saved.
 */

#include <errno.h>
#include <string.h>

#include "core/model/mount_points.h"
#include "core/rules/saved.h"
#include "core/syntax/replica.h"

/* The letter may be given or gone in the same change. */
static int check_mark(struct decision *decision, const struct record *record)
{
	const struct request *request = decision->request;

	if (!(request->given & KEY_BIT(KEY_STATE)) || !request->is_on || !record || !record->letter)
		return 0;
	return decision_fail(
		decision, -EINVAL, "%s has the drive letter %c:", record->id, record->letter);
}

static void set_marks(struct decision *decision, const char *id)
{
	const struct request *request = decision->request;
	struct names *names = &decision->change->names;
	const struct record *record = names_find_record(names, id);
	bool no_letter =
		request->given & KEY_BIT(KEY_STATE) ? request->is_on : record->no_drive_letter;
	bool is_kept = request->given & KEY_BIT(KEY_KEEP) ? request->is_kept : record->keep_links;
	struct record *edited;

	if (no_letter == record->no_drive_letter && is_kept == record->keep_links)
		return;
	edited = names_edit_record(names, id);
	edited->no_drive_letter = no_letter;
	edited->keep_links = is_kept;
}

static void take_text(char **to, const char *from)
{
	free(*to);
	*to = from ? xstrdup(from) : NULL;
}

static bool is_known_like_that(
	const struct record *record, const struct request_known *known, enum attachment attachment)
{
	const struct fingerprint *fingerprint = &record->fingerprint;
	bool is_same = record->last_seen == known->seen && fingerprint->size == known->size &&
		fingerprint->start == known->start && fingerprint->attachment == attachment &&
		is_same_text(fingerprint->node, known->node);

	for (size_t i = 0; i < ID_SCHEMES; i++)
		is_same &= is_same_text(fingerprint->value[i], known->identity[i]);
	return is_same;
}

static void set_known(struct decision *decision, const char *id, enum attachment attachment)
{
	const struct request_known *known = &decision->request->known;
	struct names *names = &decision->change->names;
	struct record *record;

	if (is_known_like_that(names_find_record(names, id), known, attachment))
		return;
	record = names_edit_record(names, id);
	record->last_seen = known->seen;
	record->fingerprint.size = known->size;
	record->fingerprint.start = known->start;
	record->fingerprint.attachment = attachment;
	take_text(&record->fingerprint.node, known->node);
	for (size_t i = 0; i < ID_SCHEMES; i++)
		take_text(&record->fingerprint.value[i], known->identity[i]);
}

/* Each key that says where and when a volume was last. */
#define KNOWN_KEYS (~(KEY_BIT(KEY_ID) | KEY_BIT(KEY_STATE) | KEY_BIT(KEY_KEEP)))

int saved_decide_volume(struct decision *decision)
{
	const struct request *request = decision->request;
	struct names *names = &decision->change->names;
	const char *id = decision_take_id(decision, request->id);
	enum attachment attachment = ATTACHMENT_UNKNOWN;
	int r = check_mark(decision, names_find_record(names, id));

	if (r == 0)
		r = decision_check_held_back(decision, id);
	if (r < 0)
		return r;
	if (request->known.attachment && !attachment_parse(request->known.attachment, &attachment))
		return decision_fail(decision, -EINVAL, "no device is attached in the way '%s'",
			request->known.attachment);
	if (!names_find_record(names, id))
		names_edit_record(names, id);
	decision_add_entry(decision, request->operation->name, NULL, id);
	if (request->given & KNOWN_KEYS && !volumes_find_id(&decision->manager->volumes, id) &&
		!manager_env_has_seen(decision->env, names, id))
		set_known(decision, id, attachment);
	set_marks(decision, id);
	return 0;
}

/* The path of a mount point on its host has no slash before it. */
static const char *get_path(const struct decision *decision)
{
	return decision->request->source + 1;
}

static int remove_point(struct decision *decision, const char *host)
{
	const struct mount_point *point =
		mount_points_find(&decision->change->names, host, get_path(decision));
	_cleanup_free_ char *volume = NULL;

	if (!point)
		return decision_fail(decision, -ENOENT, "%s of %s is no registered mount point",
			decision->request->source, host);
	volume = xstrdup(point->volume);
	mount_points_remove(&decision->change->names, host, get_path(decision), NULL);
	decision_add_entry(decision, "volume_mount_point_deleted", volume, NULL);
	return 0;
}

int saved_decide_mount_point(struct decision *decision)
{
	const struct request *request = decision->request;
	const char *host = decision_take_id(decision, request->id);
	struct names *names = &decision->change->names;
	const struct link *link = names_find_link(names, request->link.path);
	struct mount_point point = {
		.host = (char *)host,
		.path = (char *)get_path(decision),
		.options = request->options,
		.changed = decision->env->now,
		.is_found = request->given & KEY_BIT(KEY_FOUND),
	};

	if (request->source_link || !names_find_record(names, host))
		return decision_fail(decision, -ENOENT, "nothing is known of %s", host);
	if (request->options && decision->env->uid != 0)
		return decision_fail(decision, -EPERM, "only root may give options=");
	if (replica_check_path(point.path))
		return decision_fail(decision, -EINVAL, "%s is no directory of a volume",
			decision->request->source);
	if (!(request->given & KEY_BIT(KEY_LINK)))
		return remove_point(decision, host);
	if (!link || request->link.kind != LINK_VOLUME)
		return decision_fail(decision, -ENOENT, "%s is no volume name", request->link.path);
	point.volume = (char *)link->path;
	mount_points_set(names, &point);
	decision_add_entry(decision, request->operation->name, link->path, link->record->id);
	return 0;
}
