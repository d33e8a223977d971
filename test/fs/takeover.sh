#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The server dies, and another one goes on: nobody notices more than a pause.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

unset MMFS_CRASH_ALL # it is the server alone that dies

for i in 1 2 3; do
	make_image "image-$i" 1M swap "$(number_uuid $i)"
done
attach image-1 00
attach image-2 01

has_another_server() # THAN
{
	[[ $(cat "$CTL/server_pid") != "$1" ]]
}

is_kernel() # AT-LEAST
{
	[ "$(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)" = "$1" ]
}

number_of_nodes()
{
	find "$MM/DosDevices" "$MM/Volumes" "$MM/ids" "$MM/devices" -printf '%i %p %l\n' | sort
}

kill_server() # SIGNAL
{
	server=$(server_pid)
	kill -"$1" "$server"
}

expect_another()
{
	await has_another_server "$server"
}

start()
{
	run_mmfs -f -o "db=$DB,devices=$DEVICES" "$@" "$MM" </dev/null >>"$LOG" 2>&1 &
	mmfs_pid=$!
	await_mount
}

# However it dies. A sanitizer takes SIGSEGV for a finding.
for signal in KILL $(plain_or_sanitized SEGV "") ABRT; do
	rm -f "$DB"*
	start
	ln -s "UUID=$(number_uuid 1)" "$MM/DosDevices/one"
	ln -s "UUID=$(number_uuid 2)" "$MM/DosDevices/two"
	before=$(number_of_nodes)
	exec {events}<"$MM/events" # of what was before nobody was told
	cd "$MM/DosDevices"
	kill_server "$signal"
	expect_equal "${LOOP}00" "$(readlink one)" "a link, asked for in the pause after SIG$signal"
	expect_equal "one two" "$(basename -a -- * | xargs)" "the folder that somebody stands in"
	expect_another
	expect_equal "$before" "$(number_of_nodes)" "the nodes after SIG$signal"
	ln -s "UUID=$(number_uuid 2)" three
	expect_equal "one three two" "$(basename -a -- * | xargs)" "the folder after a change"
	read -r -t 10 -u "$events" line || fail "a reader of events is told of nothing"
	[[ $line == *'"event":"link-created","link":"/DosDevices/three"'* ]] || fail "told of first: $line"
	exec {events}<&-
	kill_server "$signal"
	expect_equal "${LOOP}01" "$(readlink three)" "what was made in between"
	expect_another
	cd /
	expect_equal 1 "$(count_mounts)" "the number of mounts"
	stop_mmfs
done

# What happened in the pause is right at once: a disk that has gone, another at its node, one that came.
start
readlink "$MM/DosDevices/one" >/dev/null
! readlink "$MM/DosDevices/absent" || fail "there is such a name"
cat "$MM/points" >/dev/null
kill -STOP "$mmfs_pid" # no other one, so far
kill_server KILL
losetup -d "${LOOP}00"
await test ! -e "/sys/block/${LOOP#/dev/}00/loop/backing_file"
losetup "${LOOP}00" "$TMP/image-3"
kill -CONT "$mmfs_pid"
expect_another
settle
expect_equal "" "$(readlink "$MM/DosDevices/one" || true)" "the name of a disk that has gone"
expect_equal "UUID=$(number_uuid 3)" "$(basename "$(readlink "$MM/devices/${LOOP##*/}00")")" "who is at its node"
expect_equal "two" "$(basename -a "$MM/DosDevices/"t* | grep two)" "the names"
detach "${LOOP}00"
attach image-1 00
settle
expect_equal "${LOOP}00" "$(readlink "$MM/DosDevices/one")" "the name of the disk that is back"
stop_mmfs

# Look-ups without a pause, over several deaths: none fails. Nor is forgotten why a request did before.
start
for i in 1 2; do
	expect_refused EINVAL create_point "link=no/name$i device=${LOOP}00"
done
errors=$(cat "$CTL/error_log")
failed=$(metric mmfs_errors_total)
ask()
{
	local errors=0

	while [ ! -e "$TMP/enough" ]; do
		[ "$(readlink "$MM/DosDevices/one")" = "${LOOP}00" ] && stat "$MM/points" >/dev/null &&
			[ -n "$(ls "$MM/ids")" ] || errors=$((errors + 1))
	done
	echo "$errors" >"$TMP/errors-$1"
}
for i in 1 2; do
	ask $i 2>>"$TMP/said" &
