/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of links in the engine of which this machine makes nothing, for they cannot be read, or are
 * of no volume that it has in common with others. It counts the links as nobody's. The engine says
 * so when one of them is to be given: a row that was to be nowhere is there, and no later than what
 * is known here. To decide again would come to the same each time.
 */

#include <string.h>

#include "cluster_taken_private.h"
#include "core/rules/elsewhere_fault.h"

#define TAKEN_MAX 1000

struct cluster_taken {
	char *key;
	char *id; /* of the volume; NULL: it cannot be read */
};

/* The unique ID of the volume that a row says it is of, or NULL. */
static char *read_id(struct cluster_row *row)
{
	struct elsewhere_change *change = elsewhere_change_new("", 0, 0);
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	char *id = NULL;

	if (elsewhere_change_add(change, row, &why) == 0 && change->elsewhere.count &&
		!elsewhere_find_fault(&change->elsewhere.rows[0]))
		id = xstrdup(change->elsewhere.rows[0].id);
	elsewhere_change_free(change);
	return id;
}

void cluster_taken_note(struct cluster *cluster, const struct cluster_line *line)
{
	cluster_taken_forget(cluster);
	for (size_t i = 0; i < line->count && cluster->taken_count < TAKEN_MAX; i++) {
		struct cluster_row *row = &line->rows[i];

		if (strncmp(row->key, "links/", strlen("links/")) != 0 ||
			row->revision > cluster->known->revision)
			continue;
		cluster->taken =
			xgrow(cluster->taken, cluster->taken_count, sizeof(*cluster->taken));
		cluster->taken[cluster->taken_count++] =
			(struct cluster_taken){ xstrdup(row->key), read_id(row) };
	}
}

static void remove_at(struct cluster *cluster, size_t i)
{
	free(cluster->taken[i].key);
	free(cluster->taken[i].id);
	cluster->taken[i] = cluster->taken[--cluster->taken_count];
}

static bool has_key(const struct cluster_line *line, const char *key)
{
	for (size_t i = 0; i < line->count; i++)
		if (strcmp(line->rows[i].key, key) == 0)
			return true;
	return false;
}

void cluster_taken_drop(struct cluster *cluster, const struct cluster_line *line)
{
	for (size_t i = cluster->taken_count; i-- > 0;)
		if (has_key(line, cluster->taken[i].key))
			remove_at(cluster, i);
}

void cluster_taken_forget(struct cluster *cluster)
{
	while (cluster->taken_count)
		remove_at(cluster, cluster->taken_count - 1);
}

static void explain(
	const struct cluster *cluster, const struct cluster_taken *taken, struct strbuf *why)
{
	const struct record *record =
		taken->id ? names_find_record(cluster->known, taken->id) : NULL;

	if (record && !record->is_shared) {
		strbuf_add_format(why,
			"other hosts have that link for %s, and this machine has a volume of its "
			"own with that ID",
			taken->id);
		return;
	}
	if (taken->id)
		strbuf_add_format(why,
			"the cluster has that link for %s, and no row of that volume", taken->id);
	else
		strbuf_add_text(why, "the cluster has a row of that link that cannot be read");
	strbuf_add_format(why, ": it has to be deleted there, /mmfs/%s/", cluster->name);
	strbuf_add_printable(why, taken->key);
}

bool cluster_is_taken(const struct cluster *cluster, const char *path, struct strbuf *why)
{
	_cleanup_strbuf_ struct strbuf key = STRBUF_INIT;

	if (!cluster->taken_count)
		return false;
	cluster_key_add_link(&key, path);
	for (size_t i = 0; i < cluster->taken_count; i++) {
		if (strcmp(cluster->taken[i].key, strbuf_text(&key)) != 0)
			continue;
		explain(cluster, &cluster->taken[i], why);
		return true;
	}
	return false;
}
