/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether names and devices belong together, looked at anew: the commands explain and verify.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/database.h"
#include "ctl/evidence.h"
#include "ctl/output.h"
#include "ctl/volume_name.h"

static const char *const scheme_words[ID_KINDS] = {
	[ID_UUID] = "uuid",
	[ID_PARTUUID] = "partuuid",
	[ID_DM_UUID] = "dm",
	[ID_MD_UUID] = "md",
	[ID_WWN] = "wwn",
	[ID_SERIAL] = "serial",
	[ID_PATH] = "path",
};

/* A device, and what the tree has about it. */
struct finding {
	const struct ctl *ctl;
	struct evidence evidence;
	char *folder;	 /* of its volume, NULL: it has none */
	char *id;	 /* the volume's */
	char *reason;	 /* why it is no volume */
	bool lacks_id;	 /* which is all that it lacks to be one */
	bool is_id_seen; /* in the schemes so far */
};

static void finding_fini(struct finding *finding)
{
	evidence_fini(&finding->evidence);
	free(finding->folder);
	free(finding->id);
	free(finding->reason);
}

/* What is in the list of devices that are no volumes. */
static void find_reason(struct finding *finding)
{
	static const char *const keys[] = { "DEVICE", "KIND", "REASON" };
	static const char *const kinds[] = { "volume", "duplicate", "stranger" };
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	char *values[ARRAY_SIZE(keys)];

	tree_read(finding->ctl, "control/unprocessed", &text);
	for (char *at = text.data; pairs_take_line(&at, keys, values, ARRAY_SIZE(keys));) {
		if (!values[2] || !is_same_text(values[0], finding->evidence.node))
			continue;
		finding->reason = xstrdup(values[2]);
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
			finding->lacks_id |= is_same_text(values[1], kinds[i]);
		return;
	}
}

/* The node behind a name: of links and IDs the volume's. */
static char *find_node(const struct ctl *ctl, const struct name *name)
{
	_cleanup_free_ char *folder = NULL;

	if (name->kind == NAME_DEVICE)
		return *name->text == '/' ? xstrdup(name->text) : xasprintf("/dev/%s", name->text);
	folder = name_find_present(ctl, name);
	return folder ? tree_read_link(ctl, "%s/device", folder) : NULL;
}

static int finding_make(struct finding *finding, const char *word)
{
	_cleanup_free_ char *node = NULL, *doubt = NULL;
	struct name name;
	int r = name_guess(finding->ctl, word, &name);

	if (r != CTL_OK)
		return r;
	node = find_node(finding->ctl, &name);
	doubt = node ? NULL : name_find_doubt(finding->ctl, &name);
	if (doubt)
		return ctl_fail("cannot explain %s: %s", word, doubt);
	if (!node)
		return ctl_fail("cannot explain %s: no volume of that name is present (mmctl list "
				"shows the links, mmctl history what became of them)",
			word);
	r = evidence_gather(node, &finding->evidence);
	if (r < 0)
		return ctl_fail(
			"cannot explain %s: %s (mmctl tree shows the devices)", word, strerror(-r));
	name.kind = NAME_DEVICE;
	snprintf(name.text, sizeof(name.text), "%s", finding->evidence.node);
	finding->folder = name_find_present(finding->ctl, &name);
	if (finding->folder)
		finding->id = text_unescape(finding->folder + strlen("ids/"));
	else
		find_reason(finding);
	return CTL_OK;
}

/* What became of one identity of the device. */
static char *judge(struct finding *finding, const char *id, bool is_there)
{
	_cleanup_strbuf_ struct strbuf name = STRBUF_INIT;
	_cleanup_free_ char *owner = NULL;

	if (!id)
		return xstrdup(is_there ? "identifies nothing" : "absent");
	if (is_same_text(id, finding->id)) {
		finding->is_id_seen = true;
		return xstrdup("used");
	}
	strbuf_add_file_name(&name, id);
	owner = tree_read_link(finding->ctl, "ids/%s/device", name.data);
	if (owner && strcmp(owner, finding->evidence.node) != 0)
		return xasprintf("taken by %s", owner);
	if (owner && *owner)
		return xstrdup("has names");
	if (!finding->id && !finding->lacks_id)
		return xstrdup("not used");
	return xstrdup(finding->is_id_seen ? "not needed" : "passed over");
}

enum {
	SCHEME,
	UDEV,
	PROBE,
	ID,
	RESULT,
	COLUMNS,
};

