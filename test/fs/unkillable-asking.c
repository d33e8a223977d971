/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clients of unkillable.c that change something, and know what each answer must be.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mmfs/client.h"
#include "unkillable.h"

/* A name of a client shows what it knows. */
static void check_name(struct client *client, int name)
{
	char path[256], target[256];
	double since = begin(client);
	ssize_t n;

	get_link_path(path, client, name);
	n = readlink(path, target, sizeof(target) - 1);
	end(client, since);
	if (n < 0 && errno != ENOENT)
		die("readlink %s: %s", path, strerror(errno));
	if ((n >= 0) != (client->owner[name] != 0))
		die("%s is %s", path, n >= 0 ? "there still" : "gone");
}

/* --- requests in text ------------------------------------------------------------------------ */

static ssize_t write_text(struct client *client, int fd, const char *text)
{
	double since = begin(client);
	ssize_t n = write(fd, text, strlen(text));

	end(client, since);
	return n < 0 ? -errno : n;
}

static void create_or_delete(struct client *client, bool is_creating)
{
	int name = (int)draw(client, NAMES), owner = 1 + (int)draw(client, 2), fd, expected;
	char text[256], word[64];
	ssize_t n;

	get_name(word, client, name);
	if (is_creating)
		snprintf(text, sizeof(text), "link=%s device=%s\n", word, ids[owner]);
	else
		snprintf(text, sizeof(text), "link=%s\n", word);
	fd = open_file(is_creating ? "control/create_point" : "control/delete_points", O_RDWR);
	n = write_text(client, fd, text);
	if (is_creating)
		expected = client->owner[name] ? EEXIST : 0;
	else
		expected = client->owner[name] ? 0 : ENOENT;
	if (n < 0)
		expect(text, (int)-n, expected);
	else if (expected || (size_t)n != strlen(text))
		die("%s: %zd in place of %d", text, n, -expected);
	if (!expected && !is_creating) {
		char reply[256];
		double since = begin(client);

		n = read(fd, reply, sizeof(reply) - 1);
		end(client, since);
		if (n <= 0)
			die("reply to %s: %zd", text, n);
		reply[n] = '\0';
		if (!strstr(reply, word))
			die("reply to %s: %s", text, reply);
	}
	close(fd);
	if (!expected)
		give(client, name, is_creating ? owner : 0);
	check_name(client, name);
}

void ask(struct client *client)
{
	create_or_delete(client, draw(client, 2));
}

/* Several lines in one write: up to the first that fails. */
void ask_lines(struct client *client)
{
	char text[LINES * 128] = "", word[64];
	size_t end_of[LINES], good = 0;
	int names[LINES], owners[LINES];
	bool taken[NAMES];
	ssize_t n;

	for (int i = 0; i < NAMES; i++)
		taken[i] = client->owner[i] != 0;
	for (int i = 0; i < LINES; i++) {
		names[i] = (int)draw(client, NAMES);
		owners[i] = 1 + (int)draw(client, 2);
		get_name(word, client, names[i]);
		sprintf(text + strlen(text), "link=%s device=%s\n", word, ids[owners[i]]);
		end_of[i] = strlen(text);
	}
	while (good < LINES && !taken[names[good]])
		taken[names[good++]] = true;
	n = write_text(client, client->fd, text);
	if (!good)
		expect(text, n < 0 ? (int)-n : 0, EEXIST);
	else if (n < 0 || (size_t)n != end_of[good - 1])
		die("%s%zd bytes in place of %zu", text, n, end_of[good - 1]);
	for (size_t i = 0; i < good; i++)
		give(client, names[i], owners[i]);
	for (int i = 0; i < LINES; i++)
		check_name(client, names[i]);
	for (int i = 0; i < NAMES; i++)
		if (client->owner[i] && draw(client, 2)) {
			int fd = open_file("control/delete_points", O_WRONLY);

			get_name(word, client, i);
			snprintf(text, sizeof(text), "link=%s\n", word);
			n = write_text(client, fd, text);
			expect(text, n < 0 ? (int)-n : 0, 0);
			give(client, i, 0);
			close(fd);
		}
}

/* Lines that happen together, cut in writes anywhere. */
void batch(struct client *client)
{
	char text[LINES * 128] = "", word[64];
	int owner = 1 + (int)draw(client, 2);
	size_t at = 0;

	for (int i = 0; i < LINES; i++) {
		get_name(word, client, i);
		if (client->owner[i])
			sprintf(text + strlen(text), "delete_points link=%s\n", word);
		else
			sprintf(text + strlen(text), "create_point link=%s device=%s\n", word,
				ids[owner]);
	}
	strcat(text, "commit\n");
	while (text[at]) {
		size_t len = 1 + draw(client, 60), left = strlen(text + at);
		double since = begin(client);
		ssize_t n;

		len = len < left ? len : left;
		n = write(client->fd, text + at, len);
		end(client, since);
		if (n < 0 || (size_t)n != len)
			die("batch %.*s: %zd, %s", (int)len, text + at, n, strerror(errno));
		at += len;
	}
	for (int i = 0; i < LINES; i++)
		give(client, i, client->owner[i] ? 0 : owner);
	for (int i = 0; i < LINES; i++)
		check_name(client, i);
}

/* --- ln, mv, rm, ioctl ------------------------------------------------------------------------ */

void command(struct client *client)
{
	int name = (int)draw(client, NAMES), other = (int)draw(client, NAMES),
	    owner = 1 + (int)draw(client, 2);
	unsigned int kind = draw(client, 3);
	char path[256], new_path[256];
	double since = begin(client);
	int r, expected;

	get_link_path(path, client, name);
	get_link_path(new_path, client, other);
	if (kind == 0) {
		r = symlink(ids[owner], path);
		expected = client->owner[name] ? EEXIST : 0;
	} else if (kind == 1) {
		r = unlink(path);
		expected = client->owner[name] ? 0 : ENOENT;
	} else {
		r = rename(path, new_path);
		expected = client->owner[name] ? 0 : ENOENT;
	}
	r = r < 0 ? errno : 0;
	end(client, since);
	expect(path, r, expected);
	if (r == 0 && kind < 2) {
		give(client, name, kind == 0 ? owner : 0);
	} else if (r == 0 && name != other) {
		give(client, other, client->owner[name]);
		give(client, name, 0);
	}
	check_name(client, name);
	check_name(client, other);
}

void call(struct client *client)
{
	int name = (int)draw(client, NAMES), owner = 1 + (int)draw(client, 2), r, expected;
	char link[64], word[64];
	double since = begin(client);
	struct mmfs_point *points = NULL;
	size_t count = 0;

	get_name(word, client, name);
	snprintf(link, sizeof(link), "/DosDevices/%.50s", word);
	if (draw(client, 2)) {
		r = mmfs_create_point(client->fd, link, ids[owner]);
		expected = client->owner[name] ? -EEXIST : 0;
		if (!r)
			give(client, name, owner);
	} else {
		r = mmfs_delete_points(
			client->fd, &(struct mmfs_point){ .link = link }, &points, &count);
		expected = client->owner[name] ? 0 : -ENOENT;
		if (r == 0 && count != 1)
			die("%zu points in place of the one %s", count, link);
		if (!r)
			give(client, name, 0);
	}
	end(client, since);
	free(points);
	expect(link, -r, -expected);
	check_name(client, name);
}
