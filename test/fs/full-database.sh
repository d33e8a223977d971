#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Devices that come while the database cannot be written are volumes as soon as it can: when somebody asks
# for that, and by themselves.
. "$(dirname "$0")/lib.sh"

small=$TMP/small
mkdir "$small"
mount -t tmpfs -o size=8m tmpfs "$small"
attach_two
make_image c 16M ext4 44444444-0000-0000-0000-000000000000

# Without a byte left, and with the room used up that the database had kept for itself.
begin_full() # NAME
{
	local i

	DB=$small/$1.db
	start_mmfs
	dd if=/dev/zero of="$small/full" bs=512 status=none 2>"$TMP/dd" || true
	for ((i = 0; i < 4000; i++)); do
		ln -s "$a" "$MM/DosDevices/name$i" 2>"$TMP/ln" || break
	done
	expect_match "No space left" "$(cat "$TMP/ln")" "what a full database says"
	# The second line cannot be, and the first is not written down: that is what is told of.
	expect_fail ENOSPC request create_point $'link=late device='"$a"$'\nlink=late device='"$b"
	expect_equal "link=late device=$a ENOSPC" "$(lib_pair REQUEST "$(tail -n 1 "$CTL/error_log")") $(
		lib_pair ERRNO "$(tail -n 1 "$CTL/error_log")")" "what is told of"
	attach c 03
	settle
	expect_match "REASON=\"the database cannot be written\"" "$(cat "$CTL/unprocessed")" "what is refused"
	rm "$small/full"
}

is_volume()
{
	[ "$(readlink "$MM/devices/${device#/dev/}")" = ../ids/UUID=44444444-0000-0000-0000-000000000000 ]
}

begin_full asked
request check_unprocessed_volumes 1
is_volume || fail "it is none, though it was asked for"
expect_equal "" "$(cat "$CTL/unprocessed")" "what is unprocessed"
stop_mmfs
rm "$small"/asked.db*
detach 03

begin_full waited
await is_volume
stop_mmfs
