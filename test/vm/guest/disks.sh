#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # check calls the functions
#
# SCSI disks that come, go while they are in use, and come back under other nodes.

. "$(dirname "$0")/lib.sh"

kept="a b c disks"
a="" b="" c=""

wwn_of()
{
	property "$1" ID_WWN_WITH_EXTENSION
}

# Superblocks, else partitions, else what the disk says of itself.
identities()
{
	local guid=6d6d6673-0002-4000-8000-0000000000

	add_disks 3
	a=${disks[0]} b=${disks[1]} c=${disks[2]}
	partition "$a" "label: gpt" "size=16M, uuid=${guid}01" "size=8M, uuid=${guid}02" \
		"size=8M, uuid=${guid}03"
	mkfs.ext4 -q -U "${guid}aa" "${a}1"
	mkswap -q -U "${guid}ab" "${a}3"
	partition "$b" "label: dos" "label-id: 0x6d6d6673" "size=16M" "size=8M, type=5" "size=4M"
	mkfs.minix "$c" # has no UUID
	settle
	expect_match '^0x3[0-9a-f]{15}$' "$(wwn_of "$c")" "the WWN of $c"
	expect_volume "UUID=${guid}aa" "${a}1"
	expect_volume "PARTUUID=${guid}02" "${a}2"
	expect_volume "UUID=${guid}ab" "${a}3"
	expect_none "$a"
	expect_volume PARTUUID=6d6d6673-01 "${b}1"
	expect_none "${b}2"
	expect_none "$b"
	expect_volume "WWN=$(wwn_of "$c")" "$c"
	name "${a}1" a1
	name "${a}2" a2
	name "${a}3" a3
	name "${b}1" b1
	name "$c" c
}