done
for _ in 1 2 3 4; do
	kill_server KILL
	expect_another
done
: >"$TMP/enough"
wait_for_asking()
{
	[ -e "$TMP/errors-1" ] && [ -e "$TMP/errors-2" ]
}
await wait_for_asking
expect_equal "0 0" "$(cat "$TMP/errors-"? | xargs)" "how many calls failed: $(sort "$TMP/said" | uniq -c)"
expect_equal "$errors" "$(cat "$CTL/error_log")" "the log of failed requests"
expect_equal "$failed" "$(metric mmfs_errors_total)" "how many requests failed"

# The fifth within 30 s is the last.
kill_server KILL
await_end "$mmfs_pid"
mmfs_pid=
expect_equal 1 "$status" "the status after five ends"
expect_equal 0 "$(count_mounts)" "the number of mounts after five ends"
expect_match "as 5 did within 30 s: unmounting" "$(cat "$LOG")" "the log"

# What the servers share is damaged, with all that is in it: the mount stays, and what was under way is
# asked for again, by a kernel that can (6.9).
damage()
{
	head -c 4096 /dev/zero | tr '\0' '\245' |
		dd of="$(find "/proc/$mmfs_pid/fd" -lname '/memfd:mmfs*')" bs=4096 conv=notrunc status=none
}
# The first that goes on from there dies, too, once it has dropped what is not sound.
MMFS_CRASH_AT=,over:memory,,over:memory start
ln -s "UUID=$(number_uuid 2)" "$MM/DosDevices/lost"
readlink "$MM/DosDevices/"* "$MM/devices/"* >/dev/null
ls -R "$MM" >/dev/null
exec {held}<"$MM/points"
cd "$MM/DosDevices"
kill -STOP "$mmfs_pid"
kill_server KILL
damage
kill -CONT "$mmfs_pid"
expect_equal "${LOOP}01" "$(readlink lost)" "a link after damage"
expect_another
expect_equal "${LOOP}00" "$(readlink one)" "another link after damage"
for name in one lost; do
	[ "$(stat -Lc %n "$MM/DosDevices/$name")" = "$MM/DosDevices/$name" ] || fail "$name leads nowhere"
done
expect_match "$(number_uuid 1)" "$(points)" "points after damage"
expect_match "Stale file handle" "$(cat <&"$held" 2>&1 || true)" "what a file says that was open"
exec {held}<&-
expect_match "not all is sound" "$(cat "$LOG")" "the log"
rm lost
cd /
if is_kernel 6.9; then
	server=$(server_pid)
	kill -STOP "$server"
	timeout 20 readlink "$MM/DosDevices/never" "$MM/DosDevices/one" >"$TMP/answers" &
	asking=$!
	kill -STOP "$mmfs_pid"
	kill -KILL "$server"
	damage
	kill -CONT "$mmfs_pid"
	wait "$asking" || true
	expect_equal "${LOOP}00" "$(cat "$TMP/answers")" "what was asked for before"
fi
stop_mmfs

# What was told before is never anything else's, whoever goes on after that. Here the devices come in
# another order the second time.
detach "${LOOP}00"
start
attach image-1 00
settle
exec {held}<"$MM/ids/UUID=$(number_uuid 2)"
cat "$MM/ids/"*/unique_id >/dev/null
kill -STOP "$mmfs_pid"
kill_server KILL
damage
kill -CONT "$mmfs_pid"
expect_another
expect_held()
{
	local found

	expect_equal "UUID=$(number_uuid 1) UUID=$(number_uuid 2)" "$(timeout 20 ls "$MM/ids" | xargs)" "ids/ $1"
	found=$(cat "/proc/self/fd/$held/unique_id" 2>/dev/null || true)
	expect_match "^(UUID=$(number_uuid 2))?$" "$found" "the folder that is open $1"
}
expect_held "after damage"
kill_server KILL
expect_another
expect_held "in the server after that"
exec {held}<&-
stop_mmfs

