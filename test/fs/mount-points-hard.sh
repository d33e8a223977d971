#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Mount points where things go wrong: directories that cannot be any, disks that somebody prepared, that
# are full, or do not answer, and a daemon that dies at each step.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

require fsfreeze
space=$TMP/space
mkdir "$space"
mount -t tmpfs tmpfs "$space"
mount --make-private "$space"
mkdir "$space"/{h,g,tmp,over,squash,fuse,part,up,work,db}
h=$space/h
file=$h/.mmfs/remote-database

make_image h 16M ext4 "$(number_uuid 1)"
make_image g 16M ext4 "$(number_uuid 2)"
make_image t 16M ext4 "$(number_uuid 3)"
make_image u 16M ext4 "$(number_uuid 4)"
attach h 01
attach g 02
attach t 03
attach u 04
H=${LOOP}01
T=${LOOP}03
U=${LOOP}04

frozen=
at_end()
{
	[ -z "$frozen" ] || fsfreeze -u "$frozen" || true
}

created()
{
	request volume_mount_point_created "source=$1 target=${2-$T}"
}

registered()
{
	paste -sd ' ' "$(volume_folder "$T")/mount_points.registered"
}

expect_no_file()
{
	[ ! -e "$file" ] || fail "there is a file: $(cat "$file")"
}

# --- directories that cannot be mount points -----------------------------------------------------

mount "$H" "$h"
mkdir -p "$h/a" "$h/b" "$h/part/in"
ln -s a "$h/link"
echo >"$h/plain"
start_mmfs
refuse()
{
	expect_refused "$1" volume_mount_point_created "source=$2 target=${3-$T}"
	expect_no_file
}
mkdir "$space/tmp/in"
refuse EOPNOTSUPP "$space/tmp/in"
refuse EOPNOTSUPP "$MM/control"
refuse EOPNOTSUPP "/proc/self"
mount -t overlay overlay -o "lowerdir=$h,upperdir=$space/up,workdir=$space/work" "$space/over"
refuse EOPNOTSUPP "$space/over/a"
umount "$space/over"
if command -v mksquashfs >/dev/null; then
	make_image s 1M squashfs
	attach s 05
	mount "${LOOP}05" "$space/squash"
	settle
	refuse EOPNOTSUPP "$space/squash/in"
	umount "$space/squash"
	detach 05
fi
make_image fuse 1M blank
"$helpers/stall-image" "$TMP/fuse" -f "$space/fuse" </dev/null >/dev/null 2>&1 &
await test -f "$space/fuse/image"
refuse EOPNOTSUPP "$space/fuse/in"
umount "$space/fuse"
mount --bind "$h/part" "$space/part"
refuse EOPNOTSUPP "$space/part/in"
umount "$space/part"
refuse ENOENT "$h/none"
refuse ENOENT "$h/a" 'Volume{11111111-2222-3333-4444-555555555555}'
refuse ENOENT "$h/a" "UUID=9"
refuse ENOTDIR "$h/plain"
refuse ENOTDIR "$h/link"
refuse ELOOP "$h/link/in"
refuse EINVAL "$h/a/../b"
refuse EINVAL "relative"
refuse EINVAL "$h/.mmfs"
refuse EINVAL "$h/a" "$H"
expect_refused EINVAL volume_mount_point_deleted "source=$h/a"
expect_refused EINVAL volume_mount_point_created "source=$h/a"
mount -o remount,ro "$h"
refuse EROFS "$h/a"
mount -o remount,rw "$h"
mount --bind -o ro "$h" "$h" # on itself
mount -o remount,bind,ro "$h"
refuse EROFS "$h/a"
umount "$h"
printf 'source=%s target=%s\n' "$h/a" "$T" "$h/b" "$T" >"$CTL/volume_mount_point_created"
expect_equal "$h/a $h/b" "$(registered)" "two lines"
expect_refused EEXIST volume_mount_point_created "source=$h/a target=$U"
expect_refused EINVAL volume_mount_point_deleted "source=$h/a target=$U"
created "$h/a"
epic_before=$(epic)
created "$h/a"
expect_equal "$epic_before" "$(epic)" "the epic number after the same again"
request volume_mount_point_deleted "source=$h/a"
request volume_mount_point_deleted "source=$h/b target=$T"
expect_equal "" "$(registered)" "all deleted"
setpriv --reuid 1000 --clear-groups cat "$file" >/dev/null 2>&1 && fail "everybody can read the file"

