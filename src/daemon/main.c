/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line, going to the background, start and stop.
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/command_line.h"
#include "base/log.h"
#include "core/request.h"
#include "daemon/options.h"

#define EXIT_USAGE 2
#define OPTION_OPERATIONS 256 /* has no letter */
#define ROOT_DATABASE "/var/lib/mmfs/mounted-devices.db"

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
	      "        follow=partuuid|off        names follow a partition to its new unique ID\n"
	      "        replicate=fixed|off|all    which volumes carry a file about their mount "
	      "points\n"
	      "        automount=registered|off   mount volumes at their registered mount points\n"
	      "        nonempty                   hide what is in the folder MOUNTPOINT\n"
	      "        uid=USER gid=GROUP mode=MODE\n"
	      "                                   who may change names (the caller, 0600)\n"
	      "        and those of libfuse and mount(8)\n"
	      "    -h, --help             show this\n"
	      "    -V, --version          show versions\n",
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

/* The table of control files for programs: the manual page is checked against it. */
static void print_operations(void)
{
	for (size_t i = 0; i < operation_count; i++)
		printf("%s\t%s\t%s\n", operations[i].name, operations[i].usage, operations[i].help);
}

static int misuse(const char *what)
{
	fprintf(stderr, "mmfs: %s (mmfs --help tells more)\n", what);
	return EXIT_USAGE;
}

/* Returns an exit code, or -1 to go on. */
static int parse_arguments(struct arguments *arguments, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ "operations", no_argument, NULL, OPTION_OPERATIONS },
		{ NULL, 0, NULL, 0 },
	};
	_cleanup_free_ char *why = NULL;
	int option;

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
			return EXIT_SUCCESS;
		case 'V':
			print_version();
			return EXIT_SUCCESS;
		case OPTION_OPERATIONS:
			print_operations();
			return EXIT_SUCCESS;
		default:
			why = command_line_explain(option, argv);
			return misuse(why);
		}
	}
	if (argc - optind != 1 && argc - optind != 2)
		return misuse("usage: mmfs [options] [SOURCE] MOUNTPOINT");
	if (!*argv[argc - 1])
		return misuse("cannot mount on '': give it an empty folder");
	if (argc - optind == 2 && !arguments->source)
		arguments->source = xstrdup(argv[optind]);
	arguments->mountpoint = arguments_get_absolute(argv[argc - 1]);
	return -1;
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
	options->discovery.devices = arguments->devices;
	options->fuse.mountpoint = arguments->mountpoint;
	options->fuse.source = arguments->source;
	options->fuse.mount = arguments->mount.data;
	options->fuse.is_root = getuid() == 0;
}

/* The protocol of sd_notify(3). */
static void notify_systemd(const char *message)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t len;
	int fd;

	if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, strlen(path));
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, message, strlen(message), MSG_NOSIGNAL, (struct sockaddr *)&address, len) <
		0)
		log_warning("cannot notify %s: %s", path, strerror(errno));
	close(fd);
}

/* Passes the child's messages on until it says, with a NUL, that all is well. Its end is failure. */
static _Noreturn void relay(int fd)
{
	char text[4096];
	ssize_t n;

	while ((n = read(fd, text, sizeof(text))) > 0 || (n < 0 && errno == EINTR)) {
		const char *end = n > 0 ? memchr(text, '\0', (size_t)n) : NULL;

		if (n > 0)
			fwrite(text, 1, end ? (size_t)(end - text) : (size_t)n, stderr);
		if (end)
			_exit(EXIT_SUCCESS);
	}
	_exit(EXIT_FAILURE);
}

/*
 * Forks. The parent stays until the outcome is known; the child has a pipe to it as stderr, so that
 * the prober, which keeps that, holds nothing of the caller's: `mmfs … | cat` ends.
 */
static int go_to_background(void)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	child = fork();
	if (child < 0)
		return -errno;
	if (child > 0) {
		close(ends[1]);
		relay(ends[0]);
	}
	close(ends[0]);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	setsid();
	return 0;
}

static void leave_terminal(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	ssize_t n = write(STDERR_FILENO, "", 1);

	log_init(true);
	if (n < 0)
		log_warning("cannot tell that the mount is there: %s", strerror(errno));
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		close(null);
	}
}

static int run(struct arguments *arguments)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	int r = arguments->is_foreground ? 0 : go_to_background();
	struct mmfs *mmfs = NULL;

	if (r < 0) {
		log_error("cannot go to the background: %s", strerror(-r));
		return r;
	}
	umask(077);
	r = mmfs_start(&arguments->options, &mmfs, &why);
	if (r < 0) {
		log_error("%s", strbuf_text(&why));
		return r;
	}
	if (chdir("/") < 0)
		log_warning("cannot change to /: %s", strerror(errno));
	if (!arguments->is_foreground)
		leave_terminal();
	notify_systemd("READY=1");
	r = mmfs_run(mmfs);
	notify_systemd("STOPPING=1");
	if (r < 0)
		log_error("cannot wait for events: %s", strerror(-r));
	mmfs_stop(mmfs);
	return r;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {
		.options = {
			.order = id_order_default,
			.fuse = { .is_cached = true, .uid = getuid(), .gid = getgid(), .mode = 0600 },
		},
	};
	int code;

	log_init(false);
	code = parse_arguments(&arguments, argc, argv);
	if (code < 0) {
		complete_options(&arguments);
		code = run(&arguments) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	strbuf_fini(&arguments.mount);
	free(arguments.source);
	free(arguments.database);
	free(arguments.devices);
	free(arguments.mountpoint);
	return code;
}
