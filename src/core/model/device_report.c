/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose word counts for which property of a device: that of udevd's rules, of the kernel, or of the
 * superblocks themselves.
 */

#include <string.h>

#include "core/model/device_report.h"

void device_report_fini(struct device_report *report)
{
	device_free(report->device);
	free(report->disk_node);
	*report = (struct device_report){ 0 };
}

bool device_report_is_equal(const struct device_report *a, const struct device_report *b)
{
	return device_is_equal(a->device, b->device) && a->wants_probe == b->wants_probe &&
		a->may_be_above == b->may_be_above && a->disk_number == b->disk_number &&
		a->start == b->start;
}

/*
 * Also with a filesystem and a table: udevd's rules do not tell whether the table has any
 * partitions, and if not the device is used whole. Discs are, anyway, and members of RAID are no
 * volumes in any case.
 */
static bool is_known_in_part(const struct device *device)
{
	if (device_has_members(device)) /* nobody tells udevd how many */
		return true;
	if (!device->fstype) /* a partition has its disk's table among udevd's properties */
		return !device->table || device->partition;
	if (!device->table)
		return false;
	return !device->partition && !device_is_disc(device) &&
		!is_same_text(device->usage, "raid");
}

/*
 * Where we may not read, what udevd has read is all there is to know. That it has found nothing
 * counts, too: a try would be a fault, for which a disk that was wiped would keep its names.
 */
void device_report_decide_probe(struct device_report *report, bool must_read)
{
	report->wants_probe = report->device->size && !report->must_not_read &&
		!report->is_denied &&
		(must_read || report->may_be_above || is_known_in_part(report->device));
}

/* What the prober knows better. */
static void replace(char **known, char **answer)
{
	free(*known);
	*known = steal_ptr(*answer);
}

/* It is as easy to forge as the device that it is on, and not as a file. */
static void fill_below(struct device *device, struct probe_answer *answer)
{
	if (!answer->below)
		return;
	replace(&device->slaves, &answer->below);
	if (answer->below_attachment)
		device->attachment = answer->below_attachment;
}

/* Content that cannot be told says nothing; what the partition table says of it still counts. */
void device_fill(struct device *device, struct probe_answer *answer)
{
	fill_below(device, answer);
	if (answer->fault) {
		replace(&device->fault, &answer->fault);
		return;
	}
	if (answer->doubt)
		replace(&device->doubt, &answer->doubt);
	replace(&device->identity[ID_UUID], &answer->uuid);
	replace(&device->uuid_sub, &answer->uuid_sub);
	device->members = answer->members;
	replace(&device->fstype, &answer->fstype);
	replace(&device->usage, &answer->usage);
	replace(&device->label, &answer->label);
	replace(&device->table, &answer->table);
	if (answer->partuuid)
		replace(&device->identity[ID_PARTUUID], &answer->partuuid);
	if (answer->partition_type) {
		replace(&device->partition_type, &answer->partition_type);
		replace(&device->partition_name, &answer->partition_name);
		device->partition_flags = answer->partition_flags;
	}
}

void probe_answer_fini(struct probe_answer *answer)
{
	free(answer->fault);
	free(answer->doubt);
	free(answer->below);
	free(answer->uuid);
	free(answer->uuid_sub);
	free(answer->fstype);
	free(answer->usage);
	free(answer->label);
	free(answer->table);
	free(answer->partuuid);
	free(answer->partition_type);
	free(answer->partition_name);
	*answer = (struct probe_answer){ 0 };
}
