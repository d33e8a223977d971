/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Look-ups, attributes, listings, symlinks, and the ordinary commands that are operations.
 *
 * Everything here answers at once from the tree, except ln, rm and mv, which become jobs. With
 * caching on, what is told to the kernel holds until the notify thread takes it back, names that
 * do not exist included, and the kernel lists folders without asking again.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/views/tree_list.h"
#include "base/clock.h"
#include "base/crash_point.h"
#include "core/views/render.h"
#include "fuse_private.h"
#include "io/fuse/fuse_attributes.h"
#include "io/fuse/fuse_counters.h"
#include "io/fuse/fuse_file.h"
#include "io/fuse/fuse_ioctl.h"
#include "io/fuse/fuse_job.h"
#include "io/fuse/fuse_ops.h"
#include "io/fuse/fuse_text.h"
#include "io/fuse/kept_nodes.h"
#include "io/fuse/fuse_user_inode.h"
#include "io/fuse/fuse_wait.h"

static struct fuse_server *get_server(fuse_req_t req, size_t counter)
{
	struct fuse_server *server = fuse_req_userdata(req);

	fuse_count(server, counter);
	return server;
}

/*
 * Makes the kernel ask anew for all that an earlier server has told it of. Without epochs that is
 * done by threads, while requests are answered already: each name, and where it was told that there
 * is no such name, what is there by now.
 */
static void forget_told(struct fuse_server *server)
{
	struct deltas deltas = { 0 };
	struct notify_reply nobody = { 0 };

	fuse_note_named(server);
	kept_nodes_list(server->backend.kept, !server->has_epochs, &deltas);
	if (server->has_epochs)
		notify_begin_epoch(server->notify);
	else
		tree_list_entries(server->backend.tree, &deltas);
	notify_use_epochs(server->notify, server->has_epochs);
	notify_post(server->notify, &deltas, NULL, &nobody);
}

static void op_init(void *data, struct fuse_conn_info *connection)
{
	struct fuse_server *server = data;
	unsigned int wanted = server->options.is_cached ? FUSE_CAP_CACHE_SYMLINKS : 0;

	connection->want |= connection->capable & (wanted | FUSE_CAP_ATOMIC_O_TRUNC);
	connection->want &=
		~(FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_SPLICE_READ |
			FUSE_CAP_SPLICE_WRITE | FUSE_CAP_FLOCK_LOCKS | FUSE_CAP_POSIX_LOCKS);
	connection->max_read = server->options.max_read; /* libfuse wants to be told twice */
	if (connection->max_write > REQUESTS_WRITE_MAX)
		connection->max_write = REQUESTS_WRITE_MAX;
	server->max_write = connection->max_write;
	server->has_epochs = connection->proto_major == 7 && connection->proto_minor >= 44 &&
		!crash_point_has_old_kernel();
	server->has_no_opendir =
		server->options.is_cached && connection->capable & FUSE_CAP_NO_OPENDIR_SUPPORT;
	if (server->is_taking_over)
		forget_told(server);
	server->is_ready = true;
}