# One that cannot start is an end, too.
start
said=$(wc -l <"$LOG")
kill -STOP "$mmfs_pid"
kill_server KILL
mv "$DB" "$DB.away"
mkdir "$DB"
kill -CONT "$mmfs_pid"
await_end "$mmfs_pid"
mmfs_pid=
expect_equal 1 "$status" "the status when no other server can start"
expect_equal 0 "$(count_mounts)" "the number of mounts then"
rmdir "$DB"
mv "$DB.away" "$DB"
rm -f "$DB"-*
expect_match "as 5 did within 30 s: unmounting" "$(tail -n "+$said" "$LOG")" "the log"

# What it knew is lost with it where limits allow no file for that: nobody goes on from nothing.
(
	ulimit -f 32768
	exec "$MMFS" -f -o "db=$DB,devices=$DEVICES" "$MM" </dev/null >>"$LOG" 2>&1
) &
mmfs_pid=$!
await_mount
kill_server KILL
await_end "$mmfs_pid"
mmfs_pid=
expect_equal 1 "$status" "the status of the keeper whose server has left nothing"
expect_equal 0 "$(count_mounts)" "the number of mounts then"
expect_match "all that it knew is lost" "$(cat "$LOG")" "the log"

# Reloads while another one starts are no reason to die.
start
kill_server KILL
for _ in {1..50}; do
	kill -HUP "$mmfs_pid"
done
expect_another
expect_match "$(number_uuid 1)" "$(points)" "points"
stop_mmfs
! grep -q Hangup "$LOG" || fail "a server has died of a reload"

# Unmounted while there is none: it ends well.
start
kill -STOP "$mmfs_pid"
kill_server KILL
"$helpers/unmount" "$MM"
kill -CONT "$mmfs_pid"
await_end "$mmfs_pid"
mmfs_pid=
expect_equal 0 "$status" "the status after umount without a server"

# Told to end while there is none: it ends.
start
kill -STOP "$mmfs_pid"
kill_server KILL
kill -TERM "$mmfs_pid"
kill -CONT "$mmfs_pid"
await_end "$mmfs_pid"
mmfs_pid=
expect_equal 0 "$(count_mounts)" "the number of mounts after SIGTERM without a server"

# Told to end while another one starts, at whatever moment: it ends well.
await_next() # without a program that would take as long as its start
{
	children=$server
	while [ -z "$children" ] || [[ " $children " == *" $server "* ]]; do
		read -r children <"/proc/$mmfs_pid/task/$mmfs_pid/children" || true # it has no newline
	done
}

# So far it has come: no further than its first instruction, its log, its database, all of its start.
has_come() # MOMENT
{
	case $1 in
	program) [ "$(readlink "/proc/$children/exe")" = "$(readlink -f "$MMFS")" ] ;;
	database) readlink "/proc/$children/fd/"* | grep -qxF "$DB" ;;
	serving) [ "$(server_pid)" = "$children" ] && head -c 1 "$MM/points" >"$TMP/first" ;;
	esac
}

for moment in beginning program database serving; do
	start
	kill_server KILL
	await_next
	[ $moment != beginning ] || kill -STOP "$children"
	[ $moment = beginning ] || until has_come $moment 2>/dev/null; do kill -0 "$children"; done
	kill -TERM "$mmfs_pid"
	[ $moment != beginning ] || kill -CONT "$children"
	await_end "$mmfs_pid"
	mmfs_pid=
	expect_equal 0 "$status" "the status after SIGTERM: another server had come to $moment"
	expect_equal 0 "$(count_mounts)" "the number of mounts then"
	await no_daemons
done

# In the background, and without a terminal: the database was given by a path that is not absolute.
(cd "$TMP" && run_mmfs -o "db=relative.db,devices=$DEVICES" "$MM" </dev/null)
mmfs_pid=$(find_keeper "devices=${LOOP#/dev/}")
ln -s "UUID=$(number_uuid 1)" "$MM/DosDevices/one"
kill_server KILL
expect_another
expect_equal "${LOOP}00" "$(readlink "$MM/DosDevices/one")" "a link in the background"
stop_mmfs
sed -i '/the server has died/d; /not all is sound/d' "$LOG" # which would be suspicious
