#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a device is known to be is known to the next server, too, where one has died: names stay while
# there is doubt, follow when there is other content, and are not made anew.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
require jq mkfs.ext4 mkfs.btrfs wipefs

mounted=$TMP/mounted
mkdir "$mounted"

at_end()
{
	umount "$mounted" 2>/dev/null || true
}

# The device has the name, and is the volume with that UUID.
expect_known() # NAME DEVICE UUID WHEN
{
	expect_equal "$2" "$(readlink "$MM/DosDevices/$1")" "the name $1 $4"
	expect_equal "$2" "$(readlink "$MM/ids/UUID=$3/device")" "the volume $1 $4"
}

# It is so, with that doubt, and is still when a server has died.
expect_doubt() # NAME DEVICE UUID REGEX
{
	local when

	for when in "before a death" "after a death"; do
		expect_known "$1" "$2" "$3" "$when"
		expect_match "$4" "$(cat "$MM/ids/UUID=$3/doubt")" "the doubt of $1 $when"
		[ "$when" = "after a death" ] || replace_server
	done
}

# Names with number and time of change, and where they lead. Folders and views that change have new times.
list_names()
{
	find "$MM/"{ids,devices,DosDevices,Volumes,control} ! -type d -printf '%p %i %T@ %l\n' | sort
}

format() # DEVICE NUMBER
{
	mkfs.ext4 -qF -U "$(number_uuid "$2")" "$1"
	settle_udevd
	settle
}

a=${LOOP}01
b=${LOOP}02
make_image a 16M ext4 "$(number_uuid 1)"
make_image b 16M ext4 "$(number_uuid 2)"
make_image other 16M ext4 "$(number_uuid 9)"
make_image pool 128M btrfs "$(number_uuid 8)"
attach a 01
attach b 02
settle_udevd

for monitor in udev kernel; do
	start_mmfs "monitor=$monitor"
	request create_point "link=a device=$a"
	request create_point "link=b device=$b"

	# The numbers of inodes are those that they were, of names that are kept, too.
	request keep_links_when_offline "link=b"
	settle
	before=$(cd "$MM" && stat -c '%n %i' DosDevices/* Volumes/* devices/* ids/* ids/*/device)
	replace_server
	expect_equal "$before" "$(cd "$MM" && stat -c '%n %i' DosDevices/* Volumes/* devices/* ids/* ids/*/device)" "inode numbers"
	request keep_links_when_offline "link=b keep=0"

	# So are the times of change, whenever somebody has seen them.
	list_names >/dev/null
	request create_point "link=late device=$b"
	request delete_points "link=late"
	before=$(list_names)
	replace_server
	expect_equal "$before" "$(list_names)" "names, numbers and times"
	# (A keeper does not go on with servers that die all the time.)
	restart_mmfs "monitor=$monitor"

	# In use: it is another volume when it is free, and its names follow.
	mount "$a" "$mounted"
	dd if="$TMP/other" of="$a" bs=1M count=1 conv=notrunc,fsync status=none
	settle_udevd
	settle
	expect_doubt a "$a" "$(number_uuid 1)" "it is in use; its content has changed"
	expect_doubt a "$a" "$(number_uuid 1)" "it is in use; its content has changed"
	umount "$mounted"
	settle
	expect_known a "$a" "$(number_uuid 9)" "when it is free"
	[ ! -e "$MM/ids/UUID=$(number_uuid 1)" ] || fail "it is two volumes"

	# More than one superblock.
	dd if="$TMP/pool" of="$b" bs=4096 skip=16 seek=16 count=1 conv=notrunc,fsync status=none
	settle_udevd
	settle
	expect_doubt b "$b" "$(number_uuid 2)" "ambivalent"
	dd if=/dev/zero of="$b" bs=4096 seek=16 count=1 conv=notrunc,fsync status=none
	settle_udevd
	settle
	expect_equal "" "$(cat "$MM/ids/UUID=$(number_uuid 2)/doubt")" "the doubt of b in the end"

	# An event says that it is gone.
	restart_mmfs "monitor=$monitor"
	echo remove >"/sys/block/${b#/dev/}/uevent"
	settle
	if [ "$monitor" = udev ]; then
		expect_doubt b "$b" "$(number_uuid 2)" "" # the next one knows of no event
	else
		replace_server
		expect_known b "$b" "$(number_uuid 2)" "after a death"
	fi
	echo change >"/sys/block/${b#/dev/}/uevent"
	settle_udevd
	settle
	expect_known b "$b" "$(number_uuid 2)" "after an event"

	# Wiped, and written anew however long after.
	wipefs -qa "$b"
	settle_udevd
	settle
	[ ! -L "$MM/DosDevices/b" ] || fail "a volume without content shows"
	replace_server
	format "$b" 3
	expect_known b "$b" "$(number_uuid 3)" "written anew after a death"

	# Written anew while nobody looks on.
	keeper=$mmfs_pid
	server=$(server_pid)
	kill -STOP "$keeper"
	kill -KILL "$server"
	mkfs.ext4 -qF -U "$(number_uuid 4)" "$b"
	settle_udevd
	kill -CONT "$keeper"
	await lib_has_another_server "$server"
	settle
	expect_known b "$b" "$(number_uuid 4)" "written anew meanwhile"
	expect_equal "unique_id_changed" "$(tail -n 1 "$MM/history" | jq -r .operation)" "what the history says of that"

	restart_mmfs "monitor=$monitor"
	keeper=$mmfs_pid

	# Another disk on the node is not that one, as little as if the server had lived.
	server=$(server_pid)
	kill -STOP "$keeper"
	kill -KILL "$server"
	make_image next 16M ext4 "$(number_uuid 5)"
	losetup -d "$b"
	losetup "$b" "$TMP/next"
	settle_udevd
	kill -CONT "$keeper"
	await lib_has_another_server "$server"
	settle
	[ ! -L "$MM/DosDevices/b" ] || fail "a name leads to another disk"
	expect_equal "$b" "$(readlink "$MM/ids/UUID=$(number_uuid 5)/device")" "the other disk"

	# What was deleted is not made again for a device that was here all the time.
	request delete_points device="$b"
	before=$(epic)
	replace_server
	expect_equal "" "$(points | grep -F "$(number_uuid 5)" || true)" "names that were deleted"
	expect_equal "$before" "$(epic)" "the epic number after a death"

	stop_mmfs
	rm -f "$DB"*
	detach "$b"
	make_image b 16M ext4 "$(number_uuid 2)"
	attach b 02
	format "$a" 1 2>/dev/null || true
	settle_udevd
done