static void forget(struct fuse_server *server, uint64_t ino, uint64_t lookups)
{
	struct node *node = fuse_find_node(server, ino);

	if (!node)
		return;
	ino = node->ino;
	tree_forget(server->backend.tree, ino, lookups);
	node = tree_find(server->backend.tree, ino);
	if (node)
		kept_nodes_note(server->backend.kept, node);
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_server *server = get_server(req, COUNT_LOOKUP);
	struct tree *tree = server->backend.tree;
	struct node *folder = tree_find(tree, parent);
	struct node *node = folder ? tree_find_child(tree, folder, name) : NULL;
	struct fuse_entry_param entry = { .entry_timeout = server->timeout };
	uint64_t ino, own;

	if (!node && !server->options.is_cached) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	if (node)
		fuse_fill_entry(server, node, &entry);
	else if (folder)
		deltas_note_missing(tree, folder, name);
	own = node ? user_inode_get(server, node, fuse_req_ctx(req)->uid) : 0;
	if (own) {
		entry.ino = own;
		entry.entry_timeout = 0;
	}
	ino = entry.ino;
	if (fuse_reply_entry(req, &entry) == -ENOENT && ino)
		forget(server, ino, 1); /* look-up was interrupted */
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t lookups)
{
	struct fuse_server *server = get_server(req, COUNT_FORGET);

	forget(server, ino, lookups);
	fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	struct fuse_server *server = get_server(req, COUNT_FORGET);

	for (size_t i = 0; i < count; i++)
		forget(server, forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(req);
}

static void reply_attributes(fuse_req_t req, fuse_ino_t ino)
{
	struct fuse_server *server = fuse_req_userdata(req);
	const struct node *node = fuse_find_node(server, ino);
	struct stat attributes;

	if (!node) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	fuse_fill_attributes(server, node, ino, &attributes);
	fuse_reply_attr(req, &attributes, fuse_get_timeout(server, node));
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	get_server(req, COUNT_GETATTR);
	reply_attributes(req, ino);
}

/*
 * `>` truncates and `touch` sets times: harmless on control files and MountPointManager, refused
 * elsewhere.
 */
static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/*
 * Whether setting attributes can be granted, which changes none: to what they are, and times of
 * what users make, so that cp -a and rsync -a of links end well. Control files are only emptied.
 */
static bool may_set(struct fuse_server *server, const struct node *node, uint64_t ino,
	const struct stat *wanted, int to_set)
{
	bool is_control = node->kind == NODE_CONTROL || node->kind == NODE_MANAGER;
	struct stat now;

	fuse_fill_attributes(server, node, ino, &now);
	if (to_set & FUSE_SET_ATTR_SIZE && (!is_control || wanted->st_size != 0))
		return false;
	if ((to_set & FUSE_SET_ATTR_MODE && (wanted->st_mode ^ now.st_mode) & 07777) ||
		(to_set & FUSE_SET_ATTR_UID && wanted->st_uid != now.st_uid) ||
		(to_set & FUSE_SET_ATTR_GID && wanted->st_gid != now.st_gid))
		return false;
	if (is_control || node->is_writable || node->kind == NODE_LINK)
		return true;
	return !(to_set & (FUSE_SET_ATTR_ATIME_NOW | FUSE_SET_ATTR_MTIME_NOW)) &&
		(!(to_set & FUSE_SET_ATTR_ATIME) || is_same_time(&wanted->st_atim, &now.st_atim)) &&
		(!(to_set & FUSE_SET_ATTR_MTIME) || is_same_time(&wanted->st_mtim, &now.st_mtim));
}

static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attributes, int to_set,
	struct fuse_file_info *info)
{
	struct fuse_server *server = get_server(req, COUNT_SETATTR);
	const struct node *node = fuse_find_node(server, ino);

	if (node && may_set(server, node, ino, attributes, to_set))
		reply_attributes(req, ino);
	else
		fuse_reply_err(req, EPERM);
}

static void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct fuse_server *server = get_server(req, COUNT_READLINK);
	const struct node *node = fuse_find_node(server, ino);
	_cleanup_strbuf_ struct strbuf room = STRBUF_INIT;

	if (node && node->kind == NODE_LINK)
		fuse_reply_readlink(req, tree_get_target(node, &room));
	else
		fuse_reply_err(req, node ? EINVAL : ENOENT);
}

static void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	struct fuse_server *server = get_server(req, COUNT_OPENDIR);

	if (server->has_no_opendir) {
		fuse_reply_err(req, ENOSYS); /* the kernel caches listings and asks no more */
		return;
	}
	info->cache_readdir = info->keep_cache = server->options.is_cached;
	fuse_reply_open(req, info);
}

struct listing {
	fuse_req_t req;
	char *data;
	size_t used;
	size_t size;
};

