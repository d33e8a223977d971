#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What libmmfs promises to programs: its symbols with their versions, its name, and no library beside
# libc. A symbol on the list is never taken off; one that is new gets a new version in libmmfs.map.
# Usage: check-abi.sh ROOT LIBMMFS
set -eu

list=$1/test/static/libmmfs.symbols
failed=0
fail()
{
	echo "$*" >&2
	failed=1
}

diff --label recorded --label "$2" -u "$list" \
	<(nm --dynamic --defined-only --with-symbol-versions --format=posix "$2" |
		awk '{ print $1, $2 }' | LC_ALL=C sort) >&2 ||
	fail "libmmfs does not have the symbols that it had"
dynamic=$(readelf --dynamic --wide "$2")
[ "$(grep -o 'soname: .*' <<<"$dynamic")" = "soname: [libmmfs.so.0]" ] || fail "libmmfs.so.0 is not its name"
needed=$(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' <<<"$dynamic")
[ "$needed" = libc.so.6 ] || fail "it needs more than libc: $needed"
exit $failed
