/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"
#include "core/syntax/link_name.h"
#include "core/syntax/operations.h"
#include "core/syntax/request_known.h"
#include "core/syntax/request_words.h"

#define REQUEST_OPTIONS_MAX 511 /* bytes of mount options */
#define REQUEST_DAYS_MAX 36500

/* What a client may call a volume. */
enum volume_ref_kind {
	VOLUME_BY_DEVICE, /* text is a path below /dev or a kernel name */
	VOLUME_BY_ID,
	VOLUME_BY_LINK, /* text is canonical */
};

struct volume_ref {
	enum volume_ref_kind kind;
	bool is_word;	 /* it looked like nothing else, and had no key to say what it is */
	bool has_no_key; /* of a control file: the name of a link would need one */
	bool is_shown;	 /* it came as a path of the tree: it is what stands there or nothing */
	char *text;
	uint64_t number; /* dev_t that the caller found at that path, 0: none */
};

struct request {
	const struct operation *operation;
	unsigned int given; /* KEY_BITs */
	struct link_name link;
	char *id;
	struct volume_ref device; /* or the target */
	char *source;		  /* an absolute path without `.`, `..` and empty parts */
	char *source_link; /* … below where the volume of this link is mounted; NULL: of / */
	char *options;	   /* mount options, NULL: none */
	uint32_t epic;
	uint32_t days; /* unnamed= */
	bool is_on;    /* state=on */
	bool is_kept;  /* keep=1 */
	struct request_known known;
	struct link_name suggested;
	char *host;		   /* another machine */
	struct link_name new_link; /* OP_RENAME */
	bool may_replace;	   /* OP_RENAME */
};

void request_fini(struct request *request);

/*
 * Reads one line (no newline in it). On error -EINVAL or -EMSGSIZE, with a sentence added to
 * `why`, and nothing to free. `ret_request` belongs to the caller on success.
 */
int request_parse(const struct operation *operation, const char *line, size_t len,
	struct request *ret_request, struct strbuf *why);

/* Writes a request down so that it reads back as the same: for the log, and for tests. */
void request_format(const struct request *request, struct strbuf *ret_line);

/*
 * Reads a directory into the request: an absolute path, also behind \??\ or \DosDevices\, or a
 * path of Windows below a link. -EINVAL.
 */
int request_parse_source(const char *text, struct request *request, struct strbuf *why);

/*
 * Reads what `ln -s` is given as its target, which may be one that links of the tree have, such as
 * ../ids/UUID=1/device. The same errors.
 */
int volume_ref_parse(const char *text, struct volume_ref *ret_ref, struct strbuf *why);

/*
 * The same for a path below the mount that shows a volume: DosDevices/NAME, Volumes/Volume{…},
 * devices/NAME, ids/ID, with the escapes that such names have. False: it is none.
 */
bool volume_ref_parse_shown(const char *path, struct volume_ref *ret_ref);