static bool listing_add(void *data, const struct tree_entry *entry)
{
	struct listing *listing = data;
	struct fuse_server *server = fuse_req_userdata(listing->req);
	struct node *node = entry->node;
	struct stat attributes = {
		.st_ino = entry->ino,
		.st_mode = entry->kind == NODE_FOLDER ? S_IFDIR
			: entry->kind == NODE_LINK    ? S_IFLNK
						      : S_IFREG,
	};
	size_t needed = fuse_add_direntry(listing->req, listing->data + listing->used,
		listing->size - listing->used, entry->name, &attributes, (off_t)entry->cookie);

	if (needed > listing->size - listing->used)
		return false;
	listing->used += needed;
	if (!node)
		node = tree_find(server->backend.tree, entry->ino);
	if (node && !node->known->mark)
		kept_nodes_note(server->backend.kept, node);
	return true;
}

/*
 * The kernel keeps a listing under the time of change that it learnt last, which may be that of a
 * later one: a reader asks for the time while the entries for another reader are on their way. But
 * it keeps only entries of one listing, followed by the end of the same. So when a listing ends
 * that is no more, the time of change becomes another one first.
 */
static void end_listing(struct fuse_server *server, struct node *folder, uint64_t cookie)
{
	if (tree_list_is_current(folder, cookie))
		return;
	tree_touch(folder, clock_get_real());
	notify_attributes(server->notify, folder->ino);
}

static void op_readdir(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *info)
{
	struct fuse_server *server = get_server(req, COUNT_READDIR);
	struct node *folder = tree_find(server->backend.tree, ino);
	_cleanup_free_ char *data = NULL;
	struct listing listing = { .req = req, .size = size };

	if (!folder || folder->kind != NODE_FOLDER) {
		fuse_reply_err(req, folder ? ENOTDIR : ENOENT);
		return;
	}
	listing.data = data = xcalloc(size, 1);
	tree_list(server->backend.tree, folder, (uint64_t)offset, listing_add, &listing);
	if (!listing.used)
		end_listing(server, folder, (uint64_t)offset);
	fuse_reply_buf(req, listing.data, listing.used);
}

static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	/* There is no limit: as with /proc, of nothing there is any that could be full. */
	struct statvfs result = {
		.f_bsize = 4096,
		.f_frsize = 4096,
		.f_namemax = LINK_NAME_MAX,
	};

	get_server(req, COUNT_STATFS);
	fuse_reply_statfs(req, &result);
}

/* The canonical link that a name in DosDevices/ or Volumes/ stands for: it must be spelled so. */
static int get_link(struct fuse_server *server, fuse_ino_t parent, const char *name,
	struct link_name *ret_link, struct strbuf *why)
{
	const struct tree *tree = server->backend.tree;
	const struct node *folder = tree_find(tree, parent);
	_cleanup_free_ char *path = NULL;
	const char *fault = "a name of this form belongs into the other folder";

	if (!folder || !folder->is_writable)
		return -EPERM;
	if (strlen(name) > LINK_NAME_MAX)
		return -ENAMETOOLONG;
	path = xasprintf("%s%s",
		folder == tree->volumes ? LINK_FOLDER_VOLUMES : LINK_FOLDER_DOS_DEVICES, name);
	if (link_name_parse(path, strlen(path), ret_link, &fault) == 0 &&
		strcmp(path, ret_link->path) == 0)
		return 0;
	strbuf_add_text(why, fault);
	return -EINVAL;
}

static char *take_why(struct strbuf *why)
{
	return why->len ? strbuf_take(why) : NULL;
}

/*
 * Refuses what cannot be a request; if there is a sentence, by way of the log of failures. Takes
 * `text` and the sentence. The client holds the folder locked, as one whose request is good.
 */
static void submit_fault(fuse_req_t req, fuse_ino_t parent, const struct operation *operation,
	struct job_line *fault)
{
	struct fuse_job *job;

	if (!fault->why) {
		free(fault->text);
		fuse_reply_err(req, -fault->error);
		return;
	}
	job = fuse_job_new(req, operation);
	job->client->folder = parent;
	fuse_job_add_fault(job, fault->text, fault->error, fault->why);
	fuse_job_submit(job);
}