# --- off ------------------------------------------------------------------------------------------

stop_mmfs
rm -r "$h/.mmfs" "$DB"
start_mmfs replicate=off
created "$h/a"
expect_no_file
expect_equal "$h/a" "$(registered)" "registered here alone"
restart_mmfs
settle
grep -q 'path="a"' "$file" || fail "what was registered here alone is not given to the host"
request volume_mount_point_deleted "source=$h/a"

# --- full: the host, and the database --------------------------------------------------------------

for ((i = 0; i < 4; i++)); do # what ext4 holds back is there after a sync
	cat /dev/zero >>"$h/filler" 2>/dev/null || true
	sync -f "$h"
done
while (head -c 1024 /dev/zero >>"$h/filler") 2>/dev/null; do
	sync -f "$h"
done
before=$(cat "$file")
expect_refused ENOSPC volume_mount_point_created "source=$h/a target=$T"
expect_equal "$before" "$(cat "$file")" "the file on a full volume"
rm "$h/filler"
created "$h/a"
stop_mmfs

mount -t tmpfs -o size=256k tmpfs "$space/db"
cp "$DB" "$space/db/names.db"
DB=$space/db/names.db start_mmfs
before=$(cat "$file")
cat /dev/zero >"$space/db/filler" 2>/dev/null || true
failed=
for ((i = 0; i < 50; i++)); do
	mkdir "$h/full-$i"
	if ! created "$h/full-$i" 2>/dev/null; then
		failed=1
		break
	fi
	before=$(cat "$file")
done
[ -n "$failed" ] || fail "a full database takes more and more"
expect_match 'ERRNO="ENOSPC"' "$(tail -n 1 "$CTL/error_log")" "error_log"
expect_equal "$before" "$(cat "$file")" "the file that was put back"
[[ " $(registered) " != *" $h/full-$i "* ]] || fail "what failed is registered"
rm "$space/db/filler"
created "$h/full-$i"
stop_mmfs
umount "$space/db"
rmdir "$h"/full-*

# --- a host that does not answer -------------------------------------------------------------------

mount "${LOOP}02" "$space/g"
mkdir "$space/g/a"
start_mmfs
fsfreeze -f "$h"
frozen=$h
mkdir -p "$TMP/replies"
lib_try created "$h/b" 2>"$TMP/replies/1" &
hung=$!
request create_point "X: $U"
expect_equal "X:" "$(links "$U")" "links while a volume is frozen"
settle # it takes its time, but ends
[ -e "/proc/$hung" ] || fail "a request to a frozen volume was answered: $(cat "$TMP/replies/1")"
wait "$hung" && fail "a request to a frozen volume went well"
expect_match "does not answer" "$(tail -n 1 "$CTL/error_log")" "error_log"
expect_fail - created "$h/b" # at once
created "$space/g/a"
request volume_mount_point_deleted "source=$space/g/a"
before=$(cat "$file")
fsfreeze -u "$h"
frozen=
await created "$h/a"
settle
expect_equal "$before" "$(cat "$file")" "the file after the volume has thawed"
expect_equal "$h/a" "$(registered)" "after the volume has thawed"
created "$h/b"
expect_equal "$h/a $h/b" "$(registered)" "after the same again"
request volume_mount_point_deleted "source=$h/b"
stop_mmfs
umount "$space/g"

# --- prepared disks ---------------------------------------------------------------------------------

