/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/manager.h"
#include "core/syntax/request.h"
#include "core/syntax/unique_id.h"

/*
 * A mount manager as one would write it who has read the manual and not the code: everything in
 * flat arrays that are copied whole and searched from the start.
 */
enum { MODEL_DEVICES = 12, MODEL_RECORDS = 40, MODEL_LINKS = 200, MODEL_TEXT = 96 };

enum model_state {
	MODEL_GONE,
	MODEL_NOTHING, /* no volume */
	MODEL_ONLINE,  /* under `id` */
	MODEL_NO_CONTENT,
	MODEL_FAULT,
	MODEL_NO_ID,
	MODEL_DUPLICATE,
	MODEL_UNWRITTEN, /* the database cannot be written */
	MODEL_STRANGER,
};

struct model_device {
	const char *name;
	char node[MODEL_TEXT];
	const char *identity[ID_KINDS];
	uint64_t size;
	uint64_t diskseq; /* never 0 here */
	unsigned int partition;
	int attachment; /* from hard to forge to easy, 0: unknown */
	bool is_virtual;
	bool is_blank;
	bool is_faulty;
	bool is_removable;
	bool is_disc;	      /* by its content */
	bool wants_no_letter; /* says its GPT entry */
	const char *label;
	enum model_state state;
	char id[MODEL_TEXT];
	bool is_displaced;	 /* somebody has what it wants before */
	bool is_unwritten;	 /* what is remembered of it is old */
	bool is_arriving;	 /* nobody has welcomed it yet */
	char former[MODEL_TEXT]; /* the last ID it had, while it has none */
	bool is_dismissed;	 /* a client said that it is gone */
	bool had_names;		 /* and then it had an ID */
};

struct model_record {
	char id[MODEL_TEXT];
	bool mark;
	bool keep;
	/* The device it was last seen on. */
	const char *identity[ID_SCHEMES]; /* ID_UUID: NULL */
	uint64_t size;
	int attachment;
	char node[MODEL_TEXT];
	uint64_t diskseq; /* 0: it never had a twin */
};

struct model_link {
	char path[MODEL_TEXT];
	char id[MODEL_TEXT];
	bool is_unrecorded; /* shows, but is not in the database */
	uint64_t changed;
};

/* Who has an identity that is no volume's unique ID. */
struct model_holder {
	char id[MODEL_TEXT];
	size_t device;
};

#define MODEL_MOUNTS 5

struct model {
	struct model_device device[MODEL_DEVICES]; /* `name` is set for all */
	struct model_record record[MODEL_RECORDS];
	struct model_link link[MODEL_LINKS];
	struct model_holder holder[MODEL_DEVICES * ID_KINDS];
	size_t records;
	size_t links;
	size_t holders;
	bool owes_holders; /* what is remembered of them may be old */
	uint64_t now;	   /* as the caller has it */
	struct id_order order;
	struct {
		const char *device;
		const char *path;
		bool is_whole;
	} mount[MODEL_MOUNTS]; /* in mount order, all of them on the root's */
	size_t mounts;
	bool is_auto_mount_off;
	bool gives_letters;
	bool suggests_label;
	enum strangers strangers;
	bool is_prepared[MODEL_DEVICES]; /* by request: for the caller to make a batch of */
	/* IDs that a Volume{GUID} name has to be made for: the caller learns it, and adds it. */
	const char *nameless[MODEL_DEVICES];
	size_t nameless_count;
};

/* What is asked of it. Texts are NULL where not given; links are canonical. */
struct model_request {
	enum operation_kind operation;
	const char *link;
	const char *id;
	const char *device; /* a node, a kernel name, an ID or a link */
	bool is_word;	    /* `device` stands there without its key */
	bool all;
	bool is_off; /* keep=0, state=off */
	const char *new_link;
	bool may_replace;
};

/* A batch: per device its new description, or NULL; `is_gone` says that it goes. */
struct model_batch {
	const struct model_device *put[MODEL_DEVICES];
	bool is_gone[MODEL_DEVICES];
	bool is_dismissal;		 /* says a client */
	bool is_summoned[MODEL_DEVICES]; /* as it is, because of a claim */
	int claim[MODEL_DEVICES];	 /* 0, or the number of its last claim */
	bool is_overdue;		 /* it is looked at who waits, whatever comes or goes */
};

/* `can_write`: else nothing is remembered, and what has to be waits. */
void model_apply_devices(struct model *model, const struct model_batch *batch, bool can_write);
/* 0 or the errno; the reply is added to `reply`. */
int model_apply_request(
	struct model *model, const struct model_request *request, struct strbuf *reply);

