/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands about links: list, query, create, delete, rename.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/map.h"
#include "core/syntax/unique_id.h"
#include "ctl/absent.h"
#include "ctl/output.h"
#include "ctl/volume_name.h"

enum {
	LINK,
	DEVICE,
	ID,
	STATE,
	FSTYPE,
	LABEL,
	SIZE,
	GUID,
	UUID,
	PARTUUID,
	RO,
	RM,
	KEEP,
	NOLETTER,
	MOUNTPOINTS,
	DOUBT,
	LAST_SEEN,
	LAST_DEVICE,
	COLUMNS,
};

/* The source of a column is a file of the volume's folder. */
static const struct column point_columns[COLUMNS] = {
	[LINK] = { "LINK", "the link", COLUMN_TEXT, false, NULL },
	[DEVICE] = { "DEVICE", "its node", COLUMN_TEXT, false, NULL },
	[ID] = { "ID", "its unique ID", COLUMN_TEXT, false, NULL },
	[STATE] = { "STATE", "online, incomplete, offline or absent", COLUMN_TEXT, true, "state" },
	[FSTYPE] = { "FSTYPE", "file system", COLUMN_TEXT, true, "fstype" },
	[LABEL] = { "LABEL", "its label", COLUMN_PROSE, true, "label" },
	[SIZE] = { "SIZE", "size", COLUMN_SIZE, true, "size" },
	[GUID] = { "GUID", "GUID of the volume name", COLUMN_TEXT, true, "guid" },
	[UUID] = { "UUID", "UUID of the file system", COLUMN_TEXT, true, "uuid" },
	[PARTUUID] = { "PARTUUID", "UUID of the partition", COLUMN_TEXT, true, "partuuid" },
	[RO] = { "RO", "read-only", COLUMN_FLAG, true, "read_only" },
	[RM] = { "RM", "removable", COLUMN_FLAG, true, "removable" },
	[KEEP] = { "KEEP", "links are kept", COLUMN_FLAG, true, "keep_links" },
	[NOLETTER] = { "NOLETTER", "wants no letter", COLUMN_FLAG, true, "no_drive_letter" },
	[MOUNTPOINTS] = { "MOUNTPOINTS", "where it is mounted", COLUMN_LIST, true, "mount_points" },
	[DOUBT] = { "DOUBT", "why it is taken for what it was", COLUMN_PROSE, true, "doubt" },
	[LAST_SEEN] = { "LAST-SEEN", "when it was here last", COLUMN_TEXT, true, "last_seen" },
	[LAST_DEVICE] = { "LAST-DEVICE", "its node at that time", COLUMN_TEXT, true,
		"last_device" },
};

const struct layout points_layout = { "points", point_columns, COLUMNS };

/* What files of volumes say: a volume with many links is read once. */
struct answer {
	struct map_node node;
	char *key; /* ids/ID/file */
	char *text;
};

static bool is_answer(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct answer, node)->key, key) == 0;
}

/* A list keeps the escapes of its lines, which table_set() wants. */
static const char *read_once(
	const struct ctl *ctl, struct map *answers, const char *key, bool is_list)
{
	uint64_t hash = map_hash_text(key);
	struct map_node *node = map_find(answers, hash, is_answer, key);
	struct answer *answer = node ? container_of(node, struct answer, node) : NULL;
	struct strbuf text = STRBUF_INIT;

	if (!answer) {
		answer = xcalloc(1, sizeof(*answer));
		tree_read(ctl, key, &text);
		if (text.len && text.data[text.len - 1] == '\n')
			text.data[--text.len] = '\0';
		answer->key = xstrdup(key);
		answer->text =
			is_list ? xstrdup(strbuf_text(&text)) : text_unescape(strbuf_text(&text));
		strbuf_fini(&text);
		map_add(answers, &answer->node, hash);
	}
	return answer->text;
}

