/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Feeds the machine that publishes names, and does for it what it wants done. Files go to /run and
 * events to sysfs, neither of which waits for a disk: all this is done on the main loop.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/rules/mounted.h"
#include "core/views/dev_links.h"
#include "daemon/asking.h"
#include "daemon/publisher.h"
#include "io/publish/names_file.h"
#include "io/udev/synth_event.h"
#include "io/udev/udevd.h"
#include "machines/publish.h"

#define FOLDER "/run/mmfs/udev" /* which the rule knows */
#define LINKS "/dev/mm"

struct publisher {
	struct publisher_joints joints;
	struct change_follower follower;
	const char *devices;
	struct publish machine;
	struct timer timer;
	struct synth_events *events;
	int udevd;	   /* descriptor that tells of its end, or negative */
	bool has_left_out; /* which was said */
};

static void set_timer(void *data, uint64_t at)
{
	struct publisher *publisher = data;

	loop_set_timer(publisher->joints.loop, &publisher->timer, at);
}

static void on_time(void *data, uint64_t now)
{
	struct publisher *publisher = data;

	publish_handle_time(&publisher->machine, now);
	change_queue_work(publisher->joints.queue); /* somebody may wait until all is done */
}

static int write_file(void *data, const char *name, uint64_t diskseq, const char *text)
{
	return text ? names_file_write(FOLDER, name, diskseq, text)
		    : names_file_remove(FOLDER, name, diskseq);
}

static int ask(void *data, const char *name, uint64_t diskseq, uint64_t number)
{
	struct publisher *publisher = data;

	log_debug("%s: udevd is to look at its names (%llu)", name, (unsigned long long)number);
	return synth_events_ask(publisher->events, name, diskseq, number);
}

static void on_udevd_end(void *data, uint32_t events)
{
	struct publisher *publisher = data;

	loop_remove(publisher->joints.loop, publisher->udevd);
	close(publisher->udevd);
	publisher->udevd = -1;
	publish_handle_udevd_end(&publisher->machine, clock_get_monotonic());
	change_queue_work(publisher->joints.queue);
}

static bool is_udevd_running(void *data)
{
	struct publisher *publisher = data;

	if (publisher->udevd >= 0)
		return true;
	publisher->udevd = udevd_open();
	if (publisher->udevd < 0)
		return false;
	if (loop_add(publisher->joints.loop, publisher->udevd, on_udevd_end, publisher) < 0) {
		close(publisher->udevd); /* its end would not be told: it is asked for again */
		publisher->udevd = -1;
	}
	return true;
}

static bool has_links(void *data, const char *name, const char *text)
{
	return names_file_has_links(LINKS, name, text);
}

static bool is_udevd_busy(void *data)
{
	return udevd_is_busy();
}

static void look(void *data, const char *name)
{
	struct publisher *publisher = data;
	const struct device *device = volumes_find_name(&publisher->joints.manager->volumes, name);

	if (device)
		device_monitor_look(publisher->joints.monitor, device->number);
}

static void complain(void *data, const char *name, enum publish_trouble trouble, int error)
{
	switch (trouble) {
	case PUBLISH_NO_FILE:
		log_warning("cannot write " FOLDER "/%s, its names do not show in " LINKS ": %s",
			name, strerror(-error));
		break;
	case PUBLISH_NO_EVENT:
		log_warning(
			"cannot write /sys/class/block/%s/uevent, its names do not show in " LINKS
			": %s",
			name, strerror(-error));
		break;
	case PUBLISH_NO_ANSWER:
		log_warning("udevd makes no links in " LINKS
			    " for %s: is its rule 61-mmfs.rules installed?",
			name);
		break;
	}
}

static const struct publish_effects effects = { write_file, ask, is_udevd_running, has_links,
	is_udevd_busy, look, complain, set_timer };

/* What is left of disks that are gone, nobody reads. */
static void adopt(struct publisher *publisher, const struct names_file *file)
{
	uint64_t diskseq = synth_event_get_diskseq(file->name);

	if (!device_name_matches(file->name, publisher->devices))
		return;
	if (file->text && file->diskseq != diskseq)
		names_file_remove(FOLDER, file->name, file->diskseq);
	else if (diskseq)
		publish_adopt(&publisher->machine, file->name, diskseq, file->text, file->is_shown);
}

