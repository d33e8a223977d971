#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# MountPointManager through libmmfs. The tags say where an expectation comes from: [D] documentation
# of the driver kit, [S] pages of the control codes, [WT] and [RT] conformance tests that pass on
# Windows, [R] what an independent implementation does where these are silent, [I] our choice.
# shellcheck disable=SC1003 # names of Windows are no attempts to escape quotes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

attach_two
start_mmfs
binary=$(dirname "$MMFS")/test/fs/binary
volume_a="Volume{$(cat "$(volume_folder "$a")/guid")}"
volume_b="Volume{$(cat "$(volume_folder "$b")/guid")}"
letter='\DosDevices\X:'

call() # CODE ROOM INPUT…: what it answers, on one line
{
	"$binary" call "$MM" "$@" | paste -sd'|'
}
expect_call() # SOURCE ANSWER CODE ROOM INPUT…
{
	local source=$1 answer=$2

	shift 2
	expect_equal "$answer" "$(call "$@")" "$source: $*"
}
invalid="INVALID_PARAMETER 0"
unknown="OBJECT_NAME_NOT_FOUND 0"
taken="OBJECT_NAME_COLLISION 0"

# CREATE_POINT.
expect_call "[D] input < 8" "$invalid" CREATE_POINT 0 raw z7
expect_call "[R] behind the input" "$invalid" CREATE_POINT 0 raw 8 28 36 200 "'$letter'" "'$a'"
expect_call "[R] unknown volume" "$unknown" CREATE_POINT 0 "link=$letter" device=/dev/nothing
expect_call "[D] lower case" "$invalid" CREATE_POINT 0 'link=\DosDevices\x:' "device=$a"
expect_call "[D] free" "SUCCESS 0" CREATE_POINT 0 "link=$letter" "device=$a"
expect_equal "$a" "$(readlink "$MM/DosDevices/X:")" "what CREATE_POINT made"
expect_call "[D] another's" "$taken" CREATE_POINT 0 "link=$letter" "device=$b"
expect_call "[D] a second letter" "$invalid" CREATE_POINT 0 'link=\DosDevices\Y:' "device=$a"
expect_call "[R] its own letter" "$invalid" CREATE_POINT 0 "link=$letter" "device=$a"
expect_call "[D] by volume name" "SUCCESS 0" CREATE_POINT 0 'link=\??\data' "device=\\\\?\\$volume_b\\"
expect_equal "$b" "$(readlink "$MM/DosDevices/data")" "what CREATE_POINT made"
expect_call "[R] its own name" "$taken" CREATE_POINT 0 'link=\DosDevices\data' "device=$b"

