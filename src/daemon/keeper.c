/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keeper: mounts when its server asks for it, passes signals on, speaks to systemd, starts
 * another server when that has died, and unmounts when it has ended as it was meant to.
 *
 * Owns the mount. It waits for nothing but its server, signals and the clock. It never looks into
 * the mounted tree, as it would wait for the server then. It says nothing to the server but answers
 * to requests.
 */

#include "daemon/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/param.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "base/message.h"
#include "daemon/background.h"
#include "daemon/succession.h"
#include "daemon/watchdog.h"
#include "io/fuse/fuse_mount.h"
#include "io/mounts/mountpoint.h"
#include "machines/crash_loop.h"
#include "machines/vigil.h"

#define TIMEOUT_MAX UINT64_C(3600000000) /* µs: an hour; a turn more is no harm */
#define REQUESTS_PER_TURN 1000		 /* more than its socket holds */

struct keeper {
	const struct keeper_options *options;
	struct fuse_mount *mount; /* NULL: nothing is mounted */
	char *place;		  /* where it was mounted */
	int socket;		  /* to the server */
	int memory;
	int signals;
	sigset_t mask; /* as it was before */
	pid_t server;  /* 0: it has ended */
	unsigned int servers;
	int passed; /* the last signal that was passed on, or 0 */
	bool has_told_start;
	bool is_ready;	/* the server has the tree */
	bool has_ended; /* it has said that it exits with `code` */
	bool is_over;	/* nothing is left to be done but to unmount */
	int code;	/* to exit with */
	struct vigil vigil;
	struct crash_loop ends;
	bool is_asked_to_follow; /* by a signal, which counts when there is a server */
	bool must_fork;		 /* another server */
	bool must_follow;	 /* … of the installed program, once this one has ended */
	pid_t asked;		 /* process of that, which says whether it can; 0: none */
	bool is_server;		 /* this is the process that was forked */
};

/* Goes on as the program before. */
static void adopt(struct keeper *keeper, const struct succession *succession)
{
	keeper->memory = succession->memory;
	keeper->mount = fuse_mount_adopt(succession->fuse);
	keeper->place = xstrdup(succession->place);
	keeper->servers = succession->servers;
	keeper->ends = succession->ends;
	keeper->mask = succession->mask;
	keeper->has_told_start = true;
	vigil_begin(&keeper->vigil, watchdog_get_interval(), clock_get_monotonic());
	vigil_pause(&keeper->vigil);
}

static int open_keeper(struct keeper *keeper)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT); /* by Ctrl-\ both would die of it, and nobody would unmount */
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGPIPE); /* of stderr: no reason not to unmount */
	signal(SIGCHLD, SIG_DFL); /* who starts us may ignore it, and nobody could be waited for */
	if (sigprocmask(SIG_BLOCK, &set, &keeper->mask) < 0)
		return -errno;
	if (keeper->options->predecessor)
		adopt(keeper, keeper->options->predecessor);
	else
		keeper->memory = memfd_create("mmfs", MFD_CLOEXEC);
	if (keeper->memory < 0)
		return -errno;
	keeper->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return keeper->signals < 0 ? -errno : 0;
}

static void close_keeper(struct keeper *keeper)
{
	const int fds[] = { keeper->socket, keeper->memory, keeper->signals };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* What a server has of its keeper and needs no more; its descriptor is in use. It is no leak. */
static struct fuse_mount *volatile of_keeper;

/*
 * Until the server handles signals itself. What nobody reads, and what is meant for the keeper,
 * does not end it; a reload does not end one that has a tree already.
 */
static void set_mask_of_server(const struct keeper *keeper)
{
	sigset_t mask = keeper->mask;

	sigaddset(&mask, SIGPIPE);
	sigaddset(&mask, SIGUSR2);
	if (keeper->mount)
		sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_SETMASK, &mask, NULL);
}

/* Returns 0 in both processes (is_server tells which it is), or a negative errno. */
static int fork_server(struct keeper *keeper, struct heirloom *ret_heirloom)
{
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	keeper->servers++;
	pid = fork();
	if (pid < 0) {
		int error = errno;

		close(ends[0]);
		close(ends[1]);
		return -error;
	}
	if (pid > 0) {
		close(ends[1]);
		keeper->socket = ends[0];
		keeper->server = pid;
		return 0;
	}
	close(ends[0]);
	prctl(PR_SET_NAME, "mmfs-server");
	*ret_heirloom = (struct heirloom){
		.socket = ends[1],
		.memory = keeper->memory,
		.fuse = keeper->mount ? fuse_mount_get_fd(keeper->mount) : -1,
		.place = keeper->place,
		.number = keeper->servers,
	};
	keeper->memory = -1; /* handed over */
	of_keeper = keeper->mount;
	keeper->is_server = true;
	set_mask_of_server(keeper);
	close_keeper(keeper);
	return 0;
}

