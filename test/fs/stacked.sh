#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Loop devices over whole disks that have partitions: those of the upper disk have the names, as the upper
# disk itself would, until they go; but not those of what is mounted below.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

require sfdisk partx mkfs.ext4

at_end()
{
	umount "$TMP/dir"
	for n in 12 11 10; do
		partx -d "$LOOP$n"
		losetup -d "$LOOP$n"
	done
} 2>/dev/null

target()
{
	readlink "$MM/DosDevices/$1"
}

expect_targets() # X Y WHEN
{
	settle
	expect_equal "$1 $2" "$(target X:) $(target raw)" "the names $3"
}

put_over() # N BELOW
{
	losetup "$LOOP$1" "$LOOP$2"
	partx -a "$LOOP$1"
}

take_off() # N
{
	settle
	await partx -d "$LOOP$1" 2>/dev/null
	detach "$1"
}

make_image disk 40M blank
sfdisk -q "$TMP/disk" <<-END
	label: gpt
	start=2048, size=16M, uuid=$(number_uuid 1)
	start=40960, size=4M, uuid=$(number_uuid 2)
END
for monitor in udev kernel; do
	attach disk 10
	partx -a "${LOOP}10"
	mkfs.ext4 -q -F -U "$(number_uuid 3)" "${LOOP}10p1"
	sync
	settle_udevd
	rm -f "$DB"*
	start_mmfs "monitor=$monitor"
	request create_point "X: ${LOOP}10p1"
	request create_point "link=raw device=${LOOP}10p2"
	put_over 11 10
	expect_targets "${LOOP}11p1" "${LOOP}11p2" "over a disk"
	put_over 12 11
	expect_targets "${LOOP}12p1" "${LOOP}12p2" "over two"
	restart_mmfs "monitor=$monitor"
	expect_targets "${LOOP}12p1" "${LOOP}12p2" "over two, after a restart"
	take_off 12
	expect_targets "${LOOP}11p1" "${LOOP}11p2" "when the uppermost has gone"
	take_off 11
	expect_targets "${LOOP}10p1" "${LOOP}10p2" "when nothing is over it"
	mkdir -p "$TMP/dir"
	mount "${LOOP}10p1" "$TMP/dir"
	settle
	put_over 11 10
	expect_targets "${LOOP}10p1" "${LOOP}11p2" "over a mounted one"
	take_off 11
	umount "$TMP/dir"
	expect_targets "${LOOP}10p1" "${LOOP}10p2" "in the end"
	expect_sound
	stop_mmfs
	await partx -d "${LOOP}10" 2>/dev/null
	detach 10
done
