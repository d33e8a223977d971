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

line()
{
	printf 'DEVICE="%s" REASON="%s"\n' "$LOOP$1" "$2"
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

# Sorted by node. A disk with a partition table is neither a volume nor unprocessed.
expect_unprocessed "at first" 02 "no content" 03 "no unique ID" 04 "no unique ID" 05 "no content"
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
expect_unprocessed "after mkswap" 02 "no content" 03 "no unique ID" 04 "no unique ID"
expect_equal "UUID=33333333-2222-3333-4444-555555555555" "$(cat "$(volume_folder "${LOOP}05")/unique_id")" \
	"the ID after mkswap"
expect_equal $((epic_before + 1)) "$(epic)" "the epic number after mkswap"
expect_ok request create_point "X: ${LOOP}05"
wipefs -aq "${LOOP}05"
settle
expect_unprocessed "after wipefs" 02 "no content" 03 "no unique ID" 04 "no unique ID" 05 "no content"
expect_fail ENOENT readlink -v "$MM/DosDevices/X:"
expect_equal $((epic_before + 2)) "$(epic)" "the epic number after wipefs"
printf '\123\357' | dd of="${LOOP}02" bs=1 seek=1080 conv=notrunc status=none
settle
expect_unprocessed "after mending" 03 "no unique ID" 04 "no unique ID" 05 "no content"
expect_equal "../ids/UUID=22222222-2222-3333-4444-555555555555" "$(readlink "$MM/devices/${LOOP#/dev/}02")" \
	"the volume after mending"
tune2fs -U 44444444-2222-3333-4444-555555555555 "${LOOP}04" >/dev/null 2>&1
settle
expect_unprocessed "after tune2fs" 03 "no unique ID" 05 "no content"

# A whole disk with content has one when it gets a table, and the other way round.
sfdisk -q "${LOOP}05" <<<$'label: gpt\nsize=1M' 2>/dev/null
settle
expect_unprocessed "after sfdisk" 03 "no unique ID"
wipefs -aq "${LOOP}06" 2>/dev/null
settle
expect_unprocessed "after wiping the table" 03 "no unique ID" 06 "no content"

# Gone, it is not listed; nor is a loop device without anything behind it.
detach 03
settle
expect_unprocessed "after detaching" 06 "no content"
attach squashfs 07
settle
expect_unprocessed "after attaching elsewhere" 06 "no content" 07 "no unique ID"
restart_mmfs "devices=$DEVICES:!loop??09"
expect_unprocessed "after a restart" 06 "no content" 07 "no unique ID"
restart_mmfs
expect_unprocessed "with all devices" 06 "no content" 07 "no unique ID" 09 "no content"

# Globs: several, exclusion before or after, and exclusions alone.
restart_mmfs "devices=${LOOP#/dev/}0[1-6]:${LOOP#/dev/}09:!*6"
expect_unprocessed "with a list of globs" 09 "no content"
expect_equal "$(printf "${LOOP#/dev/}%s\n" 01 02 04)" "$(ls "$MM/devices")" "the volumes"

stop_mmfs
