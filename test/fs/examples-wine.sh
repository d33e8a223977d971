#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The drives of a Wine prefix follow the drive letters.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
. "$(dirname "$0")/lib-mmctl.sh"
. "$(dirname "$0")/lib-examples.sh"
PATH=$(dirname "$MMCTL"):$PATH

make_image a 4M ext4 "$(number_uuid 1)"
make_image b 1M swap "$(number_uuid 2)"
attach a 01
attach b 02
start_mmfs
request create_point "D: ${LOOP}01"
prefix=$TMP/prefix/dosdevices
export WINEPREFIX=$TMP/prefix
mkdir -p "$prefix" "$TMP/c"
ln -s ../drive_c "$prefix/c:"
ln -s / "$prefix/z:"
ln -s /tmp "$prefix/y:"

drives()
{
	find "$prefix" -type l -printf '%P>%l\n' | sed "s|$TMP|TMP|; s|$LOOP||" | sort | tr '\n' ' '
}
has_drives()
{
	[ "$(drives)" = "$1 " ]
}
others="c:>../drive_c y:>/tmp z:>/"

start_example wine-dosdevices
await has_drives "c:>../drive_c d::>01 y:>/tmp z:>/"
# Mounted, unmounted, renamed; another volume; a letter that somebody else has there.
mount "${LOOP}01" "$TMP/c"
await has_drives "c:>../drive_c d::>01 d:>TMP/c y:>/tmp z:>/"
mv "$MM/DosDevices/D:" "$MM/DosDevices/E:"
await has_drives "c:>../drive_c e::>01 e:>TMP/c y:>/tmp z:>/"
request create_point "Y: ${LOOP}02"
await has_drives "c:>../drive_c e::>01 e:>TMP/c y::>02 y:>/tmp z:>/"
umount "$TMP/c"
await has_drives "c:>../drive_c e::>01 y::>02 y:>/tmp z:>/"
request create_point "link=data device=${LOOP}02"
request delete_points link=Y:
await has_drives "c:>../drive_c e::>01 y:>/tmp z:>/"

# A volume that is on no block device has no node.
mkdir "$TMP/fuse"
"$(dirname "$MMFS")/test/fs/stall-image" "$TMP/a" -f "$TMP/fuse" </dev/null >/dev/null 2>&1 &
server=$!
await mountpoint -q "$TMP/fuse"
request volume_arrival_notification "device=$TMP/fuse suggested=F:"
await has_drives "c:>../drive_c e::>01 f:>TMP/fuse y:>/tmp z:>/"
umount "$TMP/fuse"
wait "$server" || true
await has_drives "c:>../drive_c e::>01 y:>/tmp z:>/"

# The disk comes back at another node, while this does not run.
stop_example
detach 01
attach a 05
settle
start_example wine-dosdevices "$TMP/prefix"
await has_drives "c:>../drive_c e::>05 y:>/tmp z:>/"
request delete_points all=1
await has_drives "$others"
has_nothing_else() # what it writes anew is there for a moment
{
	[ "$(find "$prefix" -mindepth 1 ! -type l -printf '%P\n')" = .mmfs ]
}
await has_nothing_else
umount -l "$MM"
await_end "$pid"
expect_equal 1 "$status" "the status when mmfs has ended"
mmfs_pid=
expect_fail - "$examples/wine-dosdevices" "$TMP/nothing"