static void submit_one(
	fuse_req_t req, fuse_ino_t parent, struct request *request, char *text, const char *name)
{
	struct fuse_job *job = fuse_job_new(req, request->operation);

	job->client->folder = parent;
	job->client->name = name ? xstrdup(name) : NULL;
	fuse_job_add_request(job, request, text);
	fuse_job_submit(job);
}

static void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	struct fuse_server *server = get_server(req, COUNT_SYMLINK);
	struct request request = { .operation = operation_find(OP_CREATE_POINT),
		.given = KEY_BIT(KEY_LINK) | KEY_BIT(KEY_DEVICE) };
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	char *text = xasprintf("ln -s %s %s", target, name);
	int r = get_link(server, parent, name, &request.link, &why);

	if (r == 0)
		r = volume_ref_parse(target, &request.device, &why);
	if (r < 0) {
		submit_fault(req, parent, request.operation,
			&(struct job_line){ .text = text, .error = r, .why = take_why(&why) });
		return;
	}
	request.device.is_word = target[0] != '/' && !request.device.is_shown;
	submit_one(req, parent, &request, text, name);
}

static void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_server *server = get_server(req, COUNT_UNLINK);
	struct request request = { .operation = operation_find(OP_DELETE_POINTS),
		.given = KEY_BIT(KEY_LINK) };
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	char *text = xasprintf("rm %s", name);
	int r = get_link(server, parent, name, &request.link, &why);

	if (r < 0)
		submit_fault(req, parent, request.operation,
			&(struct job_line){ .text = text, .error = r, .why = take_why(&why) });
	else
		submit_one(req, parent, &request, text, NULL);
}

static void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
	const char *new_name, unsigned int flags)
{
	struct fuse_server *server = get_server(req, COUNT_RENAME);
	struct request request = { .operation = operation_find(OP_RENAME) };
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	char *text = xasprintf("mv %s %s", name, new_name);
	int r = get_link(server, parent, name, &request.link, &why);

	if (r == 0 && parent != new_parent) {
		strbuf_add_text(&why, "a name stays in its folder");
		r = -EPERM;
	}
	if (r == 0)
		r = get_link(server, new_parent, new_name, &request.new_link, &why);
	if (r == 0 && flags & ~(unsigned int)RENAME_NOREPLACE) {
		strbuf_add_text(&why, "two names cannot change places");
		r = -EINVAL;
	}
	request.may_replace = !(flags & RENAME_NOREPLACE);
	if (r < 0)
		submit_fault(req, parent, request.operation,
			&(struct job_line){ .text = text, .error = r, .why = take_why(&why) });
	else
		submit_one(req, parent, &request, text, NULL);
}

static void refuse(fuse_req_t req)
{
	get_server(req, COUNT_REFUSED);
	fuse_reply_err(req, EPERM);
}

static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t number)
{
	refuse(req);
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	refuse(req);
}

static void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	refuse(req);
}

static void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	refuse(req);
}

static void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	struct fuse_file_info *info)
{
	refuse(req);
}

static void op_setxattr(
	fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags)
{
	/* There are no such lists here: cp -a sets the mode then. */
	if (strncmp(name, "system.posix_acl_", strlen("system.posix_acl_")) == 0)
		fuse_reply_err(req, EOPNOTSUPP);
	else
		refuse(req);
}

static void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	refuse(req);
}

const struct fuse_lowlevel_ops fuse_ops = {
	.init = op_init,
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.readlink = op_readlink,
	.mknod = op_mknod,
	.mkdir = op_mkdir,
	.unlink = op_unlink,
	.rmdir = op_rmdir,
	.symlink = op_symlink,
	.rename = op_rename,
	.link = op_link,
	.open = fuse_op_open,
	.read = fuse_op_read,
	.write = fuse_op_write,
	.release = fuse_op_release,
	.poll = fuse_op_poll,
	.opendir = op_opendir,
	.readdir = op_readdir,
	.statfs = op_statfs,
	.setxattr = op_setxattr,
	.removexattr = op_removexattr,
	.create = op_create,
	.ioctl = fuse_op_ioctl,
};
