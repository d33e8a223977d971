# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the cases of contrib/examples share, on top of lib.sh. An example that runs is the process $pid, and
# what it says is in $TMP/out.
#
#	$examples		where they are
#	start_example NAME ARG…
#	has_line REGEX		whether it has said such a line
#	is_reading PID NAME	whether it waits, with the open file NAME of the tree or a pipe of mmctl as its descriptor 3
#	stop_example [SIGNAL]	it must end with 0

examples=$(realpath "$(dirname "$0")/../../contrib/examples")
export MM
[ -x "$(dirname "$MMFS")/mmctl" ] || skip "there is no mmctl"
PATH=$(dirname "$MMFS"):$PATH

start_example()
{
	: >"$TMP/out" # before anybody looks for what the next one says
	"$examples/$1" "${@:2}" >"$TMP/out" 2>&1 </dev/null &
	pid=$!
}

has_line()
{
	grep -qE "$1" "$TMP/out"
}

is_reading()
{
	grep -qsE "$MM/$2|/tmp[./]" <(readlink "/proc/$1/fd/3") && [ "$(cat "/proc/$1/wchan")" != 0 ]
}

stop_example()
{
	kill "-${1-TERM}" "$pid"
	await_end "$pid"
	expect_equal 0 "$status" "the status after SIG${1-TERM}"
}
