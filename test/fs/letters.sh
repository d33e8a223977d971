#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Drive letters: one for each volume, and the mark of those that want none.
. "$(dirname "$0")/lib.sh"

a=${LOOP}01
b=${LOOP}02
make_image a 4M swap 11111111-2222-3333-4444-555555555555
make_image b 4M swap aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee
id_a=UUID=11111111-2222-3333-4444-555555555555
attach a 01
attach b 02
start_mmfs
dos=$MM/DosDevices

# The mark and the letter of a, as its files tell them.
expect_a()
{
	local mark=$1 letter=$2

	expect_equal "$mark" "$(cat "$MM/ids/$id_a/no_drive_letter")" "the mark after $3"
	expect_equal "$letter" "$(cat "$MM/ids/$id_a/dos_paths")" "dos_paths after $3"
	expect_equal "${letter:+/DosDevices/$letter}" "$(grep '/.:$' "$MM/ids/$id_a/links" || true)" "the letters after $3"
}
expect_a 0 "" "the start"

# One letter for each.
expect_ok request create_point "C: $a"
expect_a 0 C: "a letter"
expect_refused EINVAL create_point "D: $a"
expect_refused EINVAL create_point "link=/DosDevices/Z: device=C:"
expect_refused_by EINVAL create_point ln -s "$a" "$dos/E:"
expect_refused EEXIST create_point "C: $b"
expect_ok request create_point "D: $b"
expect_a 0 C: "the letter of another"
expect_refused EINVAL create_point "d: $b"

# Names that look like letters and are none.
for name in d C CC: C:: :C ':' 'é:' 1: '[:' '@:' '{:'; do
	expect_ok request create_point "link=$name device=$a"
	expect_ok request delete_points "link=$name"
done
expect_a 0 C: "names that are no letters"
for letter in A Z; do
	expect_ok request delete_points "link=D: device=$b"
	expect_ok request create_point "$letter: $b"
	expect_ok mv "$dos/$letter:" "$dos/D:"
done

# Marked by deleting the letter by its link alone, in every way.
expect_ok request delete_points "link=C:"
expect_a 1 "" "deleting by link"
expect_ok request create_point "link=name device=$a"
expect_a 1 "" "a name that is no letter"
expect_ok request delete_points "link=name"
expect_a 1 "" "deleting that name"
expect_ok request create_point "C: $a"
expect_a 0 C: "a new letter"
expect_ok rm "$dos/C:"
expect_a 1 "" "rm"
expect_ok ln -s "$a" "$dos/E:"
expect_a 0 E: "ln"
expect_ok request delete_points '\??\E:'
expect_a 1 "" "deleting by link"

# The mark is durable, and the volume's own.
restart_mmfs
expect_a 1 "" "a restart"
detach 01
settle
[ ! -e "$MM/ids/$id_a" ] || fail "an absent volume has a folder"
expect_ok request delete_points all=1
expect_ok request create_point "E: $b"
attach a 03
a=$device
settle
expect_a 1 "" "its return under another node"

# Taken away by deleting its names otherwise.
expect_ok request delete_points "id=$id_a"
expect_a 0 "" "deleting by ID"
mark()
{
	request create_point "C: $a"
	request delete_points C:
	expect_a 1 "" "marking again"
}
mark
expect_ok request delete_points "$a"
expect_a 0 "" "deleting by device"
mark
expect_ok request delete_points all=1 >/dev/null
expect_a 0 "" "deleting everything"
expect_ok request create_point "C: $a"
expect_ok request delete_points "C: $a"
expect_a 0 "" "deleting by link and device"
expect_ok request create_point "C: $a"
expect_ok request delete_points "link=C: id=$id_a"
expect_a 0 "" "deleting by link and ID"

# Renaming: from and to a letter, and over the letter of another.
mark
expect_ok request create_point "link=name device=$a"
expect_ok mv "$dos/name" "$dos/C:"
expect_a 0 C: "mv to a letter"
expect_ok mv "$dos/C:" "$dos/D:"
expect_a 0 D: "mv from letter to letter"
expect_ok mv "$dos/D:" "$dos/name"
expect_a 0 "" "mv from a letter"
expect_ok mv "$dos/name" "$dos/C:"
expect_ok request create_point "link=other device=$b"
expect_ok mv "$dos/other" "$dos/C:"
expect_a 0 "" "mv over its letter"
expect_equal C: "$(cat "$(volume_folder "$b")/dos_paths")" "dos_paths of the other volume"

# A letter that was taken while its owner was away is no hindrance to another one.
expect_ok request create_point "D: $a"
detach "$a"
settle
expect_ok request delete_points "device=$b"
expect_ok request create_point "D: $b"
attach a 01
a=$device
settle
expect_a 0 "" "its letter was taken"
expect_ok request create_point "E: $a"
expect_a 0 E: "another letter"

stop_mmfs
