/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mmfs-cluster: the command line.
 */

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/command_line.h"
#include "base/log.h"
#include "cluster/helper.h"

#define EXIT_USAGE 2

enum word {
	WORD_CONFIG = 256,
	WORD_SETTING, /* and those behind it: a setting of the same name */
};

static const struct option options[] = {
	{ "config", required_argument, NULL, WORD_CONFIG },
	{ "endpoints", required_argument, NULL, WORD_SETTING },
	{ "cacert", required_argument, NULL, WORD_SETTING },
	{ "cert", required_argument, NULL, WORD_SETTING },
	{ "key", required_argument, NULL, WORD_SETTING },
	{ "host", required_argument, NULL, WORD_SETTING },
	{ "socket", required_argument, NULL, WORD_SETTING },
	{ "room", required_argument, NULL, WORD_SETTING },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{},
};

static void print_usage(void)
{
	fputs("usage: mmfs-cluster [options] NAME\n"
	      "\n"
	      "Shares the names of the cluster NAME between mmfs on this host and etcd.\n"
	      "\n"
	      "    --config=FILE          settings, a line each: the options below without the "
	      "dashes\n"
	      "    --endpoints=URL[,URL...]\n"
	      "                           the members of etcd: https://HOST:PORT\n"
	      "    --cacert=FILE          who signs their certificates, in PEM\n"
	      "    --cert=FILE --key=FILE the certificate of this host, whose name is a user of "
	      "etcd\n"
	      "    --host=NAME            this host (its name)\n"
	      "    --socket=PATH          where mmfs listens (/run/mmfs/cluster)\n"
	      "    --room=NUMBER          --max-txn-ops of etcd (128)\n"
	      "    -v, --verbose          tell everything\n"
	      "    -h, --help             show this\n"
	      "    -V, --version          show the version\n",
		stdout);
}

static int complain(char *why)
{
	fprintf(stderr, "mmfs-cluster: %s (try mmfs-cluster --help)\n", why);
	free(why);
	return EXIT_USAGE;
}

/* -1: go on; else the status to exit with. */
static int parse(int argc, char **argv, struct settings *settings)
{
	const char *config = NULL;
	char *why = NULL;
	int answer, index;

	opterr = 0;
	while ((answer = getopt_long(argc, argv, ":vhV", options, &index)) >= 0) {
		if (answer == WORD_SETTING) {
			if (settings_set(settings, options[index].name, optarg, &why) < 0)
				return complain(why);
		} else if (answer == WORD_CONFIG) {
			config = optarg;
		} else if (answer == 'v') {
			settings->is_verbose = true;
		} else if (answer == 'h') {
			print_usage();
			return command_line_end_printing("mmfs-cluster");
		} else if (answer == 'V') {
			puts("mmfs-cluster " MMFS_VERSION);
			return command_line_end_printing("mmfs-cluster");
		} else {
			return complain(command_line_explain(answer, argv));
		}
	}
	if (argc - optind > 1)
		return complain(xstrdup("there is one cluster at a time"));
	if (optind < argc)
		settings->name = xstrdup(argv[optind]);
	return config && settings_load(settings, config, &why) < 0 ? complain(why) : -1;
}

int main(int argc, char **argv)
{
	struct settings settings = {};
	struct utsname machine;
	char *why = NULL;
	int status = parse(argc, argv, &settings), r;

	if (status == -1 &&
		settings_complete(&settings, uname(&machine) == 0 ? machine.nodename : "", &why) <
			0)
		status = complain(why);
	if (status == -1) {
		log_init("mmfs-cluster", false);
		log_set_level(settings.is_verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
		r = helper_run(&settings);
		if (r < 0)
			log_error("cannot run: %s", strerror(-r));
		status = r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	settings_fini(&settings);
	return status;
}
