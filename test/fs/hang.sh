#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A disk that does not answer concerns nobody else. Neither does a probe that dies.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

stalled=$TMP/stalled
server=
toucher=
mkdir "$stalled"
make_image sound 1M swap "$(number_uuid 1)"
make_image slow 1M swap "$(number_uuid 2)"
make_image other 1M swap "$(number_uuid 3)"
slow=${LOOP}05

# The server has to go on before anything that waits for it can end.
at_end()
{
	[ -z "$server" ] || kill -CONT "$server"
	[ -z "$toucher" ] || kill "$toucher" || true
}

# No child of ours: its going on would be a signal that ends a wait for `settle`.
server=$("$helpers/stall-image" "$TMP/slow" -f "$stalled" </dev/null >/dev/null 2>&1 & echo $!)
await test -f "$stalled/image"
attach sound 00
losetup -r "$slow" "$stalled/image"
settle_udevd

stall()
{
	kill -STOP "$server"
	blockdev --flushbufs "$slow"
}

go_on()
{
	kill -CONT "$server"
}

# Something happens on the disk: it is looked at again.
touch_slow()
{
	echo change >"/sys/block/${slow#/dev/}/uevent"
}

# Why it is no volume, or what is in doubt about the one that it is.
reason()
{
	sed -n "s|^DEVICE=\"$1\" REASON=\"\([^\"]*\)\".*|\1|p" "$CTL/unprocessed"
	cat "$MM/devices/${1#/dev/}/doubt" 2>/dev/null || true
}

is_certain()
{
	is_volume "$1" && [ -z "$(reason "$1")" ]
}

has_reason()
{
	[ -n "$(reason "$1")" ]
}

is_volume()
{
	grep -q "DEVICE=\"$1\"" "$MM/points"
}

# Everything else is answered, within a second each.
expect_lively()
{
	local i

	for i in 1 2 3; do
		timeout 1 bash -c "echo 'link=lively device=UUID=$(number_uuid 1)' >'$CTL/create_point'"
		expect_equal "${LOOP}00" "$(timeout 1 readlink "$MM/DosDevices/lively")" "a link"
		timeout 1 mv "$MM/DosDevices/lively" "$MM/DosDevices/moved"
		timeout 1 cat "$MM/points" "$MM/points.json" "$CTL/unprocessed" "$MM/metrics" "$MM/history" >/dev/null
		timeout 1 ls -lR "$MM/ids" "$MM/devices" "$MM/DosDevices" >/dev/null
		timeout 1 rm "$MM/DosDevices/moved"
	done
	attach other 01
	await is_volume "${LOOP}01"
	losetup -d "${LOOP}01"
	await lib_is_no_volume "${LOOP}01"
}

