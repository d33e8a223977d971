/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unique IDs are frozen: what is found on each image in golden/ is what the table golden/ids says,
 * in the daemon's own way without udevd, and with what libblkid would have told udevd's rules.
 *
 * A line of the table is
 *
 *	IMAGE PARTITION KIND FSTYPE ID...
 *
 * with `-` for a whole device and for nothing; all IDs of a volume, the preferred one first; or, of
 * an unprocessed device, the reason. A line that is in a release never changes.
 */

#include <check.h>
#include <glob.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "io/probe/probe.h"
#include "io/udev/udev.h"
#include "probe-fixture.h"

#define SUFFIX ".tar.xz"

static glob_t images;
static char *table; /* all lines but comments */

/* Lines of the table that begin with a name. */
static char *find_lines(const char *name)
{
	_cleanup_strbuf_ struct strbuf found = STRBUF_INIT;
	size_t len = strlen(name);

	for (const char *line = table; line && *line; line += strcspn(line, "\n") + 1)
		if (strncmp(line, name, len) == 0 && line[len] == ' ')
			strbuf_add(&found, line, strcspn(line, "\n") + 1);
	return xstrdup(strbuf_text(&found));
}

static void add_line(struct strbuf *lines, const char *name, const struct device *device)
{
	static const char *const words[] = {
		[DEVICE_NOTHING] = "none",
		[DEVICE_VOLUME] = "volume",
		[DEVICE_DISK] = "none",
		[DEVICE_MEMBER] = "none",
		[DEVICE_BLANK] = "unprocessed",
		[DEVICE_UNREADABLE] = "unprocessed",
	};
	const char *reason = NULL;
	enum device_kind kind = device_get_kind(device, &reason);
	const char *word = kind == DEVICE_VOLUME && reason ? "unprocessed" : words[kind];
	char id[UNIQUE_ID_MAX + 1];
	bool has_id = false;

	strbuf_add_format(lines, "%s ", name);
	if (device->partition)
		strbuf_add_format(lines, "%u", device->partition);
	else
		strbuf_add_char(lines, '-');
	strbuf_add_format(lines, " %s %s", word, device->fstype ? device->fstype : "-");
	for (size_t i = 0; device_is_volume(device) && i < id_order_default.count; i++) {
		enum id_scheme scheme = id_order_default.scheme[i];

		if (!unique_id_format(scheme, device->identity[scheme], device->partition, id))
			continue;
		strbuf_add_format(lines, " %s", id);
		has_id = true;
	}
	if (!has_id)
		strbuf_add_format(lines, " %s", reason && strcmp(word, "none") != 0 ? reason : "-");
	strbuf_add_char(lines, '\n');
}

/* What the daemon does with a description that does not tell the content. */
static void read_content(struct probe *probe, struct device_report *report)
{
	struct probe_request request = {
		.node = report->device->node,
		.number = report->device->number,
		.disk_node = report->disk_node,
		.disk_number = report->disk_number,
		.start = report->start,
	};
	struct probe_answer answer;

	if (!report->wants_probe)
		return;
	ck_assert_int_eq(probe_submit(probe, &request), 0);
	while (probe_take_answer(probe, &answer) == 0)
		ck_assert_msg(is_readable(probe_get_fd(probe), WAIT_MS), "no answer");
	device_fill(report->device, &answer);
	probe_answer_fini(&answer);
}

static void describe_without_udevd(const char *node, struct device_report *ret_report)
{
	struct udev_source *source;

	ck_assert_int_eq(udev_open(1 << 16, true, &source), 0);
	ck_assert_int_eq(udev_describe(source, strrchr(node, '/') + 1, false, ret_report), 0);
	udev_close(source);
}

/*
 * What udevd would have written down of the device, had its rules run the builtin blkid and nothing
 * else; and a label by which to know it. In a mount namespace: nobody else sees it.
 */
static void write_database(const char *node)
{
	uint64_t number = number_of(node);

	ck_assert_int_eq(run("umount /run/udev 2>/dev/null; mkdir -p /run/udev &&"
			     " mount -t tmpfs tmpfs /run/udev && mkdir /run/udev/data &&"
			     " { echo I:1; blkid -p -o udev %s | sed s/^/E:/;"
			     " echo E:ID_FS_LABEL_ENC=of-udevd; }"
			     " >/run/udev/data/b%u:%u",
				 node, major(number), minor(number)),
		0);
}

