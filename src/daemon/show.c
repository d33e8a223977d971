/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is shown of the daemon itself: control files that are read without a request, and metrics.
 */

#include <unistd.h>

#include "core/views/document.h"
#include "core/views/render.h"
#include "daemon/show.h"
#include "io/fuse/fuse_counters.h"
#include "io/udev/udev.h"
#include "mmfs_private.h"

/*
 * One line for each link: made anew when there is something new, and not for everybody who looks.
 * What becomes different about a volume is seen in the tree, or told in `events`; both only count
 * up.
 */
static void add_volume_info(struct mmfs *mmfs, struct strbuf *ret_text)
{
	uint64_t generation = fuse_get_generation(mmfs->fuse) + mmfs->stream.next;

	if (mmfs->volume_info_at != generation) {
		strbuf_fini(&mmfs->volume_info);
		render_volume_info(&mmfs->manager, &mmfs->volume_info);
		mmfs->volume_info_at = generation;
	}
	strbuf_add(ret_text, strbuf_text(&mmfs->volume_info), mmfs->volume_info.len);
}

static void render_metrics(struct mmfs *mmfs, struct strbuf *ret_text)
{
	const struct discovery_counters *counters = device_monitor_get_counters(mmfs->monitor);
	const struct {
		const char *name;
		const char *help;
		uint64_t value;
	} list[] = {
		{ "mmfs_events", "Events of devices.", counters->events },
		{ "mmfs_overruns", "Times that events were lost.", counters->overruns },
		{ "mmfs_probes", "Probes of devices.", counters->probes },
		{ "mmfs_probe_faults", "Probes without an answer.", counters->faults },
		{ "mmfs_commits", "Transactions of the database.",
			change_queue_get_commits(mmfs->queue) },
		{ "mmfs_errors", "Requests that failed.", mmfs->error_log.count },
	};

	add_volume_info(mmfs, ret_text);
	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		strbuf_add_format(ret_text, "# TYPE %s counter\n# HELP %s %s\n%s_total %llu\n",
			list[i].name, list[i].name, list[i].help, list[i].name,
			(unsigned long long)list[i].value);
	fuse_render_metrics(mmfs->fuse, ret_text);
	strbuf_add_text(ret_text, "# EOF\n");
}

static void render_points_view(const struct mmfs *mmfs, struct strbuf *ret_text)
{
	render_points(&mmfs->manager, ret_text);
}

static void render_auto_mount(const struct mmfs *mmfs, struct strbuf *ret_text)
{
	bool is_off = names_is_auto_mount_off(&mmfs->manager.names);

	strbuf_add_text(ret_text, is_off ? "off\n" : "on\n");
}

static void render_database(const struct mmfs *mmfs, struct strbuf *ret_text)
{
	document_render(&mmfs->manager, ret_text);
}

static void render_epic_number(const struct mmfs *mmfs, struct strbuf *ret_text)
{
	strbuf_add_format(ret_text, "%u\n", mmfs->manager.epic);
}

static void render_unprocessed_view(const struct mmfs *mmfs, struct strbuf *ret_text)
{
	render_unprocessed(&mmfs->manager, ret_text);
}

static void render_error_log(const struct mmfs *mmfs, struct strbuf *ret_text)
{
	error_log_format(&mmfs->error_log, ret_text);
}

static void render_version(const struct mmfs *mmfs, struct strbuf *ret_text)
{
	strbuf_add_text(ret_text, "mmfs " MMFS_VERSION "\n");
}

static void render_server_pid(const struct mmfs *mmfs, struct strbuf *ret_text)
{
	strbuf_add_format(ret_text, "%d\n", (int)getpid());
}

static void render_cluster(const struct mmfs *mmfs, struct strbuf *ret_text)
{
	ledger_render(mmfs->ledger, ret_text);
}

/* What control files show; the others show their usage. */
static const struct {
	enum operation_kind kind;
	void (*render)(const struct mmfs *mmfs, struct strbuf *ret_text);
} shown[] = {
	{ OP_QUERY_POINTS, render_points_view },
	{ OP_AUTO_MOUNT, render_auto_mount },
	{ OP_DATABASE, render_database },
	{ OP_EPIC_NUMBER, render_epic_number },
	{ OP_UNPROCESSED, render_unprocessed_view },
	{ OP_ERROR_LOG, render_error_log },
	{ OP_VERSION, render_version },
	{ OP_SERVER_PID, render_server_pid },
	{ OP_CLUSTER, render_cluster },
};

/*
 * `read_only`: blockdev --setro tells nobody. Where the kernel does not say, it is as it was when
 * the device was described.
 */
static void render_live(const struct mmfs *mmfs, const struct node *node, struct strbuf *ret_text)
{
	const struct device *device =
		manager_find_device(&mmfs->manager, &mmfs->manager.names, node->id);
	bool is_read_only;

	if (device && udev_is_read_only(device->number, &is_read_only) == 0)
		strbuf_add_text(ret_text, is_read_only ? "1\n" : "0\n");
	else
		volume_files[node->file].render(&mmfs->manager, node->id, ret_text);
}

void show_render(void *data, const struct node *node, struct strbuf *ret_text)
{
	struct mmfs *mmfs = data;

	if (node->kind == NODE_VOLUME) {
		render_live(mmfs, node, ret_text);
		return;
	}
	if (node->kind == NODE_METRICS) {
		render_metrics(mmfs, ret_text);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		if (shown[i].kind == node->operation->kind) {
			shown[i].render(mmfs, ret_text);
			return;
		}
	}
	operation_format_usage(node->operation, ret_text);
}
