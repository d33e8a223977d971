#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mounts/ leads to where volumes are mounted now; and the daemon follows its own mount.
. "$(dirname "$0")/lib.sh"

make_image a 16M ext4 11111111-2222-3333-4444-555555555555
make_image b 16M ext4 aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee
attach a 01
attach b 02
a=${LOOP}01
b=${LOOP}02

# What is moved must not be on a mount that other namespaces follow.
space=$TMP/space
mkdir "$space"
mount -t tmpfs tmpfs "$space"
mount --make-private "$space"
mkdir "$space/mnt" "$space/one" "$space/two" "$space/three" "$space/up" "$space/up/below"
MM=$space/mnt
CTL=$MM/control

start_mmfs
request create_point "X: $a"
request create_point "link=\"Other name\" device=$a"
request create_point "Y: $b"
guid_a=$(cat "$(volume_folder "$a")/guid")

leads()
{
	local target=

	! [ -L "$MM/mounts/$1" ] || target=$(readlink -n "$MM/mounts/$1" && echo .)
	expect_equal "${2:+$2.}" "$target" "mounts/$1"
}

# All links of the first volume lead to the first of the PATHs, and its mount points are these.
expect_mounted() # [PATH…]
{
	local name

	settle
	for name in X: "Other name" "Volume{$guid_a}"; do
		leads "$name" "${1-}"
	done
	expect_equal "$(printf '%s\n' "$@")" "$(cat "$(volume_folder "$a")/mount_points")" "mount_points"
	expect_equal "$(printf '%s\n' X: "$@" | sed '/^$/d')" "$(cat "$(volume_folder "$a")/dos_paths")" "dos_paths"
}

expect_listed()
{
	expect_equal "$1" "$(find "$MM/mounts" -mindepth 1 -printf '%f\n' | sort | sed "s/$guid_a/GUID/" | paste -sd ,)" "what is in mounts/"
}

# --- mount, unmount ------------------------------------------------------------------------------

expect_mounted
expect_listed ""
mount "$MM/DosDevices/X:" "$space/one"
expect_mounted "$space/one"
expect_listed "Other name,Volume{GUID},X:"
echo hello >"$MM/mounts/X:/file"
mkdir -p "$MM/mounts/Volume{$guid_a}/folder/inner"
expect_equal hello "$(cat "$space/one/file")" "a file written by way of mounts/"
expect_equal hello "$(cat "$MM/mounts/Other name/folder/../file")" "the same by another name"
leads Y: ""
[ ! -e "$MM/mounts/x:" ] || fail "look-ups ignore the case"

# Links that come and go while it is mounted.
request create_point "link=new device=$a"
leads new "$space/one"
mv "$MM/DosDevices/new" "$MM/DosDevices/NEW"
leads new ""
leads NEW "$space/one"
rm "$MM/DosDevices/NEW"
leads NEW ""
expect_fail EPERM ln -s "$a" "$MM/mounts/Z:"
expect_fail EPERM rm "$MM/mounts/X:"
expect_fail EPERM mv "$MM/mounts/X:" "$MM/mounts/Z:"
expect_equal "dr-xr-xr-x" "$(stat -c %A "$MM/mounts")" "the mode of mounts/"

umount "$space/one"
expect_mounted
expect_listed ""

for i in {1..10}; do
	mount "$a" "$space/one"
	settle
	expect_equal hello "$(cat "$MM/mounts/X:/file")" "the file, run $i"
	umount "$MM/mounts/X:/"
	settle
	[ ! -e "$MM/mounts/X:" ] || fail "mounts/X: is there after umount, run $i"
done

# --- several, parts, moves -----------------------------------------------------------------------

mount "$a" "$space/one"
mount --bind "$space/one/folder" "$space/two"
expect_mounted "$space/one" "$space/two"
mount --bind "$space/one" "$space/three"
expect_mounted "$space/one" "$space/three" "$space/two"
umount "$space/one"
expect_mounted "$space/three" "$space/two"
umount "$space/three"
expect_mounted "$space/two"
[ -d "$MM/mounts/X:/inner" ] || fail "mounts/X: does not lead to the folder that is mounted"
mount --move "$space/two" "$space/three"
expect_mounted "$space/three"
umount "$space/three"
expect_mounted

mount "$a" "$space/one"
mount "$b" "$space/two"
mount --move "$space/one" "$space/three"
expect_mounted "$space/three"
leads Y: "$space/two"
mount --move "$space/three" "$space/two/lost+found"
expect_mounted "$space/two/lost+found"
mount --move "$space/two" "$space/one"
expect_mounted "$space/one/lost+found"
leads Y: "$space/one"
umount -R "$space/one"
expect_mounted
leads Y: ""

# --- mounted over --------------------------------------------------------------------------------

mount "$a" "$space/one"
mount -t tmpfs tmpfs "$space/one"
expect_mounted
mount "$b" "$space/one"
expect_mounted
leads Y: "$space/one"
umount "$space/one"
settle
leads Y: ""
umount "$space/one"
expect_mounted "$space/one"
umount "$space/one"

