#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two devices with one unique ID: who has the names, and who is only listed.
. "$(dirname "$0")/lib.sh"

id=UUID=11111111-2222-3333-4444-555555555555
make_image a 16M ext4 "${id#UUID=}"
cp "$TMP/a" "$TMP/copy"
cp "$TMP/a" "$TMP/large"
truncate -s 20M "$TMP/large"

expect_owner()
{
	local owner=$LOOP$1 what=$2 twin

	shift 2
	expect_equal "$owner" "$(readlink "$MM/ids/$id/device")" "the device of the ID $what"
	expect_equal "$owner" "$(readlink "$MM/DosDevices/X:")" "the target of X: $what"
	expect_equal "$owner
$owner
$owner" "$(sed -n "s/.* ID=\"$id\" DEVICE=\"\(.*\)\"$/\1/p" "$MM/points")" "the devices in points $what"
	expect_equal "$(for twin; do
		printf 'DEVICE="%s" REASON="duplicate of %s, which has %s" KIND="duplicate"\n' "$LOOP$twin" "$owner" "$id"
	done)" "$(cat "$CTL/unprocessed")" "unprocessed $what"
	for twin; do
		[ ! -L "$MM/devices/${LOOP#/dev/}$twin" ] || fail "$twin is in devices $what"
		expect_refused ENOENT create_point "link=new device=$LOOP$twin"
		expect_refused EINVAL query_points "$LOOP$twin"
	done
}

# The first one keeps its names, and the database does not change for the second.
attach a 05
start_mmfs
request create_point "X: ${LOOP}05"
request create_point "link=Data device=${LOOP}05"
links=$(cat "$MM/ids/$id/links")
expect_owner 05 "alone"
epic_before=$(epic)
history_before=$(cat "$MM/history")
attach copy 01
settle
expect_owner 05 "with a copy" 01
attach large 09
settle
expect_owner 05 "with two copies" 01 09
expect_equal "$epic_before" "$(epic)" "the epic number after copies have come"
expect_equal "$history_before" "$(cat "$MM/history")" "the history after copies have come"

# A restart finds the same owner, whatever the order of nodes; also after a crash.
restart_mmfs
expect_owner 05 "after a restart" 01 09
kill_mmfs
start_mmfs
expect_owner 05 "after a crash" 01 09

# When the owner goes, one of the others takes over; back again, it is a duplicate.
detach 09
detach 05
settle
expect_owner 01 "when the owner has gone"
expect_equal "$links" "$(cat "$MM/ids/$id/links")" "the links of the new owner"
attach a 05
settle
expect_owner 01 "when the first owner is back" 05
attach a 03 -r
settle
expect_owner 01 "with one more" 03 05
restart_mmfs
expect_owner 01 "after a restart" 03 05
detach 03
settle
expect_owner 01 "when a duplicate has gone" 05
detach 01
settle
expect_owner 05 "when the second owner has gone"
stop_mmfs

# What the database remembers of the owner (its size here) tells after everything was off.
detach 05
attach large 01
attach copy 05
start_mmfs
expect_owner 05 "when the larger one has the first node" 01
stop_mmfs
detach 01
detach 05
attach copy 05
attach large 01
start_mmfs
expect_owner 05 "when the larger one came last" 01
stop_mmfs
detach 01
start_mmfs
attach large 01
settle
expect_owner 05 "when the larger one comes" 01

# A new ID for the duplicate makes it a volume of its own, with names of its own.
tune2fs -U 99999999-2222-3333-4444-555555555555 "${LOOP}01" >/dev/null 2>&1
settle
expect_owner 05 "when the duplicate has got another ID"
expect_equal "../ids/UUID=99999999-2222-3333-4444-555555555555" "$(readlink "$MM/devices/${LOOP#/dev/}01")" "its volume"
request create_point "Y: ${LOOP}01"
# And the ID of another: a volume becomes a duplicate and loses its names, but does not take any.
tune2fs -U "${id#UUID=}" "${LOOP}01" >/dev/null 2>&1
settle
expect_owner 05 "when the other has got its ID again" 01
expect_fail ENOENT readlink -v "$MM/DosDevices/Y:"
stop_mmfs
detach 01
detach 05

# With nothing known before, the order of arrival makes no difference.
for order in "01 05" "05 01"; do
	rm "$DB"*
	for n in $order; do
		attach copy "$n"
	done
	start_mmfs
	request create_point "X: $id"
	request create_point "link=Data device=$id"
	expect_owner 01 "when attached in the order $order" 05
	restart_mmfs
	expect_owner 01 "when attached in the order $order, restarted" 05
	stop_mmfs
	detach 01
	detach 05
done

# A loop device over another block device is on top of that, whatever path led there, but not over
# what is mounted. It says nothing of what is on files.
rm "$DB"*
attach copy 01
start_mmfs
request create_point "X: ${LOOP}01"
losetup "${LOOP}09" "${LOOP}01"
settle
expect_equal "${LOOP}09" "$(readlink "$MM/DosDevices/X:")" "the name of what is on top"
restart_mmfs
expect_equal "${LOOP}09" "$(readlink "$MM/DosDevices/X:")" "the name of what is on top, restarted"
attach copy 03
settle
expect_equal "${LOOP}09" "$(readlink "$MM/DosDevices/X:")" "the name when a copy has come"
detach 03
detach 09
settle
expect_equal "${LOOP}01" "$(readlink "$MM/DosDevices/X:")" "the name when nothing is on top"

mkdir "$TMP/below"
mount "${LOOP}01" "$TMP/below"
losetup "${LOOP}09" "${LOOP}01"
settle
expect_equal "${LOOP}01" "$(readlink "$MM/DosDevices/X:")" "the name of what is mounted below"
detach 09
umount "$TMP/below"

# To whoever made it the file below may have the name of the device.
is_shown_over()
{
	[ "$(cat "/sys/block/${LOOP#/dev/}09/loop/backing_file")" = "$1" ]
} 2>/dev/null

cp "$TMP/copy" "$TMP/forged"
mkfifo "$TMP/end"
unshare --mount --propagation private bash -c 'mount --bind "$1" "$2" && losetup "$3" "$2" && read -r <"$4"' \
	- "$TMP/forged" "${LOOP}01" "${LOOP}09" "$TMP/end" &
forger=$!
await is_shown_over "${LOOP}01"
settle
expect_equal "${LOOP}01" "$(readlink "$MM/DosDevices/X:")" "the name of what was there"
echo >"$TMP/end"
await_end $forger
detach 09
