/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names that other machines have, too: the command cluster, and the picture of who sees what.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/cluster.h"
#include "ctl/volume_name.h"

#define HOST_BYTES_MAX 64
#define TURN 100000   /* µs */
#define TURNS_MAX 200 /* until the cluster is there: 20 s */

enum {
	HOST,
	STATE,
	SINCE,
	REVISION,
	LAG,
	VOLUMES,
	REASON,
	COLUMNS,
};

static const struct column columns[COLUMNS] = {
	[HOST] = { "HOST", "the machine; this one stands first", COLUMN_TEXT, false },
	[STATE] = { "STATE",
		"of this one: off, away, joining, up, down, read-only or full; "
		"of others: alive or silent",
		COLUMN_TEXT, false },
	[SINCE] = { "SINCE", "since when that is so", COLUMN_TEXT, false },
	[REVISION] = { "REVISION", "the last that shows here", COLUMN_NUMBER, false },
	[LAG] = { "LAG", "changes that do not show yet", COLUMN_NUMBER, false },
	[VOLUMES] = { "VOLUMES", "how many shared volumes it sees", COLUMN_NUMBER, false },
	[REASON] = { "REASON", "what is wrong", COLUMN_PROSE, false },
};

const struct layout cluster_layout = { "cluster", columns, COLUMNS };

/* What control/cluster says, in its own text. */
struct sight {
	char *id, *host, *device, *state, *mounts;
};

struct other {
	char *name, *alive;
};

struct shown {
	struct strbuf text;
	char *state[7]; /* in the order of `state_keys` */
	struct other *others;
	size_t other_count;
	struct sight *sights;
	size_t sight_count;
};

static const char *const state_keys[] = { "CLUSTER", "HOST", "STATE", "SINCE", "REVISION", "LAG",
	"WHY" };

static void shown_fini(struct shown *shown)
{
	strbuf_fini(&shown->text);
	free(shown->others);
	free(shown->sights);
}

static void take_line(struct shown *shown, char *line)
{
	static const char *const host_keys[] = { "HOST", "ALIVE" };
	static const char *const sight_keys[] = { "SEEN", "HOST", "DEVICE", "STATE", "MOUNTS" };
	char *values[5];

	if (strncmp(line, "HOST=", 5) == 0 && pairs_take_line(&line, host_keys, values, 2)) {
		shown->others = xgrow(shown->others, shown->other_count, sizeof(*shown->others));
		shown->others[shown->other_count++] = (struct other){ values[0], values[1] };
	} else if (strncmp(line, "SEEN=", 5) == 0 &&
		pairs_take_line(&line, sight_keys, values, 5)) {
		shown->sights = xgrow(shown->sights, shown->sight_count, sizeof(*shown->sights));
		shown->sights[shown->sight_count++] =
			(struct sight){ values[0], values[1], values[2], values[3], values[4] };
	} else if (strncmp(line, "CLUSTER=", 8) == 0) {
		pairs_take_line(&line, state_keys, shown->state, ARRAY_SIZE(state_keys));
	}
}

/* Who is there is asked for by the wait for all that was written before; or it is as it was. */
static void ask_cluster(struct ctl *ctl)
{
	struct ctl patient = *ctl;
	_cleanup_strbuf_ struct strbuf reply = STRBUF_INIT;

	if (patient.timeout_ms < 0)
		patient.timeout_ms = 20000;
	tree_request(&patient, "settle", "1", 1, &reply);
}

static int read_cluster(struct ctl *ctl, struct shown *shown)
{
	char *at, *line;

	ask_cluster(ctl);
	if (tree_read(ctl, "control/cluster", &shown->text) < 0 || !shown->text.data)
		return ctl_fail(
			"cannot read %s/control/cluster: this mmfs has no clusters", ctl->mount);
	at = shown->text.data;
	while ((line = strsep(&at, "\n")))
		if (*line)
			take_line(shown, line);
	return CTL_OK;
}

