#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mmfs stands in nobody's way: mkfs, mount, umount and losetup -d work while it looks at the same
# device, and it opens none for writing.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

rounds=${ROUNDS:-$(plain_or_sanitized 100 40)}
mkdir "$TMP/data"

held_devices()
{
	local pid

	for pid in "$mmfs_pid" "$(server_pid)" $(pgrep -P "$(server_pid)"); do
		find "/proc/$pid/fd" -lname '/dev/loop[0-9]*' -printf '%p %l\n' 2>/dev/null || true
	done
}

make_image a 4M blank
for monitor in udev kernel; do
	start_mmfs "monitor=$monitor"
	for ((i = 0; i < rounds / 2; i++)); do
		attach a 00
		settle & # they race
		settling=$!
		expect_ok mke2fs -q -t ext2 -F "$device"
		expect_ok mount "$device" "$TMP/data"
		expect_ok umount "$TMP/data"
		expect_ok wipefs -qa "$device"
		before=$(cat "/sys/block/${device#/dev/}/diskseq")
		expect_ok losetup -d "$device"
		wait "$settling"
		await lib_has_other_media "$device" "$before"
	done
	settle
	expect_equal "" "$(held_devices)" "what is held open"
	expect_equal "" "$(points)" "points"
	stop_mmfs
done

# While it is mounted, and after its daemon has seen that, too.
start_mmfs
attach a 00
mke2fs -q -t ext2 -F -U "$(number_uuid 1)" "$device"
settle
mount "$device" "$TMP/data"
await test -s "$(volume_folder "$device")/mount_points"
expect_equal "$TMP/data" "$(cat "$(volume_folder "$device")/mount_points")" "where it is mounted"
expect_ok umount "$TMP/data"
expect_equal "" "$(held_devices)" "what is held open"
detach 00
stop_mmfs

# Which way it opens devices.
command -v strace >/dev/null || skip "the rest needs strace"
! is_sanitized || exit 0 # LeakSanitizer and ptrace exclude each other
for monitor in udev kernel; do
	rm -f "$DB" # the names of the volume before would follow
	attach a 00
	strace -f -qq -e trace=open,openat,openat2,creat -o "$TMP/trace" \
		"$MMFS" -f -o "db=$DB,devices=$DEVICES,monitor=$monitor" "$MM" </dev/null >>"$LOG" 2>&1 &
	mmfs_pid=$!
	await_mount
	mke2fs -q -t ext2 -F "$device"
	settle
	request create_point "X: $device"
	detach 00
	make_image b 1M swap
	attach b 00
	settle
	cat "$CTL/unprocessed" "$MM/points" >/dev/null
	detach 00
	stop_mmfs
	opened=$(grep -c "\"/dev/loop.*O_RDONLY" "$TMP/trace" || true)
	echo "monitor=$monitor: devices were opened $opened times to read"
	[ "$monitor" = udev ] || [ "$opened" -gt 0 ] || fail "the trace shows no device being read"
	expect_equal "" "$(grep -E '"/dev/(loop|sd|vd|nvme|dm-|md|mapper)[^"]*", [^)]*O_(RDWR|WRONLY)' "$TMP/trace" ||
		true)" "devices opened for writing"
done
