/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program as a whole: the machine between the connection to mmfs and the members of etcd.
 *
 * The machine never calls back within what it is told, and nor do the others; so each of them may
 * be told of anything at any time. After each event the clock of the machine is set.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cluster/helper.h"
#include "cluster/lines.h"
#include "cluster/link.h"
#include "cluster/rpc.h"
#include "cluster/session.h"

struct helper {
	struct loop *loop;
	struct rpc *rpc;
	struct link *link;
	struct session *session;
	struct timer timer;
	enum standing standing;
	char *why;
	bool is_over;
};

static void set_clock(struct helper *helper)
{
	loop_set_timer(helper->loop, &helper->timer, session_get_deadline(helper->session));
}

static void handle_time(void *data, uint64_t now)
{
	struct helper *helper = data;

	session_handle_time(helper->session, now);
	set_clock(helper);
}

/* --- from etcd ------------------------------------------------------------------------------- */

static void handle_answer(void *data, uint64_t ticket, const struct etcd_answer *answer)
{
	struct helper *helper = data;

	if (answer->status != ETCD_OK)
		log_debug("%s", answer->why);
	session_handle_answer(helper->session, ticket, answer, clock_get_monotonic());
	set_clock(helper);
}

static void handle_news(void *data, uint64_t ticket, const struct etcd_news *news)
{
	struct helper *helper = data;

	session_handle_news(helper->session, ticket, news, clock_get_monotonic());
	set_clock(helper);
}

static void handle_silence(void *data, uint64_t ticket, const char *why)
{
	struct helper *helper = data;

	log_debug("the watch has ended: %s", why);
	session_handle_silence(helper->session, ticket, why, clock_get_monotonic());
	set_clock(helper);
}

static const struct rpc_handlers rpc_handlers = { handle_answer, handle_news, handle_silence };

/* --- from mmfs ------------------------------------------------------------------------------- */

static void handle_link(void *data, bool is_there)
{
	struct helper *helper = data;

	session_handle_link(helper->session, is_there, clock_get_monotonic());
	set_clock(helper);
}

static int handle_line(void *data, const char *line, size_t len)
{
	struct helper *helper = data;
	struct order order;
	bool is_known;
	int r = lines_parse(line, len, &order, &is_known);

	if (r == 0 && is_known)
		r = session_handle_order(helper->session, &order, clock_get_monotonic());
	if (r < 0)
		log_warning("mmfs has said something that cannot be understood: %.*s",
			(int)(len > 200 ? 200 : len), line);
	else
		order_fini(&order);
	set_clock(helper);
	return r;
}

static const struct link_handlers link_handlers = { handle_link, handle_line };

/* --- from the machine ------------------------------------------------------------------------ */

static void call(void *data, uint64_t ticket, size_t member, const struct etcd_request *request,
	uint64_t limit)
{
	struct helper *helper = data;

	rpc_call(helper->rpc, ticket, member, request, limit);
}

static void watch(void *data, uint64_t ticket, size_t member, int64_t from)
{
	struct helper *helper = data;

	rpc_watch(helper->rpc, ticket, member, from);
}

static void unwatch(void *data)
{
	struct helper *helper = data;

	rpc_unwatch(helper->rpc);
}

static void log_standing(struct helper *helper, const struct tale *tale)
{
	if (tale->standing == helper->standing && is_same_text(tale->why, helper->why))
		return;
	free(helper->why);
	helper->why = xstrdup(tale->why);
	helper->standing = tale->standing;
	if (tale->standing == STANDING_UP)
		log_info("names can be changed; this is revision %lld", (long long)tale->revision);
	else
		log_warning("names cannot be changed: %s", tale->why);
}

static void tell(void *data, const struct tale *tale)
{
	struct helper *helper = data;
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	if (tale->type == TALE_STATE)
		log_standing(helper, tale);
	if (lines_format(tale, clock_get_real(), &text) < 0) {
		log_error("one change is larger than what mmfs takes");
		link_hang_up(helper->link);
	} else {
		link_send(helper->link, &text);
	}
}

static void hang_up(void *data)
{
	struct helper *helper = data;

	link_hang_up(helper->link);
}

static const struct session_ops session_ops = { call, watch, unwatch, tell, hang_up };

/* --- who this is ----------------------------------------------------------------------------- */

/* The first word of a file, or "-". */
static char *read_word(const char *path)
{
	char word[64] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, word, sizeof(word) - 1);

	if (fd >= 0)
		close(fd);
	word[n > 0 ? n : 0] = '\0';
	word[strspn(word, "0123456789abcdef-")] = '\0';
	return xstrdup(word[0] ? word : "-");
}

/* The value of hosts/HOST: the same for a program that begins anew, and for nobody else. */
static char *describe_self(const struct settings *settings)
{
	_cleanup_free_ char *boot = read_word("/proc/sys/kernel/random/boot_id");
	_cleanup_free_ char *machine = read_word("/etc/machine-id");
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	strbuf_add_format(&text,
		"{\"boot\":\"%s\",\"machine\":\"%s\",\"version\":\"%s\",\"socket\":", boot, machine,
		MMFS_VERSION);
	strbuf_add_json(&text, settings->socket);
	strbuf_add_char(&text, '}');
	return strbuf_take(&text);
}

/* For a cluster that is new. */
static char *make_id(void)
{
	uint8_t bytes[16];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return NULL;
	bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
	return xasprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
		bytes[8], bytes[9], bytes[10], bytes[11], bytes[12], bytes[13], bytes[14],
		bytes[15]);
}

/* --- the whole ------------------------------------------------------------------------------- */

static void handle_signal(void *data, _unused_ uint32_t events)
{
	struct helper *helper = data;

	helper->is_over = true;
}

static int run(struct helper *helper, const struct settings *settings, int signals)
{
	_cleanup_free_ char *prefix = xasprintf("/mmfs/%s/", settings->name);
	_cleanup_free_ char *self = describe_self(settings), *id = make_id();
	struct rpc_config rpc_config = { settings->members, settings->member_count, prefix,
		settings->cacert, settings->cert, settings->key };
	struct session_config config = { settings->host, self, id, settings->member_count,
		settings->room, clock_get_real() - clock_get_monotonic(), settings->name };
	int r = id ? 0 : -EIO;

	if (r == 0)
		r = loop_add(helper->loop, signals, handle_signal, helper);
	if (r == 0)
		r = rpc_new(helper->loop, &rpc_config, &rpc_handlers, helper, &helper->rpc);
	if (r == 0)
		r = link_new(helper->loop, settings->socket, &link_handlers, helper, &helper->link);
	if (r < 0)
		return r;
	helper->session = session_new(&config, &session_ops, helper);
	helper->timer = (struct timer){ .fn = handle_time, .data = helper };
	set_clock(helper);
	while (!helper->is_over && r == 0)
		r = loop_run_once(helper->loop, 0);
	rpc_free(steal_ptr(helper->rpc));
	link_free(steal_ptr(helper->link));
	session_free(helper->session);
	return r;
}

int helper_run(const struct settings *settings)
{
	struct helper helper = { .standing = STANDING_DOWN };
	sigset_t set;
	int signals, r;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return -errno;
	r = loop_new(&helper.loop);
	if (r == 0)
		r = run(&helper, settings, signals);
	rpc_free(helper.rpc);
	link_free(helper.link);
	loop_free(helper.loop);
	free(helper.why);
	close(signals);
	return r;
}
