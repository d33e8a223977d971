# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the cases of mmctl share, on top of lib.sh.
#
#	mmctl ARG…		runs it on the case's mount. In the background use "$MMCTL" -m "$MM", of which $!
#				is the process
#	expect_exit CODE REGEX COMMAND…	it ends with CODE and says REGEX on stderr, in one line

MMCTL=$(realpath "${MMCTL:-${MMFS%/*}/mmctl}")

mmctl()
{
	"$MMCTL" -m "$MM" "$@"
}

expect_exit()
{
	local expected=$1 regex=$2 errors code=0

	shift 2
	errors=$(lib_try "$@" 2>&1 >/dev/null) || code=$?
	expect_equal "$expected" "$code" "the status of '$*', which said '$errors',"
	expect_match "$regex" "$errors" "what '$*' said"
	expect_match '^mmctl: ' "$errors" "what '$*' said"
	expect_equal 1 "$(wc -l <<<"$errors")" "the number of lines that '$*' said"
}
