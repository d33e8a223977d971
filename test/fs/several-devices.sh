#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A btrfs of two devices is one volume: the other device is none, until it has to stand in.
. "$(dirname "$0")/lib.sh"
require mkfs.btrfs

make_image a 130M blank
make_image b 130M blank
# mkfs.btrfs takes no UUID that it sees anywhere, and other tests run beside this one.
mkfs.btrfs -q -m raid1 -d single "$TMP/a" "$TMP/b" >/dev/null

for monitor in udev kernel; do
	start_mmfs "monitor=$monitor"
	attach a 01
	settle
	request create_point "X: ${LOOP}01"
	attach b 02
	settle
	expect_equal "${LOOP#/dev/}01" "$(ls "$MM/devices")" "the volumes (monitor=$monitor)"
	expect_equal "DEVICE=\"${LOOP}02\" REASON=\"member of the btrfs filesystem on ${LOOP}01\" KIND=\"member\"" \
		"$(cat "$CTL/unprocessed")" "unprocessed devices"
	expect_refused ENOENT create_point "Y: ${LOOP}02"
	restart_mmfs "monitor=$monitor"
	expect_equal "${LOOP}01" "$(readlink "$MM/DosDevices/X:")" "the link"
	detach 01
	settle
	expect_equal "${LOOP}02" "$(readlink "$MM/DosDevices/X:")" "the link when the other stands in"
	detach 02
	settle
	request delete_points "X:" >/dev/null 2>&1 || true
	stop_mmfs
	rm -f "$DB"*
done
