/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command tree: the machine, its disks, and what is on them. Where things are is sysfs's
 * answer; what they are, and are called, mmfs's.
 */

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "ctl/cluster.h"
#include "ctl/volume_name.h"

enum {
	NAME,
	STATE,
	FSTYPE,
	SIZE,
	LINKS,
	MOUNTPOINTS,
	REASON,
	LABEL,
	ID,
	COLUMNS,
};

static const struct column columns[COLUMNS] = {
	[NAME] = { "NAME", "kernel name or node, or unique ID of an absent volume", COLUMN_TREE,
		false },
	[STATE] = { "STATE", "online, incomplete, offline, duplicate, disk, member or unprocessed",
		COLUMN_TEXT, false },
	[FSTYPE] = { "FSTYPE", "file system", COLUMN_TEXT, false },
	[SIZE] = { "SIZE", "size", COLUMN_SIZE, false },
	[LINKS] = { "LINKS", "names that were given", COLUMN_LIST, false },
	[MOUNTPOINTS] = { "MOUNTPOINTS", "where it is mounted", COLUMN_LIST, false },
	[REASON] = { "REASON", "why it is no volume", COLUMN_PROSE, false },
	[LABEL] = { "LABEL", "label of the file system", COLUMN_PROSE, true },
	[ID] = { "ID", "unique ID", COLUMN_TEXT, true },
};

const struct layout machine_layout = { "machine", columns, COLUMNS };

/* A block device of the picture. */
struct item {
	char *name;   /* as in sysfs */
	char *folder; /* of its volume; NULL: it is none */
	char *reason; /* why not; NULL: it is only there for what is on it */
	char *kind;   /* with the reason: what it is */
	char *parent; /* name of another item; NULL: the machine */
	struct line *line;
};

struct picture {
	const struct ctl *ctl;
	struct table *table;
	struct item *items;
	size_t count;
};

static void picture_fini(struct picture *picture)
{
	for (size_t i = 0; i < picture->count; i++) {
		free(picture->items[i].name);
		free(picture->items[i].folder);
		free(picture->items[i].reason);
		free(picture->items[i].kind);
		free(picture->items[i].parent);
	}
	free(picture->items);
	table_free(picture->table);
}

static struct item *find_item(const struct picture *picture, const char *name)
{
	for (size_t i = 0; name && i < picture->count; i++)
		if (strcmp(picture->items[i].name, name) == 0)
			return &picture->items[i];
	return NULL;
}

/* sysfs has ! for the / of a name. */
static char *get_sysfs_name(const char *device)
{
	char *name = xstrdup(device);

	for (char *c = name; *c; c++)
		*c = *c == '/' ? '!' : *c;
	return name;
}

/* The disk of a partition. */
static char *find_disk(const char *name)
{
	_cleanup_free_ char *mark = xasprintf("/sys/class/block/%s/partition", name);
	_cleanup_free_ char *path = xasprintf("/sys/class/block/%s/..", name);
	_cleanup_free_ char *disk = access(mark, F_OK) == 0 ? realpath(path, NULL) : NULL;

	return disk ? xstrdup(strrchr(disk, '/') + 1) : NULL;
}

/* What a mapped device is made of, if it is one thing. */
static char *find_slave(const char *name)
{
	_cleanup_free_ char *path = xasprintf("/sys/class/block/%s/slaves", name);
	char *slave = NULL;
	struct dirent *entry;
	DIR *folder = opendir(path);
	size_t count = 0;

	while (folder && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		free(slave);
		slave = xstrdup(entry->d_name);
		count++;
	}
	if (folder)
		closedir(folder);
	if (count > 1) {
		free(slave);
		slave = NULL;
	}
	return slave;
}

/* Takes folder and reason over. What a device is on comes along. */
static void add_item(struct picture *picture, const char *name, char *folder, char *reason)
{
	struct item *item = find_item(picture, name);
	_cleanup_free_ char *parent = NULL;

	if (item) {
		item->folder = folder ? folder : item->folder;
		item->reason = reason ? reason : item->reason;
		return;
	}
	parent = find_disk(name);
	if (!parent)
		parent = find_slave(name);
	picture->items = xgrow(picture->items, picture->count, sizeof(*picture->items));
	picture->items[picture->count++] = (struct item){ .name = xstrdup(name),
		.folder = folder,
		.reason = reason,
		.parent = parent ? xstrdup(parent) : NULL };
	if (parent)
		add_item(picture, parent, NULL, NULL);
}

static void add_volumes(struct picture *picture)
{
	_cleanup_(texts_free_p) char **names = tree_list_names(picture->ctl, "devices");

	for (size_t i = 0; names[i]; i++) {
		_cleanup_free_ char *target = tree_read_link(picture->ctl, "devices/%s", names[i]);
		_cleanup_free_ char *device = text_unescape(names[i]);
		_cleanup_free_ char *name = get_sysfs_name(device);

		if (target && strncmp(target, "../", 3) == 0)
			add_item(picture, name, xstrdup(target + 3), NULL);
	}
}