mount "$a" "$space/up/below"
expect_mounted "$space/up/below"
mount -t tmpfs tmpfs "$space/up"
expect_mounted
mkdir "$space/up/below"
expect_mounted
mount "$a" "$space/up/below"
expect_mounted "$space/up/below"
umount "$space/up/below" "$space/up"
expect_mounted "$space/up/below"
mount "$b" "$space/up/below"
expect_mounted
umount "$space/up/below"
expect_mounted "$space/up/below"

# Lazily, while somebody uses it.
exec {held}<"$space/up/below/file"
umount -l "$space/up/below"
expect_mounted
expect_equal hello "$(cat <&"$held")" "a file on what was unmounted lazily"
exec {held}<&-

# --- odd names -----------------------------------------------------------------------------------

for name in "a space" $'new\nline' 'back\slash' 'back\040slash' $'t\tab' $'\x01' $'\xff not UTF-8' "äöü €" '#"'\''$(x)' \
	"it (deleted)" "//"; do
	odd=$space/odd/$name
	[ "$name" != // ] || odd=$space/odd
	mkdir -p "$odd"
	mount "$a" "$odd"
	settle
	leads X: "$odd"
	leads "Volume{$guid_a}" "$odd"
	expect_equal hello "$(cat "$MM/mounts/X:/file")" "the file below $(printf %q "$name")"
	expect_equal 1 "$(wc -l <"$(volume_folder "$a")/mount_points")" "the lines of mount_points for $(printf %q "$name")"
	umount "$odd"
done
mkdir -p "$space/x y"
mount "$a" "$space/x y"
settle
expect_equal "$space/x y" "$(cat "$(volume_folder "$a")/mount_points")" "mount_points with a space"
umount "$space/x y"
mount "$a" "$space/odd/"$'new\nline'
settle
expect_equal "$space/odd/new\\x0aline" "$(cat "$(volume_folder "$a")/mount_points")" "mount_points with a newline"
umount "$space/odd/"$'new\nline'

# --- what does not count -------------------------------------------------------------------------

unshare -m --propagation private /bin/bash -c "
	mount '$a' '$space/one' && echo 1 >'$CTL/settle' && ! [ -e '$MM/mounts/X:' ]" ||
	fail "what is mounted in another namespace shows"
mount -t tmpfs "$a" "$space/one"
expect_mounted
umount "$space/one"

# A device that goes while it is mounted, and one that comes when it is.
mount "$a" "$space/one"
expect_mounted "$space/one"
stop_mmfs
start_mmfs
leads X: "$space/one"
umount "$space/one"
expect_mounted

if grep -qw btrfs /proc/filesystems && command -v mkfs.btrfs >/dev/null; then
	make_image c 128M btrfs 99999999-bbbb-cccc-dddd-eeeeeeeeeeee >/dev/null
	attach c 03
	settle
	request create_point "B: ${LOOP}03"
	mount "${LOOP}03" "$space/one"
	settle
	leads B: "$space/one"
	btrfs -q subvolume create "$space/one/sub"
	umount "$space/one"
	mount -o subvol=sub "${LOOP}03" "$space/two"
	settle
	leads B: "$space/two"
	mount "${LOOP}03" "$space/one"
	settle
	leads B: "$space/one"
	umount "$space/one" "$space/two"
	settle
	leads B: ""
fi

# --- its own mount -------------------------------------------------------------------------------

expect_end() # after a lazy unmount, with somebody in it
{
	await_end "$mmfs_pid"
	expect_equal 0 "$status" "the daemon's status"
	mmfs_pid=
	exec {held}<&-
}

exec {held}<"$CTL/version"
umount -l "$MM"
expect_end

# Who waits for an answer gets none, but does not wait for good.
start_mmfs
exec {held}<"$CTL/version"
kill -STOP "$(server_pid)"
stat "$MM/DosDevices/nothing" >/dev/null 2>&1 &
waiter=$!
umount -l "$MM"
# What somebody else mounts there meanwhile is theirs.
mount -t tmpfs tmpfs "$MM"
kill -CONT "$(server_pid)"
expect_end
await_end "$waiter"
lib_is_mounted "$MM" || fail "the daemon has unmounted what is not its own"
umount "$MM"

# It lives as long as it can be reached somewhere.
start_mmfs
mount --bind "$MM" "$space/one"
mount --bind "$MM/ids" "$space/two"
exec {held}<"$CTL/version"
umount -l "$MM"
expect_ok test -L "$space/one/DosDevices/X:"
echo 1 >"$space/one/control/settle"
umount -l "$space/one"
expect_match 'UUID=1' "$(ls "$space/two")" "ids/, bound elsewhere"
mount --move "$space/two" "$space/three"
expect_match 'UUID=1' "$(ls "$space/three")" "ids/, moved"
! lib_is_ended "$mmfs_pid" || fail "the daemon has ended too early"
umount -l "$space/three"
expect_end

# By way of a symlink, and in the way of ordinary users' commands.
ln -s mnt "$space/link"
real=$MM
MM=$space/link
CTL=$MM/control
run_mmfs -f -o "db=$DB,devices=$DEVICES" "$MM" </dev/null >>"$LOG" 2>&1 &
mmfs_pid=$!
await_mount "$mmfs_pid" "$real"
settle
exec {held}<"$CTL/version"
umount -l "$real"
expect_end
