/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Four levels, one line each. A daemon in the background has nobody at its stderr and writes to
 * syslog; under systemd ($JOURNAL_STREAM) lines carry the journal's level prefix.
 */

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

#include "base/log.h"
#include "base/strbuf.h"

static enum log_level log_max = LOG_LEVEL_INFO;
static bool log_to_syslog;
static bool log_to_journal;

void log_init(bool use_syslog)
{
	log_to_syslog = use_syslog;
	log_to_journal = getenv("JOURNAL_STREAM") != NULL;
	if (use_syslog)
		openlog("mmfs", LOG_PID, LOG_DAEMON);
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
		fprintf(stderr, "mmfs: %s\n", strbuf_text(&line));
}
