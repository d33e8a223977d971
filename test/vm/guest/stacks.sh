#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # check calls the functions
#
# Devices made of others: who of them is a volume, and who owns the UUID that shows on several.

. "$(dirname "$0")/lib.sh"

kept="disks"

# Whatever a check that failed has left.
tear_down()
{
	! [ -e /dev/mapper/plain ] || cryptsetup close plain
	vgs --noheadings -o name | xargs -r vgremove -qq --yes --force
	mdadm --quiet --stop --scan
	multipath -F
	dmsetup remove_all --force
}

use_disks() # NUMBER
{
	local node

	tear_down || true
	[ "${#disks[@]}" -ge "$1" ] || add_disks $(($1 - ${#disks[@]}))
	for node in "${disks[@]}"; do
		wipefs --quiet --all --force "$node"
	done
	settle
}

lvm_volumes()
{
	local pv

	use_disks 2
	pv=${disks[0]}
	pvcreate -qq "$pv"
	vgcreate -qq vm "$pv"
	lvcreate -qq --yes --wipesignatures n --name origin --size 16M vm
	mkfs.ext4 -q /dev/vm/origin
	settle
	expect_none "$pv"
	expect_volume "UUID=$(uuid_of /dev/vm/origin)" /dev/vm/origin
	ln -s /dev/mapper/vm-origin "$MM/DosDevices/origin" # by an alias
	expect_equal "/dev/$(kernel_name /dev/vm/origin)" "$(node_of origin)" "the name of a logical volume"
}

# The snapshot has the UUID of its origin, and so have LVM's hidden halves of both.
lvm_snapshot()
{
	local uuid snapshot hidden

	uuid=$(uuid_of /dev/vm/origin)
	lvcreate -qq --yes --snapshot --name copy --size 8M vm/origin
	settle
	expect_volume "UUID=$uuid" /dev/vm/origin
	expect_equal "/dev/$(kernel_name /dev/vm/origin)" "$(node_of origin)" "the name of the origin"
	snapshot=$(cat "/sys/block/$(kernel_name /dev/vm/copy)/dm/uuid")
	expect_volume "DM_UUID=$snapshot" /dev/vm/copy
	for hidden in /dev/mapper/vm-origin-real /dev/mapper/vm-copy-cow; do
		expect_none "$hidden"
	done
	name /dev/vm/copy copy
}

change()
{
	echo change >"/sys/block/$(kernel_name "$1")/uevent"
	settle
}

expect_named() # NODE NAME WHAT
{
	expect_equal "/dev/$(kernel_name "$1")" "$(node_of "$2")" "the name of $3"
}

doubt()
{
	cat "$MM/devices/$(kernel_name "$1")/doubt"
}

# Who reads a suspended map waits until it is resumed: its names stay, whatever event comes meanwhile.
lvm_suspended()
{
	dmsetup suspend vm-copy
	change /dev/vm/copy
	expect_named /dev/vm/copy copy "a suspended volume"
	expect_match . "$(doubt /dev/vm/copy)" "its doubt"
	dmsetup resume vm-copy
	settle
	expect_named /dev/vm/copy copy "a resumed volume"
	expect_equal "" "$(doubt /dev/vm/copy)" "its doubt"
}

lvm_read_only()
{
	expect_equal 0 "$(cat "$MM/devices/$(kernel_name /dev/vm/origin)/read_only")" "read_only"
	blockdev --setro /dev/vm/origin
	expect_equal 1 "$(cat "$MM/devices/$(kernel_name /dev/vm/origin)/read_only")" "read_only"
	change /dev/vm/origin
	expect_named /dev/vm/origin origin "a volume that is read-only"
	blockdev --setrw /dev/vm/origin
	expect_equal 0 "$(cat "$MM/devices/$(kernel_name /dev/vm/origin)/read_only")" "read_only again"
}

lvm_comes_and_goes()
{
	local i

	for i in 1 2; do
		vgchange -qq --activate n vm
		settle
		expect_equal " " "$(node_of origin) $(node_of copy)" "the names of inactive volumes"
		vgchange -qq --activate y vm
		settle
		expect_equal "/dev/$(kernel_name /dev/vm/origin) /dev/$(kernel_name /dev/vm/copy)" \
			"$(node_of origin) $(node_of copy)" "the names after activation $i"
	done
	systemctl restart mmfs.service
	expect_equal "/dev/$(kernel_name /dev/vm/origin) /dev/$(kernel_name /dev/vm/copy)" \
		"$(node_of origin) $(node_of copy)" "the names after a restart"
	lvremove -qq --yes vm/copy
	settle
	expect_equal "/dev/$(kernel_name /dev/vm/origin) " "$(node_of origin) $(node_of copy)" \
		"the names without the snapshot"
	vgremove -qq --yes --force vm
	pvremove -qq "${disks[0]}"
	settle
	expect_equal "" "$(node_of origin)" "the name of a volume that was removed"
}

luks()
{
	local node mapping i

	use_disks 1
	node=${disks[0]}
	printf secret >/run/key
	cryptsetup luksFormat --batch-mode --pbkdf pbkdf2 --pbkdf-force-iterations 1000 \
		"$node" /run/key
	settle
	expect_volume "UUID=$(cryptsetup luksUUID "$node")" "$node"
	expect_equal crypto_LUKS "$(cat "$MM/devices/${node#/dev/}/fstype")" "the type"
	name "$node" container
	cryptsetup open --key-file /run/key "$node" plain
	mkfs.ext4 -q /dev/mapper/plain
	settle
	mapping=$(kernel_name /dev/mapper/plain)
	expect_volume "UUID=$(cryptsetup luksUUID "$node")" "$node"
	expect_volume "UUID=$(uuid_of /dev/mapper/plain)" /dev/mapper/plain
	name /dev/mapper/plain plain
	for i in 1 2; do
		cryptsetup close plain
		settle
		expect_equal "$node " "$(node_of container) $(node_of plain)" "the names when closed"
		expect_equal "" "$(id_of "$mapping")" "the unique ID of a mapping that was closed"
		cryptsetup open --key-file /run/key "$node" plain
		settle
		expect_equal "$node /dev/$(kernel_name /dev/mapper/plain)" \
			"$(node_of container) $(node_of plain)" "the names when open again"
	done
	cryptsetup close plain
}

# The superblock at the end (1.0, 0.90) leaves the filesystem's where it would be without.
md_raid1() # METADATA
{
	local uuid node i

	use_disks 2
	mdadm --quiet --create /dev/md77 --run --level 1 --metadata "$1" --raid-devices 2 \
		--assume-clean "${disks[0]}" "${disks[1]}"
	mkfs.ext4 -q /dev/md77
	settle
	uuid=$(uuid_of /dev/md77)
	expect_volume "UUID=$uuid" /dev/md77
	for node in "${disks[0]}" "${disks[1]}"; do
		expect_none "$node"
	done
	name /dev/md77 "md$1"
	for i in 1 2; do
		mdadm --quiet --stop /dev/md77
		settle
		expect_equal "" "$(node_of "md$1")" "the name of a stopped array"
		for node in "${disks[0]}" "${disks[1]}"; do
			expect_none "$node"
		done
		mdadm --quiet --assemble /dev/md77 "${disks[0]}" "${disks[1]}"
		settle
		expect_volume "UUID=$uuid" /dev/md77
		expect_equal /dev/md77 "$(node_of "md$1")" "the name after assembly $i"
	done
	# Without udevd the prober has to see it, too.
	mmfs -o "db=/run/md$1.db,monitor=kernel" /mnt/mm2
	expect_equal md77 "$(basename "$(readlink "/mnt/mm2/ids/UUID=$uuid/device")")" \
		"the owner without udevd"
	for node in "${disks[0]}" "${disks[1]}"; do
		[ ! -e "/mnt/mm2/devices/${node#/dev/}" ] || fail "$node is a volume without udevd"
	done
	umount /mnt/mm2
	mmfs -o "db=/run/id$1.db,id=md" /mnt/mm2
	expect_match '^MD_UUID=' "$(cat /mnt/mm2/devices/md77/unique_id)" "the ID of an array by itself"
	expect_verified /dev/md77 /mnt/mm2
	umount /mnt/mm2
	mdadm --quiet --stop /dev/md77
	mdadm --quiet --zero-superblock "${disks[0]}" "${disks[1]}"
	settle
}

md_raid1_1_2()
{
	md_raid1 1.2
}

md_raid1_1_0()
{
	md_raid1 1.0
}

md_raid1_0_90()
{
	md_raid1 0.90
}

# An array of partitions: of one component, then degraded.
md_of_partitions()
{
	local node

	use_disks 2
	for node in "${disks[0]}" "${disks[1]}"; do
		partition "$node" "label: gpt" "size=16M" "size=8M"
	done
	mdadm --quiet --create /dev/md78 --run --level 1 --metadata 1.0 --raid-devices 2 \
		--assume-clean "${disks[0]}1" "${disks[1]}1"
	mkfs.ext4 -q /dev/md78
	settle
	expect_volume "UUID=$(uuid_of /dev/md78)" /dev/md78
	expect_none "${disks[0]}1"
	expect_none "${disks[1]}1"
	name /dev/md78 degraded
	mdadm --quiet /dev/md78 --fail "${disks[1]}1"
	mdadm --quiet /dev/md78 --remove "${disks[1]}1"
	settle
	expect_equal /dev/md78 "$(node_of degraded)" "the name of a degraded array"
	expect_none "${disks[1]}1"
	mdadm --quiet --stop /dev/md78
	mdadm --quiet --zero-superblock "${disks[0]}1" "${disks[1]}1"
	settle
}

# Two paths to one disk: two hosts over one store, with the same WWN.
multipath_device()
{
	local a b map

	modprobe -r scsi_debug
	modprobe scsi_debug add_host=2 vpd_use_hostno=0 dev_size_mb=48
	await has_disks 2
	settle
	mapfile -t disks < <(list_disks)
	a=${disks[0]} b=${disks[1]}
	expect_equal "$(property "$a" ID_WWN_WITH_EXTENSION)" "$(property "$b" ID_WWN_WITH_EXTENSION)" \
		"the WWN of the second path"
	mkfs.ext4 -q -U 6d6d6673-0004-4000-8000-000000000001 "$a"
	cat >/etc/multipath.conf <<-CONF
		defaults {
			find_multipaths greedy
			user_friendly_names no
			no_path_retry queue
		}
		devices {
			device {
				vendor Linux
				product scsi_debug
				path_checker tur
			}
		}
	CONF
	systemctl unmask --runtime multipathd.service
	rm -f /etc/systemd/system/multipathd.{service,socket}
	systemctl daemon-reload
	systemctl start multipathd.service
	await has_map
	map=$(list_maps)
	settle
	expect_volume UUID=6d6d6673-0004-4000-8000-000000000001 "/dev/$map"
	expect_none "$a"
	expect_none "$b"
	name "/dev/$map" paths
	pathless "$map" "$a" "$b"
	# One path fails.
	drop_disk "$a"
	settle
	expect_equal "/dev/$map" "$(node_of paths)" "the name with one path"
	expect_none "$b"
	systemctl restart mmfs.service
	# The path that is left is reset, too, and may count as failed for a moment.
	await is_named_again "/dev/$map"
	systemctl stop multipathd.service multipathd.socket
	multipath -F
	settle
}

is_named_again()
{
	[ "$(node_of paths)" = "$1" ]
}

set_path() # MAP DISK STATE MESSAGE
{
	echo "$3" >"/sys/block/$(kernel_name "$2")/device/state"
	dmsetup message "/dev/$1" 0 "$4" "$(cat "/sys/block/$(kernel_name "$2")/dev")"
}

# Without a path reads wait for one: the names stay, and are what they were when it is back.
pathless() # MAP DISKS
{
	local map=$1 disk

	shift
	for disk; do
		set_path "$map" "$disk" offline fail_path
	done
	expect_match "queue_if_no_path" "$(dmsetup status "/dev/$map"; dmsetup table "/dev/$map")" "the map"
	change "/dev/$map"
	expect_named "/dev/$map" paths "a map without paths"
	expect_equal online "$(cat "$MM/devices/$map/state")" "its state"
	systemctl kill --signal=HUP mmfs.service
	settle
	expect_named "/dev/$map" paths "a map without paths, read anew"
	expect_match . "$(doubt "/dev/$map")" "its doubt"
	for disk; do
		set_path "$map" "$disk" running reinstate_path
	done
	change "/dev/$map"
	expect_named "/dev/$map" paths "a map with paths again"
	await has_no_doubt "/dev/$map"
}

has_no_doubt()
{
	[ -z "$(doubt "$1")" ]
}

list_maps()
{
	local file

	for file in /sys/block/dm-*/dm/uuid; do
		if [[ $(cat "$file") == mpath-* ]]; then
			file=${file%/dm/uuid}
			echo "${file##*/}"
		fi
	done
}

has_map()
{
	[ -n "$(list_maps)" ]
}

for test in lvm_volumes lvm_snapshot lvm_suspended lvm_read_only lvm_comes_and_goes luks \
	md_raid1_1_2 md_raid1_1_0 md_raid1_0_90 md_of_partitions multipath_device; do
	check $test
done
finish
