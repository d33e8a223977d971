#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mount(8) and fstab with the types mmfs and fuse.mmfs, by the links that `meson install` makes, with
# all that mount(8) and systemd put into the arguments of a helper.

# With mounts of its own: mount(8) finds helpers in the system's folders and nowhere else.
[ -n "${ALONE-}" ] || ALONE=1 exec unshare -m --propagation private /bin/bash "$0" "$@"

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
require meson

make_image a 1M swap "$(number_uuid 1)"
attach a 00
settle_udevd
options=db=$DB,devices=$DEVICES
cd "$TMP" # mount(8) takes a source for a path where there is one of that name

# --- what is installed, where mount(8) looks -----------------------------------------------------

build=${MMFS%/*}
meson install -C "$build" --no-rebuild --destdir "$TMP/root" >"$TMP/install.log" 2>&1 ||
	fail "meson install: $(tail -n 5 "$TMP/install.log")"
prefix=$(meson introspect --buildoptions "$build" | jq -r '.[] | select(.name == "prefix").value')
expect_equal "mount.fuse.mmfs mount.mmfs" "$(cd "$TMP/root/sbin" && echo mount.*)" "the links"
for link in mount.mmfs mount.fuse.mmfs; do
	expect_equal "$prefix/sbin/mmfs" "$(readlink "$TMP/root/sbin/$link")" "the target of $link"
	expect_ok test -f "$TMP/root$prefix/share/man/man8/$link.8"
done

# Adds what is installed to a folder of the system, for this case alone: all is links.
covered=()
cover() # FOLDER
{
	local folder under=$TMP/under-${#covered[@]}

	folder=$(realpath "$1")
	mkdir "$under"
	mount --bind "$folder" "$under"
	mount -t tmpfs tmpfs "$folder"
	covered+=("$folder")
	ln -s "$under"/* "$folder/" 2>/dev/null || true # there may be none
	cp -P --remove-destination "$TMP/root$1"/* "$folder/"
}
at_end()
{
	local i

	for ((i = ${#covered[@]} - 1; i >= 0; i--)); do
		umount --lazy "${covered[i]}"
	done
}
cover "$prefix/sbin"
cover /sbin

# --- tools ---------------------------------------------------------------------------------------

show()
{
	findmnt -n -o "$1" --mountpoint "$MM" || true
}

# What is there after a mount, and that it goes.
expect_mounted() # SOURCE
{
	expect_equal "$1 fuse.mmfs" "$(show SOURCE,FSTYPE | tr -s ' ')" "the mount"
	expect_match "ID=\"UUID=$(number_uuid 1)\" DEVICE=\"${LOOP}00\"" "$(points)" "points"
	mmfs_pid=$(find_keeper "^/sbin/mount\..*db=$DB")
	expect_match '^[0-9]+$' "$mmfs_pid" "the daemon's process"
}

unmount()
{
	umount "$MM"
	await lib_is_ended "$mmfs_pid"
	mmfs_pid=
}

has_no_daemon()
{
	! pgrep -f "^/sbin/mount\..*db=$DB" >/dev/null
}

# One that could not begin has said so a moment before its processes are gone.
expect_nothing()
{
	expect_equal 0 "$(count_mounts)" "the number of mounts"
	await has_no_daemon
}

expect_status() # STATUS REGEX COMMAND…
{
	local expected=$1 pattern=$2 said code=0

	shift 2
	said=$(lib_try "$@" 2>&1 </dev/null) || code=$?
	expect_equal "$expected" "$code" "the status of $* ($said)"
	expect_match "$pattern" "$said" "what $* says"
	expect_nothing
}

# --- mount(8) ------------------------------------------------------------------------------------

expect_ok mount -t mmfs none "$MM" -o "$options,gid=disk,mode=0660"
expect_mounted none
expect_equal "disk 660" "$(stat -c '%G %a' "$CTL/create_point")" "create_point"
unmount
expect_ok mount -t fuse.mmfs mmfs "$MM" -o "$options,ro"
expect_mounted mmfs
expect_match "(^|,)ro(,|$)" "$(show OPTIONS)" "the options in mountinfo"
unmount
expect_ok mount -n -s -v -t mmfs anything "$MM" -o \
	"$options,rw,nofail,_netdev,noauto,user,x-systemd.automount,x-systemd.requires=a.service,X-mount.mkdir,unheard-of=1"
expect_mounted anything
unmount
# Its source is whatever it is: it is no option, and fails no start.
for source in 'x,ro' 'x,fsname=evil' 'a b,and=comma' 'back\slash\\,' 'ünï'; do
	expect_ok mount -t mmfs "$source" "$MM" -o "$options"
	expect_equal "$source" "$(awk -v at="$MM" '$5 == at { sub(/.* - [^ ]* /, ""); print $1 }' /proc/self/mountinfo |
		sed 's/\\040/ /g; s/\\134/\\/g')" "the source in mountinfo"
	expect_match "(^|,)rw(,|$)" "$(show OPTIONS)" "the options of a mount of $source"
	mmfs_pid=$(find_keeper "^/sbin/mount\..*db=$DB")
	unmount
done
for source in '' "$(printf 'long,%.0s' {1..2000})"; do
	expect_ok /sbin/mount.mmfs "$source" "$MM" -o "$options"
	expect_match "^(mmfs|long,)" "$(show SOURCE)" "the source in mountinfo"
	mmfs_pid=$(find_keeper "^/sbin/mount\..*db=$DB")
	unmount
done
expect_ok mount -t mmfs.more none "$MM" -o "$options"
expect_mounted none
unmount

# Nothing happens with -f but what needs no mount; without -s an option has to exist.
for type in mmfs fuse.mmfs; do
	expect_status 0 "" mount -f -t $type none "$MM" -o "$options"
	expect_status 1 "option unheard-of=1: there is no such option" \
		mount -t $type none "$MM" -o "$options,unheard-of=1"
	expect_status 1 "option mode=rwx: " mount -f -s -t $type none "$MM" -o "$options,mode=rwx"
	expect_status 32 "/proc/1/stat/db: Not a directory" \
		mount -t $type none "$MM" -o "$options,db=/proc/1/stat/db"
done

# --- fstab ---------------------------------------------------------------------------------------

write_fstab() # SOURCE TYPE OPTIONS
{
	echo "$1 $MM $2 $options,$3 0 0" >"$TMP/fstab"
}
for type in mmfs fuse.mmfs; do
	for source in none mmfs; do
		write_fstab $source $type \
			"defaults,nofail,_netdev,auto,exec,user,comment=a,helper=a,uhelper=b,x-systemd.device-timeout=5,x-gvfs-hide"
		expect_ok mount -T "$TMP/fstab" "$MM"
		expect_mounted $source
		# Who mounts all there is does not mount it again.
		expect_ok mount -a -T "$TMP/fstab"
		expect_equal 1 "$(count_mounts)" "the number of mounts"
		unmount
		expect_ok mount -a -T "$TMP/fstab"
		expect_mounted $source
		unmount
	done
	write_fstab mmfs $type noauto,unheard-of
	expect_ok mount -a -T "$TMP/fstab"
	expect_status 1 "there is no such option" mount -T "$TMP/fstab" "$MM"
done

# --- names of the tree as sources in fstab -------------------------------------------------------

as_nobody()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$TMP" "$@"
}
# Who is not root may mount what stands in the system's own file, and nothing else. By the folder and by
# the name; mount(8) looks the name up as that user.
expect_user_mounts() # DEVICE
{
	local word

	for word in "$TMP/photos" "$MM/DosDevices/photos"; do
		expect_ok as_nobody mount "$word"
		expect_equal "$1 rw,nosuid,nodev,noexec,relatime" \
			"$(findmnt -n -o SOURCE,OPTIONS "$TMP/photos" | xargs)" "the mount of $word"
		expect_ok as_nobody umount "$TMP/photos"
	done
}
make_image b 8M ext4 "$(number_uuid 2)"
attach b 01
settle_udevd
chmod 711 "$TMP"
mkdir "$TMP/photos"
echo "$MM/DosDevices/photos $TMP/photos ext4 noauto,user 0 0" >"$TMP/fstab"
mount --bind "$TMP/fstab" /etc/fstab
echo user_allow_other >"$TMP/fuse.conf"
mount --bind "$TMP/fuse.conf" /etc/fuse.conf

# The system's tree.
expect_ok mount -t mmfs none "$MM" -o "$options"
ln -s "UUID=$(number_uuid 2)" "$MM/DosDevices/photos"
mmfs_pid=$(find_keeper "db=$DB")
expect_user_mounts "${LOOP}01"
unmount

# A tree of that user's own: root has to be let in, as it is root that mounts in the end.
mkdir "$TMP/own"
chown 65534:65534 "$TMP/own" "$MM"
for word in "" ,allow_root; do
	expect_ok as_nobody "$MMFS" -o "db=$TMP/own/db,devices=$DEVICES$word" "$MM" </dev/null
	mmfs_pid=$(find_keeper "db=$TMP/own/db")
	as_nobody ln -s "UUID=$(number_uuid 2)" "$MM/DosDevices/photos"
	if [ -n "$word" ]; then
		expect_user_mounts "${LOOP}01"
	else
		! as_nobody mount "$TMP/photos" 2>/dev/null || fail "root looks into another user's tree"
	fi
	as_nobody fusermount3 -u "$MM"
	await lib_is_ended "$mmfs_pid"
	mmfs_pid=
	rm "$TMP/own/db"
done
umount /etc/fstab /etc/fuse.conf
chown 0:0 "$MM"
detach "${LOOP}01"
settle_udevd

# --- the arguments by themselves ----------------------------------------------------------------

for link in mount.mmfs mount.fuse.mmfs; do
	expect_status 0 "^usage: mount.mmfs " "/sbin/$link" -h
	expect_status 0 "^mmfs [0-9]" "/sbin/$link" -V
	expect_status 1 "usage: " "/sbin/$link"
	expect_status 1 "usage: " "/sbin/$link" none "$MM" more
	expect_status 1 "there is no option -d" "/sbin/$link" none "$MM" -d
	expect_status 1 "unheard-of" "/sbin/$link" none "$MM" -f -o unheard-of
	expect_status 0 "^$" "/sbin/$link" none "$MM" -o "$options,unheard-of" -fs
	expect_status 32 "/missing: No such file or directory" \
		"/sbin/$link" none "$MM" -o "$options" -N "$TMP/missing"
	expect_ok "/sbin/$link" none "$MM" -sfnv -o "$options"
	expect_nothing
	expect_ok "/sbin/$link" none "$MM" -nv -o "devices=$DEVICES" -o "db=$DB" -t fuse.mmfs
	expect_mounted none
	unmount
done

# Another mount namespace: the tree is there, and not here.
start_apart private
expect_ok mount -N "$apart" -t mmfs none "$MM" -o "$options"
expect_equal 0 "$(count_mounts)" "the number of mounts here"
expect_match "ID=\"UUID=$(number_uuid 1)\"" "$(nsenter --mount="/proc/$apart/ns/mnt" cat "$MM/points")" "points"
mmfs_pid=$(find_keeper "^/sbin/mount\..*db=$DB")
kill "$mmfs_pid"
await lib_is_ended "$mmfs_pid"

# What lies there in place of the program is not run when another one is to take over.
apart_do()
{
	nsenter --mount="/proc/$apart/ns/mnt" "$@"
}
has_taken_signal()
{
	[[ $(sed -n 's/^ShdPnd:\t//p' "/proc/$mmfs_pid/status") == 0000000000000000 ]]
}
has_one_child()
{
	[ "$(pgrep -c -P "$mmfs_pid")" = 1 ]
}
apart_do mount --bind "$(realpath /bin/true)" "$prefix/sbin/mmfs"
expect_ok mount -N "$apart" -t mmfs none "$MM" -o "$options"
mmfs_pid=$(find_keeper "^/sbin/mount\..*db=$DB")
server=$(apart_do cat "$MM/control/server_pid")
# When it takes the second, all is done for the first but what a process that it started still does.
for _ in 1 2; do
	kill -USR2 "$mmfs_pid"
	await has_taken_signal
done
await has_one_child
expect_equal "$server" "$(apart_do cat "$MM/control/server_pid")" "the server"
kill "$mmfs_pid"
await lib_is_ended "$mmfs_pid"
mmfs_pid=
kill "$apart"
