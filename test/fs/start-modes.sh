#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every way to start and to end: options, mount(8) and fstab, background, readiness, refusals.

# With mounts of its own: mount(8) finds helpers in the system's folders and nowhere else.
[ -n "${ALONE-}" ] || ALONE=1 exec unshare -m --propagation private /bin/bash "$0" "$@"

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

make_image a 1M swap "$(number_uuid 1)"
make_image b 1M swap "$(number_uuid 2)"
attach a 00
settle_udevd
options=db=$DB,devices=$DEVICES

# --- tools -----------------------------------------------------------------------------------------

# Daemon and helper of the mount in the background; nothing else is there.
adopt()
{
	expect_equal 1 "$(count_mounts)" "the number of mounts"
	mmfs_pid=$(find_daemons | while read -r pid; do
		[ "$(cat "/proc/$pid/comm")" != mmfs ] || echo "$pid"
	done)
	expect_match '^[0-9]+$' "$mmfs_pid" "the daemon's process"
	helper=$(pgrep -P "$mmfs_pid")
}

expect_complete()
{
	expect_match "ID=\"UUID=$(number_uuid 1)\" DEVICE=\"${LOOP}00\"" "$(points)" "points"
}

expect_gone()
{
	await lib_is_ended "$mmfs_pid"
	await lib_is_ended "$helper"
	await no_daemons
	expect_equal 0 "$(count_mounts)" "the number of mounts"
	mmfs_pid=
}

# Runs mmfs, which must refuse with that status and say one line (or the usage, with 2).
expect_refusal()
{
	local expected=$1 pattern=$2 errors code=0

	shift 2
	errors=$(lib_try timeout 30 "$MMFS" "$@" 2>&1 >/dev/null </dev/null) || code=$?
	expect_equal "$expected" "$code" "the status of mmfs $* ($errors)"
	expect_match "$pattern" "$errors" "what mmfs $* says"
	expect_equal 1 "$(wc -l <<<"$errors")" "the number of lines that mmfs $* says ($errors)"
	expect_equal 0 "$(count_mounts)" "the number of mounts"
	await no_daemons
}

run_background()
{
	(run_mmfs "$@" </dev/null)
}

start_foreground()
{
	run_mmfs "$@" </dev/null >>"$LOG" 2>&1 &
	mmfs_pid=$!
	await_mount
	helper=$(pgrep -P "$mmfs_pid")
	expect_complete
}

# --- the command line ------------------------------------------------------------------------------

for option in -h --help; do
	output=$("$MMFS" $option)
	expect_match "usage: mmfs \[options\] \[SOURCE\] MOUNTPOINT" "$output" "mmfs $option"
done
for option in -V --version; do
	output=$("$MMFS" $option)
	expect_match "mmfs [0-9]" "$output" "mmfs $option"
done
for words in "" "--nonsense $MM" "-x" "a b $MM" "-o"; do
	code=0
	# shellcheck disable=SC2086
	output=$("$MMFS" $words 2>&1 >/dev/null </dev/null) || code=$?
	expect_equal 2 "$code" "the status of mmfs $words"
	[ -n "$output" ] || fail "mmfs $words says nothing"
done
for option in nonsense nonsense=1 monitor=never cache=perhaps mode=rwx mode=1777 db= \
	id= id=uuid:nonsense uid=nobody-there gid=nobody-there uid=-1 gid=-1 uid=4294967295 \
	gid=4294967296 "uid= 5" monitor_buffer=-1 monitor_buffer=x; do
	expect_refusal 2 "${option%%=*}" -o "$options,$option" "$MM"
done

# --- refusals --------------------------------------------------------------------------------------

expect_refusal 1 "$TMP/missing: No such file or directory" -o "$options" "$TMP/missing"
expect_refusal 1 "$TMP/a: Not a directory" -o "$options" "$TMP/a"
expect_refusal 1 "$TMP/missing: No such file or directory" -f -o "$options" "$TMP/missing"

show_broken()
{
	(cd "$TMP" && find . -path ./mnt -prune -o -type f -name 'db*' -exec sha256sum {} + -o -printf '%p %y\n' | sort)
}

refuse_database()
{
	local before

	before=$(show_broken)
	expect_refusal 1 "$1" -o "db=$TMP/broken/db,devices=$DEVICES" "$MM"
	expect_equal "$before" "$(show_broken)" "the refused database ($1)"
}

