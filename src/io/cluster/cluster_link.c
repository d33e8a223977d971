/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket for mmfs-cluster. Owns the socket and its file; nothing here waits. What comes is cut
 * into lines of a bounded length, and not looked at; what goes is kept as long as the other side
 * does not read, up to a limit beyond which that side is taken for dead.
 */

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/syntax/cluster_line.h"
#include "io/cluster/cluster_link.h"

#define ACCOUNT "mmfs-cluster"
#define PIECE (64 * 1024)
#define PAUSE_NS 250000000L	       /* before somebody is let in after one who was hung up on */
#define UNSENT_MAX (32u * 1024 * 1024) /* bytes */

struct cluster_link {
	const struct cluster_link_events *events;
	char *path;
	dev_t device; /* of the file there, to take away no other */
	ino_t inode;
	int epoll, listener, peer; /* -1: none */
	int pause;		   /* timerfd: nobody is let in as long as it runs */
	struct strbuf in;
	size_t searched; /* of `in`: no newline is in there */
	struct strbuf out;
	size_t sent; /* of `out` */
};

static int fail(const char *path, struct strbuf *why)
{
	int r = -errno;

	strbuf_add_format(why, "cannot listen at %s: %s", path, strerror(-r));
	return r;
}

static int watch(struct cluster_link *link, int fd, int operation, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	return epoll_ctl(link->epoll, operation, fd, &event);
}

/* A socket that nobody listens at any more. */
static int remove_remains(const char *path, const struct sockaddr_un *address)
{
	struct stat st;
	int fd, r;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	r = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	close(fd);
	if (r == 0 || errno == EAGAIN) {
		errno = EADDRINUSE;
		return -1;
	}
	return unlink(path);
}

/*
 * Who else may connect: the account of the other program, if there is one. The service may give no
 * file to others; then all may connect, and who is not welcome is hung up on.
 */
static void give_access(const char *path)
{
	const struct group *group = getgrnam(ACCOUNT);

	if (group && chown(path, (uid_t)-1, group->gr_gid) < 0 && chmod(path, 0666) < 0)
		return; /* who runs as the same user may, in any case */
}

