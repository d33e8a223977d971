/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a word of the command line names, and which volume of the tree that is. Links and unique IDs
 * are looked up in the spelling that was given, and if nothing is found in any case, as the daemon
 * does.
 */

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/syntax/unique_id.h"
#include "ctl/volume_name.h"

#define SYMLINKS_MAX 40 /* as for the kernel */

/* What is behind the mount point in a path, NULL: it does not lead there. */
static const char *strip_mount(const struct ctl *ctl, const char *path)
{
	size_t len = strlen(ctl->mount);

	return strncmp(path, ctl->mount, len) == 0 && path[len] == '/' ? path + len : NULL;
}

/* With the folder resolved, but not what is in it: that may be a link, and the link is meant. */
static char *resolve_folder(const char *word)
{
	size_t len = strlen(word), start;
	_cleanup_free_ char *folder = NULL, *real = NULL;

	while (len && word[len - 1] == '/')
		len--;
	for (start = len; start && word[start - 1] != '/';)
		start--;
	if (!start)
		return NULL;
	folder = xstrndup(word, start);
	real = realpath(folder, NULL);
	return real ? xasprintf("%s/%s", real, word + start) : NULL;
}

/*
 * A path into the mount, by whatever way, means what it is there. Of what is not there, such as the
 * folder of a volume that has gone, only the text can tell.
 */
static char *enter_mount(const struct ctl *ctl, const char *word)
{
	_cleanup_free_ char *real = resolve_folder(word);
	const char *inside = real ? strip_mount(ctl, real) : NULL;

	inside = inside ? inside : strip_mount(ctl, word);
	return xstrdup(inside ? inside : word);
}

int name_parse_link(const struct ctl *ctl, const char *word, struct link_name *ret_link)
{
	_cleanup_free_ char *path = enter_mount(ctl, word);
	const char *why;

	if (link_name_parse_sought(path, strlen(path), ret_link, &why) < 0)
		return ctl_misuse("'%s' cannot be a link: %s", path, why);
	return CTL_OK;
}

int name_parse_new_link(const struct ctl *ctl, const char *word, struct link_name *ret_link)
{
	_cleanup_free_ char *path = enter_mount(ctl, word);
	const char *why;

	if (link_name_parse(path, strlen(path), ret_link, &why) < 0)
		return ctl_misuse("'%s' cannot be a link: %s", path, why);
	return CTL_OK;
}

/* Whether there is a device of this kernel name, be it a volume or not. */
static bool is_device(const struct ctl *ctl, const char *name)
{
	_cleanup_free_ char *shown = tree_path(ctl, "devices/%s", name);
	_cleanup_free_ char *known = xasprintf("/sys/class/block/%s", name);
	struct stat status;

	return lstat(shown, &status) == 0 || lstat(known, &status) == 0;
}

/* What labels are of, and where udevd has links by them, for those that no file of the tree has. */
static const struct {
	const char *tag;
	const char *file;
	const char *folder;
} labels[] = {
	{ "LABEL=", "label", NULL },
	{ "PARTLABEL=", NULL, "/dev/disk/by-partlabel" },
};

/* The number of the tag, or their count. */
static size_t find_label(const char *word)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(labels) && strncmp(word, labels[i].tag, strlen(labels[i].tag)) != 0)
		i++;
	return i;
}

/*
 * The ID or kernel name that a folder of the tree is of, or the path of what is in it. The node of
 * a volume that is absent is not there, and means the volume.
 */
static char *read_folder(const struct ctl *ctl, const char *path, size_t prefix)
{
	size_t len = strcspn(path + prefix, "/");
	const char *inside = path + prefix + len + strspn(path + prefix + len, "/");
	_cleanup_free_ char *name = xstrndup(path + prefix, len);
	_cleanup_free_ char *whole = tree_path(ctl, "%s", path + 1);

	if (!*inside || (strcmp(inside, "device") == 0 && access(whole, F_OK) < 0))
		return text_unescape(name);
	return steal_ptr(whole);
}

