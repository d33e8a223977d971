#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# CHANGE_NOTIFY: blocking, many at once, by poll(2), interrupted, and at the end of the mount.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

make_image a 16M ext4
attach a 01
a=${LOOP}01
start_mmfs
binary=$(dirname "$MMFS")/test/fs/binary
waiter=$(dirname "$MMFS")/test/fs/binary-wait

says_waiting()
{
	grep -qx waiting "$TMP/said"
}
# Starts a client, and makes a change when it waits: with so many threads in a call, or in poll(2).
expect_told() # WHAT THREADS ARG…
{
	local what=$1 threads=$2 before

	shift 2
	before=$(epic)
	start "$@"
	await says_waiting
	[ "$threads" = 0 ] || await is_waiting "$pid" MountPointManager "$threads"
	request create_point "link=/DosDevices/$what device=$a"
	expect_end "waiting\|$before $((before + 1))" "$what"
}
start() # ARG…
{
	: >"$TMP/said"
	"$waiter" "$@" >"$TMP/said" &
	pid=$!
}
expect_end() # REGEX WHAT
{
	await_end "$pid"
	expect_equal 0 "$status" "$2: the status of the client"
	expect_match "^($1)\$" "$(paste -sd'|' "$TMP/said")" "$2"
}
call()
{
	"$binary" call "ro:$MM" "$@" | paste -sd'|'
}

now=$(epic)
expect_equal "SUCCESS 4|$now" "$(call CHANGE_NOTIFY 4 epic=0)" "who knows nothing"
expect_equal "SUCCESS 4|$now" "$(call CHANGE_NOTIFY 4 epic=$((now + 7)))" "who knows another number"
expect_equal "INVALID_PARAMETER 0" "$(call CHANGE_NOTIFY 3 epic=0)" "no room"
expect_equal "INVALID_PARAMETER 0" "$(call CHANGE_NOTIFY 4 raw z3)" "no number"
expect_equal "PENDING 0" "$(call CHANGE_NOTIFY 4 nonblock "epic=$now")" "O_NONBLOCK"

expect_told one 1 threads "$MM" 1
expect_told many 200 threads "$MM" 200
expect_told poll 0 poll "$MM"
start wait "$MM"
await says_waiting
await is_waiting "$pid" MountPointManager
kill -USR1 "$pid"
expect_end 'waiting\|EINTR' "after a signal"

# Answers that are longer than an ioctl carries do not get mixed up on one descriptor.
seq -f "link=/DosDevices/n%04.0f device=$a" 1000 >"$TMP/lines"
cat "$TMP/lines" >"$CTL/create_point"
expect_equal "$(wc -l <"$MM/points")" "$(timeout 100 "$waiter" lists "$MM" 8)" "lists at once"

# The kernel passes on an end in its own way: what counts is that nobody is left behind.
start wait "$MM"
await says_waiting
await is_waiting "$pid" MountPointManager
kill -TERM "$mmfs_pid"
await_end "$mmfs_pid"
expect_end 'waiting\|(ENODEV|ENOTCONN|ECONNABORTED)' "at the end"
