#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What changes while it stays plugged in: other content, other IDs, another partition table, another
# medium, another size, read-only. With follow=off, so that names wait for their ID, unless somebody says
# that the partition is what they mean.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

require sfdisk partx mkfs.ext4 tune2fs

zram=

at_end()
{
	partx -d "${LOOP}01"
	if [ -n "$zram" ]; then
		echo 1 >"/sys/block/zram$zram/reset"
		echo "$zram" >/sys/class/zram-control/hot_remove
	fi
} 2>/dev/null

id()
{
	echo "UUID=$(number_uuid "$1")"
}

format()
{
	mke2fs -q -t "$2" -F -E nodiscard -U "$(number_uuid "$3")" "$1"
}

change()
{
	echo change >"/sys/class/block/${1#/dev/}/uevent"
}

# The daemon is told of all that has happened by now, and it is the same that a new one finds: whatever
# it was built with.
check()
{
	settle
	expect_sound
	is_sanitized || expect_fresh "${options[@]}"
}

# X: of the device, which has this ID now, or of none.
expect_at()
{
	local device=$1 id=$2

	check
	expect_equal "$device" "$(readlink "$MM/ids/$id/device")" "where $id is"
	expect_equal "$id" "$(cat "$(volume_folder "$device")/unique_id")" "the ID of $device"
	expect_equal "" "$(grep "\"$device\"" "$MM/points" | grep -v "ID=\"$id\"" || true)" "stale triples"
}

expect_link()
{
	expect_equal "$2" "$(readlink "$MM/DosDevices/$1" || true)" "the target of $1"
}

listen()
{
	cat "$MM/events" >"$TMP/events" &
	reader=$!
	await is_waiting $reader events
}

is_told()
{
	jq -r '[.event, .id, .device, .link, .reason] | map(select(.)) | join(" ")' "$TMP/events" |
		grep -qF "$1"
}

is_told_times()
{
	[ "$(jq -r .event "$TMP/events" | grep -c "^$2\$")" -ge "$1" ]
}

# What readers of `events` are told, in any order.
expect_told()
{
	local text

	for text; do
		await is_told "$text"
	done
	kill $reader
	await_end $reader
}

# --- a whole device ------------------------------------------------------------------------------

whole_device()
{
	local other n=0

	make_image a 16M ext4 "$(number_uuid 1)"
	attach a 00
	settle
	request create_point "X: $device"
	request create_point "link=data device=$device"

	# Another filesystem, and the first one's names wait for it.
	listen
	format "$device" ext2 2
	expect_at "$device" "$(id 2)"
	expect_link X: ""
	expect_told "link-deleted $(id 1) $device /DosDevices/X:" "volume-removed $(id 1) $device" \
		"volume-arrived $(id 2) $device"
	expect_equal ext2 "$(cat "$MM/ids/$(id 2)/fstype")" "its type"
	expect_refused ENOENT unique_id_changed "device=$device" # there is no partition to tell by
	mkswap -q -U "$(number_uuid 3)" "$device" 2>/dev/null
	expect_at "$device" "$(id 3)"
	listen
	format "$device" ext4 1
	expect_at "$device" "$(id 1)"
	expect_link X: "$device"
	expect_link data "$device"
	expect_told "link-created $(id 1) $device /DosDevices/X:" "volume-removed $(id 3) $device"

	# The same ID in another filesystem: the same volume.
	listen
	format "$device" ext2 1
	expect_at "$device" "$(id 1)"
	expect_link X: "$device"
	expect_told "volume-changed $(id 1) $device"
	expect_equal ext2 "$(cat "$MM/ids/$(id 1)/fstype")" "its type"
	listen
	e2label "$device" other
	expect_at "$device" "$(id 1)"
	expect_told "volume-changed $(id 1) $device"
	expect_equal other "$(cat "$MM/ids/$(id 1)/label")" "its label"

	tune2fs -U random "$device" >/dev/null 2>&1
	settle
	other=$(cat "$(volume_folder "$device")/unique_id")
	[ "$other" != "$(id 1)" ] || fail "it has its old ID"
	expect_at "$device" "$other"
	expect_link X: ""
	tune2fs -U "$(number_uuid 1)" "$device" >/dev/null 2>&1
	expect_at "$device" "$(id 1)"
	expect_link X: "$device"

	listen
	wipefs -qa "$device"
	check
	expect_equal "" "$(points)" "points of what was wiped"
	expect_equal "DEVICE=\"$device\" REASON=\"no content\" KIND=\"blank\"" "$(cat "$CTL/unprocessed")" "unprocessed"
	expect_told "volume-removed $(id 1) $device" "volume-unprocessed $device no content"
	format "$device" ext4 1
	expect_at "$device" "$(id 1)"
	expect_link X: "$device"

	# Larger, smaller, read-only and not.
	listen
	for size in 24 12; do
		truncate -s ${size}M "$TMP/a"
		losetup -c "$device"
		expect_at "$device" "$(id 1)"
		expect_equal $((size << 20)) "$(cat "$MM/ids/$(id 1)/size")" "its size"
	done
	for flag in ro rw; do
		blockdev --set$flag "$device"
		change "$device" # the kernel says nothing by itself
		expect_at "$device" "$(id 1)"
		expect_equal $((++n & 1)) "$(cat "$MM/ids/$(id 1)/read_only")" "read_only"
	done
	expect_link X: "$device"
	await is_told_times 4 volume-changed # this often at least
	expect_told "volume-changed $(id 1) $device"
	detach 00
	truncate -s 16M "$TMP/a"
	attach a 00 -r
	expect_at "$device" "$(id 1)"
	expect_equal 1 "$(cat "$MM/ids/$(id 1)/read_only")" "read_only with losetup -r"
	detach 00
	check
	expect_equal "" "$(points)" "points of nothing"
}

