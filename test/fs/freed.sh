#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is written to a device in use does not count until it is free: then it is read again, though nothing
# happens to the device itself.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
require swapon

map=mmfs-freed-$$
[ -w /run/udev ] || skip "there is no udevd"
mkdir -p /run/udev/rules.d
rules=/run/udev/rules.d/99-mmfs-test-${LOOP#/dev/}.rules
a=${LOOP}01

at_end()
{
	rm -f "$rules"
	await udevadm control --reload
	swapoff "$a" 2>/dev/null || true
	[ ! -e "/dev/mapper/$map" ] || dmsetup remove --retry "$map"
}

# The end of a swap closes its device, which who watches it would see: nobody does.
echo "KERNEL==\"${LOOP#/dev/}01\", OPTIONS:=\"nowatch\"" >"$rules"
await udevadm control --reload

make_image old 4M swap "$(number_uuid 1)"
make_image new 4M swap "$(number_uuid 2)"

# Behind the back of the kernel, which lets nobody write to swap.
write_new()
{
	dd if="$TMP/new" of="$TMP/image" bs=4k count=1 conv=notrunc status=none
	blockdev --flushbufs "$a"
	echo change >"/sys/block/${a#/dev/}/uevent"
	settle_udevd
	settle
}

expect_frozen() # HOW
{
	expect_equal "$a" "$(readlink "$MM/DosDevices/X:")" "the name while $1"
	expect_equal "UUID=$(number_uuid 1)" "$(<"$(volume_folder "$a")/unique_id")" "the ID while $1"
	expect_match "it is in use" "$(<"$(volume_folder "$a")/doubt")" "the doubt while $1"
}

# Without `settle`, which has everything looked at that may be free.
is_read()
{
	[ "$(cat "$(volume_folder "$a")/unique_id" 2>/dev/null)" = "UUID=$(number_uuid 2)" ]
}

expect_read() # WHEN
{
	await is_read
	expect_equal "$a" "$(readlink "$MM/DosDevices/X:")" "the name after $1"
	expect_equal "" "$(<"$(volume_folder "$a")/doubt")" "the doubt after $1"
}

begin() # MONITOR
{
	cp "$TMP/old" "$TMP/image"
	attach image 01
	settle_udevd
	"$helpers/deny" inotify_init1 "$MMFS" -f "$MM" -o "db=$DB,devices=$DEVICES,monitor=$1" 2>>"$LOG" &
	mmfs_pid=$!
	await_mount
	request create_point "X: $a"
}

end()
{
	stop_mmfs
	detach 01
	rm -f "$DB"*
}

for monitor in udev kernel; do
	begin "$monitor"
	swapon "$a" || skip "there is no swap on loop devices"
	echo change >"/sys/block/${a#/dev/}/uevent" # of swapping nothing is said, either
	settle_udevd
	write_new
	expect_frozen "it swaps"
	swapoff "$a"
	expect_read swapoff
	end

	# The device that holds it is none of those that mmfs looks at.
	dmsetup version >/dev/null 2>&1 || continue # no kernel of a container has it
	begin "$monitor"
	dmsetup create "$map" --table "0 $((4 * 2048)) linear $a 0"
	settle_udevd
	write_new
	expect_frozen "it is held"
	dmsetup remove --retry "$map"
	expect_read "it is held no more"
	end
done
