/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was under way with the engine of all hosts: one record.
 */

#include <string.h>

#include "base/strbuf.h"
#include "io/fuse/kept_cluster.h"
#include "io/fuse/kept_kind.h"

/* The host follows, with its NUL. */
struct head {
	uint64_t commit;
	uint64_t number;
	uint64_t is_up;
};

static bool is_sound(const struct kept *kept, uint32_t record)
{
	size_t len = kept_get_len(kept, record);
	const char *bytes = kept_get(kept, record);

	return len > sizeof(struct head) && !bytes[len - 1] &&
		strlen(bytes + sizeof(struct head)) == len - sizeof(struct head) - 1;
}

void kept_cluster_load(struct kept_cluster *cluster, struct kept *kept)
{
	const struct head *head;

	*cluster = (struct kept_cluster){ .kept = kept };
	for (uint32_t record = 0; (record = kept_next(kept, KEPT_CLUSTER, record));) {
		if (!cluster->record && is_sound(kept, record))
			cluster->record = record;
		else
			kept_remove(kept, record); /* the next process would find it first */
	}
	if (!cluster->record)
		return;
	head = kept_get(kept, cluster->record);
	cluster->is_up = head->is_up;
	cluster->host = xstrdup((const char *)(head + 1));
	cluster->commit = head->commit;
	cluster->number = *cluster->host ? head->number : 0;
}

void kept_cluster_fini(struct kept_cluster *cluster)
{
	free(cluster->host);
	*cluster = (struct kept_cluster){ 0 };
}

void kept_cluster_save(struct kept_cluster *cluster)
{
	struct head head = {
		.commit = cluster->commit, .number = cluster->number, .is_up = cluster->is_up
	};
	_cleanup_strbuf_ struct strbuf bytes = STRBUF_INIT;

	strbuf_add(&bytes, &head, sizeof(head));
	strbuf_add_text(&bytes, cluster->host ? cluster->host : "");
	strbuf_add_char(&bytes, '\0');
	kept_remove(cluster->kept, cluster->record);
	cluster->record = kept_add(cluster->kept, KEPT_CLUSTER, 0, bytes.data, bytes.len);
	kept_commit(cluster->kept);
}
