/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mmctl: the commands and options, from two tables, which manual page and completions are checked
 * against.
 */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/command_line.h"
#include "ctl/find_mount.h"
#include "ctl/mounted_tree.h"
#include "ctl/output.h"

/* Options that only some commands take. */
enum {
	TAKES_ROWS = 1 << 0, /* -J -P -r -n -o -O -x -b -l -p --list-columns */
	TAKES_SELECTION = 1 << 1,
	TAKES_ALL = 1 << 2,
	TAKES_DB_ONLY = 1 << 3,
	TAKES_TIMEOUT = 1 << 4,
	TAKES_REPLACE = 1 << 5,
	TAKES_IMPORT = 1 << 6,
	TAKES_ABSENT = 1 << 7,
	TAKES_OPTIONS = 1 << 8,
	TAKES_UNNAMED = 1 << 9,
	TAKES_CLUSTER = 1 << 10,
	TAKES_DRY_RUN = 1 << 11,
};

struct command {
	const char *name;
	command_fn *run;
	const char *usage; /* words behind it */
	int min, max;	   /* number of words */
	unsigned int takes;
	const struct layout *layout; /* of its rows */
	const char *help;
};

#define WORDS_MAX 4096
#define ROWS(name) TAKES_ROWS, &name##_layout
#define ROWS_AND(name, more) TAKES_ROWS | (more), &name##_layout

static const struct command commands[] = {
	{ "list", cmd_list, "[NAME...]", 0, WORDS_MAX, ROWS_AND(points, TAKES_ALL),
		"shows all links, or those of volumes" },
	{ "tree", cmd_tree, "[NAME...]", 0, WORDS_MAX, ROWS_AND(machine, TAKES_CLUSTER),
		"shows the disks, and what is on them" },
	{ "query", cmd_query, "[NAME...]", 0, WORDS_MAX, ROWS_AND(points, TAKES_SELECTION),
		"shows the links of volumes" },
	{ "create", cmd_create, "LINK VOLUME", 2, 2, TAKES_ABSENT, NULL,
		"gives a volume one more link" },
	{ "delete", cmd_delete, "[LINK...]", 0, WORDS_MAX,
		ROWS_AND(points, TAKES_SELECTION | TAKES_ALL | TAKES_DB_ONLY), "deletes links" },
	{ "rename", cmd_rename, "LINK NEW-LINK", 2, 2, TAKES_REPLACE, NULL, "renames a link" },
	{ "next-letter", cmd_next_letter, "VOLUME", 1, 1, ROWS(letters),
		"gives a volume a drive letter" },
	{ "auto", cmd_auto, "[on|off|letters]", 0, 1, ROWS(auto),
		"shows or sets whether volumes may get letters by themselves" },
	{ "keep", cmd_keep, "VOLUME [on|off]", 1, 2, TAKES_ABSENT, NULL,
		"keeps the links of a volume while it is absent" },
	{ "accept", cmd_accept, "DEVICE", 1, 1, 0, NULL,
		"makes a device the volume whose unique ID it has" },
	{ "forget", cmd_forget, "[NAME...]", 0, WORDS_MAX, TAKES_UNNAMED, NULL,
		"forgets absent volumes" },
	{ "scrub", cmd_scrub, "", 0, 0, 0, NULL, "forgets volumes that are absent and not kept" },
	{ "mount-point", cmd_mount_point,
		"list [NAME...] | add DIRECTORY VOLUME | accept DIRECTORY | "
		"del DIRECTORY [VOLUME]",
		1, WORDS_MAX, ROWS_AND(mount_points, TAKES_OPTIONS),
		"shows registered mount points, registers one, or forgets it" },
	{ "paths", cmd_paths, "VOLUME", 1, 1, ROWS(paths), "shows drive letter and mount points" },
	{ "unprocessed", cmd_unprocessed, "", 0, 0, ROWS(unprocessed),
		"shows the devices that are no volumes, and why" },
	{ "check", cmd_check, "", 0, 0, 0, NULL, "looks at them again" },
	{ "arrival", cmd_arrival, "DEVICE", 1, 1, 0, NULL, "looks at a device now" },
	{ "removal", cmd_removal, "DEVICE", 1, 1, 0, NULL, "takes a device for gone" },
	{ "errors", cmd_errors, "", 0, 0, ROWS(errors), "shows the last requests that failed" },
	{ "events", cmd_events, "", 0, 0, ROWS(events), "follows what happens" },
	{ "watch", cmd_events, "", 0, 0, ROWS(events), "the same as events" },
	{ "wait", cmd_wait, "NAME", 1, 1, TAKES_TIMEOUT, NULL, "returns when a volume is online" },
	{ "cluster", cmd_cluster, "status | join | forget HOST", 1, 2,
		ROWS_AND(cluster, TAKES_DRY_RUN),
		"shows how it stands with names that other machines have, too" },
	{ "settle", cmd_settle, "", 0, 0, TAKES_TIMEOUT, NULL,
		"returns when all events have been dealt with" },
	{ "batch", cmd_batch, "[FILE]", 0, 1, 0, NULL, "runs lines of requests, all or none" },
	{ "status", cmd_status, "", 0, 0, ROWS(status), "shows version, state and counts" },
	{ "history", cmd_history, "", 0, 0, ROWS(history), "shows the last changes" },
	{ "export", cmd_export, "", 0, 0, 0, NULL, "writes the names as JSON" },
	{ "import", cmd_import, "[FILE]", 0, 1, TAKES_IMPORT, NULL,
		"merges what export has written" },
	{ "upgrade", cmd_upgrade, "", 0, 0, TAKES_TIMEOUT, NULL,
		"lets the installed mmfs take over from the one that runs" },
	{ "explain", cmd_explain, "NAME", 1, 1, ROWS(schemes),
		"says why a device has the ID and names it has" },
	{ "verify", cmd_verify, "LINK", 1, 1, 0, NULL,
		"looks whether the device still is the volume" },
};

