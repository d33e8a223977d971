/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plays mmfs-cluster for several daemons, and the engine behind it: rows in memory with a revision
 * each, conditional transactions, all that is said about them on the sockets of the daemons. What
 * goes wrong is told it on standard input, a line each:
 *
 *	state HOST up|down|read-only|full [WHY]
 *	drop HOST		ends the connection; it comes again at once
 *	hold HOST		the same, and it does not come again before `let HOST`
 *	deaf HOST / hear HOST	commits are not answered, and do not happen; or answered again
 *	mute HOST		the next commit happens, and its answer is lost
 *	cut HOST		the next commit happens, and the connection is lost at once
 *	lose HOST NUMBER	so many commits lose for no reason
 *	raw HOST TEXT		a line as it is
 *	put KEY VALUE, delete KEY	another host writes: "elsewhere"
 *	with KEY VALUE		in the same revision as what is put or deleted next
 *	seen ID HOST, unseen ID HOST	another host sees a volume, or not any more
 *	room NUMBER		of operations in one commit, for who comes from now on
 *	compact			what was before is not told again: who comes anew is sent everything
 *	other			the engine is another one, without rows
 *	save			keeps a copy of all rows
 *	restore			has that copy again, and so older revisions
 *	dump FILE		writes all rows, by key, and how many commits of hosts were heard
 *
 * Usage: engine HOST=SOCKET…
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "core/syntax/json.h"
#include "engine-rows.h"

enum { HOSTS = 8, SIGHTS = 64 };
#define VOID_LOG "{\"void\":true}"

struct sight {
	char *id, *host;
	char *rest; /* of its object, behind the host */
};

static struct host {
	const char *name, *path;
	int fd; /* -1: not connected */
	bool is_held, is_deaf, is_mute, is_cut;
	unsigned int losses, heard;
	char *state; /* the line that says it */
	struct strbuf in;
} hosts[HOSTS];
static size_t host_count;

static struct sight sights[SIGHTS];
static size_t sight_count;
static uint64_t revision = 100, head = 10, compacted;
static unsigned int generation, room = 120;
static uint64_t saved_revision, saved_head;
static struct strbuf with; /* rows of the next revision */

static void say(struct host *host, const struct strbuf *line)
{
	size_t sent = 0;

	while (host->fd >= 0 && sent < line->len) {
		ssize_t n = send(host->fd, line->data + sent, line->len - sent, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		sent += (size_t)n;
	}
}

/* One revision, to all. */
static void tell(const char *host, const char *change, const struct strbuf *list)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;

	strbuf_add_format(&line,
		"{\"rows\":[%s],\"revision\":%llu,\"head\":%llu,\"host\":\"%s\","
		"\"change\":\"%s\"}\n",
		strbuf_text(list), (unsigned long long)revision, (unsigned long long)head, host,
		change);
	for (size_t i = 0; i < host_count; i++)
		say(&hosts[i], &line);
	keep_line(&line, revision);
}

/* What was before is not there to be told any more. */
static void compact(void)
{
	compacted = revision;
	drop_lines();
}

static void send_since(struct host *host, uint64_t from)
{
	const struct strbuf *line;

	for (size_t i = 0; (line = find_line(from, &i)); i++)
		say(host, line);
}

static void send_all(struct host *host)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT, list = STRBUF_INIT;

	for (size_t i = 0; i < row_count; i++)
		add_row(&list, rows[i].key, rows[i].value, rows[i].revision);
	strbuf_add_format(&line,
		"{\"begin\":\"all\",\"revision\":%llu,\"head\":%llu}\n"
		"{\"rows\":[%s],\"revision\":%llu}\n{\"end\":\"all\"}\n",
		(unsigned long long)revision, (unsigned long long)head, strbuf_text(&list),
		(unsigned long long)revision);
	say(host, &line);
}

static void greet(struct host *host)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;

	strbuf_add_format(&line,
		"{\"hello\":1,\"host\":\"%s\",\"cluster_id\":\"00000000-0000-4000-8000-%012u\","
		"\"room\":%u,\"limit\":1400000,\"next\":1}\n",
		host->name, generation + 1, room);
	say(host, &line);
}

static void say_state(struct host *host)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;

	strbuf_add_text(&line, host->state);
	say(host, &line);
}

static bool is_below(const char *key, const char *prefix)
{
	return strncmp(key, prefix, strlen(prefix)) == 0;
}

/* Whether a condition holds; who is in the way is added to `seen`, and what to `taken`. */
static bool compare(const struct json *json, const struct json_value *condition,
	struct strbuf *seen, struct strbuf *taken)
{
	const char *below = json_get_text(json, condition, "below");
	const char *key = json_get_text(json, condition, below ? "but" : "key");
	const struct row *row = key ? find_row(key) : NULL;
	uint64_t wanted = json_get_number(json, condition, "revision");
	bool holds = true;

