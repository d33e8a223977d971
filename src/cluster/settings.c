/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the program is told: see the header. What the command line says counts more than the file:
 * nothing is set twice.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cluster/order.h"
#include "cluster/settings.h"

#define DEFAULT_SOCKET "/run/mmfs/cluster"
#define DEFAULT_ROOM 128 /* as etcd begins with */
#define ROOM_MIN 16
#define ROOM_MAX 100000
#define LINE_MAX_LEN 4096

static int refuse(char **ret_why, const char *what, const char *value, const char *why)
{
	*ret_why = xasprintf("%s%s%s: %s", what, value ? "=" : "", value ? value : "", why);
	return -EINVAL;
}

static int set_members(struct settings *settings, const char *value, char **ret_why)
{
	_cleanup_free_ char *list = xstrdup(value);
	char *rest = list, *member;

	if (settings->member_count > 0)
		return 0;
	while ((member = strsep(&rest, ", "))) {
		size_t len = strlen(member);

		if (len == 0)
			continue;
		if (strncmp(member, "https://", 8) != 0 || !member[8])
			return refuse(ret_why, "endpoints", member,
				"a member is https://HOST:PORT: there is nothing but TLS");
		if (settings->member_count == SETTINGS_MEMBERS_MAX)
			return refuse(ret_why, "endpoints", NULL, "these are too many");
		while (member[len - 1] == '/')
			member[--len] = '\0';
		settings->members =
			xgrow(settings->members, settings->member_count, sizeof(char *));
		settings->members[settings->member_count++] = xstrdup(member);
	}
	return 0;
}

static int set_room(struct settings *settings, const char *value, char **ret_why)
{
	char *end;
	unsigned long room = strtoul(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end || room < ROOM_MIN || room > ROOM_MAX)
		return refuse(ret_why, "room", value, "it is a number from 16 to 100000");
	if (settings->room == 0)
		settings->room = room;
	return 0;
}

int settings_set(struct settings *settings, const char *name, const char *value, char **ret_why)
{
	const struct {
		const char *name;
		char **text;
	} texts[] = {
		{ "cluster", &settings->name },
		{ "cacert", &settings->cacert },
		{ "cert", &settings->cert },
		{ "key", &settings->key },
		{ "host", &settings->host },
		{ "socket", &settings->socket },
	};

	if (strcmp(name, "endpoints") == 0)
		return set_members(settings, value, ret_why);
	if (strcmp(name, "room") == 0)
		return set_room(settings, value, ret_why);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (strcmp(name, texts[i].name) != 0)
			continue;
		if (!*texts[i].text)
			*texts[i].text = xstrdup(value);
		return 0;
	}
	return refuse(ret_why, name, NULL, "there is no such setting");
}

static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t");
	for (len = strlen(text); len > 0 && strchr(" \t\r\n", text[len - 1]);)
		text[--len] = '\0';
	return text;
}

static int take_line(struct settings *settings, char *line, char **ret_why)
{
	bool is_whole = strlen(line) < LINE_MAX_LEN - 1 || strchr(line, '\n');
	char *name = trim(line), *equals = strchr(name, '=');

	if (!is_whole)
		return refuse(ret_why, "a line", NULL, "it is too long");
	if (!name[0] || name[0] == '#')
		return 0;
	if (!equals)
		return refuse(ret_why, name, NULL, "a line is NAME=VALUE");
	*equals = '\0';
	return settings_set(settings, trim(name), trim(equals + 1), ret_why);
}

int settings_load(struct settings *settings, const char *path, char **ret_why)
{
	FILE *file = fopen(path, "re");
	char line[LINE_MAX_LEN];
	unsigned int number = 0;
	int r = 0;

	while (r == 0 && file && fgets(line, sizeof(line), file)) {
		_cleanup_free_ char *why = NULL;

		number++;
		r = take_line(settings, line, &why);
		if (r < 0)
			*ret_why = xasprintf("%s:%u: %s", path, number, why);
	}
	if (r == 0 && (!file || ferror(file))) {
		r = -errno;
		refuse(ret_why, path, NULL, strerror(errno));
	}
	if (file)
		fclose(file);
	return r;
}

int settings_complete(struct settings *settings, const char *host, char **ret_why)
{
	if (!settings->host)
		settings->host = xstrndup(host, strcspn(host, "."));
	if (!settings->socket)
		settings->socket = xstrdup(DEFAULT_SOCKET);
	if (settings->room == 0)
		settings->room = DEFAULT_ROOM;
	if (!settings->name || !order_is_name(settings->name))
		return refuse(ret_why, "cluster", settings->name,
			"the name of a cluster is up to 64 letters and digits, dots, _ and -, and "
			"does "
			"not begin with a dot");
	if (!order_is_name(settings->host))
		return refuse(ret_why, "host", settings->host,
			"the name of a host is up to 64 letters and digits, dots, _ and -, and "
			"does not "
			"begin with a dot");
	if (settings->member_count == 0)
		return refuse(ret_why, "endpoints", NULL, "who is etcd?");
	if (!settings->cacert || !settings->cert || !settings->key)
		return refuse(ret_why, "cacert, cert, key", NULL,
			"all three are needed: there is nothing but TLS with certificates");
	return 0;
}

void settings_fini(struct settings *settings)
{
	for (size_t i = 0; i < settings->member_count; i++)
		free(settings->members[i]);
	free(settings->members);
	free(settings->name);
	free(settings->cacert);
	free(settings->cert);
	free(settings->key);
	free(settings->host);
	free(settings->socket);
	*settings = (struct settings){};
}
