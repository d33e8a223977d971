#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# monitor=kernel sees the same as udevd does, and monitor=auto changes between the two as udevd
# goes and comes. Runs in namespaces of its own, with a udevd that it may kill.

if [ -z "${ALONE-}" ]; then
	unshare -m -n -p --fork --mount-proc true 2>/dev/null ||
		{ echo "SKIP: namespaces cannot be made"; exit 77; }
	ALONE=1 exec unshare -m -n -p --propagation private --fork --mount-proc --kill-child \
		/bin/bash "$0" "$@"
fi

udevd=
start_udevd()
{
	/lib/systemd/systemd-udevd </dev/null >/dev/null 2>&1 &
	udevd=$!
	until udevadm control --ping --timeout=5 2>/dev/null; do
		kill -0 "$udevd" || exit 1
	done
}

[ -x /lib/systemd/systemd-udevd ] || { echo "SKIP: there is no udevd"; exit 77; }
mkdir -p /run/udev
mount -t tmpfs tmpfs /run/udev
start_udevd

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

make_image a 16M ext4 "$(number_uuid 1)" "Label äöü"
make_image b 1M swap "$(number_uuid 2)" swap
make_image c 16M squashfs
make_image d 1M blank
make_image e 300M xfs "$(number_uuid 5)" xfs
make_image f 128M btrfs "$(number_uuid 6)" btrfs >/dev/null
make_image h 1M swap "$(number_uuid 8)"
n=0
for image in a b c d e f; do
	attach "$image" "0$n"
	n=$((n + 1))
done

# What there is, but for times.
show()
{
	local file

	(cd "$MM" && find . -path ./control -prune -o -printf '%P %y %l\n' | sort)
	for file in "$MM"/points "$MM"/ids/*/* "$CTL/unprocessed"; do
		[ -L "$file" ] || { echo "-- ${file#"$MM"}"; cat "$file"; }
	done
}

# --- the same tree -------------------------------------------------------------------------------

settle_udevd
start_mmfs monitor=udev
show >"$TMP/udev"
restart_mmfs monitor=kernel
show >"$TMP/kernel"
diff "$TMP/udev" "$TMP/kernel" || fail "the tree is another one with monitor=kernel (>)"
expect_match "$(number_uuid 6)" "$(points)" "points"

# What happens while it runs; whatever is done on a device is noticed.
attach h 10
settle
expect_match "ID=\"UUID=$(number_uuid 8)\" DEVICE=\"${LOOP}10\"" "$(points)" "points"
mkswap -q -U "$(number_uuid 9)" "${LOOP}10" 2>/dev/null
settle
expect_match "ID=\"UUID=$(number_uuid 9)\" DEVICE=\"${LOOP}10\"" "$(points)" "points"
mke2fs -q -t ext2 -F -U "$(number_uuid 4)" "${LOOP}03"
settle
expect_match "ID=\"UUID=$(number_uuid 4)\" DEVICE=\"${LOOP}03\"" "$(points)" "points"
expect_equal ext2 "$(cat "$(volume_folder "${LOOP}03")/fstype")" "its type"
e2label "${LOOP}03" new
settle
expect_equal new "$(cat "$(volume_folder "${LOOP}03")/label")" "its label"
wipefs -qa "${LOOP}03"
settle
expect_equal "" "$(points | grep "${LOOP}03" || true)" "points of what was wiped"
expect_match "DEVICE=\"${LOOP}03\" REASON=" "$(cat "$CTL/unprocessed")" "unprocessed devices"
detach 10
settle
expect_equal "" "$(points | grep "${LOOP}10" || true)" "points of what is detached"
# What udevd says of a device is not even listened to: no event comes twice. Other devices of the
# machine may say something, too.
settle_udevd
sequence=$(cat /sys/kernel/uevent_seqnum)
settle
events=$(metric mmfs_events_total)
for ((i = 0; i < 20; i++)); do
	udevadm trigger --settle --action=change "${LOOP}00"
done
settle
events=$(($(metric mmfs_events_total) - events))
sequence=$(($(cat /sys/kernel/uevent_seqnum) - sequence))
((events >= 20 && events <= sequence)) || fail "of $sequence events of the kernel, 20 of them ours, there were $events"
stop_mmfs

# --- without udevd ---------------------------------------------------------------------------------

kill_udevd()
{
	kill "-$1" "$udevd"
	await_end "$udevd"
}

# Quickly, and not after having waited for a udevd that will never answer.
settle_soon()
{
	timeout 5 bash -c "echo 1 >'$CTL/settle'" || fail "settle takes long"
}

come_and_go()
{
	attach h 10
	settle_soon
	expect_match "ID=\"UUID=$(number_uuid 9)\" DEVICE=\"${LOOP}10\"" "$(points)" "points ($1)"
	losetup -d "${LOOP}10"
	await lib_is_free "${LOOP}10"
	await left "${LOOP}10"
	settle_soon
}

lib_is_free()
{
	! lib_is_bound "$1"
}

left()
{
	! grep -q "\"$1\"" "$MM/points"
}

run_mmfs -d -o "db=$DB,devices=$DEVICES,monitor=auto" "$MM" </dev/null >>"$LOG" 2>&1 &
mmfs_pid=$!
await_mount
settle
show >"$TMP/auto"
come_and_go "auto, with udevd"
for signal in TERM KILL KILL; do
	kill_udevd "$signal"
	come_and_go "auto, udevd ended by $signal"
	settle_soon
	show >"$TMP/now"
	diff "$TMP/auto" "$TMP/now" || fail "the tree is another one after udevd has gone (>)"
	await grep -q "taking events from the kernel" "$LOG"
	: >"$LOG"
	if [ "$signal" = KILL ]; then
		[ -S /run/udev/control ] || fail "this udevd has left nothing over"
		# Nor does a new daemon take that for a udevd.
		stop_mmfs
		run_mmfs -d -o "db=$DB,devices=$DEVICES,monitor=auto" "$MM" </dev/null >>"$LOG" 2>&1 &
		mmfs_pid=$!
		await_mount
		show >"$TMP/now"
		diff "$TMP/auto" "$TMP/now" || fail "a start without udevd gives another tree (>)"
		come_and_go "auto, started without udevd"
	fi
	: >"$LOG"
	start_udevd
	await grep -q "taking events from udevd" "$LOG"
	settle
	show >"$TMP/now"
	diff "$TMP/auto" "$TMP/now" || fail "the tree is another one after udevd has come (>)"
	come_and_go "auto, udevd is back"
done
stop_mmfs

# The same identities, whoever has read them.
kill_udevd TERM
mv "$DB" "$TMP/with.db"
start_mmfs monitor=auto "db=$TMP/with.db"
show >"$TMP/now"
diff "$TMP/auto" "$TMP/now" || fail "the tree is another one without udevd (>)"
stop_mmfs

# Waiting for one that is not there is said.
start_mmfs monitor=udev "db=$TMP/with.db"
expect_match "monitor=udev, and udevd is not running: devices show late .start it" "$(cat "$LOG")" "the log"
stop_mmfs
