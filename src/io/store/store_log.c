/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The size of the write-ahead log. It has its full size in advance, of zeros: a commit that makes a
 * file longer has to wait for what the filesystem writes about that, too, and on a full disk it
 * could not be. Where there is no room for that the log stays as it is, and is emptied often, so
 * that it does not take what the database needs; once there is room it is tried again.
 */

#include <sqlite3.h>
#include <sys/statvfs.h>

#include "io/store/store_log.h"

#define PAGES 500	  /* a checkpoint follows when the log has this many pages */
#define SMALL_PAGES 16	  /* where there is no room for that */
#define PIECE (64 * 1024) /* bytes; divides the size */
#define PAUSE 64 /* commits until it is tried again: there may be room, and a quota says no */

static int extend(struct store_file *file)
{
	static const char zeros[PIECE];
	sqlite3_int64 before, size;
	sqlite3_file *log = NULL;
	/* A transaction opens it. */
	int r = sqlite3_exec(file->db, "BEGIN IMMEDIATE; COMMIT", NULL, NULL, NULL);

	if (r != SQLITE_OK)
		return r;
	sqlite3_file_control(file->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
	if (!log || !log->pMethods)
		return SQLITE_OK;
	r = log->pMethods->xFileSize(log, &before);
	/* Who was killed may have written what was not on stable storage yet, and is there now. */
	if (r == SQLITE_OK && before)
		log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
	for (size = before; size < STORE_LOG_SIZE && r == SQLITE_OK; size += PIECE)
		r = log->pMethods->xWrite(log, zeros, PIECE, size);
	if (r != SQLITE_OK)
		log->pMethods->xTruncate(log, before);
	return r;
}

void store_log_extend(struct store_file *file)
{
	file->has_short_log = extend(file) != SQLITE_OK;
	file->log_pause = file->has_short_log ? PAUSE : 0;
	sqlite3_wal_autocheckpoint(file->db, file->has_short_log ? SMALL_PAGES : PAGES);
}

static bool has_room(const struct store_file *file)
{
	struct statvfs status;

	return statvfs(file->path, &status) == 0 &&
		status.f_bavail * (unsigned long long)status.f_frsize >= 2ull * STORE_LOG_SIZE;
}

void store_log_tend(struct store_file *file)
{
	if (!file->has_short_log)
		return;
	if (file->log_pause)
		file->log_pause--;
	else if (has_room(file))
		store_log_extend(file);
}
