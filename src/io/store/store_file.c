/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The database as a file: made, found good or refused, locked, and brought back after a failure.
 *
 * A file that is refused stays as it was, with nothing left beside it. So the header is looked at
 * before SQLite sees the file at all; SQLite then takes the lock, recovers the write-ahead log into
 * memory (with an exclusive lock there is no -shm file) and reads, with checkpoints on close off.
 * One of an older version is read as what it becomes, in a transaction that is left open. What
 * SQLite adds to the log meanwhile, or an empty log where there was none, is removed again. Only
 * store_file_adopt(), called once the content is known to be good, too, ends that restraint.
 *
 * A new database is made under a temporary name and linked to its own when it is complete and on
 * stable storage. A database that is there is therefore never half made, and an empty file, or a
 * log without its database, is what remains of a lost one: refused, never made into a new one.
 *
 * The lock is that of SQLite's exclusive mode, POSIX record locks on the file. They would be lost
 * when this process closed another descriptor of the same file; nothing here does while it is open.
 */

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crash_point.h"
#include "io/store/store_file.h"
#include "io/store/store_log.h"
#include "io/store/store_rows.h"
#include "io/store/store_schema.h"

#define HEADER_LEN 100 /* of a SQLite database; the offsets are those of its file format */
#define HEADER_VERSION 60
#define HEADER_APPLICATION 68

/*
 * In KiB, which SQLite wants negative: at start a whole database, which is read in several orders.
 */
#define START_CACHE "-65536"
#define CACHE "-2000"

#define ELSEWHERE "name another database with -o db=PATH"

/* What to do about it, where the reason does not say. */
static const char *get_advice(int r)
{
	switch (-r) {
	case EACCES:
	case EPERM:
		return " (run mmfs as root, or " ELSEWHERE ")";
	case EROFS:
		return " (mount that filesystem writable, or " ELSEWHERE ")";
	case ENOSPC:
	case EDQUOT:
		return " (make room there, or " ELSEWHERE ")";
	case EISDIR:
	case ENOTDIR:
		return " (it has to be a file, and what is above it folders: -o db=PATH)";
	case EBUSY:
		return " (end that, or " ELSEWHERE ")";
	case EBADMSG:
		return " (move it away, or " ELSEWHERE ")";
	}
	return "";
}

static int fail_opening(struct strbuf *why, const char *path, int r, const char *reason)
{
	strbuf_add_format(why, "cannot open database %s: %s%s", path, reason, get_advice(r));
	return r;
}

int store_file_fail_damaged(const char *path, const char *fault, struct strbuf *why)
{
	strbuf_add_format(why,
		"cannot open database %s: it is damaged: %s (put a copy in its place, or move it "
		"away to start without names)",
		path, fault);
	return -EBADMSG;
}

static int fail_errno(struct strbuf *why, const char *path)
{
	int r = -errno;

	return fail_opening(why, path, r, strerror(-r));
}

static int fail_locked(struct strbuf *why, const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	_cleanup_free_ char *reason = NULL;
	int r, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	r = fd < 0 ? -1 : fcntl(fd, F_GETLK, &lock);
	if (fd >= 0)
		close(fd);
	if (r < 0 || lock.l_type == F_UNLCK || lock.l_pid <= 0)
		return fail_opening(why, path, -EBUSY, "it is in use by another process");
	reason = xasprintf("it is in use by process %ld", (long)lock.l_pid);
	return fail_opening(why, path, -EBUSY, reason);
}

/* The errno behind an I/O error, or 0. SQLite 3.40 keeps that of a failed COMMIT per file only. */
static int get_errno(const struct store_file *file)
{
	sqlite3_file *log = NULL;
	int number = 0;

	sqlite3_file_control(file->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
	if (log && log->pMethods)
		log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &number);
	if (number == 0)
		sqlite3_file_control(file->db, "main", SQLITE_FCNTL_LAST_ERRNO, &number);
	return number;
}