	if (!below && row && !wanted)
		add_row(taken, row->key, row->value, row->revision);
	if (!below)
		return (row ? row->revision : 0) == wanted;
	for (size_t i = 0; i < sight_count; i++) {
		_cleanup_free_ char *at = xasprintf("seen/%s/%s", sights[i].id, sights[i].host);

		if (!is_below(at, below) || strcmp(at, key) == 0)
			continue;
		holds = false;
		strbuf_add_text(seen, seen->len ? ",{\"id\":" : "{\"id\":");
		strbuf_add_json(seen, sights[i].id);
		strbuf_add_format(seen, ",\"host\":\"%s\"}", sights[i].host);
	}
	return holds;
}

static void end_connection(struct host *host)
{
	if (host->fd >= 0)
		close(host->fd);
	host->fd = -1;
	strbuf_fini(&host->in);
}

/* The caller frees it. */
static char *get_log_key(const char *change)
{
	const char *number = strrchr(change, '/') + 1;

	return xasprintf(
		"log/%.*s%020llu", (int)(number - change), change, strtoull(number, NULL, 10));
}

static void write_rows(struct host *host, const struct json *json)
{
	const struct json_value *put = json_find(json, json->list, "put"), *value;
	const struct json_value *gone = json_find(json, json->list, "delete");
	const char *change = json_get_text(json, json->list, "change");
	_cleanup_free_ char *log = get_log_key(change);
	_cleanup_strbuf_ struct strbuf list = STRBUF_INIT;

	revision++;
	head++;
	for (value = json_first(json, put); value; value = json_next(json, put, value)) {
		put_row(json_get_text(json, value, "key"), json_get_text(json, value, "value"),
			revision);
		add_row(&list, json_get_text(json, value, "key"),
			json_get_text(json, value, "value"), revision);
	}
	for (value = json_first(json, gone); value; value = json_next(json, gone, value)) {
		delete_row(value->text);
		add_row(&list, value->text, NULL, revision);
	}
	put_row(log, json_get_text(json, json->list, "log"), revision);
	add_row(&list, log, json_get_text(json, json->list, "log"), revision);
	if (host->is_cut) {
		host->is_held = true;
		end_connection(host);
	}
	host->is_cut = false;
	if (!host->is_mute) {
		_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;

		strbuf_add_format(&line,
			"{\"answer\":%llu,\"result\":\"done\",\"revision\":%llu}\n",
			(unsigned long long)json_get_number(json, json->list, "commit"),
			(unsigned long long)revision);
		say(host, &line);
	}
	host->is_mute = false;
	tell(host->name, change, &list);
}

static void commit(struct host *host, const struct json *json)
{
	const struct json_value *list = json_find(json, json->list, "compare"), *value;
	_cleanup_strbuf_ struct strbuf seen = STRBUF_INIT, taken = STRBUF_INIT, line = STRBUF_INIT;
	_cleanup_free_ char *log = get_log_key(json_get_text(json, json->list, "change"));
	bool holds = !find_row(log);

	host->heard++;
	if (host->is_deaf)
		return;
	for (value = json_first(json, list); value; value = json_next(json, list, value))
		holds &= compare(json, value, &seen, &taken);
	if (host->losses) {
		host->losses--;
		holds = false;
	}
	if (holds) {
		write_rows(host, json);
		return;
	}
	strbuf_add_format(&line,
		"{\"answer\":%llu,\"result\":\"lost\",\"revision\":%llu,\"seen\":[%s],"
		"\"taken\":[%s]}\n",
		(unsigned long long)json_get_number(json, json->list, "commit"),
		(unsigned long long)revision, strbuf_text(&seen), strbuf_text(&taken));
	say(host, &line);
}

static void drop_sights(const char *id, const char *host)
{
	for (size_t i = 0; i < sight_count;) {
		if (strcmp(sights[i].host, host) != 0 || (id && strcmp(sights[i].id, id) != 0)) {
			i++;
			continue;
		}
		free(sights[i].id);
		free(sights[i].host);
		free(sights[i].rest);
		sights[i] = sights[--sight_count];
	}
}

static void add_sight(const char *id, const char *host, const char *device, const char *mounts)
{
	if (sight_count == SIGHTS)
		abort();
	sights[sight_count++] = (struct sight){
		.id = xstrdup(id),
		.host = xstrdup(host),
		.rest = xasprintf(
			"\"device\":\"%s\",\"state\":\"online\",\"mounts\":[%s]", device, mounts),
	};
}