/* --- requests of the server ------------------------------------------------------------------- */

/* A server that does not take its answers waits by itself: there is room for more than one. */
static void answer_server(struct keeper *keeper, int result, const char *why, int fd)
{
	struct keeper_answer *text = xcalloc(1, sizeof(*text));
	int r;

	text->result = result;
	snprintf(text->why, sizeof(text->why), "%s", why);
	r = message_send(keeper->socket, text, sizeof(*text), &fd, fd < 0 ? 0 : 1, MSG_DONTWAIT);
	if (r < 0)
		log_warning("cannot answer the server: %s", strerror(-r));
	free(text);
}

/*
 * The path is resolved while it can still be looked at without asking the server. libfuse would do
 * that once more when it has mounted, and wait if the path ends in a dot.
 */
static void handle_mount_request(struct keeper *keeper)
{
	_cleanup_free_ char *path = realpath(keeper->options->fuse->mountpoint, NULL);
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct fuse_options fuse = *keeper->options->fuse;
	int r;

	if (path)
		fuse.mountpoint = path;
	r = keeper->mount ? -EBUSY : fuse_mount_new(&fuse, &keeper->mount, &why);
	if (r == 0) {
		free(keeper->place);
		keeper->place = xstrdup(fuse.mountpoint);
	}
	answer_server(keeper, r, strbuf_text(&why), r == 0 ? fuse_mount_get_fd(keeper->mount) : -1);
}

static void unmount_tree(struct keeper *keeper, bool is_gone)
{
	if (keeper->mount && is_gone)
		fuse_mount_set_gone(keeper->mount);
	if (fuse_mount_free(keeper->mount) && !mountpoint_detach(keeper->place))
		log_warning("cannot unmount %s: %s", keeper->place, strerror(errno));
	keeper->mount = NULL;
}

/* Who has started us, and systemd, are told once: of the servers they know nothing. */
static void tell_start(const struct keeper *keeper)
{
	_cleanup_free_ char *message = xasprintf("READY=1\nMAINPID=%ld", (long)getpid());

	if (chdir("/") < 0)
		log_warning("cannot change to /: %s", strerror(errno));
	if (!keeper->options->is_foreground) {
		background_tell_parent();
		background_leave_terminal();
	}
	background_notify(message);
}

static void handle_ready(struct keeper *keeper)
{
	if (!keeper->has_told_start)
		tell_start(keeper);
	keeper->has_told_start = true;
	keeper->is_ready = true;
	vigil_begin(&keeper->vigil, watchdog_get_interval(), clock_get_monotonic());
}

static void handle_keeper_request(struct keeper *keeper, const struct keeper_request *request)
{
	switch ((enum keeper_word)request->word) {
	case KEEPER_MOUNT:
		handle_mount_request(keeper);
		break;
	case KEEPER_UNMOUNT:
	case KEEPER_GONE:
		unmount_tree(keeper, request->word == KEEPER_GONE);
		answer_server(keeper, 0, "", -1);
		break;
	case KEEPER_READY:
		handle_ready(keeper);
		break;
	case KEEPER_ALIVE:
		vigil_hear(&keeper->vigil, clock_get_monotonic());
		break;
	case KEEPER_STOPPING:
		background_notify("STOPPING=1");
		keeper->code = request->value;
		vigil_let_go(&keeper->vigil, clock_get_monotonic()); /* as a disk may not */
		break;
	case KEEPER_ENDED:
	case KEEPER_LEFT:
		keeper->has_ended = true;
		keeper->code = request->value;
		vigil_let_go(&keeper->vigil, clock_get_monotonic());
		keeper->is_over = request->word == KEEPER_LEFT;
		break;
	}
}

/* Everything that the server has said by now; of one that does not stop, as much as there was. */
static void handle_keeper_requests(struct keeper *keeper)
{
	struct keeper_request request;
	ssize_t n = 0;

	for (int i = 0; i < REQUESTS_PER_TURN && keeper->socket >= 0; i++) {
		n = recv(keeper->socket, &request, sizeof(request), MSG_DONTWAIT);
		if (n == (ssize_t)sizeof(request))
			handle_keeper_request(keeper, &request);
		else if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		else if (n <= 0) {
			close(keeper->socket);
			keeper->socket = -1;
		}
	}
}

/* --- the end of the server -------------------------------------------------------------------- */

static const char *describe_end(int status, char *room, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(room, size, "the server has died: %s", strsignal(WTERMSIG(status)));
	else
		snprintf(room, size, "the server has ended with status %d", WEXITSTATUS(status));
	return room;
}

