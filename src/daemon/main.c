/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line, start and stop.
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/command_line.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "core/views/interface.h"
#include "daemon/background.h"
#include "daemon/options.h"
#include "daemon/succession.h"
#include "daemon/watchdog.h"

#define EXIT_USAGE 2
#define EXIT_MOUNT_USAGE 1    /* of mount(8), and so of its helpers */
#define EXIT_MOUNT_FAILURE 32 /* the same */
#define CLUSTER_SOCKET "/run/mmfs/cluster"
#define ROOT_DATABASE "/var/lib/mmfs/mounted-devices.db"

enum { OPTION_OPERATIONS = 256, OPTION_CAN_FOLLOW }; /* have no letters */

static void print_usage(void)
{
	fputs("usage: mmfs [options] [SOURCE] MOUNTPOINT\n"
	      "\n"
	      "Gives the block-device volumes of this machine persistent names, below MOUNTPOINT.\n"
	      "\n"
	      "    -f                     stay in the foreground\n"
	      "    -d                     the same, and tell everything\n"
	      "    -o OPTION[,OPTION...]  mount options:\n"
	      "        db=PATH                    the persistent database\n"
	      "        devices=GLOB[:GLOB...]     only these devices; !GLOB excludes\n"
	      "        id=LIST                    identities in order of preference\n"
	      "                                   (uuid:partuuid:dm:md:wwn:serial)\n"
	      "        monitor=udev|kernel|auto   where events of devices come from\n"
	      "        monitor_buffer=BYTES       size of the buffers they wait in\n"
	      "        cache=on|off               let the kernel cache names and links\n"
	      "        auto_dl                    give drive letters to volumes that arrive\n"
	      "        suggest=label|off          links named like the labels of volumes\n"
	      "        follow=on|off|partuuid     names follow a device to its new unique ID\n"
	      "        strangers=class|identity|accept\n"
	      "                                   who does not get the names of an absent volume\n"
	      "        expire=DAYS                forget volumes without a name that were not "
	      "seen for\n"
	      "                                   so long (400; 0: never)\n"
	      "        replicate=fixed|off|all    which volumes carry a file about their mount "
	      "points\n"
	      "        automount=registered|off   mount volumes at their registered mount points\n"
	      "        publish=udev|off           names also as /dev/mm/NAME, made by udevd\n"
	      "        cluster=NAME               share names of volumes with other machines\n"
	      "        cluster_socket=PATH        where mmfs-cluster connects (/run/mmfs/cluster)\n"
	      "        share=fabric|all|off|GLOB[:GLOB...]\n"
	      "                                   which devices have names on all machines\n"
	      "        nonempty                   hide what is in the folder MOUNTPOINT\n"
	      "        uid=USER gid=GROUP mode=MODE\n"
	      "                                   who may change names (the caller, 0600)\n"
	      "        and those of libfuse and mount(8)\n"
	      "    -h, --help             show this\n"
	      "    -V, --version          show versions\n",
		stdout);
}

static void print_helper_usage(void)
{
	fputs("usage: mount.mmfs SOURCE MOUNTPOINT [-fnsv] [-N NAMESPACE] [-o OPTION[,OPTION...]]\n"
	      "\n"
	      "What mount(8) calls for the types mmfs and fuse.mmfs; mmfs -h tells the options.\n",
		stdout);
}

static char *get_default_database(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (getuid() == 0)
		return xstrdup(ROOT_DATABASE);
	if (state && state[0] == '/')
		return xasprintf("%s/mmfs/mounted-devices.db", state);
	return xasprintf("%s/.local/state/mmfs/mounted-devices.db", home ? home : "");
}

static void print_version(void)
{
	printf("mmfs %s\nlibfuse %s\n", MMFS_VERSION, fuse_get_version());
}

/* For programs: the manual page is checked against it. */
static void print_operations(void)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	interface_format(&text);
	fputs(strbuf_text(&text), stdout);
}

/* Nothing has been opened yet, and there is one thread: all that follows happens in there. */
static int enter_namespace(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 || setns(fd, CLONE_NEWNS) < 0 ? -errno : 0;

	if (r < 0)
		fprintf(stderr, "mmfs: cannot enter the mount namespace %s: %s\n", path,
			strerror(-r));
	if (fd >= 0)
		close(fd);
	if (r == 0)
		succession_look_again();
	return r;
}

static int misuse(const struct arguments *arguments, const char *what)
{
	const char *name = arguments->is_helper ? "mount.mmfs" : "mmfs";

	fprintf(stderr, "%s: %s (%s --help tells more)\n", name, what, name);
	return EXIT_USAGE;
}

static int refuse_option(const struct arguments *arguments, int option, char *const *argv)
{
	_cleanup_free_ char *why = command_line_explain(option, argv);

	return misuse(arguments, why);
}