static void set_count(
	struct table *table, struct line *line, const struct shown *shown, const char *host)
{
	_cleanup_free_ char *text = NULL;
	size_t count = 0;

	for (size_t i = 0; i < shown->sight_count; i++)
		count += is_same_text(shown->sights[i].host, host);
	text = xasprintf("%zu", count);
	table_set(table, line, VOLUMES, text);
}

static int show_status(struct ctl *ctl)
{
	_cleanup_(table_free_p) struct table *table = table_new(ctl, &cluster_layout);
	_cleanup_(shown_fini) struct shown shown = { 0 };
	struct line *line;
	int r = read_cluster(ctl, &shown);

	if (r != CTL_OK)
		return r;
	line = table_add(table, NULL);
	for (size_t i = 1; i < ARRAY_SIZE(state_keys); i++)
		table_set(table, line, i < 6 ? i - 1 : REASON, shown.state[i]);
	set_count(table, line, &shown, shown.state[1]);
	for (size_t i = 0; i < shown.other_count; i++) {
		const struct other *other = &shown.others[i];
		bool is_alive = is_same_text(other->alive, "1");

		if (is_same_text(other->name, shown.state[1]))
			continue;
		line = table_add(table, NULL);
		table_set(table, line, HOST, other->name);
		table_set(table, line, STATE, is_alive ? "alive" : "silent");
		set_count(table, line, &shown, other->name);
	}
	return table_print(table);
}

/* Printable ASCII, as control/cluster_forget takes it. */
static bool is_host(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~' || strchr("/\\\"", text[i]))
			return false;
	return len && len <= HOST_BYTES_MAX;
}

static int forget_host(struct ctl *ctl, const char *host)
{
	_cleanup_strbuf_ struct strbuf request = STRBUF_INIT, reply = STRBUF_INIT;
	_cleanup_free_ char *what = xasprintf("forget the host '%s'", host);

	if (!is_host(host))
		return ctl_misuse("'%s' cannot be the name of a machine", host);
	ask_cluster(ctl);
	request_add(&request, "host", host);
	return tree_run(ctl, "cluster_forget", &request, &reply, what);
}

/* One volume: those that are not to be shared are passed over. */
static int join_volume(struct ctl *ctl, const char *folder)
{
	_cleanup_free_ char *id = text_unescape(folder);
	_cleanup_strbuf_ struct strbuf request = STRBUF_INIT, reply = STRBUF_INIT;
	_cleanup_free_ char *what = xasprintf("share the names of '%s'", id);
	int r;

	request_add(&request, "id", id);
	if (ctl->is_dry_run)
		request_add(&request, "try", "1");
	r = tree_request(ctl, "cluster_join", request.data, request.len, &reply);
	if (r == -EOPNOTSUPP || r == -ENOENT)
		return CTL_OK;
	return r < 0 ? tree_report(ctl, r, strbuf_text(&reply), what) : CTL_OK;
}

static bool is_state(const struct shown *shown, const char *state)
{
	return is_same_text(shown->state[2], state);
}

/* All that the engine has is read, and shows then. */
static int await_cluster(struct ctl *ctl, struct shown *shown)
{
	_cleanup_strbuf_ struct strbuf reply = STRBUF_INIT;

	for (int i = 0; i < TURNS_MAX; i++) {
		shown_fini(shown);
		*shown = (struct shown){ 0 };
		if (read_cluster(ctl, shown) != CTL_OK)
			return CTL_FAILED;
		if (is_state(shown, "up") || is_state(shown, "read-only"))
			break;
		usleep(TURN);
	}
	if (is_state(shown, "up")) /* since the last wait, maybe */
		return tree_request(ctl, "settle", "1", 1, &reply) < 0 ? CTL_FAILED : CTL_OK;
	return ctl_fail("what the cluster has is not taken over: it is %s%s%s", shown->state[2],
		shown->state[6] && *shown->state[6] ? ": " : "",
		shown->state[6] ? shown->state[6] : "");
}

