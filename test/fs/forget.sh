#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# When a volume was last here, and what is forgotten: on request, and by itself.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
require sqlite3 jq

attach_two
start_mmfs
a_folder=$MM/ids/$id_a
expect_match '^20..-..-..T.*Z$' "$(cat "$a_folder/last_seen")" "last_seen of who is present"
expect_equal "$a" "$(cat "$a_folder/last_device")" "last_device of who is present"

# The mark, of who is present and of who is absent.
expect_ok request no_drive_letter "$a on"
expect_equal 1 "$(cat "$a_folder/no_drive_letter")" "the mark"
expect_ok request no_drive_letter "id=$id_a state=off"
expect_equal 0 "$(cat "$a_folder/no_drive_letter")" "the mark after taking it away"
expect_refused ENOENT no_drive_letter "id=UUID=nobody state=on"
request create_point "X: $a"
expect_refused EINVAL no_drive_letter "$a on"
request delete_points "link=X: device=$a"

# That a volume went is written down, and is no change.
request create_point "link=data device=$a"
seen=$(cat "$a_folder/last_seen")
request keep_links_when_offline "$a"
epic_before=$(epic)
expect_refused EBUSY forget "id=$id_a"
detach 01
detach 02
settle
expect_equal "$epic_before" "$(epic)" "the epic number"
expect_equal "$a" "$(cat "$a_folder/last_device")" "last_device of who is absent"
[[ $(cat "$a_folder/last_seen") > $seen ]] || fail "last_seen is not later than $seen"
seen=$(cat "$a_folder/last_seen")
kill_mmfs
start_mmfs
expect_equal "$seen" "$(cat "$a_folder/last_seen")" "last_seen after a crash"

# All that is remembered, also of who is absent and not kept, in one document.
expect_equal "$id_a|data|true $id_b||false" "$(jq -r '[.volumes[] | .id + "|" +
	([.links[] | select(startswith("/DosDevices/"))[12:]] | join(",")) + "|\(.keep_links)"] | join(" ")' \
	"$CTL/database")" "the document"
expect_equal "$seen $a" "$(jq -r '.volumes[] | select(.id == "'"$id_a"'") | .last_seen + " " + .last_device' \
	"$CTL/database")" "when and where the document has it"
expect_equal "600" "$(stat -c %a "$CTL/database")" "who may read the document"

# Forgotten on request.
expect_refused ENOENT forget "id=UUID=nobody"
expect_refused ENOENT forget "link=nothing"
expect_ok request forget unnamed=1
expect_equal "$(points | wc -l)" 2 "the links of who is kept"
expect_match "LINK=\"/DosDevices/data\" ID=\"$id_a\" DEVICE=\"\"" "$(ask forget link=data)" "the reply"
expect_equal "" "$(points)" "points"
attach a 01
attach b 02
settle
expect_equal "" "$(links "$a")" "the links of who was forgotten"
guid_b=$(cat "$MM/ids/$id_b/guid")
detach 02
settle
attach b 02
settle
expect_equal "$guid_b" "$(cat "$MM/ids/$id_b/guid")" "the GUID of who only went"
detach 02
settle
expect_ok request forget unnamed=0
attach b 02
settle
[ "$guid_b" != "$(cat "$MM/ids/$id_b/guid")" ] || fail "the GUID was not forgotten"

# And by itself, if nobody named it.
request create_point "link=data device=$a"
detach 01
detach 02
settle
stop_mmfs
sqlite3 "$DB" "UPDATE records SET last_seen = last_seen - 400 * 86400000000"
start_mmfs expire=401
settle
stop_mmfs
expect_equal 2 "$(sqlite3 "$DB" "SELECT count(*) FROM records")" "the records that did not expire"
start_mmfs
settle
stop_mmfs
expect_equal "$id_a" "$(sqlite3 "$DB" "SELECT unique_id FROM records")" "the records that did not expire"
