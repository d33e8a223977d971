/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mount options: our own, those that libfuse gets, and those that are others' and ignored.
 */

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/syntax/cluster_line.h"
#include "core/syntax/request.h"
#include "daemon/options.h"

static int refuse_option(const char *option, const char *value, const char *why)
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
	return user || parse_account(text, ret_uid)
		? 0
		: refuse_option("uid", text, "there is no such user (a name, or a number)");
}

static int parse_group(const char *text, uint32_t *ret_gid)
{
	const struct group *group = getgrnam(text);

	if (group)
		*ret_gid = group->gr_gid;
	return group || parse_account(text, ret_gid)
		? 0
		: refuse_option("gid", text, "there is no such group (a name, or a number)");
}

static int parse_number(const char *option, const char *text, int base, unsigned long max,
	unsigned long *ret_number)
{
	_cleanup_free_ char *why = NULL;
	char *end;

	errno = 0;
	*ret_number = strtoul(text, &end, base);
	if (*text && !*end && !errno && *text != '-' && *ret_number <= max)
		return 0;
	why = base == 8 ? xasprintf("it is an octal number up to %04lo, such as 0660", max)
			: xasprintf("it is a number up to %lu", max);
	return refuse_option(option, text, why);
}

static int parse_order(const char *text, struct id_order *ret_order)
{
	const char *why;

	return id_order_parse(text, ret_order, &why) < 0 ? refuse_option("id", text, why) : 0;
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
	return refuse_option("monitor", text, "it is udev, kernel or auto");
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
	return refuse_option("replicate", text, "it is fixed, off or all");
}

/* An option that is off or, in one way, on. */
static int parse_choice(const char *option, const char *text, const char *on, bool *ret_is_on)
{
	_cleanup_free_ char *why = NULL;

	*ret_is_on = strcmp(text, on) == 0;
	if (*ret_is_on || strcmp(text, "off") == 0)
		return 0;
	why = xasprintf("it is %s or off", on);
	return refuse_option(option, text, why);
}

static int parse_follow(const char *text, enum follow *ret_follow)
{
	static const char *const words[] = {
		[FOLLOW_ON] = "on",
		[FOLLOW_OFF] = "off",
		[FOLLOW_PARTUUID] = "partuuid",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(text, words[i]) != 0)
			continue;
		*ret_follow = (enum follow)i;
		return 0;
	}
	return refuse_option("follow", text, "it is on, off or partuuid");
}

static int parse_strangers(const char *text, enum strangers *ret_strangers)
{
	static const char *const words[] = {
		[STRANGERS_CLASS] = "class",
		[STRANGERS_IDENTITY] = "identity",
		[STRANGERS_ACCEPT] = "accept",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(text, words[i]) != 0)
			continue;
		*ret_strangers = (enum strangers)i;
		return 0;
	}
	return refuse_option("strangers", text, "it is class, identity or accept");
}

char *arguments_get_absolute(const char *path)
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
	OPT_STRANGERS,
	OPT_EXPIRE,
	OPT_REPLICATE,
	OPT_AUTOMOUNT,
	OPT_PUBLISH,
	OPT_CLUSTER,
	OPT_CLUSTER_SOCKET,
	OPT_SHARE,
	OPT_NONEMPTY,
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
	[OPT_STRANGERS] = "strangers",
	[OPT_EXPIRE] = "expire",
	[OPT_REPLICATE] = "replicate",
	[OPT_AUTOMOUNT] = "automount",
	[OPT_PUBLISH] = "publish",
	[OPT_CLUSTER] = "cluster",
	[OPT_CLUSTER_SOCKET] = "cluster_socket",
	[OPT_SHARE] = "share",
	[OPT_NONEMPTY] = "nonempty",
	[OPT_UID] = "uid",
	[OPT_GID] = "gid",
	[OPT_MODE] = "mode",
	[OPT_FSNAME] = "fsname",
	[OPT_MAX_READ] = "max_read",
};

/* What libfuse knows and what makes sense here: without a value, and with one. */
static const char *const fuse_flags_passed[] = { "allow_other", "allow_root", "auto_unmount",
	"default_permissions", "ro", "rw", "nosuid", "nodev", "noexec", "noatime", "sync",
	"dirsync", "blkdev" };
static const char *const fuse_options_passed[] = { "context", "fscontext", "defcontext",
	"rootcontext" };

/* What mount(8), fstab and systemd put beside it, for themselves. */
static const char *const ignored_options[] = { "defaults", "suid", "dev", "exec", "async", "atime",
	"diratime", "nodiratime", "relatime", "norelatime", "strictatime", "nostrictatime",
	"lazytime", "nolazytime", "silent", "loud", "auto", "noauto", "user", "nouser", "users",
	"nousers", "owner", "noowner", "group", "nogroup", "_netdev", "nofail", "mand", "nomand",
	"iversion", "noiversion", "subtype", "comment", "helper", "uhelper" };

static bool is_listed(const char *const *list, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

/* Takes the value over. */
static void set_text(char **text, char *value)
{
	free(*text);
	*text = value;
}

static int parse_days(const char *text, uint32_t *ret_days)
{
	unsigned long number;
	int r = parse_number("expire", text, 10, REQUEST_DAYS_MAX, &number);

	*ret_days = (uint32_t)number;
	return r;
}

static int parse_buffer(const char *text, size_t *ret_bytes)
{
	unsigned long number = 0;
	int r = parse_number("monitor_buffer", text, 10, 1u << 30, &number);

	*ret_bytes = number;
	return r;
}

/* A part of keys, and of the names of files and units. */
static int set_cluster(struct arguments *arguments, const char *text)
{
	size_t len = strlen(text);

	for (const char *c = text; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-",
			    *c) ||
			len > CLUSTER_HOST_MAX || text[0] == '.')
			return refuse_option("cluster", text,
				"it is up to 64 letters and digits, dots, _ and -, and does not "
				"begin with a dot");
	set_text(&arguments->cluster, xstrdup(text));
	return 0;
}