start_mmfs
request create_point "X: ${LOOP}00"
stop_mmfs
mkdir "$TMP/broken"
head -c 100000 /dev/urandom >"$TMP/broken/db"
refuse_database "$TMP/broken/db"
cp "$DB" "$TMP/broken/db"
printf '\0\0\0\143' | dd of="$TMP/broken/db" bs=1 seek=60 conv=notrunc status=none # user_version 99
refuse_database "version 99"
cp "$DB" "$TMP/broken/db"
truncate -s 5000 "$TMP/broken/db"
refuse_database "$TMP/broken/db"
cp "$DB" "$TMP/broken/db"
head -c 4096 /dev/urandom | dd of="$TMP/broken/db" bs=4096 seek=1 conv=notrunc status=none
refuse_database "$TMP/broken/db"
: >"$TMP/broken/db"
refuse_database "$TMP/broken/db"
rm "$TMP/broken/db"
mkdir "$TMP/broken/db"
refuse_database "$TMP/broken/db"
rmdir "$TMP/broken/db"
ln -s /dev/null "$TMP/broken/db"
refuse_database "$TMP/broken/db"

# Folders above a new one are made.
start_foreground -f -o "db=$TMP/new/folders/db,devices=$DEVICES" "$MM"
[ -s "$TMP/new/folders/db" ] || fail "there is no new database"
expect_equal "600 700" "$(stat -c %a "$TMP/new/folders/db" "$TMP/new/folders" | xargs)" "its modes"
stop_mmfs

# --- how it runs -------------------------------------------------------------------------------------

for mode in -f -d; do
	start_foreground $mode -o "$options" "$MM"
	expect_equal "$DB" "$(readlink /proc/$mmfs_pid/fd/* | grep -x "$DB" | sed -n 1p)" "its database"

	# A second one on the same database is refused and does not disturb.
	mkdir -p "$TMP/second"
	code=0
	output=$("$MMFS" -o "$options" "$TMP/second" 2>&1 </dev/null) || code=$?
	expect_equal 1 "$code" "the status of a second daemon"
	expect_match "$DB.*$mmfs_pid" "$output" "what a second daemon says"
	expect_equal 1 "$(wc -l <<<"$output")" "the number of lines it says"
	expect_complete
	stop_mmfs
	await lib_is_ended "$helper"
done
expect_match "opcode: LOOKUP" "$(grep -am1 "opcode: LOOKUP" "$LOG")" "the log of mmfs -d"

# In the background: the command returns when the tree is complete, and holds nothing of the caller's.
expect_ok run_background -o "$options" "$MM"
adopt
expect_complete
expect_equal / "$(readlink "/proc/$mmfs_pid/cwd")" "its working directory"
expect_equal "/dev/null /dev/null /dev/null" "$(readlink "/proc/$mmfs_pid/fd/"{0,1,2} | xargs)" "its stdio"
expect_equal "$mmfs_pid" "$(ps -o sid= -p "$mmfs_pid" | tr -d ' ')" "its session"
expect_equal fuse.mmfs "$(findmnt -n -o FSTYPE "$MM")" "the type in mountinfo"
expect_equal mmfs "$(findmnt -n -o SOURCE "$MM")" "the source in mountinfo"
for option in nosuid nodev noexec; do
	expect_match "(^|,)$option(,|$)" "$(findmnt -n -o OPTIONS "$MM")" "the options in mountinfo"
done
umount "$MM"
expect_gone

# What is accepted for the mount leads to a tree that can be read.
for option in noatime nodiratime sync dirsync auto_unmount max_read=4096 max_read=0; do
	start_foreground -f -o "$options,$option" "$MM"
	stop_mmfs
done

# A relative mount point and database.
mkdir "$TMP/relative"
expect_ok bash -c 'cd "$TMP/relative" && exec "$MMFS" -o "db=names.db,devices=$DEVICES" ../mnt'
adopt
[ -s "$TMP/relative/names.db" ] || fail "there is no database in the folder it was started in"
umount "$MM"
expect_gone

# SOURCE is ignored, but shown.
expect_ok run_background -o "$options" anything "$MM"
adopt
expect_equal anything "$(findmnt -n -o SOURCE "$MM")" "the source in mountinfo"
umount "$MM"
expect_gone