static const struct column columns[COLUMNS] = {
	[SCHEME] = { "SCHEME", "kind of identity", COLUMN_TEXT, false },
	[UDEV] = { "UDEV", "what udev says", COLUMN_TEXT, false },
	[PROBE] = { "PROBE", "what libblkid reads, or sysfs says", COLUMN_TEXT, false },
	[ID] = { "ID", "the unique ID that would be", COLUMN_TEXT, true },
	[RESULT] = { "RESULT", "what became of it", COLUMN_TEXT, false },
};

const struct layout schemes_layout = { "schemes", columns, COLUMNS };

static void add_scheme(struct finding *finding, enum id_scheme scheme, struct table *table,
	struct json_object *schemes)
{
	const struct evidence *evidence = &finding->evidence;
	const char *udev = evidence->udev[scheme], *probe = evidence->probe[scheme];
	char text[UNIQUE_ID_MAX + 1];
	bool is_id = unique_id_format(scheme, udev ? udev : probe, evidence->partition, text);
	_cleanup_free_ char *result = judge(finding, is_id ? text : NULL, udev || probe);
	const char *cells[COLUMNS] = { scheme_words[scheme], udev, probe, is_id ? text : NULL,
		result };
	static const char *const keys[COLUMNS] = { "scheme", "udev", "probe", "id", "result" };
	struct line *line = table_add(table, NULL);
	struct json_object *object = json_object_new_object();

	for (size_t i = 0; i < COLUMNS; i++) {
		table_set(table, line, i, cells[i]);
		if (!finding->ctl->columns || table_wants(table, i))
			json_object_object_add(object, keys[i],
				cells[i] ? json_object_new_string(cells[i]) : NULL);
	}
	json_object_array_add(schemes, object);
	if (strcmp(result, "used") == 0)
		table_color(table, line, "green");
}

static char *summarize(const struct finding *finding)
{
	const struct evidence *evidence = &finding->evidence;

	if (finding->id)
		return xasprintf("%s is the volume %s", evidence->node, finding->id);
	if (finding->reason)
		return xasprintf("%s is no volume: %s", evidence->node, finding->reason);
	return xasprintf("%s is no volume, nor might it be one: it is a disk with a partition "
			 "table, a part of something else, empty, or left out by the option "
			 "devices=",
		evidence->node);
}

static void print_line(const char *key, const char *value)
{
	fputs(key, stdout);
	output_print_line(value);
}

static struct json_object *read_links(const struct finding *finding)
{
	_cleanup_free_ char *file = xasprintf("%s/links", finding->folder ? finding->folder : "");
	struct json_object *links = json_object_new_array();
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	char *rest, *line;

	if (finding->folder)
		tree_read(finding->ctl, file, &text);
	for (rest = text.data; rest && (line = strsep(&rest, "\n"));) {
		_cleanup_free_ char *link = text_unescape(line);

		if (*link)
			json_object_array_add(links, json_object_new_string(link));
	}
	return links;
}

#define DEV_LINKS "/dev/mm"

/* Only that: what udevd makes there leads to "../sda1". */
static int is_dev_link(const struct dirent *entry)
{
	return entry->d_type == DT_LNK;
}

/* The links that udevd has made of the device's names. */
static struct json_object *read_dev_links(const char *node)
{
	struct json_object *links = json_object_new_array();
	struct dirent **entries;
	int count = scandir(DEV_LINKS, &entries, is_dev_link, alphasort);

	for (int i = 0; i < count; i++) {
		_cleanup_free_ char *path = xasprintf(DEV_LINKS "/%s", entries[i]->d_name);
		char target[256];
		ssize_t n = readlink(path, target, sizeof(target) - 1);

		target[n < 0 ? 0 : n] = '\0';
		if (strncmp(target, "../", 3) == 0 && strncmp(node, "/dev/", 5) == 0 &&
			strcmp(target + 3, node + 5) == 0)
			json_object_array_add(links, json_object_new_string(path));
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return links;
}

static void print_list(const char *key, struct json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++)
		print_line(i ? "       " : key,
			json_object_get_string(json_object_array_get_idx(list, i)));
}

static void print_text(const struct finding *finding, struct json_object *links)
{
	_cleanup_json_ struct json_object *dev_links = read_dev_links(finding->evidence.node);
	_cleanup_free_ char *summary = summarize(finding);

	print_line("", summary);
	print_list("names: ", links);
	print_list("links: ", dev_links);
	if (finding->evidence.fault)
		print_line("probe: ", finding->evidence.fault);
	else
		print_line("probe: ",
			finding->evidence.fstype ? finding->evidence.fstype : "no content");
	if (!finding->evidence.is_known_to_udev)
		print_line("udev:  ", "has not dealt with it");
	putchar('\n');
}

static struct json_object *new_text(const char *text)
{
	return text ? json_object_new_string(text) : NULL;
}

