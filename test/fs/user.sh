#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mmfs of an ordinary user: it cannot read the devices, so udevd has to tell it what they hold; it
# mounts through fusermount3, and has its database at home.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

require fusermount3 setpriv pgrep
[ -u "$(command -v fusermount3)" ] || skip "fusermount3 is not setuid root"

before=() # a command that runs mmfs, as root
uid=65534 # nobody: fusermount3 wants a name
gid=65534
home=$TMP/home
entry= # what the partition is known by, if there is one
mkdir "$home"
cp "$MMFS" "$TMP/mmfs" # the user may not be able to get at where it was built
rmdir "$MM"
mkdir "$MM" "$TMP/state"
chown "$uid:$gid" "$home" "$MM" "$TMP/state"

become_user()
{
	exec "${before[@]}" setpriv --reuid="$uid" --regid="$gid" --clear-groups --inh-caps=-all \
		env HOME="$home" "$@"
}

as_user()
{
	(become_user "$@")
}

points()
{
	as_user cat "$MM/points"
}

request()
{
	as_user bash -c 'printf "%s\n" "$1" >"$2"' - "$2" "$CTL/$1"
}

settle()
{
	request settle 1
}

expect_user_complete()
{
	expect_equal "${entry:+ID=\"$entry\" DEVICE=\"${LOOP}04p1\"
}ID=\"UUID=$(number_uuid 1)\" DEVICE=\"${LOOP}00\"
ID=\"UUID=$(number_uuid 2)\" DEVICE=\"${LOOP}01\"" \
		"$(points | grep /Volumes/ | sed 's/^LINK="[^"]*" //' | sort)" "points"
}

# Reads, as the kernel remembers the size when the daemon has died.
is_user_there()
{
	as_user grep -qs . "$MM/points"
}

make_image a 16M ext4 "$(number_uuid 1)" label
make_image b 1M swap "$(number_uuid 2)"
make_image c 1M swap "$(number_uuid 3)"
make_image d 1M blank
attach a 00
attach b 01
attach d 03
# A partition without content: only its entry tells who it is.
if command -v sfdisk >/dev/null && command -v partx >/dev/null; then
	make_image gpt 8M blank
	sfdisk -q "$TMP/gpt" <<'END'
label: gpt
start=2048, size=4096, uuid=aaaaaaaa-0000-4000-8000-000000000001
END
	attach gpt 04
	partx -a "${LOOP}04" 2>/dev/null || partx -u "${LOOP}04"
	entry="PARTUUID=aaaaaaaa-0000-4000-8000-000000000001"
fi
# The kernel keeps partitions of a loop device that is detached.
at_end()
{
	[ -z "$entry" ] || partx -d "${LOOP}04" 2>/dev/null
}
settle_udevd
! as_user test -r "${LOOP}00" || fail "the user can read the devices"

# In the background, with the default database.
expect_ok as_user "$TMP/mmfs" -o "devices=$DEVICES" "$MM" </dev/null
mmfs_pid=$(find_keeper "^$TMP/mmfs ")
helper=$(prober_pid)
[ -s "$home/.local/state/mmfs/mounted-devices.db" ] || fail "there is no database at home"
expect_user_complete
expect_equal "$uid $gid 600" "$(as_user stat -c '%u %g %a' "$CTL/create_point")" "the owner of create_point"
expect_fail EACCES ls "$MM" # also to root: that is FUSE's rule
expect_equal fuse.mmfs "$(findmnt -n -o FSTYPE "$MM")" "the type in mountinfo"

# Operations.
request create_point "X: ${LOOP}00"
expect_equal "${LOOP}00" "$(as_user readlink "$MM/DosDevices/X:")" "a link"
as_user ln -s "UUID=$(number_uuid 2)" "$MM/DosDevices/swap"
as_user mv "$MM/DosDevices/swap" "$MM/DosDevices/moved"
expect_equal "${LOOP}01" "$(as_user readlink "$MM/DosDevices/moved")" "a link"
as_user rm "$MM/DosDevices/moved"
expect_match '"uid":65534' "$(as_user tail -n 1 "$MM/history")" "history"

# Why the rest is none: it cannot be read, or is empty.
expect_match "DEVICE=\"${LOOP}03\" REASON=" "$(as_user cat "$CTL/unprocessed")" "unprocessed"

# Events arrive.
attach c 02
settle
expect_match "ID=\"UUID=$(number_uuid 3)\" DEVICE=\"${LOOP}02\"" "$(points)" "points"
losetup -d "${LOOP}02"
is_without_b()
{
	! points | grep -q "$(number_uuid 2)"
}
is_without_c()
{
	! points | grep -q "$(number_uuid 3)"
}
await is_without_c
settle
expect_user_complete