static void add_unprocessed(struct picture *picture)
{
	static const char *const keys[] = { "DEVICE", "REASON", "KIND" };
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	char *values[ARRAY_SIZE(keys)];

	tree_read(picture->ctl, "control/unprocessed", &text);
	for (char *at = text.data; pairs_take_line(&at, keys, values, ARRAY_SIZE(keys));) {
		_cleanup_free_ char *name = NULL;

		if (!values[0] || !values[1] || strncmp(values[0], "/dev/", 5) != 0)
			continue;
		name = get_sysfs_name(values[0] + 5);
		add_item(picture, name, NULL, xstrdup(values[1]));
		if (values[2] && !find_item(picture, name)->kind)
			find_item(picture, name)->kind = xstrdup(values[2]);
	}
}

/* Names that were given, without their folder; if there are none, the volume names. */
static char *get_links(const struct ctl *ctl, const char *folder)
{
	_cleanup_free_ char *file = xasprintf("%s/links", folder);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct strbuf given = STRBUF_INIT, others = STRBUF_INIT;
	char *rest, *line;

	tree_read(ctl, file, &text);
	for (rest = text.data; rest && (line = strsep(&rest, "\n"));) {
		struct strbuf *list = *line && link_name_is_volume(line) ? &others : &given;

		if (*line)
			strbuf_add_format(
				list, "%s%s", list->len ? "\n" : "", link_name_get_base(line));
	}
	if (given.len) {
		strbuf_fini(&others);
		return strbuf_take(&given);
	}
	strbuf_fini(&given);
	return strbuf_take(&others);
}

static void set_file(const struct picture *picture, struct line *line, size_t column,
	const char *folder, const char *file)
{
	_cleanup_free_ char *text = tree_read_line(picture->ctl, "%s/%s", folder, file);
	_cleanup_free_ char *value = text_unescape(text);

	table_set(picture->table, line, column, value);
}

static void describe_volume(const struct picture *picture, struct line *line, const char *folder)
{
	_cleanup_free_ char *links = get_links(picture->ctl, folder);
	_cleanup_free_ char *file = xasprintf("%s/mount_points", folder);
	_cleanup_strbuf_ struct strbuf mounts = STRBUF_INIT;

	set_file(picture, line, STATE, folder, "state");
	set_file(picture, line, FSTYPE, folder, "fstype");
	set_file(picture, line, SIZE, folder, "size");
	set_file(picture, line, LABEL, folder, "label");
	set_file(picture, line, ID, folder, "unique_id");
	table_set(picture->table, line, LINKS, links);
	tree_read(picture->ctl, file, &mounts);
	if (mounts.len)
		mounts.data[mounts.len - 1] = '\0';
	table_set(picture->table, line, MOUNTPOINTS, mounts.data);
}

/* Disks and members are what they are meant to be. */
static bool is_in_order(const struct item *item)
{
	return is_same_text(item->kind, "disk") || is_same_text(item->kind, "member");
}

static const char *get_state(const struct item *item)
{
	return is_in_order(item) || is_same_text(item->kind, "duplicate") ? item->kind
									  : "unprocessed";
}

static const char *get_color(const struct item *item)
{
	return is_in_order(item)			? "darkgray"
		: is_same_text(item->kind, "duplicate") ? "red"
							: "brown";
}

static void describe_device(const struct picture *picture, const struct item *item)
{
	_cleanup_free_ char *path = xasprintf("/sys/class/block/%s/size", item->name);
	_cleanup_free_ char *bytes = NULL;
	unsigned long long sectors = 0;
	FILE *file = fopen(path, "re");

	if (file && fscanf(file, "%llu", &sectors) == 1) {
		bytes = xasprintf("%llu", sectors * 512);
		table_set(picture->table, item->line, SIZE, bytes);
	}
	if (file)
		fclose(file);
	if (item->reason) {
		table_set(picture->table, item->line, STATE, get_state(item));
		table_set(picture->table, item->line, REASON, item->reason);
		table_color(picture->table, item->line, get_color(item));
	}
}

static char *get_node(const char *name)
{
	char *node = xasprintf("/dev/%s", name);

	for (char *c = node; *c; c++)
		*c = *c == '!' ? '/' : *c;
	return node;
}

static void draw(struct picture *picture, const char *parent, struct line *above);

static void draw_item(struct picture *picture, struct item *item, struct line *above)
{
	_cleanup_free_ char *node = picture->ctl->has_paths ? get_node(item->name) : NULL;

	item->line = table_add(picture->table, above);
	table_set(picture->table, item->line, NAME, node ? node : item->name);
	if (item->folder)
		describe_volume(picture, item->line, item->folder);
	else
		describe_device(picture, item);
	draw(picture, item->name, item->line);
}

