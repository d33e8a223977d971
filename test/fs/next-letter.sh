#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Drive letters that mmfs gives: asked for one volume, for all, and by itself; and the auto_mount setting.
. "$(dirname "$0")/lib.sh"
require sfdisk partx

# The kernel keeps partitions of a loop device that is detached.
at_end()
{
	partx -d "${LOOP}20" 2>/dev/null
}

uuid()
{
	printf '11111111-2222-3333-4444-%012d' "$1"
}
for n in 1 2 3 4 5; do
	make_image "$n" 1M swap "$(uuid $n)"
done
# The least that is a disc: the descriptor of a volume, with the dates that make its UUID.
make_image disc 1M blank
printf '\1CD001\1' | dd of="$TMP/disc" bs=1 seek=32768 conv=notrunc status=none
for at in 813 830; do
	printf 2026010203040500 | dd of="$TMP/disc" bs=1 seek=$((32768 + at)) conv=notrunc status=none
done
attach 1 01
attach 2 02
attach 3 10
start_mmfs
dos=$MM/DosDevices
a=${LOOP}01
b=${LOOP}02
c=${LOOP}10

# What next_drive_letter replies.
expect_letter()
{
	local volume=$1 letter=$2 assigned=$3

	expect_equal "LETTER=\"$letter\" ASSIGNED=\"$assigned\"" "$(ask next_drive_letter "$volume")" \
		"the letter for $volume $4"
	[ -z "$letter" ] || expect_equal "$letter:" "$(cat "$(volume_folder "$volume")/dos_paths")" "dos_paths $4"
}

