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
	helper=$(prober_pid)
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

# Runs mmfs, by way of the command in `as`, which must refuse with that status and say one line.
as=()
expect_refusal()
{
	local expected=$1 pattern=$2 errors code=0

	shift 2
	errors=$(lib_try timeout 30 "${as[@]}" "$MMFS" "$@" 2>&1 >/dev/null </dev/null) || code=$?
	expect_equal "$expected" "$code" "the status of mmfs $* ($errors)"
	expect_match "^mmfs: $pattern" "$errors" "what mmfs $* says"
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
	helper=$(prober_pid)
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
for option in --help --version --operations; do
	expect_fail ENOSPC sh -c "'$MMFS' $option >/dev/full"
done
if [ -x "${MMFS%/*}/mmfs-cluster" ]; then
	expect_fail ENOSPC sh -c "'${MMFS%/*}/mmfs-cluster' --help >/dev/full"
	printf '# where\nhost=h1\nnonsense=1\n' >"$TMP/settings"
	expect_equal "mmfs-cluster: $TMP/settings:3: nonsense: there is no such setting (try mmfs-cluster --help)" \
		"$(lib_try "${MMFS%/*}/mmfs-cluster" --config="$TMP/settings" a 2>&1)" "what mmfs-cluster says of its file"
	expect_match "^mmfs-cluster: $TMP: Is a directory" "$(lib_try "${MMFS%/*}/mmfs-cluster" --config="$TMP" a 2>&1)"
fi
expect_refusal 2 "usage: mmfs \[options\] \[SOURCE\] MOUNTPOINT .mmfs --help"
expect_refusal 2 "usage: " a b "$MM"
expect_refusal 2 "there is no option --nonsense .mmfs --help" --nonsense "$MM"
expect_refusal 2 "there is no option --help=yes, or it takes no value" --help=yes
expect_refusal 2 "there is no option -x " -fx "$MM"
expect_refusal 2 "the option -o needs a value" -o
expect_refusal 2 "cannot mount on '': give it an empty folder" -o "$options" ""
while IFS='|' read -r option why; do
	expect_refusal 2 "cannot use the option $option: $why" -o "$options,$option" "$MM"
done <<-END
	nonsense|there is no such option .mmfs --help lists them
	nonsense=1|there is no such option
	db|it needs a value
	auto_dl=1|it takes no value
	allow_other=1|it takes no value
	context|it needs a value
	id=uuid:nonsense|the words are uuid, partuuid,
	id=uuid:uuid|an identity is named twice
	monitor=never|it is udev, kernel or auto
	monitor_buffer=-1|it is a number up to 1073741824
	monitor_buffer=x|it is a number up to 1073741824
	max_read=x|it is a number up to 4294967295
	mode=rwx|it is an octal number up to 0777, such as 0660
	mode=1777|it is an octal number up to 0777
	cache=perhaps|it is on or off
	suggest=perhaps|it is label or off
	cluster=a/b|it is up to 64 letters and digits, dots, _ and -
	cluster=.a|it is up to 64 letters and digits, dots, _ and -
	follow=perhaps|it is on, off or partuuid
	replicate=perhaps|it is fixed, off or all
	automount=perhaps|it is registered or off
	uid=nobody-there|there is no such user .a name, or a number
	uid=-1|there is no such user
	uid= 5|there is no such user
	uid=4294967295|there is no such user
	gid=nobody-there|there is no such group .a name, or a number
	gid=-1|there is no such group
	gid=4294967296|there is no such group
END
for option in db id; do
	expect_refusal 2 "cannot use the option $option: it needs a value" -o "$options,$option=" "$MM"
done

# --- where it cannot mount -------------------------------------------------------------------------

cannot="cannot mount on $TMP/place"
refuse_place() # REASON
{
	expect_refusal 1 "$cannot: $1" -o "$options" "$TMP/place"
	[ ! -e "$DB" ] || fail "a refusal has made a database"
}

refuse_place "there is no such folder .mkdir -p $TMP/place"
expect_refusal 1 "$cannot: there is no such folder" -f -o "$options" "$TMP/place"
echo precious >"$TMP/place"
refuse_place "it is not a folder .give it an empty folder"
expect_refusal 1 "$cannot/below: Not a directory .give it an empty folder" -o "$options" "$TMP/place/below"
rm "$TMP/place"
mkdir "$TMP/place" "$TMP/elsewhere"
mount -t tmpfs thing "$TMP/place"
refuse_place "thing .tmpfs. is mounted there already .umount $TMP/place, or"
umount "$TMP/place"
touch "$TMP/elsewhere/file"
mount --bind "$TMP/elsewhere" "$TMP/place"
refuse_place "the folder is not empty"
umount "$TMP/place"
touch "$TMP/place/file"
refuse_place "the folder is not empty .empty it, or .* -o nonempty"
rm "$TMP/elsewhere/file"

# A process that may not mount, even though it is root's.
as=(setpriv "--bounding-set=-sys_admin" "--inh-caps=-all")
expect_refusal 1 "cannot mount on $MM: .* .it takes CAP_SYS_ADMIN: a container needs --cap-add" -o "$options" "$MM"
as=()
expect_refusal 1 "cannot mount on $MM: .*Invalid argument .are the mount options right" \
	-o "$options,context=nonsense" "$MM"
rm "$DB"

# Without a usable /dev/fuse. A device cannot be hidden but with the rest of its folder.
mkdir "$TMP/dev"
mount -t tmpfs tmpfs "$TMP/dev"
cp -a /dev/null /dev/zero /dev/urandom "$TMP/dev"
as=(unshare --mount --propagation private /bin/sh -c 'mount --bind "$TMP/dev" /dev && exec "$@"' -)
nothing="cannot mount on $MM: there is no device /dev/fuse .modprobe fuse; a container needs --device /dev/fuse"
expect_refusal 1 "$nothing" -o "$options" "$MM"
touch "$TMP/dev/fuse"
expect_refusal 1 "$nothing" -o "$options" "$MM"
rm "$TMP/dev/fuse"
mknod "$TMP/dev/fuse" c 10 250 # nobody's number
expect_refusal 1 "$nothing" -o "$options" "$MM"
as=()
umount "$TMP/dev"

# --- databases that it cannot use --------------------------------------------------------------------

show_broken()
{
	(cd "$TMP" && find . -path ./mnt -prune -o -type f -name 'db*' -exec sha256sum {} + -o -printf '%p %y\n' | sort)
}

refuse_database()
{
	local before

	before=$(show_broken)
	expect_refusal 1 "cannot open database $TMP/broken/db: $1" -o "db=$TMP/broken/db,devices=$DEVICES" "$MM"
	expect_equal "$before" "$(show_broken)" "the refused database ($1)"
}

start_mmfs
request create_point "X: ${LOOP}00"
stop_mmfs
mkdir "$TMP/broken"
damaged="it is damaged: .* .put a copy in its place, or move it away to start without names"
away="move it away, or name another database with -o db=PATH"
head -c 100000 /dev/urandom >"$TMP/broken/db"
refuse_database "it is not a database of mmfs .$away"
cp "$DB" "$TMP/broken/db"
printf '\0\0\0\143' | dd of="$TMP/broken/db" bs=1 seek=60 conv=notrunc status=none # user_version 99
refuse_database "it is of version 99, and this mmfs knows up to [0-9]+: a newer one is needed .$away"
cp "$DB" "$TMP/broken/db"
truncate -s 5000 "$TMP/broken/db"
refuse_database "$damaged"
cp "$DB" "$TMP/broken/db"
head -c 4096 /dev/urandom | dd of="$TMP/broken/db" bs=4096 seek=1 conv=notrunc status=none
refuse_database "$damaged"
: >"$TMP/broken/db"
refuse_database "it is damaged: it is empty .put a copy"
rm "$TMP/broken/db"
: >"$TMP/broken/db-wal"
refuse_database "it is gone, but $TMP/broken/db-wal is there .to start anew, remove that"
rm "$TMP/broken/db-wal"
mkdir "$TMP/broken/db"
refuse_database "Is a directory .it has to be a file"
rmdir "$TMP/broken/db"
ln -s /dev/null "$TMP/broken/db"
refuse_database "it is not a regular file .$away"
rm "$TMP/broken/db"
touch "$TMP/broken/db"
expect_refusal 1 "cannot open database $TMP/broken/db/new: Not a directory .it has to be a file, and what" \
	-o "db=$TMP/broken/db/new,devices=$DEVICES" "$MM"
rm "$TMP/broken/db"
mount -t tmpfs -o size=16k tmpfs "$TMP/broken"
refuse_database "No space left on device .make room there, or name another database with -o db=PATH"
mount -o remount,ro "$TMP/broken"
refuse_database "Read-only file system .mount that filesystem writable, or name another database"
mount -o remount,rw,size=16m "$TMP/broken"
cp "$DB" "$TMP/broken/db"
mount -o remount,ro "$TMP/broken"
refuse_database "Read-only file system .mount"
umount "$TMP/broken"

# Folders above a new one are made.
start_foreground -f -o "db=$TMP/new/folders/db,devices=$DEVICES" "$MM"
[ -s "$TMP/new/folders/db" ] || fail "there is no new database"
expect_equal "600 700" "$(stat -c %a "$TMP/new/folders/db" "$TMP/new/folders" | xargs)" "its modes"
stop_mmfs

# --- how it runs -------------------------------------------------------------------------------------

refuse_beside() # PATTERN ARG…
{
	local errors code=0

	errors=$("$MMFS" "${@:2}" 2>&1 </dev/null) || code=$?
	expect_equal 1 "$code" "the status of a second daemon"
	expect_match "^mmfs: $1" "$errors" "what a second daemon says"
	expect_equal 1 "$(wc -l <<<"$errors")" "the number of lines it says"
	expect_equal 1 "$(count_mounts)" "the number of mounts"
}

for mode in -f -d; do
	start_foreground $mode -o "$options" "$MM"
	expect_equal "$DB" "$(readlink "/proc/$(server_pid)/fd/"* | grep -x "$DB" | sed -n 1p)" "its database"

	# A second one on the same database is refused and does not disturb.
	mkdir -p "$TMP/second"
	refuse_beside "cannot open database $DB: it is in use by process $(server_pid) .end that, or name another" \
		-o "$options" "$TMP/second"
	# Nor is one on its mount point.
	refuse_beside "cannot mount on $MM: mmfs is mounted there already .to start it anew: umount $MM" \
		-o "db=$TMP/other.db,devices=$DEVICES,nonempty" "$MM"
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
for pid in "$mmfs_pid" "$(server_pid)"; do
	expect_equal "/dev/null /dev/null /dev/null" "$(readlink "/proc/$pid/fd/"{0,1,2} | xargs)" "its stdio"
done
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

# Over the mount of a daemon that died, which is taken away.
start_foreground -f -o "$options" "$MM"
kill_mmfs keep
expect_fail ENOTCONN ls "$MM"
code=0
errors=$(run_background -o "$options" "$MM" 2>&1) || code=$?
expect_equal "0 mmfs: $MM is the mount of a daemon that died: detaching it" "$code $errors" "what a start over it says"
adopt
expect_complete
umount "$MM"
expect_gone

# By a path that ends in the mounted folder: to look there would be to wait for ourselves.
in_folder()
{
	(cd "$MM" && exec timeout 30 "$MMFS" -o "$options" . </dev/null)
}

expect_ok in_folder
adopt
expect_complete
bdi=/sys/class/bdi/$(mountpoint -d "$MM")
expect_equal 1024 "$(cat "$bdi/read_ahead_kb")" "how much is read ahead"
umount "$MM"
expect_gone

# Over what is in a folder, if that is wished; on a folder that another was bound to, as containers have it.
MM=$TMP/place
start_foreground -f -o "$options,nonempty" "$MM"
stop_mmfs
[ -e "$TMP/place/file" ] || fail "what was hidden is gone"
mount --bind "$TMP/elsewhere" "$TMP/place"
run_mmfs -f -o "$options" "$MM" </dev/null >>"$LOG" 2>&1 &
mmfs_pid=$!
await test -s "$MM/points"
expect_complete
stop_mmfs
umount "$TMP/place"
MM=$TMP/mnt

# A relative mount point and database.
mkdir "$TMP/relative"
expect_ok bash -c 'cd "$TMP/relative" && exec "$MMFS" -o "db=names.db,devices=$DEVICES" ../mnt'
adopt
[ -s "$TMP/relative/names.db" ] || fail "there is no database in the folder it was started in"
umount "$MM"
expect_gone

# Whoever starts it may have closed what others write to.
start_closed()
{
	case $1 in
	all) (run_mmfs -o "$options" "$MM" <&- >&- 2>&-) ;;
	input) (run_mmfs -o "$options" "$MM" <&- >&-) ;;
	output) (run_mmfs -o "$options" "$MM" </dev/null >&- 2>&-) ;;
	esac
}

for which in all input output; do
	expect_ok start_closed $which
	adopt
	expect_match '^[0-9]+$' "$helper" "the helper's process"
	for pid in "$mmfs_pid" "$(server_pid)"; do
		expect_equal "/dev/null /dev/null /dev/null" "$(readlink "/proc/$pid/fd/"{0,1,2} | xargs)" "its stdio"
	done
	settle
	expect_complete
	umount "$MM"
	expect_gone
done

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
	await grep -q ^MAINPID= "$TMP/messages"
	mmfs_pid=$(sed -n 's/^pid //p' "$TMP/messages")
	helper=$(prober_pid)
	expect_complete # at once
	kill -TERM "$mmfs_pid"
	code=0
	wait "$waiter" || code=$?
	expect_equal 0 "$code" "the status of the service"
	expect_equal "pid $mmfs_pid READY=1 MAINPID=$mmfs_pid STOPPING=1" "$(xargs <"$TMP/messages")" "its messages"
	expect_gone
done

# A watchdog is that of whom it was set up for, and not of all whom that starts.
for owner in '$PPID' '$$'; do
	: >"$TMP/messages"
	rm -f "$TMP/notify"
	WATCHDOG_USEC=60000000 "$helpers/await-ready" "$TMP/notify" 20 bash -c \
		"WATCHDOG_PID=$owner exec \"\$0\" \"\$@\"" "$MMFS" -f -o "$options" "$MM" </dev/null >"$TMP/messages" 2>>"$LOG" &
	waiter=$!
	await grep -q ^MAINPID= "$TMP/messages"
	mmfs_pid=$(sed -n 's/^pid //p' "$TMP/messages")
	helper=$(prober_pid)
	kill -TERM "$mmfs_pid"
	wait "$waiter" || fail "the service has failed"
	expect_equal "$([ "$owner" = '$$' ] && echo 1 || echo 0)" "$(grep -cx WATCHDOG=1 "$TMP/messages" || true)" \
		"the signs of life for a watchdog of $owner"
	expect_gone
done

# systemd's watchdog is fed as long as the main loop turns, and no longer.
: >"$TMP/messages"
WATCHDOG_USEC=300000 "$helpers/await-ready" "$TMP/watchdog" 20 "$MMFS" -f -o "$options" "$MM" </dev/null \
	>"$TMP/messages" 2>>"$LOG" &
waiter=$!
has_fed()
{
	[ "$(grep -cx WATCHDOG=1 "$TMP/messages")" -ge "$1" ]
}
await has_fed 3
mmfs_pid=$(sed -n 's/^pid //p' "$TMP/messages")
helper=$(prober_pid)
kill -TERM "$mmfs_pid"
code=0
wait "$waiter" || code=$?
expect_equal 0 "$code" "the status of the service with a watchdog"
expect_gone

# --- what was there before ---------------------------------------------------------------------------

# What the caller has open is not held by a daemon in the background.
exec {held}>"$TMP/lock"
flock "$held"
run_mmfs -o "$options" "$MM" </dev/null 2>>"$LOG" &
wait $!
exec {held}>&-
flock -n "$TMP/lock" true || fail "the daemon holds what its caller had open"
adopt
umount "$MM"
expect_gone

# Lines are the journal's where stderr is, and nowhere else.
for stream in 1:2 "$(stat -c %d:%i "$LOG")"; do
	: >"$LOG"
	JOURNAL_STREAM=$stream run_mmfs -f -o "db=$TMP" "$MM" </dev/null 2>>"$LOG" &
	! wait $! || fail "a folder is a database"
	expect_match "$([ "$stream" = 1:2 ] && echo '^mmfs: ' || echo '^<3>')" "$(cat "$LOG")" "a line for $stream"
done

# A database that another user can write to is not believed; who may read it does not matter.
chown 65534 "$DB"
expect_refusal 1 "cannot open database $DB: others can write to it .chmod go-w it, and chown it" -f -o "$options" "$MM"
chown 0 "$DB"
chmod 0602 "$DB"
expect_refusal 1 "cannot open database $DB: others can write to it " -f -o "$options" "$MM"
chmod 0644 "$DB"
start_foreground -f -o "$options" "$MM"
stop_mmfs

# A dead mount of somebody else's is not ours to take away.
truncate -s 4K "$TMP/page"
"$helpers/stall-image" "$TMP/page" -f "$MM" </dev/null >/dev/null 2>&1 &
other=$!
await test -f "$MM/image"
kill -KILL "$other"
await_end "$other"
code=0
errors=$( (run_mmfs -f -o "$options" "$MM") 2>&1 </dev/null) || code=$?
expect_equal 1 "$code" "the status over a dead mount of somebody else's ($errors)"
expect_match 'has died .umount -l ' "$errors" "what it says"
grep -q " $MM " /proc/self/mountinfo || fail "the mount of somebody else is gone"
umount -l "$MM"

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
