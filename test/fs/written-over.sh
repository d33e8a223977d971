#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Content of all kinds is written over a device that has names, as mkfs and the like do it: the names
# follow. A partition has them whatever is on it, unless it is a member of something. A whole device has
# none while nothing tells what it is, and again when something does.
#
# SEED=N again: which is written to which of three devices.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
require sfdisk partx blkdiscard

golden=$(dirname "$0")/../io/golden
seed=${SEED:-$RANDOM}
echo "SEED=$seed"
gpt=PARTUUID=$(number_uuid 1)
dos=PARTUUID=1b2d3f4a-01

at_end()
{
	partx -d "${LOOP}02"
	partx -d "${LOOP}03"
} 2>/dev/null

is_named() # NAME NODE
{
	[ "$(readlink "$MM/DosDevices/$1")" = "$2" ]
}

expect_named() # NAME NODE ID WHAT
{
	expect_equal "$2" "$(readlink "$MM/DosDevices/$1" || true)" "the name of a device with $4"
	expect_equal "$3" "$(cat "$(volume_folder "$2")/unique_id")" "the ID of a device with $4 ($(cat "$(volume_folder "$2")/doubt"))"
	expect_equal "${guid[$1]}" "$(cat "$(volume_folder "$2")/guid")" "the volume name of a device with $4"
}

# What ids says of an image, of a device that has this ID by itself, too ("-": none).
check() # NAME NODE OWN KIND ID WHAT
{
	case $4 in
	none) ;; # a member, whose names wait
	doubtful) ;;
	unprocessed | volume)
		if [[ $5 == UUID=* ]]; then
			expect_named "$1" "$2" "$5" "$6"
		elif [ "$3" != - ]; then
			expect_named "$1" "$2" "$3" "$6"
		else
			[ ! -e "$MM/DosDevices/$1" ] || fail "there is a name of a device with $6"
		fi
		;;
	esac
}

write_image() # NAME NODE OWN IMAGE KIND ID
{
	local kind=$5

	[ "$4" != ambivalent ] || kind=doubtful
	dd if="$TMP/image" of="$2" bs=64k conv=sparse,notrunc status=none
	settle
	check "$1" "$2" "$3" "$kind" "$6" "$4"
	blkdiscard -fz "$2" 2>/dev/null
	settle
	check "$1" "$2" "$3" unprocessed - "nothing on it, after $4"
}

make_image whole 520M ext4 "$(number_uuid 2)"
make_image gpt 524M blank
sfdisk -q "$TMP/gpt" <<<"label: gpt
start=2048, size=520M, uuid=${gpt#*=}"
make_image dos 524M blank
sfdisk -q "$TMP/dos" <<-END
	label: dos
	label-id: 0x1b2d3f4a
	start=2048, size=520M, type=83
END
attach whole 01
attach gpt 02
attach dos 03
partx -a "${LOOP}02"
partx -a "${LOOP}03"
settle_udevd
start_mmfs
declare -A node=([whole]=${LOOP}01 [gpt]=${LOOP}02p1 [dos]=${LOOP}03p1) own=([whole]=- [gpt]=$gpt [dos]=$dos)
declare -A guid=()
names=(whole gpt dos)
for name in "${names[@]}"; do
	request create_point "link=$name device=${node[$name]}"
	guid[$name]=$(cat "$(volume_folder "${node[$name]}")/guid")
done
count=0
while read -r image part kind _ id _; do
	# The second device of the same filesystem has its ID.
	if [ "$part" != - ] || [ "$image" = btrfs_second ]; then
		continue
	fi
	tar -xf "$golden/$image.tar.xz" -C "$TMP"
	count=$((count + 1))
	name=${names[(count + seed) % 3]}
	write_image "$name" "${node[$name]}" "${own[$name]}" "$image" "$kind" "$id"
done < <(grep -v '^#' "$golden/ids" | grep .)
[ "$count" -gt 100 ] || fail "$count images"
expect_sound
stop_mmfs
await partx -d "${LOOP}02" 2>/dev/null
await partx -d "${LOOP}03" 2>/dev/null
