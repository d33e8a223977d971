/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Do warm accesses cause requests? warm MOUNT LINK REPETITIONS
 *
 * Repeats each kind of access and prints by how much the daemon's counters grew meanwhile, beyond
 * what reading them costs. Ends with 1 if they did.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

#define KINDS_MAX 64

struct counters {
	size_t count;
	char names[KINDS_MAX][32];
	long long values[KINDS_MAX];
};

static const char *mount;
static char path[512], missing[512], folder[512];

static void fail(const char *what)
{
	fprintf(stderr, "warm: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void counters_read(struct counters *ret_counters)
{
	char metrics[512], line[512];
	FILE *file;

	sprintf(metrics, "%s/metrics", mount);
	file = fopen(metrics, "re");
	if (!file)
		fail(metrics);
	ret_counters->count = 0;
	while (fgets(line, sizeof(line), file)) {
		size_t i = ret_counters->count;

		if (sscanf(line, "mmfs_fuse_requests_total{request=\"%31[^\"]\"} %lld",
			    ret_counters->names[i], &ret_counters->values[i]) == 2)
			ret_counters->count++;
	}
	fclose(file);
	if (!ret_counters->count)
		fail("no counters in metrics");
}

static void access_readlink(void)
{
	char target[256];

	if (readlink(path, target, sizeof(target)) <= 0)
		fail(path);
}

static void access_lstat(void)
{
	struct stat status;

	if (lstat(path, &status) < 0)
		fail(path);
}

static void access_stat(void)
{
	struct stat status;

	if (stat(path, &status) < 0)
		fail(path);
}

static void access_missing(void)
{
	struct stat status;

	if (lstat(missing, &status) == 0 || errno != ENOENT)
		fail(missing);
}

static void access_folder(void)
{
	DIR *dir = opendir(folder);

	if (!dir)
		fail(folder);
	while (readdir(dir))
		;
	closedir(dir);
}

static void access_points(void)
{
	struct stat status;
	char points[512];

	sprintf(points, "%s/points", mount);
	if (stat(points, &status) < 0)
		fail(points);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*access)(void);
	} kinds[] = {
		{ "readlink", access_readlink },
		{ "lstat", access_lstat },
		{ "stat through the link", access_stat },
		{ "lstat of a missing name", access_missing },
		{ "opendir and readdir", access_folder },
		{ "stat of points", access_points },
	};
	struct counters before, between, after;
	int code = 0, repetitions;

	if (argc != 4)
		return 2;
	mount = argv[1];
	repetitions = atoi(argv[3]);
	snprintf(path, sizeof(path), "%s/%s", mount, argv[2]);
	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
	snprintf(missing, sizeof(missing), "%.*s/is-not-there", (int)(strrchr(path, '/') - path),
		path);
	for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		for (int i = 0; i < 3; i++)
			kinds[kind].access();
		counters_read(&before);
		counters_read(&before); /* so that it is as warm as it will be */
		counters_read(&between);
		for (int i = 0; i < repetitions; i++)
			kinds[kind].access();
		counters_read(&after);
		printf("%s, %d times:", kinds[kind].name, repetitions);
		for (size_t i = 0; i < after.count; i++) {
			long long cost = between.values[i] - before.values[i];
			long long grown = after.values[i] - between.values[i] - cost;

			printf(" %s=%lld", after.names[i], grown);
			/* Replies to release are not waited for: it may count one too late. */
			if (grown > (strcmp(after.names[i], "release") == 0))
				code = 1;
		}
		printf("\n");
	}
	return code;
}
