#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Filesystems that are on no block device are volumes while they are mounted, if somebody says so.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
require setpriv

helpers=$(dirname "$MMFS")/test/fs
binary=$helpers/binary
id=UUID=12345678-0000-4000-8000-000000000001
server=
at_end()
{
	umount -l "$TMP/fuse" "$TMP/other" 2>/dev/null || true
	while umount -l "$TMP/plain" 2>/dev/null; do
		:
	done
}
serve() # FOLDER
{
	"$helpers/stall-image" "$TMP/file" -f -o allow_other "$1" </dev/null >/dev/null 2>&1 &
	server=$!
	await mountpoint -q "$1"
}
stop_serving() # FOLDER
{
	umount "$1"
	wait "$server" || true
}

attach_two
echo content >"$TMP/file"
mkdir "$TMP/fuse" "$TMP/other" "$TMP/plain"
chmod 755 "$TMP"
start_mmfs
request create_point "W: $a"
serve "$TMP/fuse"
expect_equal "" "$(ls "$MM/ids" | grep -F "$id" || true)" "who is a volume without a word"

# It is one when it is told of; its links lead to where it is mounted, and into it.
request volume_arrival_notification "device=$TMP/fuse id=$id suggested=X:"
expect_equal "$TMP/fuse" "$(readlink "$MM/DosDevices/X:")" "its drive letter"
expect_equal content "$(cat "$MM/DosDevices/X:/image")" "what is in it"
expect_equal "$TMP/fuse" "$(readlink "$MM/ids/$id/device")" "its device"
expect_equal "$TMP/fuse" "$(readlink "$MM/mounts/X:")" "where it is mounted"
expect_match '^PATH="X:"' "$(ask query_dos_volume_paths "$TMP/fuse")" "its paths"
expect_equal "LINK=\"/DosDevices/X:\" ID=\"$id\" DEVICE=\"$TMP/fuse\"" "$(ask query_points link=x:)" "its triple"
expect_match "^SUCCESS .*X: $id $TMP/fuse" "$("$binary" call "$MM" QUERY_POINTS 4096 "link=\\??\\X:" | paste -sd' ')" \
	"its triple in binary"
request create_point "link=films device=$TMP/fuse"
expect_equal "$TMP/fuse" "$(readlink "$MM/DosDevices/films")" "another link"
request volume_arrival_notification "$TMP/fuse" # again

# Nobody's names are taken by a word, and not everything is such a volume.
expect_refused EEXIST volume_arrival_notification "device=$TMP/fuse id=UUID=5"
serve_first=$server
serve "$TMP/other"
expect_refused EEXIST volume_arrival_notification "device=$TMP/other id=$id"
expect_refused EEXIST volume_arrival_notification "device=$TMP/other id=$id_a"
expect_refused EINVAL volume_arrival_notification "device=$TMP/other id=WWN=5"
expect_refused ENOENT volume_arrival_notification "device=$TMP/plain id=UUID=5"
expect_refused ENOENT volume_arrival_notification "device=$MM id=UUID=5"
expect_refused EINVAL volume_arrival_notification "device=$a suggested=Y:"
expect_fail EACCES setpriv --reuid 65534 --regid 65534 --clear-groups \
	bash -c "echo 'device=$TMP/other id=UUID=6' >$CTL/volume_arrival_notification"
request volume_arrival_notification "device=$TMP/other suggested=X:" # which is taken
expect_equal "$TMP/fuse" "$(readlink "$MM/DosDevices/X:")" "the letter that was suggested twice"
made=$(ask query_points "device=$TMP/other")
expect_match 'ID="UUID=[-0-9a-f]{36}"' "$made" "the ID that is made"
stop_serving "$TMP/other"
server=$serve_first
settle
expect_refused EINVAL query_points "device=$TMP/other"

# It goes with its mount; the names wait. In binary it has the ID that is made.
stop_serving "$TMP/fuse"
settle
[ ! -L "$MM/DosDevices/X:" ] || fail "X: is still there"
serve "$TMP/other"
expect_equal "SUCCESS 0" "$("$binary" call "$MM" VOLUME_ARRIVAL_NOTIFICATION 0 "target=$TMP/other")" "arrival in binary"
expect_equal "$made" "$(ask query_points "device=$TMP/other")" "the same ID as before"
expect_equal "SUCCESS 0" "$("$binary" call "$MM" VOLUME_REMOVAL_NOTIFICATION 0 "target=$TMP/other")" "removal in binary"
expect_refused EINVAL query_points "device=$TMP/other"
request volume_arrival_notification "device=$TMP/other id=$id"
expect_equal "$TMP/other" "$(readlink "$MM/DosDevices/X:")" "the letter, elsewhere"
stop_mmfs
start_mmfs
settle
expect_equal "$TMP/other" "$(readlink "$MM/DosDevices/X:")" "the letter after a restart"
expect_equal "$TMP/other" "$(readlink "$MM/ids/$id/device")" "its device after a restart"

# One that was mounted anew while nobody looked has to be told of again, as has one that was removed.
# Numbers of mounts are used again by the kernel: others have to take those that are free meanwhile.
stop_mmfs
stop_serving "$TMP/other"
for _ in 1 2 3 4; do
	mount -t tmpfs none "$TMP/plain"
done
serve "$TMP/fuse"
serve "$TMP/other"
start_mmfs
settle
[ ! -L "$MM/DosDevices/X:" ] || fail "X: is there without being told of"
for _ in 1 2 3 4; do
	umount "$TMP/plain"
done
umount "$TMP/fuse"
request volume_arrival_notification "device=$TMP/other id=$id"
expect_equal "$TMP/other" "$(readlink "$MM/DosDevices/X:")" "the letter once more"
request volume_removal_notification "$TMP/other"
stop_mmfs
start_mmfs
settle
[ ! -L "$MM/DosDevices/X:" ] || fail "X: is back after its removal"
stop_serving "$TMP/other"
stop_mmfs
