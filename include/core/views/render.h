/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"
#include "core/model/manager.h"

/* One file of a volume's folder: ids/UUID=…/label. */
struct volume_file {
	const char *name;
	void (*render)(const struct manager *manager, const char *id, struct strbuf *ret_text);
	bool is_description; /* says what the volume is: who is told of changes is told of this */
	bool is_of_links;    /* follows from the links that the volume has */
	bool is_live;	     /* the kernel may know better at the time of reading */
};

extern const struct volume_file volume_files[];
extern const size_t volume_file_count;

/* All files that describe a volume, one after the other. */
void render_description(const struct manager *manager, const char *id, struct strbuf *ret_text);
void render_points(const struct manager *manager, struct strbuf *ret_text);
void render_points_json(const struct manager *manager, struct strbuf *ret_text);
void render_history(const struct manager *manager, struct strbuf *ret_text);
void render_unprocessed(const struct manager *manager, struct strbuf *ret_text);
/* One line LINK="…" ID="…" DEVICE="…". */
/* "2026-11-20T22:43:01.123456Z" for µs since 1970. */
/* OpenMetrics: one mmfs_volume_info sample per triple, without the closing "# EOF". */
void render_volume_info(const struct manager *manager, struct strbuf *ret_text);
