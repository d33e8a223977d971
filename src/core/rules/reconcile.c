/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mount points that travel with the disk: what the database of this machine and the file on a
 * hosting volume learn from each other.
 *
 * The file is the word of the disk about its own directories: where it was seen the same before,
 * and differs now, another machine has changed it. It is no word about the volumes of this machine:
 * a volume name that is known here goes to another volume only if its owner is absent, and the
 * volume that the file tells of is present. The table below has all cases; nothing but Volume{GUID}
 * names is ever taken from a file, and no mount options.
 */

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "core/model/hosting.h"
#include "core/model/mount_points.h"
#include "core/model/volume_name.h"
#include "core/rules/decision.h"
#include "core/rules/reconcile.h"
#include "core/syntax/link_name.h"
#include "core/syntax/unique_id.h"

/* Who has the volume name of an entry, as this machine knows it. */
enum owner {
	OWNER_UNKNOWN, /* nobody */
	OWNER_SAME,    /* the unique ID that the entry tells */
	OWNER_ABSENT,  /* another, which is absent */
	OWNER_PRESENT, /* another, which is present, or kept */
	OWNERS,
};

enum verdict {
	VERDICT_KEEP,	 /* both say the same */
	VERDICT_IMPORT,	 /* the name becomes one of the entry's unique ID */
	VERDICT_CORRECT, /* the entry gets the unique ID that is known here */
	VERDICT_REFUSE,	 /* it stays an entry of the file */
};

static const enum verdict verdicts[OWNERS][2] = {
	/* The entry's unique ID is     absent           present */
	[OWNER_UNKNOWN] = { VERDICT_IMPORT, VERDICT_IMPORT },
	[OWNER_SAME] = { VERDICT_KEEP, VERDICT_KEEP },
	[OWNER_ABSENT] = { VERDICT_CORRECT, VERDICT_IMPORT },
	[OWNER_PRESENT] = { VERDICT_CORRECT, VERDICT_REFUSE },
};

static const char reason_found[] = "found on the hosting volume";
static const char reason_gone[] = "its directory is gone";
static const char reason_elsewhere[] = "another machine has deleted it";
static const char reason_other[] = "its volume name belongs to another volume that is present";
static const char reason_no_volume[] = "its unique ID is not that of a volume";
static const char reason_held_back[] =
	"its volume is one of the cluster, which cannot be changed now";
static const char reason_itself[] = "it would be a mount point of its own volume";

/* One host being reconciled. */
struct work {
	struct decision decision;
	const struct reconcile *in;
	struct reconciled *out;
};

static const struct names *get_view(const struct work *work)
{
	return &work->decision.change->names;
}

/* The look has found that there is no such directory. What it could not tell may be one. */
static bool is_gone(int error)
{
	return error == -ENOENT || error == -ENOTDIR || error == -ELOOP;
}

static bool is_present(const struct work *work, const char *id)
{
	return volumes_find_id(&work->decision.manager->volumes, id) != NULL;
}

static enum owner find_owner(const struct work *work, const struct replica_entry *entry)
{
	const struct link *link = names_find_link(get_view(work), entry->volume);

	if (!link)
		return OWNER_UNKNOWN;
	if (strcmp(link->record->id, entry->id) == 0)
		return link->is_unrecorded ? OWNER_UNKNOWN : OWNER_SAME;
	return is_present(work, link->record->id) || link->record->keep_links ? OWNER_PRESENT
									      : OWNER_ABSENT;
}

static void note(struct work *work, enum event_kind kind, const struct replica_entry *entry,
	const char *reason)
{
	struct mount_point point = { .host = (char *)work->in->host, .path = entry->path };
	_cleanup_free_ char *path = hosting_describe(work->decision.manager, &point);

	events_add(&work->decision.change->events,
		&(struct event){
			.kind = kind,
			.link = entry->volume,
			.id = entry->id,
			.path = path,
			.reason = (char *)reason,
		});
}

static void refuse(struct work *work, const struct replica_entry *entry, const char *reason)
{
	work->out->is_incomplete = true;
	note(work, EVENT_MOUNT_POINT_REFUSED, entry, reason);
}

