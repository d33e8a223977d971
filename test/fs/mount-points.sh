#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Registered mount points: here, on their hosting volume, and on other machines, which are other
# databases over the same images.
. "$(dirname "$0")/lib.sh"

# So that mount points of the case are nobody else's.
space=$TMP/space
mkdir "$space"
mount -t tmpfs tmpfs "$space"
mount --make-private "$space"
mkdir "$space/h" "$space/t" "$space/u"
h=$space/h

make_image t 16M ext4 22222222-0000-0000-0000-000000000000
make_image u 16M ext4 33333333-0000-0000-0000-000000000000
t=${LOOP}02
u=${LOOP}03

machine_a=$TMP/a.db
machine_b=$TMP/b.db

paths_of()
{
	ask query_dos_volume_paths "device=$1" | sed -nE 's/^PATH="(.*)"$/\1/p' | paste -sd ' '
}

expect_paths() # DEVICE PATH…
{
	local device=$1

	shift
	settle
	expect_equal "$*" "$(paths_of "$device")" "the paths of $device"
	expect_equal "$*" "$(paste -sd ' ' "$(volume_folder "$device")/dos_paths")" "dos_paths of $device"
}

volume_name()
{
	echo "Volume{$(cat "$(volume_folder "$1")/guid")}"
}

use_machine() # DATABASE [OPTION…]
{
	DB=$1
	shift
	start_mmfs "$@"
}

expect_sound() # that the file on the host is what its last line says, and root's
{
	expect_equal "600 0 1" "$(stat -c '%a %u %h' "$h/.mmfs/remote-database")" "the file on the host"
	expect_equal "700 0" "$(stat -c '%a %u' "$h/.mmfs")" "its folder"
	expect_equal "remote-database" "$(ls -A "$h/.mmfs")" "what is in its folder"
}

travel() # FSTYPE
{
	local name other

	rm -f "$machine_a" "$machine_b"
	make_image h 320M "$1" 11111111-0000-0000-0000-000000000000
	attach h 01
	attach t 02
	attach u 03
	mount "${LOOP}01" "$h"
	mkdir -p "$h/data/photos" "$h/two words \$\"\\"

	# Machine A: host and target are here.
	use_machine "$machine_a"
	request create_point "X: $t"
	request volume_mount_point_created "source=$h/data/photos target=X:"
	expect_sound
	name=$(volume_name "$t")
	grep -qF "path=\"data/photos\" volume=\"$name\" id=\"UUID=22222222-" "$h/.mmfs/remote-database" ||
		fail "the file does not say so: $(cat "$h/.mmfs/remote-database")"
	expect_paths "$t" X: "$h/data/photos"
	expect_equal "$h/data/photos" "$(cat "$(volume_folder "$t")/mount_points.registered")" "mount_points.registered"
	request volume_mount_point_created "source=\"$h/two words \$\\\"\\\\\" target=$name"
	expect_equal "2" "$(wc -l <"$(volume_folder "$t")/mount_points.registered")" "registered mount points"
	request volume_mount_point_deleted "source=\"$h//two words \$\\\"\\\\/\""
	expect_paths "$t" X: "$h/data/photos"
	mount "$t" "$space/t"
	expect_paths "$t" X: "$h/data/photos" "$space/t"
	umount "$space/t"
	restart_mmfs
	expect_paths "$t" X: "$h/data/photos"
	umount "$h"
	expect_paths "$t" X:
	expect_equal "UUID=11111111-0000-0000-0000-000000000000:/data/photos" \
		"$(cat "$(volume_folder "$t")/mount_points.registered")" "the mount point of an unmounted host"
	stop_mmfs

	# Machine B: the host comes first, the target later.
	detach 02
	use_machine "$machine_b"
	mount "${LOOP}01" "$h"
	settle
	attach t 02
	settle
	expect_equal "$name" "$(volume_name "$t")" "the volume name on the other machine"
	expect_paths "$t" "$h/data/photos"
	expect_equal "" "$(links "$t")" "letters that have travelled"
	stop_mmfs
	umount "$h"

	# The target first, so that it has another name by then.
	rm "$machine_b"
	use_machine "$machine_b"
	settle
	other=$(volume_name "$t")
	mount "${LOOP}01" "$h"
	settle
	expect_equal "$t" "$(readlink "$MM/Volumes/$name")" "the volume name that came with the host"
	expect_equal "$other" "$(volume_name "$t")" "the name that the machine had given"
	expect_paths "$t" "$h/data/photos"
	stop_mmfs

	# Both are there at the start. B changes it, and A learns of that.
	rm "$machine_b"
	use_machine "$machine_b"
	expect_equal "$name" "$(readlink "$MM/Volumes/$name" >/dev/null && echo "$name")" "the volume name at the start"
	expect_paths "$t" "$h/data/photos"
	mkdir "$h/more"
	request volume_mount_point_created "source=$h/more target=$MM/devices/${u#/dev/}"
	request volume_mount_point_deleted "source=$h/data/photos target=../devices/${t#/dev/}"
	expect_paths "$t" ""
	other=$(volume_name "$u")
	stop_mmfs
	umount "$h"
	use_machine "$machine_a"
	settle
	expect_paths "$t" X:
	mount "${LOOP}01" "$h"
	expect_paths "$u" "$h/more"
	expect_paths "$t" X:
	expect_equal "$u" "$(readlink "$MM/Volumes/$other")" "the name from the other machine"
	expect_equal "" "$(cat "$(volume_folder "$t")/mount_points.registered")" "what the other machine has deleted"
	rmdir "$h/more"
	umount "$h"
	mount "${LOOP}01" "$h"
	expect_paths "$u" ""
	expect_match "its directory is gone" "$(tail -n 1 "$CTL/error_log")" "error_log"
	expect_equal 0 "$(grep -c path= "$h/.mmfs/remote-database" || true)" "entries after the directory went"
	expect_sound
	stop_mmfs
	umount "$h"
	detach 01
	detach 02
	detach 03
}

for fstype in ext4 xfs btrfs; do
	travel "$fstype"
done
