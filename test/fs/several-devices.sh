#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A btrfs of two devices is one volume: the other device is none, until it has to stand in. It is
# incomplete until both are here, and mounted whichever of them the kernel names.
. "$(dirname "$0")/lib.sh"
require mkfs.btrfs

make_image a 130M blank
make_image b 130M blank
# mkfs.btrfs takes no UUID that it sees anywhere, and other tests run beside this one.
mkfs.btrfs -q -m raid1 -d single "$TMP/a" "$TMP/b" >/dev/null

for monitor in udev kernel; do
	start_mmfs "monitor=$monitor"
	attach a 01
	settle
	request create_point "X: ${LOOP}01"
	attach b 02
	settle
	expect_equal "${LOOP#/dev/}01" "$(ls "$MM/devices")" "the volumes (monitor=$monitor)"
	expect_equal "DEVICE=\"${LOOP}02\" REASON=\"member of the btrfs filesystem on ${LOOP}01\" KIND=\"member\"" \
		"$(cat "$CTL/unprocessed")" "unprocessed devices"
	expect_refused ENOENT create_point "Y: ${LOOP}02"
	restart_mmfs "monitor=$monitor"
	expect_equal "${LOOP}01" "$(readlink "$MM/DosDevices/X:")" "the link"
	detach 01
	settle
	expect_equal "${LOOP}02" "$(readlink "$MM/DosDevices/X:")" "the link when the other stands in"
	detach 02
	settle
	request delete_points "X:" >/dev/null 2>&1 || true
	stop_mmfs
	rm -f "$DB"*
done

MMCTL=${MMCTL:-${MMFS%/*}/mmctl}
is_waited_for() # NAME TIMEOUT
{
	"$MMCTL" -m "$MM" wait "$1" --timeout="$2" 2>/dev/null
}

# The second comes first, and the file system is mounted by its name.
for monitor in udev kernel; do
	start_mmfs "monitor=$monitor"
	attach b 02
	settle
	request create_point "X: ${LOOP}02"
	expect_equal incomplete "$(<"$(volume_folder "${LOOP}02")/state")" "the state of one of two"
	[ ! -x "$MMCTL" ] || ! is_waited_for X: 0.1 || fail "one of two is not enough to wait for"
	exec {events}<"$MM/events"
	attach a 01
	settle
	expect_equal online "$(<"$(volume_folder "${LOOP}02")/state")" "the state of two of two"
	[ ! -x "$MMCTL" ] || is_waited_for X: 20
	read -r -t 10 event <&"$events" || fail "no event"
	expect_match '"volume-changed".*"/dev/[^"]*02"' "$event" "the event"
	exec {events}<&-
	mkdir -p "$TMP/space"
	for way in "$MM/DosDevices/X:" "${LOOP}01" "${LOOP}02"; do
		mount "$way" "$TMP/space"
		settle
		expect_equal "$TMP/space" "$(readlink "$MM/mounts/X:")" "where $way is mounted"
		expect_equal "$TMP/space" "$(<"$(volume_folder "${LOOP}02")/mount_points")" "mount_points"
		umount "$TMP/space"
		settle
		[ ! -L "$MM/mounts/X:" ] || fail "X: is mounted nowhere any more"
	done
	detach 01
	settle
	expect_equal incomplete "$(<"$(volume_folder "${LOOP}02")/state")" "the state when one has gone"
	detach 02
	settle
	stop_mmfs
	rm -f "$DB"*
done

# What has a name becomes part of one that is made of two devices, whichever of them is told of first; and
# all get another UUID, one by one. The name and the volume name follow.
expect_named() # WHEN
{
	local id

	id=$(readlink "$MM/Volumes/Volume{$guid}")
	expect_equal "$id" "$(readlink "$MM/DosDevices/X:")" "the name after $1"
	expect_match "^$LOOP" "$id" "the device after $1"
	expect_equal "1 online $guid" "$(find "$MM/ids" -mindepth 1 -maxdepth 1 | wc -l) $(cat \
		"$MM"/ids/*/state) $(cat "$MM"/ids/*/guid)" "what is known after $1"
}

for monitor in udev kernel; do
	for order in "01 02" "02 01"; do
		make_image whole 130M ext4
		make_image second 130M blank
		attach whole 01
		attach second 02
		start_mmfs "monitor=$monitor"
		request create_point "X: ${LOOP}01"
		guid=$(<"$(volume_folder "${LOOP}01")/guid")
		read -r first other <<<"$order"
		mkfs.btrfs -q -f -m raid1 -d single "$LOOP$first" "$LOOP$other" >/dev/null
		settle
		expect_named "mkfs.btrfs of $order"
		if command -v btrfstune >/dev/null; then
			for n in $order; do
				btrfstune -f -u "$LOOP$n" >/dev/null
				settle
				expect_named "btrfstune -u of $n"
			done
		fi
		detach 01
		detach 02
		settle
		stop_mmfs
		rm -f "$DB"*
	done
done
