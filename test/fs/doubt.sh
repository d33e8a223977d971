#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a device is known to be stays so while it is the same device: names stay, and `doubt` says why.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

server=
stalled=$TMP/stalled
mounted=$TMP/mounted
mkdir "$stalled" "$mounted"

at_end()
{
	[ -z "$server" ] || kill -CONT "$server"
	umount "$mounted" 2>/dev/null || true
}

has_doubt() # DEVICE REGEX
{
	[[ $(cat "$(volume_folder "$1")/doubt") =~ $2 ]]
}

expect_named()
{
	expect_equal "$1" "$(readlink "$MM/DosDevices/$2")" "the name $2"
	! grep -q "DEVICE=\"$1\"" "$CTL/unprocessed" || fail "it is unprocessed"
}

make_image a 16M ext4 "$(number_uuid 1)"
make_image slow 1M swap "$(number_uuid 2)"
# No child of ours: its going on would be a signal that ends a wait for `settle`.
server=$("$helpers/stall-image" "$TMP/slow" -f "$stalled" </dev/null >/dev/null 2>&1 & echo $!)
await test -f "$stalled/image"
make_image other 16M ext4 "$(number_uuid 9)"
cp "$TMP/a" "$TMP/a.copy"
mkfifo "$TMP/gate"
a=${LOOP}01
slow=${LOOP}05
attach a 01
losetup -r "$slow" "$stalled/image"
settle_udevd

for monitor in kernel udev; do
	start_mmfs "monitor=$monitor"
	rm -f "$MM/DosDevices/a" "$MM/DosDevices/slow"
	request create_point "link=a device=$a"
	request create_point "link=slow device=$slow"
	expect_equal "" "$(cat "$(volume_folder "$a")/doubt")" "doubt"

	# An event says that it is gone.
	echo remove >"/sys/block/${a#/dev/}/uevent"
	settle
	expect_named "$a" a
	has_doubt "$a" "was removed" || fail "no doubt after remove ($monitor)"
	echo change >"/sys/block/${a#/dev/}/uevent"
	settle_udevd
	settle
	expect_named "$a" a
	expect_equal "" "$(cat "$(volume_folder "$a")/doubt")" "doubt after change"

	# In use where our mounts do not show it.
	unshare --mount --propagation private bash -c "mount '$a' '$mounted'; touch '$TMP/is-mounted'; cat '$TMP/gate'" &
	holder=$!
	await test -e "$TMP/is-mounted"
	rm "$TMP/is-mounted"
	dd if="$TMP/other" of="$a" bs=1M count=1 conv=notrunc,fsync status=none
	settle_udevd
	settle
	expect_named "$a" a
	has_doubt "$a" "in use; its content has changed" || fail "no doubt of what is mounted elsewhere ($monitor)"
	echo >"$TMP/gate"
	wait "$holder"
	is_other()
	{
		[ -e "$MM/ids/UUID=$(number_uuid 9)" ]
	}
	await is_other
	expect_named "$a" a
	dd if="$TMP/a.copy" of="$a" bs=1M count=1 conv=notrunc,fsync status=none
	settle_udevd
	settle
	expect_equal "$a" "$(readlink "$MM/ids/UUID=$(number_uuid 1)/device")" "the device as it was"

	# It does not answer for longer than anybody waits.
	kill -STOP "$server"
	blockdev --flushbufs "$slow"
	echo change >"/sys/block/${slow#/dev/}/uevent"
	await has_doubt "$slow" "takes long"
	expect_named "$slow" slow
	kill -CONT "$server"
	settle_udevd
	await has_doubt "$slow" '^$'
	settle
	expect_named "$slow" slow
	stop_mmfs
done

# What is in use is another volume only when it is free.
detach 01
make_image b 16M blank
attach b 01
mkfs.ext4 -q -O ^metadata_csum,^has_journal -U "$(number_uuid 3)" "$a"
settle_udevd

write_uuid() # ITS FIRST BYTES
{
	printf '%b' "\\x$1\\x$2" | dd of="$a" bs=1 seek=$((1024 + 0x68)) conv=notrunc status=none
}

byte=10
for monitor in kernel udev; do
	start_mmfs "monitor=$monitor"
	rm -f "$MM/DosDevices/a"
	request create_point "link=a device=$a"
	mount "$a" "$mounted"
	before=$(cat "$(volume_folder "$a")/uuid")
	byte=$((byte + 1)) # no ID is known before
	write_uuid aa $byte
	sync
	settle_udevd
	await has_doubt "$a" "in use"
	expect_equal "$before" "$(cat "$(volume_folder "$a")/uuid")" "the UUID while it is mounted"
	expect_named "$a" a
	# That a client calls it gone does not free it, whichever server hears that it is here.
	# Nor does a restart.
	for way in alone replace_server restart; do
		if [ $way = restart ]; then
			restart_mmfs "monitor=$monitor"
			settle
		else
			request volume_removal_notification "$a"
			[ $way = alone ] || replace_server
			request volume_arrival_notification "$a"
		fi
		expect_named "$a" a
		expect_equal "$before" "$(cat "$(volume_folder "$a")/uuid")" "the UUID ($way)"
		has_doubt "$a" "in use" || fail "no doubt ($monitor, $way)"
	done
	umount "$mounted"
	settle
	expect_match "^aa$byte" "$(cat "$(volume_folder "$a")/uuid")" "the UUID when it is free"
	expect_named "$a" a
	expect_equal "" "$(cat "$(volume_folder "$a")/doubt")" "doubt when it is free"

	# A restart does not forget what was on it, either.
	wipefs -qa "$a"
	settle
	restart_mmfs "monitor=$monitor"
	settle
	mkfs.ext4 -q -O ^metadata_csum,^has_journal -U "$(number_uuid $byte)" "$a"
	settle_udevd
	settle
	expect_named "$a" a
	expect_equal "$(number_uuid $byte)" "$(cat "$(volume_folder "$a")/uuid")" "the UUID that it was given"

	# Nor if mmfs stops as soon as it has seen the medium.
	detach 01
	settle
	attach b 01
	settle
	stop_mmfs
	wipefs -qa "$a"
	settle_udevd
	start_mmfs "monitor=$monitor"
	mkfs.ext4 -q -O ^metadata_csum,^has_journal -U "$(number_uuid $((byte + 1)))" "$a"
	settle_udevd
	settle
	expect_named "$a" a
	stop_mmfs
	write_uuid cc $byte
	settle_udevd
done