enum {
	OPT_LINK = 256,
	OPT_ID,
	OPT_DEVICE,
	OPT_ALL,
	OPT_DB_ONLY,
	OPT_TIMEOUT,
	OPT_REPLACE,
	OPT_DRY_RUN,
	OPT_EXACT,
	OPT_SKIP_ABSENT,
	OPT_FROM,
	OPT_ABSENT,
	OPT_OPTIONS,
	OPT_UNNAMED,
	OPT_CLUSTER,
	OPT_LIST_COLUMNS,
	OPT_COMMANDS,
	OPT_COMPLETE,
};

static const struct known_option {
	int value; /* the letter, if it has one */
	const char *name;
	const char *argument;
	unsigned int takes; /* 0: all commands */
	const char *help;
} known_options[] = {
	{ 'm', "mount", "DIR", 0, "where mmfs is mounted" },
	{ 'q', "quiet", NULL, 0, "prints errors only" },
	{ 'h', "help", NULL, 0, "shows this, or how a command is used" },
	{ 'V', "version", NULL, 0, "shows the version" },
	{ 'J', "json", NULL, TAKES_ROWS, "prints JSON" },
	{ 'P', "pairs", NULL, TAKES_ROWS, "prints KEY=\"value\" pairs" },
	{ 'r', "raw", NULL, TAKES_ROWS, "prints raw lines, for awk and the like" },
	{ 'n', "noheadings", NULL, TAKES_ROWS, "prints no headings" },
	{ 'o', "output", "COLUMNS", TAKES_ROWS, "these columns; +COLUMNS: these as well" },
	{ 'O', "output-all", NULL, TAKES_ROWS, "all columns" },
	{ 'x', "sort", "COLUMN", TAKES_ROWS, "sorts by this column" },
	{ 'l', "list", NULL, TAKES_ROWS, "prints a list in place of a tree" },
	{ 'p', "paths", NULL, TAKES_ROWS, "prints devices by their nodes" },
	{ OPT_LIST_COLUMNS, "list-columns", NULL, TAKES_ROWS, "shows the columns there are" },
	{ 'b', "bytes", NULL, TAKES_ROWS, "prints sizes in bytes" },
	{ OPT_LINK, "link", "LINK", TAKES_SELECTION, "what has this link" },
	{ OPT_ID, "id", "ID", TAKES_SELECTION, "what has this unique ID" },
	{ OPT_DEVICE, "device", "VOLUME", TAKES_SELECTION, "what is on this device" },
	{ OPT_ALL, "all", NULL, TAKES_ALL, "lists absent volumes, too; deletes all links" },
	{ OPT_DB_ONLY, "db-only", NULL, TAKES_DB_ONLY, "the links show until the volume goes" },
	{ OPT_TIMEOUT, "timeout", "SECONDS", TAKES_TIMEOUT, "gives up after this time" },
	{ OPT_REPLACE, "replace", NULL, TAKES_REPLACE, "takes the place of another link" },
	{ OPT_DRY_RUN, "dry-run", NULL, TAKES_IMPORT | TAKES_DRY_RUN,
		"only shows what would change" },
	{ OPT_EXACT, "exact", NULL, TAKES_IMPORT, "deletes links that the file does not have" },
	{ OPT_ABSENT, "absent", NULL, TAKES_ABSENT, "of a volume that is not here" },
	{ OPT_OPTIONS, "options", "OPTIONS", TAKES_OPTIONS, "options to mount it with" },
	{ OPT_UNNAMED, "unnamed", "DAYS", TAKES_UNNAMED, "unnamed ones not seen for so long" },
	{ OPT_CLUSTER, "cluster", NULL, TAKES_CLUSTER, "shared volumes, and who sees them" },
	{ OPT_SKIP_ABSENT, "skip-absent", NULL, TAKES_IMPORT, "leaves absent volumes out" },
	{ OPT_FROM, "from", "FORMAT", TAKES_IMPORT,
		"takes names that others keep: windows, multipath, vdev_id, fstab" },
};

