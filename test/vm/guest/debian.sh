#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # check calls the functions
#
# The packages of contrib/debian, from a disk of the host's: what they bring works, and goes again. What is
# mounted by names in /dev is not touched by any of that.

. "$(dirname "$0")/lib.sh"

export DEBIAN_FRONTEND=noninteractive
packages=/run/packages

show()
{
	systemctl show --property "$1" --value "${2-mmfs.service}"
}

disk()
{
	readlink -f "/dev/disk/by-id/virtio-vm-$1"
}

is_absent()
{
	[ "$(show LoadState)" = not-found ] || fail "there is a mmfs.service"
	! grep -q ' fuse\.mmfs ' /proc/1/mountinfo || fail "a tree is mounted"
	! pgrep -x mmfs >/dev/null || fail "mmfs is running"
}

# All but what the system writes by itself.
# The user of mmfs-cluster stays, as users of packages do, and with it copies of the files that it is in.
list_files()
{
	find / -xdev \( -path '/etc/*-' -o -path /etc/.pwd.lock -o -path /tmp -o -path /var/cache \
		-o -path /var/log -o -path /var/lib/apt -o -path /var/lib/dpkg -o -path /var/lib/systemd/timers \) -prune \
		-o -printf '%p %y %l\n' | sort
}

# A machine without mmfs: what the other cases are about goes.
make_room()
{
	systemctl disable --now mmfs.service
	xargs rm --dir <"$(dirname "$0")/installed"
	rm -r /var/lib/mmfs
	rmdir /mnt/mm
	systemctl daemon-reload
	is_absent
	mkdir "$packages"
	tar -C "$packages" -xf /dev/disk/by-id/virtio-vm-packages
	list_files >/run/files
}

install_packages()
{
	apt-get -y install "$packages"/*.deb
	expect_equal "active running success" "$(show ActiveState) $(show SubState) $(show Result)" \
		"the service"
	expect_equal enabled "$(systemctl is-enabled mmfs.service)" "the service at boot"
	expect_equal "no enabled" "$(systemctl show --property=ConditionResult --value mmfs-cluster.service) \
$(systemctl is-enabled mmfs-cluster.service)" "the service without settings"
	expect_volume "UUID=$(uuid_of /dev/disk/by-partlabel/root)" /dev/disk/by-partlabel/root
	mmctl create root "$(readlink -f /dev/disk/by-partlabel/root)"
	mmctl settle
	expect_equal "$(readlink -f /dev/disk/by-partlabel/root)" "$(readlink -f /dev/mm/root)" "the name in /dev"
	systemctl is-active dev-mm-root.device
}

smoke_test()
{
	"$packages"/smoke
}

# One by fstab, which systemd would unmount if the name went; one by hand; and one that is not mounted.
mount_by_names()
{
	local name

	for name in photos films; do
		mkfs.ext4 -q "$(disk "$name")"
	done
	mkswap -q "$(disk spare)"
	mmctl settle
	for name in photos films spare; do
		mmctl create "$name" "$(disk "$name")"
	done
	mmctl settle
	mkdir -p /srv/photos /srv/films
	echo "/dev/mm/photos /srv/photos auto nofail,nosuid,nodev 0 2" >>/etc/fstab
	systemctl daemon-reload
	systemctl start srv-photos.mount
	mount -o nosuid,nodev /dev/mm/films /srv/films
	for name in photos films; do
		sleep infinity >"/srv/$name/open" &
		echo $! >>/run/openers
	done
}

mounts()
{
	local opener

	grep -E ' /srv/(photos|films) ' /proc/1/mountinfo
	for opener in $(</run/openers); do
		readlink "/proc/$opener/fd/1"
	done
	show ActiveEnterTimestampMonotonic srv-photos.mount
	show Result srv-photos.mount
	journalctl --boot --no-pager --output cat --unit srv-photos.mount --unit srv-films.mount
}

# The keeper becomes the new program: its process is the same, and nobody who has the tree open notices. In
# /dev names have never been away.
upgrade()
{
	local pid server links before held

	pid=$(show MainPID)
	server=$(cat "$MM/control/server_pid")
	exec {held}<"$MM/DosDevices"
	links=$(stat -c %N /dev/mm/*)
	before=$(mounts)
	dpkg --install "$packages"/mmfs_*.deb
	expect_equal "$links" "$(stat -c %N /dev/mm/*)" "the list of links in /dev"
	expect_equal active "$(show ActiveState)" "the service"
	expect_equal "$pid" "$(show MainPID)" "the process of the service"
	[ "$(cat "$MM/control/server_pid")" != "$server" ] || fail "the server is the old one"
	[ -e "/proc/self/fd/$held/root" ] || fail "a folder that was open is gone"
	exec {held}<&-
	[ -L "$MM/DosDevices/root" ] || fail "the name is gone"
	mmctl settle
	expect_equal "$links" "$(stat -c %N /dev/mm/*)" "the list of links in /dev after a while"
	expect_equal "$before" "$(mounts)" "what is mounted by names"
}

# Who removes a package may want it back, with all names. Those in /dev go but for those that mounts hang on.
remove()
{
	local before

	before=$(mounts)
	dpkg --remove mmfs
	systemctl daemon-reload
	is_absent
	expect_equal /dev/mm/photos "$(echo /dev/mm/*)" "the list of links in /dev"
	udevadm trigger --settle --subsystem-match=block --action=change
	expect_equal /dev/mm/photos "$(echo /dev/mm/*)" "the list of links in /dev after events"
	expect_equal "$before" "$(mounts)" "what is mounted by names"
	[ -s /var/lib/mmfs/mounted-devices.db ] || fail "the names are gone"
	dpkg --install "$packages"/mmfs_*.deb
	mmctl settle
	[ -L "$MM/DosDevices/root" ] || fail "the name is gone"
	expect_equal "/dev/mm/films /dev/mm/photos /dev/mm/root /dev/mm/spare" "$(echo /dev/mm/*)" \
		"the list of links in /dev when mmfs is back"
	[ ! -e /run/udev/rules.d/61-mmfs.rules ] || fail "there are two rules"
	expect_equal "$before" "$(mounts)" "what is mounted by names"
}

# When nothing is mounted by names any more, none is left.
unmount()
{
	xargs kill </run/openers
	umount /srv/photos /srv/films
	sed -i '/ \/srv\/photos /d' /etc/fstab
	systemctl daemon-reload
	rmdir /srv/photos /srv/films
}

purge()
{
	local units

	apt-get -y purge mmfs mmfs-cluster libmmfs-dev libmmfs0
	is_absent
	expect_equal "" "$(ls -d /dev/mm /run/mmfs /run/udev/rules.d/61-mmfs.rules 2>/dev/null || true)" "what is left"
	expect_equal "" "$(diff /run/files <(list_files) || true)" "what is left or has gone"
	expect_equal "" "$(dpkg-query -W -f '${Package}\n' '*mmfs*' 2>/dev/null || true)" "what dpkg knows"
	units=$(systemctl --failed --plain --no-legend)
	expect_equal "" "$units" "the list of failed units"
}

for test in make_room install_packages smoke_test mount_by_names upgrade remove unmount purge; do
	check $test
done
finish
