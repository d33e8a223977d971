#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # check calls the functions
#
# Disks with names, and the next boot finds them at other places, by other drivers: each name leads
# to its volume, and a line of fstab with a name mounts what it should.

. "$(dirname "$0")/lib.sh"

guid=6d6d6673-0005-4000-8000-0000000000

# The disk that the host calls so, wherever it is now.
disk()
{
	local link

	for link in /dev/disk/by-id/*vm-"$1"; do
		readlink -f "$link"
		return
	done
	fail "there is no disk $1"
}

has_disk()
{
	local links=(/dev/disk/by-id/*vm-"$1")

	[ "${#links[@]}" -gt 0 ]
}

await_disks()
{
	local name

	for name in one two three four five six; do
		await has_disk "$name"
	done
	udevadm settle
	settle
}

content()
{
	await_disks
	# LVM with a snapshot: origin and copy have one UUID.
	pvcreate -qq "$(disk one)"
	vgcreate -qq vm "$(disk one)"
	lvcreate -qq --yes --wipesignatures n --name origin --size 16M vm
	mkfs.ext4 -q -U "${guid}01" /dev/vm/origin
	lvcreate -qq --yes --snapshot --name copy --size 8M vm/origin
	# A FAT with its short ID, an NTFS, and a partition that has nothing.
	mkfs.vfat --mbr=n -i 6D6D6673 -n FAT "$(disk two)" >/dev/null
	mkntfs --quick --force --quiet --label data "$(disk three)"
	partition "$(disk four)" "label: gpt" "size=8M, uuid=${guid}04" "size=8M, uuid=${guid}05"
	mkfs.ext4 -q -U "${guid}06" "$(part four 1)"
	# A disk without any UUID, which is known by what NVMe says of it.
	mkfs.minix "$(disk five)"
	mkswap -q -U "${guid}07" "$(disk six)"
	settle
	expect_volume "UUID=${guid}01" /dev/vm/origin
	expect_match '^DM_UUID=LVM-' "$(id_of "$(kernel_name /dev/vm/copy)")" "the ID of the snapshot"
	expect_none "$(disk one)"
	expect_volume UUID=6D6D-6673 "$(disk two)"
	expect_equal vfat "$(cat "$MM/devices/$(kernel_name "$(disk two)")/fstype")" "the type"
	expect_equal FAT "$(cat "$MM/devices/$(kernel_name "$(disk two)")/label")" "the label"
	expect_match '^UUID=[0-9A-F]{16}$' "$(id_of "$(disk three)")" "the ID of an NTFS"
	expect_equal ntfs "$(cat "$MM/devices/$(kernel_name "$(disk three)")/fstype")" "the type"
	expect_equal data "$(cat "$MM/devices/$(kernel_name "$(disk three)")/label")" "the label"
	expect_volume "UUID=${guid}06" "$(part four 1)"
	expect_volume "PARTUUID=${guid}05" "$(part four 2)"
	expect_match '^(WWN=(nvme|eui|uuid)\.|SERIAL=vm-five)' "$(id_of "$(disk five)")" \
		"the ID of an NVMe disk"
	expect_volume "UUID=${guid}07" "$(disk six)"
	if modinfo ntfs3 >/dev/null 2>&1; then
		mount -t ntfs3 -o ro "$(disk three)" /mnt/mm2
		umount /mnt/mm2
	fi
}

part()
{
	local node

	node=$(disk "$1")
	[[ $node != *[0-9] ]] || node+=p
	echo "$node$2"
}

names()
{
	name /dev/vm/origin origin
	name /dev/vm/copy copy
	name "$(disk two)" X:
	name "$(disk three)" ntfs
	name "$(part four 1)" photos
	name "$(part four 2)" empty
	name "$(disk six)" swap
	name "$(disk five)" minix
	mkdir -p /srv/photos
	mount "$MM/DosDevices/photos" /srv/photos
	echo right >/srv/photos/file
	umount /srv/photos
	cat "$EXAMPLES/fstab" >>/etc/fstab
	systemctl daemon-reload
	systemctl start srv-photos.mount srv-backup.automount
	expect_equal right "$(cat /srv/photos/file)" "the file"
	expect_backup
	note "$(cut -d' ' -f1,3 "$MM/points" | grep DosDevices | tr '\n' ' ')"
}

# The whole way down, with a disk in use through its name.
stop_for_the_night()
{
	sed -E 's/ DEVICE=.*//' "$MM/points" | sort >/root/points
	umount /srv/photos
	systemctl stop mmfs.service
	sync
}

names_are_right()
{
	await_disks
	note "$(cut -d' ' -f1,3 "$MM/points" | grep DosDevices | tr '\n' ' ')"
	expect_equal "$(disk two)" "$(node_of X:)" "X:"
	expect_equal "$(disk three)" "$(node_of ntfs)" "the name of the NTFS"
	expect_equal "$(part four 1)" "$(node_of photos)" "the name of a filesystem"
	expect_equal "$(part four 2)" "$(node_of empty)" "the name of a partition without content"
	expect_equal "$(disk six)" "$(node_of swap)" "the name of swap"
	expect_equal "/dev/$(kernel_name /dev/vm/origin)" "$(node_of origin)" "the name of the origin"
	expect_equal "/dev/$(kernel_name /dev/vm/copy)" "$(node_of copy)" "the name of the snapshot"
}

# All links, Volume{GUID} names as well, are of the same IDs as before. But the disk without a UUID
# has a new identity with a new controller.
links_are_the_same()
{
	local five

	five=$(id_of "$(disk five)")
	expect_equal "" "$(diff <(grep -v 'ID="\(WWN\|SERIAL\)=' /root/points) \
		<(sed -E 's/ DEVICE=.*//' "$MM/points" | sort | grep -v 'ID="\(WWN\|SERIAL\)=') || true)" \
		"the difference of links"
	expect_match . "$five" "the ID of the disk without UUID"
}

fstab_has_mounted()
{
	systemctl start srv-photos.mount
	expect_equal right "$(cat /srv/photos/file)" "the file"
	expect_equal "$(part four 1)" "$(findmnt -no SOURCE /srv/photos)" "the source"
	expect_backup
}

# The line for a disk that comes and goes: there is none, there is one, and it goes.
expect_backup()
{
	[ ! -e /dev/mm/backup ] || fail "there is a backup disk"
	name "$(disk two)" backup
	settle
	ls /srv/backup
	expect_equal "$(disk two)" "$(findmnt -no SOURCE -t vfat /srv/backup)" "the source of the backup"
	systemctl stop srv-backup.mount
	rm "$MM/DosDevices/backup"
	settle
	[ ! -e /dev/mm/backup ] || fail "the backup disk is there still"
}

if [ "$BOOT" = 1 ]; then
	tests="content names stop_for_the_night"
else
	tests="names_are_right links_are_the_same fstab_has_mounted"
fi
for test in $tests; do
	check "$test"
done
finish
