#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# CHANGE_NOTIFY: blocking, many at once, by poll(2), interrupted, and at the end of the mount.
. "$(dirname "$0")/lib.sh"

make_image a 16M ext4
attach a 01
a=${LOOP}01
start_mmfs
binary=$(dirname "$MMFS")/test/fs/binary
waiter=$(dirname "$MMFS")/test/fs/binary-wait

is_waiting()
{
	grep -qx waiting "$TMP/said"
}
# Starts a client, and makes a change when it waits.
expect_told() # WHAT ARG…
{
	local what=$1 before pid

	shift
	before=$(epic)
	: >"$TMP/said"
	timeout 30 "$waiter" "$@" >"$TMP/said" &
	pid=$!
	await is_waiting
	[ "$1" = poll ] || sleep 0.2 # the threads are on their way into the kernel
	request create_point "link=/DosDevices/$what device=$a"
	wait "$pid" || fail "$what: the client failed"
	expect_equal "waiting|$before $((before + 1))" "$(paste -sd'|' "$TMP/said")" "$what"
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

expect_told one threads "$MM" 1
expect_told many threads "$MM" 200
expect_told poll poll "$MM"
expect_equal EINTR "$(timeout 30 "$waiter" signal "$MM")" "after a signal"

# Answers that are longer than an ioctl carries do not get mixed up on one descriptor.
seq -f "link=/DosDevices/n%04.0f device=$a" 1000 >"$TMP/lines"
cat "$TMP/lines" >"$CTL/create_point"
expect_equal "$(wc -l <"$MM/points")" "$(timeout 100 "$waiter" lists "$MM" 8)" "lists at once"

# The kernel passes on an end in its own way: what counts is that nobody is left behind.
timeout 30 "$waiter" end "$MM" >"$TMP/said" &
pid=$!
await is_waiting
sleep 0.2
kill -TERM "$mmfs_pid"
wait "$pid" || fail "the client of an ended mount failed"
await_end "$mmfs_pid"
expect_match "^waiting\|(ENODEV|ENOTCONN|ECONNABORTED)$" "$(paste -sd'|' "$TMP/said")" "at the end"