/* Ends as the server did, which was told to while it started. */
static void end_alike(const struct keeper *keeper)
{
	signal(keeper->passed, SIG_DFL);
	sigprocmask(SIG_SETMASK, &keeper->mask, NULL);
	raise(keeper->passed);
}

static bool was_told_to_end(const struct keeper *keeper)
{
	return keeper->passed && keeper->passed != SIGHUP;
}

/* It ends well also before it sees to signals itself, and before it has the tree. */
static bool has_obeyed(const struct keeper *keeper, int status)
{
	if (!was_told_to_end(keeper))
		return false;
	return WIFSIGNALED(status) ? WTERMSIG(status) == keeper->passed : WEXITSTATUS(status) == 0;
}

/* One that has taken over must have the tree before its word counts: else another may get there. */
static bool is_meant(const struct keeper *keeper, int status)
{
	if (!WIFEXITED(status))
		return false;
	return !keeper->mount || (keeper->has_ended && (keeper->is_ready || keeper->servers == 1));
}

/* Becomes the installed program. If that fails, after all, this one goes on. */
static void follow(struct keeper *keeper)
{
	const struct succession succession = {
		.fuse = fuse_mount_get_fd(keeper->mount),
		.memory = keeper->memory,
		.servers = keeper->servers,
		.ends = keeper->ends,
		.mask = keeper->mask,
		.place = keeper->place,
	};
	int r = succession_become(&succession);

	log_error("cannot run the installed mmfs: %s; going on as before", strerror(-r));
	keeper->must_follow = false;
	keeper->must_fork = true;
}

/* Without a file of its own (ulimit -f) a server takes with it all that another one would need. */
static bool can_be_followed(const struct keeper *keeper)
{
	struct stat found;

	return fstat(keeper->memory, &found) == 0 && found.st_size > 0;
}

/* After SIGUSR2: the installed program is to take over, if it can. */
static void begin_to_follow(struct keeper *keeper)
{
	const char *options = keeper->options->fuse->mount;

	if (keeper->asked || keeper->must_follow || !keeper->mount || !keeper->is_ready)
		return;
	keeper->is_asked_to_follow = false;
	if (options && strstr(options, "auto_unmount")) {
		log_error("with auto_unmount no other program can take over: going on as before");
		return;
	}
	if (!can_be_followed(keeper)) {
		log_error("with so little memory in files (ulimit -f) no other program can take "
			  "over: going on as before");
		return;
	}
	keeper->asked = succession_ask();
	if (keeper->asked < 0) {
		log_error("cannot ask the installed mmfs: going on as before");
		keeper->asked = 0;
	}
}

static void handle_answer(struct keeper *keeper, int status)
{
	keeper->asked = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		log_error("the installed mmfs cannot go on from this one, which may be newer: "
			  "going on as before");
		return;
	}
	if (!keeper->mount || keeper->has_ended || was_told_to_end(keeper))
		return; /* it is too late */
	log_info("the installed mmfs takes over");
	keeper->must_follow = true;
	if (keeper->server) {
		kill(keeper->server, SIGKILL);
		vigil_let_go(&keeper->vigil, clock_get_monotonic()); /* a disk may hold it up */
	}
}

static void handle_server_end(struct keeper *keeper, int status)
{
	char room[128];
	const char *end = describe_end(status, room, sizeof(room));

	keeper->server = 0;
	vigil_pause(&keeper->vigil);
	if (keeper->must_follow && keeper->mount && !was_told_to_end(keeper)) {
		follow(keeper);
		return;
	}
	keeper->is_over = true;
	if (keeper->must_follow) { /* unmounted meanwhile, or told to end */
		keeper->code = EXIT_SUCCESS;
		return;
	}
	if (is_meant(keeper, status)) {
		keeper->code = WEXITSTATUS(status);
		return;
	}
	keeper->code = keeper->options->failure;
	if (keeper->mount && has_obeyed(keeper, status)) {
		keeper->code = EXIT_SUCCESS;
	} else if (!keeper->mount) {
		if (keeper->passed && WIFSIGNALED(status) && WTERMSIG(status) == keeper->passed)
			end_alike(keeper);
		log_error("%s", end);
	} else if (was_told_to_end(keeper)) {
		log_error("%s: unmounting", end);
	} else if (!can_be_followed(keeper)) {
		log_error("%s, and all that it knew is lost (ulimit -f): unmounting", end);
	} else if (crash_loop_note(&keeper->ends, clock_get_monotonic()) &&
		!crash_point_is_endless()) {
		log_error("%s, as %d did within %d s: unmounting", end, CRASH_LOOP_ENDS,
			(int)(CRASH_LOOP_SPAN / 1000000));
	} else {
		log_error("%s: another one goes on", end);
		keeper->must_fork = true;
		keeper->is_over = false;
	}
}

