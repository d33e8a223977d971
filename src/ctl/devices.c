/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands about devices that are no volumes, or not yet, about volumes that are gone for good,
 * and about what has failed: unprocessed, check, arrival, removal, accept, forget, errors.
 */

#include <stdio.h>
#include <string.h>

#include "core/syntax/unique_id.h"
#include "ctl/output.h"
#include "ctl/volume_name.h"

/* The source of a column is the key of a pair. */
static const struct column unprocessed_columns[] = {
	{ "DEVICE", "its node", COLUMN_TEXT, false, "DEVICE" },
	{ "KIND", "disk, member, blank, unreadable, duplicate, stranger or volume", COLUMN_TEXT,
		false, "KIND" },
	{ "REASON", "why it is no volume", COLUMN_PROSE, false, "REASON" },
};

static const struct column error_columns[] = {
	{ "TIME", "when", COLUMN_TEXT, false, "TIME" },
	{ "UID", "user", COLUMN_NUMBER, false, "UID" },
	{ "OPERATION", "what", COLUMN_TEXT, false, "OPERATION" },
	{ "ERRNO", "name of the error", COLUMN_TEXT, false, "ERRNO" },
	{ "WHY", "why", COLUMN_PROSE, false, "WHY" },
	{ "REQUEST", "the request", COLUMN_TEXT, true, "REQUEST" },
};

#define COLUMNS_MAX 8

const struct layout unprocessed_layout = { "unprocessed", unprocessed_columns,
	ARRAY_SIZE(unprocessed_columns) };
const struct layout errors_layout = { "errors", error_columns, ARRAY_SIZE(error_columns) };

/* Shows a file of lines of pairs. */
static int show_pairs(
	struct ctl *ctl, const char *file, const struct layout *layout, const char *what)
{
	_cleanup_(table_free_p) struct table *table = table_new(ctl, layout);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	const char *keys[COLUMNS_MAX];
	char *values[COLUMNS_MAX], *at;
	int r = tree_read(ctl, file, &text);

	if (r < 0)
		return tree_report(ctl, r, "", what);
	for (size_t i = 0; i < layout->count; i++)
		keys[i] = layout->columns[i].source;
	for (at = text.data; pairs_take_line(&at, keys, values, layout->count);) {
		struct line *line = table_add(table, NULL);

		for (size_t i = 0; i < layout->count; i++)
			table_set(table, line, i, values[i]);
	}
	return table_print(table);
}

int cmd_unprocessed(struct ctl *ctl, int count, char **words)
{
	return show_pairs(ctl, "control/unprocessed", &unprocessed_layout, "list the devices");
}

int cmd_errors(struct ctl *ctl, int count, char **words)
{
	return show_pairs(ctl, "control/error_log", &errors_layout, "show the errors");
}

int cmd_check(struct ctl *ctl, int count, char **words)
{
	_cleanup_strbuf_ struct strbuf request = STRBUF_INIT, reply = STRBUF_INIT;

	strbuf_add_char(&request, '1');
	return tree_run(
		ctl, "check_unprocessed_volumes", &request, &reply, "look at the devices again");
}

/*
 * The daemon knows devices better than mmctl, which may have none of that name any more: what is a
 * path is followed as far as it leads, and plain words are judged there.
 */
static int ask_about_device(
	const struct ctl *ctl, const char *operation, const char *word, const char *verb)
{
	_cleanup_strbuf_ struct strbuf request = STRBUF_INIT, reply = STRBUF_INIT;
	_cleanup_free_ char *what = xasprintf("%s %s", verb, word);
	struct name name;

	if (!*word)
		return ctl_misuse("'' is no device");
	if (name_guess(ctl, word, &name) != CTL_OK)
		return CTL_USAGE;
	request_add(&request, "device", strchr(word, '/') ? name.text : word);
	return tree_run(ctl, operation, &request, &reply, what);
}

int cmd_arrival(struct ctl *ctl, int count, char **words)
{
	return ask_about_device(ctl, "volume_arrival_notification", words[0], "look at");
}

int cmd_removal(struct ctl *ctl, int count, char **words)
{
	return ask_about_device(ctl, "volume_removal_notification", words[0], "take away");
}

int cmd_accept(struct ctl *ctl, int count, char **words)
{
	return ask_about_device(ctl, "claim_unique_id", words[0], "accept");
}

#define DAYS_MAX 36500 /* as control/forget takes them */

static bool is_days(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text) &&
		strtoull(text, NULL, 10) <= DAYS_MAX;
}

static int forget_one(const struct ctl *ctl, const char *word)
{
	_cleanup_strbuf_ struct strbuf request = STRBUF_INIT, reply = STRBUF_INIT;
	_cleanup_free_ char *what = xasprintf("forget '%s'", word);
	struct link_name link;
	struct name name;

	if (name_guess(ctl, word, &name) != CTL_OK)
		return CTL_USAGE;
	if (name.kind == NAME_ID) {
		request_add(&request, "id", name.text);
	} else {
		if (name_parse_link(ctl, word, &link) != CTL_OK)
			return CTL_USAGE;
		request_add(&request, "link", link.path);
	}
	return tree_run(ctl, "forget", &request, &reply, what);
}

int cmd_forget(struct ctl *ctl, int count, char **words)
{
	_cleanup_strbuf_ struct strbuf request = STRBUF_INIT, reply = STRBUF_INIT;
	const char *days = ctl->unnamed;
	int result = CTL_OK;

	if ((count > 0) == (days != NULL))
		return ctl_misuse("forget what? Absent volumes, by a link or unique ID, or "
				  "--unnamed=DAYS");
	if (days) {
		if (!is_days(days))
			return ctl_misuse("--unnamed takes a number of days, at most %d, not '%s'",
				DAYS_MAX, days);
		request_add(&request, "unnamed", days);
		return tree_run(ctl, "forget", &request, &reply, "forget unnamed volumes");
	}
	for (int i = 0; i < count; i++) {
		int r = forget_one(ctl, words[i]);

		result = r > result ? r : result;
	}
	return result;
}
