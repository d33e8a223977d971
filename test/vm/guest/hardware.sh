#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # check calls the functions
#
# Disks that are no volumes, named by what their makers called them and by the place that they are
# plugged into: they are pulled out, and come to other places. The names of the disk move with it,
# those of the place stay there, and lead to whatever disk is plugged in.
#
# The host plugs and pulls, see run. Disks are called as there.

. "$(dirname "$0")/lib.sh"

kinds="gpt pv zfs member blank" # of SCSI, at the places a0, a1, … in this order
kept="place_of"
declare -A place_of=() # PATH= of each port that had a disk, by its name

# WWN of a disk, as udev has it.
wwn_of()
{
	case $1 in
	gpt) echo 0x5000c50000000001 ;;
	pv) echo 0x5000c50000000002 ;;
	zfs) echo 0x5000c50000000003 ;;
	member) echo 0x5000c50000000004 ;;
	blank) echo 0x5000c50000000005 ;;
	lun) echo 0x5000c50000000006 ;;
	esac
}

disk()
{
	local link

	link=/dev/disk/by-id/wwn-$(wwn_of "$1")

	[ "$1" != nvme ] || link=$(echo /dev/disk/by-id/nvme-*vm-nvme)
	! [ -L "$link" ] || readlink -f "$link"
}

has_disk()
{
	[ -n "$(disk "$1")" ]
}

has_no_disk()
{
	! has_disk "$1"
}

path_of()
{
	property "$1" ID_PATH
}

plug() # DISK PORT
{
	printf 'order plug %s %s\n' "$1" "$2" >/dev/ttyS1
	await has_disk "$1"
	settle
}

pull() # DISK
{
	printf 'order pull %s\n' "$1" >/dev/ttyS1
	await has_no_disk "$1"
	settle
}

expect_named() # NODE NAME WHAT
{
	expect_equal "$1" "$(node_of "$2")" "$2, $3,"
}

content()
{
	local guid=6d6d6673-0006-4000-8000-000000000001

	echo "AUTO -all" >>/etc/mdadm/mdadm.conf
	for name in $kinds nvme; do
		await has_disk "$name"
	done
	settle
	partition "$(disk gpt)" "label: gpt" "size=4M, uuid=$guid"
	pvcreate -qq "$(disk pv)"
	mdadm --quiet --create /dev/md77 --run --level 1 --raid-devices 2 --assume-clean \
		"$(disk member)" missing
	mdadm --quiet --stop /dev/md77
	settle
	expect_equal "disk member member member blank blank" "$(for name in $kinds nvme; do
		sed -n "s|^DEVICE=\"$(disk "$name")\" .*KIND=\"\([a-z]*\)\".*|\1|p" "$CTL/unprocessed"
	done | xargs)" "what these are"
}

names()
{
	local name number=0

	for name in $kinds nvme; do
		node=$(disk "$name")
		place_of[$name]=$(path_of "$node")
		expect_match '^pci-' "${place_of[$name]}" "the place of $name"
		mmctl create "disk-$name" "$node"
		mmctl create "bay-$name" "PATH=${place_of[$name]}"
		if [ "$name" != nvme ]; then
			mmctl create "wwn-$name" "WWN=$(wwn_of "$name")"
			mmctl create "serial-$name" "SERIAL=$(property "$node" ID_SERIAL_SHORT)"
		else
			expect_match '^WWN=' "$(mmctl list -n -o ID "disk-$name")" "what an NVMe disk is called"
			mmctl create "wwn-$name" "WWN=$(property "$node" ID_WWN)"
			mmctl create "serial-$name" SERIAL=vm-nvme
		fi
		expect_here "$name" "at first"
		expect_named "$node" "bay-$name" "at first"
		number=$((number + 1))
	done
	expect_equal "$((4 * number))" "$(grep -c DosDevices "$MM/points")" "how many names there are"
	# A place where no disk ever was.
	mmctl create --absent bay-new "PATH=${place_of[gpt]%:0:0}:7:0"
	note "$(cut -d' ' -f1,2 "$MM/points" | grep bay- | tr '\n' ' ')"
}

# All names of a disk lead to it.
expect_here() # DISK WHEN
{
	local name

	for name in "disk-$1" "wwn-$1" "serial-$1"; do
		expect_named "$(disk "$1")" "$name" "$2"
	done
}

pulled()
{
	local name

	mmctl keep disk-pv
	for name in $kinds nvme; do
		pull "$name"
		for link in "disk-$name" "wwn-$name" "serial-$name" "bay-$name"; do
			[ ! -e "$MM/DosDevices/$link" ] || fail "$link leads somewhere while $name is away"
		done
	done
	expect_equal "../ids/WWN=$(wwn_of pv)/device" "$(node_of disk-pv)" "a name that is kept"
	expect_equal offline "$(cat "$MM/ids/WWN=$(wwn_of pv)/state")" "its state"
}

# Each disk is where its neighbour was, and the last where none ever was.
moved()
{
	systemctl kill --signal KILL mmfs.service
	echo "order plug gpt a1" >/dev/ttyS1
	await has_disk gpt
	await is_mounted
	plug pv a2
	plug zfs a3
	plug member a4
	plug blank a7
	plug nvme n2
	expect_moved "after the move"
}