# Ways to end it.
for way in "umount $MM" "fusermount3 -u $MM" "kill -TERM" "kill -INT"; do
	start_foreground -f -o "$options" "$MM"
	case $way in
	kill*) $way "$mmfs_pid" ;;
	*) $way ;;
	esac
	pid=$mmfs_pid
	await_end "$pid"
	expect_equal 0 "$status" "the status after $way"
	expect_gone

	expect_ok run_background -o "$options" "$MM"
	adopt
	case $way in
	kill*) $way "$mmfs_pid" ;;
	*) $way ;;
	esac
	expect_gone
done

# With files open it ends by SIGTERM all the same, and lets go of who reads.
start_foreground -f -o "$options" "$MM"
exec {held}<"$MM/points"
kill -TERM "$mmfs_pid"
pid=$mmfs_pid
await_end "$pid"
expect_equal 0 "$status" "the status after SIGTERM with an open file"
exec {held}<&-
expect_gone

# A lazy umount is one: who has a file open is let go of.
start_foreground -f -o "$options" "$MM"
exec {held}<>"$CTL/query_points"
umount -l "$MM"
pid=$mmfs_pid
await_end "$pid"
expect_equal 0 "$status" "the status after umount -l"
! { echo "device=${LOOP}00" >&"$held"; } 2>/dev/null || fail "an open file works without a daemon"
exec {held}>&-
expect_gone

# SIGHUP: looks at all devices again, and ends nothing.
start_foreground -f -o "$options" "$MM"
probes=$(metric mmfs_events_total)
: >"$LOG"
kill -HUP "$mmfs_pid"
await grep -q "looking at all devices again" "$LOG"
settle
expect_complete
: "$probes"
stop_mmfs

# --- readiness ---------------------------------------------------------------------------------------

for socket in "$TMP/notify" "@mmfs-test-$$"; do
	: >"$TMP/messages"
	"$helpers/await-ready" "$socket" 20 "$MMFS" -f -o "$options" "$MM" </dev/null >"$TMP/messages" 2>>"$LOG" &
	waiter=$!
	await grep -qx READY=1 "$TMP/messages"
	mmfs_pid=$(sed -n 's/^pid //p' "$TMP/messages")
	helper=$(pgrep -P "$mmfs_pid")
	expect_complete # at once
	kill -TERM "$mmfs_pid"
	code=0
	wait "$waiter" || code=$?
	expect_equal 0 "$code" "the status of the service"
	expect_equal "pid $mmfs_pid READY=1 STOPPING=1" "$(xargs <"$TMP/messages")" "its messages"
	expect_gone
done

# --- mount(8) and fstab ------------------------------------------------------------------------------

if command -v mount.fuse3 >/dev/null || [ -x /sbin/mount.fuse3 ]; then
	mount -t tmpfs tmpfs /usr/local/sbin
	ln -s "$MMFS" /usr/local/sbin/mmfs
	expect_ok mount -t fuse.mmfs mmfs "$MM" -o "$options,gid=disk"
	adopt
	expect_complete
	expect_equal "root disk" "$(stat -c '%U %G' "$CTL/create_point")" "the owner of create_point"
	umount "$MM"
	expect_gone

	# By fstab, with what is found there.
	echo "mmfs $MM fuse.mmfs $options,defaults,nofail,_netdev,x-systemd.automount,x-gvfs-hide,user,noauto,exec,comment=hello 0 0" \
		>"$TMP/fstab"
	expect_ok mount -T "$TMP/fstab" "$MM"
	adopt
	expect_complete
	umount "$MM"
	expect_gone
	LIBMOUNT_FSTAB=$TMP/fstab expect_ok mount "$MM"
	adopt
	umount "$MM"
	expect_gone
	echo "anything $MM fuse.mmfs $options,ro 0 0" >"$TMP/fstab"
	expect_ok mount -T "$TMP/fstab" "$MM"
	adopt
	expect_match "(^|,)ro(,|$)" "$(findmnt -n -o OPTIONS "$MM")" "the options in mountinfo"
	umount "$MM"
	expect_gone

	# What is refused, is refused here, too.
	echo "mmfs $MM fuse.mmfs $options,nonsense 0 0" >"$TMP/fstab"
	expect_fail - mount -T "$TMP/fstab" "$MM"
	await no_daemons
	expect_equal 0 "$(count_mounts)" "the number of mounts"
else
	skip "the rest needs mount.fuse3"
fi
