#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the core calls: nothing of the libraries, and nothing of libc that reaches outside the process
# or gives two answers to the same question. Usage: check-symbols.sh LIBCORE
set -eu

symbols=$(nm --undefined-only --format=posix "$1" | awk 'NF >= 2 { print $1 }' | sort -u)
[ "$(echo "$symbols" | grep -c '^map_find$')" = 1 ] || {
	echo "$1: nm does not show what it calls" >&2
	exit 1
}
libraries='sqlite3_.*|fuse_.*|udev_.*|blkid_.*|mnt_.*|seccomp_.*|pthread_.*|sd_.*'
descriptors='open|open64|openat.*|read|pread.*|write|pwrite.*|close|ioctl|stat.*|fstat.*|lstat.*|socket'
descriptors="$descriptors|fopen.*|fdopen|fread|fwrite|fputs|puts|printf|fprintf|opendir|readdir.*"
surprises='time|gettimeofday|clock.*|localtime.*|mktime|random|rand|getrandom|getenv|secure_getenv'
surprises="$surprises|setlocale|getpid|getuid|syslog|log_write|exit|_exit|fork|system|popen"
if echo "$symbols" | grep -xE "$libraries|$descriptors|$surprises" >&2; then
	echo "$1: the core may not call the above" >&2
	exit 1
fi