/* Returns an exit code, or -1 to go on. */
static int parse_operands(struct arguments *arguments, int count, char **operands)
{
	if (count != 1 && count != 2)
		return misuse(arguments,
			arguments->is_helper ? "usage: mount.mmfs SOURCE MOUNTPOINT [options]"
					     : "usage: mmfs [options] [SOURCE] MOUNTPOINT");
	if (!*operands[count - 1])
		return misuse(arguments, "cannot mount on '': give it an empty folder");
	if (count == 2 && !arguments->source)
		arguments->source = xstrdup(operands[0]);
	arguments->mountpoint = arguments_get_absolute(operands[count - 1]);
	return -1;
}

/*
 * The command line of a helper, as mount(8) describes it: SOURCE DIRECTORY [-sfnv] [-N NAMESPACE]
 * [-o OPTIONS] [-t TYPE.SUBTYPE]. Returns an exit code, or -1 to go on.
 */
static int parse_helper_arguments(struct arguments *arguments, int argc, char **argv)
{
	_cleanup_strbuf_ struct strbuf options = STRBUF_INIT;
	static const struct option long_options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ SUCCESSION_OPTION, required_argument, NULL, OPTION_CAN_FOLLOW },
		{ NULL, 0, NULL, 0 },
	};
	const char *space = NULL; /* of mounts */
	bool is_asked = false;
	int option, code;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":fhnN:o:st:vV", long_options, NULL)) != -1) {
		switch (option) {
		case 'f':
			arguments->is_fake = true;
			break;
		case 's':
			arguments->is_sloppy = true;
			break;
		case 'N':
			space = optarg;
			break;
		case 'o':
			strbuf_add_format(&options, "%s,", optarg);
			break;
		case 'n': /* there is no mtab */
		case 't': /* we are of one type */
		case 'v':
			break;
		case 'h':
			print_helper_usage();
			return command_line_end_printing("mmfs");
		case 'V':
			print_version();
			return command_line_end_printing("mmfs");
		case OPTION_CAN_FOLLOW:
			if (!succession_can_follow(optarg))
				return EXIT_FAILURE;
			is_asked = true;
			break;
		default:
			return refuse_option(arguments, option, argv);
		}
	}
	if (arguments_set_options(arguments, strbuf_text(&options)) < 0)
		return EXIT_USAGE;
	code = parse_operands(arguments, argc - optind, argv + optind);
	if (code < 0 && is_asked)
		return EXIT_SUCCESS;
	if (code < 0 && !arguments->is_fake && !arguments->has_predecessor && space &&
		enter_namespace(space) < 0)
		return EXIT_FAILURE;
	return code;
}

/* Returns an exit code, or -1 to go on. */
static int parse_arguments(struct arguments *arguments, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ "operations", no_argument, NULL, OPTION_OPERATIONS },
		{ SUCCESSION_OPTION, required_argument, NULL, OPTION_CAN_FOLLOW },
		{ NULL, 0, NULL, 0 },
	};
	bool is_asked = false;
	int option, code;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":fdo:shVnv", long_options, NULL)) != -1) {
		switch (option) {
		case 'd':
			arguments->options.fuse.is_debugging = true;
			log_set_level(LOG_LEVEL_DEBUG);
			arguments->is_foreground = true;
			break;
		case 'f':
			arguments->is_foreground = true;
			break;
		case 'o':
			if (arguments_set_options(arguments, optarg) < 0)
				return EXIT_USAGE;
			break;
		case 's': /* of libfuse and mount(8): without meaning here */
		case 'n':
		case 'v':
			break;
		case 'h':
			print_usage();
			return command_line_end_printing("mmfs");
		case 'V':
			print_version();
			return command_line_end_printing("mmfs");
		case OPTION_OPERATIONS:
			print_operations();
			return command_line_end_printing("mmfs");
		case OPTION_CAN_FOLLOW:
			if (!succession_can_follow(optarg))
				return EXIT_FAILURE;
			is_asked = true;
			break;
		default:
			return refuse_option(arguments, option, argv);
		}
	}
	code = parse_operands(arguments, argc - optind, argv + optind);
	return code < 0 && is_asked ? EXIT_SUCCESS : code;
}

static void complete_options(struct arguments *arguments)
{
	struct mmfs_options *options = &arguments->options;

	if (!arguments->database)
		arguments->database = get_default_database();
	if (!arguments->source)
		arguments->source = xstrdup("mmfs");
	if (!arguments->devices)
		arguments->devices = xstrdup("*");
	options->database = arguments->database;
	if (!arguments->cluster_socket)
		arguments->cluster_socket = xstrdup(CLUSTER_SOCKET);
	options->cluster = arguments->cluster;
	options->cluster_socket = arguments->cluster_socket;
	options->share_globs = arguments->share;
	options->devices.devices = arguments->devices;
	options->fuse.mountpoint = arguments->mountpoint;
	options->fuse.source = arguments->source;
	options->fuse.mount = arguments->mount.data;
	options->fuse.is_root = getuid() == 0;
}

