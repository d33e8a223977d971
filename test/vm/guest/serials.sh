#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # check calls the functions
#
# Disks that are known by their serial number: two with the same, as those behind cheap bridges have.

. "$(dirname "$0")/lib.sh"

# The virtio disk with this many MiB.
disk()
{
	local size

	for size in /sys/block/vd*/size; do
		if [ "$(cat "$size")" = $(($1 << 11)) ]; then
			size=${size%/size}
			echo "/dev/${size##*/}"
			return
		fi
	done
	return 1
}

has_no_disk()
{
	! disk "$1"
}

# A filesystem of minix has no UUID.
content()
{
	local size

	for size in 8 9 10; do
		await disk "$size"
		mkfs.minix "$(disk "$size")"
	done
	settle
}

# Neither has names by a number that both have.
shared()
{
	local a b

	a=$(disk 8)
	b=$(disk 9)
	expect_none "$a"
	expect_none "$b"
	expect_match "DEVICE=\"$a\" REASON=\"no unique ID: another disk has the same serial number\"" \
		"$(cat "$CTL/unprocessed")" "why"
	expect_match "DEVICE=\"$b\" REASON=\"no unique ID: another disk has the same serial number\"" \
		"$(cat "$CTL/unprocessed")" "why"
	expect_volume SERIAL=vm-other "$(disk 10)"
	systemctl restart mmfs.service
	expect_none "$a"
	expect_none "$b"
}

one_leaves()
{
	local b

	b=$(disk 9)
	echo 1 >"/sys/block/${b#/dev/}/device/../remove"
	await has_no_disk 9
	settle
	expect_volume SERIAL=vm-twin "$(disk 8)"
	name "$(disk 8)" twin
}

# The name of the one that was here leads to neither, and comes back with it.
one_comes()
{
	echo 1 >/sys/bus/pci/rescan
	await disk 9
	settle
	expect_equal "" "$(id_of "$(disk 8)")$(id_of "$(disk 9)")" "the IDs"
	expect_equal "" "$(node_of twin)" "the name"
	echo 1 >"/sys/block/$(kernel_name "$(disk 9)")/device/../remove"
	await has_no_disk 9
	settle
	expect_equal "$(disk 8)" "$(node_of twin)" "the name of who is left"
}

# What another device holds keeps what it is known by.
in_use()
{
	dmsetup create hold --table "0 $((8 << 11)) linear $(disk 8) 0"
	settle
	echo 1 >/sys/bus/pci/rescan
	await disk 9
	settle
	expect_equal "$(disk 8)" "$(node_of twin)" "the name of what is in use"
	expect_none "$(disk 9)"
	dmsetup remove hold
	await is_unnamed
}

is_unnamed()
{
	[ -z "$(node_of twin)" ]
}

for test in content shared one_leaves one_comes in_use; do
	check $test
done
finish
