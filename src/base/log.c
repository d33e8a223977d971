/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Four levels, one line each. A daemon in the background has nobody at its stderr and writes to
 * syslog. Where stderr is a stream to the journal, lines begin with the level as that wants it.
 */

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log.h"
#include "base/strbuf.h"

static const char *log_program = "mmfs";
static enum log_level log_max = LOG_LEVEL_INFO;
static bool log_to_syslog;
static bool log_to_journal;

/* The variable says which stream leads to the journal: who inherits it may have another stderr. */
static bool is_journal(int fd)
{
	const char *text = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	return text && sscanf(text, "%llu:%llu", &device, &inode) == 2 && fstat(fd, &status) == 0 &&
		status.st_dev == device && status.st_ino == inode;
}

void log_init(const char *program, bool use_syslog)
{
	log_program = program;
	log_to_syslog = use_syslog;
	log_to_journal = is_journal(STDERR_FILENO);
	if (use_syslog)
		openlog(program, LOG_PID, LOG_DAEMON);
}

void log_set_level(enum log_level max)
{
	log_max = max;
}

void log_write(enum log_level level, const char *format, ...)
{
	_cleanup_free_ char *raw = NULL;
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;
	va_list args;

	if (level > log_max)
		return;
	va_start(args, format);
	raw = xvasprintf(format, args);
	va_end(args);
	strbuf_add_printable(&line, raw);

	if (log_to_syslog)
		syslog((int)level, "%s", strbuf_text(&line));
	else if (log_to_journal)
		fprintf(stderr, "<%d>%s\n", (int)level, strbuf_text(&line));
	else
		fprintf(stderr, "%s: %s\n", log_program, strbuf_text(&line));
}