# Until so many more disks have been read, within two seconds each.
expect_answers()
{
	local i probes goal=0

	for i in {1..2000}; do
		probes=$(timeout 2 awk '$1 == "mmfs_probes_total" { print $2 }' "$MM/metrics") ||
			fail "nobody answers ($i)"
		timeout 2 readlink "$MM/Volumes"/* >/dev/null || fail "links are not answered ($i)"
		[ "$goal" != 0 ] || goal=$((probes + $1))
		[ "$probes" -lt "$goal" ] || return 0
	done
	fail "no disk is read ($probes, not $goal)"
}

lib_is_no_volume()
{
	! is_volume "$1"
}

find_probes()
{
	local helper

	helper=$(prober_pid)
	pgrep -x -P "$helper" mmfs-probe
}

# --- the prober reads it ---------------------------------------------------------------------------

# Hanging from the start.
stall
start=$(date +%s%3N)
start_mmfs monitor=kernel
took=$(($(date +%s%3N) - start))
echo "start with a hanging disk: $took ms"
[ "$took" -lt 9000 ] || fail "the start took $took ms"
expect_match "takes long" "$(reason "$slow")" "why it is unprocessed"
expect_lively
timeout 10 bash -c "echo 1 >'$CTL/settle'" # not waited for either
go_on
await is_volume "$slow"
settle
expect_equal "" "$(cat "$CTL/unprocessed")" "unprocessed devices"
expect_sound

# Hanging later, and for as long as it takes to be noticed.
stall
touch_slow
expect_lively
await has_reason "$slow"
is_volume "$slow" || fail "its names have gone"
expect_lively
go_on
await is_certain "$slow"

# Its probe is killed.
stall
touch_slow
await find_probes >/dev/null
kill -KILL "$(find_probes)"
go_on # it may not die before
settle
expect_match "signal 9" "$(reason "$slow")" "its doubt"
expect_lively
touch_slow
settle
is_certain "$slow" || fail "it is in doubt still"

# --- news of a disk that is being read -------------------------------------------------------------

has_probes()
{
	[ "$(metric mmfs_probes_total)" = "$1" ]
}

# What the kernel has said is read in the turn of the first request at the latest.
await_heard()
{
	metric mmfs_events_total >/dev/null
	metric mmfs_events_total >/dev/null
}

touch_sound()
{
	blockdev "--set$1" "${LOOP}00"
	echo change >"/sys/block/${LOOP#/dev/}00/uevent"
	await_heard
}

# It may have come too late to be seen in what is read: read again.
settle
probes=$(metric mmfs_probes_total)
stall
touch_slow
await find_probes >/dev/null
touch_slow
await_heard
has_probes $((probes + 1)) || fail "two probes of one disk are under way"
go_on
settle
expect_equal $((probes + 2)) "$(metric mmfs_probes_total)" "probes, with news in the first"

# The prober has not come to it: then what it reads is new enough,
probes=$(metric mmfs_probes_total)
helper=$(prober_pid)
kill -STOP "$helper"
for _ in 1 2 3; do
	touch_slow
	await_heard
done
kill -CONT "$helper"
settle
expect_equal $((probes + 1)) "$(metric mmfs_probes_total)" "probes, with news before the first"

# unless the disk has become another one.
kill -STOP "$helper"
touch_sound ro
touch_sound rw
kill -CONT "$helper"
settle
expect_equal $((probes + 3)) "$(metric mmfs_probes_total)" "probes, of a disk that has become another"
expect_equal 0 "$(cat "$(volume_folder "${LOOP}00")/read_only")" "read_only"

# News without end, faster than a disk is read or described, keep nobody from an answer.
attach other 01
settle
"$helpers/touch" "${LOOP}00" "${LOOP}01" &
toucher=$!
expect_answers 200
kill "$toucher"
await_end "$toucher"
toucher=
settle
is_volume "${LOOP}01" || fail "it is no volume any more"
detach 01

# It hangs when the daemon ends: nobody is left behind, once it goes on.
stall
touch_slow
await find_probes >/dev/null
probe=$(find_probes)
helper=$(prober_pid)
start=$(date +%s%3N)
stop_mmfs
took=$(($(date +%s%3N) - start))
echo "stop with a hanging disk: $took ms"
[ "$took" -lt 9000 ] || fail "the stop took $took ms"
go_on
await lib_is_ended "$helper"
await lib_is_ended "$probe"

# All of the prober is killed.
start_mmfs monitor=kernel
kill -KILL "$(prober_pid)"
attach other 01
settle
expect_match "prober has died" "$(reason "${LOOP}01")" "why it is unprocessed"
is_volume "${LOOP}00" || fail "volumes have gone with the prober"
request create_point "link=still device=${LOOP}00"
rm "$MM/DosDevices/still"
detach 01
stop_mmfs

# --- udevd reads it ----------------------------------------------------------------------------------

start_mmfs monitor=udev
is_volume "$slow" || fail "the disk is no volume"
stall
touch_slow
expect_lively
await has_reason "$slow" # 10 s for udevd, 3 s for the prober
echo "udevd: $(reason "$slow")"
expect_lively
go_on
await is_certain "$slow"

# The prober dies where udevd does the work: nobody misses it.
kill -KILL "$(prober_pid)"
attach other 01
settle
is_volume "${LOOP}01" || fail "there are no new volumes without a prober"
detach 01
stall
touch_slow
start=$(date +%s%3N)
stop_mmfs
took=$(($(date +%s%3N) - start))
echo "stop with a hanging disk and udevd: $took ms"
go_on
settle_udevd

# Hanging at the start, and udevd is at it.
stall
touch_slow
start=$(date +%s%3N)
start_mmfs monitor=udev
took=$(($(date +%s%3N) - start))
echo "start with a hanging disk and udevd: $took ms"
[ "$took" -lt 9000 ] || fail "the start took $took ms"
expect_lively
go_on
await is_volume "$slow"
stop_mmfs

# --- it is taken away while it hangs ------------------------------------------------------------------

lib_is_detached()
{
	[ ! -e "/sys/block/${1#/dev/}/loop/backing_file" ]
}

lib_has_no_probe()
{
	! find_probes >/dev/null
}

start_mmfs monitor=kernel
is_volume "$slow" || fail "the disk is no volume"
stall
touch_slow
await has_reason "$slow"
losetup -d "$slow" # as soon as nobody has it open
expect_lively
go_on
await lib_is_detached "$slow"
settle
expect_equal "" "$(cat "$CTL/unprocessed")" "unprocessed devices"
! is_volume "$slow" || fail "it is still there"
await lib_has_no_probe
stop_mmfs
