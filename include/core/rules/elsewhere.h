/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"

/*
 * What other hosts, machines like this one, have written of shared volumes: rows, as they are in
 * the database that all hosts have. Each row is judged as if it were hostile.
 */
enum elsewhere_kind {
	ELSEWHERE_RECORD, /* id, fingerprint, keep_links */
	ELSEWHERE_LINK,	  /* path, id of the volume, changed */
	ELSEWHERE_POINT,  /* id of the hosting volume, path on it, volume, options, changed */
};

/* Texts that do not apply are NULL; all are borrowed. */
struct elsewhere_row {
	enum elsewhere_kind kind;
	bool is_gone;	/* the row is deleted: of a link only `path` counts */
	bool is_local;	/* a link, or marks of a volume, that only the host of the change has */
	bool is_unread; /* of a volume: that its row was written is all that can be read */
	bool keep_links;
	bool no_drive_letter; /* counts where it is local */
	const char *id;
	const char *path;
	const char *volume, *options;
	const char
		*value[ID_SCHEMES]; /* those that do not depend on a host: PARTUUID, WWN, SERIAL */
	uint64_t size, start;	    /* bytes */
	uint64_t revision;	    /* of a volume: when its row was written; 0: with this change */
	uint64_t changed;	    /* µs since 1970 */
};

/* One change of another host, whole. */
struct elsewhere {
	const char *host;
	uint64_t revision;
	uint64_t head;	     /* how many changes the database has had by then */
	uint64_t number;     /* this machine's own change of that number; 0: it is another host's */
	uint64_t cluster[2]; /* the UUID of that database; 0: it is known */
	bool is_all;	     /* these rows are all there are: what they do not have is gone */
	bool is_decided;     /* … but of an older copy, or of another database: nothing is gone */
	struct elsewhere_row *rows;
	size_t count;
	const struct history_entry *entries; /* what its history says */
	size_t entry_count;
};

/*
 * Decides what follows here, into a change that is new, or has what the same host wrote before.
 * Where this machine has a name of its own with the same spelling, that stays, and the other is its
 * shadow. Of its own changes it takes up those that it has not written down. A row that cannot be
 * true is left out, with a sentence in `why`.
 */
void elsewhere_decide(const struct manager *manager, const struct elsewhere *elsewhere,
	struct change *change, struct strbuf *why);

/*
 * A link as the database of all hosts has it, by what is known here: one that shows, or a shadow.
 */
struct elsewhere_link {
	const char *path, *id;
	uint64_t changed;
};

/*
 * Whether a link of a shared volume is here, and that database does not have it: since then it has
 * a shadow, which is of the same volume where nobody else has the name either.
 */
bool elsewhere_is_lacking(const struct names *view, const char *path);
/* False: it has none with this path. */
bool elsewhere_find_link(
	const struct names *view, const char *path, struct elsewhere_link *ret_link);
/* Whether the layer changes a link of that database, and not only whether it shows here. */
bool elsewhere_is_row(const struct names *layer, const char *path);

/* At the end of a change: shadows of names that it deletes show from then on. */
void elsewhere_surface(struct change *change);
