#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # check calls the functions
#
# mmfs under systemd: started at boot, seen by everybody, stopped, killed, and from fstab.

. "$(dirname "$0")/lib.sh"

show()
{
	systemctl show --property "$1" --value mmfs.service
}

is_mounted()
{
	# As process 1 sees it.
	grep -q " $1 .* - fuse.mmfs " /proc/1/mountinfo
}

is_gone()
{
	! is_mounted "$1"
}

is_inactive()
{
	[ "$(show ActiveState)" = inactive ]
}

root_node()
{
	readlink -f /dev/disk/by-partlabel/root
}

boot_is_clean()
{
	local state

	state=$(systemctl is-system-running --wait) || true
	expect_equal running "$state" "the state of the system ($(
		systemctl --failed --plain --no-legend | tr -s ' ' | tr '\n' ';'))"
}

started_at_boot()
{
	systemctl status --no-pager mmfs.service
	expect_equal "active running success 0" \
		"$(show ActiveState) $(show SubState) $(show Result) $(show NRestarts)" "the service"
	is_mounted "$MM" || fail "process 1 does not see $MM"
	expect_volume "UUID=$(uuid_of "$(root_node)")" "$(root_node)"
	# Before all that fstab mounts.
	[ "$(show ActiveEnterTimestampMonotonic)" -le "$(systemctl show --value \
		--property ActiveEnterTimestampMonotonic local-fs.target)" ] ||
		fail "it was started after local-fs.target"
}

stops()
{
	name "$(root_node)" here
	systemctl stop mmfs.service
	is_gone "$MM" || fail "$MM is still mounted"
	expect_equal "inactive success 0" "$(show ActiveState) $(show Result) $(show ExecMainStatus)" \
		"the stopped service"
}

# READY=1 means that the tree is complete.
starts()
{
	systemctl start mmfs.service
	expect_equal "$(root_node)" "$(node_of here)" "the name right after the start"
	is_mounted "$MM" || fail "process 1 does not see $MM"
}

restarts()
{
	local i pid

	for i in 1 2 3; do
		pid=$(show MainPID)
		systemctl restart mmfs.service
		[ "$(show MainPID)" != "$pid" ] || fail "restart $i left the process"
		expect_equal "$(root_node)" "$(node_of here)" "the name after restart $i"
		expect_equal 1 "$(grep -c " $MM .* - fuse.mmfs " /proc/1/mountinfo)" "the number of mounts"
	done
}

reloads()
{
	local pid

	pid=$(show MainPID)
	systemctl reload mmfs.service
	settle
	expect_equal "$pid" "$(show MainPID)" "the process after a reload"
	expect_equal "$(root_node)" "$(node_of here)" "the name after a reload"
}

ends_by_sigterm()
{
	local pid

	pid=$(show MainPID)
	kill -TERM "$pid"
	await is_gone "$MM"
	await [ ! -d "/proc/$pid" ]
	await is_inactive
	expect_equal "success 0" "$(show Result) $(show ExecMainStatus)" "the service after SIGTERM"
	systemctl start mmfs.service
}

ends_by_umount()
{
	umount "$MM"
	await is_inactive
	expect_equal "success 0" "$(show Result) $(show ExecMainStatus)" "the service after umount"
	systemctl start mmfs.service
}

has_restarted()
{
	[ "$(show ActiveState) $(show MainPID)" != "active $1" ] && [ "$(show ActiveState)" = active ]
}

survives_sigkill()
{
	local pid cwd

	systemctl reset-failed mmfs.service # its starts so far are not a crash loop
	pid=$(show MainPID)
	cd "$MM/DosDevices"
	mkfifo /run/never
	cat /run/never & # nobody writes to it
	cwd=$!
	cd /
	kill -KILL "$pid"
	await has_restarted "$pid"
	expect_equal "$(root_node)" "$(node_of here)" "the name after the daemon was killed"
	expect_equal 1 "$(grep -c " $MM .* - fuse.mmfs " /proc/1/mountinfo)" "the number of mounts"
	kill "$cwd"
	rm /run/never
}

# Whether systemd has heard from the daemon since `sign`.
has_given_sign()
{
	[ "$(show WatchdogTimestampMonotonic)" != "$sign" ] && sign=$(show WatchdogTimestampMonotonic)
}

