#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# keep_links_when_offline: the links of an absent volume stay, and nobody else can have them.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
require busybox rsync

attach_two shelf
make_image c 4M swap 99999999-bbbb-cccc-dddd-eeeeeeeeeeee
start_mmfs
dos=$MM/DosDevices
guid=$(cat "$MM/ids/$id_a/guid")
request create_point "C: ${LOOP}01"
request create_point "link=Data device=${LOOP}01"
request create_point "link=other device=$b"

expect_file()
{
	expect_equal "$2" "$(cat "$MM/ids/$id_a/$1")" "$1 $3"
}

# All of a leads to a node and says so, or, while it is absent, nowhere: the node was its last one.
expect_a()
{
	local state=$1 node=$2 target=$2 last=$2 link

	if [ "$state" = offline ]; then
		node=
		target=../ids/$id_a/device
		expect_fail ENOENT cat "$MM/DosDevices/C:"
		expect_fail ENOENT stat "$MM/ids/$id_a/device"
	else
		expect_equal "$node" "$(readlink "$MM/ids/$id_a/device")" "its device $3"
	fi
	for link in DosDevices/C: DosDevices/Data "Volumes/Volume{$guid}"; do
		expect_equal "$target" "$(readlink "$MM/$link" || true)" "the target of $link $3"
	done
	expect_file last_device "$last" "$3"
	expect_equal "LINK=\"/DosDevices/C:\" ID=\"$id_a\" DEVICE=\"$node\"
LINK=\"/DosDevices/Data\" ID=\"$id_a\" DEVICE=\"$node\"
LINK=\"/Volumes/Volume{$guid}\" ID=\"$id_a\" DEVICE=\"$node\"" \
		"$(points | grep -F "$id_a")" "points $3"
	expect_equal "$(points)" "$(cat "$CTL/query_points")" "query_points $3"
	expect_file state "$state" "$3"
	expect_file keep_links 1 "$3"
	expect_file links "/DosDevices/C:
/DosDevices/Data
/Volumes/Volume{$guid}" "$3"
	expect_file dos_paths C: "$3"
	expect_file guid "$guid" "$3"
	expect_file unique_id "$id_a" "$3"
	if [ "$state" = online ]; then
		expect_equal "../ids/$id_a" "$(readlink "$MM/devices/${node#/dev/}")" "its entry in devices $3"
	else
		! grep -qF "$id_a" <<<"$(ls -l "$MM/devices")" || fail "an absent volume is in devices $3"
	fi
	expect_equal 3 "$(grep -cE "^mmfs_volume_info\{.*id=\"$id_a\",device=\"$node\",state=\"$state\"\} 1$" "$MM/metrics")" \
		"its samples in metrics $3"
	expect_sound
}

# Nothing of it is there.
expect_gone()
{
	[ ! -e "$MM/ids/$id_a" ] || fail "there is a folder $1"
	expect_equal other "$(ls "$dos")" "the names $1"
	expect_equal "" "$(points | grep -F "$id_a" || true)" "points $1"
}

# --- asking for it -----------------------------------------------------------------------------------

expect_file keep_links 0 "at first"
epic_before=$(epic)
expect_ok request keep_links_when_offline "${LOOP}01"
expect_equal $((epic_before + 1)) "$(epic)" "the epic number"
expect_equal "keep_links_when_offline $id_a" \
	"$(tail -n 1 "$MM/history" | jq -r '.operation + " " + .id')" "the history"
expect_ok request keep_links_when_offline "link=Data keep=1"
expect_ok request keep_links_when_offline "id=$id_a"
expect_equal $((epic_before + 1)) "$(epic)" "the epic number after doing it again"
expect_a online "${LOOP}01" "while it is present"
expect_equal 0 "$(cat "$MM/ids/$id_b/keep_links")" "keep_links of the other volume"
expect_refused EINVAL keep_links_when_offline ""
expect_refused EINVAL keep_links_when_offline "keep=1"
expect_refused EINVAL keep_links_when_offline "device=$b keep=2"
expect_refused EINVAL keep_links_when_offline "device=$b keep=yes"
expect_refused ENOENT keep_links_when_offline "${LOOP}09"
expect_refused ENOENT keep_links_when_offline "UUID=1"
expect_refused ENOENT keep_links_when_offline "link=nothing"

# --- absent ------------------------------------------------------------------------------------------

epic_before=$(epic)
detach 01
settle
expect_a offline "${LOOP}01" "while it is absent"
expect_equal "$epic_before" "$(epic)" "the epic number after it has gone"
expect_file fstype "" "while it is absent"

# Nobody can have its names.
expect_refused EEXIST create_point "C: $b"
expect_refused EEXIST create_point "link=data device=$b"
expect_refused EEXIST create_point "link=Volume{$guid} device=$b"
expect_refused_by EEXIST create_point ln -s "$b" "$dos/DATA"
expect_fail EEXIST ln -s "$b" "$dos/Data"
expect_refused_by EEXIST rename mv -T "$dos/other" "$dos/C:"
expect_refused_by EEXIST rename mv -T "$dos/other" "$dos/Data"
expect_refused_by EEXIST rename busybox mv "$dos/other" "$dos/data"
expect_a offline "${LOOP}01" "after what was refused"
# Nor is its letter given to anybody.
expect_equal 'LETTER="D" ASSIGNED="1"' "$(ask next_drive_letter "$b")" "the letter for the other one"
expect_ok rm "$dos/D:"

# It is a volume still, for who asks: by ID, by link, not by the node that it had.
expect_equal "$(points | grep -F "$id_a")" "$(ask query_points "id=$id_a")" "a query by ID"
expect_refused EINVAL query_points "${LOOP}01"
expect_equal "$(points | grep -F /C:)" "$(ask query_points C:)" "a query by link"
expect_equal 'PATH="C:"' "$(ask query_dos_volume_path "$id_a")" "its path"
expect_equal 'LETTER="C" ASSIGNED="0"' "$(ask next_drive_letter "C:")" "its letter"
expect_refused EINVAL create_point "E: C:"
expect_ok request create_point "link=more device=$id_a"
expect_equal "../ids/$id_a/device" "$(readlink "$dos/more")" "a new link of it"
expect_ok mv "$dos/more" "$dos/moved"
expect_equal "../ids/$id_a/device" "$(readlink "$dos/moved")" "a renamed link of it"
expect_ok rm "$dos/moved"
expect_a offline "${LOOP}01" "after giving, moving and deleting a name"

# Names that were saved come back, over those that are there and in place of them.
mkdir "$TMP/saved"
expect_ok cp -a "$dos/." "$TMP/saved"
for copy in rsync cp; do
	expect_ok "$copy" -a "$TMP/saved/." "$dos/"
	expect_a offline "${LOOP}01" "after $copy over itself"
	expect_ok rm "$dos/C:" "$dos/Data"
	expect_ok "$copy" -a "$TMP/saved/." "$dos/"
	expect_a offline "${LOOP}01" "after $copy in place of what was deleted"
	expect_equal "$b" "$(readlink "$dos/other")" "the other one after $copy"
done
expect_ok ln -sf "../ids/$id_a/device" "$dos/Data"
expect_ok ln -sf "../ids/$id_a" "$dos/C:"
expect_a offline "${LOOP}01" "after ln -sf"
expect_ok rm "$MM/Volumes/Volume{$guid}" "$dos/C:" "$dos/Data"
expect_ok cp -a "$TMP/saved/." "$dos"
expect_ok ln -s "../ids/$id_a/device" "$MM/Volumes/Volume{$guid}"
expect_a offline "${LOOP}01" "after all its names were deleted and made again"

# --- durable -----------------------------------------------------------------------------------------

restart_mmfs
expect_a offline "${LOOP}01" "after a restart"
kill_mmfs
start_mmfs
expect_a offline "${LOOP}01" "after a crash"
expect_refused EEXIST create_point "C: $b"

# Back under another node: all lead there. Away again, and so on.
inode=$(stat -c %i "$dos/C:")
epic_before=$(epic)
attach a 03
settle
expect_a online "${LOOP}03" "under another node"
[ "$inode" != "$(stat -c %i "$dos/C:")" ] || fail "a link with another target has the same inode"
expect_equal "$epic_before" "$(epic)" "the epic number after its return"
expect_file fstype ext4 "under another node"
expect_file label shelf "under another node"
detach 03
settle
expect_a offline "${LOOP}03" "absent from another node"
kill_mmfs
start_mmfs
expect_a offline "${LOOP}03" "absent from another node, after a crash"
# Killed while it is there, and gone before the next start.
attach a 04
settle
kill_mmfs
detach 04
start_mmfs
expect_a offline "${LOOP}04" "after it went while mmfs was dead"
kill_mmfs
attach a 05
start_mmfs
expect_a online "${LOOP}05" "after it came while mmfs was dead"
stop_mmfs
detach 05
start_mmfs
expect_a offline "${LOOP}05" "after it went while mmfs was not running"

# Another volume at its last node is another volume, and has the node to itself.
attach c 05
settle
expect_a offline "${LOOP}05" "with another volume at its last node"
expect_equal 99999999-bbbb-cccc-dddd-eeeeeeeeeeee "$(ask query_points "${LOOP}05" | sed 's/.*ID="UUID=\([^"]*\)".*/\1/')" \
	"the volume that a query by node finds"
expect_refused EEXIST create_point "C: ${LOOP}05"
detach 05
settle
expect_a offline "${LOOP}05" "after that one has gone"

# Deleting everything is about it as well; what is deleted does not come back with it.
expect_ok rm "$dos/Data"
attach a 01
settle
expect_equal C: "$(links "${LOOP}01")" "the links after one was deleted meanwhile"
expect_file no_drive_letter 0 "after its return"
detach 01
settle
expect_ok rm "$dos/C:"
expect_file no_drive_letter 1 "after its letter was deleted meanwhile"
expect_ok request delete_points "$id_a"
expect_equal other "$(ls "$dos")" "the names after deleting all of it"
expect_equal "" "$(cat "$MM/ids/$id_a/links")" "its links after deleting all of it"
expect_equal offline "$(cat "$MM/ids/$id_a/state")" "its state without links"
expect_ok request create_point "C: $id_a"
expect_ok request create_point "link=Data device=$id_a"
attach a 01
settle
expect_equal "C:
Data" "$(links "${LOOP}01")" "links that were given while it was away"
expect_file keep_links 1 "after all that"
guid=$(cat "$MM/ids/$id_a/guid")

# --- no longer ---------------------------------------------------------------------------------------

# While it is present nothing but the flag changes.
points_before=$(points)
expect_ok request keep_links_when_offline "device=${LOOP}01 keep=0"
expect_equal "$points_before" "$(points)" "points after keep=0"
expect_file keep_links 0 "after keep=0"
detach 01
settle
expect_gone "after it went, with keep=0"
attach a 01
settle
expect_file keep_links 0 "after a return with keep=0"
expect_ok request keep_links_when_offline "link=C: keep=1"
guid=$(cat "$MM/ids/$id_a/guid")
expect_a online "${LOOP}01" "after keep=1"

# While it is absent its links go, with what the kernel remembers of them. They come back with it.
detach 01
settle
expect_a offline "${LOOP}01" "absent once more"
epic_before=$(epic)
expect_ok request keep_links_when_offline "id=$id_a keep=0"
expect_equal $((epic_before + 1)) "$(epic)" "the epic number after keep=0 of an absent volume"
expect_gone "after keep=0"
expect_refused ENOENT keep_links_when_offline "id=$id_a"
restart_mmfs
expect_gone "after keep=0 and a restart"
attach a 06
settle
expect_equal "C:
Data" "$(links "${LOOP}06")" "the links after its return"
# Not kept, they can be had.
detach 06
settle
expect_ok request create_point "C: $b"
attach a 06
settle
expect_equal Data "$(links "${LOOP}06")" "the links after its letter was taken"

# Several kept at the same node at different times.
expect_ok request keep_links_when_offline "${LOOP}06"
expect_ok request keep_links_when_offline "$b"
detach 06
detach 02
attach b 06
settle
detach 06
settle
expect_equal "${LOOP}06 ${LOOP}06" "$(cat "$MM/ids/$id_a/last_device" "$MM/ids/$id_b/last_device" | xargs)" \
	"two that were last at the same node"
attach a 07
attach b 06
settle
expect_equal "${LOOP}07 ${LOOP}06" "$(readlink "$dos/Data" "$dos/other" | xargs)" "both after their return"

stop_mmfs