static void take_seen(struct host *host, const struct json *json, const struct json_value *list)
{
	drop_sights(NULL, host->name);
	for (const struct json_value *value = json_first(json, list); value;
		value = json_next(json, list, value)) {
		const struct json_value *mounts = json_find(json, value, "mounts"), *path;
		_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

		for (path = json_first(json, mounts); path; path = json_next(json, mounts, path)) {
			strbuf_add_text(&text, text.len ? "," : "");
			strbuf_add_json(&text, path->text);
		}
		add_sight(json_get_text(json, value, "id"), host->name,
			json_get_text(json, value, "device"), strbuf_text(&text));
	}
}

static void answer_ask(struct host *host, uint64_t id)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;

	strbuf_add_format(&line, "{\"answer\":%llu,\"hosts\":[", (unsigned long long)id);
	for (size_t i = 0; i < host_count; i++)
		strbuf_add_format(&line, "%s{\"host\":\"%s\",\"alive\":%s,\"boot\":\"b%zu\"}",
			i ? "," : "", hosts[i].name, hosts[i].fd >= 0 ? "true" : "false", i);
	strbuf_add_text(&line, "],\"seen\":[");
	for (size_t i = 0; i < sight_count; i++) {
		strbuf_add_text(&line, i ? ",{\"id\":" : "{\"id\":");
		strbuf_add_json(&line, sights[i].id);
		strbuf_add_format(&line, ",\"host\":\"%s\",%s}", sights[i].host, sights[i].rest);
	}
	strbuf_add_text(&line, "]}\n");
	say(host, &line);
}

static void take_want(struct host *host, const struct json *json, const struct json_value *want)
{
	const char *open = json_get_text(json, want, "open");
	uint64_t from = json_get_number(json, want, "revision");
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;
	_cleanup_free_ char *log = open ? get_log_key(open) : NULL;

	if (log && !find_row(log))
		put_row(log, VOID_LOG, revision);
	if (log) {
		strbuf_add_format(&line, "{\"settled\":\"%s\",\"result\":\"%s\"}\n", open,
			strcmp(find_row(log)->value, VOID_LOG) == 0 ? "void" : "done");
		say(host, &line);
	}
	if (!from || from < compacted || from > revision)
		send_all(host);
	else
		send_since(host, from);
	say_state(host);
}

static void take_line(struct host *host, char *text, size_t len)
{
	_cleanup_json_ struct json json = { 0 };
	const struct json_value *object, *found;
	uint64_t id;

	if (json_parse(text, len, &json) < 0)
		abort();
	object = json.list;
	id = json_get_number(&json, object, "sync");
	if ((found = json_find(&json, object, "want"))) {
		take_want(host, &json, found);
	} else if (json_find(&json, object, "commit")) {
		commit(host, &json);
	} else if (id) {
		_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;

		strbuf_add_format(&line, "{\"answer\":%llu,\"synced\":%llu}\n",
			(unsigned long long)id, (unsigned long long)revision);
		say(host, &line);
	} else if ((found = json_find(&json, object, "seen"))) {
		take_seen(host, &json, found);
	} else if ((id = json_get_number(&json, object, "ask"))) {
		answer_ask(host, id);
	} else if ((id = json_get_number(&json, object, "forget"))) {
		_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;

		drop_sights(NULL, json_get_text(&json, object, "host"));
		strbuf_add_format(
			&line, "{\"answer\":%llu,\"result\":\"done\"}\n", (unsigned long long)id);
		say(host, &line);
	}
}

static void begin_connection(struct host *host)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strcpy(address.sun_path, host->path);
	host->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(host->fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		end_connection(host);
	else
		greet(host);
}

static void cut_lines(
	struct strbuf *in, void (*take)(void *data, char *text, size_t len), void *data)
{
	char *end;

	while (in->len && (end = memchr(in->data, '\n', in->len))) {
		size_t len = (size_t)(end - in->data);
		_cleanup_free_ char *line = xstrndup(in->data, len);

		memmove(in->data, end + 1, in->len - len - 1);
		strbuf_resize(in, in->len - len - 1);
		take(data, line, len);
	}
}

static void take_host_line(void *data, char *text, size_t len)
{
	take_line(data, text, len);
}

static bool read_some(int fd, struct strbuf *in)
{
	char buffer[65536];
	ssize_t n = read(fd, buffer, sizeof(buffer));

	if (n <= 0)
		return false;
	strbuf_add(in, buffer, (size_t)n);
	return true;
}

static struct host *find_host(const char *name)
{
	for (size_t i = 0; i < host_count; i++)
		if (strcmp(hosts[i].name, name) == 0)
			return &hosts[i];
	fprintf(stderr, "engine: no host %s\n", name);
	exit(1);
}

static void write_elsewhere(const char *key, const char *value)
{
	_cleanup_free_ char *change = xasprintf("elsewhere/%llu", (unsigned long long)++head);

	revision++;
	if (value)
		put_row(key, value, revision);
	else
		delete_row(key);
	add_row(&with, key, value, revision);
	tell("elsewhere", change, &with);
	strbuf_reset(&with);
}

