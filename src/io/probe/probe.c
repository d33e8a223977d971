/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's side of probing: asks the helper process (prober.c) and takes its answers, without
 * ever waiting for it, and believing nothing it says beyond the form.
 *
 * The helper answers every request exactly once. So this side alone keeps count: a ticket is in
 * `flights` from the submit until its answer, abandoned or not, has come. Abandoned ones may be
 * stuck in a dead device for good, and take one of the helper's places, which are many; how many
 * may be awaited at a time is the caller's business.
 *
 * A helper that breaks the protocol or the connection is as good as dead, and stays so: it cannot
 * be forked again from a process that has threads.
 */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/probe/prober.h"

enum flight_state {
	FLIGHT_NONE,
	FLIGHT_AWAITED,
	FLIGHT_UNWANTED, /* the helper has not been told yet, its socket being full */
	FLIGHT_ABANDONED,
};

struct flight {
	uint64_t ticket;
	enum flight_state state;
};

struct probe {
	int socket;
	pid_t helper;
	bool is_dead;
	struct flight flights[PROBER_CHILDREN_MAX];
	size_t unwanted; /* how many of them are FLIGHT_UNWANTED */
};

int probe_start(struct probe **ret_probe)
{
	_cleanup_(prober_free_p) struct prober *prober = NULL;
	struct probe *probe;
	int sockets[2];
	pid_t pid;
	int r;

	r = prober_new(&prober);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		prober_run(prober, sockets[1]);
	r = -errno;
	close(sockets[1]);
	if (pid < 0) {
		close(sockets[0]);
		return r;
	}
	probe = xcalloc(1, sizeof(*probe));
	probe->socket = sockets[0];
	probe->helper = pid;
	*ret_probe = probe;
	return 0;
}

/* The helper owns nothing that could be lost, and SIGKILL ends it even if somebody stopped it. */
void probe_stop(struct probe *probe)
{
	if (!probe)
		return;
	close(probe->socket);
	kill(probe->helper, SIGKILL);
	while (waitpid(probe->helper, NULL, 0) < 0 && errno == EINTR)
		;
	free(probe);
}

static struct flight *flight_find(struct probe *probe, uint64_t ticket)
{
	for (size_t i = 0; i < PROBER_CHILDREN_MAX; i++) {
		struct flight *flight = &probe->flights[i];

		if (flight->state != FLIGHT_NONE && flight->ticket == ticket)
			return flight;
	}
	return NULL;
}

/* A free place, or NULL. */
static struct flight *flight_new(struct probe *probe)
{
	for (size_t i = 0; i < PROBER_CHILDREN_MAX; i++)
		if (probe->flights[i].state == FLIGHT_NONE)
			return &probe->flights[i];
	return NULL;
}

static int request_send(struct probe *probe, const struct prober_request *request)
{
	if (probe->is_dead)
		return -EPIPE;
	if (send(probe->socket, request, sizeof(*request), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 0;
	if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS || errno == ENOMEM)
		return -EAGAIN;
	probe->is_dead = true;
	return -EPIPE;
}

/* Tells the helper what it could not be told before. */
static void flights_flush(struct probe *probe)
{
	for (size_t i = 0; i < PROBER_CHILDREN_MAX && probe->unwanted; i++) {
		struct flight *flight = &probe->flights[i];
		const struct prober_request request = {
			.verb = PROBER_ABANDON,
			.ticket = flight->ticket,
		};

		if (flight->state != FLIGHT_UNWANTED)
			continue;
		if (request_send(probe, &request) < 0)
			return;
		flight->state = FLIGHT_ABANDONED;
		probe->unwanted--;
	}
}

int probe_submit(struct probe *probe, const struct probe_request *request)
{
	struct prober_request message = {
		.verb = PROBER_EXAMINE,
		.ticket = request->ticket,
		.number = request->number,
		.disk_number = request->disk_number,
		.start = request->start,
		.asks_backing = request->asks_backing,
	};
	struct flight *flight;
	int r;

	flights_flush(probe);
	flight = flight_new(probe);
	if (!flight)
		return probe->is_dead ? -EPIPE : -EAGAIN;
	/* Without the NUL if it does not fit: the helper answers that with a fault. */
	memcpy(message.node, request->node, strnlen(request->node, sizeof(message.node)));
	if (request->disk_node)
		memcpy(message.disk_node, request->disk_node,
			strnlen(request->disk_node, sizeof(message.disk_node)));
	r = request_send(probe, &message);
	if (r < 0)
		return r;
	*flight = (struct flight){ request->ticket, FLIGHT_AWAITED };
	return 0;
}

void probe_abandon(struct probe *probe, uint64_t ticket)
{
	struct flight *flight = flight_find(probe, ticket);

	if (flight && flight->state == FLIGHT_AWAITED) {
		flight->state = FLIGHT_UNWANTED;
		probe->unwanted++;
	}
	flights_flush(probe);
}

int probe_get_fd(const struct probe *probe)
{
	return probe->socket;
}

/* 1, 0 or -EPIPE as probe_take_answer(). */
static int answer_receive(struct probe *probe, struct prober_answer *ret_answer)
{
	ssize_t len;

	if (probe->is_dead)
		return -EPIPE;
	do
		len = recv(
			probe->socket, ret_answer, sizeof(*ret_answer), MSG_DONTWAIT | MSG_TRUNC);
	while (len < 0 && errno == EINTR);
	if (len < 0 && (errno == EAGAIN || errno == ENOMEM))
		return 0;
	if (len == (ssize_t)sizeof(*ret_answer))
		return 1;
	probe->is_dead = true;
	return -EPIPE;
}

int probe_take_answer(struct probe *probe, struct probe_answer *ret_answer)
{
	struct prober_answer message;
	int r;

	flights_flush(probe);
	while ((r = answer_receive(probe, &message)) > 0) {
		struct flight *flight = flight_find(probe, message.ticket);
		bool is_awaited = flight && flight->state == FLIGHT_AWAITED;

		if (flight) {
			probe->unwanted -= flight->state == FLIGHT_UNWANTED;
			*flight = (struct flight){ 0 };
		}
		if (!is_awaited)
			continue;
		if (findings_parse(&message.findings, ret_answer) < 0) {
			probe->is_dead = true;
			return -EPIPE;
		}
		ret_answer->ticket = message.ticket;
		ret_answer->began = message.began;
		ret_answer->backing = message.backing;
		return 1;
	}
	return r;
}
