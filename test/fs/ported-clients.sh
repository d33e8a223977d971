#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What programs that were written for the mount manager of Windows ask of it, in their order and with
# buffers of their shapes, and the answers that each of them relies on.
# shellcheck disable=SC1003 # names of Windows are no attempts to escape quotes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

binary=$helpers/binary
server=
at_end()
{
	umount -l "$TMP/fuse" "$TMP/host" 2>/dev/null || true
}

call() # CODE ROOM INPUT…: what it answers, on one line
{
	"$binary" call "$MM" "$@" | paste -sd'|'
}
expect_call() # WHAT ANSWER CODE ROOM INPUT…
{
	local what=$1 answer=$2

	shift 2
	expect_equal "$answer" "$(call "$@")" "$what: $*"
}
expect_like() # WHAT PATTERN CODE ROOM INPUT…
{
	local what=$1 pattern=$2

	shift 2
	expect_match "$pattern" "$(call "$@")" "$what: $*"
}
target() # NAME: the words of a target name that is one byte longer than it says
{
	echo raw $((2 * ${#1})) "'$1'" z1
}
ok="SUCCESS 0"
unknown="OBJECT_NAME_NOT_FOUND 0"

attach_two
echo content >"$TMP/file"
mkdir "$TMP/fuse" "$TMP/host"
chmod 755 "$TMP"
mount "$a" "$TMP/host"
mkdir "$TMP/host/"{first,second}
start_mmfs
request create_point "W: $a"
guid_a="Volume{$(cat "$(volume_folder "$a")/guid")}"
"$helpers/stall-image" "$TMP/file" -f -o allow_other "$TMP/fuse" </dev/null >/dev/null 2>&1 &
server=$!
await mountpoint -q "$TMP/fuse"
fuse=$TMP/fuse

# A filesystem in a program, its letter made by itself: automatic letters are off while it arrives.
expect_call "the switch" "SUCCESS 4|1" QUERY_AUTO_MOUNT 4
expect_call "off" "$ok" SET_AUTO_MOUNT 0 state=0
expect_call "arrives" "$ok" VOLUME_ARRIVAL_NOTIFICATION 0 "target=$fuse"
expect_call "on" "$ok" SET_AUTO_MOUNT 0 state=1
id=$(call QUERY_POINTS 4096 "device=$fuse" | tr '|' '\n' | awk 'END { print $2 }')
expect_match '^UUID=' "$id" "the ID that is made"
expect_equal "" "$(call QUERY_POINTS 4096 "device=$fuse" | grep -o 'DosDevices.[A-Z]:' || true)" "letters while they are off"
expect_call "its letter" "$ok" CREATE_POINT 0 'link=\DosDevices\Q:' "device=$fuse"
expect_equal content "$(cat "$MM/DosDevices/Q:/image")" "what is behind its letter"
expect_like "out of the database" "^SUCCESS .*Q: $id $fuse" DELETE_POINTS_DBONLY 4096 "id=$id"
expect_equal content "$(cat "$MM/DosDevices/Q:/image")" "the letter without its entry"
for source in '\DosDevices\W:\first' '\??\W:\first' "\\??\\$guid_a\\first"; do
	expect_call "a folder" "$ok" VOLUME_MOUNT_POINT_CREATED 0 "source=$source" "target=$fuse"
	expect_like "its paths" "$TMP/host/first" QUERY_DOS_VOLUME_PATHS 4096 "target=$fuse"
	expect_call "no folder" "$ok" VOLUME_MOUNT_POINT_DELETED 0 "source=$source" "target=$fuse"
done
expect_like "the letter goes" "^SUCCESS .*Q: $id $fuse$" DELETE_POINTS 4096 'link=\DosDevices\Q:'
[ ! -L "$MM/DosDevices/Q:" ] || fail "Q: is still there"
expect_call "an unused letter" "$unknown" QUERY_POINTS 4096 'link=\DosDevices\Q:'
expect_call "once more" "$ok" CREATE_POINT 0 'link=\DosDevices\Q:' "device=$fuse"
expect_like "the end, by ID" "^SUCCESS .*$id $fuse" DELETE_POINTS 4096 same "id=$id"
expect_equal "SUCCESS 32" "$(call QUERY_POINTS 32 "id=$id")" "what is left of it"

# Another: inputs are a byte too long, the device stands before the link, deletions by each member.
name_f="Volume{$(printf '%s' "${id#UUID=}" | tr 'a-f' 'A-F')}"
letter='\DosDevices\R:'
create() # LINK DEVICE, the device first
{
	echo raw $((8 + 2 * ${#2})) $((2 * ${#1})) 8 $((2 * ${#2})) "'$2'" "'$1'"
}
# shellcheck disable=SC2046 # words
{
	expect_call "arrives, odd" "$ok" VOLUME_ARRIVAL_NOTIFICATION 0 $(target "$fuse")
	expect_call "device first" "$ok" CREATE_POINT 0 $(create "$letter" "$fuse")
	expect_call "its volume name" "$ok" CREATE_POINT 0 $(create "\\??\\$name_f" "$fuse")
}
expect_like "by its own volume name" "R: $id $fuse" QUERY_POINTS 4096 "device=\\??\\$name_f"
expect_call "a folder, by volume name" "$ok" VOLUME_MOUNT_POINT_CREATED 0 \
	'source=\DosDevices\W:\second' "target=\\??\\$name_f"
expect_like "its paths" "$TMP/host/second" QUERY_DOS_VOLUME_PATHS 4096 "target=$fuse"
expect_call "no folder, by volume name" "$ok" VOLUME_MOUNT_POINT_DELETED 0 \
	'source=\DosDevices\W:\second' "target=\\??\\$name_f"
expect_like "by link" "^SUCCESS [0-9]*.{1,3}DosDevices.R: $id $fuse$" DELETE_POINTS 1056 "link=$letter"
expect_call "again" "$ok" CREATE_POINT 0 "link=$letter" "device=$fuse"
expect_like "by both" "^SUCCESS [0-9]*.{1,3}DosDevices.R: $id $fuse$" DELETE_POINTS 1056 "link=$letter" "device=$fuse"
expect_call "again" "$ok" CREATE_POINT 0 "link=$letter" "device=$fuse"
expect_like "by device" "R: $id $fuse" DELETE_POINTS 1056 "device=$fuse"
expect_call "it may have one again" "SUCCESS 2|1 C" NEXT_DRIVE_LETTER 2 "target=$fuse"
expect_like "by device" "C: $id $fuse" DELETE_POINTS 1056 "device=$fuse"

# A third: letters are tried until one is free, and proved; all points are looked through.
for letter in {D..Z}; do
	answer=$(call CREATE_POINT 0 "link=\\DosDevices\\$letter:" "device=$fuse")
	[[ $answer == "OBJECT_NAME_COLLISION 0" ]] || break
done
expect_equal "D $ok" "$letter $answer" "the first letter that is free"
needed=$(call QUERY_POINTS 32)
expect_match '^BUFFER_OVERFLOW 8.size=[0-9]* count=[0-9]*$' "$needed" "how long all points are"
needed=${needed#*size=}
expect_like "all points" "^SUCCESS ${needed% *}.*D: $id $fuse" QUERY_POINTS "${needed% *}"
expect_like "by both" "^SUCCESS .*D: $id $fuse$" DELETE_POINTS 1056 'link=\DosDevices\D:' "device=$fuse"
# shellcheck disable=SC2046 # words
{
	expect_call "goes, odd" "$ok" VOLUME_REMOVAL_NOTIFICATION 0 $(target "$fuse")
	expect_call "nobody knows it" "INVALID_PARAMETER 0" QUERY_POINTS 4096 "device=$fuse"
	expect_call "comes, odd" "$ok" VOLUME_ARRIVAL_NOTIFICATION 0 $(target "$fuse")
}
expect_like "as before" "^SUCCESS .*$id $fuse" QUERY_POINTS 4096 "device=$fuse"
name_f=$(call QUERY_POINTS 4096 "device=$fuse" | grep -o 'Volume{[^}]*}' | head -n 1)
expect_call "a folder" "$ok" VOLUME_MOUNT_POINT_CREATED 0 'source=\??\W:\second' "target=\\??\\$name_f"
umount "$fuse"
wait "$server" || true
settle
expect_call "a folder of who is gone" "$ok" VOLUME_MOUNT_POINT_DELETED 0 'source=\??\W:\second' "target=\\??\\$name_f"

# A window in which a letter is changed: the device is asked for, and loses its letter to a new one.
expect_like "as it was typed" "^SUCCESS .*W: $id_a $a$" QUERY_POINTS 4096 'link=\DosDevices\w:'
expect_like "the best path" "^SUCCESS .*W:" QUERY_DOS_VOLUME_PATH 1028 "target=$a"
expect_like "gone" "^SUCCESS .*W: $id_a $a$" DELETE_POINTS 4096 'link=\DosDevices\w:'
expect_equal 1 "$(cat "$(volume_folder "$a")/no_drive_letter")" "the mark"
expect_call "another" "$ok" CREATE_POINT 0 'link=\DosDevices\V:' "device=$a"
expect_equal 0 "$(cat "$(volume_folder "$a")/no_drive_letter")" "the mark of who has a letter"

# A driver: too little room deletes nothing; without links there is an answer of the least length.
needed=$(call DELETE_POINTS 32 "device=$b")
expect_match '^BUFFER_OVERFLOW 8' "$needed" "a dry run"
needed=${needed#*size=}
expect_like "in earnest" "^SUCCESS ${needed% *}.* $b$" DELETE_POINTS "${needed% *}" "device=$b"
expect_call "nothing left" "SUCCESS 32" QUERY_POINTS 32 "device=$b"
expect_call "a letter all the same" "SUCCESS 2|1 C" NEXT_DRIVE_LETTER 2 "target=$b"
expect_call "what it knows" "SUCCESS 4|$(epic)" CHANGE_NOTIFY 4 same epic=0

# Room for one triple is 300 bytes; paths are asked for with an input twice as long as needed.
expect_like "300 bytes" "^SUCCESS .*C: $id_b $b$" DELETE_POINTS 300 'link=\DosDevices\C:'
# shellcheck disable=SC2046 # words
expect_like "long input" "^SUCCESS .* V: $TMP/host" QUERY_DOS_VOLUME_PATHS 4096 \
	raw $((2 * ${#a})) "'$a'" z$((2 * ${#a} + 2))
expect_like "536 bytes of input, with garbage" "^SUCCESS .*V: $id_a $a$" QUERY_POINTS 4096 \
	raw L24 28 7777 L0 0 7777 L0 0 7777 "'\\DosDevices\\V:'" "'garbage'" z470
stop_mmfs