static int listen_at(struct cluster_link *link)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat st;
	mode_t mask;
	int r;

	if (strlen(link->path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, link->path);
	if (remove_remains(link->path, &address) < 0)
		return -1;
	link->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (link->listener < 0)
		return -1;
	mask = umask(0117);
	r = bind(link->listener, (const struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (r < 0 || lstat(link->path, &st) < 0)
		return -1;
	link->device = st.st_dev;
	link->inode = st.st_ino;
	give_access(link->path);
	return listen(link->listener, 4);
}

int cluster_link_open(const char *path, const struct cluster_link_events *events,
	struct cluster_link **ret_link, struct strbuf *why)
{
	struct cluster_link *link = xcalloc(1, sizeof(*link));
	int r = 0;

	link->events = events;
	link->path = xstrdup(path);
	link->listener = link->peer = -1;
	link->pause = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	link->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (link->epoll < 0 || link->pause < 0 || listen_at(link) < 0 ||
		watch(link, link->pause, EPOLL_CTL_ADD, EPOLLIN) < 0 ||
		watch(link, link->listener, EPOLL_CTL_ADD, EPOLLIN) < 0)
		r = fail(path, why);
	if (r < 0) {
		cluster_link_close(link);
		return r;
	}
	*ret_link = link;
	return 0;
}

static void drop_peer(struct cluster_link *link)
{
	if (link->peer >= 0)
		close(link->peer);
	link->peer = -1;
	strbuf_fini(&link->in);
	strbuf_fini(&link->out);
	link->searched = link->sent = 0;
}

/* Who does nothing but connect would be all that there is to do. */
void cluster_link_hang_up(struct cluster_link *link)
{
	const struct itimerspec pause = { .it_value.tv_nsec = PAUSE_NS };

	drop_peer(link);
	watch(link, link->listener, EPOLL_CTL_MOD, 0);
	timerfd_settime(link->pause, 0, &pause, NULL);
}

static void end_pause(struct cluster_link *link)
{
	uint64_t count;

	if (read(link->pause, &count, sizeof(count)) > 0)
		watch(link, link->listener, EPOLL_CTL_MOD, EPOLLIN);
}

void cluster_link_close(struct cluster_link *link)
{
	struct stat st;

	if (!link)
		return;
	drop_peer(link);
	if (link->listener >= 0)
		close(link->listener);
	if (link->pause >= 0)
		close(link->pause);
	if (link->inode && lstat(link->path, &st) == 0 && st.st_ino == link->inode &&
		st.st_dev == link->device)
		unlink(link->path);
	if (link->epoll >= 0)
		close(link->epoll);
	free(link->path);
	free(link);
}

int cluster_link_get_fd(const struct cluster_link *link)
{
	return link->epoll;
}

static void lose(struct cluster_link *link)
{
	drop_peer(link);
	link->events->lost(link->events->data);
}

static bool is_welcome(int fd)
{
	const struct passwd *account;
	struct ucred who;
	socklen_t len = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
		return false;
	if (who.uid == 0 || who.uid == geteuid())
		return true;
	account = getpwnam(ACCOUNT);
	return account && account->pw_uid == who.uid;
}

/* One at a time: whoever comes later may come again. */
static void accept_peer(struct cluster_link *link)
{
	int fd = accept4(link->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (link->peer >= 0 || !is_welcome(fd) || watch(link, fd, EPOLL_CTL_ADD, EPOLLIN) < 0) {
		close(fd);
		return;
	}
	link->peer = fd;
	link->events->connected(link->events->data);
}

/* Gives away the lines that are whole. The connection may end with any of them. */
static void cut_lines(struct cluster_link *link)
{
	size_t start = 0;
	char *end;

	while (link->peer >= 0 && link->in.len > link->searched &&
		(end = memchr(
			 link->in.data + link->searched, '\n', link->in.len - link->searched))) {
		size_t len = (size_t)(end - link->in.data) - start;

		link->searched = start + len + 1;
		link->events->line(link->events->data, xstrndup(link->in.data + start, len), len);
		start = link->searched;
	}
	if (link->peer < 0)
		return;
	memmove(link->in.data, link->in.data + start, link->in.len - start);
	strbuf_resize(&link->in, link->in.len - start);
	link->searched = link->in.len;
	if (link->in.len > CLUSTER_LINE_MAX) {
		cluster_link_hang_up(link);
		link->events->lost(link->events->data);
	}
}

/* One a turn: others are served in between. */
static void read_piece(struct cluster_link *link)
{
	size_t before = link->in.len;
	ssize_t n;

	strbuf_resize(&link->in, before + PIECE);
	n = read(link->peer, link->in.data + before, PIECE);
	strbuf_resize(&link->in, before + (n > 0 ? (size_t)n : 0));
	if (n > 0)
		cut_lines(link);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		lose(link);
}

static void write_out(struct cluster_link *link)
{
	bool is_waiting = true;

	while (link->sent < link->out.len) {
		ssize_t n = send(link->peer, link->out.data + link->sent,
			link->out.len - link->sent, MSG_NOSIGNAL);

		if (n < 0)
			break; /* if it is dead, that is read */
		link->sent += (size_t)n;
	}
	if (link->sent == link->out.len) {
		strbuf_reset(&link->out);
		link->sent = 0;
		is_waiting = false;
	}
	watch(link, link->peer, EPOLL_CTL_MOD, EPOLLIN | (is_waiting ? (uint32_t)EPOLLOUT : 0));
}

void cluster_link_send(struct cluster_link *link, const char *text, size_t len)
{
	if (link->peer < 0)
		return;
	strbuf_add(&link->out, text, len);
	if (link->out.len - link->sent > UNSENT_MAX)
		shutdown(link->peer, SHUT_RDWR); /* and its end is read */
	else
		write_out(link);
}

void cluster_link_handle(struct cluster_link *link)
{
	struct epoll_event events[3];
	int count = epoll_wait(link->epoll, events, ARRAY_SIZE(events), 0);

	for (int i = 0; i < count; i++) {
		if (events[i].data.fd == link->listener) {
			accept_peer(link);
			continue;
		}
		if (events[i].data.fd == link->pause) {
			end_pause(link);
			continue;
		}
		if (events[i].data.fd == link->peer && events[i].events & EPOLLOUT)
			write_out(link);
		if (events[i].data.fd == link->peer)
			read_piece(link);
	}
}