static void print_option(const struct known_option *option)
{
	_cleanup_free_ char *words = NULL;

	words = xasprintf("%s%s%s", option->name, option->argument ? "=" : "",
		option->argument ? option->argument : "");
	if (option->value < 256)
		printf("  -%c, --%-18s %s\n", option->value, words, option->help);
	else
		printf("      --%-18s %s\n", words, option->help);
}

static void print_command_usage(const struct command *command)
{
	printf("usage: mmctl %s [options]%s%s\n\n", command->name, *command->usage ? " " : "",
		command->usage);
	printf("It %s.\n\n", command->help);
	for (size_t i = 0; i < ARRAY_SIZE(known_options); i++)
		if (known_options[i].takes & command->takes)
			print_option(&known_options[i]);
	if (command->layout) {
		puts("\nColumns:");
		layout_print(command->layout);
	}
	puts("\nAll of it is in mmctl(1).");
}

static void print_usage(void)
{
	puts("usage: mmctl [options] COMMAND [argument...]\n"
	     "\n"
	     "Shows and changes the names that mmfs keeps for the volumes of this machine.\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-12s %s\n", commands[i].name, commands[i].help);
	putchar('\n');
	for (size_t i = 0; i < ARRAY_SIZE(known_options); i++)
		print_option(&known_options[i]);
	puts("\nNAME and VOLUME: a link, a unique ID, or a device. All of it is in mmctl(1).");
}

/* For programs: what there is, separated by tabs. */
static void print_commands(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		printf("command\t%s\t%s\t%s\n", commands[i].name, commands[i].help,
			commands[i].usage);
	for (size_t i = 0; i < ARRAY_SIZE(known_options); i++)
		printf("option\t%s\t%s\t%s\n", known_options[i].name, known_options[i].help,
			known_options[i].argument ? known_options[i].argument : "");
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* What the command line says beyond the words of a command. */
struct invocation {
	struct ctl ctl;
	const char *mount;
	const char *complete;
	bool is_given[ARRAY_SIZE(known_options)];
	bool wants_help, wants_version, wants_commands, wants_columns;
};

static int parse_timeout(const char *text, int64_t *ret_ms)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds >= 0 && seconds < 1e9))
		return ctl_misuse("--timeout takes a number of seconds, not '%s'", text);
	*ret_ms = (int64_t)(seconds * 1000);
	return CTL_OK;
}

