#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# scrub_registry: what is neither present nor kept is forgotten for good.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

for n in 1 2 3 4; do
	make_image "$n" 1M swap "$(number_uuid "$n")"
	attach "$n" "0$n"
done
start_mmfs
dos=$MM/DosDevices

# Present, kept and absent, absent with names, absent with a mark.
for n in 1 2 3; do
	request create_point "link=name$n device=${LOOP}0$n"
done
request create_point "C: ${LOOP}03"
request create_point "D: ${LOOP}04"
request delete_points D:
request keep_links_when_offline "${LOOP}02"
declare -A guid
for n in 1 2 3 4; do
	guid[$n]=$(cat "$(volume_folder "${LOOP}0$n")/guid")
done
for n in 2 3 4; do
	detach "0$n"
done
settle
points_before=$(points)
expect_equal 4 "$(wc -l <<<"$points_before")" "the links of who is present or kept"
epic_before=$(epic)
commits_before=$(metric mmfs_commits_total)
expect_ok request scrub_registry "any line"
expect_equal $((epic_before + 1)) "$(epic)" "the epic number"
expect_equal $((commits_before + 1)) "$(metric mmfs_commits_total)" "the number of commits"
expect_equal "$points_before" "$(points)" "points"
expect_equal "UUID=$(number_uuid 3)
UUID=$(number_uuid 4)" "$(tail -n 2 "$MM/history" | jq -r 'select(.operation == "scrub_registry") | .id' | sort)" \
	"whom the history names"
expect_sound

# Nothing is left to do; nothing is counted.
expect_ok request scrub_registry 1
expect_equal $((epic_before + 1)) "$(epic)" "the epic number after doing it again"
expect_equal $((commits_before + 1)) "$(metric mmfs_commits_total)" "the number of commits after doing it again"

# Those who were forgotten are new ones: without names, mark and old volume name.
for n in 2 3 4; do
	attach "$n" "1$n"
done
settle
expect_equal name2 "$(links "${LOOP}12")" "the links of who was kept"
expect_equal "${guid[2]}" "$(cat "$(volume_folder "${LOOP}12")/guid")" "the GUID of who was kept"
expect_equal "${guid[1]}" "$(cat "$(volume_folder "${LOOP}01")/guid")" "the GUID of who was present"
for n in 3 4; do
	expect_equal "" "$(links "${LOOP}1$n")" "the links of who was forgotten"
	expect_match '^[-0-9a-f]{36}$' "$(cat "$(volume_folder "${LOOP}1$n")/guid")" "a GUID"
	[ "$(cat "$(volume_folder "${LOOP}1$n")/guid")" != "${guid[$n]}" ] || fail "the GUID was not forgotten"
	expect_equal 0 "$(cat "$(volume_folder "${LOOP}1$n")/no_drive_letter")" "the mark of who was forgotten"
done

# Durable; and so is what was not forgotten.
for n in 2 3 4; do
	detach "1$n"
done
expect_ok request create_point "link=again device=${LOOP}01"
settle
expect_ok request scrub_registry 1
kill_mmfs
start_mmfs
expect_equal "again
name1" "$(links "${LOOP}01")" "the links of who is present after a crash"
attach 3 13
settle
expect_equal "" "$(links "${LOOP}13")" "the links of who was forgotten after a crash"
expect_equal "${LOOP}12" "$(cat "$MM/ids/UUID=$(number_uuid 2)/last_device")" "the name of who is kept after a crash"

# Kept no longer, and forgotten while absent.
expect_ok request keep_links_when_offline "link=name2 keep=0"
expect_ok request scrub_registry 1
attach 2 02
settle
expect_equal "" "$(links "${LOOP}02")" "the links of who was kept no longer"

# A clone that made do with another ID, or none, does not come by the names of the absent owner.
make_image clone 1M swap "$(number_uuid 2)"
expect_ok request create_point "link=name2 device=${LOOP}02"
attach clone 05
settle
expect_match "DEVICE=\"${LOOP}05\" REASON=\"duplicate" "$(cat "$CTL/unprocessed")" "the clone"
expect_ok request scrub_registry 1
expect_equal name2 "$(links "${LOOP}02")" "the links of who has a clone"
expect_match "DEVICE=\"${LOOP}05\" REASON=\"duplicate" "$(cat "$CTL/unprocessed")" "the clone after scrubbing"

# Names of who was scrubbed are free at once, in the same write or the next.
expect_ok request create_point "link=name3 device=${LOOP}13"
detach 13
settle
expect_ok request scrub_registry 1
expect_ok request create_point "link=name3 device=${LOOP}01"
attach 3 13
settle
expect_equal "${LOOP}01" "$(readlink "$dos/name3")" "a name that another volume was given"

# Nobody is present, and all is forgotten.
for n in 01 02 05 13; do
	detach "$n"
done
settle
expect_ok request scrub_registry 1
restart_mmfs
for n in 1 2 3 4; do
	attach "$n" "0$n"
done
settle
expect_equal "" "$(links)" "the links after all was forgotten"
expect_equal 4 "$(wc -l <"$MM/points")" "the number of volume names"

stop_mmfs
