/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Rows that another host has written, and taking them. */

#include "core/rules/elsewhere.h"
#include "fixture.h"

#define GUID "/Volumes/Volume{11111111-1111-1111-1111-111111111111}"
#define RECORD(name)                                               \
	{                                                          \
		.kind = ELSEWHERE_RECORD, .id = name, .size = 1000 \
	}
#define LINK(name, owner)                                                       \
	{                                                                       \
		.kind = ELSEWHERE_LINK, .path = name, .id = owner, .changed = 7 \
	}

static inline void try_rows(
	struct world *world, const struct elsewhere_row *rows, size_t count, const char *host)
{
	const struct history_entry entry = { .time = 5,
		.uid = 3,
		.operation = "create_point",
		.link = "/DosDevices/x",
		.command = "ln" };
	struct elsewhere elsewhere = {
		.host = host,
		.revision = world->manager.names.revision + 1,
		.rows = (struct elsewhere_row *)rows,
		.count = count,
		.entries = &entry,
		.entry_count = 1,
	};

	strbuf_reset(&world->why);
	elsewhere_decide(&world->manager, &elsewhere, &world->change, &world->why);
}

#define TAKE(world, ...)                                              \
	do {                                                          \
		const struct elsewhere_row rows_[] = { __VA_ARGS__ }; \
		try_rows(world, rows_, ARRAY_SIZE(rows_), "other");   \
		ck_assert_str_eq(strbuf_text(&(world)->why), "");     \
		world_commit(world);                                  \
	} while (0)