/* Takes both arrays over. */
static void print_json(
	const struct finding *finding, struct json_object *links, struct json_object *schemes)
{
	_cleanup_json_ struct json_object *object = json_object_new_object();
	const struct evidence *evidence = &finding->evidence;

	json_object_object_add(object, "device", new_text(evidence->node));
	json_object_object_add(object, "id", new_text(finding->id));
	json_object_object_add(object, "reason", new_text(finding->reason));
	json_object_object_add(object, "fstype", new_text(evidence->fstype));
	json_object_object_add(object, "fault", new_text(evidence->fault));
	json_object_object_add(object, "links", links);
	json_object_object_add(object, "dev_links", read_dev_links(evidence->node));
	json_object_object_add(object, "schemes", schemes);
	json_print(object, JSON_C_TO_STRING_PRETTY);
}

int cmd_explain(struct ctl *ctl, int count, char **words)
{
	_cleanup_(finding_fini) struct finding finding = { .ctl = ctl };
	_cleanup_(table_free_p) struct table *table = table_new(ctl, &schemes_layout);
	_cleanup_json_ struct json_object *schemes = json_object_new_array(), *links = NULL;
	int r = finding_make(&finding, words[0]);

	if (r != CTL_OK)
		return r;
	for (size_t i = 0; i < ID_KINDS; i++)
		add_scheme(&finding, (enum id_scheme)i, table, schemes);
	links = read_links(&finding);
	if (ctl->is_quiet)
		return finding.id ? CTL_OK : CTL_FAILED;
	if (ctl->format == FORMAT_JSON) {
		print_json(&finding, steal_ptr(links), steal_ptr(schemes));
		return CTL_OK;
	}
	if (ctl->format == FORMAT_TABLE && ctl->has_headings)
		print_text(&finding, links);
	return table_print(table);
}

static bool find_scheme(const char *id, enum id_scheme *ret_scheme)
{
	static const char *const tags[ID_KINDS] = {
		[ID_UUID] = "UUID=",
		[ID_PARTUUID] = "PARTUUID=",
		[ID_DM_UUID] = "DM_UUID=",
		[ID_MD_UUID] = "MD_UUID=",
		[ID_WWN] = "WWN=",
		[ID_SERIAL] = "SERIAL=",
		[ID_PATH] = "PATH=",
	};

	for (size_t i = 0; i < ID_KINDS; i++) {
		*ret_scheme = (enum id_scheme)i;
		if (strncmp(id, tags[i], strlen(tags[i])) == 0)
			return true;
	}
	return false;
}

/* Whether the device that a link leads to has this ID now. */
static int verify(const struct ctl *ctl, const char *link, const char *id, const char *node)
{
	_cleanup_(evidence_fini) struct evidence evidence = { 0 };
	_cleanup_free_ char *now = NULL;
	char found[UNIQUE_ID_MAX + 1] = "nothing";
	enum id_scheme scheme;
	int r = evidence_gather(node, &evidence);

	if (r < 0)
		return ctl_fail("%s is not to be relied on: %s: %s", link, node, strerror(-r));
	if (evidence.fault)
		return ctl_fail("%s is not to be relied on: %s: %s", link, node, evidence.fault);
	if (!find_scheme(id, &scheme) || !evidence_format(&evidence, scheme, found) ||
		strcmp(found, id) != 0)
		return ctl_fail("%s is not to be relied on: %s should have %s and has %s (mmctl "
				"explain %s tells more)",
			link, node, id, found, node);
	now = tree_read_link(ctl, "%s", link + 1);
	if (!is_same_text(now, node))
		return ctl_fail("%s is not to be relied on: it has just changed", link);
	if (!ctl->is_quiet) {
		_cleanup_free_ char *text = xasprintf("%s is %s, which has %s", link, node, id);

		output_print_line(text);
	}
	return CTL_OK;
}

int cmd_verify(struct ctl *ctl, int count, char **words)
{
	_cleanup_free_ char *folder = NULL, *node = NULL, *id = NULL;
	struct name name = { .kind = NAME_LINK };
	struct link_name link;

	if (name_parse_link(ctl, words[0], &link) != CTL_OK)
		return CTL_USAGE;
	snprintf(name.text, sizeof(name.text), "%s", link.path);
	folder = name_find_present(ctl, &name);
	node = folder ? tree_read_link(ctl, "%s/device", folder) : NULL;
	if (!node)
		return ctl_fail("%s is not to be relied on: no volume of that name is present "
				"(mmctl list shows the links)",
			link.path);
	id = text_unescape(folder + strlen("ids/"));
	return verify(ctl, link.path, id, node);
}
