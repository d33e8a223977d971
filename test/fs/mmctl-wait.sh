#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mmctl: letters and settings, explain and verify, events and waits, a daemon that ends, many links.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-mmctl.sh"
require jq mkfs.ext4 mkswap

attach_two
make_image clone 4M swap "${id_b#UUID=}"
make_image blank 4M blank
attach blank 04
start_mmfs
mmctl create X: "$a"
mmctl create backup "$b"

# Partitions are on their disk.
if command -v sfdisk partx >/dev/null; then
	make_image disk 64M blank
	echo 'label: gpt
size=16M
size=16M' | sfdisk -q "$TMP/disk"
	attach disk 06
	partx -a "${LOOP}06"
	settle
	expect_equal "${LOOP#/dev/}06p1 ${LOOP#/dev/}06p2" "$(mmctl tree -J |
		jq -r ".machine[0].children[] | select(.name == \"${LOOP#/dev/}06\").children | map(.name) | join(\" \")")" \
		"the partitions of a disk in the tree"
	expect_match "PARTUUID=" "$(mmctl explain "${LOOP}06p1")" "what explain says of a partition"
	expect_match "is no volume" "$(mmctl explain "${LOOP}06")" "what explain says of its disk"
	await partx -d "${LOOP}06"
	detach 06
	settle
fi

# --- letters and settings --------------------------------------------------------------------------

expect_equal "X: 0" "$(mmctl next-letter "$a" -n | tr -s ' ')" "the letter that was there"
expect_equal "on" "$(mmctl auto -n)" "auto"
expect_ok mmctl auto off
expect_equal "off" "$(mmctl auto -J | jq -r '.auto[0].auto')" "auto"
expect_ok mmctl auto on
expect_ok mmctl auto letters
expect_exit 2 "auto takes" mmctl auto maybe
expect_ok mmctl keep backup off
expect_equal 0 "$(mmctl query backup -n -o KEEP | tr -d ' ')" "whether links are kept"
expect_exit 2 "keep takes" mmctl keep backup maybe
expect_ok mmctl scrub
[ -e "$CTL/volume_mount_point_created" ] ||
	expect_exit 1 "no control/volume_mount_point_created" mmctl mount-point add "$TMP" X:
expect_exit 2 "mount-point takes list" mmctl mount-point remove "$TMP"
expect_exit 2 "mount-point takes list" mmctl mount-point add "$TMP"
printf '%s\n' "create_point link=b1 device=$a" "create_point link=b2 device=$a" | expect_ok mmctl batch
expect_equal "$a" "$(readlink "$MM/DosDevices/b2")" "what a batch has made"
printf '%s\n' "delete_points link=b1" "create_point link=b2 device=$a" >"$TMP/batch"
expect_exit 1 "cannot run the batch: .*line 2" mmctl batch "$TMP/batch"
expect_equal "$a" "$(readlink "$MM/DosDevices/b1")" "what a batch that failed has left"
printf '%s\n' "delete_points link=b1" commit >"$TMP/batch"
expect_exit 1 "commit. is added" mmctl batch "$TMP/batch"

# --- explain and verify ----------------------------------------------------------------------------

explained=$(mmctl explain X: -J)
expect_equal "$a|$id_a|ext4|used|${id_a#UUID=}" "$(jq -r '[.device, .id, .fstype, .schemes[0].result, .schemes[0].probe] | join("|")' \
	<<<"$explained")" "what explain says"
expect_equal "$(cat "$(volume_folder "$a")/links")" "$(jq -r '.links[]' <<<"$explained")" "the names that explain lists"
attach clone 03
settle
expect_match "is no volume: duplicate of $b" "$(mmctl explain "${LOOP}03")" "what explain says of a clone"
expect_match "taken by $b" "$(mmctl explain "${LOOP}03")" "what explain says of its identity"
expect_match "no content" "$(mmctl explain "${LOOP}04")" "what explain says of a blank device"
expect_exit 1 "no volume of that name" mmctl explain nothing
expect_equal "/DosDevices/X: is $a, which has $id_a" "$(mmctl verify X:)" "what verify says"
expect_exit 1 "not to be relied on: no volume" mmctl verify nothing
# Nobody is told that the medium has changed.
mkswap -q -f -U 99999999-0000-0000-0000-000000000000 "$TMP/a" 2>/dev/null
blockdev --flushbufs "$a"
expect_equal "$a" "$(readlink "$MM/DosDevices/X:")" "the link to a volume that is another one now"
expect_exit 1 "$a should have $id_a and has UUID=99999999-0000-0000-0000-000000000000" mmctl verify X:

# --- events, wait, settle --------------------------------------------------------------------------

expect_ok mmctl settle
is_said()
{
	grep -sqF "$2" "$1"
}
pids=()
for format in -b -J -P; do
	"$MMCTL" -m "$MM" events $format >"$TMP/events$format" &
	pids+=($!)
done
is_polling()
{
	[[ $(cat "/proc/$1/wchan" 2>/dev/null) == *poll* ]] || grep -sq poll "/proc/$1/stack"
}
for pid in "${pids[@]}"; do
	await is_polling "$pid"
done
expect_ok mmctl create 'heard "of"' "$b"
await is_said "$TMP/events-J" 'heard \"of\"'
await is_said "$TMP/events-P" 'LINK="/DosDevices/heard \x22of\x22"'
await is_said "$TMP/events-b" '/DosDevices/heard "of"'
expect_equal "link-created" "$(jq -r .event "$TMP/events-J")" "the event"
kill "${pids[@]}"
for pid in "${pids[@]}"; do
	await_end "$pid"
