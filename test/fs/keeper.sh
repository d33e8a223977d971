#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two processes: the server dies, and another one goes on, see takeover.sh; the keeper dies, and the
# server unmounts and ends.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

make_image a 1M swap "$(number_uuid 1)"
attach a 00

start_in() # foreground|background [OPTION…]
{
	local way=$1 options=db=$DB,devices=$DEVICES

	shift
	if [ "$way" = foreground ]; then
		run_mmfs -f -o "$options" "$@" "$MM" </dev/null >>"$LOG" 2>&1 &
		mmfs_pid=$!
		await_mount
	else
		(run_mmfs -o "$options" "$@" "$MM" </dev/null)
		mmfs_pid=$(find_keeper "devices=${LOOP#/dev/}")
	fi
	server=$(server_pid)
	expect_match "$(number_uuid 1)" "$(points)" "points"
}

expect_ended() # WHEN
{
	local began=${EPOCHREALTIME/./} took

	await lib_is_ended "$server"
	await lib_is_ended "$mmfs_pid"
	took=$(((${EPOCHREALTIME/./} - began) / 1000))
	echo "$1: gone after $took ms"
	await no_daemons
	expect_equal 0 "$(count_mounts)" "the number of mounts after $1"
	[ "$took" -lt "$(plain_or_sanitized 3000 9000)" ] || fail "the end after $1 took $took ms"
}

has_another_server() # THAN
{
	[[ $(cat "$CTL/server_pid") != "$1" ]]
}

for way in foreground background; do
	start_in $way
	exec {held}<"$MM/points"
	kill -KILL "$mmfs_pid"
	expect_ended "SIGKILL for the keeper ($way)"
	exec {held}<&-
	mmfs_pid=

	start_in $way -o auto_unmount
	kill -KILL "$mmfs_pid"
	expect_ended "SIGKILL for the keeper ($way, auto_unmount)"
	mmfs_pid=
done

is_pausing() # KEEPER
{
	local server

	server=$(pgrep -P "$1") && grep -qs nanosleep "/proc/$server/task/"*/wchan
}

is_served_by() # KEEPER FOLDER
{
	[ "$(cat "$2/control/server_pid" 2>/dev/null)" = "$(pgrep -P "$1")" ]
}

# Who starts mmfs anew at once waits until the killed one's server has gone: for the folder and the
# database, or for the database alone.
mkdir "$TMP/other"
for folder in "$MM" "$TMP/other"; do
	start_in background
	first=$mmfs_pid
	run_mmfs -f -o "db=$DB,devices=$DEVICES" "$folder" </dev/null >>"$LOG" 2>&1 &
	mmfs_pid=$!
	await is_pausing "$mmfs_pid"
	kill -KILL "$first"
	await is_served_by "$mmfs_pid" "$folder"
	umount "$folder"
	await_end "$mmfs_pid"
	expect_equal 0 "$status" "the status of the one that waited for $folder"
	mmfs_pid=
done

# Told to end itself, the server ends well, and its keeper with it.
start_in foreground
kill -TERM "$server"
await_end "$mmfs_pid"
expect_equal 0 "$status" "the status after SIGTERM for the server"
expect_ended "SIGTERM for the server"
mmfs_pid=

# That nobody reads what it says is no reason to end; nor is Ctrl-\, which both processes get.
run_mmfs -f -o "db=$DB,devices=$DEVICES" "$MM" </dev/null 2> >(:) &
mmfs_pid=$!
await_mount
server=$(server_pid)
kill -KILL "$server"
await has_another_server "$server"
expect_match "$(number_uuid 1)" "$(points)" "points"
stop_mmfs

env --default-signal=QUIT "$MMFS" -o "db=$DB,devices=$DEVICES" "$MM" </dev/null
mmfs_pid=$(find_keeper "devices=${LOOP#/dev/}")
server=$(server_pid)
kill -QUIT -- "-$mmfs_pid"
expect_ended "SIGQUIT for both"
mmfs_pid=

# As the first process of a container it is the parent of all that have lost theirs.
unshare --pid --fork "$MMFS" -f -o "db=$DB,devices=$DEVICES" "$MM" </dev/null >>"$LOG" 2>&1 &
mmfs_pid=$!
await_mount
keeper=$(pgrep -P "$mmfs_pid")
server=$(server_pid "$keeper")
helper=$(prober_pid "$keeper")
kill -KILL "$helper"
await lib_is_ended "$helper"
echo 1 >"$CTL/settle"
has_one_child()
{
	[ "$(pgrep -P "$keeper")" = "$server" ]
}
await has_one_child
stop_mmfs

# A keeper that ended while its server could not notice: it does so later.
start_in foreground
kill -STOP "$server"
kill -KILL "$mmfs_pid"
await_end "$mmfs_pid"
kill -CONT "$server"
expect_ended "SIGKILL for the keeper of a server that stood still"
mmfs_pid=

# A server that stands still is ended, if there is a watchdog, and another one goes on; meanwhile systemd
# hears from the keeper, and of the servers nothing.
: >"$TMP/messages"
WATCHDOG_USEC=300000 "$helpers/await-ready" "$TMP/watchdog" 20 "$MMFS" -f -o "db=$DB,devices=$DEVICES" "$MM" \
	</dev/null >"$TMP/messages" 2>>"$LOG" &
waiter=$!
await grep -qx WATCHDOG=1 "$TMP/messages"
mmfs_pid=$(sed -n 's/^pid //p' "$TMP/messages")
server=$(server_pid)
kill -STOP "$server"
await has_another_server "$server"
expect_match "$(number_uuid 1)" "$(points)" "points"
signs=$(grep -c WATCHDOG "$TMP/messages")
has_more_signs()
{
	[ "$(grep -c WATCHDOG "$TMP/messages")" -gt "$signs" ]
}
await has_more_signs
kill -TERM "$mmfs_pid"
code=0
wait "$waiter" || code=$?
expect_equal 0 "$code" "the status of the service whose server stood still"
expect_equal "" "$(sed '1,/^MAINPID=/d;/^WATCHDOG=1$/d;/^STOPPING=1$/d' "$TMP/messages")" "what else systemd was told"
expect_match "the server stands still" "$(cat "$LOG")" "the log"
mmfs_pid=
expect_equal 0 "$(count_mounts)" "the number of mounts"
await no_daemons

# A reload does not take back that it was told to end.
start_in foreground
kill -STOP "$server"
kill -TERM "$mmfs_pid"
has_got() # BIT
{
	local pending

	pending=$(sed -n 's/^ShdPnd:\t//p' "/proc/$server/status")
	((16#$pending >> ($1 - 1) & 1))
}
await has_got 15
kill -HUP "$mmfs_pid"
await has_got 1
kill -KILL "$server"
expect_ended "SIGKILL for a server that was told to end"
mmfs_pid=
sed -i '/the server has died/d' "$LOG" # which would be suspicious
