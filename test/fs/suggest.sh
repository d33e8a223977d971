#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# -o suggest=label: volumes that arrive without a name get their label as one. Labels are hostile.
. "$(dirname "$0")/lib.sh"

uuid()
{
	printf '11111111-2222-3333-4444-%012d' "$1"
}

# A filesystem with any label of up to 16 bytes, as printf %b has it.
make_labelled()
{
	local image=$1 label=$2

	truncate -s 1M "$TMP/$image"
	mke2fs -q -F -t ext2 -U "$(uuid "$image")" "$TMP/$image" # ext4 has a checksum over its label
	printf '%b' "$label" | dd of="$TMP/$image" bs=1 seek=$((1024 + 120)) conv=notrunc status=none
}

# What is in DosDevices, and where it leads: "data 1" for device 1 of the case.
names()
{
	find "$MM/DosDevices" -type l -printf '%f %l\n' | sed "s| ${LOOP}0*| |" | sort
}

expect_names()
{
	expect_equal "$1" "$(names)" "the names $2"
}

# --- what becomes of labels ------------------------------------------------------------------------

make_labelled 1 'data'
make_labelled 2 'My Films'
attach 1 01
attach 2 02
start_mmfs
expect_names "" "without the option"
epic_before=$(epic)
stop_mmfs
start_mmfs suggest=off
expect_names "" "with suggest=off"
restart_mmfs suggest=label
expect_names "My Films 2
data 1" "with suggest=label"
((epic_before == 2)) || fail "the epic number of a start with new volumes is $epic_before"
expect_equal 2 "$(epic)" "the epic number of a start with new names"
expect_equal "volume_arrival /DosDevices/My Films UUID=$(uuid 2)" \
	"$(tail -n 1 "$MM/history" | jq -r '.operation + " " + .link + " " + .id')" "the history"

# Durable, and the volume's from then on, whatever becomes of the label. Deleted, it is suggested anew.
restart_mmfs
expect_names "My Films 2
data 1" "without the option, later"
restart_mmfs suggest=label
expect_equal 1 "$(epic)" "the epic number of a start that brings nothing new"
e2label "${LOOP}01" changed
settle
expect_equal changed "$(cat "$(volume_folder "${LOOP}01")/label")" "the label"
detach 01
settle
attach 1 01
settle
expect_names "My Films 2
data 1" "after the label was changed"
expect_ok rm "$MM/DosDevices/data" "$MM/DosDevices/My Films"
settle
expect_names "" "after rm"
detach 01
settle
attach 1 03
settle
expect_names "changed 3" "after rm and a return"
# Not if it has a name that somebody chose.
detach 02
expect_ok request create_point "link=mine device=$device"
expect_ok rm "$MM/DosDevices/changed"
detach 03
attach 1 03
attach 2 02
settle
expect_names "My Films 2
mine 3" "after a return with a name"

# Two with the same label: the first by device has it. Who is present keeps it, in any case of it.
make_labelled 4 same
make_labelled 5 SAME
make_labelled 6 same
stop_mmfs
attach 5 04
attach 4 05
start_mmfs suggest=label
expect_names "My Films 2
SAME 4
mine 3" "of two with the same label"
attach 6 06
settle
expect_names "My Films 2
SAME 4
mine 3" "of three with the same label"
# Nor is an absent owner's name taken.
detach 04
settle
detach 06
settle
attach 6 06
settle
expect_names "My Films 2
mine 3" "while its owner is away"
attach 5 07
settle
expect_names "My Films 2
SAME 7
mine 3" "after its return"
for n in 02 03 05 06 07; do
	detach $n
done
settle

# --- hostile ones ----------------------------------------------------------------------------------