/* A word, or globs as in devices=. */
static int set_share(struct arguments *arguments, const char *text)
{
	static const char *const words[] = {
		[SHARE_OFF] = "off",
		[SHARE_FABRIC] = "fabric",
		[SHARE_ALL] = "all",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i], text) != 0)
			continue;
		arguments->options.share = (enum share)i;
		return 0;
	}
	arguments->options.share = SHARE_NAMED;
	set_text(&arguments->share, xstrdup(text));
	return 0;
}

static int set_flag(bool *ret_flag)
{
	*ret_flag = true;
	return 0;
}

static int set_cluster_option(
	struct arguments *arguments, enum own_option option, const char *value)
{
	if (option == OPT_CLUSTER)
		return set_cluster(arguments, value);
	if (option == OPT_SHARE)
		return set_share(arguments, value);
	set_text(&arguments->cluster_socket, arguments_get_absolute(value));
	return 0;
}

static int parse_fuse_number(
	const char *option, const char *text, int base, unsigned long max, uint32_t *ret_number)
{
	unsigned long number = 0;
	int r = parse_number(option, text, base, max, &number);

	*ret_number = (uint32_t)number;
	return r;
}

static int set_own_option(struct arguments *arguments, enum own_option option, char *value)
{
	struct mmfs_options *options = &arguments->options;

	switch (option) {
	case OPT_DB:
		set_text(&arguments->database, arguments_get_absolute(value));
		break;
	case OPT_DEVICES:
		set_text(&arguments->devices, xstrdup(value));
		break;
	case OPT_ID:
		return parse_order(value, &options->order);
	case OPT_MONITOR:
		return parse_monitor(value, &options->devices.monitor);
	case OPT_BUFFER:
		return parse_buffer(value, &options->devices.buffer);
	case OPT_CACHE:
		return parse_choice("cache", value, "on", &options->fuse.is_cached);
	case OPT_AUTO_DL:
		return set_flag(&options->gives_letters);
	case OPT_SUGGEST:
		return parse_choice("suggest", value, "label", &options->suggests_label);
	case OPT_FOLLOW:
		return parse_follow(value, &options->follow);
	case OPT_STRANGERS:
		return parse_strangers(value, &options->strangers);
	case OPT_EXPIRE:
		return parse_days(value, &options->expire_days);
	case OPT_REPLICATE:
		return parse_replicate(value, &options->replicate);
	case OPT_AUTOMOUNT:
		return parse_choice("automount", value, "registered", &options->mounts_registered);
	case OPT_PUBLISH:
		return parse_choice("publish", value, "udev", &options->publishes);
	case OPT_CLUSTER:
	case OPT_CLUSTER_SOCKET:
	case OPT_SHARE:
		return set_cluster_option(arguments, option, value);
	case OPT_NONEMPTY:
		return set_flag(&options->may_hide);
	case OPT_UID:
		return parse_user(value, &options->fuse.uid);
	case OPT_GID:
		return parse_group(value, &options->fuse.gid);
	case OPT_MODE:
		return parse_fuse_number("mode", value, 8, 0777, &options->fuse.mode);
	case OPT_FSNAME:
		set_text(&arguments->source, xstrdup(value));
		break;
	case OPT_MAX_READ:
		return parse_fuse_number(
			"max_read", value, 10, UINT32_MAX, &options->fuse.max_read);
	case OWN_OPTIONS:
		break;
	}
	return 0;
}

static int check_value(const char *option, const char *value, bool takes_value)
{
	if (takes_value ? value && *value : !value)
		return 0;
	return refuse_option(option, value && *value ? value : NULL,
		takes_value ? "it needs a value" : "it takes no value");
}

/* One of the words behind -o. */
static int set_option(struct arguments *arguments, char *text)
{
	char *value = strchr(text, '=');
	bool takes_value;
	int r;

	if (value)
		*value++ = '\0';
	for (size_t i = 0; i < OWN_OPTIONS; i++) {
		if (strcmp(own_options[i], text) != 0)
			continue;
		r = check_value(text, value, i != OPT_AUTO_DL && i != OPT_NONEMPTY);
		return r == 0 ? set_own_option(arguments, (enum own_option)i, value) : r;
	}
	if (is_listed(ignored_options, ARRAY_SIZE(ignored_options), text) ||
		strncmp(text, "x-", 2) == 0 || strncmp(text, "X-", 2) == 0)
		return 0;
	takes_value = is_listed(fuse_options_passed, ARRAY_SIZE(fuse_options_passed), text);
	if (!takes_value && !is_listed(fuse_flags_passed, ARRAY_SIZE(fuse_flags_passed), text))
		return arguments->is_sloppy
			? 0
			: refuse_option(
				  text, value, "there is no such option (mmfs --help lists them)");
	r = check_value(text, value, takes_value);
	if (r < 0)
		return r;
	strbuf_add_format(&arguments->mount, "%s%s%s%s", arguments->mount.len ? "," : "", text,
		value ? "=" : "", value ? value : "");
	return 0;
}

int arguments_set_options(struct arguments *arguments, const char *list)
{
	_cleanup_free_ char *copy = xstrdup(list);
	char *rest = copy, *text;
	int r = 0;

	while (r == 0 && (text = strsep(&rest, ",")))
		if (*text)
			r = set_option(arguments, text);
	return r;
}
