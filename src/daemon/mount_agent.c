/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mounting and unmounting, in a process that keeps the right to when the server gives it up.
 *
 * Owns nothing but its end of a socket, and ends when the server's end is closed. A request brings
 * a socket of its own for the answer, and is dealt with by a child: a sick disk holds up that one
 * alone. What a request may ask for is judged here, as in the mounter: the device, the type, the
 * options; and unless the agent was told at its start that volumes are mounted, there is only one
 * thing that it can be asked for, to take the tree away when the keeper has died.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/helper.h"
#include "base/message.h"
#include "daemon/mount_agent.h"
#include "io/mounts/mountpoint.h"

#define OPTIONS_MAX 4096 /* bytes: a request of a client has no more */
#define FSTYPE_MAX 64
#define WHY_MAX 4096

enum agent_word {
	AGENT_MOUNT, /* brings the folder, too */
	AGENT_UNMOUNT,
	AGENT_LEAVE,
};

struct agent_request {
	enum agent_word word;
	int mount; /* its id */
	bool is_lazy;
	bool has_options;
	uint64_t number, diskseq;
	char node[PATH_MAX];
	char fstype[FSTYPE_MAX];
	char options[OPTIONS_MAX];
	char path[PATH_MAX];
};

struct agent_answer {
	int result;
	char why[WHY_MAX];
};

struct mount_agent {
	int socket;
	pid_t pid;
};

/* Descriptors that come with a request: where the answer goes, and the folder. */
enum { ANSWER, FOLDER, DESCRIPTORS };

/* --- the agent -------------------------------------------------------------------------------- */

static bool is_text(const char *room, size_t size)
{
	return memchr(room, '\0', size);
}

static int mount_for(const struct agent_request *request, int folder, struct strbuf *why)
{
	const struct mounter_volume volume = {
		.node = request->node,
		.fstype = request->fstype,
		.options = request->has_options ? request->options : NULL,
		.number = request->number,
		.diskseq = request->diskseq,
	};

	return folder < 0 ? -EBADF : mounter_mount(folder, &volume, why);
}

static int do_request(const struct agent_request *request, int folder, const char *tree,
	bool may_mount, struct strbuf *why)
{
	if (!is_text(request->node, sizeof(request->node)) ||
		!is_text(request->fstype, sizeof(request->fstype)) ||
		!is_text(request->options, sizeof(request->options)) ||
		!is_text(request->path, sizeof(request->path)))
		return -EINVAL;
	if (request->word == AGENT_LEAVE)
		return mountpoint_detach(tree) ? 0 : -errno;
	if (!may_mount)
		return -EPERM;
	if (request->word == AGENT_MOUNT)
		return mount_for(request, folder, why);
	if (request->word == AGENT_UNMOUNT && request->path[0] == '/')
		return mounter_unmount(request->path, request->mount, request->is_lazy, why);
	return -EINVAL;
}

static void answer(int socket, int result, const struct strbuf *why)
{
	struct agent_answer *text = xcalloc(1, sizeof(*text));

	text->result = result;
	snprintf(text->why, sizeof(text->why), "%s", strbuf_text(why));
	message_send(socket, text, sizeof(*text), NULL, 0, 0); /* who has gone has no use for it */
	free(text);
}

