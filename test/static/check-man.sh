#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The manual pages are sound mdoc, and say what the program says: mmfs-control(7) the same operations,
# keys, flags, errors, events and files, and no others; mmfs(8) every mount option. The pages of the
# library have every function, as it is declared, every control code and every status.
#
# Usage: check-man.sh ROOT MMFS		(MMFS: the binary)
#        check-man.sh --list MMFS		shows how each operation begins in mmfs-control(7)
set -eu

failed=0
fail()
{
	echo "contrib/man: $*" >&2
	failed=1
}

# --- mmfs-control(7) -------------------------------------------------------------------------------

format_operations()
{
	local kind name usage help flags keys errors

	"$mmfs" --operations | while IFS=$'\t' read -r kind name usage help flags keys errors; do
		[ "$kind" = operation ] || continue
		printf '%s\n' ".Ss $name" ".Dl ${usage//\\/\\e}" "$help" .Pp \
			".Bl -tag -width Errors -compact" .It\ Keys "$keys" .It\ Flags "$flags" \
			.It\ Errors "$errors" .El
	done
}

section() # TITLE [PAGE]
{
	awk -v title=".Sh $1" '/^\.Sh / { is_in = $0 == title; next } is_in' "${2-$control}"
}

# Each line behind the name of its operation, whatever their order.
name_lines()
{
	awk '/^\.Ss / { name = $2 } name { print name "\t" $0 } /^\.El/ { name = "" }' |
		LC_ALL=C sort --stable -t $'\t' -k 1,1
}

# One column of the rows of one kind, a word per line.
table() # KIND COLUMN
{
	awk -F '\t' -v kind="$1" -v column="$2" '$1 == kind { print $column }' <<<"$interface"
}

expect_same() # WHAT PAGE-WORDS PROGRAM-WORDS
{
	diff --label "the page" --label "mmfs --operations" -u <(sort "$2") <(sort -u "$3") >&2 ||
		fail "the $1 are not those of the program"
}

check_control()
{
	diff --label "$control" --label "mmfs --operations" -u \
		<(section OPERATIONS | name_lines) <(format_operations | name_lines) >&2 ||
		fail "the operations are not those of the program"
	expect_same keys <(section REQUESTS | sed -nE 's/^\.It Cm ([a-z]+) Ns = .*/\1/p') <(table key 2)
	expect_same flags <(section OPERATIONS | sed -nE 's/^\.It Cm ([a-z-]+)$/\1/p') <(table flag 2)
	expect_same files <(section "THE TREE" | sed -n 's/^\.It Pa //p') \
		<(table file 2 | sed 's,^ids/ID/,,')
	expect_same events <(section WAITING | sed -nE '/^\.It Li /{ N; s/^\.It Li (.*)\n\.Dl /\1: /p }') \
		<(awk -F '\t' '$1 == "event" { print $2 ": " $3 }' <<<"$interface")
	expect_same errors <(section "ERRORS OF REQUESTS" | sed -n 's/^\.It Bq Er //p') \
		<({ table operation 7 && table errors 3; } | tr ' ' '\n' | grep -vx -- -)
}

# What is spoken of anywhere: files in control/, errors.
check_mentions()
{
	local word

	while read -r word; do
		table operation 2 | grep -qx "$word" || fail "there is no control/$word"
	done < <(grep -rhoE '\bcontrol/[a-z_]+' contrib/{man,examples,completions,quickstart} README.md | sed 's,control/,,' | sort -u)
	while read -r word; do
		section "ERRORS OF REQUESTS" | grep -qx "\.It Bq Er $word" ||
			fail "mmfs-control(7) does not list $word"
	done < <(grep -oE '\bE[A-Z]{3,}\b' <(sed -n 's/^\.Er //p' "$control") | sort -u)
}

# --- mmfs(8) ---------------------------------------------------------------------------------------

