/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Shared by the files of the FUSE adapter; nobody else includes this. */

#include "core/model/budget.h"
#include "io/fuse/fuse.h"
#include "io/fuse/notify.h"

/* A user with open files that show a text. */
struct blob_holder {
	struct blob_holder *next;
	uint32_t uid;
	size_t count;
};

/* Text that several open files may show at once. */
struct blob {
	size_t references;
	struct blob_holder *holders; /* who is charged for it */
	uint64_t generation;	     /* fuse_server::generation when it was made */
	struct strbuf text;
};

/* Says how a call ends when there is another number. */
typedef void fuse_wait_answer_fn(struct fuse_client *call, struct notify_reply *ret_reply);

/*
 * A client that waits until an open file has something to read: in read(2), or in poll(2), or in
 * ioctl(2) until there is a new number.
 */
struct wait {
	struct wait *next; /* fuse_server::waits */
	struct wait **previous;
	struct open_file *file;
	fuse_req_t req; /* of a read, with its position and the size of its buffer */
	uint64_t position;
	size_t size;
	struct fuse_pollhandle *poll; /* of a poll */
	struct fuse_client *call;     /* of an ioctl; has `req` as well */
	fuse_wait_answer_fn *answer;  /* … what it is answered */
};

/* An answer of MountPointManager that is to be read, since it was too long for its ioctl. */
struct rest {
	struct rest *next;
	uint64_t ticket; /* file position of its first byte */
	struct strbuf record;
};

/* The inode that a control file which everybody may write has at the moment. */
struct user_inode {
	uint64_t number;
	uint32_t uid;	/* who has looked it up */
	size_t writers; /* open files that may write */
};

struct fuse_server {
	struct fuse_options options;
	struct fuse_backend backend;
	struct fuse_session *session;
	struct notify *notify;
	struct fuse_buf buffer;
	char *mountpoint;
	uid_t uid; /* our own: asked for once, as every look-up tells it */
	gid_t gid;
	bool is_ready;
	bool is_unmounted;
	struct open_file *files;		  /* that are open */
	struct wait *waits, **last_wait;	  /* who waits, in the order they came */
	bool is_ending;				  /* nobody shall wait any more */
	uint64_t holds;				  /* times that a client held invalidations up */
	bool has_epochs;			  /* the kernel can take back all names at once */
	bool has_no_opendir;			  /* the kernel does without opendir requests */
	size_t max_write;			  /* bytes that the kernel passes on at once */
	double timeout;				  /* of entries and attributes, seconds */
	uint64_t generation;			  /* counts changes of what the views show */
	struct blob *views[NODE_METRICS + 1];	  /* by node kind: the newest text */
	struct stale_lines stale;		  /* of that of points */
	struct user_inode user_inodes[OP_RENAME]; /* by operation */
	size_t metrics_len;			  /* of the newest text of metrics */
	uint64_t counters[64];			  /* requests, by enum fuse_counter */
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
	struct strbuf batch;   /* lines that wait for their `commit` */
	int batch_error;       /* they cannot be taken */
	uint64_t short_begin;  /* file position of the first of the writes that were cut short, */
	uint64_t short_end;    /* and where the last of them ended; 0: it was not */
	struct fuse_job *job;  /* under way, though its write has returned: O_NONBLOCK */
	int error;	       /* of such a one, positive, until a read has told it */
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
	struct open_file *next; /* fuse_server::files */
	struct open_file **previous;
	size_t references; /* the kernel's, and one per job under way */
	uint32_t uid;	   /* who has opened it, and is charged for what it holds */
	uint64_t charged;  /* bytes */
	const struct node *node;
	enum node_kind kind;
	const struct operation *operation; /* of NODE_CONTROL, else NULL */
	struct blob *blob;		   /* the text that it shows, if it is kept elsewhere */
	struct file_reply reply;	   /* of NODE_CONTROL, NODE_MANAGER */
	uint32_t epic;	   /* of change_notify, NODE_MANAGER: what the client knows; 0: none */
	struct wait *poll; /* who polls */
	union {
		struct control_file control; /* NODE_CONTROL */
		struct event_reader events;  /* NODE_EVENTS: where it is */
		struct manager_file manager; /* NODE_MANAGER */
	};
};

