#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # check calls the functions
#
# The packages of contrib/debian, from a disk of the host's: what they bring works, and goes again.

. "$(dirname "$0")/lib.sh"

export DEBIAN_FRONTEND=noninteractive
packages=/run/packages

show()
{
	systemctl show --property "$1" --value mmfs.service
}

is_absent()
{
	[ "$(show LoadState)" = not-found ] || fail "there is a mmfs.service"
	! grep -q ' fuse\.mmfs ' /proc/1/mountinfo || fail "a tree is mounted"
	! pgrep -x mmfs >/dev/null || fail "mmfs is running"
}

# All but what the system writes by itself.
list_files()
{
	find / -xdev \( -path /tmp -o -path /var/cache -o -path /var/log -o -path /var/lib/apt \
		-o -path /var/lib/dpkg -o -path /var/lib/systemd/timers \) -prune \
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

# Names are there again when the command is done, by another process.
upgrade()
{
	local pid link

	pid=$(show MainPID)
	link=$(stat -c %N /dev/mm/root)
	dpkg --install "$packages"/mmfs_*.deb
	expect_equal active "$(show ActiveState)" "the service"
	[ "$(show MainPID)" != "$pid" ] || fail "the process is the old one"
	[ -L "$MM/DosDevices/root" ] || fail "the name is gone"
	mmctl settle
	expect_equal "$link" "$(stat -c %N /dev/mm/root)" "the link in /dev"
}

# Who removes a package may want it back, with all names.
remove()
{
	dpkg --remove mmfs
	systemctl daemon-reload
	is_absent
	[ -L /dev/mm/root ] || fail "the name in /dev is gone, and so were what is mounted by it"
	[ -s /var/lib/mmfs/mounted-devices.db ] || fail "the names are gone"
	dpkg --install "$packages"/mmfs_*.deb
	[ -L "$MM/DosDevices/root" ] || fail "the name is gone"
}

purge()
{
	local units

	apt-get -y purge mmfs libmmfs-dev libmmfs0
	is_absent
	expect_equal "" "$(diff /run/files <(list_files) || true)" "what is left or has gone"
	expect_equal "" "$(dpkg-query -W -f '${Package}\n' '*mmfs*' 2>/dev/null || true)" "what dpkg knows"
	units=$(systemctl --failed --plain --no-legend)
	expect_equal "" "$units" "the list of failed units"
}

for test in make_room install_packages smoke_test upgrade remove purge; do
	check $test
done
finish
