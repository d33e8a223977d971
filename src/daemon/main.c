/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options, start and stop.
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "core/interface.h"
#include "core/request.h"
#include "daemon/background.h"
#include "daemon/mmfs.h"

#define EXIT_USAGE 2
#define EXIT_MOUNT_USAGE 1    /* of mount(8), and so of its helpers */
#define EXIT_MOUNT_FAILURE 32 /* the same */
#define OPTION_OPERATIONS 256 /* has no letter */
#define ROOT_DATABASE "/var/lib/mmfs/mounted-devices.db"

struct arguments {
	struct mmfs_options options;
	struct strbuf mount; /* -o options for libfuse */
	char *source;
	char *database;
	char *devices;
	char *mountpoint;
	bool is_foreground;
	bool is_helper; /* called by mount(8), for which letters have other meanings */
	bool is_fake;	/* check the command line, and no more */
	bool is_sloppy; /* options that do not exist are no error */
};

static void print_usage(FILE *file)
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
	      "        uid=USER gid=GROUP mode=MODE\n"
	      "                                   who may change names (the caller, 0600)\n"
	      "        and those of libfuse and mount(8)\n"
	      "    -h, --help             show this\n"
	      "    -V, --version          show versions\n",
		file);
}

static void print_helper_usage(FILE *file)
{
	fputs("usage: mount.mmfs SOURCE MOUNTPOINT [-fnsv] [-N NAMESPACE] [-o OPTION[,OPTION...]]\n"
	      "\n"
	      "What mount(8) calls for the types mmfs and fuse.mmfs; mmfs -h tells the options.\n",
		file);
}

static int fail(const char *option, const char *value, const char *why)
{
	fprintf(stderr, "mmfs: cannot use the option %s%s%s: %s\n", option, value ? "=" : "",
		value ? value : "", why);
	return -EINVAL;
}

/* -1 is no user: for chown(2) and the like it means nobody in particular. */
static bool parse_account(const char *text, uint32_t *ret_number)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	*ret_number = (uint32_t)number;
	return text[0] >= '0' && text[0] <= '9' && !*end && !errno && number < UINT32_MAX;
}

static int parse_user(const char *text, uint32_t *ret_uid)
{
	const struct passwd *user = getpwnam(text);

	if (user)
		*ret_uid = user->pw_uid;
	return user || parse_account(text, ret_uid) ? 0
						    : fail("uid", text, "there is no such user");
}

static int parse_group(const char *text, uint32_t *ret_gid)
{
	const struct group *group = getgrnam(text);

	if (group)
		*ret_gid = group->gr_gid;
	return group || parse_account(text, ret_gid) ? 0
						     : fail("gid", text, "there is no such group");
}

static int parse_number(const char *option, const char *text, int base, unsigned long max,
	unsigned long *ret_number)
{
	char *end;

	errno = 0;
	*ret_number = strtoul(text, &end, base);
	if (!*text || *end || errno || *text == '-' || *ret_number > max)
		return fail(option, text, "it must be a number in range");
	return 0;
}

static int parse_monitor(const char *text, enum monitor_mode *ret_mode)
{
	static const char *const modes[] = {
		[MONITOR_AUTO] = "auto",
		[MONITOR_UDEV] = "udev",
		[MONITOR_KERNEL] = "kernel",
	};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (strcmp(modes[i], text) == 0) {
			*ret_mode = (enum monitor_mode)i;
			return 0;
		}
	}
	return fail("monitor", text, "it is udev, kernel or auto");
}

static int parse_replicate(const char *text, enum replicate *ret_replicate)
{
	static const char *const words[] = {
		[REPLICATE_FIXED] = "fixed",
		[REPLICATE_OFF] = "off",
		[REPLICATE_ALL] = "all",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i], text) == 0) {
			*ret_replicate = (enum replicate)i;
			return 0;
		}
	}
	return fail("replicate", text, "it is fixed, off or all");
}

/* An option that is off or, in one way, on. */
static int parse_choice(const char *option, const char *text, const char *on, bool *ret_is_on)
{
	_cleanup_free_ char *why = NULL;

	*ret_is_on = strcmp(text, on) == 0;
	if (*ret_is_on || strcmp(text, "off") == 0)
		return 0;
	why = xasprintf("it is %s or off", on);
	return fail(option, text, why);
}

/* An absolute path, made without looking at what is there: it may be a dead mount. */
static char *get_absolute(const char *path)
{
	_cleanup_free_ char *here = path[0] == '/' ? NULL : getcwd(NULL, 0);

	return here ? xasprintf("%s/%s", here, path) : xstrdup(path);
}