static int adopt_all(struct publisher *publisher)
{
	struct names_file *list;
	size_t count;
	int r = names_file_list(FOLDER, LINKS, &list, &count);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		adopt(publisher, &list[i]);
	names_file_free_list(list, count);
	return 0;
}

static void say_left_out(struct publisher *publisher, const struct device *device, size_t count)
{
	if (count && !publisher->has_left_out)
		log_warning("%zu names of %s are too long, or too many, for " LINKS, count,
			device->node);
	publisher->has_left_out |= count > 0;
}

/*
 * What could not be read yet may be what it was: its links stay. A device without a number could
 * not be told from the next that gets its node.
 */
static void update_device(struct publisher *publisher, const char *name)
{
	const struct device *device = volumes_find_name(&publisher->joints.manager->volumes, name);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	size_t left_out;

	if (!device) {
		publish_set(&publisher->machine, name, 0, NULL, clock_get_monotonic());
		return;
	}
	if (!device->diskseq || mounted_is_device(device) || (!device->id && device->fault))
		return;
	dev_links_format(publisher->joints.manager, device, &text, &left_out);
	say_left_out(publisher, device, left_out);
	publish_set(&publisher->machine, name, device->diskseq,
		text.len ? strbuf_text(&text) : NULL, clock_get_monotonic());
}

static void update_holders(struct publisher *publisher, char *const *ids, size_t count)
{
	const struct volumes *volumes = &publisher->joints.manager->volumes;

	for (size_t i = 0; i < count; i++) {
		const struct device *device = volumes_find_holder(volumes, ids[i]);

		if (device)
			update_device(publisher, device->name);
	}
}

static void update(void *data, const struct touched *touched)
{
	struct publisher *publisher = data;

	for (size_t i = 0; i < touched->device_count; i++)
		update_device(publisher, touched->devices[i]);
	update_holders(publisher, touched->ids, touched->id_count);
	update_holders(publisher, touched->linked, touched->linked_count);
}

int publisher_new(const struct publisher_joints *joints, const char *devices,
	struct publisher **ret_publisher, struct strbuf *why)
{
	struct publisher *publisher = xcalloc(1, sizeof(*publisher));
	uint64_t run;
	int r;

	publisher->joints = *joints;
	publisher->follower = (struct change_follower){ .applied = update, .data = publisher };
	publisher->devices = devices;
	publisher->udevd = -1;
	publisher->timer = (struct timer){ .fn = on_time, .data = publisher };
	publish_init(&publisher->machine, &effects, publisher);
	asking_get_random(&run, sizeof(run));
	r = getuid() == 0 ? adopt_all(publisher) : -EPERM;
	if (r < 0)
		strbuf_add_format(why, "publish=udev: cannot use " FOLDER ": %s", strerror(-r));
	if (r == 0) {
		r = synth_events_open(run, &publisher->events);
		if (r < 0)
			strbuf_add_format(
				why, "publish=udev: cannot listen to udevd: %s", strerror(-r));
	}
	if (r < 0) {
		publisher_free(publisher);
		return r;
	}
	change_queue_add_follower(joints->queue, &publisher->follower);
	*ret_publisher = publisher;
	return 0;
}

void publisher_free(struct publisher *publisher)
{
	if (!publisher)
		return;
	loop_set_timer(publisher->joints.loop, &publisher->timer, 0);
	publish_fini(&publisher->machine);
	synth_events_close(publisher->events);
	if (publisher->udevd >= 0)
		close(publisher->udevd);
	free(publisher);
}

static void on_events(void *data, uint32_t events)
{
	struct publisher *publisher = data;
	uint64_t number;
	char *name;

	/* Lost ones are asked for again. */
	while (synth_events_take(publisher->events, &name, &number) > 0) {
		publish_handle_answer(&publisher->machine, name, number, clock_get_monotonic());
		free(name);
	}
	change_queue_work(publisher->joints.queue);
}

int publisher_start(struct publisher *publisher)
{
	int r;

	if (!publisher)
		return 0;
	map_for_each (&publisher->joints.manager->volumes.by_name, node, next)
		update_device(publisher, container_of(node, struct device, by_name)->name);
	r = loop_add(publisher->joints.loop, synth_events_get_fd(publisher->events), on_events,
		publisher);
	publish_start(&publisher->machine, clock_get_monotonic());
	return r;
}

bool publisher_is_settled(const struct publisher *publisher)
{
	return !publisher || publish_is_settled(&publisher->machine);
}
