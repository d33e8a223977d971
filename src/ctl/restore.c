/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a document to the lines that bring it back, and the other way round: what of the database
 * here is to go. What a document does not say stays as it is.
 *
 * First goes what has to, so that names can move between volumes; mount points go before them and
 * come last, since they lead to volume names.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/syntax/unique_id.h"
#include "ctl/known.h"
#include "ctl/restore.h"

#define SKIPPED_SHOWN 10 /* of the volumes that are left out */

static void add_line(struct strbuf *batch, const char *operation, const struct strbuf *request)
{
	strbuf_add_format(batch, "%s %s\n", operation, strbuf_text(request));
}

static void add_simple(
	struct strbuf *batch, const char *operation, const char *link, const char *id, bool is_new)
{
	_cleanup_strbuf_ struct strbuf request = STRBUF_INIT;

	request_add(&request, "id", id);
	if (link)
		request_add(&request, "link", link);
	if (is_new)
		request_add(&request, "absent", "ok");
	add_line(batch, operation, &request);
}

static void tell(struct strbuf *diff, char sign, const char *what, const char *id)
{
	strbuf_add_format(diff, "%c ", sign);
	strbuf_add_printable(diff, what);
	strbuf_add_text(diff, id ? "  " : "");
	strbuf_add_printable(diff, id ? id : "");
	strbuf_add_char(diff, '\n');
}

static void tell_flag(struct restore *restore, const char *flag, const char *id, bool is_on)
{
	tell(is_on ? &restore->added : &restore->removed, is_on ? '+' : '-', flag, id);
}

static struct json_object *make_set(struct json_object *volume)
{
	struct json_object *set = json_object_new_object();
	const char *link;

	for (size_t i = 0; (link = volume_get_link(volume, i)); i++) {
		_cleanup_free_ char *key = text_fold(link);

		json_object_object_add(set, key, json_object_new_string(link));
	}
	return set;
}

static bool has_volume_name(struct json_object *volume)
{
	const char *link;

	for (size_t i = 0; (link = volume_get_link(volume, i)); i++)
		if (link_name_is_volume(link))
			return true;
	return false;
}

static bool shows(const struct restore *restore, const char *id)
{
	return json_object_object_get_ex(restore->shown, id, NULL);
}

/* Here, and not only kept. */
static bool is_present(const struct restore *restore, const char *id)
{
	_cleanup_strbuf_ struct strbuf folder = STRBUF_INIT;
	_cleanup_free_ char *state = NULL;

	if (!shows(restore, id))
		return false;
	strbuf_add_file_name(&folder, id);
	state = tree_read_line(restore->ctl, "ids/%s/state", strbuf_text(&folder));
	return *state && strcmp(state, "offline") != 0;
}

static bool is_exact(const struct restore *restore)
{
	return restore->ctl->is_exact;
}

/* Whether the link is in a set, with --exact as it is spelled. */
static bool set_has(const struct restore *restore, struct json_object *set, const char *link)
{
	_cleanup_free_ char *key = text_fold(link);
	const char *spelled = json_object_get_string(json_object_object_get(set, key));

	return spelled && (!is_exact(restore) || strcmp(spelled, link) == 0);
}

/*
 * Links that are to go. Volume names of which the document has none were made here by themselves.
 * What an absent volume has that does not show can only be forgotten as a whole: true then.
 */
static bool remove_links(struct restore *restore, struct json_object *here,
	struct json_object *wanted, struct json_object *links)
{
	bool keeps_names = !has_volume_name(wanted), is_forgotten = false;
	const char *link, *id = volume_get_id(here);

	for (size_t i = 0; (link = volume_get_link(here, i)); i++) {
		if (set_has(restore, links, link) || (keeps_names && link_name_is_volume(link)))
			continue;
		tell(&restore->removed, '-', link, id);
		is_forgotten |= !shows(restore, id);
		if (!is_forgotten)
			add_simple(&restore->removals, "delete_points", link, id, false);
	}
	if (is_forgotten)
		add_simple(&restore->removals, "forget", NULL, id, false);
	return is_forgotten;
}

static bool is_skipped(const struct restore *restore, const char *id)
{
	return restore->ctl->skips_absent && !shows(restore, id);
}

/*
 * A link of a volume that is absent, and not kept, goes to who asks for it. With --exact that is
 * told where the owner is gone through, which one is not that is left out.
 */
