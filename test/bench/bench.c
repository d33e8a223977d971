/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measures mmfs against its peers: bench GROUP…, started by bench.sh, which see. Prints a line of
 * JSON per figure. Each is a ratio: mmfs and its peer take turns, and of the ratios of all turns
 * the median counts.
 */

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench.h"

static const struct {
	const char *name;
	const char *what;
	const char *peer; /* NULL: the figure is what it is, in `unit` */
	double must, dream;
	const char *unit; /* µs if NULL */
	bool is_more_better;
} figures[FIGURES] = {
	[WARM_READLINK] = { "warm-readlink", "warm readlink of 10,000 names", "tmpfs symlinks", 1.3,
		1.2 },
	[WARM_LS_FEW] = { "warm-ls-few", "warm ls of 10,000 names", "tmpfs", 0.35, 0.25 },
	[WARM_LS_MANY] = { "warm-ls-many", "warm ls of 100,000 names", "tmpfs", 0.35, 0.25 },
	[WARM_MISSING] = { "warm-missing", "warm missing name", "tmpfs", 1.0, 0.5 },
	[COLD_READLINK] = { "cold-readlink", "cold lookup and readlink, on one CPU", "tmpfs", 14,
		10 },
	[ATTACH_UDEV] = { "attach-udev", "attach → name visible, monitor=udev",
		"udevd's by-uuid link", 1.1, 1.02 },
	[ATTACH_KERNEL] = { "attach-kernel", "attach → name visible, monitor=kernel",
		"udevd's by-uuid link", 0.5, 0.25 },
	[ATTACH_4000] = { "attach-4000", "attach → a name of a volume with 4,000, monitor=udev",
		"udevd's by-uuid link", 3, 1.5 },
	[ATTACH_10000] = { "attach-10000", "attach → a name of a volume with 10,000, monitor=udev",
		"udevd's by-uuid link", 3, 1.5 },
	[STORM_UDEV] = { "storm-udev", "1,000 attached at once → all named, monitor=udev",
		"udevd's links all there", 1.1, 1.0 },
	[STORM_KERNEL] = { "storm-kernel", "1,000 attached at once → all named, monitor=kernel",
		"udevd's links all there", 1.1, 0.7 },
	[STORM_PUBLISH] = { "storm-publish", "1,000 attached at once → all quiet, publish=udev",
		"without it", 1.3, 1.1 },
	[CREATE_ONE] = { "create-one", "durable create, one client", "write and fdatasync of 4 KiB",
		2, 1.3 },
	[CREATE_CROWD] = { "create-crowd", "durable creates per second, 32 clients", "one client",
		8, 16, "/s", .is_more_better = true },
	[CREATE_BULK] = { "create-bulk", "100,000 creates in large writes",
		"cp -a of 100,000 symlinks", 2, 1 },
	[CAT_AGAIN] = { "cat-again", "cat points with 100,000 links, again",
		"cat of the same from tmpfs", 3, 1.5 },
	[CAT_CHANGED] = { "cat-changed", "cat points with 100,000 links, after a change",
		"cat of the same from tmpfs", 3, 1.5 },
	[CHANGE_OPEN] = { "change-open", "a create while points is open, 1,000,000 links",
		"the same, 1,000 links", 1.5, 1.1 },
	[QUERY_LINK] = { "query-link", "query by link among 100,000, on one CPU",
		"one answered empty", 1.2, 1.05 },
	[QUERY_ID] = { "query-id", "query by ID among 100,000 links, on one CPU",
		"one answered empty", 1.2, 1.05 },
	[QUERY_DEVICE] = { "query-device", "query by device among 100,000 links, on one CPU",
		"one answered empty", 1.2, 1.05 },
	[START] = { "start", "start with 100,000 links and 1,000 volumes",
		"udevadm info -e, sqlite3 of the database", 1.5, 1 },
	[CPU_UDEV] = { "cpu-udev", "CPU per attach of 1,000, monitor=udev", "udevd's CPU", 0.5,
		0.1 },
	[CPU_KERNEL] = { "cpu-kernel", "CPU per attach of 1,000, monitor=kernel", "udevd's CPU",
		0.5, 0.1 },
	[CPU_LABELS] = { "cpu-labels", "CPU per attach of 1,000 with equal labels",
		"with distinct ones", 1.1, 1.0 },
	[CPU_UNRELATED] = { "cpu-unrelated",
		"CPU per event of a device outside devices=", "udevd's CPU", 0.5, 0.1 },
	[RETRIGGER_UDEV] = { "retrigger-udev", "re-trigger of 1,000 unchanged, monitor=udev",
		"udevd's time", 1.0, 1.0 },
	[RETRIGGER_KERNEL] = { "retrigger-kernel", "re-trigger of 1,000 unchanged, monitor=kernel",
		"udevd's time", 1.0, 0.1 },
	[RETRIGGER_WRITES] = { "retrigger-writes", "database writes in these", NULL, 0, 0, "" },
	[JSON_ALL] = { "json-all", "1,000 volumes as JSON: cat points.json", "lsblk -J", 0.1,
		0.02 },
	[BY_ID] = { "by-id", "one volume by ID: readlink below ids/", "udevadm info", 0.5, 0.3 },
	[LIST_TABLE] = { "list-table", "mmctl list of 10,000 links", "column -t of points", 2, 1 },
	[LIST_JSON] = { "list-json", "mmctl list -J of 10,000 links", "column -J of points", 2, 1 },
	[MEMORY_LINK] = { "memory-link", "memory per link", NULL, 400, 200, "B" },
	[MEMORY_VOLUME] = { "memory-volume", "memory per volume", NULL, 2048, 1024, "B" },
	[WAKE_UP] = { "wake-up", "what a change_notify waiter adds to a change, on one CPU",
		"a round trip through pipes", 5, 3 },
	[IDLE] = { "idle", "wake-ups per minute while nothing happens", NULL, 0, 0, "" },
	[MASS_CREATE_LOOK] = { "mass-create-look",
		"longest look-up or query while 500,000 links of one volume are made", NULL, 20, 5,
		"ms" },
	[MASS_CREATE_CREATE] = { "mass-create-create", "longest create meanwhile", NULL, 20, 5,
		"ms" },
	[MASS_GO_LOOK] = { "mass-go-look", "longest look-up or query while that volume goes", NULL,
		20, 5, "ms" },
	[MASS_GO_CREATE] = { "mass-go-create", "longest create meanwhile", NULL, 20, 5, "ms" },
	[MASS_COME_LOOK] = { "mass-come-look", "longest look-up or query while it comes back", NULL,
		20, 5, "ms" },
	[MASS_COME_CREATE] = { "mass-come-create", "longest create meanwhile", NULL, 20, 5, "ms" },
	[MASS_DELETE_LOOK] = { "mass-delete-look",
		"longest look-up or query while its links are all deleted", NULL, 20, 5, "ms" },
	[MASS_DELETE_CREATE] = { "mass-delete-create", "longest create meanwhile", NULL, 20, 5,
		"ms" },
	[MASS_DELETE] = { "mass-delete", "all links of a volume with 500,000 deleted", NULL, 5, 2,
		"s" },
};