# Another order of identities: partitions of a disk are told apart by their numbers.
identities_of_the_disk()
{
	local mm=/mnt/mm2 serial

	serial=$(property "$a" ID_SERIAL_SHORT)
	mmfs -o db=/run/wwn.db,id=wwn:serial,mode=0600 "$mm"
	expect_equal "WWN=$(wwn_of "$a")-part2" "$(cat "$mm/devices/${a#/dev/}2/unique_id")" "the ID of ${a}2"
	expect_equal "WWN=$(wwn_of "$c")" "$(cat "$mm/devices/${c#/dev/}/unique_id")" "the ID of $c"
	expect_verified "${a}2" "$mm"
	expect_verified "$c" "$mm"
	umount "$mm"
	mmfs -o db=/run/serial.db,id=serial,mode=0600 "$mm"
	expect_equal "SERIAL=$serial-part2" "$(cat "$mm/devices/${a#/dev/}2/unique_id")" "the ID of ${a}2"
	expect_verified "${a}2" "$mm"
	umount "$mm"
}

# The kernel's spelling is udev's.
identities_without_udevd()
{
	local mm=/mnt/mm2

	mmfs -o db=/run/kernel.db,monitor=kernel "$mm"
	expect_equal "$(ls "$MM/ids")" "$(ls "$mm/ids")" "the list of unique IDs"
	umount "$mm"
	mmfs -o db=/run/kernel2.db,monitor=kernel,id=wwn:serial "$mm"
	expect_equal "WWN=$(wwn_of "$c")" "$(cat "$mm/devices/${c#/dev/}/unique_id")" "the ID of $c"
	umount "$mm"
}

# A blank disk: known to be there, and why it is no volume.
blank_disk()
{
	local blank

	add_disks 1
	blank=${disks[3]}
	expect_none "$blank"
	expect_match "DEVICE=\"$blank\" REASON=\"no content" "$(cat "$CTL/unprocessed")" "unprocessed"
	mkfs.ext4 -q "$blank"
	settle
	expect_volume "UUID=$(uuid_of "$blank")" "$blank"
	name "$blank" was-blank
	wipefs -qa "$blank"
	settle
	expect_none "$blank"
	expect_equal "" "$(node_of was-blank)" "the name of a disk that was wiped"
}

names_are_gone()
{
	! [ -L "$MM/DosDevices/a1" ] && ! [ -L "$MM/DosDevices/a2" ] && ! [ -L "$MM/DosDevices/a3" ]
}

names_are_back()
{
	[ -L "$MM/DosDevices/a1" ] && [ -L "$MM/DosDevices/a2" ] && [ -L "$MM/DosDevices/a3" ]
}

# While its filesystem is mounted and written to, through its name.
removal_in_use()
{
	local host writer new

	host=$(host_of "$a")
	mount "$MM/DosDevices/a1" /mnt/mm2
	(trap - ERR; while :; do echo x || :; done) >/mnt/mm2/file 2>/dev/null &
	writer=$!
	drop_disk "$a"
	await names_are_gone
	expect_equal "" "$(grep -F "\"$a" "$MM/points" || true)" "the points of $a"
	[ -L "$MM/DosDevices/c" ] || fail "the other disk has lost its name, too"
	[ ! -e "$MM/devices/${a#/dev/}1" ] || fail "devices/ still has ${a#/dev/}1"
	rescan_disk "$host"
	await names_are_back
	settle
	mapfile -t disks < <(list_disks)
	new=${disks[0]}
	[ "$new" != "$a" ] || fail "the disk has its old node, which is in use"
	expect_equal "${new}1 ${new}2 ${new}3" "$(node_of a1) $(node_of a2) $(node_of a3)" "the new nodes"
	expect_volume "UUID=$(uuid_of "${new}1")" "${new}1"
	kill "$writer" || true
	umount -l /mnt/mm2
	mount -o ro,noload "$MM/DosDevices/a1" /mnt/mm2
	expect_equal "${new}1" "$(findmnt -no SOURCE /mnt/mm2)" "the source of the mount"
	umount /mnt/mm2
	a=$new
}

# Two disks come back in the other order.
other_order()
{
	local old_b=$b old_c=$c names=(c b1) name
	local -A host

	host=([b1]=$(host_of "$b") [c]=$(host_of "$c"))
	drop_disk "$b"
	drop_disk "$c"
	await [ ! -e "/sys/block/${b#/dev/}" ]
	await [ ! -e "/sys/block/${c#/dev/}" ]
	settle
	expect_equal " " "$(node_of b1) $(node_of c)" "the names of disks that are gone"
	# The first takes the first node that is free: it is to be the one that had the second.
	[[ $b < $c ]] || names=(b1 c)
	for name in "${names[@]}"; do
		rescan_disk "${host[$name]}"
		await [ -L "$MM/DosDevices/$name" ]
	done
	settle
	mapfile -t disks < <(list_disks)
	b=${disks[1]} c=${disks[2]}
	[ "$b $c" != "$old_b $old_c" ] || fail "the disks have their old nodes"
	expect_equal "${b}1 $c" "$(node_of b1) $(node_of c)" "the names"
}

partition_table_changes()
{
	sfdisk --quiet --delete "$a" 2
	settle
	expect_equal "" "$(node_of a2)" "the name of a partition that was deleted"
	expect_equal "${a}3" "$(node_of a3)" "the name of its neighbour"
	echo "start=34816, size=8M, uuid=6d6d6673-0002-4000-8000-000000000002" |
		sfdisk --quiet --append "$a"
	await [ -L "$MM/DosDevices/a2" ]
	expect_equal "${a}2" "$(node_of a2)" "the name of a partition that is back"
}

has_archive()
{
	[ "$(findmnt -no SOURCE /srv/archive)" = "$1" ]
}

has_no_archive()
{
	! findmnt /srv/archive >/dev/null
}

# The example: one name is mounted when it arrives, each time, and nothing else is.
mounted_when_plugged()
{
	local archive=${disks[3]} host i

	cp "$EXAMPLES/mount-archive.service" /etc/systemd/system/
	systemctl daemon-reload
	systemctl enable mount-archive.service
	host=$(host_of "$archive")
	mkfs.ext4 -q "$archive"
	settle
	has_no_archive || fail "it is mounted without a name"
	name "$archive" archive # comes by getting the name
	await has_archive "$archive"
	for i in 1 2; do
		drop_disk "$archive"
		await names_lack archive
		await has_no_archive
		rescan_disk "$host"
		await [ -L "$MM/DosDevices/archive" ]
		archive=$(node_of archive)
		await has_archive "$archive"
	done
	# Another one comes meanwhile.
	host=$(host_of "$a")
	drop_disk "$a"
	await names_are_gone
	rescan_disk "$host"
	await names_are_back
	a=$(node_of a1)
	a=${a%1}
	has_archive "$archive" || fail "the archive is not mounted any more"
	drop_disk "$archive"
	await has_no_archive
	systemctl disable mount-archive.service
	mapfile -t disks < <(list_disks)
	expect_equal "" "$(systemctl --failed --plain --no-legend)" "the list of failed units"
}

names_lack()
{
	! [ -L "$MM/DosDevices/$1" ]
}

are_partitioned()
{
	local node

	mapfile -t disks < <(list_disks)
	for node in "${disks[0]}3" "${disks[1]}3"; do
		[ -b "$node" ] || return 1
	done
}

# Again and again: in the end the tree is that of a new daemon.
storm()
{
	local i hosts=() host node before

	for i in "${disks[@]}"; do
		hosts+=("$(host_of "$i")")
	done
	for i in {1..10}; do
		for node in $(list_disks); do
			drop_disk "$node"
		done
		for host in "${hosts[@]}"; do
			rescan_disk "$host"
		done
	done
	await has_disks "${#disks[@]}"
	await are_partitioned
	settle
	mapfile -t disks < <(list_disks)
	expect_equal "${disks[0]}1 ${disks[0]}2 ${disks[0]}3 ${disks[1]}1 ${disks[2]}" \
		"$(node_of a1) $(node_of a2) $(node_of a3) $(node_of b1) $(node_of c)" "the names"
	before=$(sort "$MM/points")
	systemctl restart mmfs.service
	expect_equal "$before" "$(sort "$MM/points")" "points after a restart"
}

for test in identities identities_of_the_disk identities_without_udevd blank_disk removal_in_use \
	other_order partition_table_changes mounted_when_plugged storm; do
	check $test
done
finish