static void close_descriptors(const int *fds)
{
	for (size_t i = 0; i < DESCRIPTORS; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static void serve_request(
	const struct agent_request *request, const int *fds, const char *tree, bool may_mount)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;

	answer(fds[ANSWER], do_request(request, fds[FOLDER], tree, may_mount, &why), &why);
}

static void run_agent(int socket, const char *tree, bool may_mount)
{
	struct agent_request *request = xcalloc(1, sizeof(*request));
	int fds[DESCRIPTORS];

	if (helper_leave(socket, "mmfs-mount") < 0)
		_exit(EXIT_FAILURE);
	signal(SIGCHLD, SIG_IGN); /* nobody waits for the children */
	while (message_receive(HELPER_SOCKET, request, sizeof(*request), fds, DESCRIPTORS)) {
		pid_t pid = fork();

		if (pid == 0) {
			signal(SIGCHLD, SIG_DFL);
			close(HELPER_SOCKET);
			serve_request(request, fds, tree, may_mount);
			_exit(EXIT_SUCCESS);
		}
		if (pid < 0)
			answer(fds[ANSWER], -errno, &(struct strbuf)STRBUF_INIT);
		close_descriptors(fds);
	}
	_exit(EXIT_SUCCESS);
}

int mount_agent_start(const char *tree, bool may_mount, struct mount_agent **ret_agent)
{
	int socket;
	pid_t pid = helper_fork(&socket);

	if (pid < 0)
		return pid;
	if (pid == 0)
		run_agent(socket, tree, may_mount);
	*ret_agent = xcalloc(1, sizeof(**ret_agent));
	**ret_agent = (struct mount_agent){ .socket = socket, .pid = pid };
	return 0;
}

/* --- the server's side ------------------------------------------------------------------------ */

void mount_agent_free(struct mount_agent *agent)
{
	if (!agent)
		return;
	close(agent->socket);
	kill(agent->pid, SIGKILL); /* it may be stopped */
	while (waitpid(agent->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(agent);
}

static int send_request(const struct mount_agent *agent, const struct agent_request *request,
	int folder, int answer_end)
{
	const int fds[DESCRIPTORS] = { [ANSWER] = answer_end, [FOLDER] = folder };

	return message_send(
		agent->socket, request, sizeof(*request), fds, folder < 0 ? 1 : DESCRIPTORS, 0);
}

static int receive_answer(int socket, struct strbuf *why)
{
	struct agent_answer *text = xcalloc(1, sizeof(*text));
	int r = -EPIPE;

	if (message_receive(socket, text, sizeof(*text), NULL, 0)) {
		text->why[sizeof(text->why) - 1] = '\0';
		strbuf_add_text(why, text->why);
		r = text->result;
	}
	free(text);
	return r;
}

/* Asks, and waits for the answer. Without a sentence of the agent's, `why` says what failed. */
static int ask(const struct mount_agent *agent, const struct agent_request *request, int folder,
	struct strbuf *why)
{
	_cleanup_strbuf_ struct strbuf sentence = STRBUF_INIT;
	int ends[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
		r = -errno;
	} else {
		r = send_request(agent, request, folder, ends[1]);
		close(ends[1]);
		if (r == 0)
			r = receive_answer(ends[0], &sentence);
		close(ends[0]);
	}
	if (r < 0 && !*strbuf_text(&sentence))
		strbuf_add_format(
			why, "cannot have anything mounted or unmounted: %s", strerror(-r));
	strbuf_add_text(why, strbuf_text(&sentence));
	return r;
}

static bool put(char *room, size_t size, const char *text)
{
	return (size_t)snprintf(room, size, "%s", text) < size;
}

int mount_agent_mount(struct mount_agent *agent, int folder, const struct mounter_volume *volume,
	struct strbuf *why)
{
	struct agent_request *request = xcalloc(1, sizeof(*request));
	int r = -ENAMETOOLONG;

	request->word = AGENT_MOUNT;
	request->number = volume->number;
	request->diskseq = volume->diskseq;
	request->has_options = volume->options;
	if (put(request->node, sizeof(request->node), volume->node) &&
		put(request->fstype, sizeof(request->fstype), volume->fstype) &&
		put(request->options, sizeof(request->options),
			volume->options ? volume->options : ""))
		r = ask(agent, request, folder, why);
	else
		strbuf_add_format(why, "cannot mount %s: %s", volume->node, strerror(-r));
	free(request);
	return r;
}

int mount_agent_unmount(
	struct mount_agent *agent, const char *path, int id, bool is_lazy, struct strbuf *why)
{
	struct agent_request *request = xcalloc(1, sizeof(*request));
	int r = -ENAMETOOLONG;

	request->word = AGENT_UNMOUNT;
	request->mount = id;
	request->is_lazy = is_lazy;
	if (put(request->path, sizeof(request->path), path))
		r = ask(agent, request, -1, why);
	else
		strbuf_add_format(why, "cannot unmount %s: %s", path, strerror(-r));
	free(request);
	return r;
}

int mount_agent_leave(struct mount_agent *agent, struct strbuf *why)
{
	struct agent_request *request = xcalloc(1, sizeof(*request));
	int r;

	request->word = AGENT_LEAVE;
	r = ask(agent, request, -1, why);
	free(request);
	return r;
}