static void import(struct work *work, const struct replica_entry *entry)
{
	struct decision *decision = &work->decision;

	names_set_link(&decision->change->names, entry->volume, entry->id, decision->env->now);
	decision_add_entry(decision, "reconcile", entry->volume, entry->id);
}

/* Registers what the file says of a directory, keeping the options that were given for it here. */
static void take_entry(struct work *work, const struct replica_entry *entry)
{
	const struct mount_point *known =
		mount_points_find(get_view(work), work->in->host, entry->path);
	bool is_same = known && strcasecmp(known->volume, entry->volume) == 0;

	if (is_same && known->is_replicated)
		return;
	mount_points_set(&work->decision.change->names,
		&(struct mount_point){
			.host = (char *)work->in->host,
			.path = entry->path,
			.volume = is_same ? known->volume : entry->volume,
			.options = is_same ? known->options : NULL,
			.changed = is_same ? known->changed : work->decision.env->now,
			.is_replicated = true,
			.is_found = is_same ? known->is_found : true,
			.reason = reason_found,
		});
}

static void correct(struct work *work, const struct replica_entry *entry)
{
	const struct link *link = names_find_link(get_view(work), entry->volume);

	replica_set(&work->out->file, entry->path, link->path, link->record->id);
}

/* Only volumes have volume names: no place has, nor has a disk that is named by what it is. */
static bool is_volume_id(const struct work *work, const char *id)
{
	const struct device *holder = volumes_find_holder(&work->decision.manager->volumes, id);

	return !unique_id_is_place(id) && (!holder || is_same_text(holder->id, id));
}

static void judge(struct work *work, const struct replica_entry *entry)
{
	const char *host = work->in->host;
	enum owner owner = find_owner(work, entry);
	const struct link *link;

	switch (verdicts[owner][is_present(work, entry->id)]) {
	case VERDICT_REFUSE:
		refuse(work, entry, reason_other);
		return;
	case VERDICT_IMPORT:
		if (strcmp(entry->id, host) == 0) {
			refuse(work, entry, reason_itself);
			return;
		}
		if (!is_volume_id(work, entry->id)) {
			refuse(work, entry, reason_no_volume);
			return;
		}
		if (decision_find_held_back(&work->decision, entry->id)) {
			refuse(work, entry, reason_held_back);
			return;
		}
		import(work, entry);
		break;
	case VERDICT_CORRECT:
		correct(work, entry);
		break;
	case VERDICT_KEEP:
		break;
	}
	link = names_find_link(get_view(work), entry->volume);
	if (link->is_unrecorded)
		refuse(work, entry, reason_other);
	else if (strcmp(link->record->id, host) == 0)
		refuse(work, entry, reason_itself);
	else
		take_entry(work, entry);
	work->out->is_incomplete |= !is_present(work, link->record->id);
}

/* The file gets what this machine knows of a directory. */
static void give_point(struct work *work, const struct mount_point *point)
{
	const struct link *link = names_find_link(get_view(work), point->volume);
	struct mount_point given = *point;

	work->out->is_incomplete |= !is_present(work, link->record->id);
	if (!work->in->is_written)
		return;
	if (!replica_find(&work->out->file, point->path) &&
		work->out->file.count >= REPLICA_ENTRIES_MAX)
		return;
	replica_set(&work->out->file, point->path, link->path, link->record->id);
	given.is_replicated = true;
	if (!point->is_replicated)
		mount_points_set(&work->decision.change->names, &given);
}

static void look_at_entry(struct work *work, const struct replica_entry *entry)
{
	const struct mount_point *known =
		mount_points_find(get_view(work), work->in->host, entry->path);

	if (is_gone(entry->error)) {
		mount_points_remove(
			&work->decision.change->names, work->in->host, entry->path, reason_gone);
		if (!known)
			note(work, EVENT_MOUNT_POINT_DELETED, entry, reason_gone);
		replica_remove(&work->out->file, entry->path);
	} else if (known && !known->is_replicated) {
		give_point(work, known); /* changed here since the file was last seen */
	} else {
		judge(work, entry);
	}
}

