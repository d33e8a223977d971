#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Devices that are no volumes: which are listed in control/unprocessed, and why.
. "$(dirname "$0")/lib.sh"
require mksquashfs wipefs sfdisk

make_image blank 4M blank
make_image squashfs 4M squashfs
make_image good 4M swap 11111111-2222-3333-4444-555555555555
make_image zero 16M ext4 00000000-0000-0000-0000-000000000000
make_image excluded 4M blank
make_image corrupt 16M ext4 22222222-2222-3333-4444-555555555555
make_image disk 4M blank
# The magic number of the superblock, and with it the filesystem.
printf '\0\0' | dd of="$TMP/corrupt" bs=1 seek=1080 conv=notrunc status=none
sfdisk -q "$TMP/disk" <<<$'label: gpt\nsize=1M'
attach blank 05
attach squashfs 03
attach good 01
attach zero 04
attach excluded 09
attach corrupt 02
attach disk 06
start_mmfs "devices=$DEVICES:!loop??09"

line_of_table()
{
	printf 'DEVICE="%s" REASON="%s" KIND="disk"\n' "$LOOP$1" \
		"partition table without partitions: is the sector size right?"
}
line()
{
	local kind=blank

	[ "$2" = "no content" ] || kind=volume
	[ "$2" != table ] || { line_of_table "$1"; return; }
	printf 'DEVICE="%s" REASON="%s" KIND="%s"\n' "$LOOP$1" "$2" "$kind"
}
expect_unprocessed()
{
	local what=$1

	shift
	expect_equal "$(while [ $# -gt 0 ]; do
		line "$1" "$2"
		shift 2
	done)" "$(cat "$CTL/unprocessed")" "unprocessed $what"
}

# Sorted by node. No device is missing.
expect_unprocessed "at first" 02 "no content" 03 "no unique ID" 04 "no unique ID" 05 "no content" 06 table
expect_equal "${LOOP#/dev/}01" "$(ls "$MM/devices")" "the volumes"
expect_equal 1 "$(wc -l <"$MM/points")" "the number of links"
for n in 02 03 04 05 06 09; do
	expect_refused ENOENT create_point "X: $LOOP$n"
	expect_refused EINVAL query_points "$LOOP$n"
	expect_refused_by ENOENT create_point ln -s "$LOOP$n" "$MM/DosDevices/X:"
done
# The reason is in the sentence.
expect_refused ENOENT create_point "X: ${LOOP}03"
expect_match "no unique ID" "$(lib_pair WHY "$(tail -n 1 "$CTL/error_log")")" "why"

# Looked at again when something happens to it.
epic_before=$(epic)
mkswap -q -U 33333333-2222-3333-4444-555555555555 "${LOOP}05" 2>/dev/null
settle
expect_unprocessed "after mkswap" 02 "no content" 03 "no unique ID" 04 "no unique ID" 06 table
expect_equal "UUID=33333333-2222-3333-4444-555555555555" "$(cat "$(volume_folder "${LOOP}05")/unique_id")" \
	"the ID after mkswap"
expect_equal $((epic_before + 1)) "$(epic)" "the epic number after mkswap"
expect_ok request create_point "X: ${LOOP}05"
wipefs -aq "${LOOP}05"
settle
expect_unprocessed "after wipefs" 02 "no content" 03 "no unique ID" 04 "no unique ID" 05 "no content" 06 table
expect_fail ENOENT readlink -v "$MM/DosDevices/X:"
expect_equal $((epic_before + 2)) "$(epic)" "the epic number after wipefs"
printf '\123\357' | dd of="${LOOP}02" bs=1 seek=1080 conv=notrunc status=none
settle
expect_unprocessed "after mending" 03 "no unique ID" 04 "no unique ID" 05 "no content" 06 table
expect_equal "../ids/UUID=22222222-2222-3333-4444-555555555555" "$(readlink "$MM/devices/${LOOP#/dev/}02")" \
	"the volume after mending"
tune2fs -U 44444444-2222-3333-4444-555555555555 "${LOOP}04" >/dev/null 2>&1
settle
expect_unprocessed "after tune2fs" 03 "no unique ID" 05 "no content" 06 table

# A whole disk with content has one when it gets a table, and the other way round.
sfdisk -q "${LOOP}05" <<<$'label: gpt\nsize=1M' 2>/dev/null
settle
expect_unprocessed "after sfdisk" 03 "no unique ID" 05 table 06 table
wipefs -aq "${LOOP}06" 2>/dev/null
settle
expect_unprocessed "after wiping the table" 03 "no unique ID" 05 table 06 "no content"

# Gone, it is not listed; nor is a loop device without anything behind it.
detach 03
settle
expect_unprocessed "after detaching" 05 table 06 "no content"
attach squashfs 07
settle
expect_unprocessed "after attaching elsewhere" 05 table 06 "no content" 07 "no unique ID"
restart_mmfs "devices=$DEVICES:!loop??09"
expect_unprocessed "after a restart" 05 table 06 "no content" 07 "no unique ID"
restart_mmfs
expect_unprocessed "with all devices" 05 table 06 "no content" 07 "no unique ID" 09 "no content"

# Globs: several, exclusion before or after, and exclusions alone.
restart_mmfs "devices=${LOOP#/dev/}0[1-6]:${LOOP#/dev/}09:!*6"
expect_unprocessed "with a list of globs" 05 table 09 "no content"
expect_equal "$(printf "${LOOP#/dev/}%s\n" 01 02 04)" "$(ls "$MM/devices")" "the volumes"

# A superblock counts, though sector 0 also looks like a table of which the kernel makes no partitions.
restart_mmfs
make_image atari 16M ext4 55555555-2222-3333-4444-555555555555
printf '\1GEM\0\0\10\0\0\0\116\40' | dd of="$TMP/atari" bs=1 seek=454 conv=notrunc status=none
printf '\0\0\200\0' | dd of="$TMP/atari" bs=1 seek=450 conv=notrunc status=none
attach atari 10
settle
expect_equal atari "$(blkid -p -o value -s PTTYPE "${LOOP}10")" "the table in sector 0"
expect_equal "${LOOP}10 volume" "$(readlink "$MM/ids/UUID=55555555-2222-3333-4444-555555555555/device") $(cat \
	"$MM/devices/${LOOP#/dev/}10/kind")" "the volume below it"

# A table that was made for sectors of another size.
truncate -s 64M "$TMP/sectors"
attach sectors 11 -b 4096
sfdisk -q "${LOOP}11" <<<$'label: gpt\nsize=1M' 2>/dev/null
settle
detach 11
attach sectors 11
settle
expect_equal "$(line 11 table)" "$(grep "${LOOP}11" "$CTL/unprocessed")" "a disk with larger sectors"

# Members: of what.
make_member() # NUMBER FSTYPE-OF-AN-IMAGE
{
	tar -xf "$(dirname "$0")/../io/golden/$2.tar.xz" -C "$TMP"
	attach "image" "$1"
	settle
}
make_member 12 zfs
expect_equal "DEVICE=\"${LOOP}12\" REASON=\"member of ZFS\" KIND=\"member\"" \
	"$(grep "${LOOP}12" "$CTL/unprocessed")" "a member"

stop_mmfs
