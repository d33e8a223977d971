/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records that a process before has left of commits, requests, volumes and devices, of any bytes:
 * the next one makes of them what it can. The input is a list of records: kind, length, bytes.
 */

#include <string.h>
#include <sys/mman.h>

#include "fuzz.h"
#include "io/fuse/kept_changes.h"
#include "io/fuse/kept_attempts.h"
#include "io/fuse/kept_kind.h"
#include "io/fuse/kept_outcomes.h"
#include "io/fuse/kept_told.h"

#define SIZE ((size_t)16 << 20)

static void add_records(struct kept *kept, const uint8_t *data, size_t size)
{
	static const enum kept_kind kinds[] = { KEPT_STATE, KEPT_CHANGE, KEPT_OUTCOME, KEPT_VOLUME,
		KEPT_DEVICE, KEPT_KNOWN, KEPT_ATTEMPT };

	while (size > 2) {
		uint32_t kind = kinds[data[0] % ARRAY_SIZE(kinds)];
		size_t len = data[1];

		data += 2, size -= 2;
		if (len > size)
			len = size;
		kept_add(kept, kind, data[0] % 4u, data, len);
		data += len, size -= len;
	}
	kept_commit(kept);
}

static void look(void *data, const char *path, const char *id)
{
	FUZZ_ASSERT(path && strlen(path) < SIZE && (!id || strlen(id) < SIZE));
}

static void take_outcomes(struct kept *kept, uint64_t number)
{
	struct kept_outcomes outcomes;

	kept_outcomes_init(&outcomes, kept, number, number + 1);
	kept_outcomes_settle(&outcomes, number & 1);
	for (uint64_t request = 1; request < 4; request++) {
		struct fuse_job job = { .number = request, .count = 2 };

		if (!kept_outcomes_take(&outcomes, &job))
			continue;
		FUZZ_ASSERT(job.done <= job.count && job.error <= 0);
		reply_format(&job.reply, &job.why);
		kept_outcomes_drop(kept, &job);
		strbuf_fini(&job.output);
		strbuf_fini(&job.why);
		reply_fini(&job.reply);
	}
	kept_outcomes_forget(&outcomes);
	kept_outcomes_fini(&outcomes);
}

static void tell(struct kept *kept, struct kept_changes *changes, struct manager *manager)
{
	struct events events = { 0 };
	struct tree tree;
	struct told told;

	tree_init(&tree, 1);
	told_init(&told, 1);
	kept_told_load(kept, &told);
	kept_changes_list(changes, look, NULL);
	kept_changes_get_events(changes, &events);
	if (!kept_changes_has_lost(changes))
		told_compare(&told, manager, &tree, 1, &events);
	events_fini(&events);
	kept_changes_set_told(changes, manager);
	told_fini(&told);
	tree_fini(&tree);
}

/* Each by itself, as no device may be there twice. */
static void recall(const struct kept *kept, struct manager *manager)
{
	struct recalled *list;
	size_t count = kept_known_load(kept, &list);

	names_edit_record(&manager->names, "UUID=1234-ABCD");
	for (size_t i = 0; i < count; i++) {
		struct touched touched = { 0 };

		if (!volumes_find_name(&manager->volumes, list[i].device->name))
			recall_devices(manager, &list[i], 1, &touched);
		touched_fini(&touched);
		device_free(list[i].device);
	}
	free(list);
}

static void take_attempt(void *data, const struct mount_attempt *attempt)
{
	FUZZ_ASSERT(!strchr(attempt->host, '\n'));
	kept_attempts_note(data, attempt);
}

static void go_on(struct kept *kept)
{
	struct kept_notes attempts;

	kept_attempts_begin(&attempts, kept, take_attempt, &attempts);
	kept_notes_fini(&attempts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct kept *kept = kept_new(memory, SIZE);
	struct kept_changes changes;
	struct manager manager;
	uint64_t number;

	FUZZ_ASSERT(memory != MAP_FAILED);
	add_records(kept, data, size);
	manager_init(&manager, &id_order_default);
	kept_changes_init(&changes, kept, 6);
	number =
		kept_changes_judge(&changes, &(struct commit_number){ changes.mount, 2 }, &manager);
	FUZZ_ASSERT(number == 2);
	take_outcomes(kept, number);
	tell(kept, &changes, &manager);
	recall(kept, &manager);
	go_on(kept);
	kept_commit(kept);
	FUZZ_ASSERT(!kept_next(kept, KEPT_OUTCOME, 0) && !kept_next(kept, KEPT_CHANGE, 0));
	manager_fini(&manager);
	kept_free(kept);
	munmap(memory, SIZE);
	return 0;
}
