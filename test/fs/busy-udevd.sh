#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The tree is complete when mmfs has started, also if udevd is behind: what its database says of a
# device may be from before the medium came. It is held up by a rule until mmfs is waiting.

. "$(dirname "$0")/lib.sh"

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

make_image a 4M swap "${id#UUID=}"
attach a 01
detach 01
settle_udevd # which knows the device now, and that nothing is in it
mkdir -p "${rule%/*}"
mkfifo "$gate"
exec {gate_fd}<>"$gate" # whoever reads waits until this is closed
echo "KERNEL==\"${a#/dev/}\", ACTION==\"change\", PROGRAM=\"/bin/sh -c 'touch $TMP/held; cat $gate'\"" >"$rule"
await udevadm control --reload
attach a 01
await [ -e "$TMP/held" ]
run_mmfs -d -o "db=$DB,devices=$DEVICES,monitor=udev" "$MM" </dev/null >>"$LOG" 2>&1 {gate_fd}>&- &
mmfs_pid=$!
has_waited()
{
	lib_is_mounted "$MM" || grep -q "^mmfs: ${a#/dev/}: waiting for udevd" "$LOG"
}
await has_waited
! lib_is_mounted "$MM" || fail "mmfs has not waited for udevd"
rm "$gate" # who comes later finds nothing to read
exec {gate_fd}>&-
gate_fd=
await_mount
expect_equal "$a" "$(readlink "$MM/ids/$id/device")" "the device of the volume, right after the start"
stop_mmfs