static void tell_owner(struct restore *restore, const char *link, const char *id)
{
	_cleanup_free_ char *key = text_fold(link);
	const char *owner = json_object_get_string(json_object_object_get(restore->owners, key));
	bool is_told = is_exact(restore) && owner &&
		!(is_skipped(restore, owner) &&
			json_object_object_get_ex(restore->wanted_ids, owner, NULL));

	if (owner && strcmp(owner, id) != 0 && !is_told && !shows(restore, owner))
		tell(&restore->removed, '-', link, owner);
}

/* Mount points that lead there may have gone with a name of before. */
static void give_link(struct restore *restore, const char *link, const char *id)
{
	_cleanup_free_ char *key = text_fold(link);

	add_simple(&restore->additions, "create_point", link, id, true);
	json_object_object_add(restore->given, key, NULL);
}

/* Those that are here already show no difference, even where they have to be given anew. */
static void add_links(struct restore *restore, struct json_object *here, struct json_object *wanted,
	bool is_forgotten)
{
	_cleanup_json_ struct json_object *known = make_set(here);
	bool keeps_names = is_forgotten && !has_volume_name(wanted);
	const char *link, *id = volume_get_id(wanted);

	for (size_t i = 0; (link = volume_get_link(wanted, i)); i++) {
		bool is_known = set_has(restore, known, link);

		if (is_known && !is_forgotten)
			continue;
		give_link(restore, link, id);
		if (is_known)
			continue;
		tell_owner(restore, link, id);
		tell(&restore->added, '+', link, id);
	}
	for (size_t i = 0; keeps_names && (link = volume_get_link(here, i)); i++)
		if (link_name_is_volume(link))
			give_link(restore, link, id);
}

/*
 * What is to be known of a device from now on, NULL: that stays. What the document leaves
 * out stays, too, but with --exact a fingerprint says all, as export writes it.
 */
static struct json_object *find_knowledge(const struct restore *restore, struct json_object *here,
	struct json_object *before, struct json_object *wanted)
{
	bool is_all = is_exact(restore) && database_get_object(wanted, "fingerprint");
	_cleanup_json_ struct json_object *known = known_read(wanted, is_all ? NULL : before);

	if (!known_is_said(wanted) || is_present(restore, volume_get_id(wanted)))
		return NULL;
	if (here && json_object_equal(before, known))
		return NULL;
	if (here && !is_exact(restore) && known_get_seen(known) < known_get_seen(before))
		return NULL; /* it was here after the document was written */
	return steal_ptr(known);
}

/* Whether a flag is to be another; false, too, where nothing is said of it. */
static bool differs(struct json_object *here, struct json_object *wanted, const char *flag)
{
	return database_has_flag(wanted, flag) &&
		database_get_flag(wanted, flag) != (here && database_get_flag(here, flag));
}

static int check_mark(
	const struct restore *restore, struct json_object *here, struct json_object *wanted)
{
	const char *id = volume_get_id(wanted), *letter = here ? volume_get_letter(here) : NULL;

	if (!database_get_flag(wanted, "no_drive_letter"))
		return CTL_OK;
	if (volume_get_letter(wanted))
		return ctl_fail("cannot import: %s has a drive letter and wants none", id);
	if (letter && !is_exact(restore))
		return ctl_fail("cannot import: %s is to want no drive letter, but has %s (--exact "
				"takes it away)",
			id, link_name_get_base(letter));
	return CTL_OK;
}

/* Who has a drive letter wants one, whether the document says so or not. */
static void complete_mark(struct json_object *wanted)
{
	if (volume_get_letter(wanted) && !database_has_flag(wanted, "no_drive_letter"))
		json_object_object_add(wanted, "no_drive_letter", json_object_new_boolean(false));
}

static void add_knowledge(struct restore *restore, struct json_object *here,
	struct json_object *wanted, bool is_forgotten)
{
	static const struct {
		const char *flag, *key, *on, *off;
	} flags[] = { { "no_drive_letter", "state", "on", "off" },
		{ "keep_links", "keep", "1", "0" } };
	_cleanup_json_ struct json_object *before = known_read(here, NULL);
	_cleanup_json_ struct json_object *known = find_knowledge(restore, here, before, wanted);
	_cleanup_strbuf_ struct strbuf request = STRBUF_INIT;
	const char *id = volume_get_id(wanted);
	size_t words = 0;