/* Options that set a switch, by their value. */
static bool set_switch(struct invocation *invocation, int value)
{
	struct ctl *ctl = &invocation->ctl;
	const struct {
		int value;
		bool *place;
	} switches[] = {
		{ 'q', &ctl->is_quiet },
		{ 'h', &invocation->wants_help },
		{ 'V', &invocation->wants_version },
		{ 'b', &ctl->is_in_bytes },
		{ OPT_ALL, &ctl->is_all },
		{ OPT_DB_ONLY, &ctl->is_db_only },
		{ OPT_REPLACE, &ctl->may_replace },
		{ OPT_DRY_RUN, &ctl->is_dry_run },
		{ OPT_EXACT, &ctl->is_exact },
		{ OPT_SKIP_ABSENT, &ctl->skips_absent },
		{ 'O', &ctl->shows_all_columns },
		{ 'l', &ctl->is_flat },
		{ 'p', &ctl->has_paths },
		{ OPT_ABSENT, &ctl->is_absent },
		{ OPT_CLUSTER, &ctl->is_of_cluster },
		{ OPT_LIST_COLUMNS, &invocation->wants_columns },
		{ OPT_COMMANDS, &invocation->wants_commands },
	};

	for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
		if (switches[i].value == value) {
			*switches[i].place = true;
			return true;
		}
	}
	return false;
}

static bool set_text(struct invocation *invocation, int value)
{
	const struct {
		int value;
		const char **place;
	} texts[] = {
		{ 'm', &invocation->mount },
		{ 'o', &invocation->ctl.columns },
		{ 'x', &invocation->ctl.sort },
		{ OPT_OPTIONS, &invocation->ctl.options },
		{ OPT_UNNAMED, &invocation->ctl.unnamed },
		{ OPT_LINK, &invocation->ctl.link },
		{ OPT_ID, &invocation->ctl.id },
		{ OPT_DEVICE, &invocation->ctl.device },
		{ OPT_FROM, &invocation->ctl.from },
		{ OPT_COMPLETE, &invocation->complete },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (texts[i].value == value) {
			*texts[i].place = optarg;
			return true;
		}
	}
	return false;
}

static int set_format(struct ctl *ctl, enum ctl_format format)
{
	if (ctl->format != FORMAT_TABLE && ctl->format != format)
		return ctl_misuse("--json, --pairs and --raw exclude each other");
	ctl->format = format;
	return CTL_OK;
}

static int take_option(struct invocation *invocation, int value)
{
	struct ctl *ctl = &invocation->ctl;

	for (size_t i = 0; i < ARRAY_SIZE(known_options); i++)
		invocation->is_given[i] |= known_options[i].value == value;
	if (set_switch(invocation, value) || set_text(invocation, value))
		return CTL_OK;
	switch (value) {
	case 'J':
		return set_format(ctl, FORMAT_JSON);
	case 'P':
		return set_format(ctl, FORMAT_PAIRS);
	case 'r':
		return set_format(ctl, FORMAT_RAW);
	case 'n':
		ctl->has_headings = false;
		return CTL_OK;
	case OPT_TIMEOUT:
		return parse_timeout(optarg, &ctl->timeout_ms);
	default:
		return CTL_USAGE;
	}
}

static int parse_options(int argc, char **argv, struct invocation *invocation)
{
	struct option options[ARRAY_SIZE(known_options) + 3] = { 0 };
	int value, r = CTL_OK;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known_options); i++)
		options[i] = (struct option){ known_options[i].name,
			known_options[i].argument ? required_argument : no_argument, NULL,
			known_options[i].value };
	options[i++] = (struct option){ "commands", no_argument, NULL, OPT_COMMANDS };
	options[i++] = (struct option){ "complete", required_argument, NULL, OPT_COMPLETE };
	opterr = 0;
	while (r == CTL_OK &&
		(value = getopt_long(argc, argv, ":m:qhVJPrno:Ox:blp", options, NULL)) != -1) {
		if (value == '?' || value == ':') {
			_cleanup_free_ char *why = command_line_explain(value, argv);

			return ctl_misuse("%s: mmctl --help lists the options", why);
		}
		r = take_option(invocation, value);
	}
	return r;
}