static void answers_free(struct map *answers)
{
	map_for_each (answers, node, next) {
		struct answer *answer = container_of(node, struct answer, node);

		map_remove(answers, node);
		free(answer->key);
		free(answer->text);
		free(answer);
	}
	map_fini(answers);
}

/* What the database remembers of a volume that shows nowhere. */
static const char *get_absent(const struct absent_volume *volume, size_t column)
{
	switch (column) {
	case STATE:
		return "absent";
	case LAST_SEEN:
		return volume->last_seen;
	case LAST_DEVICE:
		return volume->last_device;
	default:
		return NULL;
	}
}

static void add_point(const struct ctl *ctl, struct table *table, const struct shown_point *point,
	const struct absent *absent, struct map *answers)
{
	const struct absent_volume *volume = absent ? absent_find(absent, point->id) : NULL;
	struct line *line = table_add(table, NULL);
	_cleanup_strbuf_ struct strbuf folder = STRBUF_INIT;

	table_set(table, line, LINK, point->link);
	table_set(table, line, DEVICE, point->device);
	table_set(table, line, ID, point->id);
	for (size_t i = STATE; i < COLUMNS; i++) {
		_cleanup_free_ char *key = NULL;

		if (!table_wants(table, i))
			continue;
		if (volume) {
			table_set(table, line, i, get_absent(volume, i));
			continue;
		}
		if (!folder.len)
			strbuf_add_file_name(&folder, point->id);
		key = xasprintf("ids/%s/%s", folder.data, point_columns[i].source);
		table_set(table, line, i,
			read_once(ctl, answers, key, point_columns[i].type == COLUMN_LIST));
	}
}

static int print_points(
	const struct ctl *ctl, const struct shown_points *points, const struct absent *absent)
{
	_cleanup_(table_free_p) struct table *table = table_new(ctl, &points_layout);
	struct map answers = MAP_INIT;

	for (size_t i = 0; i < points->count; i++)
		add_point(ctl, table, &points->list[i], absent, &answers);
	answers_free(&answers);
	return table_print(table);
}

/* Several words may mean one link, which is shown once. */
static void drop_repeated(struct shown_points *points)
{
	_cleanup_json_ struct json_object *seen = json_object_new_object();
	size_t kept = 0;

	for (size_t i = 0; i < points->count; i++) {
		const char *link = points->list[i].link;

		if (json_object_object_get_ex(seen, link, NULL))
			continue;
		json_object_object_add(seen, link, NULL);
		points->list[kept++] = points->list[i];
	}
	points->count = kept;
}

/* Prints the triples of a reply, which is taken over. */
static int print_reply(const struct ctl *ctl, struct strbuf *reply)
{
	_cleanup_(points_fini) struct shown_points points = { 0 };

	points_parse(strbuf_take(reply), &points);
	drop_repeated(&points);
	return print_points(ctl, &points, NULL);
}

/* Whether a triple is of a volume that a name means; of a device that has none there is nothing. */
static int find_id(
	const struct ctl *ctl, const struct shown_points *points, const char *word, char **ret_id)
{
	_cleanup_free_ char *folder = NULL, *doubt = NULL;
	struct name name;

	if (name_find_word(ctl, word, &name, &folder, &doubt) != CTL_OK)
		return CTL_USAGE;
	if (doubt)
		return ctl_fail("cannot list '%s': %s", word, doubt);
	for (size_t i = 0; !folder && i < points->count; i++) {
		const struct shown_point *point = &points->list[i];

		if ((name.kind == NAME_LINK && strcasecmp(point->link, name.text) == 0) ||
			(name.kind == NAME_ID && strcasecmp(point->id, name.text) == 0)) {
			*ret_id = xstrdup(point->id);
			return CTL_OK;
		}
	}
	if (!folder)
		return ctl_fail("cannot list '%s': no volume of that name shows (mmctl list shows "
				"the links, mmctl tree the devices)",
			word);
	*ret_id = text_unescape(folder + strlen("ids/"));
	return CTL_OK;
}