int store_file_fail(const struct store_file *file, struct strbuf *why)
{
	int code = sqlite3_errcode(file->db) & 0xff, number = sqlite3_system_errno(file->db);

	if (code == SQLITE_IOERR && number == 0)
		number = get_errno(file);

	switch (code) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return fail_locked(why, file->path);
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
		if (number > 0)
			return fail_opening(why, file->path, -number, strerror(number));
		return fail_opening(why, file->path, -EIO, sqlite3_errmsg(file->db));
	case SQLITE_FULL:
		return fail_opening(why, file->path, -ENOSPC, strerror(ENOSPC));
	case SQLITE_ERROR:
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_TOOBIG:
		return store_file_fail_damaged(file->path, sqlite3_errmsg(file->db), why);
	}
	return fail_opening(why, file->path, -EIO, sqlite3_errmsg(file->db));
}

static int store_file_exec(struct store_file *file, const char *sql)
{
	return sqlite3_exec(file->db, sql, NULL, NULL, NULL);
}

static int check_version(const char *path, int64_t version, struct strbuf *why)
{
	_cleanup_free_ char *reason = NULL;

	if (version < 1)
		return store_file_fail_damaged(path, "it has no version", why);
	if (version <= STORE_VERSION)
		return 0;
	reason = xasprintf(
		"it is of version %lld, and this mmfs knows up to %d: a newer one is needed",
		(long long)version, STORE_VERSION);
	return fail_opening(why, path, -EBADMSG, reason);
}

static uint32_t get_number(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
		bytes[3];
}

static int check_header(const char *path, int fd, struct strbuf *why)
{
	uint8_t header[HEADER_LEN];
	ssize_t len = pread(fd, header, sizeof(header), 0);

	if (len < 0)
		return fail_errno(why, path);
	if (len < HEADER_LEN || memcmp(header, "SQLite format 3", 16) != 0 ||
		get_number(header + HEADER_APPLICATION) != STORE_APPLICATION)
		return fail_opening(why, path, -EBADMSG, "it is not a database of mmfs");
	return check_version(path, (int32_t)get_number(header + HEADER_VERSION), why);
}

/* Who can write to it gives names, and options for mounting, as whoever runs the daemon. */
static int fail_writable(struct strbuf *why, const char *path)
{
	strbuf_add_format(why,
		"cannot open database %s: others can write to it (chmod go-w it, and chown it to "
		"who runs mmfs)",
		path);
	return -EPERM;
}

/* Everything that can be told without SQLite, which might already write. */
static int inspect(const char *path, struct strbuf *why)
{
	struct stat st;
	int r, fd;

	if (stat(path, &st) < 0)
		return fail_errno(why, path);
	if (S_ISDIR(st.st_mode))
		return fail_opening(why, path, -EISDIR, strerror(EISDIR));
	if (!S_ISREG(st.st_mode))
		return fail_opening(why, path, -EBADMSG, "it is not a regular file");
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || st.st_mode & (S_IWGRP | S_IWOTH))
		return fail_writable(why, path);
	if (st.st_size == 0)
		return store_file_fail_damaged(path, "it is empty", why);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return fail_errno(why, path);
	r = check_header(path, fd, why);
	close(fd);
	return r;
}

static const char *get_log_path(const struct store_file *file)
{
	return sqlite3_filename_wal(sqlite3_db_filename(file->db, "main"));
}