start_mmfs
prepare() # COMMAND…
{
	settle
	rm -rf "$h/.mmfs"
	mkdir -m 700 "$h/.mmfs"
	"$@"
	umount "$h"
	mount "$H" "$h"
	settle
}
damage_checksum()
{
	cp "$TMP/good" "$file"
	sed -i s/path/pXth/ "$file"
	chmod 600 "$file"
}
pipe()
{
	mkfifo "$file"
}
device_node()
{
	mknod "$file" b 7 1
}
large()
{
	truncate -s 1G "$file"
}
outside()
{
	ln -s "$TMP/secret" "$file"
}
echo secret >"$TMP/secret"
chmod 600 "$TMP/secret"
is_set_aside()
{
	[ -e "$file.damaged.1" ] || [ -L "$file.damaged.1" ]
}
cp "$file" "$TMP/good"
for how in damage_checksum pipe device_node large outside; do
	prepare "$how"
	await grep -q "is damaged" "$CTL/error_log" # a settle waits for a slow disk, but not for long
	await is_set_aside
	expect_equal "$(cat "$TMP/good")" "$(cat "$file")" "the file made anew after $how"
	expect_equal "$h/a" "$(registered)" "what is registered after $how"
	expect_equal secret "$(cat "$TMP/secret")" "what lies outside"
done
folder_outside()
{
	rm -rf "$h/.mmfs"
	ln -s "$TMP/out" "$h/.mmfs"
}
folder_of_another()
{
	chown 1000 "$h/.mmfs"
}
mkdir "$TMP/out"
for how in folder_outside folder_of_another; do
	prepare "$how"
	expect_match ".mmfs" "$(tail -n 1 "$CTL/error_log")" "error_log after $how"
	expect_fail - created "$h/b"
	expect_equal "" "$(ls -A "$TMP/out")" "what lies outside"
	expect_equal "$h/a" "$(registered)" "what is registered after $how"
done
stop_mmfs

# Another machine has the name for another volume, which is there.
rm -rf "$h/.mmfs"
start_mmfs
settle
name="Volume{$(cat "$(volume_folder "$T")/guid")}"
stop_mmfs
umount "$h"
DB=$TMP/other.db
start_mmfs
request create_point "link=$name device=$U"
cat "$MM/events" >"$TMP/events" &
reader=$!
await is_waiting $reader events
mount "$H" "$h"
settle
expect_equal "$U" "$(readlink "$MM/Volumes/$name")" "a name of a present volume"
expect_equal "" "$(registered)" "what was refused"
grep -q "path=\"a\".*$name.*$(number_uuid 3)" "$file" || fail "a refused entry has not stayed in the file"
await grep -q '"event":"mount-point-refused"' "$TMP/events"
kill "$reader"
await_end "$reader"
expect_match "belongs to another volume" "$(tail -n 1 "$CTL/error_log")" "error_log"
stop_mmfs

# --- deaths -----------------------------------------------------------------------------------------

DB=$TMP/names.db
grep -q MMFS_CRASH_AT "$MMFS" || skip "mmfs was built without -Dcrash_points=true"
start_mmfs
settle
request volume_mount_point_deleted "source=$h/a"
stop_mmfs
for label in replica:{before-create,created,half-written,written,synced,renamed,folder-synced} \
	store:{before-begin,mid-transaction,before-commit,after-commit,before-result}; do
	for operation in created deleted; do
		# What has begun is done again by the next start; none of it is half done.
		MMFS_CRASH_AT=$label start_mmfs
		request "volume_mount_point_$operation" "source=$h/a target=$T" 2>/dev/null &&
			fail "the daemon has not died at $label"
		await_crash
		start_mmfs
		settle
		[ ! -e "$file.damaged.1" ] || fail "a damaged file after $label"
		in_file=$(grep -c 'path="a"' "$file" || true)
		here=$(registered | wc -w)
		expect_equal "$in_file" "$here" "mount points in the file and here after $label"
		if [ "$operation" = created ] && [ "$here" = 0 ]; then
			created "$h/a"
		elif [ "$operation" = deleted ] && [ "$here" = 1 ]; then
			request volume_mount_point_deleted "source=$h/a"
		fi
		stop_mmfs
	done
done
umount "$h"