static void write_with(const char *key, const char *value)
{
	put_row(key, value, revision + 1);
	add_row(&with, key, value, revision + 1);
}

static void dump(const char *path)
{
	_cleanup_free_ char *temporary = xasprintf("%s.new", path);
	FILE *file = fopen(temporary, "we");

	dump_rows(file);
	for (size_t i = 0; i < host_count; i++)
		fprintf(file, "heard %s %u\n", hosts[i].name, hosts[i].heard);
	fclose(file);
	rename(temporary, path);
}

static void end_connections(void)
{
	compact();
	for (size_t i = 0; i < host_count; i++)
		end_connection(&hosts[i]);
}

static void save(void)
{
	save_rows();
	saved_revision = revision;
	saved_head = head;
}

static void restore(void)
{
	restore_rows();
	revision = saved_revision;
	head = saved_head;
	end_connections();
}

static void be_another(void)
{
	generation++;
	drop_rows();
	end_connections();
}

static void set_state(struct host *host, const char *state, const char *why)
{
	free(host->state);
	host->state = xasprintf("{\"state\":\"%s\",\"revision\":%llu,\"why\":\"%s\"}\n", state,
		(unsigned long long)revision, why ? why : "");
	say_state(host);
}

static void say_raw(struct host *host, const char *text)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;

	strbuf_add_format(&line, "%s\n", text);
	say(host, &line);
}

/* Commands about a host. */
static void command_host(const char *word, struct host *host, char *rest)
{
	if (strcmp(word, "state") == 0) {
		char *state = strsep(&rest, " ");

		set_state(host, state, rest);
	} else if (strcmp(word, "drop") == 0 || strcmp(word, "hold") == 0) {
		host->is_held = word[0] == 'h';
		end_connection(host);
	} else if (strcmp(word, "let") == 0) {
		host->is_held = false;
	} else if (strcmp(word, "deaf") == 0 || strcmp(word, "hear") == 0) {
		host->is_deaf = word[0] == 'd';
	} else if (strcmp(word, "mute") == 0) {
		host->is_mute = true;
	} else if (strcmp(word, "cut") == 0) {
		host->is_cut = true;
	} else if (strcmp(word, "lose") == 0) {
		host->losses = (unsigned int)strtoul(rest, NULL, 10);
	} else {
		say_raw(host, rest);
	}
}

static void command(void *data, char *text, size_t len)
{
	char *rest = text, *word = strsep(&rest, " "), *first = strsep(&rest, " ");

	if (strcmp(word, "put") == 0 || strcmp(word, "delete") == 0) {
		write_elsewhere(first, rest);
	} else if (strcmp(word, "room") == 0) {
		room = (unsigned int)strtoul(first, NULL, 10);
	} else if (strcmp(word, "with") == 0) {
		write_with(first, rest);
	} else if (strcmp(word, "seen") == 0) {
		add_sight(first, rest, "/dev/sdz", "");
	} else if (strcmp(word, "unseen") == 0) {
		drop_sights(first, rest);
	} else if (strcmp(word, "compact") == 0) {
		compact();
	} else if (strcmp(word, "other") == 0) {
		be_another();
	} else if (strcmp(word, "save") == 0) {
		save();
	} else if (strcmp(word, "restore") == 0) {
		restore();
	} else if (strcmp(word, "dump") == 0) {
		dump(first);
	} else {
		command_host(word, find_host(first), rest);
	}
}

int main(int argc, char **argv)
{
	struct strbuf commands = STRBUF_INIT;

	for (int i = 1; i < argc && host_count < HOSTS; i++) {
		struct host *host = &hosts[host_count++];
		char *path = strchr(argv[i], '=');

		*path = '\0';
		host->name = argv[i];
		host->path = path + 1;
		host->fd = -1;
		set_state(host, "up", NULL);
	}
	while (true) {
		struct pollfd fds[HOSTS + 1] = { { .fd = 0, .events = POLLIN } };

		for (size_t i = 0; i < host_count; i++) {
			if (hosts[i].fd < 0 && !hosts[i].is_held)
				begin_connection(&hosts[i]);
			fds[i + 1] = (struct pollfd){ .fd = hosts[i].fd, .events = POLLIN };
		}
		if (poll(fds, host_count + 1, 20) < 0)
			return 1;
		if (fds[0].revents && !read_some(0, &commands))
			return 0;
		cut_lines(&commands, command, NULL);
		for (size_t i = 0; i < host_count; i++) {
			if (!fds[i + 1].revents || hosts[i].fd != fds[i + 1].fd)
				continue;
			if (!read_some(hosts[i].fd, &hosts[i].in))
				end_connection(&hosts[i]);
			cut_lines(&hosts[i].in, take_host_line, &hosts[i]);
		}
	}
}
