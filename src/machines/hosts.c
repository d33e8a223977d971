/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of hosting volumes: which of them a request, a mount or a change is about. What is under
 * way on one is in host.c. A host stays in the list, so that what it was told of last is known when
 * it comes back. Every public function that may change what is due ends in set_timer().
 */

#include <string.h>

#include "core/model/hosting.h"
#include "core/syntax/link_name.h"
#include "machines/hosts.h"

struct hosts {
	const struct manager *manager;
	const struct host_world *world;
	struct host *list;
	struct host *committing; /* whose change is being committed, NULL: none */
	uint64_t timer;		 /* what it is set for */
};

struct hosts *hosts_new(const struct manager *manager, const struct host_world *world)
{
	struct hosts *hosts = xcalloc(1, sizeof(*hosts));

	hosts->manager = manager;
	hosts->world = world;
	return hosts;
}

static uint64_t get_deadline(const struct hosts *hosts)
{
	uint64_t first = 0;

	for (const struct host *host = hosts->list; host; host = host->next) {
		uint64_t deadline = host_get_deadline(host);

		if (deadline && (!first || deadline < first))
			first = deadline;
	}
	return first;
}

static void set_timer(struct hosts *hosts)
{
	uint64_t at = get_deadline(hosts);

	if (at == hosts->timer)
		return;
	hosts->timer = at;
	hosts->world->set_timer(hosts->world->data, at);
}

void hosts_free(struct hosts *hosts)
{
	if (!hosts)
		return;
	for (struct host *host = hosts->list, *next; host; host = next) {
		next = host->next;
		host_free(host);
	}
	free(hosts);
}

void hosts_close(struct hosts *hosts, int error, const char *why)
{
	for (struct host *host = hosts->list; host; host = host->next)
		host_close(host, error, why);
	set_timer(hosts);
}

static struct host *get_host(struct hosts *hosts, const char *id)
{
	struct host *host = hosts->list;

	while (host && strcmp(host->id, id) != 0)
		host = host->next;
	if (host)
		return host;
	host = host_new(id, hosts->manager, hosts->world);
	host->next = hosts->list;
	hosts->list = host;
	return host;
}

void hosts_submit(struct hosts *hosts, struct host_request *request, uint64_t now)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct hosting where;
	int r = hosting_place(hosts->manager, request->request, &where, &why);

	if (r < 0)
		hosts->world->reply(hosts->world->data, request, r, strbuf_text(&why));
	else
		host_submit(get_host(hosts, where.host), request, now);
	set_timer(hosts);
}

bool hosts_cancel(struct hosts *hosts, struct host_request *request)
{
	struct host *host = hosts->list;

	while (host && !host_cancel(host, request))
		host = host->next;
	set_timer(hosts);
	return host != NULL;
}

void hosts_update(struct hosts *hosts, uint64_t rest, uint64_t now)
{
	const struct manager *manager = hosts->manager;

	for (struct host *host = hosts->list; host; host = host->next)
		if (host->mount_id && !hosting_get_mount(manager, host->id))
			host_set_mount(host, 0, 0, now);
	for (size_t i = 0; i < manager->mounts.count && manager->replicate != REPLICATE_OFF; i++) {
		const struct device *device =
			volumes_find_number(&manager->volumes, manager->mounts.list[i].number);
		const struct mount *mount =
			device && device->id ? hosting_get_mount(manager, device->id) : NULL;
		struct host *host = mount ? get_host(hosts, device->id) : NULL;

		if (host && host->mount_id != mount->id)
			host_set_mount(host, mount->id, now + rest, now);
	}
	set_timer(hosts);
}

/* Whether volumes or volume names have come, for which hosting volumes may have waited. */
static bool brings_volume_names(const struct manager *manager, const struct touched *touched)
{
	for (size_t i = 0; i < touched->id_count; i++)
		if (touched->is_moved[i] && volumes_find_id(&manager->volumes, touched->ids[i]))
			return true;
	for (size_t i = 0; i < touched->link_count; i++)
		if (link_name_is_volume(touched->links[i]) &&
			names_find_link(&manager->names, touched->links[i]))
			return true;
	return false;
}

bool hosts_handle_change(struct hosts *hosts, const struct touched *touched, uint64_t now)
{
	if (!brings_volume_names(hosts->manager, touched))
		return false;
	for (struct host *host = hosts->list; host; host = host->next)
		host_handle_arrival(host, now);
	set_timer(hosts);
	return true;
}

void hosts_take(struct hosts *hosts, struct host_visit *visit, uint64_t now)
{
	host_take(visit->host, visit, now);
	set_timer(hosts);
}

static struct host *find_ready(const struct hosts *hosts)
{
	struct host *host = hosts->list;

	while (host && host->step != HOST_READY)
		host = host->next;
	return host;
}

bool hosts_has_ready(const struct hosts *hosts)
{
	return find_ready(hosts) != NULL;
}

bool hosts_begin(struct hosts *hosts, struct change *change, uint64_t now)
{
	bool has_begun = false;
	struct host *host;

	while (!has_begun && (host = find_ready(hosts))) {
		has_begun = host_decide(host, change, now);
		if (has_begun) {
			hosts->committing = host;
		} else {
			change_fini(change);
			change_init(change, hosts->manager);
		}
	}
	set_timer(hosts);
	return has_begun;
}

struct host_request *hosts_get_request(const struct hosts *hosts)
{
	return hosts->committing ? hosts->committing->request : NULL;
}

void hosts_end(struct hosts *hosts, int error, const char *why, uint64_t now)
{
	host_end(steal_ptr(hosts->committing), error, why, now);
	set_timer(hosts);
}

void hosts_again(struct hosts *hosts, uint64_t now)
{
	host_again(steal_ptr(hosts->committing), now);
	set_timer(hosts);
}

bool hosts_is_settled(const struct hosts *hosts)
{
	for (const struct host *host = hosts->list; host; host = host->next)
		if (!host_is_settled(host))
			return false;
	return true;
}

void hosts_handle_time(struct hosts *hosts, uint64_t now)
{
	for (struct host *host = hosts->list; host; host = host->next)
		host_handle_time(host, now);
	hosts->timer = 0; /* it has fired */
	set_timer(hosts);
}
