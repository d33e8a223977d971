/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was open, as another process has left it: whatever the records say, a file is open with all
 * that belongs to it or is lost, and when all are closed no record is left. The input is a list of
 * records: a byte for the kind, one for the number, two for the length, and its bytes.
 */

#include <string.h>
#include <sys/mman.h>

#include "../../src/io/fuse/fuse_private.h"
#include "fuzz.h"
#include "io/fuse/fuse_job.h"
#include "io/fuse/kept_files_load.h"
#include "io/fuse/kept_kind.h"
#include "io/fuse/open_file.h"

#define SIZE ((size_t)16 << 20)

static bool cancel(void *data, struct fuse_job *job)
{
	return true;
}

static const enum kept_kind kinds[] = { KEPT_FILE, KEPT_PIECE, KEPT_TEXT, KEPT_SHEET, KEPT_SHEETS };

static void add_records(struct kept *kept, const uint8_t *data, size_t size)
{
	while (size > 4) {
		enum kept_kind kind = kinds[data[0] % ARRAY_SIZE(kinds)];
		size_t len = data[2] | (size_t)data[3] << 8;
		uint64_t id = data[1];

		data += 4, size -= 4;
		if (len > size)
			len = size;
		kept_add(kept, kind, id, data, len);
		data += len, size -= len;
	}
	kept_commit(kept);
}

static size_t count(struct kept *kept)
{
	size_t found = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		for (uint32_t record = 0; (record = kept_next(kept, kinds[i], record));)
			found++;
	return found;
}

static void use(struct fuse_server *server)
{
	size_t before = count(server->backend.kept);

	for (struct open_file *file = server->files; file; file = file->next)
		kept_files_touch(file);
	kept_files_flush(server);
	kept_commit(server->backend.kept);
	FUZZ_ASSERT(count(server->backend.kept) == before); /* it is what was noted */
	while (server->files) {
		fuse_job_drop(server->files);
		open_file_close(server->files);
	}
	kept_commit(server->backend.kept);
	FUZZ_ASSERT(count(server->backend.kept) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct kept *kept = kept_new(memory, SIZE);
	struct manager manager = { .epic = 3 };
	struct event_stream stream = { .next = 100, .first = 1 };
	struct budget budget = { 0 };
	struct tree tree;
	struct fuse_server server = { .backend = { .cancel = cancel } };

	FUZZ_ASSERT(memory != MAP_FAILED);
	tree_init(&tree, 1000);
	budget_init(&budget, 0);
	server.backend.kept = kept;
	server.backend.manager = &manager;
	server.backend.stream = &stream;
	server.backend.tree = &tree;
	server.backend.budget = &budget;
	add_records(kept, data, size);
	kept_numbers_init(&server.numbers, kept);
	for (int i = 0; i < 200; i++)
		kept_numbers_take(&server.numbers);
	kept_files_load(&server);
	use(&server);
	for (unsigned int kind = 0; kind < BUDGET_KINDS; kind++)
		FUZZ_ASSERT(!budget_get_held(&budget, 0, (enum budget_kind)kind));
	map_fini(&server.by_number);
	map_fini(&server.texts);
	budget_fini(&budget);
	tree_fini(&tree);
	kept_free(kept);
	munmap(memory, SIZE);
	return 0;
}