	request_add(&request, "id", id);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		bool is_other = differs(here, wanted, flags[i].flag);
		bool is_on = database_get_flag(
			database_has_flag(wanted, flags[i].flag) ? wanted : here, flags[i].flag);

		if (is_other)
			tell_flag(restore, flags[i].flag, id, is_on);
		if (is_other || (is_forgotten && is_on)) {
			request_add(&request, flags[i].key, is_on ? flags[i].on : flags[i].off);
			words++;
		}
	}
	if (known)
		tell(&restore->added, '+', "what it was", id);
	if (known || is_forgotten)
		known_add(&request, known ? known : before);
	if (words || known || is_forgotten)
		add_line(&restore->knowledge, "remember", &request);
}

static struct json_object *find_point(struct json_object *volume, const char *path)
{
	struct json_object *points = volume ? database_get_array(volume, "mount_points") : NULL;

	for (size_t i = 0; points && i < json_object_array_length(points); i++) {
		struct json_object *point = json_object_array_get_idx(points, i);

		if (is_same_text(database_get_text(point, "path"), path))
			return point;
	}
	return NULL;
}

/* A volume name is the same in any case of its letters: it gets that of the link. */
static bool is_same_point(struct json_object *a, struct json_object *b)
{
	return strcasecmp(database_get_text(a, "volume"), database_get_text(b, "volume")) == 0 &&
		is_same_text(database_get_text(a, "options"), database_get_text(b, "options")) &&
		database_get_flag(a, "found") == database_get_flag(b, "found");
}

static void add_point(struct restore *restore, const char *host, struct json_object *point)
{
	_cleanup_free_ char *source = xasprintf("/%s", database_get_text(point, "path"));
	const char *options = database_get_text(point, "options");
	_cleanup_strbuf_ struct strbuf request = STRBUF_INIT;

	request_add(&request, "id", host);
	request_add(&request, "source", source);
	request_add(&request, "link", database_get_text(point, "volume"));
	if (options && *options)
		request_add(&request, "options", options);
	if (database_get_flag(point, "found"))
		request_add(&request, "found", "1");
	add_line(&restore->points, "remember_mount_point", &request);
}

static void tell_point(struct strbuf *diff, char sign, const char *host, struct json_object *point)
{
	_cleanup_free_ char *what = xasprintf("mount point /%s of %s",
		database_get_text(point, "path"), database_get_text(point, "volume"));

	tell(diff, sign, what, host);
}

static bool is_given(const struct restore *restore, struct json_object *point)
{
	_cleanup_free_ char *key = text_fold(database_get_text(point, "volume"));

	return json_object_object_get_ex(restore->given, key, NULL);
}

/* Once all links are gone through. Those that are here stay where the document tells of none. */
static void add_points(struct restore *restore, struct json_object *wanted)
{
	struct json_object *points = database_get_array(wanted, "mount_points"), *here = NULL;
	const char *host = volume_get_id(wanted);
	bool is_forgotten = json_object_object_get_ex(restore->forgotten, host, NULL);

	json_object_object_get_ex(restore->here_by_id, host, &here);
	if (!points)
		points = database_get_array(here, "mount_points");
	for (size_t i = 0; points && i < json_object_array_length(points); i++) {
		struct json_object *point = json_object_array_get_idx(points, i);
		struct json_object *known = find_point(here, database_get_text(point, "path"));
		bool is_same = known && is_same_point(known, point);

		if (!is_same)
			tell_point(&restore->added, '+', host, point);
		if (!is_same || is_forgotten || is_given(restore, point))
			add_point(restore, host, point);
	}
}

static void remove_points(
	struct restore *restore, struct json_object *here, struct json_object *wanted)
{
	struct json_object *points = here ? database_get_array(here, "mount_points") : NULL;

	for (size_t i = 0; points && i < json_object_array_length(points); i++) {
		struct json_object *point = json_object_array_get_idx(points, i);
		const char *path = database_get_text(point, "path");
		_cleanup_free_ char *source = xasprintf("/%s", path);
		_cleanup_strbuf_ struct strbuf request = STRBUF_INIT;

		if (find_point(wanted, path))
			continue;
		tell_point(&restore->removed, '-', volume_get_id(here), point);
		request_add(&request, "id", volume_get_id(here));
		request_add(&request, "source", source);
		add_line(&restore->point_removals, "remember_mount_point", &request);
		json_object_array_add(
			restore->cleared, json_object_new_string(volume_get_id(here)));
		json_object_array_add(restore->cleared, json_object_new_string(path));
	}
}

