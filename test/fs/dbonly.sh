#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# delete_points_dbonly: links that the database has forgotten, and that show until their volume goes.
. "$(dirname "$0")/lib.sh"

attach_two
start_mmfs
dos=$MM/DosDevices
guid=$(cat "$MM/ids/$id_a/guid")

expect_target()
{
	expect_equal "$1" "$(readlink "$dos/$2" || true)" "the target of $2 $3"
}

expect_mark()
{
	expect_equal "$1" "$(cat "$MM/ids/$id_a/no_drive_letter")" "the mark $2"
}

# Another mmfs on a copy of the database shows what it holds.
expect_recorded()
{
	local copy=$TMP/copy.db mount=$TMP/copy found

	rm -f "$copy"*
	mkdir -p "$mount"
	for found in "$DB"*; do
		cp "$found" "$copy${found#"$DB"}"
	done
	(run_mmfs -f -o "db=$copy,devices=$DEVICES" "$mount") </dev/null >>"$LOG" 2>&1 &
	await_mount $! "$mount"
	found=$(ls "$mount/DosDevices")
	umount "$mount"
	await_end $!
	expect_equal "$1" "$found" "what the database holds $2"
}

# --- they show -------------------------------------------------------------------------------------

request create_point "X: $a"
request create_point "link=Data device=$a"
request create_point "link=More device=$a"
expect_recorded "Data
More
X:" "at first"
points_before=$(points)
folder_before=$(stat -c '%i %Y' "$dos/X:" "$dos/Data")
epic_before=$(epic)
reply=$(ask delete_points_dbonly "link=X: device=$a")
expect_equal "LINK=\"/DosDevices/X:\" ID=\"$id_a\" DEVICE=\"$a\"" "$reply" "the reply"
expect_equal $((epic_before + 1)) "$(epic)" "the epic number after deleting one"
expect_equal "delete_points_dbonly /DosDevices/X:" \
	"$(tail -n 1 "$MM/history" | jq -r '.operation + " " + .link')" "the last entry of the history"
expect_ok request delete_points_dbonly "link=data"
expect_equal "$points_before" "$(points)" "points"
expect_equal "$points_before" "$(cat "$CTL/query_points")" "query_points"
expect_equal "LINK=\"/DosDevices/Data\" ID=\"$id_a\" DEVICE=\"$a\"" "$(ask query_points link=Data)" "a query"
expect_equal "$folder_before" "$(stat -c '%i %Y' "$dos/X:" "$dos/Data")" "inodes and times of the links"
expect_target "$a" X: "after deleting it from the database"
expect_target "$a" Data "after deleting it from the database"
expect_equal "Data
More
X:" "$(links "$a")" "the links"
expect_recorded "More" "after deleting two"

# Once more: there is nothing left to do, and nothing is counted.
epic_before=$(epic)
history_before=$(cat "$MM/history")
expect_equal "$reply" "$(ask delete_points_dbonly "link=X: device=$a")" "the reply to doing it again"
expect_equal "$epic_before" "$(epic)" "the epic number after doing it again"
expect_equal "$history_before" "$(cat "$MM/history")" "the history after doing it again"

# Nobody can have these names, in any spelling. The volume may have another letter.
expect_refused EEXIST create_point "X: $b"
expect_refused EEXIST create_point "link=DATA device=$b"
expect_refused_by EEXIST create_point ln -s "$b" "$dos/data"
expect_fail EEXIST ln -s "$b" "$dos/Data"
expect_ok request create_point "Y: $a"
expect_equal Y: "$(cat "$MM/ids/$id_a/dos_paths")" "dos_paths"
expect_refused EINVAL create_point "Z: $a"
expect_target "$a" X: "beside another letter"
expect_equal 'LETTER="Y" ASSIGNED="0"' "$(ask next_drive_letter "$a")" "its letter"

# What ends it: the volume goes. It comes back without them, under whichever node.
detach 01
settle
expect_target "" X: "without its volume"
expect_ok ln -s "$b" "$dos/X:"
attach a 03
a=$device
settle
expect_equal "More
Y:" "$(links "$a")" "the links after the return"
expect_target "$b" X: "that another volume has taken"
expect_fail ENOENT readlink -v "$dos/Data"
expect_ok request delete_points "link=X: device=$b"