static void describe_with_udevd(const char *node, struct device_report *ret_report)
{
	struct udev_source *source;

	write_database(node);
	ck_assert_int_eq(udev_open(1 << 16, true, &source), 0);
	ck_assert_int_eq(udev_describe(source, strrchr(node, '/') + 1, true, ret_report), 0);
	ck_assert_pstr_eq(ret_report->device->label, "of-udevd");
	udev_close(source);
}

typedef void describe_fn(const char *node, struct device_report *ret_report);

/* The lines that the table should have for the disk. */
static char *look(const char *name, const char *disk, describe_fn *describe)
{
	_cleanup_strbuf_ struct strbuf lines = STRBUF_INIT;
	_cleanup_free_ char *pattern = xasprintf("%sp*", disk);
	struct probe *probe;
	glob_t nodes = { 0 };

	ck_assert_int_eq(probe_start(&probe), 0);
	glob(pattern, 0, NULL, &nodes);
	for (size_t i = 0; i <= nodes.gl_pathc; i++) {
		struct device_report report;

		describe(i ? nodes.gl_pathv[i - 1] : disk, &report);
		read_content(probe, &report);
		add_line(&lines, name, report.device);
		device_report_fini(&report);
	}
	globfree(&nodes);
	probe_stop(probe);
	return xstrdup(strbuf_text(&lines));
}

START_TEST(golden)
{
	const char *path = images.gl_pathv[_i];
	_cleanup_free_ char *name = xstrdup(strrchr(path, '/') + 1);
	_cleanup_free_ char *image = xasprintf("%s/image", work);
	_cleanup_free_ char *disk = NULL, *without = NULL, *with = NULL, *wanted = NULL;

	name[strlen(name) - strlen(SUFFIX)] = '\0';
	ck_assert_int_eq(run("tar -xJf '%s' -C %s", path, work), 0);
	disk = loop_attach("", image);
	run("partx -a %s 2>/dev/null", disk);
	without = look(name, disk, describe_without_udevd);
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	with = look(name, disk, describe_with_udevd);
	loop_detach(disk);
	wanted = find_lines(name);
	ck_assert_msg(is_same_text(without, wanted), "without udevd:\n%snot\n%s", without, wanted);
	ck_assert_msg(is_same_text(with, wanted), "with udevd:\n%snot\n%s", with, wanted);
}
END_TEST

/* A line is about an image that is there. */
START_TEST(complete)
{
	const char *folder = getenv("GOLDEN");

	for (char *line = table; line && *line; line += strcspn(line, "\n") + 1) {
		_cleanup_free_ char *path =
			xasprintf("%s/%.*s" SUFFIX, folder, (int)strcspn(line, " \n"), line);

		ck_assert_msg(access(path, R_OK) == 0, "%s: %m", path);
	}
}
END_TEST

static void read_table(const char *folder)
{
	_cleanup_free_ char *path = xasprintf("%s/ids", folder);
	_cleanup_strbuf_ struct strbuf lines = STRBUF_INIT;
	char line[1024];
	FILE *file = fopen(path, "re");

	while (file && fgets(line, sizeof(line), file))
		if (*line != '#' && *line != '\n')
			strbuf_add_text(&lines, line);
	if (file)
		fclose(file);
	table = xstrdup(strbuf_text(&lines));
}

int main(void)
{
	const char *folder = getenv("GOLDEN");
	_cleanup_free_ char *pattern = xasprintf("%s/*" SUFFIX, folder ? folder : ".");
	Suite *suite = suite_create("golden");
	TCase *cases = suite_add_case(suite, "golden");

	if (!folder || glob(pattern, 0, NULL, &images) != 0) {
		printf("no images in $GOLDEN\n");
		return 1;
	}
	read_table(folder);
	tcase_add_loop_test(cases, golden, 0, (int)images.gl_pathc);
	tcase_add_test(cases, complete);
	return run_cleanly(suite);
}