/* Opens the connection; nothing is read or locked yet. */
static int open_connection(struct store_file *file, const char *path, struct strbuf *why)
{
	static const int settings[][2] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
		{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
		{ SQLITE_DBCONFIG_ENABLE_FKEY, 1 },
		{ SQLITE_DBCONFIG_DQS_DDL, 0 },
		{ SQLITE_DBCONFIG_DQS_DML, 0 },
		{ SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 },
	};
	/* Not "file:…" or ":memory:", which mean something else to SQLite. */
	_cleanup_free_ char *name = xasprintf("%s%s", *path == '/' ? "" : "./", path);
	int code = sqlite3_open_v2(name, &file->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

	if (!file->db)
		return fail_opening(why, file->path, -ENOMEM, strerror(ENOMEM));
	for (size_t i = 0; code == SQLITE_OK && i < ARRAY_SIZE(settings); i++)
		code = sqlite3_db_config(file->db, settings[i][0], settings[i][1], NULL);
	sqlite3_limit(file->db, SQLITE_LIMIT_LENGTH, STORE_TEXT_MAX);
	sqlite3_limit(file->db, SQLITE_LIMIT_ATTACHED, 0);
	return code == SQLITE_OK ? 0 : store_file_fail(file, why);
}

/* Runs a query of one value. A number, or a text to add to `text`. SQLite's codes. */
static int query(struct store_file *file, const char *sql, int64_t *ret_number, struct strbuf *text)
{
	struct sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(file->db, sql, -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW && ret_number)
		*ret_number = sqlite3_column_int64(statement, 0);
	if (code == SQLITE_ROW && text && sqlite3_column_text(statement, 0))
		strbuf_add_text(text, (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	return code == SQLITE_ROW ? SQLITE_OK : code;
}

/*
 * Takes the lock, for as long as the file is open: in this mode the first access does. (A file
 * without log is locked against writers only, until it is adopted.) It has to be one that reads:
 * even BEGIN EXCLUSIVE mends a wrong length in the header.
 */
static int take_lock(struct store_file *file, struct strbuf *why)
{
	const char *log = get_log_path(file);
	bool had_log = access(log, F_OK) == 0;
	struct stat st;
	int code;

	if (store_file_exec(file, "PRAGMA locking_mode = EXCLUSIVE") != SQLITE_OK ||
		store_file_exec(file, "PRAGMA cell_size_check = ON") != SQLITE_OK ||
		store_file_exec(file, "PRAGMA temp_store = MEMORY") != SQLITE_OK)
		return store_file_fail(file, why);
	code = store_file_exec(file, "PRAGMA schema_version") & 0xff;
	/*
	 * With the lock no other process uses the log, so an empty one is from that statement. It
	 * has the lock also when it then found the file to be damaged.
	 */
	file->has_lock = code != SQLITE_BUSY && code != SQLITE_LOCKED && code != SQLITE_CANTOPEN &&
		code != SQLITE_IOERR;
	file->log_len = stat(log, &st) == 0 && (had_log || st.st_size) ? st.st_size : -1;
	if (code != SQLITE_OK || store_file_exec(file, "PRAGMA synchronous = FULL") != SQLITE_OK ||
		store_file_exec(file, "PRAGMA cache_size = " START_CACHE) != SQLITE_OK)
		return store_file_fail(file, why);
	if (sqlite3_db_readonly(file->db, "main"))
		return fail_opening(why, file->path, -EROFS, strerror(EROFS));
	return 0;
}

/*
 * Compares tables with their indexes, but for those of the links, of which there may be many:
 * store_rows.c does that. Adds a first fault to `verdict`, which is "ok" so far.
 */
static int check_tables(struct store_file *file, struct strbuf *verdict)
{
	static const char sql[] =
		"SELECT fault.integrity_check"
		"	FROM sqlite_schema AS item, pragma_integrity_check(item.name) AS fault"
		"	WHERE item.type = 'table' AND item.name <> 'links'"
		"		AND fault.integrity_check <> 'ok'";
	_cleanup_strbuf_ struct strbuf fault = STRBUF_INIT;
	int code = query(file, sql, NULL, &fault);

	if (fault.len) {
		strbuf_reset(verdict);
		strbuf_add_text(verdict, strbuf_text(&fault));
	}
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* Judges the file as SQLite sees it, with what is in the log. */
static int check(struct store_file *file, struct strbuf *why)
{
	_cleanup_strbuf_ struct strbuf verdict = STRBUF_INIT;
	int64_t application = 0, version = 0;
	int r;

	if (query(file, "PRAGMA application_id", &application, NULL) != SQLITE_OK ||
		query(file, "PRAGMA user_version", &version, NULL) != SQLITE_OK)
		return store_file_fail(file, why);
	if (application != STORE_APPLICATION)
		return fail_opening(why, file->path, -EBADMSG, "it is not a database of mmfs");
	r = check_version(file->path, version, why);
	if (r < 0)
		return r;
	if (query(file, "PRAGMA quick_check(1)", NULL, &verdict) != SQLITE_OK ||
		check_tables(file, &verdict) != SQLITE_OK)
		return store_file_fail(file, why);
	if (strcmp(strbuf_text(&verdict), "ok") != 0) {
		for (char *c = verdict.data; c && *c; c++)
			if (*c == '\n')
				*c = ' ';
		return store_file_fail_damaged(file->path, strbuf_text(&verdict), why);
	}
	if (version < STORE_VERSION && store_schema_migrate(file->db, (int)version) != SQLITE_OK)
		return store_file_fail(file, why);
	return 0;
}

static char *get_folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return xstrdup(".");
	return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

static int sync_folder(const char *folder)
{
	int r, fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	r = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return r;
}

/* Makes a folder and those above it that are missing, all durable. */
static int make_folder(const char *folder, mode_t mode)
{
	_cleanup_free_ char *parent = get_folder(folder);
	int r;

	if (mkdir(folder, mode) < 0) {
		if (errno == EEXIST)
			return 0;
		if (errno != ENOENT || strcmp(parent, folder) == 0)
			return -errno;
		r = make_folder(parent, 0755);
		if (r < 0)
			return r;
		if (mkdir(folder, mode) < 0 && errno != EEXIST)
			return -errno;
	}
	return sync_folder(parent);
}

/* Makes the tables in an empty file that nobody else knows of. */
static int fill(const char *path, const char *temporary, int fd, struct strbuf *why)
{
	struct store_file file = { .path = (char *)path }; /* for messages */
	int r = open_connection(&file, temporary, why);

	/* Without a journal on disk a failure leaves one file to remove. */
	if (r == 0 &&
		(store_file_exec(&file, "PRAGMA journal_mode = MEMORY") != SQLITE_OK ||
			store_file_exec(&file, "PRAGMA encoding = 'UTF-8'") != SQLITE_OK ||
			store_schema_migrate(file.db, 0) != SQLITE_OK ||
			store_schema_commit(file.db) != SQLITE_OK))
		r = store_file_fail(&file, why);
	sqlite3_close(file.db);
	if (r == 0 && fsync(fd) < 0)
		r = fail_errno(why, path);
	return r;
}

/* Unless somebody has made one by now. Not every file system has hard links, or this rename. */
static int put_in_place(const char *temporary, const char *path)
{
	if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0 ||
		errno == EEXIST)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	return link(temporary, path) < 0 && errno != EEXIST ? -errno : 0;
}

static int create(const char *path, struct strbuf *why)
{
	_cleanup_free_ char *folder = get_folder(path), *temporary = xasprintf("%s.XXXXXX", path);
	int r = make_folder(folder, 0700), fd;

	if (r < 0)
		return fail_opening(why, path, r, strerror(-r));
	fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
	if (fd < 0)
		return fail_errno(why, path);
	crash_point("store:create");
	r = fill(path, temporary, fd, why);
	if (r == 0) {
		r = put_in_place(temporary, path);
		if (r < 0)
			fail_opening(why, path, r, strerror(-r));
	}
	crash_point("store:link");
	unlink(temporary);
	close(fd);
	if (r == 0) {
		r = sync_folder(folder);
		if (r < 0)
			fail_opening(why, path, r, strerror(-r));
	}
	return r;
}

/* A log or journal whose database is gone would be played into a new one. */
static int check_no_remains(const char *path, struct strbuf *why)
{
	static const char *const endings[] = { "-wal", "-journal" };

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		_cleanup_free_ char *remains = xasprintf("%s%s", path, endings[i]);

		if (access(remains, F_OK) < 0)
			continue;
		strbuf_add_format(why,
			"cannot open database %s: it is gone, but %s is there (to start anew, "
			"remove that)",
			path, remains);
		return -EBADMSG;
	}
	return 0;
}

int store_file_init(struct store_file *file, const char *path, struct strbuf *why)
{
	int r = 0;

	*file = (struct store_file){ .path = xstrdup(path) };
	if (access(path, F_OK) < 0 && errno == ENOENT) {
		r = check_no_remains(path, why);
		if (r == 0)
			r = create(path, why);
	}
	if (r == 0)
		r = inspect(path, why);
	if (r == 0)
		r = open_connection(file, path, why);
	if (r == 0)
		r = take_lock(file, why);
	if (r == 0)
		r = check(file, why);
	if (r < 0)
		store_file_fini(file);
	return r;
}

/* As it was found, while the lock is held: later it could be another's. */
static void restore_log(struct store_file *file)
{
	const char *log = get_log_path(file);
	struct stat st;

	store_file_exec(file, "ROLLBACK"); /* if anything was begun */
	if (file->log_len < 0)
		unlink(log);
	else if (stat(log, &st) == 0 && st.st_size > file->log_len &&
		truncate(log, file->log_len) < 0)
		return; /* nobody reads what lies behind its end */
}

void store_file_fini(struct store_file *file)
{
	if (file->db && file->has_lock && !file->is_written)
		restore_log(file);
	sqlite3_close(file->db);
	free(file->path);
	*file = (struct store_file){ 0 };
}

int store_file_adopt(struct store_file *file, struct strbuf *why)
{
	_cleanup_strbuf_ struct strbuf mode = STRBUF_INIT;
	_cleanup_free_ char *limit = xasprintf("PRAGMA journal_size_limit = %d", STORE_LOG_SIZE);

	if (!sqlite3_get_autocommit(file->db) && store_schema_commit(file->db) != SQLITE_OK)
		return store_file_fail(file, why);
	file->is_written = true;
	/* A copy made by VACUUM INTO has a rollback journal instead of a log. */
	if (query(file, "PRAGMA journal_mode = WAL", NULL, &mode) != SQLITE_OK)
		return store_file_fail(file, why);
	if (strcmp(strbuf_text(&mode), "wal") != 0)
		return fail_opening(why, file->path, -EIO, "it cannot have a write-ahead log");
	if (store_file_exec(file, "PRAGMA cache_size = " CACHE) != SQLITE_OK ||
		store_file_exec(file, limit) != SQLITE_OK ||
		sqlite3_db_config(file->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL) != SQLITE_OK)
		return store_file_fail(file, why);
	store_log_extend(file);
	store_file_release_memory(file); /* what was read is not read again */
	file->is_adopted = true;
	return 0;
}

void store_file_release_memory(struct store_file *file)
{
	sqlite3_db_release_memory(file->db);
}

int store_file_begin(struct store_file *file)
{
	int is_moved = 0;

	/* Else it would go on writing into a file that was removed or replaced. */
	sqlite3_file_control(file->db, "main", SQLITE_FCNTL_HAS_MOVED, &is_moved);
	if (is_moved)
		return SQLITE_READONLY_DBMOVED;
	return store_file_exec(file, "BEGIN IMMEDIATE");
}

int store_file_commit(struct store_file *file)
{
	int code = store_file_exec(file, "COMMIT");

	if (code == SQLITE_OK)
		store_log_tend(file);
	return code;
}

int store_file_roll_back(struct store_file *file, int code, struct strbuf *why)
{
	const char *reason = sqlite3_errstr(code);
	int number = 0, r = -EIO;

	if (code == SQLITE_READONLY_DBMOVED)
		reason = "the file was moved or removed";
	else if ((code & 0xff) == SQLITE_FULL)
		number = ENOSPC;
	else if ((code & 0xff) == SQLITE_READONLY)
		number = EROFS;
	else if ((code & 0xff) == SQLITE_IOERR)
		number = get_errno(file);
	if (number == ENOSPC || number == EDQUOT)
		r = -ENOSPC;
	else if (number == EROFS)
		r = -EROFS;
	if (number > 0)
		reason = strerror(number);
	strbuf_add_format(why, "cannot write database %s: %s", file->path, reason);

	if (!sqlite3_get_autocommit(file->db))
		store_file_exec(file, "ROLLBACK");
	/*
	 * When it was the last fsync that failed, the log on disk holds the whole transaction: it
	 * would come back after a crash. Emptying the log forgets it.
	 */
	sqlite3_wal_checkpoint_v2(file->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	store_log_extend(file);
	return r;
}