/* Who waits for a job. */
struct fuse_client {
	fuse_req_t req;
	struct open_file *file;	   /* of a write, else NULL */
	size_t size;		   /* bytes of the write that are dealt with if all goes well */
	size_t carried;		   /* bytes of its first line that came with an earlier write */
	uint64_t offset;	   /* of the write */
	uint64_t charged;	   /* bytes of its lines, to who has opened the file */
	bool is_waiting;	   /* and a wait */
	bool is_loose;		   /* `req` is over: the result is for who reads the file */
	bool can_interrupt;	   /* a signal ends it */
	bool is_full;		   /* the write had more lines than one may have */
	struct mmfs_record record; /* of MountPointManager */
	uint32_t epic;		   /* … the number that it knows */
	size_t carrier;		   /* … bytes that the ioctl has room for; 0: it was written */
	uint64_t folder;	   /* inode that the client holds locked: ln, rm, mv */
	char *name;		   /* ln: the entry to answer with */
};

/* fuse_text.c: the text of plain files */
void blob_release(struct blob *blob);
/* The text as it is now. */
struct blob *fuse_get_text(struct fuse_server *server, const struct node *node);
/* The inode number that the kernel is told of a node. */
uint64_t fuse_get_ino(const struct fuse_server *server, const struct node *node);
/* The node that the kernel means by an inode number, or NULL. */
struct node *fuse_find_node(const struct fuse_server *server, uint64_t ino);
/* Whether the kernel may keep what it reads of this inode, as long as it knows it. */
bool fuse_has_own_text(const struct fuse_server *server, uint64_t ino);
/* How long the text of a plain file is, by the number that the kernel has of it. */
size_t fuse_get_text_len(struct fuse_server *server, const struct node *node, uint64_t ino);

/* fuse_file.c: open files */
void fuse_op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info);
void fuse_op_read(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *info);
void fuse_op_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset,
	struct fuse_file_info *info);
void fuse_op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info);

/* open_file.c: what belongs to one open(2) */
struct open_file *open_file_get(const struct fuse_file_info *info);
struct open_file *open_file_new(struct fuse_server *server, const struct node *node, uint32_t uid);
/* Nobody polls it any more. */
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
size_t open_file_get_slice(const struct strbuf *text, uint64_t offset, size_t size);
void fuse_reply_slice(fuse_req_t req, const struct strbuf *text, uint64_t offset, size_t size);

/* fuse_user_inode.c: inodes of control files that everybody may write */
/* What a user's look-up is told; 0: the node has one inode for all. */
uint64_t user_inode_get(struct fuse_server *server, const struct node *node, uint32_t uid);
/* The number of the node that such an inode, or any other, is of. */
uint64_t user_inode_get_node(uint64_t ino);
void user_inode_open(struct open_file *file, uint64_t ino, int flags);
void user_inode_close(struct open_file *file);

/* fuse_budget.c: what is charged to whom */
/* 0, or a negative errno after a line in the log of failures. `operation` may be NULL. */
int fuse_check_budget(struct fuse_server *server, uint32_t uid, enum budget_kind kind,
	const struct operation *operation);
/* Something of what the file holds has become larger or smaller. */
void fuse_charge(struct open_file *file);
void fuse_charge_open(struct open_file *file, uint32_t uid);
void fuse_charge_close(struct open_file *file);
/* The file shows this text from now on; takes over the reference. */
void fuse_hold_text(struct open_file *file, struct blob *blob);
void fuse_drop_text(struct open_file *file);