/* Leaves the triples of the volumes that are named. */
static int narrow(const struct ctl *ctl, struct shown_points *points, int count, char **words)
{
	_cleanup_(texts_free_p) char **ids = xcalloc((size_t)count + 1, sizeof(*ids));
	size_t kept = 0;
	int result = CTL_OK;

	for (int i = 0, known = 0; i < count; i++) {
		int r = find_id(ctl, points, words[i], &ids[known]);

		known += r == CTL_OK;
		result = r > result ? r : result;
	}
	for (size_t i = 0; i < points->count; i++) {
		size_t j = 0;

		while (ids[j] && strcmp(ids[j], points->list[i].id) != 0)
			j++;
		if (ids[j])
			points->list[kept++] = points->list[i];
	}
	points->count = kept;
	return result;
}

int cmd_list(struct ctl *ctl, int count, char **words)
{
	_cleanup_(points_fini) struct shown_points points = { 0 };
	_cleanup_(absent_fini) struct absent absent = { 0 };
	int r = tree_read_points(ctl, &points), result = CTL_OK;

	if (r < 0)
		return tree_report(ctl, r, "", "list the links");
	if (ctl->is_all) {
		result = absent_read(ctl, &points, &absent);
		if (result != CTL_OK)
			return result;
		ctl->columns = ctl->columns ? ctl->columns : "+LAST-SEEN,LAST-DEVICE";
	}
	if (count)
		result = narrow(ctl, &points, count, words);
	if (result == CTL_USAGE || (result != CTL_OK && !points.count))
		return result;
	r = print_points(ctl, &points, &absent);
	return r > result ? r : result;
}

/* What --link, --id and --device say. */
static int add_selection(const struct ctl *ctl, struct strbuf *request)
{
	struct link_name link;
	struct name device;

	if (ctl->link && name_parse_link(ctl, ctl->link, &link) != CTL_OK)
		return CTL_USAGE;
	if (ctl->id && !unique_id_is_valid(ctl->id))
		return ctl_misuse(
			"--id takes a unique ID, such as UUID=1234-ABCD, not '%s'", ctl->id);
	if (ctl->device && !*ctl->device)
		return ctl_misuse("--device takes a volume, not ''");
	if (ctl->device && name_guess(ctl, ctl->device, &device) != CTL_OK)
		return CTL_USAGE;
	if (ctl->link)
		request_add(request, "link", link.path);
	if (ctl->id)
		request_add(request, "id", ctl->id);
	if (ctl->device)
		request_add(request, "device", device.text);
	return CTL_OK;
}

static bool is_meant(const struct shown_point *point, const struct name *name, const char *node)
{
	switch (name->kind) {
	case NAME_LINK:
		return strcasecmp(point->link, name->text) == 0;
	case NAME_ID:
		return strcmp(point->id, name->text) == 0;
	case NAME_DEVICE:
		return *point->device && strcmp(point->device, node) == 0;
	case NAME_LABEL:
		break;
	}
	return false;
}

/* Adds what the list of all triples has of a name. False: nothing. */
static bool query_list(const struct ctl *ctl, const struct name *name, struct strbuf *reply)
{
	_cleanup_(points_fini) struct shown_points points = { 0 };
	_cleanup_free_ char *path = NULL, *node = NULL;
	size_t before = reply->len;

	if (tree_read_points(ctl, &points) < 0)
		return false;
	path = xasprintf("%s%s", *name->text == '/' ? "" : "/dev/", name->text);
	node = realpath(path, NULL);
	for (size_t i = 0; i < points.count; i++) {
		const struct shown_point *point = &points.list[i];

		if (!is_meant(point, name, node ? node : path))
			continue;
		strbuf_add_pair(reply, "LINK", point->link);
		strbuf_add_pair(reply, "ID", point->id);
		strbuf_add_pair(reply, "DEVICE", point->device);
		strbuf_add_char(reply, '\n');
	}
	return reply->len > before;
}

/*
 * The daemon is asked for what is not there, since it knows why. It is asked by a write to a file
 * that all may write to, and whoever stands still in such a write holds up all others.
 */