# --- another medium ------------------------------------------------------------------------------

exchange()
{
	kill -STOP "$(server_pid)"
	settle_udevd
	losetup -d "$device"
	await lib_is_free "$device"
	attach "$1" 00
	settle_udevd
	kill -CONT "$(server_pid)"
}

lib_is_free()
{
	! lib_is_bound "$1"
}

# Whether mmfs has come to what udevd says of the second by the time it hears that the first is gone.
is_told_of_exchange()
{
	is_told "volume-changed $(id 1) $device" ||
		{ is_told "volume-removed $(id 1) $device" && is_told "volume-arrived $(id 1) $device"; }
}

another_medium()
{
	make_image a 16M ext4 "$(number_uuid 1)"
	make_image b 1M swap "$(number_uuid 2)"
	make_image c 1M blank
	cp "$TMP/a" "$TMP/copy"
	truncate -s 18M "$TMP/copy"
	attach a 00
	expect_at "$device" "$(id 1)"
	expect_link X: "$device"
	listen
	exchange b
	expect_at "$device" "$(id 2)"
	expect_link X: ""
	expect_told "volume-removed $(id 1) $device" "volume-arrived $(id 2) $device"
	exchange copy
	expect_at "$device" "$(id 1)"
	expect_link X: "$device"
	listen
	exchange a
	expect_at "$device" "$(id 1)"
	expect_link X: "$device"
	await is_told_of_exchange
	expect_told
	exchange c
	check
	expect_equal "" "$(points)" "points of an empty medium"
	detach 00
	settle
	expect_equal "" "$(cat "$CTL/unprocessed")" "unprocessed without a medium"
}

# --- the partition table -------------------------------------------------------------------------

# Writes a table. udevd may just be looking at the partitions when the kernel is told.
rewrite()
{
	{
		echo "label: gpt"
		cat
	} >"$TMP/script"
	sfdisk -q -w never -W never --no-reread --no-tell-kernel "$device" \
		<"$TMP/script" >"$TMP/said" 2>&1 ||
		fail "sfdisk: $(cat "$TMP/said")"
	await tell_kernel "$@"
}

tell_kernel()
{
	partx "$@" "$device"
} 2>/dev/null

partuuid()
{
	echo "cccccccc-0000-4000-8000-00000000000$1"
}

one=2048 # where partitions start
two=6144
three=10240

# A table of all three, with these numbers.
number_partitions()
{
	rewrite -a <<-END
		$1: start=$one, size=2048, uuid=$(partuuid 1)
		$2: start=$two, size=2048, uuid=$(partuuid 2)
		$3: start=$three, size=2048, uuid=$(partuuid 3)
	END
}

partition_table()
{
	make_image table 16M blank
	attach table 01
	number_partitions 1 2 3
	mkswap -q -U "$(number_uuid 11)" "${device}p1" 2>/dev/null
	mkswap -q -U "$(number_uuid 12)" "${device}p2" 2>/dev/null
	expect_at "${device}p1" "$(id 11)"
	request create_point "link=one device=${device}p1"
	request create_point "link=two device=${device}p2"
	request create_point "link=three device=${device}p3"

	# Renumbered.
	await tell_kernel -d
	number_partitions 2 1 3
	expect_at "${device}p2" "$(id 11)"
	expect_link one "${device}p2"
	expect_link two "${device}p1"
	expect_link three "${device}p3"

	# Grown; told by whoever writes to it then.
	rewrite -u <<-END
		2: start=$one, size=3072, uuid=$(partuuid 1)
		1: start=$two, size=2048, uuid=$(partuuid 2)
		3: start=$three, size=4096, uuid=$(partuuid 3)
	END
	settle
	expect_link one "${device}p2"
	change "${device}p2"
	change "${device}p3"
	expect_at "${device}p2" "$(id 11)"
	expect_equal $((3072 * 512)) "$(cat "$MM/ids/$(id 11)/size")" "the size of the grown volume"
	expect_equal $((4096 * 512)) "$(cat "$MM/ids/PARTUUID=$(partuuid 3)/size")" "the size of the other"
	expect_link three "${device}p3"

	# Other identities, with partitions where they were.
	sfdisk -q --no-reread --no-tell-kernel --part-uuid "$device" 3 "$(partuuid 4)" >/dev/null
	expect_at "${device}p3" "PARTUUID=$(partuuid 4)"
	expect_link three ""
	sfdisk -q --no-reread --no-tell-kernel --part-uuid "$device" 3 "$(partuuid 3)" >/dev/null
	expect_at "${device}p3" "PARTUUID=$(partuuid 3)"
	expect_link three "${device}p3"

	# Deleted, and back elsewhere.
	rewrite -d --nr 2:3 <<-END
		1: start=$two, size=2048, uuid=$(partuuid 2)
	END
	expect_at "${device}p1" "$(id 12)"
	expect_link one ""
	expect_link three ""
	expect_equal 1 "$(wc -l <"$MM/points" | sed 's/2/1/')" "volumes in points"
	await tell_kernel -d
	number_partitions 5 1 7
	expect_at "${device}p5" "$(id 11)"
	expect_link one "${device}p5"
	expect_link three "${device}p7"
}