# That udevd finds nothing on a disk any more counts as well: one that was wiped leaves its names to
# a copy of what it was.
cp "$TMP/b" "$TMP/copy"
as_user ln -s "${LOOP}01" "$MM/DosDevices/moves"
wipefs -qa "${LOOP}01"
settle_udevd
settle
expect_equal "" "$(points | grep -F "DEVICE=\"${LOOP}01\"" || true)" "points of a disk that was wiped"
expect_match "DEVICE=\"${LOOP}01\" REASON=\"no content\" KIND=\"blank\"" "$(as_user cat "$CTL/unprocessed")" "what a disk that was wiped is"
attach copy 02
settle
expect_equal "${LOOP}02" "$(as_user readlink "$MM/DosDevices/moves")" "a name of the copy"
as_user rm "$MM/DosDevices/moves"
losetup -d "${LOOP}02"
await is_without_b
dd if="$TMP/copy" of="${LOOP}01" bs=1M conv=notrunc,fsync status=none
settle_udevd
settle
expect_user_complete

# It ends, and nothing is left.
as_user fusermount3 -u "$MM"
await lib_is_ended "$mmfs_pid"
await lib_is_ended "$helper"
expect_equal 0 "$(count_mounts)" "the number of mounts"
mmfs_pid=

# $XDG_STATE_HOME; in the foreground; ended by SIGTERM.
become_user XDG_STATE_HOME="$TMP/state" "$TMP/mmfs" -f -o "devices=$DEVICES" "$MM" </dev/null >>"$LOG" 2>&1 &
mmfs_pid=$!
await is_user_there
[ -s "$TMP/state/mmfs/mounted-devices.db" ] || fail "XDG_STATE_HOME is not used"
expect_equal "600 700" "$(stat -c %a "$TMP/state/mmfs/mounted-devices.db" "$TMP/state/mmfs" | xargs)" "modes"
expect_user_complete
kill -TERM "$mmfs_pid"
await_end "$mmfs_pid"
expect_equal 0 "$status" "the status after SIGTERM"
mmfs_pid=
expect_equal 0 "$(count_mounts)" "the number of mounts"

# Over a mount whose daemon died; the names are there again.
for _ in 1 2; do
	become_user "$TMP/mmfs" -f -o "devices=$DEVICES" "$MM" </dev/null >>"$LOG" 2>&1 &
	mmfs_pid=$!
	await is_user_there
	expect_equal 1 "$(count_mounts)" "the number of mounts"
	expect_user_complete
	expect_match 'LINK="/DosDevices/X:"' "$(points)" "points"
	kill_mmfs keep
done
umount -l "$MM"

# It says in one line what it may not do, and what to do.
expect_user_refusal() # PATTERN ARG…
{
	local errors code=0

	errors=$(as_user "$TMP/mmfs" "${@:2}" 2>&1 </dev/null) || code=$?
	expect_equal 1 "$code" "the status of mmfs ${*:2}"
	expect_match "^mmfs: $1" "$errors" "what mmfs ${*:2} says"
	expect_equal 1 "$(wc -l <<<"$errors")" "the number of lines it says ($errors)"
	expect_equal 0 "$(count_mounts)" "the number of mounts"
}

# A database that it must not read, and one that it must not make.
install -m 600 "$home/.local/state/mmfs/mounted-devices.db" "$TMP/root.db"
sum=$(sha256sum "$TMP/root.db")
for file in "$TMP/root.db" "$TMP/not-writable/db"; do
	expect_user_refusal "cannot open database $file: Permission denied .run mmfs as root, or name another" \
		-o "db=$file,devices=$DEVICES" "$MM"
done
expect_equal "$sum" "$(sha256sum "$TMP/root.db")" "the database of root"

# Mounting where it may not.
mkdir "$TMP/of-root"
expect_user_refusal "cannot mount on $TMP/of-root: fusermount3: .* no write access .*.give it a folder of your own" \
	-o "devices=$DEVICES" "$TMP/of-root"

# With something else in place of what mounting takes.
replace() # FILE BY
{
	before=(unshare --mount --propagation private /bin/sh -c "mount --bind '$2' '$1' && exec \"\$@\"" -)
}
fusermount=$(realpath "$(command -v fusermount3)")
replace "$fusermount" /dev/null
expect_user_refusal "cannot mount on $MM: .*fusermount3.* .install the package fuse3" -o "devices=$DEVICES" "$MM"
install -m 755 "$fusermount" "$TMP/fusermount3"
replace "$fusermount" "$TMP/fusermount3"
expect_user_refusal "cannot mount on $MM: .*Operation not permitted .only root can, or fusermount3 if it is setuid" \
	-o "devices=$DEVICES" "$MM"
replace /etc/fuse.conf /dev/null
expect_user_refusal "cannot mount on $MM: .*allow_other.* if 'user_allow_other' is set in /etc/fuse.conf" \
	-o "allow_other,devices=$DEVICES" "$MM"
mknod -m 600 "$TMP/fuse" c 10 229
replace /dev/fuse "$TMP/fuse"
expect_user_refusal "cannot mount on $MM: cannot open /dev/fuse: Permission denied .its mode should be 0666" \
	-o "devices=$DEVICES" "$MM"

# A user who has no name.
before=()
uid=1234
install -d -o $uid "$TMP/nameless" "$TMP/nameless/mnt"
expect_user_refusal "cannot mount on $TMP/nameless/mnt: .*username .the user needs a line in /etc/passwd" \
	-o "db=$TMP/nameless/db,devices=$DEVICES" "$TMP/nameless/mnt"
