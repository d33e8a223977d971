/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records that a process before has left of what it has told the kernel and readers, of any bytes:
 * the next one takes what makes sense, writes it down, and then a third one finds the same. The
 * input is a list of records: kind, ID, length, bytes.
 */

#include <string.h>
#include <sys/mman.h>

#include "fuzz.h"
#include "core/views/error_log.h"
#include "core/views/event_stream.h"
#include "core/views/tree_memory.h"
#include "io/fuse/kept_cluster.h"
#include "io/fuse/kept_events.h"
#include "io/fuse/kept_failures.h"
#include "io/fuse/kept_kind.h"
#include "io/fuse/kept_nodes.h"
#include "io/fuse/kept_numbers.h"

#define SIZE ((size_t)16 << 20)

static void add_records(struct kept *kept, const uint8_t *data, size_t size)
{
	static const enum kept_kind kinds[] = { KEPT_NODE, KEPT_LINE, KEPT_FAILURE, KEPT_CLUSTER,
		KEPT_NUMBERS, KEPT_TREE, KEPT_FLOOR };

	while (size > 3) {
		uint32_t kind = kinds[data[0] % ARRAY_SIZE(kinds)];
		uint64_t id = data[1] < 0xf0 ? data[1] : UINT64_MAX - (0xff - data[1]);
		size_t len = data[2];

		data += 3, size -= 3;
		if (len > size)
			len = size;
		kept_add(kept, kind, id, data, len);
		data += len, size -= len;
	}
	kept_commit(kept);
}

/* What readers get of the lines that are kept. */
static void read_lines(struct kept *kept, struct strbuf *ret_text)
{
	struct event_stream stream;
	struct event_reader reader;
	struct kept_events events;
	char buffer[4096];

	event_stream_init(&stream);
	kept_events_init(&events, kept, &stream);
	event_reader_init(&reader, &stream);
	reader.next = 1;
	for (size_t n; (n = event_reader_read(&reader, &stream, buffer, sizeof(buffer))) > 0;)
		strbuf_add(ret_text, buffer, n);
	kept_events_note(&events, &stream);
	kept_commit(kept);
	event_reader_fini(&reader);
	event_stream_fini(&stream);
}

static void read_failures(struct kept *kept, struct strbuf *ret_text)
{
	struct error_log log = { 0 };
	struct kept_failures failures;

	kept_failures_init(&failures, kept, &log);
	error_log_format(&log, ret_text);
	error_log_fini(&log);
}

static void check_node(_unused_ void *data, const struct tree_remembered *node)
{
	FUZZ_ASSERT(node->ino && strlen(node->name) < SIZE && strlen(node->target) < SIZE);
}

static void read_nodes(struct kept *kept)
{
	struct tree_memory *memory = kept_nodes_load(kept);
	struct deltas deltas = { 0 };

	tree_memory_list(memory, check_node, NULL);
	tree_memory_get_next(memory);
	kept_nodes_list(kept, true, &deltas);
	kept_nodes_get_generation(kept);
	deltas_fini(&deltas);
	tree_memory_free(memory);
}

static void read_cluster(struct kept *kept)
{
	struct kept_cluster cluster;

	kept_cluster_load(&cluster, kept);
	if (!cluster.host)
		cluster.host = xstrdup("host");
	cluster.number++;
	cluster.commit = cluster.number;
	kept_cluster_save(&cluster);
	kept_cluster_fini(&cluster);
	kept_cluster_load(&cluster, kept);
	FUZZ_ASSERT(cluster.host && (!*cluster.host || cluster.number == cluster.commit));
	kept_cluster_fini(&cluster);
}

static void read_others(struct kept *kept)
{
	struct kept_numbers numbers;
	uint64_t number;

	read_cluster(kept);
	kept_numbers_init(&numbers, kept);
	number = kept_numbers_take(&numbers);
	kept_commit(kept);
	kept_numbers_init(&numbers, kept);
	/* Nobody has taken as many as half of them. */
	FUZZ_ASSERT(kept_numbers_take(&numbers) > number || number >> 51);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf lines[2] = { STRBUF_INIT, STRBUF_INIT };
	uint8_t *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct kept *kept = kept_new(memory, SIZE);

	FUZZ_ASSERT(memory != MAP_FAILED);
	add_records(kept, data, size);
	for (size_t i = 0; i < 2; i++) {
		read_lines(kept, &lines[i]);
		strbuf_add_text(&lines[i], "failures:\n");
		read_failures(kept, &lines[i]);
		read_nodes(kept);
		read_others(kept);
	}
	FUZZ_ASSERT(strcmp(lines[0].data, lines[1].data) == 0);
	strbuf_fini(&lines[0]);
	strbuf_fini(&lines[1]);
	kept_free(kept);
	munmap(memory, SIZE);
	return 0;
}
