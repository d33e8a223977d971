#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel and dos tables number logical partitions anew when one is deleted. The name of one
# without content leads nowhere then, with a reason, rather than to another.

. "$(dirname "$0")/lib.sh"
require sfdisk partx

at_end()
{
	partx -d "${LOOP}01" 2>/dev/null || true
}

# Somebody may be reading one of them still.
delete_partitions()
{
	at_end
	! compgen -G "/sys/class/block/${LOOP#/dev/}01p*" >/dev/null
}

make_image disk 8M blank
sfdisk -q "$TMP/disk" >/dev/null <<-END
	label: dos
	label-id: 0x1b2d3f4a
	1 : start=2048, size=14336, type=5
	5 : start=4096, size=1024, type=83
	6 : start=8192, size=1024, type=83
	7 : start=12288, size=1024, type=83
END
attach disk 01
[ -e "/sys/class/block/${LOOP#/dev/}01p7" ] || partx -a "${LOOP}01"
start_mmfs
request create_point "link=first device=${LOOP}01p5"
request create_point "link=second device=${LOOP}01p6"
request create_point "link=third device=${LOOP}01p7"
expect_equal "${LOOP}01p7" "$(readlink "$MM/DosDevices/third")" "the name"

sfdisk -q --no-reread --delete "${LOOP}01" 5 >/dev/null 2>&1
await delete_partitions
partx -a "${LOOP}01"
settle
for round in now restarted; do
	expect_equal 12288 "$(cat "/sys/class/block/${LOOP#/dev/}01p6/start")" "what is the last one, $round"
	for name in first second third; do
		[ ! -e "$MM/DosDevices/$name" ] ||
			fail "$name leads to $(readlink "$MM/DosDevices/$name"), $round"
	done
	expect_match "DEVICE=\"${LOOP}01p6\" REASON=\"another partition: " "$(cat "$CTL/unprocessed")" \
		"the reason, $round"
	restart_mmfs
done
request claim_unique_id "device=${LOOP}01p6"
expect_equal "${LOOP}01p6" "$(readlink "$MM/DosDevices/second")" "the name that was accepted"
