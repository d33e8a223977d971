#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a filesystem changes on its devices while it is mounted, of which nobody tells: its label; and that it is
# on other devices.

. "$(dirname "$0")/lib.sh"
require mkfs.btrfs mkfs.xfs xfs_io btrfs

mkdir "$TMP/m"

has_label() # DEVICE LABEL
{
	[ "$(cat "$(volume_folder "$1")/label" 2>/dev/null)" = "$2" ]
}

begin() # MONITOR [OPTION]
{
	truncate -s 0 "$TMP/b" "$TMP/c"
	truncate -s 130M "$TMP/b" "$TMP/c"
	mkfs.btrfs -q -L old "$TMP/b" >/dev/null
	attach b 02
	attach c 03
	settle_udevd
	start_mmfs "monitor=$1" "${@:2}"
	settle
	ln -s "${LOOP}02" "$MM/DosDevices/data"
	mount "${LOOP}02" "$TMP/m"
	settle
}

end()
{
	umount "$TMP/m"
	stop_mmfs
	rm -f "$DB"*
	detach 02
	detach 03
}

leads_to() # DEVICE
{
	[ "$(readlink "$MM/DosDevices/data")" = "$1" ]
}

# From 02 to 03.
move() # HOW
{
	case $1 in
	replace) btrfs replace start -B -f "${LOOP}02" "${LOOP}03" "$TMP/m" >/dev/null ;;
	remove)
		btrfs device add -f "${LOOP}03" "$TMP/m" >/dev/null
		btrfs device remove "${LOOP}02" "$TMP/m" >/dev/null
		;;
	esac
}

make_images()
{
	rm -f "$TMP/x" "$TMP/b"
	truncate -s 400M "$TMP/x"
	truncate -s 130M "$TMP/b"
	mkfs.xfs -q -L old "$TMP/x"
	mkfs.btrfs -q -L old "$TMP/b" >/dev/null
	attach x 01
	attach b 02
	settle_udevd
}

for monitor in udev kernel; do
	make_images
	start_mmfs "monitor=$monitor"
	settle
	for device in "${LOOP}01" "${LOOP}02"; do
		id=$(<"$(volume_folder "$device")/unique_id")
		for how in settle await; do
			mount "$device" "$TMP/m"
			settle
			case $device in
			*01) xfs_io -c "label -s $how" "$TMP/m" >/dev/null ;;
			*02) btrfs filesystem label "$TMP/m" "$how" ;;
			esac
			umount "$TMP/m"
			# Who asks for it has it at once, and else it comes by itself.
			[ "$how" = await ] || settle
			[ "$how" = settle ] || await has_label "$device" "$how"
			expect_equal "$how" "$(<"$(volume_folder "$device")/label")" \
				"the label of $device by $how (monitor=$monitor)"
			expect_equal "$id" "$(<"$(volume_folder "$device")/unique_id")" "its ID"
		done
		# What udevd has noted is older: who asks it must not get the old label back.
		request check_unprocessed_volumes 1
		kill -HUP "$(server_pid)"
		settle
		expect_equal await "$(<"$(volume_folder "$device")/label")" "the label when all is looked at"
	done
	expect_fail - ln -s LABEL=old "$MM/DosDevices/old"
	stop_mmfs
	rm -f "$DB"*
	detach 01
	detach 02
done

# Nobody settles at first: that would look at all mounts.
for monitor in udev kernel; do
	for how in replace remove; do
		begin "$monitor"
		id=$(<"$(volume_folder "${LOOP}02")/unique_id")
		expect_equal "$TMP/m" "$(readlink "$MM/mounts/data")" "the mount point before $how"
		move "$how"
		await leads_to "${LOOP}03"
		settle
		expect_equal "${LOOP}03" "$(readlink "$MM/DosDevices/data")" "the name after $how (monitor=$monitor)"
		expect_equal "$id" "$(<"$(volume_folder "${LOOP}03")/unique_id")" "the ID after $how"
		expect_equal "$TMP/m" "$(readlink "$MM/mounts/data")" "the mount point after $how"
		mkfs.ext4 -qF "${LOOP}02"
		settle
		expect_equal "${LOOP}03" "$(readlink "$MM/DosDevices/data")" "the name after mkfs on what $how freed"
		end
	done

	# Where it went mmfs does not look.
	begin "$monitor" "devices=${LOOP#/dev/}02"
	move replace
	mkfs.ext4 -qF "${LOOP}02"
	settle
	expect_fail - readlink -e "$MM/DosDevices/data"
	end
done
