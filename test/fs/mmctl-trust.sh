#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Anybody may mount a filesystem that is called fuse.mmfs. mmctl and libmmfs believe the mounts of their own
# user, then those of root, and no others.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-mmctl.sh"
. "$(dirname "$0")/lib-robust.sh"
require setpriv fusermount3 unshare mkswap

[ -u "$(command -v fusermount3)" ] || skip "fusermount3 is not setuid root"
opener=$(dirname "$MMFS")/test/fs/open-manager
for file in "$MMFS" "$MMCTL" "$opener" "$(dirname "$MMFS")"/libmmfs.so.0; do
	cp "$file" "$TMP" # users may not be able to get at where they were built
done
export LD_LIBRARY_PATH=$TMP
make_image a 4M swap
attach a 01

install -d -o 65534 -g 65534 "$TMP/theirs" "$TMP/third" "$TMP/home"
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all env "HOME=$TMP/home") # with a name for fusermount3

theirs=()
start_theirs() # DIRECTORY
{
	"${nobody[@]}" "$TMP/mmfs" -f -o "db=$TMP/home/${1##*/}.db,devices=$DEVICES" "$1" >"$TMP/theirs.log" 2>&1 &
	theirs+=($!)
	await "${nobody[@]}" test -e "$1/points"
}
at_end()
{
	umount -l "$TMP/theirs" "$TMP/third" 2>/dev/null || true
}

# Runs a command where nothing of mmfs is mounted but by this case.
alone()
{
	# shellcheck disable=SC2016
	unshare -m bash -c '
		while read -r target; do
			[[ $target == "$0"/* ]] || umount -l "$target"
		done < <(findmnt -rno TARGET -t fuse.mmfs)
		exec "$@"' "$TMP" "$@"
}
shown=("$TMP/mmctl" status -n -o MOUNTPOINT)
opened=("$TMP/open-manager")

start_theirs "$TMP/theirs"
expect_match "fuse.mmfs .*user_id=65534" "$(grep " $TMP/theirs " /proc/self/mounts)" "the mount of another"
expect_exit 3 'mmfs is not mounted here' alone "${shown[@]}"
expect_equal "No such device" "$(alone "${opened[@]}")" "what libmmfs says where only another has mounted"
expect_equal "$TMP/theirs" "$(alone "${nobody[@]}" "${shown[@]}")" "what its own user sees"
expect_equal "$TMP/theirs/MountPointManager" "$(alone "${nobody[@]}" "${opened[@]}")" "what its own user opens"

# Root's is for all, and a user's own comes first.
start_mmfs
expect_equal "$MM" "$(alone "${shown[@]}")" "what root sees beside another's mount"
expect_equal "$MM/MountPointManager" "$(alone "${opened[@]}")" "what root opens beside another's mount"
third=(setpriv --reuid=1234 --regid=1234 --clear-groups)
expect_equal "$MM" "$(alone "${third[@]}" "${shown[@]}")" "what a third user sees"
expect_equal "$MM/MountPointManager" "$(alone "${third[@]}" "${opened[@]}")" "what a third user opens"
expect_equal "$TMP/theirs" "$(alone "${nobody[@]}" "${shown[@]}")" "what who has one of his own sees"
start_theirs "$TMP/third"
expect_exit 3 "mmfs is mounted at $TMP/.* and at $TMP/.*: choose with -m DIR" alone "${nobody[@]}" "${shown[@]}"

# A part of a tree is none, the same tree elsewhere is no other, and of dead and living ones the living counts.
mkdir "$TMP/bind" "$TMP/part"
# shellcheck disable=SC2016
with_binds='mount --bind "$1" "$2" && mount --bind "$1/control" "$3" && shift 3 && exec "$@"'
expect_equal "$MM" "$(alone bash -c "$with_binds" - "$MM" "$TMP/bind" "$TMP/part" "${shown[@]}")" "what is seen with bind mounts"
umount "$TMP/third" "$TMP/theirs"
for pid in "${theirs[@]}"; do
	await_end "$pid"
done
kill_mmfs keep
expect_exit 3 "mmfs at $MM has ended" alone "${shown[@]}"
dead=$MM
MM=$TMP/living
CTL=$MM/control
mkdir "$MM"
start_mmfs
expect_equal "$MM" "$(alone "${shown[@]}")" "what is seen beside a dead mount"
expect_equal "$MM/MountPointManager" "$(alone "${opened[@]}")" "what is opened beside a dead mount"
stop_mmfs
umount -l "$dead"
