/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who asks, and what is told of what failed.
 */

#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/asking.h"
#include "io/udev/dev_path.h"
#include "io/udev/superblock.h"

static const struct ledger *known_ledger; /* NULL before there is one */

void asking_set_ledger(const struct ledger *ledger)
{
	known_ledger = ledger;
}

void asking_get_random(void *to, size_t len)
{
	if (getrandom(to, len, 0) != (ssize_t)len)
		abort();
}

struct manager_env asking_get_env(const struct fuse_job *job)
{
	struct manager_env env = {
		.now = clock_get_real(),
		.get_random = asking_get_random,
		.uid = job ? job->uid : getuid(),
		.pid = job ? job->pid : (uint32_t)getpid(),
		.command = job ? job->command : "mmfs",
		.is_mounted_elsewhere = superblock_is_there,
		.has_member = superblock_has_member,
	};

	if (known_ledger)
		ledger_fill_env(known_ledger, job != NULL, &env);
	return env;
}

void asking_find_device(struct request *request)
{
	struct volume_ref *device = &request->device;

	if (device->text && device->kind == VOLUME_BY_DEVICE)
		device->number = dev_path_find_number(device->text);
}

void asking_note_failure(struct error_log *log, const struct fuse_job *job)
{
	const struct job_line *line = &job->lines[job->failed];
	struct failure failure = {
		.time = clock_get_real(),
		.uid = job->uid,
		.error = -job->error,
		.operation = (char *)(job->operation->name ? job->operation->name : "rename"),
		.request = line->text,
		.why = (char *)strbuf_text(&job->why),
	};

	error_log_add(log, &failure);
	log_debug("%s '%s' of uid %u: %s: %s", failure.operation, failure.request, failure.uid,
		strerror(failure.error), failure.why);
}

void asking_note_own_failure(struct error_log *log, int error, const char *what, const char *why)
{
	struct failure failure = {
		.time = clock_get_real(),
		.uid = getuid(),
		.error = -error,
		.operation = (char *)"reconcile",
		.request = (char *)what,
		.why = (char *)why,
	};

	error_log_add(log, &failure);
}
