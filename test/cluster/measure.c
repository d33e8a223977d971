/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a change takes: through mmfs-cluster, as mmfs asks for it, or as a bare transaction; and
 * how long it takes to hear of all names.
 *
 *	measure through SOCKET COUNT
 *	measure bare ENDPOINT CACERT CERT KEY COUNT
 *	measure fill ENDPOINT CACERT CERT KEY COUNT	COUNT names, a thousand in a transaction
 *	measure load SOCKET
 */

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "cluster/rpc.h"

static uint64_t *times;
static size_t time_count, wanted;

static int compare_times(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return one < other ? -1 : one > other;
}

static void add_time(uint64_t began)
{
	times[time_count++] = clock_get_monotonic() - began;
}

static void report(void)
{
	qsort(times, time_count, sizeof(*times), compare_times);
	printf("%zu changes: p50 %.2f ms, p90 %.2f ms, p99 %.2f ms\n", time_count,
		(double)times[time_count / 2] / 1e3, (double)times[time_count * 9 / 10] / 1e3,
		(double)times[time_count * 99 / 100] / 1e3);
}

/* --- as mmfs --------------------------------------------------------------------------------- */

static FILE *accept_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0)
		exit(1);
	return fdopen(accept(fd, NULL, NULL), "r+");
}

static char *hear(FILE *link, const char *what)
{
	static char *line;
	static size_t size;

	while (getline(&line, &size, link) > 0) {
		if (strstr(line, what))
			return line;
	}
	return NULL;
}

static void say(FILE *link, const char *line)
{
	if (write(fileno(link), line, strlen(line)) < 0)
		exit(1);
}

static FILE *begin(const char *path)
{
	FILE *link = accept_at(path);

	if (strstr(hear(link, "\"hello\""), "\"cluster_id\":\"\"")) {
		fclose(link);
		link = accept_at(path);
		hear(link, "\"hello\"");
	}
	return link;
}

static void measure_through(const char *path)
{
	FILE *link = begin(path);

	say(link, "{\"want\":{\"revision\":0,\"head\":0,\"cluster_id\":\"\"}}\n");
	hear(link, "\"up\"");
	for (size_t i = 1; i <= wanted; i++) {
		_cleanup_free_ char *line =
			xasprintf("{\"commit\":%zu,\"change\":\"h1/"
				  "%zu\",\"log\":\"{\\\"entries\\\":[]}\",\"compare\":["
				  "{\"key\":\"volumes/%zu\",\"revision\":0},{\"key\":\"links/"
				  "%zu\",\"revision\":0}],"
				  "\"put\":[{\"key\":\"volumes/%zu\",\"value\":\"{}\"},"
				  "{\"key\":\"links/%zu\",\"value\":\"{}\"}]}\n",
				i, i, i, i, i, i);
		uint64_t began = clock_get_monotonic();

		say(link, line);
		if (!hear(link, "\"answer\""))
			exit(1);
		add_time(began);
	}
	report();
}

static void measure_load(const char *path)
{
	FILE *link = begin(path);
	uint64_t began = clock_get_monotonic();
	size_t bytes = 0;
	char *line;

	say(link, "{\"want\":{\"revision\":0,\"head\":0,\"cluster_id\":\"\"}}\n");
	while ((line = hear(link, "")) && !strstr(line, "\"end\":"))
		bytes += strlen(line);
	printf("all names: %.0f ms, %.1f MB of lines\n",
		(double)(clock_get_monotonic() - began) / 1e3, (double)bytes / 1e6);
}

/* --- bare ------------------------------------------------------------------------------------ */

static struct rpc *rpc;
static uint64_t sent;

static void send_change(size_t number)
{
	_cleanup_request_ struct etcd_request request = ETCD_REQUEST_INIT;
	_cleanup_free_ char *volume = xasprintf("volumes/b%zu", number);
	_cleanup_free_ char *link = xasprintf("links/b%zu", number);
	_cleanup_free_ char *log = xasprintf("log/b/%020zu", number);

	etcd_add_compare(&request, volume, "", 0);
	etcd_add_compare(&request, link, "", 0);
	etcd_add_put(&request.then, volume, "{}", 0);
	etcd_add_put(&request.then, link, "{}", 0);
	etcd_add_put(&request.then, log, "{\"entries\":[]}", 0);
	sent = clock_get_monotonic();
	rpc_call(rpc, number, 0, &request, 5000000);
}

static void send_names(size_t number)
{
	_cleanup_request_ struct etcd_request request = ETCD_REQUEST_INIT;

	for (size_t i = 0; i < 1000; i++) {
		_cleanup_free_ char *link = xasprintf("links/dosdevices/name-%zu-%zu", number, i);

		etcd_add_put(&request.then, link,
			"{\"link\":\"/DosDevices/"
			"name\",\"id\":\"UUID=3e6be9de-8139-11d1-9106-a43f08d823a6\"}",
			0);
	}
	sent = clock_get_monotonic();
	rpc_call(rpc, number, 0, &request, 20000000);
}

static void handle_answer(void *data, uint64_t ticket, const struct etcd_answer *answer)
{
	void (*send)(size_t number) = *(void (**)(size_t number))data;

	if (answer->status != ETCD_OK) {
		fprintf(stderr, "%s\n", answer->why);
		exit(1);
	}
	add_time(sent);
	if (ticket < wanted)
		send(ticket + 1);
}

static void measure_rpc(char **argv, void (*send)(size_t number))
{
	static const struct rpc_handlers handlers = { handle_answer, NULL, NULL };
	struct rpc_config config = { &argv[2], 1, "/mmfs/test/", argv[3], argv[4], argv[5] };
	struct loop *loop;

	if (loop_new(&loop) < 0 || rpc_new(loop, &config, &handlers, &send, &rpc) < 0)
		exit(1);
	send(1);
	while (time_count < wanted)
		loop_run_once(loop, 0);
	report();
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";

	wanted = argc > 3 ? strtoul(argv[argc - 1], NULL, 10) : 1;
	times = xcalloc(wanted + 1, sizeof(*times));
	if (strcmp(mode, "through") == 0)
		measure_through(argv[2]);
	else if (strcmp(mode, "load") == 0)
		measure_load(argv[2]);
	else if (strcmp(mode, "bare") == 0 && argc == 7)
		measure_rpc(argv, send_change);
	else if (strcmp(mode, "fill") == 0 && argc == 7) {
		wanted /= 1000;
		measure_rpc(argv, send_names);
	} else
		return 2;
	return 0;
}