# A restart does the same; so does a crash.
expect_ok request delete_points_dbonly "link=More"
expect_target "$a" More "before a restart"
restart_mmfs
expect_equal "Y:" "$(links "$a")" "the links after a restart"
expect_ok request create_point "link=More device=$a"
expect_ok request delete_points_dbonly "id=$id_a link=More"
expect_target "$a" More "before a crash"
kill_mmfs
start_mmfs
expect_equal "Y:" "$(links "$a")" "the links after a crash"

# Meanwhile it can be deleted altogether, or moved, which writes it down again.
for name in one two three; do
	request create_point "link=$name device=$a"
	request delete_points_dbonly "link=$name"
done
expect_ok rm "$dos/one"
expect_fail ENOENT readlink -v "$dos/one"
expect_ok request create_point "link=one device=$b"
expect_ok mv "$dos/two" "$dos/four"
expect_target "$a" four "after mv"
expect_recorded "Y:
four
one" "after rm and mv"
restart_mmfs
expect_equal "Y:
four" "$(links "$a")" "the links after mv and a restart"
expect_ok request delete_points "link=one device=$b"
expect_ok request delete_points "link=four"
expect_ok request delete_points "link=Y: device=$a"

# --- the mark --------------------------------------------------------------------------------------

# By the link of a letter alone; not with more, or by a name that is no letter.
expect_mark 0 "at first"
letter()
{
	expect_ok rm -f "$dos/C:" "$dos/name"
	expect_ok request create_point "C: $a"
	expect_ok request create_point "link=name device=$a"
	expect_mark 0 "with a letter"
}
letter
expect_ok request delete_points_dbonly C:
expect_mark 1 "after deleting by link"
expect_equal "" "$(cat "$MM/ids/$id_a/dos_paths")" "dos_paths after deleting by link"
expect_equal 'LETTER="" ASSIGNED="0"' "$(ask next_drive_letter "$a")" "the letter of a marked volume"
expect_ok request delete_points_dbonly link=name
expect_mark 1 "after deleting a name that is no letter"
restart_mmfs
expect_mark 1 "after a restart"
for line in "link=C: device=$a" "link=C: id=$id_a" "link=name" "device=$a" "id=$id_a" all=1; do
	letter
	expect_ok request delete_points_dbonly "$line"
	expect_mark 0 "after deleting by '$line'"
	expect_target "$a" C: "after deleting by '$line'"
done
letter
expect_ok request delete_points_dbonly C:
expect_mark 1 "after deleting by link"
expect_ok request delete_points_dbonly "$a"
expect_mark 0 "after deleting by device what was deleted by link"

# --- everything ------------------------------------------------------------------------------------

# The volume name as well: it shows, and another one comes with the volume. The other one is untouched.
expect_ok request delete_points all=1
stop_mmfs
start_mmfs
guid=$(cat "$MM/ids/$id_a/guid")
links_b=$(cat "$MM/ids/$id_b/links")
request create_point "C: $a"
points_before=$(points)
expect_equal "$(grep -F "$id_a" <<<"$points_before")" "$(ask delete_points_dbonly "id=$id_a")" \
	"the reply to deleting by ID"
expect_equal "$points_before" "$(points)" "points after deleting by ID"
expect_equal "$guid" "$(cat "$MM/ids/$id_a/guid")" "the GUID meanwhile"
detach "$a"
settle
[ ! -e "$MM/Volumes/Volume{$guid}" ] || fail "the volume name outlives the volume's presence"
attach a 01
a=$device
settle
found=$(cat "$MM/ids/$id_a/links")
expect_match '^/Volumes/Volume\{[-0-9a-f]{36}\}$' "$found" "the links after the return"
[ "$found" != "/Volumes/Volume{$guid}" ] || fail "the volume name was not forgotten"
expect_equal "$links_b" "$(cat "$MM/ids/$id_b/links")" "the links of the other volume"

# What is wrong is refused as delete_points does it.
expect_refused EINVAL delete_points_dbonly ""
expect_refused ENOENT delete_points_dbonly link=nothing
expect_refused EINVAL delete_points_dbonly UUID=1
expect_refused EINVAL delete_points_dbonly "all=1 link=C:"
expect_refused EINVAL delete_points_dbonly "device=${LOOP}09"

# The kernel's cache is told when they go.
request create_point "link=late device=$a"
readlink "$dos/late" >/dev/null
request delete_points_dbonly link=late
readlink "$dos/late" >/dev/null
detach "$a"
settle
expect_fail ENOENT readlink -v "$dos/late"
[[ $'\n'$(ls "$dos")$'\n' != *$'\n'late$'\n'* ]] || fail "the listing still has it"

stop_mmfs