static int query_one(struct ctl *ctl, const char *word, struct strbuf *reply)
{
	_cleanup_strbuf_ struct strbuf request = STRBUF_INIT, answer = STRBUF_INIT;
	_cleanup_free_ char *what = xasprintf("query '%s'", word);
	struct name name;
	int r = name_guess(ctl, word, &name);

	if (r != CTL_OK || query_list(ctl, &name, reply))
		return r;
	request_add(&request, name_get_key(&name), name.text);
	r = tree_run(ctl, "query_points", &request, &answer, what);
	if (r == CTL_OK)
		strbuf_add(reply, answer.data, answer.len);
	return r;
}

int cmd_query(struct ctl *ctl, int count, char **words)
{
	_cleanup_strbuf_ struct strbuf request = STRBUF_INIT, reply = STRBUF_INIT;
	int result = add_selection(ctl, &request);

	if (result == CTL_OK && count == 0 && !request.len)
		return ctl_misuse("query what? A link, a unique ID or a device (all: mmctl list)");
	if (result == CTL_OK && request.len)
		result = tree_run(ctl, "query_points", &request, &reply, "query");
	for (int i = 0; i < count; i++) {
		int r = query_one(ctl, words[i], &reply);

		result = r > result ? r : result;
	}
	if (reply.len) {
		int r = print_reply(ctl, &reply);

		result = r > result ? r : result;
	}
	return result;
}

int cmd_create(struct ctl *ctl, int count, char **words)
{
	_cleanup_strbuf_ struct strbuf request = STRBUF_INIT, reply = STRBUF_INIT;
	_cleanup_free_ char *what = xasprintf("create '%s'", words[0]);
	struct link_name link;
	struct name name;
	int r = name_parse_new_link(ctl, words[0], &link);

	if (r == CTL_OK)
		r = name_guess(ctl, words[1], &name);
	if (r == CTL_OK && ctl->is_absent && name.kind != NAME_ID)
		r = ctl_misuse(
			"create --absent takes a unique ID, such as UUID=1234-ABCD, not '%s'",
			words[1]);
	if (r != CTL_OK)
		return r;
	request_add(&request, "link", link.path);
	request_add(&request, ctl->is_absent ? "id" : "device", name.text);
	if (ctl->is_absent)
		request_add(&request, "absent", "ok");
	return tree_run(ctl, "create_point", &request, &reply, what);
}

/* Of several links all go, or none. */
static int delete_links(struct ctl *ctl, const char *operation, int count, char **words)
{
	_cleanup_strbuf_ struct strbuf batch = STRBUF_INIT, reply = STRBUF_INIT;
	_cleanup_free_ char *what =
		xasprintf("delete '%s'%s", words[0], count > 1 ? " and others" : "");

	for (int i = 0; i < count; i++) {
		_cleanup_strbuf_ struct strbuf request = STRBUF_INIT;
		struct link_name link;
		int r = name_parse_link(ctl, words[i], &link);

		if (r != CTL_OK)
			return r;
		request_add(&request, "link", link.path);
		if (count == 1) {
			r = tree_run(ctl, operation, &request, &reply, what);
			return r == CTL_OK ? print_reply(ctl, &reply) : r;
		}
		strbuf_add_format(&batch, "%s %s\n", operation, request.data);
	}
	strbuf_add_text(&batch, "commit");
	if (tree_run(ctl, "batch", &batch, &reply, what) != CTL_OK)
		return CTL_FAILED;
	return print_reply(ctl, &reply);
}

int cmd_delete(struct ctl *ctl, int count, char **words)
{
	const char *operation = ctl->is_db_only ? "delete_points_dbonly" : "delete_points";
	_cleanup_strbuf_ struct strbuf request = STRBUF_INIT, reply = STRBUF_INIT;
	int r = add_selection(ctl, &request);

	if (r != CTL_OK)
		return r;
	if ((count > 0) + (request.len > 0) + ctl->is_all != 1)
		return ctl_misuse("delete what? Links, or what --link, --id and --device select, "
				  "or --all");
	if (ctl->is_all)
		request_add(&request, "all", "1");
	if (count)
		return delete_links(ctl, operation, count, words);
	r = tree_run(ctl, operation, &request, &reply, "delete links");
	return r == CTL_OK ? print_reply(ctl, &reply) : r;
}

