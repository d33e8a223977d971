#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# udevd's word is obeyed where it says what must not be read, and not believed where it is old.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

[ -w /run/udev ] || skip "there is no udevd"
mkdir -p /run/udev/rules.d
rules=/run/udev/rules.d/99-mmfs-test-${LOOP#/dev/}.rules

at_end()
{
	rm -f "$rules"
	await udevadm control --reload
}

rule()
{
	echo "SUBSYSTEM==\"block\", KERNEL==\"${LOOP#/dev/}$1\", $2" >>"$rules"
}

hup()
{
	kill -HUP "$mmfs_pid"
	settle
}

has_id()
{
	grep -q "DEVICE=\"$1\" ID=\"$2\"\|ID=\"$2\" DEVICE=\"$1\"" "$MM/points"
}

rule 01 'OPTIONS:="nowatch"'
rule 02 'ENV{UDEV_DISABLE_PERSISTENT_STORAGE_BLKID_FLAG}="1"'
# The flag has to be there before the rules that would read.
mv "$rules" "${rules/99-/10-}"
rules=${rules/99-/10-}
await udevadm control --reload

# --- nobody watches it -----------------------------------------------------------------------------

make_image a 16M ext4 "$(number_uuid 1)"
attach a 01
settle_udevd
start_mmfs monitor=udev
has_id "${LOOP}01" "UUID=$(number_uuid 1)" || fail "the volume is missing"
mkfs.ext4 -q -F -U "$(number_uuid 2)" "${LOOP}01"
hup
has_id "${LOOP}01" "UUID=$(number_uuid 2)" || fail "the new ID is missing after SIGHUP"
restart_mmfs monitor=udev
has_id "${LOOP}01" "UUID=$(number_uuid 2)" || fail "the old ID is back after a restart"
hup
has_id "${LOOP}01" "UUID=$(number_uuid 2)" || fail "the old ID is back after SIGHUP"
stop_mmfs

# --- it is forbidden to read it ----------------------------------------------------------------------

make_image b 1M swap "$(number_uuid 3)"
attach b 02
settle_udevd
for monitor in udev kernel; do
	start_mmfs "monitor=$monitor"
	expect_match "DEVICE=\"${LOOP}02\" REASON=\".*UDEV_DISABLE_PERSISTENT_STORAGE_BLKID_FLAG" \
		"$(cat "$CTL/unprocessed")" "why it is unprocessed ($monitor)"
	hup
	expect_match UDEV_DISABLE "$(cat "$CTL/unprocessed")" "why it is unprocessed after SIGHUP"
	stop_mmfs
done

# --- nobody is told of it ----------------------------------------------------------------------------

start_mmfs
folder=$(volume_folder "${LOOP}01")
expect_equal 0 "$(cat "$folder/read_only")" "read_only"
blockdev --setro "${LOOP}01"
expect_equal 1 "$(cat "$folder/read_only")" "read_only after --setro"
blockdev --setrw "${LOOP}01"
expect_equal 0 "$(cat "$folder/read_only")" "read_only after --setrw"

# A label that is changed by way of the mounted filesystem is no write to the device.
mkdir "$TMP/mounted"
mount "${LOOP}01" "$TMP/mounted"
tune2fs -L changed "${LOOP}01" >/dev/null
hup
expect_equal changed "$(cat "$folder/label")" "the label after SIGHUP"
umount "$TMP/mounted"
stop_mmfs