is_mounted()
{
	[ -e "$MM/points" ]
}

expect_moved() # WHEN
{
	local name

	for name in $kinds nvme; do
		expect_here "$name" "$1"
	done
	expect_named "" bay-gpt "$1"
	expect_named "$(disk gpt)" bay-pv "$1"
	expect_named "$(disk pv)" bay-zfs "$1"
	expect_named "$(disk zfs)" bay-member "$1"
	expect_named "$(disk member)" bay-blank "$1"
	expect_named "$(disk blank)" bay-new "$1"
	expect_named "" bay-nvme "$1"
	expect_equal "disk member member member blank" "$(for name in $kinds; do
		cat "$MM/ids/WWN=$(wwn_of "$name")/kind"
	done | xargs)" "what these are $1"
}

restarted()
{
	systemctl restart mmfs.service
	expect_moved "after a restart"
	systemctl kill --signal KILL mmfs.service
	await is_mounted
	settle
	expect_moved "after a crash"
}

# The disk of before is at its place again, and so are the names of both.
returned()
{
	pull gpt
	pull nvme
	expect_named "" bay-pv "empty again"
	plug gpt a0
	plug nvme n1
	expect_here gpt "at its place again"
	expect_here nvme "at its place again"
	expect_named "$(disk gpt)" bay-gpt "where its disk is again"
	expect_named "$(disk nvme)" bay-nvme "where its disk is again"
	expect_named "" bay-pv "empty again"
	expect_named "/dev/$(basename "$(disk gpt)")1" part "a partition"
}

# By the hardware of its disk, and by its place.
partitions()
{
	local path

	path=$(path_of "$(disk gpt)")
	mmctl create part "WWN=$(wwn_of gpt)-part1"
	mmctl create place "PATH=$path-part1"
	expect_named "$(disk gpt)1" part "of a partition"
	expect_named "$(disk gpt)1" place "of a partition"
	pull gpt
	[ ! -e "$MM/DosDevices/part" ] || fail "the name of a partition leads somewhere"
	plug gpt a6
	expect_named "$(disk gpt)1" part "of a partition elsewhere"
	expect_named "" place "of a partition elsewhere"
	pull gpt
	plug gpt a1
}

list_maps()
{
	local file

	for file in /sys/block/dm-*/dm/uuid; do
		if [[ $(cat "$file") == mpath-* ]]; then
			file=${file%/dm/uuid}
			echo "/dev/${file##*/}"
		fi
	done
}

has_map()
{
	[ -n "$(list_maps)" ]
}

# The paths to the disk of several, by the kernel.
list_paths()
{
	local file

	for file in /sys/block/sd*/device/wwid; do
		file=${file%/device/wwid}
		[ "$(cat "$file/device/wwid")" != "naa.$(wwn_of lun | cut -c 3-)" ] || echo "/dev/${file##*/}"
	done
}

has_paths() # NUMBER
{
	[ "$(list_paths | wc -l)" = "$1" ]
}

order_path() # ORDER PATHS-THEN
{
	printf 'order %s\n' "$1" >/dev/ttyS1
	await has_paths "$2"
	settle
}

path_at() # HOST-AND-TARGET
{
	local node

	for node in $(list_paths); do
		[[ $(path_of "$node") != *-scsi-"$1" ]] || echo "$node"
	done
}

# The disk is the map; the paths to it have places.
multipath_path()
{
	local map path

	cat >/etc/multipath.conf <<-CONF
		defaults {
			find_multipaths yes
			user_friendly_names no
		}
	CONF
	rm -f /etc/systemd/system/multipathd.{service,socket}
	systemctl daemon-reload
	systemctl start multipathd.service
	order_path "plug lun1 b3" 1
	order_path "plug lun2 b4" 2
	await has_map
	settle
	map=$(list_maps)
	path=$(path_of "$(path_at 0:0:3:0)")
	mmctl create lun "WWN=$(wwn_of lun)"
	mmctl create port3 "PATH=$path"
	expect_named "$map" lun "of the map"
	expect_named "$(path_at 0:0:3:0)" port3 "of a path"
	expect_equal member "$(cat "$MM/ids/PATH=$path/kind")" "what a path is"
	order_path "pull lun1" 1
	expect_named "$map" lun "with one path"
	expect_named "" port3 "without its path"
	order_path "plug lun1 b5" 2
	expect_named "$map" lun "when the path is at another port"
	expect_named "" port3 "when its path is at another port"
	order_path "pull lun2" 1
	order_path "plug lun2 b3" 2
	expect_named "$map" lun "when both have moved"
	expect_named "$(path_at 0:0:3:0)" port3 "to which the other path has come"
	systemctl restart mmfs.service
	expect_named "$map" lun "after a restart"
	expect_named "$(path_at 0:0:3:0)" port3 "after a restart"
	systemctl stop multipathd.service multipathd.socket
	multipath -F
	settle
}

for test in content names pulled moved restarted partitions returned multipath_path; do
	check $test
done
finish
