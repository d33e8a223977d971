#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the entry of a partition in a GPT says of it: no drive letter (bit 63), hidden (bit 62), its name.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
require sfdisk partx

disk=${LOOP}00
at_end()
{
	partx -d "$disk" 2>/dev/null # the kernel keeps partitions of a loop device that is detached
}

delete_partitions()
{
	partx -d "$disk" 2>/dev/null # udevd may just be looking at them
}

make_image gpt 32M blank
sfdisk -q "$TMP/gpt" <<'END'
label: gpt
label-id: aaaaaaaa-0000-4000-8000-000000000000
size=1M, uuid=aaaaaaaa-0000-4000-8000-000000000001, attrs="GUID:63"
size=1M, uuid=aaaaaaaa-0000-4000-8000-000000000002, attrs="GUID:62", name="secret"
size=1M, uuid=aaaaaaaa-0000-4000-8000-000000000003, attrs="GUID:60", name="plain"
size=1M, uuid=aaaaaaaa-0000-4000-8000-000000000004, attrs="GUID:63", name="K:"
size=1M, uuid=aaaaaaaa-0000-4000-8000-000000000005, attrs="LegacyBIOSBootable RequiredPartition"
size=1M, uuid=aaaaaaaa-0000-4000-8000-000000000006, attrs="GUID:62,63", name="both"
size=1M, uuid=aaaaaaaa-0000-4000-8000-000000000007, name="äöü ../x"
END
make_image mbr 8M blank
sfdisk -q "$TMP/mbr" <<'END'
label: dos
label-id: 0x1234abcd
size=1M, type=83, bootable
END

# "C:1" where C: leads to partition 1.
names()
{
	find "$MM/DosDevices" -type l -printf '%f>%l\n' | sed "s|>${disk}p|>|" | sort | tr '\n' ' '
}

letter()
{
	ask next_drive_letter "${disk}p$1" | tr '\n' ' '
}

hidden()
{
	sed -n "s|^DEVICE=\"${disk}p\([0-9]*\)\" REASON=\"\([^\"]*\)\".*|\1 \2|p" "$CTL/unprocessed"
}

for monitor in udev kernel; do
	rm -f "$DB"*
	start_mmfs "monitor=$monitor"
	attach gpt 00
	settle
	partx -a "$disk"
	settle

	# Hidden ones are no volumes, and it is said why.
	expect_equal 5 "$(wc -l <"$MM/points")" "the number of volumes (monitor=$monitor)"
	expect_match '^2 .*hidden.*
6 .*hidden[^
]*$' "$(hidden)" "unprocessed partitions"
	expect_refused ENOENT create_point "X: ${disk}p2"
	expect_refused ENOENT volume_arrival_notification "${disk}p6"
	expect_match hidden "$(lib_pair WHY "$(tail -n 1 "$CTL/error_log")")" "why"

	# Bit 63: no letter by itself, and no mark for it. Somebody may give it one all the same.
	expect_equal 'LETTER="" ASSIGNED="0" ' "$(letter 1)" "the letter for who wants none"
	expect_equal 0 "$(cat "$(volume_folder "${disk}p1")/no_drive_letter")" "its mark"
	expect_equal 'LETTER="C" ASSIGNED="1" ' "$(letter 3)" "the letter for another bit"
	expect_equal 'LETTER="D" ASSIGNED="1" ' "$(letter 5)" "the letter for bits of the firmware"
	expect_equal 'LETTER="" ASSIGNED="0" ' "$(letter 4)" "the letter for who wants none, in spite of its name"
	expect_ok request auto_dl_assignments 1
	expect_equal "C:>3 D:>5 E:>7 " "$(names)" "the letters of all"
	expect_ok request create_point "X: ${disk}p1"
	expect_equal 'LETTER="X" ASSIGNED="0" ' "$(letter 1)" "the letter for who was given one"

	# Where names are suggestions, that of the partition is one when there is no label; and "K:" weighs more.
	expect_ok request delete_points all=1
	restart_mmfs "monitor=$monitor" suggest=label
	expect_equal "plain>3 " "$(names)" "the names that partitions suggest"
	expect_equal 'LETTER="K" ASSIGNED="1" ' "$(letter 4)" "the letter for who wants none but this"
	expect_equal 'LETTER="" ASSIGNED="0" ' "$(letter 1)" "the letter for who wants none"
	expect_sound

	# No longer so, with the next look at it.
	sfdisk -q --part-attrs --no-reread "$disk" 1 "" 2>/dev/null
	sfdisk -q --part-attrs --no-reread "$disk" 2 "" 2>/dev/null
	await delete_partitions
	partx -a "$disk"
	settle
	expect_equal 'LETTER="C" ASSIGNED="1" ' "$(letter 1)" "the letter after the bit was taken away"
	expect_match "^6 [^
]*\$" "$(hidden)" "unprocessed partitions after a bit was taken away"
	expect_match ">2 " "$(names)" "the names after a bit was taken away"
	sfdisk -q --part-attrs --no-reread "$disk" 1 "GUID:63" 2>/dev/null
	sfdisk -q --part-attrs --no-reread "$disk" 2 "GUID:62" 2>/dev/null
	await delete_partitions
	detach 00

	# In other tables the same field means other things.
	attach mbr 00
	settle
	partx -a "$disk"
	settle
	expect_match '^LETTER="[C-Z]" ASSIGNED="1" $' "$(letter 1)" "the letter of one to boot from"
	await delete_partitions
	detach 00
	settle
	stop_mmfs
done