# QUERY_POINTS.
size_x=$((8 + 24 + 28 + ${#id_a} + ${#id_a} % 2 + 2 * ${#a}))
answer_x="$letter $id_a $a"
expect_call "[S][WT] input < 24" "$invalid" QUERY_POINTS 4096 raw z23
expect_call "[WT] output 31" "$invalid" QUERY_POINTS 31
expect_call "[WT] output 32" "BUFFER_OVERFLOW 8|size=$(call QUERY_POINTS 9999 | cut -d' ' -f2 | cut -d'|' -f1) count=4" \
	QUERY_POINTS 32
expect_call "[S] link" "SUCCESS $size_x|$answer_x" QUERY_POINTS 4096 "link=$letter"
expect_call "exactly" "SUCCESS $size_x|$answer_x" QUERY_POINTS $size_x "link=$letter"
expect_call "[S] a byte less" "BUFFER_OVERFLOW 8|size=$size_x count=1" QUERY_POINTS $((size_x - 1)) "link=$letter"
expect_call "[RT] unknown link" "$unknown" QUERY_POINTS 4096 'link=\DosDevices\Q:'
expect_call "[RT] unknown volume name" "$unknown" QUERY_POINTS 4096 \
	'link=\??\Volume{00000000-0000-0000-0000-000000000000}'
expect_call "[S] unknown ID" "$invalid" QUERY_POINTS 4096 id=UUID=nothing
expect_call "[S] unknown device" "$invalid" QUERY_POINTS 4096 device=/dev/nothing
for text in '\DosDevice\A:' '\DosDevices\Q:\' '\DosDevices\X:\' '\Device\HarddiskVolume9' '\GLOBAL??\Q:' \
	'\??\a\b' '\ArcName\multi(0)disk(0)' '\' X:; do
	expect_call "[RT] a link that cannot be" "$unknown" QUERY_POINTS 32 "link=$text"
	expect_call "[RT] a link that cannot be" "$unknown" DELETE_POINTS 32 "link=$text"
done
for text in '\DosDevices\x:' '\??\x:' '\DOSDEVICES\x:'; do
	expect_call "[WT] lower case" "SUCCESS $size_x|$answer_x" QUERY_POINTS 4096 "link=$text"
	expect_call "[WT] lower case" "SUCCESS 12|8 X:" QUERY_DOS_VOLUME_PATHS 4096 "target=$text"
done
expect_call "[S] odd address" "$invalid" QUERY_POINTS 4096 raw L25 28 0 L0 0 0 L0 0 0 z1 "'$letter'"
expect_call "[S] lengths > input" "$invalid" QUERY_POINTS 4096 raw L24 28 0 L24 28 0 L0 0 0 "'$letter'"
expect_call "[S] combination" "SUCCESS $size_x|$answer_x" QUERY_POINTS 4096 "link=$letter" "id=$id_a" "device=$a"
expect_call "[I] no combination" "$invalid" QUERY_POINTS 4096 "link=$letter" "id=$id_b"
all_a=$(call QUERY_POINTS 4096 "device=$a")
expect_match "\|\\\\DosDevices\\\\X: $id_a $a\|\\\\\?\?\\\\Volume\{[-0-9a-f]*\} $id_a $a$" "$all_a" "[S] device"
expect_call "[S] ID" "$all_a" QUERY_POINTS 4096 "id=$id_a"
expect_call "[RT] a letter as device" "$all_a" QUERY_POINTS 4096 "device=$letter"
expect_call "[RT] a volume name as device" "$all_a" QUERY_POINTS 4096 "device=\\??\\$volume_a"
expect_equal "$(cat "$MM/points")" "$("$binary" points "$MM")" "all points"
expect_equal "$(cat "$MM/points")" "$("$binary" points "ro:$MM/MountPointManager")" "all points, read-only"

# Paths.
expect_call "[RT] letter" "SUCCESS 12|8 X:" QUERY_DOS_VOLUME_PATH 4096 "target=$a"
expect_call "[RT] no letter" "SUCCESS 104|100 \\\\?\\$volume_b" QUERY_DOS_VOLUME_PATH 4096 "target=$b"
expect_call "[RT] paths" "SUCCESS 12|8 X:" QUERY_DOS_VOLUME_PATHS 4096 "target=\\??\\$volume_a"
expect_call "[RT] no paths" "SUCCESS 6|2" QUERY_DOS_VOLUME_PATHS 4096 "target=$b"
expect_call "[R] overflow" "BUFFER_OVERFLOW 4|8" QUERY_DOS_VOLUME_PATHS 11 "target=$a"
expect_call "[R] output < 4" "$invalid" QUERY_DOS_VOLUME_PATH 3 "target=$a"
expect_call "[R] unknown" "$unknown" QUERY_DOS_VOLUME_PATH 4096 target=/dev/nothing
mkdir "$TMP/höme"
mount "$a" "$TMP/höme"
settle
len=$((2 * (3 + ${#TMP} + 6 + 1)))
expect_call "[RT] all paths" "SUCCESS $((len + 4))|$len X: $TMP/höme" QUERY_DOS_VOLUME_PATHS 4096 "target=$a"
umount "$TMP/höme"
settle

# DELETE_POINTS. Too little room is a dry run.
before=$(epic)
expect_call "[R] dry run" "BUFFER_OVERFLOW 8|size=$size_x count=1" DELETE_POINTS 32 "link=$letter"
expect_equal "$before" "$(epic)" "the epic number after a dry run"
expect_equal "$a" "$(readlink "$MM/DosDevices/X:")" "the link after a dry run"
expect_equal 0 "$(cat "$(volume_folder "$a")/no_drive_letter")" "the mark after a dry run"
expect_call "[D] as QUERY" "$unknown" DELETE_POINTS 4096 'link=\DosDevices\Q:'
expect_call "[D] DBONLY" "SUCCESS $size_x|$answer_x" DELETE_POINTS_DBONLY 4096 "link=$letter"
expect_equal "$a" "$(readlink "$MM/DosDevices/X:")" "the link after DBONLY"
expect_call "[D] delete" "SUCCESS $size_x|$answer_x" DELETE_POINTS 4096 "link=$letter"
[ ! -L "$MM/DosDevices/X:" ] || fail "X: is still there"
expect_equal 1 "$(cat "$(volume_folder "$a")/no_drive_letter")" "[D] the mark"

# Letters, switches, and the rest.
expect_call "[D] wants none" "SUCCESS 2|0 -" NEXT_DRIVE_LETTER 2 "target=$a"
expect_call "[D] new" "SUCCESS 2|1 C" NEXT_DRIVE_LETTER 2 "target=$b"
expect_call "[R] had it" "SUCCESS 2|0 C" NEXT_DRIVE_LETTER 2 "target=$b"
expect_call "[D] output < 2" "$invalid" NEXT_DRIVE_LETTER 1 "target=$b"
expect_call "[D] input < 4" "$invalid" NEXT_DRIVE_LETTER 2 raw z3
expect_call "[R] unknown" "$unknown" NEXT_DRIVE_LETTER 2 target=/dev/nothing
expect_call "on at first" "SUCCESS 4|1" QUERY_AUTO_MOUNT 4
expect_call "off" "SUCCESS 0" SET_AUTO_MOUNT 0 state=0
expect_call "is off" "SUCCESS 4|0" QUERY_AUTO_MOUNT 4
expect_call "output < 4" "$invalid" QUERY_AUTO_MOUNT 3
expect_call "on" "SUCCESS 0" SET_AUTO_MOUNT 0 state=1
expect_call "[D] keep" "SUCCESS 0" KEEP_LINKS_WHEN_OFFLINE 0 "target=$b"
expect_equal 1 "$(cat "$(volume_folder "$b")/keep_links")" "what KEEP_LINKS_WHEN_OFFLINE set"
expect_call "[R] keep what" "$unknown" KEEP_LINKS_WHEN_OFFLINE 0 target=/dev/nothing
expect_call "arrived" "SUCCESS 0" VOLUME_ARRIVAL_NOTIFICATION 0 "target=$a"
expect_call "removed" "SUCCESS 0" VOLUME_REMOVAL_NOTIFICATION 0 "target=$a"
[ ! -e "$MM/ids/$id_a" ] || fail "$id_a is still present"
expect_call "arrives again" "SUCCESS 0" VOLUME_ARRIVAL_NOTIFICATION 0 "target=$a"
[ -e "$MM/ids/$id_a" ] || fail "$id_a is absent"
for code in AUTO_DL_ASSIGNMENTS CHECK_UNPROCESSED_VOLUMES SCRUB_REGISTRY; do
	expect_call "[D]" "SUCCESS 0" $code 0
done
for code in BOOT_DL_ASSIGNMENT TRACELOG_CACHE SILO_ARRIVAL 0x6DC05C 0x6D0000 0x4D0008 0 0xFFFFFFFF; do
	expect_call "[I]" "INVALID_DEVICE_REQUEST 0" $code 4096
done

# A folder of another volume leads to this one, and no longer does.
mkdir "$TMP/host"
mount "$a" "$TMP/host"
folder=$TMP/host/folder
mkdir "$folder"
target=$((8 + 2 * ${#folder}))
for code in CREATED DELETED; do
	expect_call "[S] folder" "SUCCESS 0" VOLUME_MOUNT_POINT_$code 0 \
		raw 8 $((2 * ${#folder})) $target $((2 * ${#b})) "'$folder'" "'$b'"
	[ $code = DELETED ] || expect_match "$folder" "$(ask query_dos_volume_paths "$b")" "the paths of b"
done
expect_equal "" "$(ask query_dos_volume_paths "$b" | grep -F "$folder" || true)" "the paths of b"
# The folder as Windows says it, below a name of its volume.
expect_call "a name of the host" "SUCCESS 0" CREATE_POINT 0 'link=\DosDevices\Y:' "device=$a"
for source in '\DosDevices\Y:\folder' '\??\y:\folder\' "\\??\\$volume_a\\folder" "\\??\\$folder" "\\DosDevices\\$folder"; do
	expect_call "[D] folder" "SUCCESS 0" VOLUME_MOUNT_POINT_CREATED 0 "source=$source" "target=\\??\\$volume_b\\"
	expect_match "$folder" "$(ask query_dos_volume_paths "$b")" "the paths of b"
	expect_call "[I] of whatever" "SUCCESS 0" VOLUME_MOUNT_POINT_DELETED 0 "source=$source" target=
	expect_equal "" "$(ask query_dos_volume_paths "$b" | grep -F "$folder" || true)" "the paths of b"
done
expect_call "no such folder" "$unknown" VOLUME_MOUNT_POINT_CREATED 0 'source=\DosDevices\Y:\nothing' "target=$b"
expect_call "no such letter" "$unknown" VOLUME_MOUNT_POINT_CREATED 0 'source=\DosDevices\Z:\folder' "target=$b"
expect_call "no folder" "$invalid" VOLUME_MOUNT_POINT_CREATED 0 'source=\DosDevices\Y:\' "target=$b"
call DELETE_POINTS 4096 'link=\DosDevices\Y:' >/dev/null
umount "$TMP/host"
expect_call "not mounted" "$unknown" VOLUME_MOUNT_POINT_CREATED 0 "source=\\??\\$volume_a\\folder" "target=$b"

# Longer than an ioctl: an input that is, and a list.
expect_call "100 KiB of input" "SUCCESS 0" CREATE_POINT 0 raw 8 28 36 $((2 * ${#a})) "'$letter'" "'$a'" z100000
expect_call "all the input there is" "SUCCESS $size_x|$answer_x" QUERY_POINTS 4096 \
	raw L24 28 0 L0 0 0 L0 0 0 "'$letter'" z$((524288 - 52))
expect_call "more than that" "$invalid" QUERY_POINTS 4096 raw L24 28 0 L0 0 0 L0 0 0 "'$letter'" z$((524288 - 51))

# Who may only read may only ask.
chmod 755 "$TMP"
as_user()
{
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}
for code in CREATE_POINT DELETE_POINTS DELETE_POINTS_DBONLY NEXT_DRIVE_LETTER AUTO_DL_ASSIGNMENTS \
	KEEP_LINKS_WHEN_OFFLINE CHECK_UNPROCESSED_VOLUMES VOLUME_ARRIVAL_NOTIFICATION SCRUB_REGISTRY \
	SET_AUTO_MOUNT VOLUME_REMOVAL_NOTIFICATION; do
	expect_equal "ACCESS_DENIED 0" "$("$binary" call "ro:$MM" $code 4096)" "$code, read-only"
done
expect_equal "$(cat "$MM/points")" "$(as_user "$binary" points "ro:$MM")" "all points, for anybody"
expect_fail EACCES as_user "$binary" points "$MM"
expect_equal "SUCCESS 4|1" "$(as_user "$binary" call "ro:$MM" QUERY_AUTO_MOUNT 4 | paste -sd'|')" "a switch, for anybody"

# … with buffers of any length, wherever the strings are in them.
expect_asked() # ANSWER CODE ROOM INPUT…
{
	local answer=$1

	shift
	expect_equal "$answer" "$(as_user "$binary" call "ro:$MM" "$@" | paste -sd'|')" "$*, read-only"
}
listed=$(as_user "$binary" call "ro:$MM" QUERY_POINTS 65536 | head -n 1)
for len in 16336 16337 32768 524288; do
	expect_equal "$listed" "$(as_user "$binary" call "ro:$MM" QUERY_POINTS 65536 raw z$len | head -n 1)" "a buffer of $len bytes"
	expect_asked "SUCCESS 4|1" QUERY_AUTO_MOUNT 4 raw z$len
done
expect_asked "SUCCESS $size_x|$answer_x" QUERY_POINTS 4096 raw L200024 28 0 L0 0 0 L0 0 0 z200000 "'$letter'"
expect_asked "$invalid" QUERY_POINTS 4096 raw L200025 28 0 L0 0 0 L0 0 0 z200001 "'$letter'"
expect_asked "$invalid" QUERY_POINTS 4096 raw L200026 28 0 L0 0 0 L0 0 0 z200000 "'$letter'"
expect_asked "$unknown" QUERY_POINTS 4096 raw L24 60000 0 L0 0 0 L0 0 0 "'$letter'" z200000
expect_asked "SUCCESS 12|8 X:" QUERY_DOS_VOLUME_PATHS 4096 raw 28 "'$letter'" z40000
expect_asked "SUCCESS 4|$(epic)" CHANGE_NOTIFY 4 raw L0 z40000
expect_asked "ACCESS_DENIED 0" VOLUME_ARRIVAL_NOTIFICATION 0 raw 28 "'$letter'" z40000
expect_asked "INVALID_PARAMETER 0" QUERY_POINTS 4096 raw z524289

# What is no MountPointManager is left alone.
echo "left alone" >"$TMP/file"
"$binary" handles "$MM" "$TMP/file"
expect_equal "left alone" "$(cat "$TMP/file")" "another file"

"$binary" ioctl "$MM"
expect_equal "" "$(cat "$MM/MountPointManager")" "what MountPointManager shows"

# Damaged requests change nothing, and the daemon is none the worse for them.
"$binary" damage "$MM" 2000 1
before=$(cat "$MM/points" "$MM/history"; epic)
memory=$(awk '/^VmRSS/ { print $2 }' "/proc/$(server_pid)/status")
"$binary" damage "$MM" "${DAMAGES:-50000}" 2
"$(dirname "$binary")/carrier" "$MM/MountPointManager" "$((${DAMAGES:-50000} / 5))" 3
expect_equal "$before" "$(cat "$MM/points" "$MM/history"; epic)" "everything after damaged requests"
more=$(($(awk '/^VmRSS/ { print $2 }' "/proc/$(server_pid)/status") - memory))
echo "damaged requests: ${DAMAGES:-50000}, memory: $memory KiB and $more KiB more"
# ASan keeps what was freed for a while, and looks for leaks by itself.
is_sanitized || ((more < 1024)) || fail "$more KiB more memory than before"

# A list of nothing, and the same asked for again with the size that it says.
expect_match "^BUFFER_OVERFLOW 8.size=[0-9]* count=" "$(call DELETE_POINTS 32 "device=$b")" "[R] dry run by device"
expect_match "^SUCCESS .* $b$" "$(call DELETE_POINTS 4096 "device=$b")" "[D] delete by device"
expect_call "[R] a list of nothing" "SUCCESS 32" QUERY_POINTS 4096 "device=$b"
expect_call "[R] with its size" "SUCCESS 32" QUERY_POINTS 32 "device=$b"

# A hundred thousand links.
had=$(wc -l <"$MM/points")
count=${LINKS:-$(plain_or_sanitized 100000 10000)}
seq -f "link=/DosDevices/n%06.0f device=$b" "$count" >"$TMP/lines"
cat "$TMP/lines" >"$CTL/create_point"
"$binary" points "ro:$MM" >"$TMP/listed"
cmp "$TMP/listed" "$MM/points"
expect_equal $((count + had)) "$(wc -l <"$TMP/listed")" "the number of points"
stop_mmfs
