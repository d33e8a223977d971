#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# No two files of mmfs need each other, not even by way of others: told from what their object files define
# and use. Usage: check-circles.sh ARCHIVE|FOLDER…: archives, and folders with object files
set -eu

list_symbols()
{
	local from

	for from; do
		if [ -d "$from" ]; then
			nm -A "$from"/*.o
		else
			nm -A "$from"
		fi
	done
}

# tsort(1) puts what is used behind who uses it, and says so where there is no such order.
loops=$(list_symbols "$@" | awk '
	{
		file = $1
		sub(/:[0-9a-f]*$/, "", file)
		sub(/.*[\/:]/, "", file)
	}
	$2 == "U" { users[++count] = file; used[count] = $3; next }
	$2 ~ /^[A-Z]$/ { home[$3] = file }
	END {
		for (i = 1; i <= count; i++)
			if (used[i] in home && home[used[i]] != users[i])
				print users[i], home[used[i]]
	}' | sort -u | tsort 2>&1 >/dev/null) || true
[ -z "$loops" ] || {
	echo "files that need each other:" >&2
	echo "$loops" >&2
	exit 1
}
