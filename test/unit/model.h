/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/request.h"
#include "core/unique_id.h"

/*
 * A mount manager as one would write it who has read the manual and not the code: everything in
 * flat arrays that are copied whole and searched from the start.
 */
enum { MODEL_DEVICES = 12, MODEL_RECORDS = 40, MODEL_LINKS = 120, MODEL_TEXT = 96 };

enum model_state {
	MODEL_GONE,
	MODEL_NOTHING, /* no volume */
	MODEL_ONLINE,  /* under `id` */
	MODEL_NO_CONTENT,
	MODEL_FAULT,
	MODEL_NO_ID,
	MODEL_DUPLICATE,
};

struct model_device {
	const char *name;
	char node[MODEL_TEXT];
	const char *identity[ID_SCHEMES];
	uint64_t size;
	uint64_t diskseq; /* never 0 here */
	unsigned int partition;
	bool is_virtual;
	bool is_blank;
	bool is_faulty;
	enum model_state state;
	char id[MODEL_TEXT];
};

struct model_record {
	char id[MODEL_TEXT];
	bool mark;
	bool keep;
	/* The device it was last seen on. */
	const char *identity[ID_SCHEMES]; /* ID_UUID: NULL */
	uint64_t size;
	char node[MODEL_TEXT];
	uint64_t diskseq; /* 0: it never had a twin */
};

struct model_link {
	char path[MODEL_TEXT];
	char id[MODEL_TEXT];
};

struct model {
	struct model_device device[MODEL_DEVICES]; /* `name` is set for all */
	struct model_record record[MODEL_RECORDS];
	struct model_link link[MODEL_LINKS];
	size_t records;
	size_t links;
	struct id_order order;
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
	const char *new_link;
	bool may_replace;
};

/* A batch: per device its new description, or NULL; `is_gone` says that it goes. */
struct model_batch {
	const struct model_device *put[MODEL_DEVICES];
	bool is_gone[MODEL_DEVICES];
};

void model_apply_devices(struct model *model, const struct model_batch *batch);
/* 0 or the errno; the reply is added to `reply`. */
int model_apply_request(
	struct model *model, const struct model_request *request, struct strbuf *reply);

struct model_record *model_find_record(struct model *model, const char *id);
const struct model_device *model_find_owner(const struct model *model, const char *id);
/* The node that the links of an ID lead to, NULL when they do not show. */
const char *model_get_node(const struct model *model, const char *id);
void model_add_link(struct model *model, const char *path, const char *id);
/* "LINK ID NODE\n" of all that shows, ordered by link. */
void model_show(const struct model *model, struct strbuf *text);
/* What a restart must not change: devices, records with marks and hints, and all links. */
void model_format(const struct model *model, struct strbuf *text);
