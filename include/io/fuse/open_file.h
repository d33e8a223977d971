/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/map.h"
#include "base/sheets.h"
#include "io/fuse/fuse.h"
#include "io/fuse/kept_files.h"
#include "io/fuse/notify.h"

/* What belongs to one open(2) of a file. Part of io/fuse. */

struct blob;
struct wait;

/* An answer of MountPointManager that is to be read, since it was too long for its ioctl. */
struct rest {
	struct rest *next;
	uint64_t ticket; /* file position of its first byte */
	struct strbuf record;
	struct kept *kept; /* where that is noted */
	uint32_t kept_record;
};

/* What reads give once a request was made. */
struct file_reply {
	struct strbuf text;
	bool is_there;
	bool is_anchored;
	uint64_t anchor;    /* file position of its first byte */
	uint64_t write_end; /* where the last write left the file position */
};

struct control_file {
	uint64_t written_ino;  /* the user_inode through which it can be written, or 0 */
	struct strbuf pending; /* start of a line that the next write goes on with */
	bool is_cut;	       /* … as its writer may have been cut short there */
	struct strbuf batch;   /* lines that wait for their `commit` */
	int batch_error;       /* they cannot be taken */
	uint64_t short_begin;  /* file position of the first of the writes that were cut short, */
	uint64_t short_end;    /* and where the last of them ended; 0: it was not */
	struct fuse_job *job;  /* under way, though its write has returned: O_NONBLOCK */
	int error;	       /* of such a one, positive, until a read has told it */
	size_t writes;	       /* under way */
	uint64_t changed;      /* when it changed something last: monotonic, µs; 0: never */
	uint64_t company;      /* when others had done so since it did the last time */
	size_t given;	       /* change_notify: how much of its line in the reply it was given */
};

struct manager_file {
	unsigned int access; /* MMFS_ACCESS bits that it was opened for */
	struct rest *rests;  /* the newest first */
	uint64_t tickets;    /* that were given so far */
};

/* One open(2) of a file. */
struct open_file {
	struct fuse_server *server;
	uint64_t
		number; /* by which the kernel means it: no other in the life of the mount has it */
	struct map_node by_number;
	struct open_file *next; /* fuse_server::files */
	struct open_file **previous;
	struct open_file *next_touched;	     /* fuse_server::touched */
	struct open_file **previous_touched; /* … NULL: it is not in there */
	struct kept_note note;
	bool has_new_texts; /* which are not noted yet, batches aside */
	bool is_closed;
	size_t references;	 /* the kernel's, and one per job under way */
	uint32_t uid;		 /* who has opened it, and is charged for what it holds */
	uint64_t charged;	 /* bytes */
	uint64_t ino;		 /* of the node */
	const struct node *node; /* NULL: with an earlier server it was lost, but not `blob` */
	enum node_kind kind;
	const struct operation *operation; /* of NODE_CONTROL, else NULL */
	struct blob *blob;		   /* the text that it shows, if it is kept elsewhere */
	struct file_reply reply;	   /* of NODE_CONTROL, NODE_MANAGER */
	uint32_t epic;	      /* of change_notify, NODE_MANAGER: what the client knows; 0: none */
	struct wait *poll;    /* who polls */
	uint64_t poll_handle; /* … as the kernel has it; 0: nobody ever did */
	union {
		struct control_file control; /* NODE_CONTROL */
		struct event_reader events;  /* NODE_EVENTS: where it is */
		struct manager_file manager; /* NODE_MANAGER */
	};
};

/* The one that the kernel means, or NULL: it was lost with an earlier server. */
struct open_file *open_file_get(
	const struct fuse_server *server, const struct fuse_file_info *info);
/* One of the list of the server, with the kernel's reference. */
struct open_file *open_file_new(struct fuse_server *server, const struct node *node, uint32_t uid);
/* As open_file_new(), for one that has such a number already. `node` may be NULL. */
struct open_file *open_file_add(struct fuse_server *server, uint64_t number, enum node_kind kind,
	const struct node *node, uint32_t uid);
/* The kernel means it no more. */
void open_file_close(struct open_file *file);
/* Gives up a reference; the last frees it. Nobody polls it any more. */
void open_file_release(struct open_file *file);
/* A job of a write that has returned, or NULL. */
struct fuse_job *open_file_get_job(const struct open_file *file);
/* It has another reply now, which reads have not begun with. */
void open_file_set_reply(struct open_file *file, uint64_t write_end);
/* The reply to the last request, from a file position on. */
void open_file_take_reply(
	struct open_file *file, size_t size, uint64_t position, struct notify_reply *ret_reply);
/* Takes an answer out of the list that it is in. */
void rest_remove(struct rest **at);
/* Answers a read(2) with what there is of a text. */
void fuse_reply_slice(fuse_req_t req, const struct strbuf *text, uint64_t offset, size_t size);
void fuse_reply_text(fuse_req_t req, const struct sheets *text, uint64_t offset, size_t size);
