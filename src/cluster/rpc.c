/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests to the members of etcd, by libcurl: see the header.
 *
 * Two handles of many requests: one for requests, whose connections they share, and one for the
 * watch, which large answers to others would hold up. Each has an epoll of its own, which is one
 * descriptor of the loop. A body cannot be rewound: libcurl would send a request again by itself
 * when a connection breaks, and it is we who must know that it may have happened.
 *
 * A connection to a machine that is gone does not end by itself: TCP_USER_TIMEOUT ends it.
 */

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/param.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "cluster/codec.h"
#include "cluster/rpc.h"

#define EVENTS_PER_TURN 16
#define CONNECT_LIMIT 2000L /* ms */
#define DEAD_LIMIT 5000u    /* ms without an acknowledgement */
#define WHY_MAX 400	    /* bytes */

struct pool {
	struct rpc *rpc;
	CURLM *multi;
	int epoll;
	struct timer timer;
};

/* A request on its way, or the watch. */
struct exchange {
	struct exchange *next; /* rpc::exchanges */
	struct rpc *rpc;
	struct pool *pool;
	CURL *easy;
	struct curl_slist *headers;
	uint64_t ticket;
	size_t member;
	enum etcd_request_type type;
	bool is_watch;
	bool is_broken; /* what came is no gRPC */
	struct strbuf out;
	size_t sent;
	struct strbuf in;
	int status; /* of gRPC; -1: none yet */
	char *why;
	char error[CURL_ERROR_SIZE];
};

struct rpc {
	struct loop *loop;
	struct rpc_config config;
	const struct rpc_handlers *handlers;
	void *data;
	struct pool calls;
	struct pool watches;
	struct exchange *exchanges;
	uint64_t watch; /* ticket */
};

/* --- libcurl in the loop --------------------------------------------------------------------- */

static void take_done(struct pool *pool);

