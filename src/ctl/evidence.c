/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks at one device anew, with the daemon's own eyes: what udevd has (io/udev), what sysfs says
 * by the rules of io/udev/udev_identity.c, what libblkid reads in the sandbox of io/probe. This
 * process parses nothing of the device itself: it may be root's, and the disk anybody's.
 */

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/evidence.h"
#include "io/probe/probe.h"
#include "io/udev/udev.h"

#define ANSWER_WITHIN 30000 /* ms: a disk that spins up takes ten seconds */

/* Identities become the evidence's. */
static void take_identities(char *to[ID_KINDS], struct device *from)
{
	for (size_t i = 0; i < ID_KINDS; i++) {
		free(to[i]);
		to[i] = from->identity[i];
		from->identity[i] = NULL;
	}
}

/* What the kernel, and what udevd have; and what to ask of the device. */
static int ask_sources(struct udev_source *source, const char *name, struct evidence *evidence,
	struct device_report *report)
{
	struct device_report known = { 0 };
	int r = udev_describe(source, name, false, report);

	if (r == 0)
		r = udev_describe(source, name, true, &known);
	if (r < 0)
		return r;
	evidence->name = xstrdup(name);
	evidence->node = xstrdup(report->device->node);
	evidence->partition = report->device->partition;
	evidence->is_known_to_udev = !known.awaits_udevd;
	if (known.must_not_read)
		evidence->fault = steal_ptr(known.device->fault);
	if (!known.awaits_udevd)
		take_identities(evidence->udev, known.device);
	take_identities(evidence->probe, report->device);
	device_report_fini(&known);
	return 0;
}

/* 0 with the answer, or -errno. */
static int await_answer(struct probe *probe, struct probe_answer *ret_answer)
{
	struct pollfd entry = { .fd = probe_get_fd(probe), .events = POLLIN };
	int r;

	do {
		r = poll(&entry, 1, ANSWER_WITHIN);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -errno : -ETIMEDOUT;
		r = probe_take_answer(probe, ret_answer);
		if (r < 0)
			return r;
	} while (r != 1);
	return 0;
}

static int probe_once(const struct device_report *report, struct probe_answer *ret_answer)
{
	const struct probe_request request = {
		.node = report->device->node,
		.number = report->device->number,
		.disk_node = report->disk_node,
		.disk_number = report->disk_number,
		.start = report->start,
	};
	struct probe *probe;
	int r = probe_start(&probe);

	if (r < 0)
		return r;
	r = probe_submit(probe, &request);
	if (r == 0)
		r = await_answer(probe, ret_answer);
	probe_stop(probe);
	return r;
}

static void ask_device(const struct device_report *report, struct evidence *evidence)
{
	struct probe_answer answer = { 0 };
	int r;

	if (access(report->device->node, R_OK) < 0) {
		evidence->fault = xasprintf("cannot open: %s%s", strerror(errno),
			errno == EACCES ? " (only root and the group disk can)" : "");
		return;
	}
	r = probe_once(report, &answer);
	if (r < 0) {
		evidence->fault = xasprintf("cannot read: %s", strerror(-r));
		return;
	}
	evidence->fault = answer.fault ? steal_ptr(answer.fault) : steal_ptr(answer.doubt);
	if (!evidence->fault) {
		evidence->probe[ID_UUID] = steal_ptr(answer.uuid);
		evidence->probe[ID_PARTUUID] = steal_ptr(answer.partuuid);
		evidence->fstype = steal_ptr(answer.fstype);
	}
	probe_answer_fini(&answer);
}

static int look_at(uint64_t number, struct evidence *evidence)
{
	struct device_report report = { 0 };
	_cleanup_free_ char *name = NULL;
	struct udev_source *source;
	int r = udev_open_silent(&source);

	if (r < 0)
		return r;
	name = udev_find_name(source, number);
	r = name ? ask_sources(source, name, evidence, &report) : -ENODEV;
	if (r == 0 && !evidence->fault)
		ask_device(&report, evidence);
	device_report_fini(&report);
	udev_close(source);
	return r;
}

int evidence_gather(const char *node, struct evidence *ret_evidence)
{
	struct evidence evidence = { 0 };
	struct stat status;
	int r;

	if (stat(node, &status) < 0)
		return -errno;
	if (!S_ISBLK(status.st_mode))
		return -ENOTBLK;
	r = look_at(status.st_rdev, &evidence);
	if (r < 0)
		evidence_fini(&evidence);
	else
		*ret_evidence = evidence;
	return r;
}

void evidence_fini(struct evidence *evidence)
{
	for (size_t i = 0; i < ID_KINDS; i++) {
		free(evidence->udev[i]);
		free(evidence->probe[i]);
	}
	free(evidence->node);
	free(evidence->name);
	free(evidence->fstype);
	free(evidence->fault);
	*evidence = (struct evidence){ 0 };
}

bool evidence_format(
	const struct evidence *evidence, enum id_scheme scheme, char ret_id[UNIQUE_ID_MAX + 1])
{
	bool is_on_medium = scheme == ID_UUID || scheme == ID_PARTUUID || scheme == ID_DM_UUID;
	const char *first = is_on_medium ? evidence->probe[scheme] : evidence->udev[scheme];
	const char *second = is_on_medium ? evidence->udev[scheme] : evidence->probe[scheme];

	if (is_on_medium && !evidence->fault)
		second = NULL; /* the device is asked, not the memory of it */
	return unique_id_format(scheme, first ? first : second, evidence->partition, ret_id);
}