expect_names "" "without volumes"
count=10
while IFS='|' read -r label expected; do
	count=$((count + 1))
	make_labelled $count "$label"
	attach $count $count
	settle
	volume_folder "$device" >/dev/null || fail "the volume with the label '$label' is not there"
	expect_names "${expected:+$expected $count}" "with the label '$label'"
	expect_equal "$((${#expected} ? 2 : 1))" "$(wc -l <"$(volume_folder "$device")/links")" \
		"the number of links with the label '$label'"
	expect_equal "$(wc -l <"$MM/points")" "$(grep -cE '^LINK="[^"]*" ID="[^"]*" DEVICE="[^"]*"$' "$MM/points")" \
		"the lines of points with the label '$label'"
	jq -e . "$MM/points.json" >/dev/null
	detach $count
	settle
done <<'END'
..|
.|
../../etc|
a/b|
/|
/dev/sda|
/DosDevices/K|
\\|
a\\b|
\\??\\C:|
a\nb|
a\001b|
a\033[2Jb|
\177|
\377\376|
ab\303|
\302\205|
c:|
z:|
Q:|
...|...
\303\244\303\266|äö
$(touch pwned)|$(touch pwned)
`id`|`id`
-rf|-rf
"q|"q
C:D|C:D
CC:|CC:
*|*
sixteen_bytes_ok|sixteen_bytes_ok
UUID=1|UUID=1
Volumes|Volumes
END
[ ! -e pwned ] || fail "a label was run"
((count == 42)) || fail "only $count labels were looked at"

# What is longer. Of the 255 bytes that btrfs has, libblkid gives 254.
require mkfs.btrfs
long=$(printf 'l%.0s' {1..254})
make_image long 128M btrfs "$(uuid 90)" "${long}l" >/dev/null
attach long 90
settle
expect_names "$long 90" "with a label of 254 bytes"
expect_equal "$(uuid 90)" "$(sed 's/^UUID=//' "$(volume_folder "$device")/unique_id")" "its ID"
detach 90
make_image volume 128M btrfs "$(uuid 91)" 'Volume{01234567-89ab-cdef-0123-456789abcdef}' >/dev/null
attach volume 91
settle
expect_names "" "with a label that is like a volume name"
[ ! -e "$MM/Volumes/Volume{01234567-89ab-cdef-0123-456789abcdef}" ] || fail "a label has become a volume name"
expect_match '^/Volumes/Volume\{[-0-9a-f]{36}\}$' "$(cat "$(volume_folder "$device")/links")" "its links"
detach 91
settle

# One that udevd has no room for, escaped: whatever it says then, the tree is sound.
make_image signs 128M btrfs "$(uuid 92)" "$(printf '$%.0s' {1..255})" >/dev/null
attach signs 92
settle
expect_equal "ID=\"UUID=$(uuid 92)\" DEVICE=\"$device\"" \
	"$(points | sed 's/^LINK="[^"]*" //' | sort -u)" "points with a label of 255 signs"
detach 92
settle

# --- letters ---------------------------------------------------------------------------------------

# A label like a letter is what is tried first when a letter is given, and nothing by itself.
make_labelled 60 K:
make_labelled 61 K:
make_labelled 62 k:
make_labelled 63 plain
attach 60 60
attach 63 59
settle
expect_names "plain 59" "with a letter as a label"
expect_equal 'LETTER="K" ASSIGNED="1"' "$(ask next_drive_letter "${LOOP}60")" "the letter"
attach 61 61
attach 62 62
settle
expect_equal 'LETTER="C" ASSIGNED="1"' "$(ask next_drive_letter "${LOOP}61")" "the letter when the other is taken"
expect_equal 'LETTER="D" ASSIGNED="1"' "$(ask next_drive_letter "${LOOP}62")" "the letter for a small one"
expect_ok request delete_points all=1
# Of all at once these come first, whatever the order of the devices.
for n in 59 60 61 62; do
	detach $n
done
make_labelled 64 C:
attach 63 63
attach 64 64
stop_mmfs
start_mmfs suggest=label auto_dl
expect_names "C: 64
D: 63
plain 63" "with suggest=label and auto_dl"
# Without the option labels mean nothing.
stop_mmfs
start_mmfs auto_dl "db=$TMP/other.db"
expect_names "C: 63
D: 64" "with auto_dl alone"
stop_mmfs

code=0
errors=$( (run_mmfs -f -o "db=$DB,suggest=maybe" "$MM") 2>&1 </dev/null) || code=$?
expect_equal 2 "$code" "the status with an unknown suggestion"
expect_match "suggest" "$errors" "what it says"