/* Where the engine is another one, or an older copy, that is no reason any more. */
static int take_over(struct ctl *ctl, struct shown *shown)
{
	_cleanup_strbuf_ struct strbuf request = STRBUF_INIT, reply = STRBUF_INIT;
	int r;

	if (ctl->is_dry_run) {
		_cleanup_free_ char *text =
			xasprintf("What the cluster has would be taken over: %s",
				shown->state[6] ? shown->state[6] : "");

		if (!ctl->is_quiet)
			output_print_line(text);
		return CTL_OK;
	}
	request_add(&request, "all", "1");
	r = tree_run(ctl, "cluster_join", &request, &reply, "take over what the cluster has");
	return r == CTL_OK ? await_cluster(ctl, shown) : r;
}

static int join(struct ctl *ctl)
{
	_cleanup_(texts_free_p) char **folders = tree_list_names(ctl, "ids");
	_cleanup_(shown_fini) struct shown shown = { 0 };
	int result = read_cluster(ctl, &shown);

	if (result != CTL_OK || is_state(&shown, "off"))
		return ctl_fail("cannot join: mmfs was started without cluster=");
	if (is_state(&shown, "read-only"))
		result = take_over(ctl, &shown);
	if (result != CTL_OK)
		return result;
	for (size_t i = 0; folders[i]; i++) {
		int r = join_volume(ctl, folders[i]);

		result = r > result ? r : result;
	}
	return result;
}

int cmd_cluster(struct ctl *ctl, int count, char **words)
{
	if (strcmp(words[0], "join") == 0 && count == 1)
		return join(ctl);
	if (strcmp(words[0], "status") == 0 && count == 1)
		return show_status(ctl);
	if (strcmp(words[0], "forget") == 0 && count == 2)
		return forget_host(ctl, words[1]);
	return ctl_misuse("cluster takes status, join, or forget HOST");
}

/* --- the picture ------------------------------------------------------------------------------ */

static int compare_sights(const void *a, const void *b)
{
	const struct sight *one = a, *other = b;
	int order = strcmp(one->id, other->id);

	return order ? order : strcmp(one->host, other->host);
}

static const char *get_state(const struct shown *shown, const struct sight *sight)
{
	for (size_t i = 0; i < shown->other_count; i++)
		if (is_same_text(shown->others[i].name, sight->host) &&
			!is_same_text(shown->others[i].alive, "1"))
			return "silent";
	return sight->state;
}

int cluster_draw(struct ctl *ctl, struct table *table, const struct cluster_columns *places)
{
	_cleanup_(shown_fini) struct shown shown = { 0 };
	struct line *root, *volume = NULL;
	int r = read_cluster(ctl, &shown);

	if (r != CTL_OK)
		return r;
	if (is_same_text(shown.state[2], "off"))
		return ctl_fail("cannot show the cluster: mmfs was started without cluster=");
	if (shown.sight_count)
		qsort(shown.sights, shown.sight_count, sizeof(*shown.sights), compare_sights);
	root = table_add(table, NULL);
	table_set(table, root, places->name, shown.state[0]);
	table_set(table, root, places->state, shown.state[2]);
	for (size_t i = 0; i < shown.sight_count; i++) {
		const struct sight *sight = &shown.sights[i];
		_cleanup_free_ char *name =
			xasprintf("%s %s", sight->host, sight->device ? sight->device : "");
		struct line *line;

		if (i == 0 || strcmp(sight->id, shown.sights[i - 1].id) != 0) {
			volume = table_add(table, root);
			table_set(table, volume, places->name, sight->id);
			table_set(table, volume, places->id, sight->id);
			places->describe(ctl, table, volume, sight->id);
		}
		line = table_add(table, volume);
		table_set(table, line, places->name, name);
		table_set(table, line, places->state, get_state(&shown, sight));
		table_set(table, line, places->mounts, sight->mounts);
	}
	return table_print(table);
}
