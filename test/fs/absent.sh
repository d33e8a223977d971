#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Volumes that go and come back: what their names do meanwhile.
. "$(dirname "$0")/lib.sh"

attach_two
start_mmfs
dos=$MM/DosDevices
guid=$(cat "$MM/ids/$id_a/guid")
request create_point "X: ${LOOP}01"
request create_point "link=Data device=${LOOP}01"
request create_point "link=Other device=${LOOP}02"

# Where the links of a lead: "-" nowhere.
expect_a()
{
	local node=$1 link found

	[ "$node" = - ] || node=$LOOP$1
	for link in "DosDevices/X:" DosDevices/Data "Volumes/Volume{$guid}" "ids/$id_a/device"; do
		found=$(readlink "$MM/$link" || true)
		expect_equal "${node#-}" "$found" "the target of $link $2"
	done
	if [ "$node" = - ]; then
		expect_equal "" "$(grep -F "$id_a" "$MM/points" || true)" "points of a $2"
		expect_equal "Other" "$(ls "$dos")" "the listing $2"
		[ ! -e "$MM/ids/$id_a" ] || fail "there is a folder of the absent volume $2"
	else
		expect_equal "Data
X:" "$(links "$node")" "the links in points $2"
		expect_equal "Data
Other
X:" "$(ls "$dos")" "the listing $2"
		expect_equal "../ids/$id_a" "$(readlink "$MM/devices/${node#/dev/}")" "the entry in devices $2"
		expect_equal "$guid" "$(cat "$MM/ids/$id_a/guid")" "the GUID $2"
	fi
}
expect_a 01 "at first"
inode=$(stat -c %i "$dos/X:")

# Gone: nothing of it is there for anybody.
detach 01
settle
expect_a - "of an absent volume"
expect_equal "${LOOP#/dev/}02" "$(ls "$MM/devices")" "the listing of devices"
expect_refused ENOENT query_points X:
expect_refused ENOENT query_points "link=Data"
expect_refused ENOENT query_points "link=Volume{$guid}"
expect_refused EINVAL query_points "$id_a"
expect_refused EINVAL query_points "${LOOP}01"
expect_refused ENOENT delete_points X:
expect_refused EINVAL delete_points "$id_a"
expect_refused ENOENT create_point "link=new device=X:"
expect_refused ENOENT create_point "link=new device=$id_a"
expect_refused ENOENT create_point "link=new device=${LOOP}01"
expect_fail ENOENT rm "$dos/X:"
expect_fail ENOENT mv "$dos/X:" "$dos/Y:"
expect_fail ENOENT cat "$dos/X:"

# Back under another node, under another again, and through restarts.
attach a 03
settle
expect_a 03 "under another node"
[ "$inode" != "$(stat -c %i "$dos/X:")" ] || fail "a link with another target has the same inode"
restart_mmfs
expect_a 03 "after a restart"
detach 03
settle
expect_a - "of a volume absent again"
restart_mmfs
expect_a - "of an absent volume after a restart"
attach a 04
settle
expect_a 04 "under a third node"
stop_mmfs
detach 04
attach a 05
start_mmfs
expect_a 05 "after a move while mmfs was not running"
kill_mmfs
detach 05
attach a 06
start_mmfs
expect_a 06 "after a move while mmfs was dead"
for n in 07 08 09 10 11 12; do
	detach "$device"
	attach a "$n"
	settle
	expect_a "$n" "in a row of moves"
done

# Two that change places.
detach 12
detach 02
attach b 12
attach a 02
settle
expect_a 02 "after changing places"
expect_equal "${LOOP}12" "$(readlink "$dos/Other")" "the target of the other's link"

# What others delete does not touch the names of the absent.
detach 02
settle
expect_ok request delete_points all=1
attach a 02
settle
expect_equal "Data
X:" "$(ls "$dos")" "the listing after all was deleted meanwhile"
request create_point "link=Other device=$id_b"
expect_a 02 "after all was deleted meanwhile"

# While the owner is away anybody can have its names, spelled otherwise as well, and keeps them.
detach 02
settle
epic_before=$(epic)
expect_ok request create_point "X: ${LOOP}12"
expect_ok ln -s "${LOOP}12" "$dos/dATA"
expect_equal $((epic_before + 2)) "$(epic)" "the epic number"
attach a 03
settle
expect_equal "Other ${LOOP}12
X: ${LOOP}12
dATA ${LOOP}12" "$(cd "$dos" && for link in *; do echo "$link $(readlink "$link")"; done)" "what is there after its return"
expect_equal "/Volumes/Volume{$guid}" "$(cat "$MM/ids/$id_a/links")" "the links that are left to it"
expect_equal "" "$(cat "$MM/ids/$id_a/dos_paths")" "its letter"
restart_mmfs
expect_equal "${LOOP}12" "$(readlink "$dos/X:")" "the letter after a restart"
expect_ok request create_point "Y: ${LOOP}03"
expect_refused EEXIST create_point "link=Data device=${LOOP}03"
# mv takes them as well.
detach 03
settle
expect_ok mv "$dos/X:" "$dos/Y:"
attach a 03
settle
expect_equal "${LOOP}12" "$(readlink "$dos/Y:")" "the target of a letter that was moved over"
expect_equal "/Volumes/Volume{$guid}" "$(cat "$MM/ids/$id_a/links")" "the links that are left to it"

# Another content under the same node is another volume, if names are not to follow.
restart_mmfs follow=off
request create_point "link=Mine device=${LOOP}03"
mkswap -q -f -U 99999999-8888-7777-6666-555555555555 "${LOOP}03" 2>/dev/null
settle
expect_fail ENOENT readlink -v "$dos/Mine"
expect_equal "../ids/UUID=99999999-8888-7777-6666-555555555555" "$(readlink "$MM/devices/${LOOP#/dev/}03")" \
	"the volume under the node"
expect_equal swap "$(cat "$(volume_folder "${LOOP}03")/fstype")" "its type"
[ "$guid" != "$(cat "$(volume_folder "${LOOP}03")/guid")" ] || fail "the new volume has the GUID of the old one"
make_image a2 16M ext4 "${id_a#UUID=}"
attach a2 04
settle
expect_equal "${LOOP}04" "$(readlink "$dos/Mine")" "the target of the link of a volume with that ID"

stop_mmfs
