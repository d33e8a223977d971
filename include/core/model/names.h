/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/index.h"
#include "base/map.h"
#include "core/model/fingerprint.h"
#include "core/syntax/unique_id.h"

struct record;

struct link {
	struct link *next; /* record::links */
	struct link **previous;
	struct record *record;	/* owner; NULL in a layer: the link is deleted */
	uint64_t changed : 63;	/* µs since 1970, for 290,000 years */
	bool is_unrecorded : 1; /* not in the database: goes with its volume */
	char path[];		/* canonical, spelled as first given */
};

/* All that is remembered under one unique ID. */
struct record {
	union {
		struct map_node by_id; /* names::records */
		struct record *next;   /* names::dropped, once it is there */
	};
	struct link *links;	  /* of this layer */
	uint32_t volume_names;	  /* how many links are Volume{GUID} names */
	char letter;		  /* 'A'…'Z', 0: none */
	bool no_drive_letter : 1; /* wants no drive letter */
	bool keep_links : 1;	  /* keep links when offline */
	bool is_removed : 1;	  /* in a layer: the record is deleted */
	bool is_hint : 1;	  /* in a layer: nothing but hints of the fingerprint changed */
	bool is_edited : 1;	  /* in a layer: it is here for more than links that come or go */
	bool drops_links : 1;	  /* in a layer: of the links below none is left */
	bool is_dropped : 1; /* … by now: it is in names::dropped, with them: no ID is meant */
	bool is_shared : 1;  /* its names, but for a letter, are those of all hosts */
	uint64_t revision;   /* of all hosts' changes, that which was about it last; 0: none */
	uint64_t last_seen;  /* µs since 1970, 0: never; a hint */
	struct fingerprint fingerprint;
	char id[];
};

/*
 * The database in memory. A layer is a `struct names` on top of another: look-ups fall through,
 * changes stay in the layer until it is merged (or forgotten). A layer is thus exactly the set of
 * rows that one transaction writes.
 */
struct names {
	const struct names *base; /* NULL: not a layer */
	struct index links;	  /* by path, ignoring case */
	struct map records;	  /* by unique ID; those that are alike have one hash */
	struct map mount_points;  /* by host and path */
	struct map shadows;	  /* by path, ignoring case */
	struct record *dropped;	  /* whose links nobody sees any more, see dropped.h */
	bool drops_links;	  /* in a layer: one of its records does */
	bool has_unrecorded;	  /* there is an unrecorded link, or was one since start */
	bool has_settings;	  /* in a layer: the following counts */
	bool is_auto_mount_off;
	uint64_t revision;   /* of the changes of all hosts, the last that is in here; 0: none */
	uint64_t head;	     /* and how many there have been by then */
	uint64_t own_change; /* the number of the last of them that this machine has made */
	uint64_t cluster[2]; /* the UUID of the database that these are of; 0: none is known yet */
};

void names_init(struct names *names, const struct names *base);
void names_fini(struct names *names);

const struct link *names_find_link(const struct names *names, const char *path);
const struct record *names_find_record(const struct names *names, const char *id);
/* Records with an ID like that (unique_id_is_alike), in no order: first call with `record` NULL. */
const struct record *names_next_alike(
	const struct names *names, const char *id, const struct record *record);

/* Links of a record in no order: first call with `link` NULL. */
const struct link *names_next_link(
	const struct names *names, const char *id, const struct link *link);

/* Whether all hosts have this link: one in the database of a shared volume that is no letter. */
bool names_is_shared(const struct link *link);

/*
 * Whether the names of a record were given to an identity as such, which any device may have,
 * rather than to the volume that it was the unique ID of: only of that a size is remembered.
 */
bool names_is_of_identity(const struct names *names, const struct record *record);
/* The same, if the database has any of these names. */
bool names_has_identity(const struct names *names, const struct record *record);

/* All links of the view, those of a record together; the caller frees the array. */
size_t names_get_links(const struct names *names, const struct link ***ret_links);

/* The record of this layer for `id`, copied up or made new; the caller may change its fields. */
struct record *names_edit_record(struct names *layer, const char *id);
/*
 * The same for changing hints only (`last_seen`, `node`, `diskseq`, `medium`, `has_twin`, an
 * attachment that was unknown), which does not count as a change.
 */
struct record *names_edit_hint(struct names *layer, const char *id);
void names_set_link(struct names *layer, const char *path, const char *id, uint64_t changed);
void names_remove_link(struct names *layer, const char *path);

/* For reading a database, which may have a million links: names that are no layer. */
struct record *names_get_record(struct names *names, const char *id);
/* A link that is not there yet; its record is one of these. */
void names_add_link(struct names *names, struct record *record, const char *path, uint64_t changed);

/*
 * Takes the link out of the database, but not out of the view. An unrecorded link does not count
 * as the letter or a volume name of its record.
 */
void names_unrecord_link(struct names *layer, const char *path);
/* Whether a unique ID has any such link. */
bool names_has_unrecorded(const struct names *names, const char *id);
/* Takes all such links of a unique ID out of the view. */
void names_remove_unrecorded(struct names *layer, const char *id);
/*
 * Takes all links of a unique ID out of the view. Those that need a volume, which are few, go one
 * by one; all others at once, however many there are.
 */
void names_drop_links(struct names *layer, const char *id);
/* Forgets a unique ID with all its links, and the mount points on it and of it. */
void names_remove_record(struct names *layer, const char *id);

bool names_is_auto_mount_off(const struct names *names);
void names_set_auto_mount_off(struct names *layer, bool is_off);

/* Whether the layer says anything of a link: that it is there, or that it is not. */
bool names_has_word(const struct names *layer, const char *path);
/* Whether the layer has anything to write, and whether that is more than hints. */
bool names_has_rows(const struct names *layer);
bool names_has_changes(const struct names *layer);

/* Moves the layer's content into `base`, which must be what it lies on. Cannot fail. */
void names_merge(struct names *base, struct names *layer);