/* A host that is not mounted, or has no such file, or nothing there of that, is as it should be. */
static int clear_host(const struct ctl *ctl, const char *host, const char *path)
{
	_cleanup_strbuf_ struct strbuf folder = STRBUF_INIT, request = STRBUF_INIT,
				       reply = STRBUF_INIT;
	_cleanup_free_ char *guid = NULL, *source = NULL, *what = NULL;
	int r;

	strbuf_add_file_name(&folder, host);
	guid = tree_read_line(ctl, "ids/%s/guid", strbuf_text(&folder));
	if (!*guid || strchr(path, '\\')) /* which would be taken for a separator */
		return CTL_OK;
	source = xasprintf("\\??\\Volume{%s}\\%s", guid, path);
	what = xasprintf("delete the mount point %s on its hosting volume, too", source);
	request_add(&request, "source", source);
	r = tree_request(
		ctl, "volume_mount_point_deleted", strbuf_text(&request), request.len, &reply);
	if (r == 0 || r == -ENOENT || r == -EINVAL || r == -ENOTSUP)
		return CTL_OK;
	return tree_report(ctl, r, strbuf_text(&reply), what);
}

int restore_clear_hosts(const struct restore *restore)
{
	int result = CTL_OK;

	for (size_t i = 0; i < json_object_array_length(restore->cleared); i += 2) {
		int r = clear_host(restore->ctl,
			json_object_get_string(json_object_array_get_idx(restore->cleared, i)),
			json_object_get_string(json_object_array_get_idx(restore->cleared, i + 1)));

		result = r != CTL_OK ? r : result;
	}
	return result;
}

static int restore_volume(struct restore *restore, struct json_object *wanted)
{
	const char *id = volume_get_id(wanted);
	_cleanup_json_ struct json_object *links = make_set(wanted), *empty = NULL;
	struct json_object *here = NULL;
	bool is_forgotten = false;
	int r;

	json_object_object_get_ex(restore->here_by_id, id, &here);
	if (is_skipped(restore, id)) {
		if (restore->skipped++ < SKIPPED_SHOWN)
			ctl_fail("%s is not here: its names are left out", id);
		return CTL_OK;
	}
	r = check_mark(restore, here, wanted);
	if (r != CTL_OK)
		return r;
	complete_mark(wanted);
	if (is_exact(restore) && database_get_array(wanted, "mount_points"))
		remove_points(restore, here, wanted);
	if (is_exact(restore) && here)
		is_forgotten = remove_links(restore, here, wanted, links);
	empty = json_object_new_object();
	add_links(restore, here ? here : empty, wanted, is_forgotten);
	add_knowledge(restore, here, wanted, is_forgotten);
	if (is_forgotten)
		json_object_object_add(restore->forgotten, id, NULL);
	return CTL_OK;
}

/* What is here of a volume that the document does not have. One that is present stays a volume. */
static void remove_volume(struct restore *restore, struct json_object *here)
{
	_cleanup_json_ struct json_object *none = json_object_new_object();
	const char *id = volume_get_id(here);

	if (!is_present(restore, id)) {
		tell(&restore->removed, '-', "all that is known", id);
		add_simple(&restore->removals, "forget", NULL, id, false);
		return;
	}
	json_object_object_add(none, "id", json_object_new_string(id));
	json_object_object_add(none, "links", json_object_new_array());
	json_object_object_add(none, "no_drive_letter", json_object_new_boolean(false));
	json_object_object_add(none, "keep_links", json_object_new_boolean(false));
	json_object_object_add(none, "mount_points", json_object_new_array());
	restore_volume(restore, none);
}

static void remove_others(struct restore *restore)
{
	struct json_object *volumes = database_get_array(restore->here, "volumes");

	for (size_t i = 0; i < json_object_array_length(volumes); i++) {
		struct json_object *here = json_object_array_get_idx(volumes, i);

		if (!json_object_object_get_ex(restore->wanted_ids, volume_get_id(here), NULL))
			remove_volume(restore, here);
	}
}

static void restore_settings(struct restore *restore)
{
	bool is_on = database_get_flag(restore->wanted, "auto_mount");

	if (!differs(restore->here, restore->wanted, "auto_mount"))
		return;
	strbuf_add_format(&restore->additions, "auto_mount %s\n", is_on ? "on" : "off");
	tell_flag(restore, "auto_mount", NULL, is_on);
}

