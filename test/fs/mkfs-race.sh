#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# monitor=kernel reads a device while others write it: whatever it saw in between, after `settle` the
# tree says what is there.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

make_image a 8M blank
attach a 00
start_mmfs monitor=kernel

write_content()
{
	case $(($1 % 5)) in
	0) mke2fs -q -t ext2 -F -U "$(number_uuid "$1")" "$device" ;;
	1) mkswap -q -f -U "$(number_uuid "$1")" "$device" 2>/dev/null ;;
	2) mke2fs -q -t ext4 -F -L "label $1" -U "$(number_uuid "$1")" "$device" ;;
	3) tune2fs -U "$(number_uuid "$1")" "$device" >/dev/null 2>&1 ;;
	4) wipefs -qa "$device" ;;
	esac
}

# What libblkid finds, as the tree would show it.
expect_as_blkid()
{
	local TYPE='' UUID='' LABEL='' value

	value=$(blkid -p -o export "$device" | grep -E '^(TYPE|UUID|LABEL)=' || true)
	eval "$value"
	if [ -z "$UUID" ]; then
		expect_equal "" "$(points)" "points in round $1"
		expect_equal "DEVICE=\"$device\" REASON=\"no content\" KIND=\"blank\"" "$(cat "$CTL/unprocessed")" \
			"unprocessed in round $1"
		return
	fi
	expect_equal "UUID=$UUID" "$(ls "$MM/ids")" "ids in round $1"
	expect_equal "$TYPE" "$(cat "$MM/ids/UUID=$UUID/fstype")" "the type in round $1"
	expect_equal "$LABEL" "$(cat "$MM/ids/UUID=$UUID/label")" "the label in round $1"
	expect_equal "$device" "$(readlink "$MM/ids/UUID=$UUID/device")" "the device in round $1"
}

for ((round = 0; round < ${ROUNDS:-100}; round++)); do
	write_content "$round"
	settle
	expect_as_blkid "$round"
done
expect_sound
expect_fresh monitor=kernel
detach 00
stop_mmfs
