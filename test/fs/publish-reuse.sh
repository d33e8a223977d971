#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# publish=udev: the next disk that gets a node never has the names of the one before.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-publish.sh"

require mkfs.ext4 blkid

rounds=${MMFS_ROUNDS-40}
for image in red green blue; do
	make_image "$image" 4M ext4 "6d6d6673-0000-4000-8000-$(printf '%012x' $((${#image} + 16)))"
done
start_mmfs publish=udev
for image in red green blue; do
	attach "$image" 00
	settle
	ln -s "$device" "$MM/DosDevices/$name$image"
	settle
	expect_dev_links "$image" "$device"
	detach "$device"
	settle
	expect_dev_links
done

# The node goes from one to the next at once; nothing is waited for in between.
images=(red green blue)
for ((i = 0; i < rounds; i++)); do
	image=${images[i % 3]}
	losetup "${LOOP}00" "$TMP/$image"
	settle
	expect_dev_links "$image" "${LOOP}00"
	expect_equal "$(blkid -p -o value -s UUID "$TMP/$image")" \
		"$(blkid -p -o value -s UUID "/dev/mm/$name$image")" "what is behind the name"
	losetup -d "${LOOP}00"
	await test ! -e "/sys/block/${LOOP#/dev/}00/loop/backing_file"
done
settle
expect_dev_links
expect_equal "" "$(find /run/mmfs/udev -name "${LOOP#/dev/}*")" "the list of files"

# A name whose disk changes while udevd has not come to it yet.
for ((i = 0; i < rounds; i++)); do
	losetup "${LOOP}00" "$TMP/${images[i % 3]}"
	udevadm trigger --action=change "${LOOP}00"
	losetup -d "${LOOP}00"
	await test ! -e "/sys/block/${LOOP#/dev/}00/loop/backing_file"
done
settle
expect_dev_links
expect_equal "" "$(find /run/mmfs/udev -name "${LOOP#/dev/}*")" "the list of files"