/* fuse_wait.c: files that are waited for */
bool fuse_wait_is_for(const struct open_file *file); /* it blocks those who read it */
uint32_t fuse_wait_open(struct open_file *file);     /* FOPEN_ flags */
/* Nobody reads it any more. */
void fuse_wait_release(struct open_file *file);
/* As a read(2) of a file that is waited for, or that has a job under way. */
void fuse_wait_read(
	fuse_req_t req, size_t size, uint64_t position, const struct fuse_file_info *info);
void fuse_op_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info,
	struct fuse_pollhandle *handle);
/* CHANGE_NOTIFY: answers when there is another number. Takes over the client. */
void fuse_wait_number(
	struct fuse_server *server, struct fuse_client *call, fuse_wait_answer_fn *answer);
/* A request was made of a file. */
void fuse_wait_take_request(const struct fuse_job *job);
/* There may be something to read now: after what makes the kernel's caches right is posted. */
void fuse_wait_wake(struct fuse_server *server);

/*
 * fuse_batch.c: gathers the lines of `text`, up to a `commit`, which fills the job. Returns how
 * much is left.
 */
size_t fuse_batch_add_lines(
	struct open_file *file, struct fuse_job *job, const struct strbuf *text);

/* fuse_ioctl.c: MountPointManager */
void fuse_op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int command, void *argument,
	struct fuse_file_info *info, unsigned int flags, const void *in, size_t in_size,
	size_t out_size);
void fuse_manager_open(struct open_file *file, const struct fuse_file_info *info);
void fuse_manager_write(
	fuse_req_t req, struct open_file *file, const char *data, size_t size, uint64_t offset);
/* False: the position is none of an answer that is kept. */
bool fuse_manager_read(fuse_req_t req, struct open_file *file, size_t size, uint64_t position);
/* A request is over: leaves the answer in the open file, or in the reply to the ioctl. */
void fuse_manager_finish(struct fuse_job *job, struct notify_reply *ret_reply);

/* fuse_job.c: jobs */
/* Hands a job to the daemon. From then on a signal ends one that waits. */
void fuse_job_submit(struct fuse_job *job);
/* A job that was not submitted, or is over. */
void fuse_job_free(struct fuse_job *job);
/* Nobody is there any more for what the job of a file would reply. */
void fuse_job_drop(struct open_file *file);
struct fuse_job *fuse_job_new(fuse_req_t req, const struct operation *operation);
void fuse_job_add_line(struct fuse_job *job, const char *text, size_t len, size_t end);
/* A line about another operation than the job's. */
void fuse_job_add_line_of(
	struct fuse_job *job, const struct operation *operation, const char *text, size_t len);
void fuse_job_add_request(struct fuse_job *job, struct request *request, char *text);
/* A line that failed before it became a request; takes `text` and `why`. */
void fuse_job_add_fault(struct fuse_job *job, char *text, int error, char *why);

/* fuse_counters.c: how many requests there were */
enum fuse_counter {
	COUNT_OPEN,
	COUNT_READ,
	COUNT_WRITE,
	COUNT_RELEASE,
	COUNT_POLL,
	COUNT_IOCTL,
	COUNT_LOOKUP,
	COUNT_FORGET,
	COUNT_GETATTR,
	COUNT_SETATTR,
	COUNT_READLINK,
	COUNT_OPENDIR,
	COUNT_READDIR,
	COUNT_SYMLINK,
	COUNT_UNLINK,
	COUNT_RENAME,
	COUNT_REFUSED,
	COUNT_STATFS,
	COUNTERS
};
void fuse_count(struct fuse_server *server, size_t counter);

/* fuse_attributes.c: what the kernel is told of an inode */
/* How long the kernel may believe a node's attributes, seconds. */
double fuse_get_timeout(const struct fuse_server *server, const struct node *node);
void fuse_fill_attributes(
	struct fuse_server *server, const struct node *node, uint64_t ino, struct stat *ret_stat);
void fuse_fill_entry(
	struct fuse_server *server, struct node *node, struct fuse_entry_param *ret_entry);

/* fuse_ops.c: everything else */
extern const struct fuse_lowlevel_ops fuse_ops;
