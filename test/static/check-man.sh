#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The manual page is sound mdoc, and says what the program says: the same control files with the same
# words, every mount option, every file of a volume's folder. The pages of the library have every function.
#
# Usage: check-man.sh ROOT MMFS		(MMFS: the binary)
#        check-man.sh --list MMFS		shows the list of control files as the page has it
set -eu

failed=0
fail()
{
	echo "contrib/man: $*" >&2
	failed=1
}

format_operations()
{
	local name usage help

	echo ".Bl -tag -width Ds"
	while IFS=$'\t' read -r name usage help; do
		printf '.It Pa %s\n.Dl %s\n%s\n' "$name" "${usage//\\/\\e}" "$help"
	done
	echo ".El"
}

check_operations() # MMFS PAGE
{
	diff --label "the page" --label "mmfs --operations" -u \
		<(sed -n '/operations: begin$/,/operations: end$/p' "$2" | sed '1d;$d') \
		<("$1" --operations | format_operations) >&2 ||
		fail "its list of control files is not that of the program"
}

# The options are in a table of options.c, the files in one of render.c.
check_names() # PAGE MACRO WHAT, names on stdin
{
	local name count=0

	while read -r name; do
		grep -qE "^\.It $2.* $name( |$)" "$1" || fail "does not have the $3 $name"
		count=$((count + 1))
	done
	[ "$count" -gt 5 ] || fail "the check finds no ${3}s in the sources"
}

# Each function of the library is on a page, and each page is about one.
check_functions()
{
	local name count=0

	while read -r name; do
		cat contrib/man/*.3 | grep -qE "^\.F[no] \"?$name( |$)" || fail "no page has $name()"
		cat contrib/man/*.3 | grep -qE "^\.Nm $name( ,)?$" || fail "no page is named $name"
		count=$((count + 1))
	done < <(sed -nE 's/^\t(mmfs_[a-z_]+);$/\1/p' src/lib/libmmfs.map)
	[ $count -gt 5 ] || fail "the check finds no functions in libmmfs.map"
}

# What depends on the manual pages that happen to be installed is no fault of ours.
check_syntax() # PAGE
{
	if mandoc -Tlint "$1" 2>/dev/null | grep -v 'STYLE: referenced manual not found' >&2; then
		fail "mandoc has something to say about $1"
	fi
}

if [ "$1" = --list ]; then
	"$2" --operations | format_operations
	exit
fi
mmfs=$(realpath "$2")
cd "$1"
page=contrib/man/mmfs.8
check_operations "$mmfs" "$page"
check_names "$page" Cm "mount option" \
	< <(sed -nE 's/^\t\[OPT_[A-Z]+\] = "(.*)",$/\1/p' src/daemon/options.c)
check_names "$page" Pa "file" \
	< <(sed -nE 's/^\t\{ "([a-z_.]+)", render_.*/\1/p' src/core/render.c)
check_functions
if command -v mandoc >/dev/null; then
	for page in contrib/man/*.[1-9]; do
		check_syntax "$page"
	done
elif [ $failed = 0 ]; then
	echo "mandoc is not installed" >&2
	exit 77
fi
exit $failed