static void draw(struct picture *picture, const char *parent, struct line *above)
{
	for (size_t i = 0; i < picture->count; i++) {
		struct item *item = &picture->items[i];

		if (!item->line && is_same_text(item->parent, parent))
			draw_item(picture, item, above);
	}
}

static void draw_folder(struct picture *picture, const char *folder, struct line *machine)
{
	_cleanup_free_ char *id = text_unescape(folder + strlen("ids/"));
	struct line *line = table_add(picture->table, machine);

	describe_volume(picture, line, folder);
	table_set(picture->table, line, NAME, id);
	table_color(picture->table, line, "darkgray");
}

static void draw_offline(struct picture *picture, struct line *machine)
{
	_cleanup_(texts_free_p) char **folders = tree_list_names(picture->ctl, "ids");

	for (size_t i = 0; folders[i]; i++) {
		_cleanup_free_ char *folder = xasprintf("ids/%s", folders[i]);
		_cleanup_free_ char *state = tree_read_line(picture->ctl, "%s/state", folder);

		if (strcmp(state, "offline") == 0)
			draw_folder(picture, folder, machine);
	}
}

static int compare_items(const void *a, const void *b)
{
	const struct item *one = a, *other = b;

	return strverscmp(one->name, other->name);
}

/* The same of one that was named, which may have been drawn by another name. */
static void draw_absent(struct picture *picture, const char *folder, struct line *machine)
{
	if (find_item(picture, folder))
		return;
	draw_folder(picture, folder, machine);
	add_item(picture, folder, xstrdup(folder), NULL);
}

/* Draws the device of a name, and what is on it; or the offline volume. */
static int draw_named(struct picture *picture, const char *word, struct line *machine)
{
	_cleanup_free_ char *folder = NULL, *node = NULL, *real = NULL, *device = NULL;
	_cleanup_free_ char *doubt = NULL;
	struct item *item;
	struct name name;

	if (name_find_word(picture->ctl, word, &name, &folder, &doubt) != CTL_OK)
		return CTL_USAGE;
	if (doubt)
		return ctl_fail("cannot show '%s': %s", word, doubt);
	node = folder ? tree_read_link(picture->ctl, "%s/device", folder) : NULL;
	if (!node)
		node = xstrdup(name.kind == NAME_DEVICE ? name.text : "");
	real = realpath(node, NULL);
	device = get_sysfs_name(real ? real : node);
	item = find_item(picture, strncmp(device, "!dev!", 5) == 0 ? device + 5 : device);
	if (item && !item->line)
		draw_item(picture, item, machine);
	else if (!item && folder)
		draw_absent(picture, folder, machine);
	else if (!item)
		return ctl_fail("cannot show '%s': no device and no volume of that name is here "
				"(mmctl tree shows all)",
			word);
	return CTL_OK;
}

static void describe_shared(
	const struct ctl *ctl, struct table *table, struct line *line, const char *id)
{
	struct picture picture = { .ctl = ctl, .table = table };
	_cleanup_strbuf_ struct strbuf folder = STRBUF_INIT;
	_cleanup_free_ char *links = NULL;

	strbuf_add_text(&folder, "ids/");
	strbuf_add_file_name(&folder, id);
	links = get_links(ctl, folder.data);
	table_set(table, line, LINKS, links);
	set_file(&picture, line, FSTYPE, folder.data, "fstype");
	set_file(&picture, line, SIZE, folder.data, "size");
}

static int draw_cluster(struct ctl *ctl, int count)
{
	static const struct cluster_columns places = { .name = NAME,
		.state = STATE,
		.id = ID,
		.mounts = MOUNTPOINTS,
		.describe = describe_shared };
	_cleanup_(table_free_p) struct table *table = table_new(ctl, &machine_layout);

	if (count)
		return ctl_misuse("tree --cluster shows all shared volumes, and takes no names");
	return cluster_draw(ctl, table, &places);
}

int cmd_tree(struct ctl *ctl, int count, char **words)
{
	_cleanup_(picture_fini) struct picture picture = { .ctl = ctl };
	struct utsname system;
	struct line *machine;
	int result = CTL_OK, r;
	bool is_any = !count;

	if (ctl->is_of_cluster)
		return draw_cluster(ctl, count);
	picture.table = table_new(ctl, &machine_layout);
	add_volumes(&picture);
	add_unprocessed(&picture);
	if (picture.count)
		qsort(picture.items, picture.count, sizeof(*picture.items), compare_items);
	uname(&system);
	machine = table_add(picture.table, NULL);
	table_set(picture.table, machine, NAME, system.nodename);
	for (int i = 0; i < count; i++) {
		r = draw_named(&picture, words[i], machine);
		is_any |= r == CTL_OK;
		result = r > result ? r : result;
	}
	if (result == CTL_USAGE || !is_any)
		return result;
	if (!count)
		draw(&picture, NULL, machine);
	if (!count)
		draw_offline(&picture, machine);
	r = table_print(picture.table);
	return r > result ? r : result;
}