/* NULL: it is no path into a folder of volumes. */
static char *enter_tree(const struct ctl *ctl, const char *path)
{
	static const char *const folders[] = { "/ids/", "/devices/" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (strncmp(path, folders[i], strlen(folders[i])) == 0)
			return read_folder(ctl, path, strlen(folders[i]));
	return NULL;
}

/* A path that leads to a node, by whatever symlinks and from wherever, means that node. */
static void resolve(struct name *name)
{
	_cleanup_free_ char *node = strchr(name->text, '/') ? realpath(name->text, NULL) : NULL;
	struct stat status;

	if (node && stat(node, &status) == 0 && S_ISBLK(status.st_mode) &&
		strlen(node) < sizeof(name->text))
		strcpy(name->text, node);
}

int name_guess(const struct ctl *ctl, const char *word, struct name *ret_name)
{
	_cleanup_free_ char *path = enter_mount(ctl, word), *inside = enter_tree(ctl, path);
	struct link_name link;

	word = inside ? inside : path;
	ret_name->kind = NAME_DEVICE;
	snprintf(ret_name->text, sizeof(ret_name->text), "%s", word);
	if (!*word || strlen(word) >= sizeof(ret_name->text))
		return ctl_misuse("'%.64s' names no volume", word);
	if (unique_id_is_valid(word)) {
		ret_name->kind = NAME_ID;
	} else if (find_label(word) < ARRAY_SIZE(labels)) {
		ret_name->kind = NAME_LABEL;
	} else if (link_name_is_form(word) || (!strchr(word, '/') && !is_device(ctl, word))) {
		ret_name->kind = NAME_LINK;
		if (name_parse_link(ctl, word, &link) != CTL_OK)
			return CTL_USAGE;
		snprintf(ret_name->text, sizeof(ret_name->text), "%s", link.path);
	} else {
		resolve(ret_name);
	}
	return CTL_OK;
}

const char *name_get_key(const struct name *name)
{
	switch (name->kind) {
	case NAME_LINK:
		return "link";
	case NAME_ID:
		return "id";
	case NAME_DEVICE:
	case NAME_LABEL:
		break;
	}
	return "device";
}

/* One that mmfs would make of its value, which is not so for what identifies nothing. */
static bool is_possible_id(const char *text)
{
	const char *value = strchr(text, '=') + 1;
	char id[UNIQUE_ID_MAX + 1];

	for (size_t i = 0; i < ID_KINDS; i++)
		if (unique_id_format((enum id_scheme)i, value, 0, id) && strcmp(id, text) == 0)
			return true;
	return false;
}

/* What begins as unique IDs do and is none is taken for a link, for want of anything else. */
static bool is_like_id(const char *link)
{
	static const char sample[] = "1x2";
	char id[UNIQUE_ID_MAX + 1];

	for (size_t i = 0; i < ID_KINDS; i++)
		if (unique_id_format((enum id_scheme)i, sample, 0, id) &&
			strncmp(link, id, strlen(id) - strlen(sample)) == 0)
			return true;
	return false;
}

/* Follows symlinks as far as they are there. */
static void follow(char path[4096])
{
	char target[4096];
	ssize_t len;

	for (int i = 0; i < SYMLINKS_MAX; i++) {
		len = readlink(path, target, sizeof(target));
		if (len <= 0 || len == sizeof(target) || *target != '/')
			return;
		memcpy(path, target, (size_t)len);
		path[len] = '\0';
	}
}

/* A node, or a place where there may be one later, maybe behind a symlink that is there now. */
static bool is_possible_node(const struct name *name)
{
	char path[4096];
	struct stat status;

	snprintf(path, sizeof(path), "%s", name->text);
	follow(path);
	if (strstr(path, "/../") || path[strlen(path) - 1] == '/')
		return false;
	if (strncmp(path, "/dev/", 5) != 0)
		return *path != '/' && *path != '.';
	return stat(path, &status) < 0 || S_ISBLK(status.st_mode);
}

int name_check(const struct name *name)
{
	const char *id = NULL;

	switch (name->kind) {
	case NAME_LINK:
		id = link_name_get_base(name->text);
		if (!is_like_id(id))
			return CTL_OK;
		break;
	case NAME_ID:
		id = name->text;
		if (is_possible_id(id))
			return CTL_OK;
		break;
	case NAME_DEVICE:
		if (is_possible_node(name))
			return CTL_OK;
		return ctl_misuse("'%s' can never be the node of a volume", name->text);
	case NAME_LABEL:
		if (strchr(name->text, '=')[1])
			return CTL_OK;
		return ctl_misuse("'%s' names no label", name->text);
	}
	return ctl_misuse("no volume can ever have the unique ID '%s'", id);
}

/* The folder of the volume on a node. */
static char *find_by_node(const struct ctl *ctl, const char *node)
{
	_cleanup_strbuf_ struct strbuf name = STRBUF_INIT;
	_cleanup_free_ char *target = NULL;

	strbuf_add_file_name(&name, strncmp(node, "/dev/", 5) == 0 ? node + 5 : node);
	target = tree_read_link(ctl, "devices/%s", strbuf_text(&name));
	return target && strncmp(target, "../", 3) == 0 ? xstrdup(target + 3) : NULL;
}

static char *get_folder(const char *id)
{
	_cleanup_strbuf_ struct strbuf name = STRBUF_INIT;

	strbuf_add_file_name(&name, id);
	return xasprintf("ids/%s", strbuf_text(&name));
}

static char *find_by_link(const struct ctl *ctl, const char *link)
{
	_cleanup_(points_fini) struct shown_points points = { 0 };
	const char *id = NULL;

	if (tree_read_points(ctl, &points) < 0)
		return NULL;
	for (size_t i = 0; i < points.count; i++) {
		if (strcmp(points.list[i].link, link) == 0)
			return get_folder(points.list[i].id);
		if (strcasecmp(points.list[i].link, link) == 0)
			id = points.list[i].id;
	}
	return id ? get_folder(id) : NULL;
}

static bool is_folder(const struct ctl *ctl, const char *folder)
{
	_cleanup_free_ char *path = tree_path(ctl, "%s", folder);
	struct stat status;

	return lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static char *find_by_id(const struct ctl *ctl, const char *id)
{
	_cleanup_free_ char *folder = get_folder(id), *found = NULL;
	_cleanup_(texts_free_p) char **names = NULL;

	if (is_folder(ctl, folder))
		return steal_ptr(folder);
	names = tree_list_names(ctl, "ids");
	for (size_t i = 0; names[i]; i++) {
		if (strcasecmp(names[i], folder + strlen("ids/")) != 0)
			continue;
		if (found)
			return NULL; /* two that differ in case only */
		found = xasprintf("ids/%s", names[i]);
	}
	return steal_ptr(found);
}

#define NODES_SHOWN 8

/* The volumes that have a label. */
struct labelled {
	size_t count;
	char *folder;	     /* of the first */
	struct strbuf nodes; /* of the first few */
};

static void labelled_fini(struct labelled *labelled)
{
	free(labelled->folder);
	strbuf_fini(&labelled->nodes);
}

static void find_labelled(
	const struct ctl *ctl, const char *file, const char *value, struct labelled *ret_labelled)
{
	_cleanup_(texts_free_p) char **names = tree_list_names(ctl, "ids");

	for (size_t i = 0; *value && names[i]; i++) {
		_cleanup_free_ char *text = tree_read_line(ctl, "ids/%s/%s", names[i], file);
		_cleanup_free_ char *label = text_unescape(text), *node = NULL;

		if (strcmp(label, value) != 0)
			continue;
		if (ret_labelled->count++ == 0)
			ret_labelled->folder = xasprintf("ids/%s", names[i]);
		node = tree_read_link(ctl, "ids/%s/device", names[i]);
		if (ret_labelled->count <= NODES_SHOWN)
			strbuf_add_format(&ret_labelled->nodes, " %s", node ? node : names[i]);
	}
}

/* The only volume whose file says that. */
static char *find_by_file(const struct ctl *ctl, const char *file, const char *value)
{
	_cleanup_(labelled_fini) struct labelled labelled = { 0 };

	find_labelled(ctl, file, value, &labelled);
	return labelled.count == 1 ? steal_ptr(labelled.folder) : NULL;
}

/* As udevd spells it in the names of its links. */
static char *find_by_udev(const struct ctl *ctl, const char *folder, const char *value)
{
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
	_cleanup_free_ char *node = NULL;

	strbuf_add_format(&path, "%s/", folder);
	for (const char *c = value; *c; c++) {
		bool is_plain = (*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') ||
			(*c >= 'a' && *c <= 'z') || *c & 0x80 || strchr("#+-.:=@_", *c);

		if (is_plain)
			strbuf_add_char(&path, *c);
		else
			strbuf_add_format(&path, "\\x%02x", (unsigned char)*c);
	}
	node = realpath(path.data, NULL);
	return node ? find_by_node(ctl, node) : NULL;
}

static char *find_by_label(const struct ctl *ctl, const char *text)
{
	size_t kind = find_label(text);
	const char *value = text + strlen(labels[kind].tag);

	return labels[kind].file ? find_by_file(ctl, labels[kind].file, value)
				 : find_by_udev(ctl, labels[kind].folder, value);
}

char *name_find_doubt(const struct ctl *ctl, const struct name *name)
{
	_cleanup_(labelled_fini) struct labelled labelled = { 0 };
	size_t kind = name->kind == NAME_LABEL ? find_label(name->text) : ARRAY_SIZE(labels);

	if (kind < ARRAY_SIZE(labels) && labels[kind].file)
		find_labelled(
			ctl, labels[kind].file, name->text + strlen(labels[kind].tag), &labelled);
	if (labelled.count < 2)
		return NULL;
	return xasprintf("%zu devices have %s:%s%s", labelled.count, name->text,
		strbuf_text(&labelled.nodes), labelled.count > NODES_SHOWN ? " …" : "");
}

char *name_find(const struct ctl *ctl, const struct name *name)
{
	_cleanup_free_ char *node = NULL;

	switch (name->kind) {
	case NAME_LINK:
		return find_by_link(ctl, name->text);
	case NAME_ID:
		return find_by_id(ctl, name->text);
	case NAME_DEVICE:
		node = realpath(name->text, NULL);
		return find_by_node(ctl, node ? node : name->text);
	case NAME_LABEL:
		return find_by_label(ctl, name->text);
	}
	return NULL;
}

static char *find_in_state(const struct ctl *ctl, const struct name *name, const char *other)
{
	_cleanup_free_ char *folder = name_find(ctl, name), *state = NULL;

	if (!folder)
		return NULL;
	state = tree_read_line(ctl, "%s/state", folder);
	return strcmp(state, "online") == 0 || strcmp(state, other) == 0 ? steal_ptr(folder) : NULL;
}

char *name_find_online(const struct ctl *ctl, const struct name *name)
{
	return find_in_state(ctl, name, "online");
}

char *name_find_present(const struct ctl *ctl, const struct name *name)
{
	return find_in_state(ctl, name, "incomplete");
}

int name_find_word(const struct ctl *ctl, const char *word, struct name *ret_name,
	char **ret_folder, char **ret_doubt)
{
	if (name_guess(ctl, word, ret_name) != CTL_OK)
		return CTL_USAGE;
	*ret_folder = name_find(ctl, ret_name);
	*ret_doubt = *ret_folder ? NULL : name_find_doubt(ctl, ret_name);
	return CTL_OK;
}
