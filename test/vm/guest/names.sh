#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # check calls the functions
#
# Names in /dev: lines of fstab and crypttab and units that go by them, at boot, when a disk comes late, is pulled,
# and is back; and none of them is touched by what becomes of mmfs.

. "$(dirname "$0")/lib.sh"

kept="late_host"
late_host=

disk()
{
	readlink -f "/dev/disk/by-id/virtio-vm-$1"
}

show()
{
	systemctl show --property "$1" --value "$2"
}

is_mounted()
{
	findmnt "$1" >/dev/null
}

is_not_mounted()
{
	! is_mounted "$1"
}

is_link()
{
	[ -L "/dev/mm/$1" ]
}

is_no_link()
{
	! [ -L "/dev/mm/$1" ]
}

look_for_late()
{
	late_host=$(basename "$(dirname "$(grep -lx virtio_scsi /sys/class/scsi_host/*/proc_name)")")
	rescan_disk "${late_host#host}"
}

has_late()
{
	local links=(/dev/disk/by-id/scsi-*vm-late)

	[ "${#links[@]}" -gt 0 ]
}

late_node()
{
	basename "$(readlink -f /dev/disk/by-id/scsi-*vm-late)"
}

# Each arrival of a disk is a line: of a unit that stays while the disk does, and of one that runs and ends.
write_units()
{
	cat >/etc/systemd/system/arrival.service <<-UNIT
		[Unit]
		BindsTo=dev-mm-late.device
		After=dev-mm-late.device
		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=sh -c 'echo arrived >>/run/arrivals'
		[Install]
		WantedBy=dev-mm-late.device
	UNIT
	cat >/etc/systemd/system/backup.service <<-UNIT
		[Service]
		Type=oneshot
		ExecStart=sh -c 'echo begun >>/run/backups'
		[Install]
		WantedBy=dev-mm-backup.device
	UNIT
	systemctl daemon-reload
	systemctl enable arrival.service backup.service
}

# --- the first boot: names are given ---

names_show()
{
	mkfs.ext4 -q "$(disk photos)"
	mkfs.ext4 -q "$(disk data)"
	printf secret >/root/key
	cryptsetup luksFormat --batch-mode --pbkdf pbkdf2 --pbkdf-force-iterations 1000 "$(disk vault)" /root/key
	look_for_late
	await has_late
	mkfs.ext4 -q "/dev/$(late_node)"
	settle
	name "$(disk photos)" photos
	name "$(disk photos)" "two words"
	name "$(disk data)" data
	name "$(disk vault)" vault
	name "/dev/$(late_node)" late
	name "/dev/$(late_node)" backup
	settle
	expect_equal "$(disk photos)" "$(readlink -f /dev/mm/photos)" "the node of a name"
	expect_equal "$(disk photos)" "$(readlink -f '/dev/mm/two\x20words')" "the node of a name with a space"
	expect_match "S: mm/photos" "$(udevadm info "$(disk photos)")" "what udevd knows"
	expect_equal active "$(show ActiveState dev-mm-photos.device)" "the unit of a name"
	expect_equal active "$(show ActiveState "$(systemd-escape --path --suffix=device '/dev/mm/two\x20words')")" \
		"the unit of a name with a space"
	expect_equal "$(basename "$(disk photos)")" "$(lsblk -dno KNAME /dev/mm/photos)" "what lsblk finds"
	udevadm verify --help >/dev/null 2>&1 || return 0
	udevadm verify /usr/lib/udev/rules.d/61-mmfs.rules
}

names_go()
{
	ln -s "$(disk photos)" "$MM/DosDevices/brief"
	settle
	is_link brief || fail "there is no link"
	mv "$MM/DosDevices/brief" "$MM/DosDevices/other"
	settle
	is_no_link brief || fail "the old name is still there"
	rm "$MM/DosDevices/other"
	settle
	is_no_link other || fail "the name is still there"
	expect_equal inactive "$(show ActiveState dev-mm-other.device)" "the unit of a name that was deleted"
}

lines_are_written()
{
	cat >>/etc/fstab <<-LINES
		/dev/mm/photos /srv/photos auto nofail,nosuid,nodev,x-systemd.device-timeout=600 0 2
		/dev/mm/data /srv/data auto nosuid,nodev 0 2
		/dev/mm/late /srv/soon auto nofail,nosuid,nodev,x-systemd.device-timeout=600 0 2
		/dev/mm/late /srv/late auto nofail,nosuid,nodev,x-systemd.wanted-by=dev-mm-late.device 0 2
		/dev/mm/absent /srv/absent auto nofail,x-systemd.device-timeout=5 0 2
		/dev/mapper/vault /srv/vault auto nofail 0 2
	LINES
	echo "vault /dev/mm/vault /root/key luks,nofail" >>/etc/crypttab
	chmod 600 /root/key
	mkdir -p /srv/photos /srv/data /srv/soon /srv/late /srv/absent /srv/vault
	cryptsetup open --key-file /root/key "$(disk vault)" vault
	mkfs.ext4 -q /dev/mapper/vault
	cryptsetup close vault
	write_units
	sync
}

# --- the second: they are used ---

boot_goes_on()
{
	systemctl is-active --quiet multi-user.target local-fs.target || await systemctl is-active multi-user.target
	expect_equal active "$(show ActiveState mmfs.service)" "the service"
	is_not_mounted /srv/absent || fail "something is mounted at /srv/absent"
}

expect_mounted() # NAME
{
	expect_equal "$(disk "$1")" "$(findmnt -no SOURCE "/srv/$1")" "the source of /srv/$1"
	expect_equal success "$(show Result "systemd-fsck@dev-mm-$1.service")" "the check of $1"
	[ "$(show ExecMainStartTimestampMonotonic "systemd-fsck@dev-mm-$1.service")" -gt 0 ] ||
		fail "the filesystem of $1 was not checked"
}

present_disk_is_mounted()
{
	await is_mounted /srv/photos
	expect_mounted photos
}

# A line without nofail is a part of the boot: checked and mounted before what needs local filesystems.
boot_waits_for_data()
{
	local checked mounted reached

	expect_mounted data
	checked=$(show ExecMainExitTimestampMonotonic systemd-fsck@dev-mm-data.service)
	mounted=$(show ActiveEnterTimestampMonotonic srv-data.mount)
	reached=$(show ActiveEnterTimestampMonotonic local-fs.target)
	[ "$checked" -le "$mounted" ] || fail "it was mounted at $mounted and checked until $checked"
	[ "$mounted" -le "$reached" ] || fail "it was mounted at $mounted, after local-fs.target at $reached"
}

container_is_opened()
{
	await is_mounted /srv/vault
	expect_equal /dev/mapper/vault "$(findmnt -no SOURCE /srv/vault)" "the source"
	expect_equal "$(disk vault)" "$(cryptsetup status vault | awk '/device:/ { print $2 }')" "the container"
}

# By the line that waits for it, and by the one that is wanted by it.
late_disk_is_mounted()
{
	is_not_mounted /srv/late || fail "something is mounted at /srv/late"
	is_not_mounted /srv/soon || fail "something is mounted at /srv/soon"
	look_for_late
	await is_mounted /srv/late
	await is_mounted /srv/soon
	await grep -q arrived /run/arrivals
	await grep -q begun /run/backups
	expect_equal "/dev/$(late_node)" "$(findmnt -no SOURCE /srv/late)" "the source"
}

pulled_and_back()
{
	local i

	for i in 2 3; do
		drop_disk "/dev/$(late_node)"
		await is_no_link late
		await is_not_mounted /srv/late
		await is_not_mounted /srv/soon
		look_for_late
		await is_link late
		await is_mounted /srv/late
		await eval "[ \$(wc -l </run/arrivals) = $i ]"
		await eval "[ \$(wc -l </run/backups) = $i ]"
	done
}

mounts()
{
	grep -E ' /srv/(photos|data|late|soon|vault) ' /proc/1/mountinfo
	show ActiveEnterTimestampMonotonic srv-photos.mount
	show ActiveEnterTimestampMonotonic arrival.service
	stat -c %N /dev/mm/*
}

has_restarted()
{
	[ "$(show ActiveState mmfs.service) $(show MainPID mmfs.service)" != "active $1" ] &&
		[ "$(show ActiveState mmfs.service)" = active ]
}

nothing_hangs_on_mmfs()
{
	local before pid

	exec 3>/srv/photos/open
	before=$(mounts)
	systemctl restart mmfs.service
	settle
	expect_equal "$before" "$(mounts)" "the mounts after a restart"
	pid=$(show MainPID mmfs.service)
	kill -KILL "$pid"
	await has_restarted "$pid"
	settle
	expect_equal "$before" "$(mounts)" "the mounts after mmfs was killed"
	systemctl stop mmfs.service
	expect_equal "$before" "$(mounts)" "the mounts without mmfs"
	udevadm trigger --settle --subsystem-match=block --action=change
	expect_equal "$before" "$(mounts)" "the mounts without mmfs after events"
	systemctl start mmfs.service
	settle
	expect_equal "$before" "$(mounts)" "the mounts after a start"
	exec 3>&-
}

# udevd is restarted, stopped, and started.
udevd_comes_and_goes()
{
	systemctl restart systemd-udevd.service
	name "$(disk photos)" first
	settle
	is_link first || fail "there is no link after udevd was restarted"
	systemctl stop systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket
	name "$(disk photos)" second
	settle
	is_no_link second || fail "there is a link without udevd"
	systemctl start systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-udevd.service
	await is_link second
	rm "$MM/DosDevices/first" "$MM/DosDevices/second"
	settle
	is_no_link first || fail "the first name is still there"
	is_no_link second || fail "the second name is still there"
	is_mounted /srv/photos || fail "/srv/photos is not mounted any more"
}

# A folder that is full does not take anything along, and what was missing comes when there is room.
run_is_full()
{
	mount -t tmpfs -o size=64k tmpfs /run/mmfs
	systemctl restart mmfs.service
	settle
	dd if=/dev/zero of=/run/mmfs/filler bs=4k 2>/dev/null || true
	name "$(disk photos)" fresh
	settle
	is_link photos || fail "the names that were there have gone"
	is_no_link fresh || fail "there is a name without a file"
	rm /run/mmfs/filler
	await is_link fresh
	rm "$MM/DosDevices/fresh"
	systemctl stop mmfs.service
	umount /run/mmfs
	systemctl start mmfs.service
	settle
	is_mounted /srv/photos || fail "/srv/photos is not mounted any more"
}

# With what the manual says, the service mounts what is registered.
automounts()
{
	mkdir -p /etc/systemd/system/mmfs.service.d
	man_drop_in >/etc/systemd/system/mmfs.service.d/automount.conf
	systemctl daemon-reload
	chown nobody /srv/photos
	chmod 700 /srv/photos
	mkdir /srv/photos/inner
	systemctl restart mmfs.service
	systemctl stop srv-late.mount
	echo "/srv/photos/inner /dev/$(late_node)" >"$CTL/volume_mount_point_created"
	await is_mounted /srv/photos/inner
	expect_match rw "$(findmnt -no OPTIONS /srv/photos/inner)" "the options"
	touch /srv/photos/inner/file
	echo "/srv/photos/inner" >"$CTL/volume_mount_point_deleted"
	await is_not_mounted /srv/photos/inner
	rm -r /etc/systemd/system/mmfs.service.d
	systemctl daemon-reload
	systemctl restart mmfs.service
}

man_drop_in()
{
	cat "$EXAMPLES/automount.conf"
}

if [ "$BOOT" = 1 ]; then
	tests="names_show names_go lines_are_written"
else
	tests="boot_goes_on boot_waits_for_data present_disk_is_mounted container_is_opened late_disk_is_mounted pulled_and_back
		nothing_hangs_on_mmfs udevd_comes_and_goes run_is_full automounts"
fi
for test in $tests; do
	check "$test"
done
finish