# The letters that there are: "C1 D2" if C: leads to device 1 and D: to device 2.
expect_letters()
{
	local link found=""

	for link in "$dos"/?:; do
		[ -L "$link" ] || continue
		link=${link##*/}
		found+=" ${link%:}$(readlink "$dos/$link" | sed "s|^${LOOP}0*||")"
	done
	expect_equal "$1" "${found# }" "the letters $2"
}

expect_mark()
{
	expect_equal "$2" "$(cat "$(volume_folder "$1")/no_drive_letter")" "the mark of $1 $3"
}

# --- asked for one ---------------------------------------------------------------------------------

expect_letters "" "at first"
epic_before=$(epic)
expect_letter "$a" C 1 "that has none"
expect_equal $((epic_before + 1)) "$(epic)" "the epic number after a new letter"
expect_equal "next_drive_letter /DosDevices/C: UUID=$(uuid 1) $a" \
	"$(tail -n 1 "$MM/history" | jq -r '.operation + " " + .link + " " + .id + " " + .device')" "the history"
history_before=$(cat "$MM/history")
expect_letter "$a" C 0 "that has one"
expect_equal "$history_before" "$(cat "$MM/history")" "the history after asking again"
expect_equal $((epic_before + 1)) "$(epic)" "the epic number after asking again"

# By whatever names the volume; the next one free is taken, gaps first.
request create_point "D: $c"
expect_equal 'LETTER="E" ASSIGNED="1"' "$(ask next_drive_letter "UUID=$(uuid 2)")" "the letter by ID"
expect_letters "C1 D10 E2" "with one in between"
request delete_points "D: $c"
expect_ok mv "$dos/E:" "$dos/Z:"
expect_letter "$c" D 1 "that lost its letter"
expect_equal 'LETTER="Z" ASSIGNED="0"' "$(ask next_drive_letter "link=Z:")" "the letter by link"
expect_equal 'LETTER="Z" ASSIGNED="0"' "$(ask next_drive_letter "${b#/dev/}")" "the letter by kernel name"
expect_equal $'LETTER="C" ASSIGNED="0"\nLETTER="Z" ASSIGNED="0"' "$(
	exec 3<>"$CTL/next_drive_letter"
	cat >&3 <<<"$a"$'\n'"$b"
	cat <&3
)" "the reply to two lines"
expect_refused EINVAL next_drive_letter ""
expect_refused EINVAL next_drive_letter "all=1"
expect_refused ENOENT next_drive_letter "${LOOP}09"
expect_refused ENOENT next_drive_letter "UUID=none"
expect_refused ENOENT next_drive_letter "X:"
expect_refused EINVAL next_drive_letter "link=C: device=$b"

# Marked volumes get none, and nothing changes.
request delete_points Z:
expect_mark "$b" 1 "after deleting its letter"
epic_before=$(epic)
expect_letter "$b" "" 0 "that is marked"
expect_equal "$epic_before" "$(epic)" "the epic number"
request delete_points "$b"
expect_letter "$b" E 1 "whose mark was taken away"

# The letter of a volume that is away and not kept is taken last, so that it finds it again.
detach 01
settle
request delete_points "$b"
expect_letter "$b" E 1 "while the owner of C: is away"
attach 1 01
settle
expect_letters "C1 D10 E2" "after the return of the first"
expect_letter "$a" C 0 "that finds its letter again"

# All taken: none, a mark, no error; and the mark stays when there is one again.
for letter in {A..Z}; do
	[ -L "$dos/$letter:" ] || taken+=" $letter"
done
make_image many 32M blank
{
	echo "label: gpt"
	for ((i = 0; i < 24; i++)); do
		echo "size=1M"
	done
} | sfdisk -q "$TMP/many"
attach many 20
partx -a "${LOOP}20"
settle
count=0
for letter in ${taken:?}; do
	count=$((count + 1))
	[ "$count" -gt 23 ] || expect_ok request create_point "$letter: ${LOOP}20p$count"
done
attach 4 04
settle
expect_equal 26 "$(find "$dos" -name '?:' | wc -l)" "the letters in use"
expect_letter "${LOOP}04" "" 0 "with all taken"
expect_mark "${LOOP}04" 1 "with all taken"
request delete_points "E: $b"
expect_letter "${LOOP}04" "" 0 "that went without"
request delete_points "${LOOP}04"
expect_letter "${LOOP}04" E 1 "whose mark was taken away"
# The scan starts at C, and not at A.
request delete_points "A: $(readlink "$dos/A:")"
expect_letter "$b" "" 0 "with only A: free"
expect_mark "$b" 1 "with only A: free"
request delete_points "all=1"
expect_letters "" "after deleting everything"
delete_partitions()
{
	partx -d "${LOOP}20" 2>/dev/null # udevd may just be looking at them
}
await delete_partitions
detach 20
detach 04
settle

# Discs start at D.
attach disc 30
settle
expect_equal iso9660 "$(cat "$(volume_folder "${LOOP}30")/fstype")" "the type of the disc"
expect_letter "${LOOP}30" D 1 "of a disc"
request delete_points "D: ${LOOP}30"
detach 30
settle

# --- auto_mount ------------------------------------------------------------------------------------

expect_equal on "$(cat "$CTL/auto_mount")" "auto_mount at first"
epic_before=$(epic)
expect_ok request auto_mount on
expect_equal "$epic_before" "$(epic)" "the epic number after what is so already"
for word in "" 1 0 ON Off yes "on off" "state=" "state=maybe" "on=off" "device=$a" off.; do
	expect_refused EINVAL auto_mount "$word"
	expect_equal on "$(cat "$CTL/auto_mount")" "auto_mount after '$word'"
done
expect_letter "$a" C 1 "with auto_mount on"
expect_ok request auto_mount off
expect_equal off "$(cat "$CTL/auto_mount")" "auto_mount"
expect_equal $((epic_before + 2)) "$(epic)" "the epic number"
expect_equal "auto_mount off" "$(tail -n 1 "$MM/history" | jq -r .operation)" "the history"
# Loop devices are not removable. Whoever has a letter keeps it, and may be given one by name.
expect_equal 0 "$(cat "$(volume_folder "$b")/removable")" "whether it is removable"
expect_letter "$a" C 0 "that has one, with auto_mount off"
epic_before=$(epic)
expect_letter "$b" "" 0 "with auto_mount off"
expect_mark "$b" 0 "with auto_mount off"
expect_equal "$epic_before" "$(epic)" "the epic number"
expect_ok request create_point "K: $b"
expect_ok request delete_points "K: $b"

restart_mmfs
expect_equal off "$(cat "$CTL/auto_mount")" "auto_mount after a restart"
expect_letter "$b" "" 0 "with auto_mount off"
kill_mmfs
start_mmfs
expect_equal off "$(cat "$CTL/auto_mount")" "auto_mount after a crash"
expect_ok request scrub_registry 1
expect_ok request delete_points all=1
expect_equal off "$(cat "$CTL/auto_mount")" "auto_mount after deleting everything"
expect_letters "" "after deleting everything"
expect_ok request auto_dl_assignments 1
expect_letters "" "after asking for all, with auto_mount off"
expect_ok request auto_mount "state=on"
expect_letters "" "after turning it on"
restart_mmfs
expect_equal on "$(cat "$CTL/auto_mount")" "auto_mount after it was turned on, and a restart"

# --- for all ---------------------------------------------------------------------------------------

# In the order of the devices (2 before 10), and not for those that are marked.
request create_point "C: $b"
request delete_points C:
epic_before=$(epic)
expect_ok request auto_dl_assignments "whatever"
expect_letters "C1 D10" "after asking for all"
expect_equal $((epic_before + 1)) "$(epic)" "the epic number after asking for all"
expect_ok request auto_dl_assignments 1
expect_equal $((epic_before + 1)) "$(epic)" "the epic number after asking again"

# From then on for those that arrive, until the daemon ends.
attach 4 05
settle
expect_letters "C1 D10 E5" "after an arrival"
expect_equal "volume_arrival /DosDevices/E:" \
	"$(tail -n 1 "$MM/history" | jq -r '.operation + " " + .link')" "the history"
detach 05
settle
attach 4 06
settle
expect_letters "C1 D10 E6" "after a return"
expect_ok request auto_mount off
attach 5 07
settle
expect_letters "C1 D10 E6" "after an arrival with auto_mount off"
detach 07
expect_ok request auto_mount on
restart_mmfs
expect_letters "C1 D10 E6" "after a restart"
attach 5 07
settle
expect_letters "C1 D10 E6" "after an arrival without asking for it"

# As an option. Volumes that are there at the start get theirs, in the same order, before it is mounted.
stop_mmfs
other=$TMP/other.db
start_mmfs auto_dl "db=$other"
expect_letters "C1 D2 E6 F7 G10" "at a start with auto_dl"
detach 07
make_image 6 1M swap "$(uuid 6)"
attach 6 08
settle
expect_letters "C1 D2 E6 G10 H8" "after an arrival with auto_dl" # F: waits for 5
detach 08
settle
restart_mmfs "db=$other"
expect_letters "C1 D2 E6 G10" "after a start without auto_dl"
attach 5 09
settle
expect_letters "C1 D2 E6 F9 G10" "after an arrival without auto_dl"

stop_mmfs
