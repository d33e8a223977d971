/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a server asks of its keeper, and tells it.
 */

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/message.h"
#include "daemon/keeper_link.h"

void keeper_link_tell(struct keeper_link *link, enum keeper_word word, int value)
{
	struct keeper_request request = { .word = word, .value = value };

	if (message_send(link->socket, &request, sizeof(request), NULL, 0, 0) < 0)
		link->is_lost = true;
}

/* Takes one answer; *ret_fd is -1 if none came with it. */
static int receive_answer(struct keeper_link *link, struct keeper_answer *answer, int *ret_fd)
{
	if (!message_receive(link->socket, answer, sizeof(*answer), ret_fd, 1)) {
		link->is_lost = true;
		return -EPIPE;
	}
	answer->why[sizeof(answer->why) - 1] = '\0';
	return answer->result;
}

int keeper_link_mount(struct keeper_link *link, int *ret_fd, struct strbuf *why)
{
	struct keeper_answer *answer = xcalloc(1, sizeof(*answer));
	int r;

	keeper_link_tell(link, KEEPER_MOUNT, 0);
	r = receive_answer(link, answer, ret_fd);
	if (link->is_lost)
		strbuf_add_text(why, "cannot mount: the keeper has ended");
	else if (r < 0)
		strbuf_add_text(why, answer->why);
	free(answer);
	return r;
}

void keeper_link_unmount(struct keeper_link *link, bool is_gone, struct mount_agent *agent)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct keeper_answer *answer;
	int fd;

	if (!link->is_mounted)
		return;
	link->is_mounted = false;
	keeper_link_tell(link, is_gone ? KEEPER_GONE : KEEPER_UNMOUNT, 0);
	if (!link->is_lost) {
		answer = xcalloc(1, sizeof(*answer));
		receive_answer(link, answer, &fd);
		free(answer);
	}
	if (link->is_lost && !is_gone && mount_agent_leave(agent, &why) < 0)
		log_warning("cannot unmount: %s", strbuf_text(&why));
}

void keeper_link_handle(struct keeper_link *link)
{
	if (link->is_lost)
		return;
	link->is_lost = true;
	log_warning("the keeper has ended: stopping");
}
