/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Orders of the automounter, as errands of the workers. Nothing of what a path leads to is
 * believed: the directory is opened below its host's root, the device is looked at before and after
 * it is mounted, what is mounted is known by its mount id.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/asking.h"
#include "daemon/mount_orders.h"
#include "io/replica/replica_file.h"

/* An order under way. */
struct task {
	struct errand errand;
	struct mount_orders *orders;
	struct mount_agent *agent;
	struct mount_order *order;
};

static int look_at_mounted(struct mount_order *order, int root, uint64_t *ret_number)
{
	int folder = replica_file_open_folder(root, order->path, true);
	struct statx found;
	int r = folder < 0 ? folder : 0;

	if (r == 0 &&
		statx(folder, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &found) < 0)
		r = -errno;
	if (folder >= 0)
		close(folder);
	if (r < 0) {
		strbuf_add_format(&order->why, "cannot look at %s, where it stays mounted: %s",
			order->mount_path, strerror(-r));
		return r;
	}
	order->mount = (int)found.stx_mnt_id;
	*ret_number = found.stx_dev_major ? makedev(found.stx_dev_major, found.stx_dev_minor) : 0;
	return 0;
}

/*
 * What is mounted there must be the device that was meant: nodes can change hands. It is held now,
 * so what is found of it stays. A filesystem with a number of its own (btrfs) has the node's word
 * for it.
 */
static int check_mounted(struct mount_agent *agent, struct mount_order *order,
	const struct mounter_volume *volume, int root)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	uint64_t number = 0;
	int r = look_at_mounted(order, root, &number);

	if (r < 0)
		return r;
	r = mounter_check_node(volume, &order->why);
	if (r == 0 && number && number != order->number) {
		strbuf_add_format(&order->why, "%s is another device by now", order->node);
		r = -ESTALE;
	}
	if (r < 0)
		mount_agent_unmount(agent, order->mount_path, order->mount, true, &why);
	return r;
}

static int mount_volume(struct mount_agent *agent, struct mount_order *order)
{
	struct replica_mount mount = {
		.path = order->host_path,
		.id = order->host_mount,
		.number = order->host_number,
	};
	struct mounter_volume volume = {
		.node = order->node,
		.fstype = order->fstype,
		.options = order->options,
		.number = order->number,
		.diskseq = order->diskseq,
	};
	int root = -1, folder = -1;
	int r = replica_file_open_root(&mount, &root, &order->why);

	if (r == 0) {
		folder = replica_file_open_folder(root, order->path, false);
		r = folder < 0 ? folder : 0;
		if (r < 0)
			strbuf_add_format(&order->why, "cannot mount %s at %s: %s", order->node,
				order->mount_path, strerror(-r));
	}
	if (r == 0)
		r = mount_agent_mount(agent, folder, &volume, &order->why);
	if (folder >= 0)
		close(folder);
	if (r == 0)
		r = check_mounted(agent, order, &volume, root);
	if (root >= 0)
		close(root);
	return r;
}

static void run_order(struct errand *errand)
{
	struct task *task = container_of(errand, struct task, errand);
	struct mount_order *order = task->order;

	order->error = order->is_unmount ? mount_agent_unmount(task->agent, order->mount_path,
						   order->mount, order->is_lazy, &order->why)
					 : mount_volume(task->agent, order);
}

static void set_timer(void *data, uint64_t at)
{
	struct mount_orders *orders = data;

	loop_set_timer(orders->loop, &orders->timer, at);
}

static void finish_task(struct errand *errand)
{
	struct task *task = container_of(errand, struct task, errand);
	struct mount_orders *orders = task->orders;

	automount_take(orders->automount, task->order);
	free(task);
	mount_table_read(orders->mounts); /* and goes on from there */
	change_queue_work(orders->queue);
}

static void begin(void *data, struct mount_order *order)
{
	struct mount_orders *orders = data;
	struct task *task = xcalloc(1, sizeof(*task));

	task->errand.run = run_order;
	task->errand.finish = finish_task;
	task->orders = orders;
	task->agent = orders->agent;
	task->order = order;
	workers_add(orders->workers, &task->errand);
}

static void report(void *data, const struct mount_order *order)
{
	struct mount_orders *orders = data;

	if (order->error < 0) {
		log_warning("%s", strbuf_text(&order->why));
		asking_note_own_failure(orders->error_log, order->error, order->mount_path,
			strbuf_text(&order->why));
	} else {
		log_info("%s %s", order->is_unmount ? "unmounted" : "mounted", order->mount_path);
	}
}

static void on_time(void *data, uint64_t now)
{
	struct mount_orders *orders = data;

	automount_handle_time(orders->automount, now);
	change_queue_work(orders->queue); /* somebody may wait until nothing is under way */
}

static void note(void *data, const struct mount_attempt *attempt)
{
	struct mount_orders *orders = data;

	kept_attempts_note(&orders->attempts, attempt);
}

static void forget(void *data, const char *host, const char *path)
{
	struct mount_orders *orders = data;

	kept_attempts_forget(&orders->attempts, host, path);
}

void mount_orders_handle_mounts(struct mount_orders *orders)
{
	if (orders->has_begun)
		automount_update(orders->automount, clock_get_monotonic());
}

static void handle_change(void *data, const struct touched *touched)
{
	mount_orders_handle_mounts(data);
}

bool mount_orders_is_settled(const struct mount_orders *orders)
{
	return !orders->automount || automount_is_settled(orders->automount);
}

void mount_orders_init(struct mount_orders *orders, const struct manager *manager)
{
	orders->world = (struct automount_world){
		.begin = begin,
		.report = report,
		.note = note,
		.forget = forget,
		.set_timer = set_timer,
		.data = orders,
	};
	orders->automount = automount_new(manager, &orders->world);
	orders->timer = (struct timer){ .fn = on_time, .data = orders };
	orders->follower = (struct change_follower){ .applied = handle_change, .data = orders };
	change_queue_add_follower(orders->queue, &orders->follower);
}

/* What is noted is noted anew, of what there still is. */
static void recall(void *data, const struct mount_attempt *attempt)
{
	automount_recall(((struct mount_orders *)data)->automount, attempt);
}

void mount_orders_begin(struct mount_orders *orders)
{
	if (!orders->automount)
		return;
	kept_attempts_begin(&orders->attempts, orders->kept, recall, orders);
	orders->has_begun = true;
	mount_orders_handle_mounts(orders);
}

void mount_orders_fini(struct mount_orders *orders)
{
	kept_notes_fini(&orders->attempts);
	automount_free(orders->automount);
}