# --- names that follow their partition -----------------------------------------------------------

following()
{
	local part=${device}p1

	request create_point "X: $part"
	# By themselves they wait; when asked they follow.
	format "$part" ext2 21
	expect_at "$part" "$(id 21)"
	expect_link X: ""
	expect_link two ""
	listen
	request unique_id_changed "device=$part"
	expect_at "$part" "$(id 21)"
	expect_link X: "$part"
	expect_link two "$part"
	expect_told "link-created $(id 21) $part /DosDevices/X:" \
		"link-created $(id 21) $part /DosDevices/two"

	# It was seen without content meanwhile.
	wipefs -qa "$part"
	expect_at "$part" "PARTUUID=$(partuuid 2)"
	format "$part" ext2 22
	expect_at "$part" "$(id 22)"
	request unique_id_changed "device=$part"
	expect_at "$part" "$(id 22)"
	expect_link X: "$part"

	# Two were there before: it has to be said which.
	format "$part" ext2 23
	expect_at "$part" "$(id 23)"
	format "$part" ext2 24
	expect_at "$part" "$(id 24)"
	expect_refused EINVAL unique_id_changed "device=$part"
	expect_refused EEXIST unique_id_changed "device=$part id=$(id 11)"
	request unique_id_changed "device=$part id=$(id 22)"
	expect_at "$part" "$(id 24)"
	expect_link X: "$part"
	request unique_id_changed "device=$part" # the other one's Volume name is left
	expect_at "$part" "$(id 24)"
	expect_link X: "$part"
	request unique_id_changed "device=$part id=PARTUUID=$(partuuid 2)"

	# All by itself, and while nobody watches.
	options=("monitor=$monitor" follow=partuuid)
	restart_mmfs "${options[@]}"
	mkswap -q -U "$(number_uuid 25)" "$part" 2>/dev/null
	expect_at "$part" "$(id 25)"
	expect_link X: "$part"
	expect_link two "$part"
	wipefs -qa "$part"
	expect_at "$part" "PARTUUID=$(partuuid 2)"
	expect_link X: "$part"
	format "$part" ext2 26
	expect_at "$part" "$(id 26)"
	expect_link X: "$part"
	stop_mmfs
	format "$part" ext2 27
	settle_udevd
	start_mmfs "${options[@]}"
	expect_at "$part" "$(id 27)"
	expect_link X: "$part"
	expect_link two "$part"
	expect_link one "${device}p5"

	# Their old volume on another partition is not what was meant: they have gone for good.
	format "${device}p7" ext2 27
	expect_at "$part" "$(id 27)"
	expect_link X: "$part"
	expect_match "DEVICE=\"${device}p7\"" "$(points)" "the clone, which has a PARTUUID"
	request delete_points link=X:
	wipefs -qa "${device}p7"
	settle
	await tell_kernel -d
	detach 01
	check
}

# --- memory ----------------------------------------------------------------------------------------

zram_device()
{
	[ -r /sys/class/zram-control/hot_add ] || return 0
	zram=$(cat /sys/class/zram-control/hot_add)
	options+=("devices=zram$zram")
	restart_mmfs "${options[@]}"
	check
	expect_equal "" "$(cat "$CTL/unprocessed")" "unprocessed, without any size"
	echo 1M >"/sys/block/zram$zram/disksize"
	change "/dev/zram$zram" # the kernel says nothing of sizes from and to 0
	check
	expect_equal "DEVICE=\"/dev/zram$zram\" REASON=\"no content\" KIND=\"blank\"" \
		"$(cat "$CTL/unprocessed")" "unprocessed"
	mkswap -q -U "$(number_uuid 31)" "/dev/zram$zram" 2>/dev/null
	expect_at "/dev/zram$zram" "$(id 31)"
	await reset_zram
	change "/dev/zram$zram"
	check
	expect_equal "" "$(points)$(cat "$CTL/unprocessed")" "what is said of it without any size"
	echo "$zram" >/sys/class/zram-control/hot_remove
	zram=
	check
}

reset_zram()
{
	echo 1 >"/sys/block/zram$zram/reset"
} 2>/dev/null

for monitor in udev kernel; do
	rm -f "$DB"*
	options=("monitor=$monitor" follow=off)
	start_mmfs "${options[@]}"
	whole_device
	another_medium
	partition_table
	following
	zram_device
	stop_mmfs
done
