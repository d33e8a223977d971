#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The tree is complete when mmfs has started, also if udevd is behind: what its database says of a
# device may be from before the medium came. It is held up by a rule until mmfs is waiting. Where that
# takes too long, who writes to `settle` waits for it, as long as udevd gets on.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

a=${LOOP}01
id=UUID=11111111-2222-3333-4444-555555555555
rule=/run/udev/rules.d/01-mmfs-test-${LOOP#/dev/}.rules
gate=$TMP/gate
gate_fd=

at_end()
{
	rm -f "$rule" "$gate"
	[ -z "$gate_fd" ] || exec {gate_fd}>&-
	udevadm control --reload || true
}

# From now on udevd is held up by the device.
hold()
{
	rm -f "$TMP/held"
	mkfifo "$gate"
	exec {gate_fd}<>"$gate" # whoever reads waits until this is closed
	echo "KERNEL==\"${a#/dev/}\", ACTION==\"change\", PROGRAM=\"/bin/sh -c 'touch $TMP/held; cat $gate'\"" >"$rule"
	await udevadm control --reload
	attach a 01
	await [ -e "$TMP/held" ]
}

let_go()
{
	rm "$gate" # who comes later finds nothing to read
	exec {gate_fd}>&-
	gate_fd=
}

make_image a 4M swap "${id#UUID=}"
mkdir -p "${rule%/*}"
attach a 01
detach 01
settle_udevd # which knows the device now, and that nothing is in it
hold
run_mmfs -d -o "db=$DB,devices=$DEVICES,monitor=udev" "$MM" </dev/null >>"$LOG" 2>&1 {gate_fd}>&- &
mmfs_pid=$!
has_waited()
{
	lib_is_mounted "$MM" || grep -q "^mmfs: ${a#/dev/}: waiting for udevd" "$LOG"
}
await has_waited
! lib_is_mounted "$MM" || fail "mmfs has not waited for udevd"
let_go
await_mount
expect_equal "$a" "$(readlink "$MM/ids/$id/device")" "the device of the volume, right after the start"
stop_mmfs

# --- it starts, and udevd has never dealt with the device ------------------------------------------

detach 01
settle_udevd
make_image b 4M swap 22222222-2222-3333-4444-555555555555
attach b 02
settle_udevd
rm "/run/udev/data/b$(cat "/sys/class/block/${a#/dev/}/dev")"
hold
start_mmfs monitor=udev {gate_fd}>&-
expect_match "DEVICE=\"$a\" REASON=\"udevd has not dealt with it yet: not read\"" "$(cat "$CTL/unprocessed")" "what is left to udevd"

# It has to do with another device, over and over.
b=${LOOP}02
has_heard() # NUMBER
{
	udevadm trigger --action=change "$b"
	[ "$(metric mmfs_events_total)" -ge "$1" ]
}
await has_heard $(($(metric mmfs_events_total) + 2))
{
	echo 1 >"$CTL/settle"
} {gate_fd}>&- &
settling=$!
await has_heard $(($(metric mmfs_events_total) + 20))
! lib_is_ended $settling || fail "mmfs has not waited for udevd, which gets on"
let_go
wait $settling
expect_equal "$a" "$(readlink "$MM/ids/$id/device")" "the device of the volume, as soon as all is settled"
stop_mmfs

# --- the start waits for it, too, for longer than for a disk that hangs ----------------------------

detach 01
settle_udevd
rm "/run/udev/data/b$(cat "/sys/class/block/${a#/dev/}/dev")"
hold
run_mmfs -d -o "db=$DB,devices=$DEVICES,monitor=udev" "$MM" </dev/null >>"$LOG" 2>&1 {gate_fd}>&- &
mmfs_pid=$!
began=$SECONDS
while [ $((SECONDS - began)) -lt 6 ]; do
	udevadm trigger --action=change --settle "$b"
	! lib_is_mounted "$MM" || fail "mmfs has begun without a device that udevd has not come to yet"
done
let_go
await_mount
expect_equal "$a" "$(readlink "$MM/ids/$id/device")" "the device of the volume, when the start has waited"