/* One claim more in the batch: 0 or the errno. */
int model_add_claim(struct model *model, const char *text, int number, struct model_batch *batch);

/* 0 or the errno. What is about a volume as such: model-volume.c. */
int model_apply_volume_request(
	struct model *model, const struct model_request *request, struct strbuf *reply);
/* The volume that all of link, id and device name. */
int model_select_volume(
	struct model *model, const struct model_request *request, const char **ret_id);
/* The names and letters of those that were not there `before`. */
void model_welcome(struct model *model, const struct model_device before[MODEL_DEVICES]);
/* All IDs of a device in the configured order (NULL: in any), and how many. */
size_t model_get_ids(const struct model_device *device, const struct id_order *order,
	char ids[ID_SCHEMES][UNIQUE_ID_MAX + 1]);
/* All identities of a device, and how many. */
size_t model_get_identities(
	const struct model_device *device, char ids[ID_KINDS][UNIQUE_ID_MAX + 1]);
/* Rules 3 and 11. */
bool model_is_better(struct model *model, const char *id, const struct model_device *a,
	const struct model_device *b);
bool model_is_stranger_to(const struct model *model, const struct model_record *record,
	const struct model_device *device);
bool model_has_same_identities(
	const struct model_record *record, const struct model_device *device);
/* Whether an ID is named as another device's identity. `before`: the model before the change. */
bool model_is_reserved(
	struct model *model, const char *id, size_t device, const struct model *before);
/* Decides who has which identity, after devices were touched, and writes that down. */
void model_settle_holders(
	struct model *model, const struct model *before, const bool touched[MODEL_DEVICES]);
void model_note_holders(
	struct model *model, const struct model *before, const bool touched[MODEL_DEVICES]);
/* Rule 5. */
void model_note_places(struct model *model);
bool model_has_named_identity(const struct model *model, const struct model_device *device);
/* Rule 6, and of rule 9: an ID that somebody has is nobody's last one. */
void model_drop_unrecorded(struct model *model, const struct model *before);
void model_forget_formers(struct model *model);
/*
 * Rule 9, for `count` devices that look for an ID. `is_new`: whether each of them had not the one
 * it has now; `records`: how many there were before.
 */
void model_follow(struct model *model, const size_t *devices, const bool *is_new, size_t count,
	size_t records);
/* What is remembered of a device. */
void model_remember(struct model_record *record, const struct model_device *device);
/* Whether the ID is an identity of a device that is no volume under it. */
bool model_is_identity(const struct model *model, const char *id);
/* The volume or identity that all of link, id and device name. */
int model_select_any(struct model *model, const struct model_request *request, const char **ret_id);
/* In the order people count. */
int model_compare_names(const char *a, const char *b);
/* Whether the device had to do with less than the first of its IDs. */
bool model_has_lost(const struct model *model, const struct model_device *device);

/* Names are compared ignoring case. The second finds those that show. */
struct model_link *model_find_link(struct model *model, const char *path);
struct model_link *model_find_shown_link(struct model *model, const char *path);
void model_remove_link(struct model *model, struct model_link *link);
/* The recorded letter of a volume, whether it shows or not. */
const char *model_find_letter(const struct model *model, const char *id);
/* A device by what a client may call it, volume or not. */
const struct model_device *model_find_device(const struct model *model, const char *text);

struct model_record *model_find_record(struct model *model, const char *id);
const struct model_device *model_find_owner(const struct model *model, const char *id);
/* The same, or another device that has the identity. */
const struct model_device *model_find_holder(const struct model *model, const char *id);
/* Whether the names were given to an identity: something is filed there, and no volume name. */
bool model_is_of_identity(const struct model *model, const char *id);
/* The same, in the database. */
bool model_has_identity(const struct model *model, const char *id);
/* The device that the links of an ID lead to, or NULL. */
const struct model_device *model_find_device_of(const struct model *model, const char *id);
/* Notes who has an identity with names, and where, if others have it, too. */
void model_note_holder(struct model *model, const char *id);
/* Before something is filed under an ID. */
void model_prepare(struct model *model, const char *id);
/* The node that the links of an ID lead to, "" when it is offline, NULL when they do not show. */
const char *model_get_node(const struct model *model, const char *id);
void model_add_link(struct model *model, const char *path, const char *id);
/* "LINK ID NODE\n" of all that shows, ordered by link. */
void model_show(const struct model *model, struct strbuf *text);
/* What a restart must not change: devices, records with marks and hints, and all links. */
void model_format(const struct model *model, struct strbuf *text);