# The options are in a table of options.c.
check_options()
{
	local name count=0

	while read -r name; do
		grep -qE "^\.It Cm.* $name( |$)" contrib/man/mmfs.8 || fail "mmfs(8) does not have the option $name"
		count=$((count + 1))
	done < <(sed -nE 's/^\t\[OPT_[A-Z]+\] = "(.*)",$/\1/p' src/daemon/options.c)
	[ $count -gt 5 ] || fail "the check finds no options in options.c"
	while read -r name; do
		grep -qF "\"$name\"" src/daemon/options.c || fail "mmfs(8) has the option $name, which there is not"
	done < <(section OPTIONS contrib/man/mmfs.8 | sed -n 's/^\.It Cm //p' | tr , '\n' |
		sed -nE 's/^ *([a-z_]+)( .*)?$/\1/p')
	expect_same "files of mmfs(8)" <(section "THE TREE" contrib/man/mmfs.8 | sed -n 's/^\.It Pa //p') \
		<(table file 2 | grep -v ^ids/ID)
}

# --- the library -----------------------------------------------------------------------------------

# Each function of the library is on a page, and in the name of one, and in the overview.
check_functions()
{
	local name count=0

	while read -r name; do
		cat contrib/man/*.3 | grep -qE "^\.F[no] \"?$name( |$)" || fail "no page has $name()"
		cat contrib/man/*.3 | grep -qE "^\.Nm $name( ,)?$" || fail "no page is named $name"
		grep -qE "^\.(It )?Fn $name( ,)?$" contrib/man/libmmfs.3 || fail "libmmfs(3) does not have $name()"
		count=$((count + 1))
	done < <(sed -nE 's/^([a-z_]+)@@.*/\1/p' test/static/libmmfs.symbols)
	[ $count -gt 5 ] || fail "the check finds no functions in libmmfs.symbols"
}

# What a synopsis declares, as C.
list_declarations() # PAGE
{
	section SYNOPSIS "$1" | awk '
		/^\.In / { print "#include <" $2 ">" }
		/^\.Ft / { type = substr($0, 5) }
		/^\.F[no] / {
			name = $2
			arguments = substr($0, index($0, name) + length(name) + 1)
			gsub(/" "/, ", ", arguments)
		}
		/^\.Fa / { arguments = arguments (arguments ? ", " : "") substr($0, 5) }
		/^\.F[nc]/ {
			gsub(/"/, "", arguments)
			print type " " name "(" arguments ");"
		}'
}

check_declarations()
{
	local page

	for page in contrib/man/*.3; do
		list_declarations "$page" | cc -Iinclude -Wall -Werror -fsyntax-only -x c - ||
			fail "$page declares something else than the headers"
	done
}

# Statuses and control codes, which are in tables, too.
check_binary()
{
	diff --label "contrib/man/libmmfs.3" --label src/base/nt_status.c -u \
		<(sed -nE 's/^\.It Dv (STATUS_[A-Z_]+) Ta (Er )?(.*)/\1 \3/p' contrib/man/libmmfs.3) \
		<(sed -nE 's/^\t\{ (STATUS_[A-Z_]+), (.*) \},$/\1 \2/p' src/base/nt_status.c) >&2 ||
		fail "libmmfs(3) has other statuses than the library"
	diff --label "contrib/man/mmfs_device_io_control.3" --label src/core/syntax/wire.c -u \
		<(sed -nE 's/^\.It ([A-Z_]+) Ta .*/\1/p' contrib/man/mmfs_device_io_control.3 | sort) \
		<(sed -nE 's/^\t\{ (CODE\(|IOCTL_MMFS_)([A-Z_]+)[,)].*/\2/p' src/core/syntax/wire.c | sort) >&2 ||
		fail "mmfs_device_io_control(3) has other codes than the program"
}

# --- all pages -------------------------------------------------------------------------------------

# What depends on the manual pages that happen to be installed is no fault of ours.
check_syntax() # PAGE
{
	if mandoc -Tlint "$1" 2>/dev/null | grep -v 'STYLE: referenced manual not found' >&2; then
		fail "mandoc has something to say about $1"
	fi
}

mmfs=$(realpath "$2")
if [ "$1" = --list ]; then
	format_operations
	exit
fi
cd "$1"
control=contrib/man/mmfs-control.7
interface=$("$mmfs" --operations)
check_control
check_mentions
check_options
check_functions
check_declarations
check_binary
if command -v mandoc >/dev/null; then
	for page in contrib/man/*.[1-9]; do
		check_syntax "$page"
	done
elif [ $failed = 0 ]; then
	echo "mandoc is not installed" >&2
	exit 77
fi
exit $failed
