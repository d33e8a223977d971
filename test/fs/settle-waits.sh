#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What waits for devices or hosting volumes ends at a signal, holds up nobody else who waits, and can
# be polled for.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
require setpriv

stalled=$TMP/stalled
server=
mkdir "$stalled"
make_image sound 1M swap "$(number_uuid 1)"
make_image slow 1M swap "$(number_uuid 2)"
slow=${LOOP}05

at_end()
{
	[ -z "$server" ] || kill -CONT "$server"
}

"$helpers/stall-image" "$TMP/slow" -f "$stalled" </dev/null >/dev/null 2>&1 &
server=$!
await test -f "$stalled/image"
attach sound 00
losetup -r "$slow" "$stalled/image"
settle_udevd
start_mmfs monitor=kernel
settle

# A disk that hangs and is looked at: for seconds nothing is settled.
begin_stall()
{
	kill -CONT "$server"
	settle
	kill -STOP "$server"
	blockdev --flushbufs "$slow"
	echo change >"/sys/block/${slow#/dev/}/uevent"
}

is_waiting()
{
	[[ $(cat "/proc/$1/wchan" 2>/dev/null) == *fuse* || $(cat "/proc/$1/wchan") == request_wait_answer ]]
}

for signal in INT TERM KILL; do
	begin_stall
	env --default-signal=INT bash -c 'echo 1 >"$1"' - "$CTL/settle" 2>"$TMP/said" &
	pid=$!
	await is_waiting "$pid"
	before=$SECONDS
	kill -"$signal" "$pid"
	await_end "$pid"
	[ $((SECONDS - before)) -lt 10 ] || fail "a settle goes on after $signal"
	[ "$status" != 0 ] || fail "the settle has not noticed $signal"
done

kill -CONT "$server"
expect_ok settle

# Who waits stands in nobody's way: the second ends by itself, and both by a signal.
begin_stall
pids=()
for i in 1 2 3; do
	bash -c 'echo 1 >"$1"' - "$CTL/settle" 2>"$TMP/said" &
	pids+=("$!")
	await is_waiting "$!"
done
for i in 1 0 2; do
	kill -TERM "${pids[i]}"
	await_end "${pids[i]}"
done
kill -CONT "$server"
expect_ok settle

# Poll: not before it is over, and then.
begin_stall
expect_equal "never EAGAIN " "$("$helpers/waiters" held "$CTL/settle" $'1\n' 100)" "settle while a disk hangs"
kill -CONT "$server"
expect_ok settle
expect_equal "later " "$("$helpers/waiters" later "$CTL/settle" $'1\n' 10000)" "settle with nothing to wait for"
expect_match '^later ENOENT .*volume' "$("$helpers/waiters" later "$CTL/volume_arrival_notification" \
	$'/dev/null\n' 10000)" "a request that fails later"

# A request that writes to a hosting volume which does not answer: nothing of it remains.
require fsfreeze
make_image host 16M ext4 "$(number_uuid 3)"
attach host 01
host=$TMP/hosting
mkdir "$host"
mount "$device" "$host"
mkdir "$host/place" "$host/other"
settle
request volume_mount_point_created "source=$host/other target=${LOOP}00"
expect_equal "$host/other" "$(cat "$MM/devices/${LOOP#/dev/}00/dos_paths")" "registered mount points"
fsfreeze -f "$host"
bash -c 'echo "$2" >"$1"' - "$CTL/volume_mount_point_created" "source=$host/place target=${LOOP}00" 2>"$TMP/said" &
pid=$!
await is_waiting "$pid"
before=$SECONDS
kill -TERM "$pid"
await_end "$pid"
[ $((SECONDS - before)) -lt 10 ] || fail "a request to a frozen volume goes on after a signal"
fsfreeze -u "$host"
settle
expect_equal "$host/other" "$(cat "$MM/devices/${LOOP#/dev/}00/dos_paths")" "registered mount points after that"
try_again()
{
	request volume_mount_point_created "source=$host/place target=${LOOP}00" 2>/dev/null
}
await try_again
request volume_mount_point_deleted "source=$host/place"
await umount -q "$host"

# What waits is kept as it was written: who writes much has to pay for it.
chmod 755 "$TMP"
# Each opens an inode of its own, as the one before has opened it.
setsid setpriv --reuid=65534 --regid=65534 --clear-groups bash -c 'for i in {1..30}; do
	"$1" newlines "$2" 1000000 &
	until [ "$(readlink /proc/$!/fd/3)" = "$2" ] || ! [ -e /proc/$! ]; do sleep 0.01; done
	done; wait' - "$helpers/hostile" "$CTL/settle" 2>"$TMP/refused" &
pid=$!
are_refused()
{
	[ "$(grep -c 'No buffer space' "$TMP/refused")" -ge 20 ]
}
begin_stall
await are_refused
kill -CONT "$server"
kill -KILL -- "-$pid"
await_end "$pid"
expect_ok settle

# The end ends them all.
begin_stall
echo 1 >"$CTL/settle" 2>"$TMP/said" &
pid=$!
"$helpers/waiters" later "$CTL/settle" $'1\n' 20000 >"$TMP/later" 2>&1 &
later=$!
await is_waiting "$pid"
kill -TERM "$mmfs_pid"
await_end "$pid"
await_end "$later"
await_end "$mmfs_pid"
expect_equal 0 "${status:-0}" "the status of the daemon"
mmfs_pid=
kill -CONT "$server"
losetup -d "$slow"
await umount -q "$stalled"
await_end "$server"
server=