# Who stands still is ended, and started anew. In the unit it is a minute; what is tested is not how long.
survives_standing_still()
{
	local pid sign folder=/run/systemd/system/mmfs.service.d

	expect_equal 1min "$(show WatchdogUSec)" "what the unit says of its watchdog"
	mkdir -p "$folder"
	printf '[Service]\nWatchdogSec=3\n' >"$folder/watchdog.conf"
	systemctl daemon-reload
	systemctl reset-failed mmfs.service
	systemctl restart mmfs.service
	pid=$(show MainPID)
	sign=$(show WatchdogTimestampMonotonic)
	for _ in 1 2 3; do # which it outlives as long as it gives signs of life
		await has_given_sign
	done
	expect_equal "$pid" "$(show MainPID)" "the process after three signs of life"
	kill -STOP "$pid"
	await has_restarted "$pid"
	expect_equal 1 "$(show NRestarts)" "the number of restarts"
	expect_equal "$(root_node)" "$(node_of here)" "the name after the daemon stood still"
	expect_equal 1 "$(grep -c " $MM .* - fuse.mmfs " /proc/1/mountinfo)" "the number of mounts"
	rm "$folder/watchdog.conf"
	systemctl daemon-reload
	systemctl restart mmfs.service
}

# A process in the service's control group can read disks, and not write to them.
disks_are_read_only()
{
	local group

	group=/sys/fs/cgroup$(show ControlGroup)
	[ -d "$group" ] || fail "there is no $group"
	(
		echo "$BASHPID" >"$group/cgroup.procs"
		dd if="$(root_node)" of=/dev/null bs=4096 count=1 status=none
	)
	if (
		echo "$BASHPID" >"$group/cgroup.procs"
		: 3<>"$(root_node)"
	) 2>/dev/null; then
		fail "the service can open $(root_node) for writing"
	fi
}

# The figure is for the report; private mounts, which would lower it, would hide the tree.
security()
{
	local figure

	figure=$(systemd-analyze security --no-pager mmfs.service | tail -n 1)
	note "$figure"
	expect_match 'exposure level for mmfs.service: ([0-3]|4\.0)' "$figure" "the figure"
	# Of the keeper, that is; what serves has less.
	figure=$(sed -n 's/^CapEff:\t//p' "/proc/$(cat "$MM/control/server_pid")/status")
	expect_equal 0000000000001006 "$figure" "the capabilities of the server"
}

mounts_by_type()
{
	local type

	mkdir -p /mnt/mm2
	for type in mmfs fuse.mmfs; do
		mount -t "$type" none /mnt/mm2 -o db=/var/lib/mmfs2/names.db,mode=0660,gid=disk
		is_mounted /mnt/mm2 || fail "process 1 does not see /mnt/mm2"
		expect_equal 660 "$(stat -c %a /mnt/mm2/control/create_point)" "the mode of create_point"
		umount /mnt/mm2
		await daemon_is_gone /mnt/mm2
	done
}

# Its database is on a file system that has no hard links.
keeps_names_on_vfat()
{
	truncate -s 8M /run/fat
	mkfs.vfat /run/fat >/dev/null
	mkdir /run/fat-files
	mount -o loop /run/fat /run/fat-files
	for _ in 1 2; do
		mount -t mmfs none /mnt/mm2 -o db=/run/fat-files/names.db
		[ -e /mnt/mm2/control/version ] || fail "/mnt/mm2 is not mmfs"
		umount /mnt/mm2
		await daemon_is_gone /mnt/mm2
	done
	expect_equal names.db "$(ls /run/fat-files)" "its files"
	umount /run/fat-files
}

mounts_from_fstab()
{
	local type options=nofail,noauto,_netdev,x-systemd.mount-timeout=60,db=/var/lib/mmfs2/names.db

	for type in mmfs fuse.mmfs; do
		sed -i '/ \/mnt\/mm2 /d' /etc/fstab
		echo "mmfs /mnt/mm2 $type $options 0 0" >>/etc/fstab
		mount_from_fstab
	done
}

mount_from_fstab()
{
	mount /mnt/mm2
	[ -e /mnt/mm2/control/version ] || fail "/mnt/mm2 is not mmfs"
	umount /mnt/mm2
	await daemon_is_gone /mnt/mm2
	systemctl daemon-reload
	systemctl start mnt-mm2.mount
	[ -e /mnt/mm2/control/version ] || fail "/mnt/mm2 is not mmfs when systemd mounts it"
	ls /mnt/mm2/Volumes
	systemctl stop mnt-mm2.mount
	is_gone /mnt/mm2 || fail "/mnt/mm2 is still mounted"
	await daemon_is_gone /mnt/mm2
}

daemon_is_gone()
{
	! pgrep -f "mmfs.* $1( |$)"
}

for test in boot_is_clean started_at_boot stops starts restarts reloads ends_by_sigterm \
	ends_by_umount survives_sigkill survives_standing_still disks_are_read_only security mounts_by_type \
	keeps_names_on_vfat mounts_from_fstab; do
	check $test
done
finish
