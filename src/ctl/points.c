/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands about links: list, query, create, delete, rename.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "ctl/mounted_tree.h"
#include "ctl/output.h"

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
	COLUMNS,
};

/* A column from STATE on is a file of the volume's folder. */
static const struct {
	struct column column;
	const char *file;
} point_columns[COLUMNS] = {
	[LINK] = { { "LINK", "the link", COLUMN_TEXT, false }, NULL },
	[DEVICE] = { { "DEVICE", "its node", COLUMN_TEXT, false }, NULL },
	[ID] = { { "ID", "its unique ID", COLUMN_TEXT, false }, NULL },
	[STATE] = { { "STATE", "online or offline", COLUMN_TEXT, true }, "state" },
	[FSTYPE] = { { "FSTYPE", "file system", COLUMN_TEXT, true }, "fstype" },
	[LABEL] = { { "LABEL", "its label", COLUMN_PROSE, true }, "label" },
	[SIZE] = { { "SIZE", "size", COLUMN_TEXT, true }, "size" },
	[GUID] = { { "GUID", "GUID of the volume name", COLUMN_TEXT, true }, "guid" },
	[UUID] = { { "UUID", "UUID of the file system", COLUMN_TEXT, true }, "uuid" },
	[PARTUUID] = { { "PARTUUID", "UUID of the partition", COLUMN_TEXT, true }, "partuuid" },
	[RO] = { { "RO", "read-only", COLUMN_FLAG, true }, "read_only" },
	[RM] = { { "RM", "removable", COLUMN_FLAG, true }, "removable" },
	[KEEP] = { { "KEEP", "links are kept", COLUMN_FLAG, true }, "keep_links" },
	[NOLETTER] = { { "NOLETTER", "wants no letter", COLUMN_FLAG, true }, "no_drive_letter" },
	[MOUNTPOINTS] = { { "MOUNTPOINTS", "where it is mounted", COLUMN_LIST, true },
		"mount_points" },
};

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

static const char *read_once(const struct ctl *ctl, struct map *answers, const char *key)
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
		answer->text = text_unescape(strbuf_text(&text));
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

static void add_point(const struct ctl *ctl, struct table *table, const struct shown_point *point,
	struct map *answers)
{
	struct line *line = table_add(table, NULL);
	_cleanup_strbuf_ struct strbuf folder = STRBUF_INIT;

	table_set(table, line, LINK, point->link);
	table_set(table, line, DEVICE, point->device);
	table_set(table, line, ID, point->id);
	for (size_t i = STATE; i < COLUMNS; i++) {
		_cleanup_free_ char *key = NULL, *size = NULL;
		const char *text;

		if (!table_wants(table, i))
			continue;
		if (!folder.len)
			strbuf_add_file_name(&folder, point->id);
		key = xasprintf("ids/%s/%s", folder.data, point_columns[i].file);
		text = read_once(ctl, answers, key);
		if (i == SIZE)
			text = size = format_size(ctl, text);
		table_set(table, line, i, text);
	}
}

static struct table *new_points_table(const struct ctl *ctl)
{
	struct column columns[COLUMNS];

	for (size_t i = 0; i < COLUMNS; i++)
		columns[i] = point_columns[i].column;
	return table_new(ctl, "points", columns, COLUMNS);
}

static int print_points(const struct ctl *ctl, const struct shown_points *points)
{
	_cleanup_(table_free_p) struct table *table = new_points_table(ctl);
	struct map answers = MAP_INIT;

	if (!table)
		return CTL_USAGE;
	for (size_t i = 0; i < points->count; i++)
		add_point(ctl, table, &points->list[i], &answers);
	answers_free(&answers);
	return table_print(table);
}

/* Prints the triples of a reply, which is taken over. */
static int print_reply(const struct ctl *ctl, struct strbuf *reply)
{
	_cleanup_(points_fini) struct shown_points points = { 0 };

	points_parse(strbuf_take(reply), &points);
	return print_points(ctl, &points);
}

int cmd_list(struct ctl *ctl, int count, char **words)
{
	_cleanup_(points_fini) struct shown_points points = { 0 };
	int r = tree_read_points(ctl, &points);

	return r < 0 ? tree_report(ctl, r, "", "list the links") : print_points(ctl, &points);
}

/* What --link, --id and --device say. */
static int add_selection(const struct ctl *ctl, struct strbuf *request)
{
	struct link_name link;

	if (ctl->link && name_parse_link(ctl, ctl->link, &link) != CTL_OK)
		return CTL_USAGE;
	if (ctl->link)
		request_add(request, "link", link.path);
	if (ctl->id)
		request_add(request, "id", ctl->id);
	if (ctl->device)
		request_add(request, "device", ctl->device);
	return CTL_OK;
}

static int query_one(struct ctl *ctl, const char *word, struct strbuf *reply)
{
	_cleanup_strbuf_ struct strbuf request = STRBUF_INIT, answer = STRBUF_INIT;
	_cleanup_free_ char *what = xasprintf("query '%s'", word);
	struct name name;
	int r = name_guess(ctl, word, &name);

	if (r != CTL_OK)
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
	if (r != CTL_OK)
		return r;
	request_add(&request, "link", link.path);
	request_add(&request, "device", name.text);
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
	if (ctl->is_all)
		request_add(&request, "all", "1");
	if ((count > 0) == (request.len > 0))
		return ctl_misuse("delete what? Links, or what --link, --id, --device or --all "
				  "select");
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
	_cleanup_strbuf_ struct strbuf log = STRBUF_INIT;
	char *reason = xstrdup("");

	tree_read(ctl, "control/error_log", &log);
	for (char *at = log.data; at && *at; at += *at == '\n') {
		const char *time = pairs_take(&at, "TIME"), *uid = pairs_take(&at, "UID");
		const char *operation = pairs_take(&at, "OPERATION");
		const char *failed = pairs_take(&at, "REQUEST"), *error = pairs_take(&at, "ERRNO");
		const char *why = pairs_take(&at, "WHY");

		if (time && uid && error && why && is_same_text(operation, "rename") &&
			is_same_text(failed, request)) {
			free(reason);
			reason = xstrdup(why);
		}
		at += strcspn(at, "\n");
	}
	return reason;
}

/* What the kernel says by itself, from what it knows of the folder. */
static char *explain_rename(
	const struct ctl *ctl, int error, const struct link_name *old, const struct link_name *new)
{
	_cleanup_free_ char *request = NULL, *there = tree_read_link(ctl, "%s", new->path + 1);

	if (error == -EEXIST && there)
		return xasprintf(
			"%s is a link to %s (--replace takes its place)", new->path, there);
	if (error == -ENOENT)
		return xasprintf("there is no link %s", old->path);
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