static void look_at_point(struct work *work, const struct mount_point *point)
{
	const struct replica_entry *place = replica_find(work->in->places, point->path);
	const char *reason = NULL;

	if (place && is_gone(place->error))
		reason = reason_gone;
	else if (point->is_replicated && work->in->file)
		reason = reason_elsewhere;
	if (reason)
		mount_points_remove(
			&work->decision.change->names, point->host, point->path, reason);
	else
		give_point(work, point);
}

/* All but the request. */
static void look_at_all(struct work *work)
{
	const struct replica *file = work->in->file;
	_cleanup_free_ const struct mount_point **points = NULL;
	size_t count = mount_points_get(&work->decision.manager->names, &points);

	for (size_t i = 0; file && i < file->count; i++)
		replica_set(&work->out->file, file->list[i].path, file->list[i].volume,
			file->list[i].id);
	for (size_t i = 0; file && i < file->count; i++)
		look_at_entry(work, &file->list[i]);
	for (size_t i = 0; i < count; i++) {
		/* Imports can take a volume name, but never a mount point, out of the view. */
		if (strcmp(points[i]->host, work->in->host) == 0 &&
			!(file && replica_find(file, points[i]->path)))
			look_at_point(work, points[i]);
	}
}

/* The volume name by which a client means a volume, or that it has had for longest. */
static int select_volume_name(struct work *work, const struct link **ret_link)
{
	const struct volume_ref *ref = &work->in->request->device;
	const struct link *link = NULL;
	const char *id;
	int r = decision_select_device(&work->decision, &id);

	if (r < 0)
		return r;
	if (ref->kind == VOLUME_BY_LINK && link_name_is_volume(ref->text))
		link = names_find_link(get_view(work), ref->text);
	if (!link)
		link = volume_name_find(get_view(work), id);
	if (!link)
		return decision_fail(&work->decision, -ENOENT, "%s has no volume name", id);
	if (strcmp(id, work->in->host) == 0)
		return decision_fail(&work->decision, -EINVAL,
			"%s cannot be a mount point of the volume that it is on",
			work->in->request->source);
	*ret_link = link;
	return 0;
}

static int check_directory(struct work *work)
{
	const struct replica_entry *place = replica_find(work->in->places, work->in->path);
	const char *source = work->in->request->source;
	int error = place ? place->error : -ENOENT;

	switch (-error) {
	case 0:
		return 0;
	case ELOOP:
		return decision_fail(&work->decision, error, "a part of %s is a symlink", source);
	case ENOTDIR:
		return decision_fail(&work->decision, error, "%s is no directory", source);
	case EXDEV:
		return decision_fail(&work->decision, -EBUSY,
			"something else is mounted over a part of %s", source);
	default:
		return decision_fail(
			&work->decision, error, "cannot look at %s: %s", source, strerror(-error));
	}
}

/* Of the names of one volume, the one that a mount point which was only found has already. */
static const struct link *prefer_found_name(
	const struct work *work, const struct mount_point *known, const struct link *link)
{
	const struct link *found =
		known && known->is_found ? names_find_link(get_view(work), known->volume) : NULL;

	return found && strcmp(found->record->id, link->record->id) == 0 ? found : link;
}

/* What is remembered of a directory refers to a volume name that is remembered, too. */
static const struct link *record_again(const struct work *work, const struct link *link)
{
	_cleanup_free_ char *path = xstrdup(link->path), *id = xstrdup(link->record->id);
	struct names *view = &work->decision.change->names;

	if (link->is_unrecorded)
		names_set_link(view, path, id, work->decision.env->now);
	return names_find_link(view, path);
}