/* In the exit codes of mount(8) if it is who asks. */
static int get_status(const struct arguments *arguments, int code)
{
	if (!arguments->is_helper || code == EXIT_SUCCESS)
		return code;
	return code == EXIT_USAGE ? EXIT_MOUNT_USAGE : EXIT_MOUNT_FAILURE;
}

static int run_daemon(struct arguments *arguments, const struct heirloom *heirloom,
	struct keeper_link *keeper, bool *ret_is_free)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct mmfs *mmfs = NULL;
	int r;

	arguments->options.keeper = keeper;
	arguments->options.heirloom = heirloom;
	r = mmfs_start(&arguments->options, &mmfs, &why);
	if (r < 0) {
		log_error("%s", strbuf_text(&why));
		return r;
	}
	if (chdir("/") < 0)
		log_warning("cannot change to /: %s", strerror(errno));
	if (!arguments->is_foreground)
		background_leave_terminal();
	crash_point("start:served");
	keeper_link_tell(keeper, KEEPER_READY, 0);
	r = mmfs_run(mmfs);
	keeper_link_tell(keeper, KEEPER_STOPPING, r < 0 ? get_status(arguments, EXIT_FAILURE) : 0);
	if (r < 0)
		log_error("cannot wait for events: %s", strerror(-r));
	*ret_is_free = mmfs_stop(mmfs);
	return r;
}

/* The server's life. Returns an exit code, as the keeper does. */
static int run_server(struct arguments *arguments, const struct heirloom *heirloom)
{
	struct keeper_link keeper = { .socket = heirloom->socket };
	bool is_free = true;
	int code;

	crash_point_set_server(heirloom->number);
	code = run_daemon(arguments, heirloom, &keeper, &is_free) < 0
		? get_status(arguments, EXIT_FAILURE)
		: EXIT_SUCCESS;

	keeper_link_tell(&keeper, is_free ? KEEPER_ENDED : KEEPER_LEFT, code);
	close(heirloom->socket);
	close(heirloom->memory);
	return code;
}

/* The program before this one has left the terminal, and told who started it. */
static int go_to_background(const struct arguments *arguments, int failure)
{
	int r = 0;

	if (arguments->has_predecessor)
		log_init("mmfs", !arguments->is_foreground);
	else if (!arguments->is_foreground)
		r = background_enter(failure);
	if (r < 0)
		log_error("cannot go to the background: %s", strerror(-r));
	return r;
}

static int run_keeper(struct arguments *arguments, const struct succession *predecessor)
{
	const struct keeper_options options = {
		.fuse = &arguments->options.fuse,
		.predecessor = arguments->has_predecessor ? predecessor : NULL,
		.is_foreground = arguments->is_foreground,
		.failure = get_status(arguments, EXIT_FAILURE),
	};
	struct heirloom heirloom;
	int code;

	watchdog_leave_to_others();
	if (go_to_background(arguments, options.failure) < 0)
		return options.failure;
	if (arguments->has_predecessor && chdir("/") < 0)
		log_warning("cannot change to /: %s", strerror(errno));
	umask(077);
	code = keeper_run(&options, &heirloom);
	if (code != KEEPER_IS_SERVER)
		return code;
	code = run_server(arguments, &heirloom);
	free((char *)heirloom.place); /* the keeper's, of which this is a copy */
	return code;
}

/* Whether it is a link such as mount.mmfs or mount.fuse.mmfs. */
static bool is_helper(const char *program)
{
	const char *slash = program ? strrchr(program, '/') : NULL;

	return program && strncmp(slash ? slash + 1 : program, "mount.", 6) == 0;
}

/*
 * Who has closed any of the three gets /dev/null: a descriptor of ours in its place would be
 * written to, and be gone in the background.
 */
static void open_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	struct arguments arguments = {
		.options = {
			.order = id_order_default,
			.expire_days = EXPIRE_DAYS,
			.share = SHARE_FABRIC,
			.fuse.is_cached = true,
			.fuse.uid = getuid(),
			.fuse.gid = getgid(),
			.fuse.mode = 0600,
		},
	};
	struct succession predecessor = { 0 };
	int code;

	open_standard_streams();
	log_init("mmfs", false);
	succession_note(argv);
	arguments.has_predecessor = succession_take(&predecessor);
	arguments.is_helper = is_helper(argv[0]);
	code = arguments.is_helper ? parse_helper_arguments(&arguments, argc, argv)
				   : parse_arguments(&arguments, argc, argv);
	if (code < 0 && arguments.is_fake)
		code = EXIT_SUCCESS;
	if (code < 0) {
		complete_options(&arguments);
		code = run_keeper(&arguments, &predecessor);
	}
	strbuf_fini(&arguments.mount);
	free(arguments.source);
	free(arguments.database);
	free(arguments.devices);
	free(arguments.cluster);
	free(arguments.cluster_socket);
	free(arguments.share);
	free(arguments.mountpoint);
	free(predecessor.place);
	return get_status(&arguments, code);
}