static int handle_socket(_unused_ CURL *easy, curl_socket_t fd, int what, void *data, void *known)
{
	struct pool *pool = data;
	struct epoll_event event = { .data.fd = fd };

	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(pool->epoll, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	event.events =
		(what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
	if (epoll_ctl(pool->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) < 0 &&
		errno == EEXIST)
		epoll_ctl(pool->epoll, EPOLL_CTL_MOD, fd, &event);
	curl_multi_assign(pool->multi, fd, pool);
	return 0;
}

static int handle_timer(_unused_ CURLM *multi, long ms, void *data)
{
	struct pool *pool = data;
	uint64_t at = ms < 0 ? 0 : clock_get_monotonic() + (uint64_t)ms * 1000;

	loop_set_timer(pool->rpc->loop, &pool->timer, at);
	return 0;
}

static void handle_events(void *data, _unused_ uint32_t events)
{
	struct pool *pool = data;
	struct epoll_event ready[EVENTS_PER_TURN];
	int n = epoll_wait(pool->epoll, ready, EVENTS_PER_TURN, 0), running;

	for (int i = 0; i < n; i++) {
		int what = (ready[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
			(ready[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
			(ready[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);

		curl_multi_socket_action(pool->multi, ready[i].data.fd, what, &running);
	}
	take_done(pool);
}

static void handle_time(void *data, _unused_ uint64_t now)
{
	struct pool *pool = data;
	int running;

	curl_multi_socket_action(pool->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	take_done(pool);
}

static int pool_init(struct pool *pool, struct rpc *rpc)
{
	*pool = (struct pool){ rpc, curl_multi_init(), epoll_create1(EPOLL_CLOEXEC), {} };
	pool->timer = (struct timer){ .fn = handle_time, .data = pool };
	if (!pool->multi)
		return -ENOMEM;
	if (pool->epoll < 0)
		return -errno;
	curl_multi_setopt(pool->multi, CURLMOPT_SOCKETFUNCTION, handle_socket);
	curl_multi_setopt(pool->multi, CURLMOPT_SOCKETDATA, pool);
	curl_multi_setopt(pool->multi, CURLMOPT_TIMERFUNCTION, handle_timer);
	curl_multi_setopt(pool->multi, CURLMOPT_TIMERDATA, pool);
	return loop_add(rpc->loop, pool->epoll, handle_events, pool);
}

static void pool_fini(struct pool *pool)
{
	if (pool->multi)
		curl_multi_cleanup(pool->multi);
	if (pool->rpc)
		loop_set_timer(pool->rpc->loop, &pool->timer, 0);
	if (pool->rpc && pool->epoll >= 0) {
		loop_remove(pool->rpc->loop, pool->epoll);
		close(pool->epoll);
	}
}

/* --- one exchange ---------------------------------------------------------------------------- */

static size_t give_body(char *into, size_t size, size_t count, void *data)
{
	struct exchange *exchange = data;
	size_t len = MIN(size * count, exchange->out.len - exchange->sent);

	memcpy(into, exchange->out.data + exchange->sent, len);
	exchange->sent += len;
	return len;
}

/* News as they come; false: they are none. */
static bool take_news(struct exchange *exchange)
{
	struct rpc *rpc = exchange->rpc;
	uint64_t ticket = exchange->ticket;
	const void *message;
	size_t len;
	int r;

	while ((r = codec_find(&exchange->in, &message, &len)) > 0) {
		struct etcd_news news;

		if (codec_unpack_news(rpc->config.prefix, message, len, &news) < 0)
			return false;
		codec_drop(&exchange->in, len);
		if (rpc->watch == ticket)
			rpc->handlers->news(rpc->data, ticket, &news);
		etcd_news_fini(&news);
	}
	return r == 0;
}

static size_t take_body(char *from, size_t size, size_t count, void *data)
{
	struct exchange *exchange = data;
	size_t len = size * count;

	if (exchange->is_broken || exchange->in.len + len > CODEC_MESSAGE_MAX + 16u)
		return 0;
	strbuf_add(&exchange->in, from, len);
	exchange->is_broken = exchange->is_watch && !take_news(exchange);
	return exchange->is_broken ? 0 : len;
}

/* The value of a header, or NULL: it is another one. */
static const char *get_value(const char *line, size_t len, const char *name)
{
	size_t name_len = strlen(name);

	return len > name_len && strncasecmp(line, name, name_len) == 0 ? line + name_len : NULL;
}

/* Trailers come this way, too. */
static size_t take_header(char *from, size_t size, size_t count, void *data)
{
	struct exchange *exchange = data;
	size_t len = size * count;
	_cleanup_free_ char *line = xstrndup(from, MIN(len, WHY_MAX));
	const char *value;

	line[strcspn(line, "\r\n")] = '\0';
	if ((value = get_value(line, strlen(line), "grpc-status: "))) {
		exchange->status = atoi(value);
	} else if ((value = get_value(line, strlen(line), "grpc-message: "))) {
		free(exchange->why);
		exchange->why = xstrdup(value);
	}
	return len;
}

static int set_socket(_unused_ void *data, curl_socket_t fd, _unused_ curlsocktype purpose)
{
	unsigned limit = DEAD_LIMIT;

	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, sizeof(limit));
	return CURL_SOCKOPT_OK;
}

static void set_security(const struct rpc_config *config, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_CAINFO, config->cacert);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_SSLCERT, config->cert);
	curl_easy_setopt(easy, CURLOPT_SSLKEY, config->key);
}

static void set_request(struct exchange *exchange, const char *path, uint64_t limit)
{
	CURL *easy = exchange->easy;
	_cleanup_free_ char *url =
		xasprintf("%s%s", exchange->rpc->config.members[exchange->member], path);

	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->out.len);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_LIMIT);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(limit / 1000));
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 5L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 2L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->error);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
	curl_easy_setopt(easy, CURLOPT_READDATA, exchange);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, set_socket);
}

/* Owns what is in it from here on. */
static void begin_exchange(struct exchange *exchange, const char *path, uint64_t limit)
{
	static const char *const headers[] = {
		"content-type: application/grpc",
		"te: trailers",
		"user-agent: mmfs-cluster/" MMFS_VERSION,
		"hasleader: true", /* a member that is cut off says so */
		"expect:",
	};
	struct rpc *rpc = exchange->rpc;

	for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
		exchange->headers = curl_slist_append(exchange->headers, headers[i]);
	exchange->easy = curl_easy_init();
	exchange->status = -1;
	exchange->next = rpc->exchanges;
	rpc->exchanges = exchange;
	set_request(exchange, path, limit);
	set_security(&rpc->config, exchange->easy);
	curl_multi_add_handle(exchange->pool->multi, exchange->easy);
}

static void end_exchange(struct exchange *exchange)
{
	struct exchange **link = &exchange->rpc->exchanges;

	while (*link != exchange)
		link = &(*link)->next;
	*link = exchange->next;
	curl_multi_remove_handle(exchange->pool->multi, exchange->easy);
	curl_easy_cleanup(exchange->easy);
	curl_slist_free_all(exchange->headers);
	strbuf_fini(&exchange->out);
	strbuf_fini(&exchange->in);
	free(exchange->why);
	free(exchange);
}

/* --- how it ends ----------------------------------------------------------------------------- */

/* An alert is what the other side says: it has been shown a certificate that it does not take. */
static bool is_refused(const struct exchange *exchange)
{
	return strstr(exchange->error, " alert ") &&
		(strstr(exchange->error, "certificate") || strstr(exchange->error, "unknown ca"));
}