enum own_option {
	OPT_DB,
	OPT_DEVICES,
	OPT_ID,
	OPT_MONITOR,
	OPT_BUFFER,
	OPT_CACHE,
	OPT_AUTO_DL,
	OPT_SUGGEST,
	OPT_FOLLOW,
	OPT_REPLICATE,
	OPT_AUTOMOUNT,
	OPT_UID,
	OPT_GID,
	OPT_MODE,
	OPT_FSNAME,
	OPT_MAX_READ,
	OWN_OPTIONS
};

static const char *const own_options[OWN_OPTIONS] = {
	[OPT_DB] = "db",
	[OPT_DEVICES] = "devices",
	[OPT_ID] = "id",
	[OPT_MONITOR] = "monitor",
	[OPT_BUFFER] = "monitor_buffer",
	[OPT_CACHE] = "cache",
	[OPT_AUTO_DL] = "auto_dl",
	[OPT_SUGGEST] = "suggest",
	[OPT_FOLLOW] = "follow",
	[OPT_REPLICATE] = "replicate",
	[OPT_AUTOMOUNT] = "automount",
	[OPT_UID] = "uid",
	[OPT_GID] = "gid",
	[OPT_MODE] = "mode",
	[OPT_FSNAME] = "fsname",
	[OPT_MAX_READ] = "max_read",
};

/* What libfuse knows and what makes sense here. */
static const char *const fuse_options_passed[] = { "allow_other", "allow_root", "auto_unmount",
	"default_permissions", "ro", "nosuid", "nodev", "noexec", "noatime", "sync", "dirsync",
	"blkdev", "context", "fscontext", "defcontext", "rootcontext" };

/* What mount(8), fstab and systemd put beside it, for themselves. */
static const char *const ignored_options[] = { "defaults", "rw", "suid", "dev", "exec", "async",
	"atime", "diratime", "nodiratime", "relatime", "norelatime", "strictatime", "nostrictatime",
	"lazytime", "nolazytime", "silent", "loud", "auto", "noauto", "user", "nouser", "users",
	"nousers", "owner", "noowner", "group", "nogroup", "_netdev", "nofail", "mand", "nomand",
	"iversion", "noiversion", "subtype", "comment" };

