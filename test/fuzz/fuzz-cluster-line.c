/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of mmfs-cluster: what is understood is in bounds, and rows that are taken leave names
 * that the database takes.
 */

#include <errno.h>
#include <string.h>

#include "core/rules/elsewhere_text.h"
#include "core/syntax/link_name.h"
#include "fuzz.h"

static void check_names(const struct names *names)
{
	const struct link **links;
	size_t count = names_get_links(names, &links);

	for (size_t i = 0; i < count; i++) {
		struct link_name name;
		const char *fault;

		FUZZ_ASSERT(link_name_parse(
				    links[i]->path, strlen(links[i]->path), &name, &fault) == 0);
		FUZZ_ASSERT(strcmp(name.path, links[i]->path) == 0);
		FUZZ_ASSERT(unique_id_is_valid(links[i]->record->id));
	}
	free(links);
}

/* As the daemon does: row by row, then all at once. */
static void take_rows(struct cluster_line *line, bool is_all)
{
	_cleanup_(elsewhere_change_free_p) struct elsewhere_change *news =
		elsewhere_change_new("h", line->revision, line->head);
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct manager manager;
	struct change change;
	int r;

	news->elsewhere.is_all = is_all;
	for (size_t i = 0; i < line->count; i++) {
		size_t before = why.len;

		r = elsewhere_change_add(news, &line->rows[i], &why);
		FUZZ_ASSERT(r == 0 || (r == -EBADMSG && why.len > before));
	}
	manager_init(&manager, &id_order_default);
	change_init(&change, &manager);
	elsewhere_decide(&manager, &news->elsewhere, &change, &why);
	check_names(&change.names);
	change_fini(&change);
	manager_fini(&manager);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int is_all = 0; is_all <= 1; is_all++) {
		_cleanup_cluster_line_ struct cluster_line line = { 0 };
		const char *why = NULL;
		int r = cluster_line_parse(xstrndup((const char *)data, size),
			strnlen((const char *)data, size), &line, &why);

		FUZZ_ASSERT(r == 0 ? !why : r == -EBADMSG && why);
		if (r < 0)
			return 0;
		FUZZ_ASSERT(!line.host || cluster_line_is_host(line.host));
		FUZZ_ASSERT(line.revision <= INT64_MAX && line.head <= INT64_MAX);
		if (line.word == CLUSTER_ROWS)
			take_rows(&line, is_all);
	}
	return 0;
}