done

expect_ok mmctl wait backup
expect_ok mmctl wait "$id_b" --timeout 0
expect_ok mmctl wait "$b" --timeout 0
expect_exit 1 "later has not appeared within 0.2 s" mmctl wait later --timeout=0.2
expect_ok mmctl wait BACKUP --timeout 0
expect_ok mmctl settle --timeout=60
# What can never be is refused at once.
for word in UUID= UUID=0000-0000 SERIAL=00000000 /etc/passwd /dev/null /dev/ /dev/../etc/passwd ./x LABEL= \
	"$(printf 'l%.0s' {1..300})" a/../b '/Volumes/x'; do
	expect_exit 2 "can|names no" mmctl wait "$word"
done
# A path to a node means the node, for each command: a symlink in any folder, one from where the case is, and
# that of the volume's folder.
ln -s "$b" "$TMP/to-b"
ln -s to-b "$TMP/to-to-b"
links_b=$(mmctl list "$b")
(
	cd "$TMP"
	for word in "$TMP/to-to-b" ./to-b "../${TMP##*/}/to-to-b" "$MM/ids/$id_b/device" "mnt/ids/$id_b/device" "$MM/ids/$id_b/" \
		"$MM/devices/${b#/dev/}/" "$MM/devices/${b#/dev/}/device" "/ids/$id_b/device"; do
		expect_ok mmctl wait "$word" --timeout=0
		for command in query list; do
			expect_equal "$links_b" "$(mmctl $command "$word")" "the links of $word by $command"
		done
		expect_equal "$(mmctl tree "$b")" "$(mmctl tree "$word")" "the tree of $word"
		expect_ok mmctl create by-path "$word"
		expect_equal "$b" "$(readlink "$MM/DosDevices/by-path")" "a link made by $word"
		mmctl -q delete by-path
	done
)
# So it does while there is none yet, but no file does.
ln -s "${LOOP}08" "$TMP/to-come"
ln -s "$TMP/to-come" "$TMP/to-to-come"
expect_exit 1 "to-to-come has not appeared" mmctl wait "$TMP/to-to-come" --timeout=0
expect_exit 1 "has not appeared" mmctl wait "$MM/ids/UUID=0123-4567/device" --timeout=0
ln -s /etc/passwd "$TMP/to-file"
ln -s "$TMP/to-nothing" "$TMP/to-loop"
ln -s "$TMP/to-loop" "$TMP/to-nothing"
for word in "$TMP/to-file" "$TMP/to-loop" "$MM/ids/$id_b/label"; do
	expect_exit 2 "can never be the node" mmctl wait "$word"
done
"$MMCTL" -m "$MM" wait later --timeout=60 &
pid=$!
await is_polling $pid
expect_ok mmctl create later "$b"
await_end $pid
expect_equal 0 "$status" "the status of a wait for a link"
# One that is kept for an absent volume does not count.
expect_ok mmctl keep later
detach 03
detach 02
settle
expect_exit 1 "not appeared" mmctl wait later --timeout=0.1
"$MMCTL" -m "$MM" wait later &
pid=$!
await is_polling $pid
attach b 05
await_end $pid
expect_equal 0 "$status" "the status of a wait for a volume"
expect_equal "${LOOP}05" "$(readlink "$MM/DosDevices/later")" "the device after the wait"
# What is a link as long as there is no device of that name is a device then; by its label, too.
detach 05
settle
make_image films 4M swap 77777777-2222-3333-4444-555555555555 films
pids=()
for word in "${LOOP#/dev/}07" "${LOOP}07" UUID=77777777-2222-3333-4444-555555555555 LABEL=films; do
	"$MMCTL" -m "$MM" wait "$word" --timeout=60 &
	pids+=($!)
	await is_polling $!
done
attach films 07
for pid in "${pids[@]}"; do
	await_end "$pid"
	expect_equal 0 "$status" "the status of a wait for a disk that was not here"
done
attach b 05
settle
# Created and awaited at the same time, many times.
for i in {1..40}; do
	"$MMCTL" -m "$MM" wait "race-$i" --timeout=20 &
	pid=$!
	ln -s "${LOOP}05" "$MM/DosDevices/race-$i"
	wait $pid || fail "a wait has missed the link, run $i"
done
# When the daemon ends, so do those who wait.
"$MMCTL" -m "$MM" wait nothing 2>"$TMP/ended" &
pid=$!
await is_polling $pid
umount -l "$MM"
await_end $pid
expect_equal 3 "$status" "the status of a wait when mmfs ends: $(cat "$TMP/ended")"
await_end "$mmfs_pid"
mmfs_pid=

# A dead daemon is as good as none.
start_mmfs
kill_mmfs keep
expect_exit 3 'has ended' mmctl list
umount -l "$MM"

# --- many links ------------------------------------------------------------------------------------

start_mmfs
for ((i = 0; i < 10000; i++)); do
	echo "link=many-$i device=${LOOP}05"
done | cat >"$CTL/create_point"
elapsed()
{
	local began=${EPOCHREALTIME/./} i

	for i in 1 2 3 4 5; do
		"$@" >/dev/null
	done
	echo $(((${EPOCHREALTIME/./} - began) / 5))
}
expect_equal "$(points | wc -l)" "$(mmctl list -n | wc -l)" "the number of lines"
cat_time=$(elapsed cat "$MM/points")
list_time=$(elapsed mmctl list)
json_time=$(elapsed mmctl list -J)
echo "10,000 links: cat points $cat_time us, mmctl list $list_time us ($((list_time * 100 / cat_time)) %), list -J $json_time us"
stop_mmfs