static bool is_listed(const char *const *list, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

static int set_own_option(struct arguments *arguments, enum own_option option, char *value)
{
	struct mmfs_options *options = &arguments->options;
	unsigned long number = 0;
	const char *why;
	int r = 0;

	switch (option) {
	case OPT_DB:
		free(arguments->database);
		arguments->database = get_absolute(value);
		break;
	case OPT_DEVICES:
		free(arguments->devices);
		arguments->devices = xstrdup(value);
		break;
	case OPT_ID:
		r = id_order_parse(value, &options->order, &why);
		return r < 0 ? fail("id", value, why) : 0;
	case OPT_MONITOR:
		return parse_monitor(value, &options->discovery.monitor);
	case OPT_BUFFER:
		r = parse_number("monitor_buffer", value, 10, 1u << 30, &number);
		options->discovery.buffer = number;
		break;
	case OPT_CACHE:
		return parse_choice("cache", value, "on", &options->fuse.is_cached);
	case OPT_AUTO_DL:
		options->gives_letters = true;
		break;
	case OPT_SUGGEST:
		return parse_choice("suggest", value, "label", &options->suggests_label);
	case OPT_FOLLOW:
		return parse_choice("follow", value, "partuuid", &options->follows_partuuid);
	case OPT_REPLICATE:
		return parse_replicate(value, &options->replicate);
	case OPT_AUTOMOUNT:
		return parse_choice("automount", value, "registered", &options->mounts_registered);
	case OPT_UID:
		return parse_user(value, &options->fuse.uid);
	case OPT_GID:
		return parse_group(value, &options->fuse.gid);
	case OPT_MODE:
		r = parse_number("mode", value, 8, 0777, &number);
		options->fuse.mode = (uint32_t)number;
		break;
	case OPT_FSNAME:
		free(arguments->source);
		arguments->source = xstrdup(value);
		break;
	case OPT_MAX_READ:
		r = parse_number("max_read", value, 10, UINT32_MAX, &number);
		options->fuse.max_read = (uint32_t)number;
		break;
	case OWN_OPTIONS:
		break;
	}
	return r;
}

/* One of the words behind -o. */
static int set_option(struct arguments *arguments, char *text)
{
	char *value = strchr(text, '=');

	if (value)
		*value++ = '\0';
	for (size_t i = 0; i < OWN_OPTIONS; i++) {
		if (strcmp(own_options[i], text) != 0)
			continue;
		if (i == OPT_AUTO_DL && value)
			return fail(text, value, "it takes no value");
		if (i != OPT_AUTO_DL && (!value || !*value))
			return fail(text, NULL, "it needs a value");
		return set_own_option(arguments, (enum own_option)i, value);
	}
	if (is_listed(ignored_options, ARRAY_SIZE(ignored_options), text) ||
		strncmp(text, "x-", 2) == 0 || strncmp(text, "X-", 2) == 0)
		return 0;
	if (!is_listed(fuse_options_passed, ARRAY_SIZE(fuse_options_passed), text))
		return arguments->is_sloppy ? 0 : fail(text, value, "there is no such option");
	strbuf_add_format(&arguments->mount, "%s%s%s%s", arguments->mount.len ? "," : "", text,
		value ? "=" : "", value ? value : "");
	return 0;
}

static int set_options(struct arguments *arguments, const char *list)
{
	_cleanup_free_ char *copy = xstrdup(list);
	char *rest = copy, *text;
	int r = 0;

	while (r == 0 && (text = strsep(&rest, ",")))
		if (*text)
			r = set_option(arguments, text);
	return r;
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
	return r;
}

static int fail_usage(const struct arguments *arguments)
{
	if (arguments->is_helper)
		print_helper_usage(stderr);
	else
		print_usage(stderr);
	return EXIT_USAGE;
}

/* Returns an exit code, or -1 to go on. */
static int parse_operands(struct arguments *arguments, int count, char **operands)
{
	if (count != 1 && count != 2)
		return fail_usage(arguments);
	if (count == 2 && !arguments->source)
		arguments->source = xstrdup(operands[0]);
	arguments->mountpoint = get_absolute(operands[count - 1]);
	return -1;
}

/*
 * The command line of a helper, as mount(8) describes it: SOURCE DIRECTORY [-sfnv] [-N NAMESPACE]
 * [-o OPTIONS] [-t TYPE.SUBTYPE]. Returns an exit code, or -1 to go on.
 */
static int parse_helper_arguments(struct arguments *arguments, int argc, char **argv)
{
	_cleanup_strbuf_ struct strbuf options = STRBUF_INIT;
	const char *space = NULL; /* of mounts */
	int option, code;

	while ((option = getopt(argc, argv, "fhnN:o:st:vV")) != -1) {
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
			print_helper_usage(stdout);
			return EXIT_SUCCESS;
		case 'V':
			print_version();
			return EXIT_SUCCESS;
		default:
			return fail_usage(arguments);
		}
	}
	if (set_options(arguments, strbuf_text(&options)) < 0)
		return EXIT_USAGE;
	code = parse_operands(arguments, argc - optind, argv + optind);
	if (code < 0 && !arguments->is_fake && space && enter_namespace(space) < 0)
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
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "fdo:shVnv", long_options, NULL)) != -1) {
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
			if (set_options(arguments, optarg) < 0)
				return EXIT_USAGE;
			break;
		case 's': /* of libfuse and mount(8): without meaning here */
		case 'n':
		case 'v':
			break;
		case 'h':
			print_usage(stdout);
			return EXIT_SUCCESS;
		case 'V':
			print_version();
			return EXIT_SUCCESS;
		case OPTION_OPERATIONS:
			print_operations();
			return EXIT_SUCCESS;
		default:
			return fail_usage(arguments);
		}
	}
	return parse_operands(arguments, argc - optind, argv + optind);
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

/* In the exit codes of mount(8) if it is who asks. */
static int get_status(const struct arguments *arguments, int code)
{
	if (!arguments->is_helper || code == EXIT_SUCCESS)
		return code;
	return code == EXIT_USAGE ? EXIT_MOUNT_USAGE : EXIT_MOUNT_FAILURE;
}

static int run(struct arguments *arguments)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct mmfs *mmfs = NULL;
	int r = 0;

	if (!arguments->is_foreground)
		r = background_enter(get_status(arguments, EXIT_FAILURE));
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
		background_leave_terminal();
	background_notify("READY=1");
	r = mmfs_run(mmfs);
	background_notify("STOPPING=1");
	if (r < 0)
		log_error("cannot wait for events: %s", strerror(-r));
	mmfs_stop(mmfs);
	return r;
}

/* Whether it is a link such as mount.mmfs or mount.fuse.mmfs. */
static bool is_helper(const char *program)
{
	const char *slash = program ? strrchr(program, '/') : NULL;

	return program && strncmp(slash ? slash + 1 : program, "mount.", 6) == 0;
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
	arguments.is_helper = is_helper(argv[0]);
	code = arguments.is_helper ? parse_helper_arguments(&arguments, argc, argv)
				   : parse_arguments(&arguments, argc, argv);
	if (code < 0 && arguments.is_fake)
		code = EXIT_SUCCESS;
	if (code < 0) {
		complete_options(&arguments);
		code = run(&arguments) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	strbuf_fini(&arguments.mount);
	free(arguments.source);
	free(arguments.database);
	free(arguments.devices);
	free(arguments.mountpoint);
	return get_status(&arguments, code);
}
