/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "fixture.h"

#define V1 "/Volumes/Volume{11111111-0000-0000-0000-000000000000}"

/* A hosting volume as any machine finds it: always UUID=1 at sda, mounted at /h. */
struct disk {
	struct strbuf text;  /* of its file; empty: there is none */
	const char *folders; /* "a b": the directories that are there */
	int writes;
};

/* Who works on it. */
struct machine {
	struct world world;
};

void machine_init(struct machine *machine);
void machine_fini(struct machine *machine, struct disk *disk);
/* V1 is UUID=2, and belongs at /h/a and /h/b. */
void machine_init_with_two(struct machine *machine, struct disk *disk);
/* Reconciles with the disk as the daemon does. */
void machine_reconcile(struct machine *machine, struct disk *disk);
/* A request about a mount point, which reconciles as well. Result: 0 or the errno. */
int machine_create(struct machine *machine, struct disk *disk, const char *line);
int machine_delete(struct machine *machine, struct disk *disk, const char *line);
/* Of the file: "PATH VOLUME ID" words, three for each entry. */
void disk_put_file(struct disk *disk, const char *words);
void disk_expect_file(const struct disk *disk, const char *words);
/* "PATH VOLUME …" of all mount points that are registered, `+` behind those seen in the file. */
void machine_expect_points(const struct machine *machine, const char *words);
/* The unique ID that a volume name belongs to, or "nobody". */
const char *machine_get_owner(const struct machine *machine, const char *volume);