/*
 * rename(2) gives no sentence. The log of failures has it if the daemon was asked: the last one
 * about these names.
 */
static char *find_reason(const struct ctl *ctl, const char *request)
{
	static const char *const keys[] = { "OPERATION", "REQUEST", "WHY" };
	_cleanup_strbuf_ struct strbuf log = STRBUF_INIT;
	char *values[ARRAY_SIZE(keys)], *reason = xstrdup("");

	tree_read(ctl, "control/error_log", &log);
	for (char *at = log.data; pairs_take_line(&at, keys, values, ARRAY_SIZE(keys));) {
		if (!is_same_text(values[0], "rename") || !is_same_text(values[1], request) ||
			!values[2])
			continue;
		free(reason);
		reason = xstrdup(values[2]);
	}
	return reason;
}

/* A link that does not show may be that of an absent volume, which mmfs knows. */
static char *explain_missing(const struct ctl *ctl, const struct link_name *link)
{
	_cleanup_strbuf_ struct strbuf request = STRBUF_INIT, reply = STRBUF_INIT;

	request_add(&request, "link", link->path);
	strbuf_add_char(&request, '\n');
	if (tree_request(ctl, "query_points", request.data, request.len, &reply) == -ENOENT &&
		reply.len)
		return xstrdup(reply.data);
	return xasprintf("there is no link %s", link->path);
}

/* Who has the name: a link that leads to no node is kept, and nothing takes its place. */
static char *explain_taken(const struct link_name *link, const char *target)
{
	const char *folder = strncmp(target, "../ids/", 7) == 0 ? target + 7 : NULL;
	_cleanup_free_ char *name = NULL, *id = NULL;

	if (!folder)
		return xasprintf(
			"%s is a link to %s (--replace takes its place)", link->path, target);
	name = xstrndup(folder, strcspn(folder, "/"));
	id = text_unescape(name);
	return xasprintf("%s is kept for %s, which is offline", link->path, id);
}

/* What the kernel says by itself, from what it knows of the folder. */
static char *explain_rename(
	const struct ctl *ctl, int error, const struct link_name *old, const struct link_name *new)
{
	_cleanup_free_ char *request = NULL, *there = tree_read_link(ctl, "%s", new->path + 1);

	if (error == -EEXIST && there && !ctl->may_replace)
		return explain_taken(new, there);
	if (error == -ENOENT)
		return explain_missing(ctl, old);
	if ((old->kind == LINK_VOLUME) != (new->kind == LINK_VOLUME))
		return xasprintf("%s can take no name in the folder of %s", old->path, new->path);
	request =
		xasprintf("mv %s %s", link_name_get_base(old->path), link_name_get_base(new->path));
	return find_reason(ctl, request);
}

int cmd_rename(struct ctl *ctl, int count, char **words)
{
	_cleanup_free_ char *what = xasprintf("rename '%s'", words[0]);
	_cleanup_free_ char *from = NULL, *to = NULL, *reason = NULL;
	struct link_name old, new;
	int error;

	if (name_parse_link(ctl, words[0], &old) != CTL_OK ||
		name_parse_new_link(ctl, words[1], &new) != CTL_OK)
		return CTL_USAGE;
	from = tree_path(ctl, "%s", old.path + 1);
	to = tree_path(ctl, "%s", new.path + 1);
	if (renameat2(-1, from, -1, to, ctl->may_replace ? 0 : RENAME_NOREPLACE) == 0)
		return CTL_OK;
	error = -errno;
	reason = explain_rename(ctl, error, &old, &new);
	return tree_report(ctl, error, reason, what);
}