static int find_tree(struct invocation *invocation)
{
	_cleanup_free_ char *other = NULL;
	struct ctl *ctl = &invocation->ctl;
	int r = 0;

	if (invocation->mount)
		ctl->mount = realpath(invocation->mount, NULL);
	else
		r = find_mount(&ctl->mount, &other);
	if (ctl->mount && !other)
		return tree_check(ctl);
	if (other)
		ctl_fail("mmfs is mounted at %s and at %s: choose with -m DIR", ctl->mount, other);
	else if (invocation->mount)
		ctl_fail("cannot look at %s: %s (findmnt -t fuse.mmfs shows where mmfs is mounted)",
			invocation->mount, strerror(errno));
	else if (r == -ENOENT)
		ctl_fail("mmfs is not mounted here (start it: systemctl start mmfs, or mmfs DIR)");
	else
		ctl_fail("cannot find where mmfs is mounted: /proc/self/mountinfo: %s",
			strerror(-r));
	return CTL_NOT_MOUNTED;
}

/* What words of a command take of its options: a change takes none that is meant for looking. */
static const struct {
	const char *command, *word;
	unsigned int takes;
} word_options[] = {
	{ "auto", "on", 0 },
	{ "auto", "off", 0 },
	{ "auto", "letters", 0 },
	{ "cluster", "status", TAKES_ROWS },
	{ "cluster", "join", TAKES_DRY_RUN },
	{ "cluster", "forget", 0 },
	{ "mount-point", "list", TAKES_ROWS },
	{ "mount-point", "add", TAKES_OPTIONS },
	{ "mount-point", "accept", TAKES_OPTIONS },
	{ "mount-point", "del", 0 },
};

/* CTL_USAGE with a message if there is an option that the command, or its word, does not take. */
static int check_taken(
	const struct invocation *invocation, const struct command *command, const char *word)
{
	unsigned int takes = command->takes;
	bool is_of_word = false;

	for (size_t i = 0; word && i < ARRAY_SIZE(word_options); i++) {
		if (strcmp(word_options[i].command, command->name) != 0 ||
			strcmp(word_options[i].word, word) != 0)
			continue;
		takes = word_options[i].takes;
		is_of_word = true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(known_options); i++)
		if (invocation->is_given[i] && known_options[i].takes &&
			!(known_options[i].takes & takes))
			return ctl_misuse(
				"%s%s%s does not take --%s: mmctl %s --help lists what it takes",
				command->name, is_of_word ? " " : "", is_of_word ? word : "",
				known_options[i].name, command->name);
	return CTL_OK;
}

static int run_command(struct invocation *invocation, int count, char **words)
{
	const struct command *command = count ? find_command(words[0]) : NULL;
	int r;

	if (invocation->complete) {
		r = find_tree(invocation);
		return r == CTL_OK ? ctl_complete(&invocation->ctl, invocation->complete) : r;
	}
	if (!count)
		return ctl_misuse("which command? mmctl --help lists them");
	if (!command)
		return ctl_misuse("there is no command '%s': mmctl --help lists them", words[0]);
	if (invocation->wants_help) {
		print_command_usage(command);
		return CTL_OK;
	}
	if (invocation->wants_columns && command->layout) {
		layout_print(command->layout);
		return CTL_OK;
	}
	count--;
	words++;
	if (count < command->min || count > command->max)
		return ctl_misuse("usage: mmctl %s%s%s", command->name, *command->usage ? " " : "",
			command->usage);
	r = check_taken(invocation, command, count ? words[0] : NULL);
	if (r == CTL_OK && command->layout)
		r = layout_check(command->layout, &invocation->ctl);
	if (r != CTL_OK)
		return r;
	r = find_tree(invocation);
	return r == CTL_OK ? command->run(&invocation->ctl, count, words) : r;
}

int main(int argc, char **argv)
{
	struct invocation invocation = { .ctl = { .timeout_ms = -1, .has_headings = true } };
	int r;

	r = parse_options(argc, argv, &invocation);
	if (r != CTL_OK)
		; /* it has been said why */
	else if (invocation.wants_version)
		puts("mmctl " MMFS_VERSION);
	else if (invocation.wants_commands)
		print_commands();
	else if (invocation.wants_help && optind == argc)
		print_usage();
	else
		r = run_command(&invocation, argc - optind, argv + optind);
	free(invocation.ctl.mount);
	if ((fflush(stdout) != 0 || ferror(stdout)) && r == CTL_OK)
		r = ctl_fail("cannot print: %s", strerror(errno));
	return r;
}
