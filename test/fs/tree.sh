#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The tree of two volumes: names, targets, contents, modes, sizes, inodes and times.
. "$(dirname "$0")/lib.sh"

id_a=UUID=11111111-2222-3333-4444-555555555555
id_b=UUID=aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee
make_image a 16M ext4 "${id_a#UUID=}" 'my da$a'
make_image b 300M xfs "${id_b#UUID=}"
attach a 01
attach b 02 --read-only
a=${LOOP}01
b=${LOOP}02
start_mmfs
request create_point "X: $a"
request create_point "link=Backup device=$a"
cd "$MM"

# The tree with its random names made plain.
guid_a=$(cat "ids/$id_a/guid")
guid_b=$(cat "ids/$id_b/guid")
uuid='^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'
expect_match "$uuid" "$guid_a" "the GUID of a"
expect_match "$uuid" "$guid_b" "the GUID of b"
[ "$guid_a" != "$guid_b" ] || fail "two volumes have the same GUID"

show_tree()
{
	find . "$@" |
		sed "s/$guid_a/GUID-A/; s/$guid_b/GUID-B/; s,$LOOP,LOOP,; s/${LOOP#/dev/}/loop/" | sort
}

volume_files()
{
	printf "f 444 root root ./ids/$1/%s\n" dos_paths doubt fstype guid keep_links kind label last_device last_seen links \
		mount_points mount_points.registered no_drive_letter partuuid path read_only \
		removable size state unique_id uuid
	echo "d 555 root root ./ids/$1"
	echo "l 777 root root ./ids/$1/device -> LOOP$2"
}

expect_equal "$({
	cat <<-END
		d 555 root root .
		d 755 root root ./DosDevices
		l 777 root root ./DosDevices/Backup -> LOOP01
		l 777 root root ./DosDevices/X: -> LOOP01
		d 755 root root ./Volumes
		l 777 root root ./Volumes/Volume{GUID-A} -> LOOP01
		l 777 root root ./Volumes/Volume{GUID-B} -> LOOP02
		d 555 root root ./control
		f 600 root root ./control/auto_dl_assignments
		f 600 root root ./control/auto_mount
		f 600 root root ./control/batch
		f 666 root root ./control/change_notify
		f 600 root root ./control/cancel_volume_delete
		f 600 root root ./control/check_unprocessed_volumes
		f 600 root root ./control/claim_unique_id
		f 666 root root ./control/cluster
		f 600 root root ./control/cluster_forget
		f 600 root root ./control/cluster_join
		f 600 root root ./control/create_point
		f 600 root root ./control/database
		f 600 root root ./control/delete_points
		f 600 root root ./control/delete_points_dbonly
		f 600 root root ./control/forget
		f 666 root root ./control/epic_number
		f 666 root root ./control/error_log
		f 600 root root ./control/keep_links_when_offline
		f 600 root root ./control/next_drive_letter
		f 600 root root ./control/no_drive_letter
		f 666 root root ./control/query_dos_volume_path
		f 666 root root ./control/query_dos_volume_paths
		f 666 root root ./control/query_points
		f 600 root root ./control/prepare_volume_delete
		f 600 root root ./control/scrub_registry
		f 666 root root ./control/server_pid
		f 666 root root ./control/settle
		f 600 root root ./control/unique_id_changed
		f 666 root root ./control/unprocessed
		f 666 root root ./control/version
		f 600 root root ./control/volume_arrival_notification
		f 600 root root ./control/volume_mount_point_created
		f 600 root root ./control/volume_mount_point_deleted
		f 600 root root ./control/volume_removal_notification
		d 555 root root ./devices
		l 777 root root ./devices/loop01 -> ../ids/$id_a
		l 777 root root ./devices/loop02 -> ../ids/$id_b
		f 644 root root ./MountPointManager
		f 444 root root ./events
		f 444 root root ./history
		d 555 root root ./ids
		f 444 root root ./metrics
		d 555 root root ./mounts
		f 444 root root ./points
		f 444 root root ./points.json
	END
	volume_files "$id_a" 01
	volume_files "$id_b" 02
} | sort)" "$(
	show_tree ! -type l -printf '%y %m %u %g %p\n' -o -printf '%y %m %u %g %p -> %l\n'
)" "the tree"

# What the volumes' files say, one value each.
expect_files()
{
	local folder=$1 file

	shift
	for file; do
		expect_equal "${file#*=}" "$(cat "$folder/${file%%=*}")" "$folder/${file%%=*}"
	done
}
expect_files "ids/$id_a" "unique_id=$id_a" "guid=$guid_a" "uuid=${id_a#UUID=}" fstype=ext4 \
	'label=my da$a' state=online size=16777216 removable=0 read_only=0 no_drive_letter=0 \
	keep_links=0 partuuid= mount_points= dos_paths=X: "last_device=$a" \
	links="/DosDevices/Backup
