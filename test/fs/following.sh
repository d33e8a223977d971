#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Names follow a device to the unique ID that it gets with new content, and stay while its content is in
# doubt or in use.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

require sfdisk partx mkfs.ext4 tune2fs

at_end()
{
	partx -d "${LOOP}02"
} 2>/dev/null

id()
{
	echo "UUID=$(number_uuid "$1")"
}

format()
{
	mke2fs -q -t ext4 -F -E nodiscard -U "$(number_uuid "$2")" "$1"
}

is_certain()
{
	[ -z "$(cat "$(volume_folder "$1")/doubt" 2>/dev/null || echo gone)" ]
}

# The names of a device, which has this ID now.
expect_named()
{
	local device=$1 id=$2 link

	settle
	expect_sound
	for link in X: data "../Volumes/Volume{$guid}"; do
		expect_equal "$device" "$(readlink "$MM/DosDevices/$link" || true)" "the target of $link ($3)"
	done
	expect_equal "$id" "$(cat "$(volume_folder "$device")/unique_id")" "the ID ($3)"
}

name()
{
	settle
	request create_point "X: $1"
	request create_point "link=data device=$1"
	guid=$(cat "$(volume_folder "$1")/guid")
}

whole_device()
{
	local device=${LOOP}01

	make_image a 16M ext4 "$(number_uuid 1)"
	attach a 01
	name "$device"
	tune2fs -f -U "$(number_uuid 2)" "$device" >/dev/null 2>&1 # as e2fsprogs has it, also at once
	expect_named "$device" "$(id 2)" "tune2fs -U"
	expect_equal "unique_id_changed $(id 2) $device" \
		"$(tail -n 1 "$MM/history" | jq -r '[.operation, .id, .device] | join(" ")')" "the history"
	format "$MM/DosDevices/data" 3
	expect_named "$device" "$(id 3)" "mkfs through the name"
	mkswap -q -U "$(number_uuid 4)" "$device" 2>/dev/null
	expect_named "$device" "$(id 4)" mkswap
	wipefs -qa "$device"
	settle
	expect_fail ENOENT stat -L "$MM/DosDevices/X:"
	format "$device" 5
	expect_named "$device" "$(id 5)" "wiped and written anew"

	# What is mounted is what it is; it is looked at again when it is free.
	mkdir -p "$TMP/dir"
	mount "$device" "$TMP/dir"
	settle
	expect_equal "$TMP/dir" "$(readlink "$MM/mounts/X:")" "where it is mounted"
	printf '\0\0\0\0\0\0\0\6' | dd of="$device" bs=1 seek=$((1024 + 0x68)) conv=notrunc status=none
	settle
	expect_named "$device" "$(id 5)" "its UUID overwritten while it is mounted"
	umount "$TMP/dir"
	await is_certain "$device"

	# Another medium in the same drive is another volume.
	detach 01
	make_image b 16M ext4 "$(number_uuid 7)"
	attach b 01
	settle
	expect_fail ENOENT stat -L "$MM/DosDevices/X:"
	expect_equal "$(id 7)" "$(cat "$(volume_folder "$device")/unique_id")" "the other medium"
	detach 01
	settle
	request scrub_registry 1
}

partition()
{
	local part=${LOOP}02p1

	rm -f "$TMP/disk"
	truncate -s 40M "$TMP/disk"
	printf 'label: gpt\nfirst-lba: 2048\nsize=30M, uuid=%s\n' "$(number_uuid 9)" | sfdisk -q "$TMP/disk"
	attach disk 02
	partx -a "${LOOP}02"
	name "$part"
	expect_named "$part" "PARTUUID=$(number_uuid 9)" "without content"
	format "$MM/DosDevices/data" 11
	expect_named "$part" "$(id 11)" "mkfs through the name"
	wipefs -qa "$part"
	expect_named "$part" "PARTUUID=$(number_uuid 9)" wipefs
	# Its first bytes look like minix, too: the partition is what it was.
	mkswap -q -U 35f1f264-137f-471a-bc85-acc9f4bc04a3 "$part" 2>/dev/null
	settle
	expect_equal "$part" "$(readlink "$MM/DosDevices/X:")" "ambiguous content"
	wipefs -qa "$part"
	stop_mmfs
	format "$part" 12
	settle_udevd
	start_mmfs "${options[@]}"
	expect_named "$part" "$(id 12)" "mkfs while nobody looked"
	partx -d "${LOOP}02"
	detach 02
	settle
	request scrub_registry 1
}

# Of two that nothing is known of, the one in use has the names, whatever its node.
clones()
{
	make_image c 16M ext4 "$(number_uuid 20)"
	cp "$TMP/c" "$TMP/copy"
	attach c 03
	attach copy 04
	mkdir -p "$TMP/dir"
	mount "${LOOP}04" "$TMP/dir"
	settle_udevd
	rm -f "$DB"*
	start_mmfs "${options[@]}"
	expect_equal "$(id 20)" "$(cat "$(volume_folder "${LOOP}04")/unique_id")" "the ID of who is mounted"
	expect_equal "$TMP/dir" "$(readlink "$MM/mounts/Volume{$(cat "$MM/ids/$(id 20)/guid")}")" "where"
	stop_mmfs
	umount "$TMP/dir"
	detach 03
	detach 04
}

swap()
{
	"$(dirname "$MMFS")/test/fs/swap-backing" "$1" "${LOOP}05" "$2"
	settle
	expect_sound
}

expect_away()
{
	expect_fail ENOENT stat -L "$MM/DosDevices/X:"
	expect_equal "$1" "$(cat "$(volume_folder "${LOOP}05")/unique_id")" "the ID ($2)"
}

# Another file below a loop device, or another part of it, is another medium, of which no name is.
swapped()
{
	make_image e 16M ext4 "$(number_uuid 30)"
	make_image f 16M ext4 "$(number_uuid 31)"
	cat "$TMP/e" "$TMP/f" >"$TMP/both"
	attach e 05 -r
	name "${LOOP}05"
	request keep_links_when_offline X:
	swap file "$TMP/f"
	expect_away "$(id 31)" "of the other file"
	swap file "$TMP/e"
	expect_named "${LOOP}05" "$(id 30)" "the file is back"
	detach 05
	request forget "id=$(id 31)"
	attach both 05 -r --sizelimit 16M
	expect_named "${LOOP}05" "$(id 30)" "the first part of a file"
	swap offset $((16 << 20))
	expect_away "$(id 31)" "of the other part"
	swap offset 0
	expect_named "${LOOP}05" "$(id 30)" "the first part again"
	detach 05
	request forget "id=$(id 30)"
	request forget "id=$(id 31)"
}

for monitor in udev kernel; do
	options=("monitor=$monitor")
	start_mmfs "${options[@]}"
	whole_device
	partition
	swapped
	stop_mmfs
	clones
	rm -f "$DB"*
done