/* A sentence about what went wrong, with the member. */
static char *explain(const struct exchange *exchange, CURLcode result)
{
	const char *member = exchange->rpc->config.members[exchange->member], *why;
	long code = 0;

	curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &code);
	why = exchange->why	      ? exchange->why
		: exchange->is_broken ? "it does not speak gRPC"
		: result != CURLE_OK
		? (exchange->error[0] ? exchange->error : curl_easy_strerror(result))
		: code != 200 ? "it is no etcd"
			      : "the connection has ended";
	return xasprintf("%s: %s%s", member,
		is_refused(exchange) ? "it refuses the certificate of this host, which may have "
				       "expired: "
				     : "",
		why);
}

static void handle_answer(struct exchange *exchange, CURLcode result)
{
	struct rpc *rpc = exchange->rpc;
	struct etcd_answer answer = {};
	const void *message;
	size_t len;

	answer.status = result == CURLE_OK
		? codec_get_status(exchange->status, exchange->why ? exchange->why : "")
		: ETCD_UNCLEAR;
	if (answer.status == ETCD_OK &&
		(codec_find(&exchange->in, &message, &len) <= 0 ||
			codec_unpack(exchange->type, rpc->config.prefix, message, len, &answer) <
				0)) {
		exchange->is_broken = true;
		answer.status = ETCD_UNCLEAR;
	}
	if (answer.status != ETCD_OK)
		answer.why = explain(exchange, result);
	rpc->handlers->answer(rpc->data, exchange->ticket, &answer);
	etcd_answer_fini(&answer);
}

static void handle_end(struct exchange *exchange, CURLcode result)
{
	struct rpc *rpc = exchange->rpc;
	_cleanup_free_ char *why = NULL;

	if (!exchange->is_watch) {
		handle_answer(exchange, result);
	} else if (rpc->watch == exchange->ticket) {
		why = explain(exchange, result);
		rpc->watch = 0;
		rpc->handlers->silence(rpc->data, exchange->ticket, why);
	}
}

static void take_done(struct pool *pool)
{
	const CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(pool->multi, &left))) {
		CURLcode result = message->data.result;
		char *private = NULL;
		struct exchange *exchange;

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
		exchange = (struct exchange *)(void *)private;
		handle_end(exchange, result);
		end_exchange(exchange);
	}
	/* A watch that is not wanted any more could not end within its own callback. */
	for (struct exchange *exchange = pool->rpc->exchanges, *next; exchange; exchange = next) {
		next = exchange->next;
		if (exchange->is_watch && exchange->ticket != pool->rpc->watch &&
			exchange->pool == pool)
			end_exchange(exchange);
	}
}

/* --- what is asked --------------------------------------------------------------------------- */

int rpc_new(struct loop *loop, const struct rpc_config *config, const struct rpc_handlers *handlers,
	void *data, struct rpc **ret_rpc)
{
	struct rpc *rpc = xcalloc(1, sizeof(*rpc));
	int r;

	*rpc = (struct rpc){ .loop = loop, .config = *config, .handlers = handlers, .data = data };
	r = curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK ? 0 : -ENOMEM;
	if (r == 0)
		r = pool_init(&rpc->calls, rpc);
	if (r == 0)
		r = pool_init(&rpc->watches, rpc);
	if (r < 0) {
		rpc_free(rpc);
		return r;
	}
	*ret_rpc = rpc;
	return 0;
}

void rpc_free(struct rpc *rpc)
{
	if (!rpc)
		return;
	while (rpc->exchanges)
		end_exchange(rpc->exchanges);
	pool_fini(&rpc->calls);
	pool_fini(&rpc->watches);
	curl_global_cleanup();
	free(rpc);
}

void rpc_call(struct rpc *rpc, uint64_t ticket, size_t member, const struct etcd_request *request,
	uint64_t limit)
{
	struct exchange *exchange = xcalloc(1, sizeof(*exchange));

	exchange->rpc = rpc;
	exchange->pool = &rpc->calls;
	exchange->ticket = ticket;
	exchange->member = member;
	exchange->type = request->type;
	codec_pack(request, rpc->config.prefix, &exchange->out);
	begin_exchange(exchange, codec_get_path(request->type), limit);
}

void rpc_watch(struct rpc *rpc, uint64_t ticket, size_t member, int64_t from)
{
	struct exchange *exchange = xcalloc(1, sizeof(*exchange));

	exchange->rpc = rpc;
	exchange->pool = &rpc->watches;
	exchange->ticket = ticket;
	exchange->member = member;
	exchange->is_watch = true;
	rpc->watch = ticket;
	codec_pack_watch(rpc->config.prefix, from, &exchange->out);
	begin_exchange(exchange, codec_watch_path, 0);
}

void rpc_unwatch(struct rpc *rpc)
{
	rpc->watch = 0;
	/* In a moment: this may be called by what it ends. */
	loop_set_timer(rpc->loop, &rpc->watches.timer, clock_get_monotonic());
}