/DosDevices/X:
/Volumes/Volume{$guid_a}"
expect_files "ids/$id_b" "unique_id=$id_b" "guid=$guid_b" "uuid=${id_b#UUID=}" fstype=xfs label= \
	state=online size=314572800 removable=0 read_only=1 no_drive_letter=0 keep_links=0 partuuid= \
	mount_points= dos_paths= "links=/Volumes/Volume{$guid_b}"
expect_equal "brw" "$(stat -Lc %A DosDevices/X: | cut -c 1-3)" "what X: leads to"
expect_equal "$id_a" "$(cat "devices/${a#/dev/}/unique_id")" "the folder behind devices/"

# Where it is mounted.
mkdir "$TMP/data" "$TMP/more"
mount DosDevices/X: "$TMP/data"
mount "$a" "$TMP/more"
settle
expect_equal "$TMP/data
$TMP/more" "$(cat "ids/$id_a/mount_points")" "mount_points"
expect_equal "X:
$TMP/data
$TMP/more" "$(cat "ids/$id_a/dos_paths")" "dos_paths"
expect_equal "l 777 root root ./mounts/Backup -> $TMP/data
l 777 root root ./mounts/Volume{GUID-A} -> $TMP/data
l 777 root root ./mounts/X: -> $TMP/data" "$(
	show_tree -path './mounts/*' -printf '%y %m %u %g %p -> %l\n'
)" "mounts/"
umount "$TMP/data"
settle
expect_equal "$TMP/more" "$(cat "ids/$id_a/mount_points")" "mount_points after umount"
expect_equal "$TMP/more" "$(readlink mounts/Backup)" "mounts/Backup after umount"
umount "$TMP/more"
settle
expect_equal "" "$(cat "ids/$id_a/mount_points")" "mount_points after umount"

# Sizes are those of the text, which ends in a newline; control files and events have none.
while read -r file; do
	case $file in
	./control/* | ./events)
		expect_equal 0 "$(stat -c %s "$file")" "the size of $file"
		continue
		;;
	./metrics) ;; # counts the very reading
	*) expect_equal "$(cat <"$file" | wc -c)" "$(stat -c %s "$file")" "the size of $file" ;;
	esac
	expect_equal 0 "$(tail -c 1 "$file" | tr -d '\n' | wc -c)" "the bytes behind the last newline of $file"
done < <(find . -type f)
while read -r link; do
	expect_equal "$(readlink "$link" | tr -d '\n' | wc -c)" "$(stat -c %s "$link")" "the size of $link"
done < <(find . -type l)

# Look-ups are exact in spelling and case.
for name in DosDevices/x: DosDevices/backup dosdevices points.JSON control/Settle ids/"${id_a,,}" \
	"Volumes/Volume{${guid_a^^}}" "ids/$id_a/UUID" nothing DosDevices/..x; do
	[ ! -e "$name" ] || fail "$name is there"
	[ ! -L "$name" ] || fail "$name is there"
done

# Inode numbers: all different, and the same after changes elsewhere.
show_inodes()
{
	find . -printf '%i %p\n' | sort
}
inodes=$(show_inodes)
expect_equal "" "$(cut -d ' ' -f 1 <<<"$inodes" | sort | uniq -d)" "inode numbers that occur twice"
listed=$(find . -type d -exec ls -fi {} + | awk '$1 ~ /^[0-9]+$/ && $2 !~ /^[.]+$/ { print $1 }' | sort -u)
expect_equal "$(cut -d ' ' -f 1 <<<"$inodes" | sort -u | grep -vx "$(stat -c %i .)")" "$listed" \
	"inode numbers in listings"
ln -s "$b" DosDevices/New
ln -s "$a" DosDevices/Y
echo Y >"$TMP/unused"
request delete_points link=Backup
rm DosDevices/Y
expect_equal "$(grep -v /Backup <<<"$inodes")" "$(show_inodes | grep -v /New)" "inodes after changes elsewhere"

# Times are those of the last change.
mtime()
{
	stat -c %.9Y "$1" | tr -d .
}
before=$(date +%s%N)
x_before=$(mtime DosDevices/X:)
volumes_before=$(mtime Volumes)
request create_point "link=Timed device=$b"
after=$(date +%s%N)
time=$(mtime DosDevices/Timed)
# Daemon and date read the same clock; the tree has microseconds.
((before / 1000 <= time / 1000 && time <= after)) ||
	fail "the time of a new link is $time and not within $before and $after"
expect_equal "$time" "$(mtime DosDevices)" "the time of its folder"
expect_equal "$time" "$(mtime points)" "the time of points"
expect_equal "$time" "$(mtime "ids/$id_b/links")" "the time of its volume's links"
expect_equal "$x_before" "$(mtime DosDevices/X:)" "the time of another link"
expect_equal "$volumes_before" "$(mtime Volumes)" "the time of another folder"

# A label with bytes that would confuse is escaped, the rest is left as it is.
cd /
e2label "$a" 'ä\"$'
settle
expect_equal 'ä\x5c"$' "$(cat "$MM/ids/$id_a/label")" "the new label"

stop_mmfs