double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double difference = *(const double *)a - *(const double *)b;

	return difference < 0 ? -1 : difference > 0;
}

double get_median(const double *values, size_t count)
{
	_cleanup_free_ double *sorted = xcalloc(count, sizeof(*sorted));

	memcpy(sorted, values, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare);
	return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

void samples_add(struct samples *samples, double own, double peer)
{
	if (samples->count == SAMPLES_MAX)
		die("too many samples");
	samples->own[samples->count] = own;
	samples->peer[samples->count++] = peer;
}

void figure_show(enum figure figure, const struct samples *samples)
{
	double ratios[SAMPLES_MAX], low = INFINITY, high = 0;

	for (size_t i = 0; i < samples->count; i++) {
		ratios[i] = samples->own[i] / samples->peer[i];
		low = fmin(low, ratios[i]);
		high = fmax(high, ratios[i]);
	}
	printf("{\"figure\":\"%s\",\"what\":\"%s\",\"peer\":", figures[figure].name,
		figures[figure].what);
	if (figures[figure].peer)
		printf("\"%s\"", figures[figure].peer);
	else
		printf("null");
	printf(",\"unit\":\"%s\",\"must\":%g,\"dream\":%g,\"is_more_better\":%s,\"runs\":%zu,"
	       "\"value\":%.4g,\"low\":%.4g,\"high\":%.4g,\"own_cost\":%.5g,\"peer_cost\":%.5g}\n",
		figures[figure].unit ? figures[figure].unit : "µs", figures[figure].must,
		figures[figure].dream, figures[figure].is_more_better ? "true" : "false",
		samples->count, get_median(ratios, samples->count), low, high,
		get_median(samples->own, samples->count),
		get_median(samples->peer, samples->count));
	fflush(stdout);
}

void figure_show_value(enum figure figure, double value)
{
	struct samples samples = { { value }, { 1 }, 1 };

	figure_show(figure, &samples);
}

void figure_measure(enum figure figure, int runs, double (*own)(void), double (*peer)(void))
{
	struct samples samples = { .count = 0 };

	for (int i = 0; i < runs; i++) {
		double cost = own();

		samples_add(&samples, cost, peer());
	}
	figure_show(figure, &samples);
}

void growth_show(const char *axis, const char *series, int count, double cost)
{
	printf("{\"axis\":\"%s\",\"series\":\"%s\",\"count\":%d,\"cost\":%.5g}\n", axis, series,
		count, cost);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*measure)(void);
	} groups[] = {
		{ "reading", measure_reading },
		{ "creating", measure_creating },
		{ "whole", measure_whole },
		{ "plugging", measure_plugging },
		{ "publishing", measure_publishing },
		{ "mass", measure_mass },
		{ "growth", measure_growth },
	};

	stage_init();
	for (int i = 1; i < argc; i++) {
		size_t group = 0;
		double since = now();

		while (group < ARRAY_SIZE(groups) && strcmp(argv[i], groups[group].name) != 0)
			group++;
		if (group == ARRAY_SIZE(groups))
			die("there is no group '%s'", argv[i]);
		groups[group].measure();
		fprintf(stderr, "%s: %.0f s\n", argv[i], (now() - since) / 1e6);
	}
	devices_detach(0);
	return 0;
}
