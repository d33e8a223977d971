#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# automount=registered: volumes that are put together by themselves, and what is left alone.
. "$(dirname "$0")/lib.sh"

space=$TMP/space
mkdir "$space"
mount -t tmpfs tmpfs "$space"
mount --make-private "$space"
mkdir "$space/h" "$space/other"
h=$space/h

make_image h 16M ext4 11111111-0000-0000-0000-000000000000
make_image t 16M ext4 22222222-0000-0000-0000-000000000000
make_image u 16M ext4 33333333-0000-0000-0000-000000000000
attach h 01
attach t 02
attach u 03
H=${LOOP}01
T=${LOOP}02
U=${LOOP}03

expect_mounted() # PATH DEVICE [OPTION…]
{
	local path=$1 node=$2 option

	shift 2
	settle
	expect_equal "$node" "$(findmnt -rn -o SOURCE --mountpoint "$path" || true)" "what is mounted at $path"
	for option; do
		[[ ,$(findmnt -rn -o OPTIONS --mountpoint "$path"), == *,$option,* ]] || fail "$path is mounted without $option"
	done
}

# T belongs on H, and U on T.
mount "$H" "$h"
mkdir -p "$h/data/t" "$h/own"
start_mmfs automount=registered
request volume_mount_point_created "source=$h/data/t target=$T"
expect_mounted "$h/data/t" "$T" nosuid nodev rw
mkdir "$h/data/t/u"
settle
request volume_mount_point_created "source=$h/data/t/u target=$U options=ro,noexec,errors=continue"
expect_mounted "$h/data/t/u" "$U" nosuid nodev ro noexec
expect_match "$h/data/t" "$(ask query_dos_volume_paths "device=$T")" "the paths"
expect_equal 1 "$(ask query_dos_volume_paths "device=$T" | wc -l)" "a path that is given once"

# Somebody unmounts: it stays so, until the host is mounted anew.
umount "$h/data/t/u"
expect_mounted "$h/data/t/u" ""
expect_fail - umount "$h"
umount -R "$h"
settle
mount "$H" "$h"
expect_mounted "$h/data/t" "$T"
expect_mounted "$h/data/t/u" "$U"

# So it does when a server dies; and what was mounted is unmounted when it is not meant any more.
umount "$h/data/t/u"
settle
replace_server
expect_mounted "$h/data/t/u" ""
replace_server
expect_mounted "$h/data/t/u" ""
expect_mounted "$h/data/t" "$T"
request volume_mount_point_deleted "source=$h/data/t"
expect_mounted "$h/data/t" ""
request volume_mount_point_created "source=$h/data/t target=$T"
expect_mounted "$h/data/t" "$T"
umount -R "$h"
settle
mount "$H" "$h"
expect_mounted "$h/data/t/u" "$U"

# A lazy umount of the host takes all with it.
umount -l "$h"
settle
expect_equal "" "$(findmnt -rn -o TARGET -S "$T" || true)" "mounts of the target"
mount "$H" "$h"
expect_mounted "$h/data/t/u" "$U"

# On another machine, from nothing: what the disk tells of is mounted once it was asked for here. What is mounted already is left alone.
stop_mmfs
expect_mounted_now()
{
	findmnt -rn --mountpoint "$1" >/dev/null || fail "$1 is not mounted"
}
expect_mounted_now "$h/data/t/u"
umount "$h/data/t/u"
DB=$TMP/b.db
start_mmfs automount=registered
expect_mounted "$h/data/t/u" ""
expect_equal "$h/data/t/u" "$(cat "$(volume_folder "$U")/mount_points.registered")" "what was found"
if [ -x "${MMCTL-}" ]; then
	expect_fail - "$MMCTL" -m "$MM" mount-point accept "$space"
	expect_ok "$MMCTL" -m "$MM" mount-point accept "$h/data/t/u"
else
	request volume_mount_point_created "source=$h/data/t/u target=$U"
fi
expect_mounted "$h/data/t/u" "$U" nosuid nodev rw
stop_mmfs
umount -R "$h"
start_mmfs automount=registered
mount "$H" "$h"
settle
expect_mounted "$h/data/t" ""
mount "$T" "$h/data/t"
expect_mounted "$h/data/t/u" "$U"
request volume_mount_point_deleted "source=$h/data/t/u"
expect_mounted "$h/data/t/u" ""
request volume_mount_point_deleted "source=$h/data/t"
expect_mounted "$h/data/t" "$T"
umount "$h/data/t"

# What others mount is not touched.
mount "$U" "$h/own"
request volume_mount_point_created "source=$h/own target=$T"
expect_mounted "$h/own" "$U"
request volume_mount_point_deleted "source=$h/own target=$T"
expect_mounted "$h/own" "$U"
umount "$h/own"

# The target goes while it is in use, and comes back; then it cannot be mounted.
request volume_mount_point_created "source=$h/own target=$T"
expect_mounted "$h/own" "$T"
cd "$h/own"
request volume_removal_notification "device=$T"
settle
cd /
expect_equal "" "$(findmnt -rn -o SOURCE --mountpoint "$h/own" || true)" "what is mounted of a volume that is gone"
request volume_arrival_notification "device=$T"
expect_mounted "$h/own" "$T"
request volume_mount_point_deleted "source=$h/own"
expect_mounted "$h/own" ""
request volume_mount_point_created "source=$h/own target=$T options=nonsense=1"
settle
expect_match "cannot mount $T" "$(tail -n 1 "$CTL/error_log")" "error_log"
expect_mounted "$h/own" ""
request volume_mount_point_deleted "source=$h/own"

# A directory that becomes a symlink is not followed.
request volume_mount_point_created "source=$h/own target=$T"
expect_mounted "$h/own" "$T"
umount -R "$h"
settle
stop_mmfs
mount "$H" "$h"
rmdir "$h/own"
ln -s "$space/other" "$h/own"
start_mmfs automount=registered
settle
expect_equal "" "$(findmnt -rn -o SOURCE --mountpoint "$space/other" || true)" "what is mounted outside"
# Who mounts by itself finds that out at the same time, before or after.
expect_match "its directory is gone" "$(cat "$CTL/error_log")" "error_log"
stop_mmfs

# Off by default.
rm "$h/own"
mkdir "$h/own"
start_mmfs
request volume_mount_point_created "source=$h/own target=$T"
expect_mounted "$h/own" ""
stop_mmfs
umount "$h"
