/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the database while devices are listed, which takes about as long.
 */

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/preparation.h"
#include "daemon/reading.h"

struct reading {
	const char *path;
	struct manager *manager;
	pthread_t thread;
	bool has_thread;
	struct store *store;
	struct strbuf why;
	int result;
};

static void open_database(struct reading *reading)
{
	uint64_t limit = clock_get_monotonic() + BUSY_LIMIT;

	reading->result = store_open(reading->path, &reading->store, &reading->why);
	while (reading->result == -EBUSY && clock_get_monotonic() < limit) {
		usleep(BUSY_PAUSE);
		strbuf_reset(&reading->why);
		reading->result = store_open(reading->path, &reading->store, &reading->why);
	}
}

static void *read_database(void *data)
{
	struct reading *reading = data;

	open_database(reading);
	if (reading->result == 0)
		reading->result = store_load(reading->store, reading->manager, &reading->why);
	return NULL;
}

struct reading *reading_begin(const char *path, struct manager *manager)
{
	struct reading *reading = xcalloc(1, sizeof(*reading));

	reading->path = path;
	reading->manager = manager;
	reading->has_thread = pthread_create(&reading->thread, NULL, read_database, reading) == 0;
	return reading;
}

int reading_end(struct reading *reading, struct store **ret_store, struct strbuf *why)
{
	int r;

	if (reading->has_thread)
		pthread_join(reading->thread, NULL);
	else
		read_database(reading);
	r = reading->result;
	if (r < 0)
		strbuf_add_text(why, strbuf_text(&reading->why));
	*ret_store = reading->store;
	strbuf_fini(&reading->why);
	free(reading);
	return r;
}