static int decide_created(struct work *work)
{
	const struct request *request = work->in->request;
	struct decision *decision = &work->decision;
	const struct link *link = NULL;
	const struct mount_point *known;
	struct mount_point point;
	int r = select_volume_name(work, &link);

	if (r == 0)
		r = check_directory(work);
	if (r < 0)
		return r;
	if (request->options && decision->env->uid != 0)
		return decision_fail(decision, -EPERM, "only root may give options=");
	known = mount_points_find(get_view(work), work->in->host, work->in->path);
	link = prefer_found_name(work, known, link);
	if (known && strcasecmp(known->volume, link->path) != 0)
		return decision_fail(decision, -EEXIST, "%s is a mount point of %s",
			request->source, known->volume);
	/* One that was only found is accepted by asking for it. */
	if (known && !known->is_found &&
		(!request->options || is_same_text(known->options, request->options)) &&
		(known->is_replicated || !work->in->is_written))
		return 0;
	link = record_again(work, link);
	point = (struct mount_point){
		.host = (char *)work->in->host,
		.path = (char *)work->in->path,
		.volume = (char *)link->path,
		.options = request->options ? request->options
			: known		    ? known->options
					    : NULL,
		.changed = decision->env->now,
		.is_replicated = work->in->is_written,
	};
	mount_points_set(&decision->change->names, &point);
	if (work->in->is_written)
		replica_set(&work->out->file, work->in->path, link->path, link->record->id);
	decision_add_entry(decision, request->operation->name, link->path, link->record->id);
	return 0;
}

/*
 * The volume that a mount point is to be rid of. A volume name says which, whether the volume is
 * here or not; the mount point's own one, `volume`, needs no owner even, and stores NULL.
 */
static int select_target(struct work *work, const char *volume, const char **ret_id)
{
	const struct volume_ref *ref = &work->in->request->device;
	const struct link *link;

	*ret_id = NULL;
	if (ref->kind != VOLUME_BY_LINK || !link_name_is_volume(ref->text))
		return decision_select_device(&work->decision, ret_id);
	if (strcasecmp(ref->text, volume) == 0)
		return 0;
	link = names_find_link(get_view(work), ref->text);
	if (!link)
		return decision_select_device(&work->decision, ret_id);
	*ret_id = link->record->id;
	return 0;
}

/* What there was before this change, here or in the file, which may have noticed it first. */
static int decide_deleted(struct work *work)
{
	const struct reconcile *in = work->in;
	struct decision *decision = &work->decision;
	const struct mount_point *known =
		mount_points_find(&decision->manager->names, in->host, in->path);
	const struct replica_entry *entry = in->file ? replica_find(in->file, in->path) : NULL;
	_cleanup_free_ char *volume = NULL;
	const struct link *link;
	const char *id = NULL;
	int r = 0;

	if (in->request->given & KEY_BIT(KEY_TARGET))
		r = select_target(work, known ? known->volume : entry ? entry->volume : "", &id);
	if (r < 0)
		return r;
	if (!known && !entry)
		return decision_fail(
			decision, -EINVAL, "%s is no registered mount point", in->request->source);
	volume = xstrdup(known ? known->volume : entry->volume);
	link = names_find_link(get_view(work), volume);
	if (id && (!link || strcmp(link->record->id, id) != 0))
		return decision_fail(decision, -EINVAL, "%s is a mount point of %s",
			in->request->source, volume);
	mount_points_remove(&decision->change->names, in->host, in->path, NULL);
	replica_remove(&work->out->file, in->path);
	decision_add_entry(
		decision, in->request->operation->name, volume, link ? link->record->id : NULL);
	return 0;
}

int reconcile_decide(const struct manager *manager, const struct manager_env *env,
	const struct reconcile *reconcile, struct change *change, struct reconciled *ret_reconciled)
{
	struct reconciled reconciled = { 0 };
	struct work work = {
		.decision = { manager, env, reconcile->request, change, NULL, reconcile->why },
		.in = reconcile,
		.out = &reconciled,
	};
	int r = 0;

	look_at_all(&work);
	if (reconcile->request)
		r = reconcile->request->operation->kind == OP_VOLUME_MOUNT_POINT_CREATED
			? decide_created(&work)
			: decide_deleted(&work);
	if (r < 0) {
		replica_fini(&reconciled.file);
		return r;
	}
	*ret_reconciled = reconciled;
	return 0;
}