static void handle_keeper_signals(struct keeper *keeper)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(keeper->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD || info.ssi_signo == SIGPIPE)
			continue;
		if (info.ssi_signo == SIGUSR2) {
			keeper->is_asked_to_follow = true;
			continue;
		}
		if (!was_told_to_end(keeper))
			keeper->passed = (int)info.ssi_signo;
		if (keeper->server)
			kill(keeper->server, (int)info.ssi_signo);
	}
	/* As the first process of a container it gets all that lost their parents. */
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (keeper->asked && pid == keeper->asked)
			handle_answer(keeper, status);
		if (pid != keeper->server)
			continue;
		handle_keeper_requests(keeper); /* its last ones */
		handle_server_end(keeper, status);
	}
}

/* Of a server that has just ended nothing is due: by 0 a signal would go to the whole group. */
static void handle_keeper_time(struct keeper *keeper, uint64_t now)
{
	enum vigil_action action;

	while (!keeper->is_over && (action = vigil_take(&keeper->vigil, now)) != VIGIL_NOTHING) {
		switch (action) {
		case VIGIL_NOTHING:
			break;
		case VIGIL_FEED:
			background_notify("WATCHDOG=1");
			break;
		case VIGIL_ABORT:
			log_error("the server stands still: ending it");
			keeper->code = keeper->options->failure;
			kill(keeper->server, SIGABRT);
			break;
		case VIGIL_KILL:
			kill(keeper->server, SIGKILL);
			break;
		case VIGIL_LEAVE:
			log_error("the server cannot be ended: %s",
				keeper->mount ? "unmounting" : "leaving it behind");
			keeper->is_over = true;
			break;
		}
	}
}

/* Returns in both processes, as fork_server() does. */
static void start_next(struct keeper *keeper, struct heirloom *ret_heirloom)
{
	int r;

	if (keeper->socket >= 0)
		close(keeper->socket);
	keeper->socket = -1;
	keeper->must_fork = keeper->is_ready = keeper->has_ended = false;
	if (was_told_to_end(keeper)) { /* while there was none */
		keeper->code = EXIT_SUCCESS;
		keeper->is_over = true;
		return;
	}
	if (keeper->must_follow) /* it died while the installed program was asked */
		follow(keeper);
	keeper->must_fork = false;
	r = fork_server(keeper, ret_heirloom);
	if (r < 0) {
		log_error("cannot start another server: %s", strerror(-r));
		keeper->is_over = true;
	}
}

static int get_keeper_timeout(const struct keeper *keeper)
{
	uint64_t now = clock_get_monotonic(), at = vigil_get_deadline(&keeper->vigil);

	if (!at)
		return -1;
	return at <= now ? 0 : (int)((MIN(at - now, TIMEOUT_MAX) + 999) / 1000);
}

/* Returns in the keeper when all is over, and in each further server. */
static void keep_server(struct keeper *keeper, struct heirloom *ret_heirloom)
{
	while (!keeper->is_over) {
		struct pollfd fds[] = {
			{ .fd = keeper->signals, .events = POLLIN },
			{ .fd = keeper->socket, .events = POLLIN },
		};

		if (poll(fds, ARRAY_SIZE(fds), get_keeper_timeout(keeper)) < 0 && errno != EINTR) {
			log_error("cannot wait for the server: %s", strerror(errno));
			keeper->code = keeper->options->failure;
			break;
		}
		handle_keeper_requests(keeper);
		if (keeper->is_over)
			break;
		handle_keeper_signals(keeper);
		if (keeper->is_asked_to_follow)
			begin_to_follow(keeper);
		handle_keeper_time(keeper, clock_get_monotonic());
		if (keeper->must_fork && !keeper->is_over)
			start_next(keeper, ret_heirloom);
		if (keeper->is_server)
			return;
	}
	if (keeper->mount && fuse_mount_is_there(keeper->mount)) /* nobody answers any more */
		mountpoint_end(keeper->place);
	unmount_tree(keeper, false);
}

int keeper_run(const struct keeper_options *options, struct heirloom *ret_heirloom)
{
	struct keeper keeper = {
		.options = options,
		.socket = -1,
		.memory = -1,
		.signals = -1,
		.code = options->failure,
	};
	int r = open_keeper(&keeper);

	if (r == 0)
		r = fork_server(&keeper, ret_heirloom);
	if (r < 0) {
		log_error("cannot start the server: %s", strerror(-r));
		unmount_tree(&keeper, false); /* of a program before */
	} else if (!keeper.is_server) {
		keep_server(&keeper, ret_heirloom);
	}
	if (keeper.is_server)
		return KEEPER_IS_SERVER;
	close_keeper(&keeper);
	free(keeper.place);
	return keeper.code;
}