static void note_owner(struct restore *restore, struct json_object *volume)
{
	const char *link;

	for (size_t i = 0; (link = volume_get_link(volume, i)); i++) {
		_cleanup_free_ char *key = text_fold(link);

		json_object_object_add(
			restore->owners, key, json_object_new_string(volume_get_id(volume)));
	}
}

static void look_at_tree(struct restore *restore)
{
	_cleanup_(texts_free_p) char **folders = tree_list_names(restore->ctl, "ids");
	struct json_object *volumes = database_get_array(restore->here, "volumes");

	for (size_t i = 0; folders[i]; i++) {
		_cleanup_free_ char *id = text_unescape(folders[i]);

		json_object_object_add(restore->shown, id, NULL);
	}
	for (size_t i = 0; i < json_object_array_length(volumes); i++) {
		struct json_object *volume = json_object_array_get_idx(volumes, i);

		json_object_object_add(
			restore->here_by_id, volume_get_id(volume), json_object_get(volume));
		note_owner(restore, volume);
	}
}

int restore_begin(struct restore *restore, const struct ctl *ctl, struct json_object *wanted)
{
	struct json_object *volumes = database_get_array(wanted, "volumes");
	int r;

	*restore = (struct restore){
		.ctl = ctl,
		.wanted = wanted,
		.here_by_id = json_object_new_object(),
		.wanted_ids = json_object_new_object(),
		.shown = json_object_new_object(),
		.owners = json_object_new_object(),
		.given = json_object_new_object(),
		.forgotten = json_object_new_object(),
		.cleared = json_object_new_array(),
	};
	r = database_read(ctl, "import", &restore->here);
	if (r != CTL_OK)
		return r;
	look_at_tree(restore);
	database_spell_ids(wanted, restore->here);
	for (size_t i = 0; i < json_object_array_length(volumes); i++)
		json_object_object_add(restore->wanted_ids,
			volume_get_id(json_object_array_get_idx(volumes, i)), NULL);
	for (size_t i = 0; r == CTL_OK && i < json_object_array_length(volumes); i++)
		r = restore_volume(restore, json_object_array_get_idx(volumes, i));
	for (size_t i = 0; r == CTL_OK && i < json_object_array_length(volumes); i++)
		if (!is_skipped(restore, volume_get_id(json_object_array_get_idx(volumes, i))))
			add_points(restore, json_object_array_get_idx(volumes, i));
	if (r == CTL_OK && is_exact(restore) && !ctl->from)
		remove_others(restore);
	if (restore->skipped > SKIPPED_SHOWN)
		ctl_fail("nor are %zu more", restore->skipped - SKIPPED_SHOWN);
	restore_settings(restore);
	return r;
}

void restore_end(struct restore *restore, struct strbuf *ret_batch)
{
	const struct strbuf *parts[] = { &restore->point_removals, &restore->removals,
		&restore->additions, &restore->knowledge, &restore->points };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		strbuf_add(ret_batch, strbuf_text(parts[i]), parts[i]->len);
}

void restore_fini(struct restore *restore)
{
	json_object_put(restore->here);
	json_object_put(restore->here_by_id);
	json_object_put(restore->wanted_ids);
	json_object_put(restore->shown);
	json_object_put(restore->owners);
	json_object_put(restore->given);
	json_object_put(restore->forgotten);
	json_object_put(restore->cleared);
	strbuf_fini(&restore->point_removals);
	strbuf_fini(&restore->removals);
	strbuf_fini(&restore->additions);
	strbuf_fini(&restore->knowledge);
	strbuf_fini(&restore->points);
	strbuf_fini(&restore->removed);
	strbuf_fini(&restore->added);
}

char *restore_find_id(const struct strbuf *batch, size_t number)
{
	static const char key[] = "id=\"";
	const char *line = strbuf_text(batch), *end;
	_cleanup_free_ char *id = NULL;

	while (--number && (line = strchr(line, '\n')))
		line++;
	line = line ? strstr(line, key) : NULL;
	if (!line)
		return NULL;
	line += strlen(key);
	end = line + strcspn(line, "\"\n");
	id = xstrndup(line, (size_t)(end - line));
	return text_unescape(id);
}
