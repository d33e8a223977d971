#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Partitions are volumes, with content or without; their disks and extended partitions are not.
# Few kernels parse partition tables on loop devices by themselves: partx(8) does.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

require sfdisk partx

# The kernel keeps partitions of a loop device that is detached.
at_end()
{
	partx -d "${LOOP}00" 2>/dev/null
	partx -d "${LOOP}01" 2>/dev/null
}

# udevd may just be looking at them.
delete_partitions()
{
	partx -d "$1" 2>/dev/null
}

# Puts a small filesystem into an image at a sector.
fill()
{
	make_image part 1M swap "$(number_uuid "$3")"
	dd if="$TMP/part" of="$TMP/$1" bs=512 seek="$2" conv=notrunc status=none
}

make_image gpt 16M blank
sfdisk -q "$TMP/gpt" <<'END'
label: gpt
label-id: aaaaaaaa-0000-4000-8000-000000000000
start=2048, size=4096, uuid=aaaaaaaa-0000-4000-8000-000000000001
start=8192, size=4096, uuid=aaaaaaaa-0000-4000-8000-000000000002, name="empty"
start=16384, size=4096, uuid=aaaaaaaa-0000-4000-8000-000000000003, attrs="GUID:63"
start=24576, size=4096, uuid=aaaaaaaa-0000-4000-8000-000000000004, attrs="GUID:62", name="hidden \303\244/"
END
fill gpt 2048 1
fill gpt 16384 3
fill gpt 24576 4

make_image mbr 16M blank
sfdisk -q "$TMP/mbr" <<'END'
label: dos
label-id: 0x1234abcd
start=2048, size=4096, type=82, bootable
start=8192, size=16384, type=5
start=10240, size=2048, type=83
start=14336, size=4096, type=82
END
fill mbr 2048 11
fill mbr 14336 16

identities()
{
	points | sed 's/^LINK="[^"]*" //' | sort -u
}

expected="ID=\"PARTUUID=1234abcd-05\" DEVICE=\"${LOOP}01p5\"
ID=\"PARTUUID=aaaaaaaa-0000-4000-8000-000000000002\" DEVICE=\"${LOOP}00p2\"
ID=\"UUID=$(number_uuid 1)\" DEVICE=\"${LOOP}00p1\"
ID=\"UUID=$(number_uuid 3)\" DEVICE=\"${LOOP}00p3\"
ID=\"UUID=$(number_uuid 11)\" DEVICE=\"${LOOP}01p1\"
ID=\"UUID=$(number_uuid 16)\" DEVICE=\"${LOOP}01p6\""

# What is written to the disk reaches a partition later: one that is about to be read is read twice, the
# disk and the other three at least once, whatever is heard of them then.
expect_read_again()
{
	local helper before after

	settle_udevd
	settle
	before=$(metric mmfs_probes_total)
	helper=$(prober_pid)
	kill -STOP "$helper"
	echo change >"/sys/class/block/${LOOP#/dev/}00p1/uevent"
	metric mmfs_events_total >/dev/null # it is heard of before the second answer
	metric mmfs_events_total >/dev/null
	true >>"${LOOP}00"
	settle_udevd
	echo change >"/sys/class/block/${LOOP#/dev/}00p1/uevent"
	metric mmfs_events_total >/dev/null
	metric mmfs_events_total >/dev/null
	kill -CONT "$helper"
	settle
	after=$(metric mmfs_probes_total)
	[ $((after - before)) -ge 6 ] || fail "$((after - before)) probes, not 6"
}

for monitor in udev kernel; do
	start_mmfs "monitor=$monitor"
	attach gpt 00
	attach mbr 01
	settle
	expect_equal "" "$(points)" "points of disks with a table (monitor=$monitor)"
	expect_equal "$(printf 'DEVICE="%s" REASON="partition table without partitions: is the sector size right?" KIND="disk"\n' \
		"${LOOP}00" "${LOOP}01")" "$(cat "$CTL/unprocessed")" "disks of which the kernel has made nothing"
	partx -a "${LOOP}00"
	partx -a "${LOOP}01"
	[ -e "/sys/class/block/${LOOP#/dev/}01p2" ] || fail "there is no extended partition"
	settle
	expect_equal "$expected" "$(identities)" "partitions (monitor=$monitor)"
	expect_equal "DEVICE=\"${LOOP}00\" REASON=\"partition table\" KIND=\"disk\"
DEVICE=\"${LOOP}01\" REASON=\"partition table\" KIND=\"disk\"
DEVICE=\"${LOOP}01p2\" REASON=\"extended partition: its table is that of the logical ones\" KIND=\"disk\"" \
		"$(grep -E "${LOOP}0(0|1|1p2)\"" "$CTL/unprocessed")" "disks (monitor=$monitor)"
	expect_equal "DEVICE=\"${LOOP}00p4\" REASON=\"hidden by its partition attributes\" KIND=\"volume\"" \
		"$(grep "${LOOP}00p4" "$CTL/unprocessed")" "the hidden partition (monitor=$monitor)"
	expect_sound
	request create_point "E: ${LOOP}00p2"
	restart_mmfs "monitor=$monitor"
	expect_equal "$expected" "$(identities)" "partitions after a restart"
	expect_equal "${LOOP}00p2" "$(readlink "$MM/DosDevices/E:")" "a link of a partition"

	# A partition that gets content has another name from then on.
	mkswap -q -U "$(number_uuid 2)" "${LOOP}00p2"
	settle
	expect_match "ID=\"UUID=$(number_uuid 2)\" DEVICE=\"${LOOP}00p2\"" "$(points)" "points"
	wipefs -qa "${LOOP}00p2"
	settle
	expect_equal "$expected" "$(identities)" "partitions after wipefs"
	request delete_points "link=E:"

	[ $monitor = udev ] || expect_read_again

	await delete_partitions "${LOOP}00"
	settle
	expect_equal "$(grep "${LOOP}01" <<<"$expected")" "$(identities)" "what is left after partx -d"
	await delete_partitions "${LOOP}01"
	detach 00
	detach 01
	settle
	expect_equal "" "$(points)" "points of nothing"
	stop_mmfs
done
