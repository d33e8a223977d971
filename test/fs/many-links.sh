#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A volume with so many links that nobody is told of each: when it comes and goes, all of them do,
# for the kernel's caches, for listings and for readers of `events`; and links of others stay.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

count=4500 # more than 4096
# With them `points` is so long that the kernel asks for its name each time.
printf -v long '%0200d' 0
make_image a 1M swap "$(number_uuid 1)"
make_image b 1M swap "$(number_uuid 2)"
attach a 00
other=$device
attach b 01
many=$device

# As the kernel has them: every so many, looked up before or not; the list; points.
expect_links() # TARGET, "" for none
{
	local i shown=0

	[ -z "$1" ] || shown=$count
	for ((i = 0; i < count; i += 250)); do
		expect_equal "$1" "$(readlink "$MM/DosDevices/many-$i-$long" || true)" "many-$i"
	done
	expect_equal "$shown" "$(find "$MM/DosDevices" -name 'many-*' | wc -l)" "listed"
	expect_equal "$shown" "$(grep -c '"/DosDevices/many-' "$MM/points" || true)" "in points"
	expect_equal "$(wc -c <"$MM/points")" "$(stat -c %s "$MM/points")" "the size of points"
	expect_equal "$other" "$(readlink "$MM/DosDevices/other")" "the link of another volume"
}

create_many() # DEVICE
{
	local i

	for ((i = 0; i < count; i++)); do
		echo "link=many-$i-$long device=$1"
	done >"$CTL/create_point"
}

start_mmfs
cd "$MM/DosDevices"
# Who writes a great many lines does it in smaller pieces while others change something, too; not who comes
# when they are done.
line="device=$other state=on"
len=$((${#line} + 1))
request create_point "link=other device=$other"
exec {writer}>"$CTL/no_drive_letter"
expect_equal $((1000 * len)) "$("$helpers/hostile" lines - "$line" 1000 0>&"$writer")" "taken at once"
expect_equal $((1000 * len)) "$("$helpers/hostile" lines - "$line" 1000 0>&"$writer")" "taken at once, again"
request create_point "link=another device=$other"
expect_equal "$((256 * len)) $((256 * len)) $((256 * len)) $((232 * len))" \
	"$("$helpers/hostile" lines - "$line" 1000 0>&"$writer")" "taken while others come"
expect_equal $((1000 * len)) "$("$helpers/hostile" lines "$CTL/no_drive_letter" "$line" 1000)" "taken at once, of another"
exec {writer}>&-
request delete_points link=another
create_many "$many"
expect_links "$many"
size=$(stat -c %s "$MM/points")
[ "$size" -gt 1048576 ] || fail "points has only $size bytes"
request create_point "link=other-name device=$other"
[ "$(stat -c %s "$MM/points")" -gt "$size" ] || fail "points is as long as before a new name"
grep -q /DosDevices/other-name "$MM/points" || fail "a new name is not in points"
request delete_points "link=other-name"
expect_equal "$size" "$(stat -c %s "$MM/points")" "the size of points without that name"
exec {events}<"$MM/events"

detach 01
settle
expect_links ""
attach b 02
settle
expect_links "$device"
detach 02
settle
expect_links ""
attach b 01
settle
expect_links "$many"

# Who follows has lost what is about them, and hears of the rest.
request create_point "link=last device=$other"
while read -r -t 10 -u "$events" line; do
	[[ $line != *'"event":"overrun"'* ]] || lost=$(jq .lost <<<"$line")
	[[ $line != *'"link":"/DosDevices/many-'* ]] || fail "told of one: $line"
	[[ $line != *'"link":"/DosDevices/last"'* ]] || break
done
[[ $line == *'"link":"/DosDevices/last"'* ]] || fail "the last event is $line"
[ "$lost" -ge $((4 * count)) ] || fail "lost are ${lost:-none}"
exec {events}<&-

# From the start on, and for a volume that comes only later.
cd /
restart_mmfs
expect_links "$many"
stop_mmfs
detach 01
start_mmfs
expect_links ""
attach b 02
settle
expect_links "$device"

# All of them are deleted, at once: who can read it is told which, and readers of `events` that they
# have lost some. The kernel knows names of it, by here and by mounts/.
mkdir "$TMP/dir"
mkfs.ext4 -q -O ^has_journal -U "$(number_uuid 2)" "$device"
settle
mount "$device" "$TMP/dir"
settle
expect_equal "$TMP/dir" "$(readlink "$MM/mounts/many-0-$long")" "where it is mounted"
exec {events}<"$MM/events"
ask delete_points "device=$device" >"$TMP/reply"
expect_links ""
expect_equal "" "$(find "$MM/mounts" -name 'many-*')" "names of what is mounted"
expect_equal "$count" "$(grep -c 'LINK="/DosDevices/many-' "$TMP/reply")" "links that it replies with"
expect_ok sort -c "$TMP/reply"
read -r -t 10 -u "$events" line
expect_equal overrun "$(jq -r .event <<<"$line")" "the first event"
exec {events}<&-
expect_equal 1000 "$(grep -c '"operation":"delete_points"' "$MM/history")" "entries of it in history"

create_many "$device"
expect_links "$device"
request delete_points "device=$device"
expect_links ""
request create_point "link=Many-250-$long device=$other"
expect_equal "$other" "$(readlink "$MM/DosDevices/Many-250-$long")" "a name that is another's now"
expect_fail ENOENT readlink -v "$MM/DosDevices/many-250-$long"
request create_point "link=many-0 device=$device"
settle
umount "$TMP/dir"
restart_mmfs
expect_equal "many-0" "$(links "$device")" "links after a start"
expect_equal "$(printf '%s\n' "Many-250-$long" last other)" "$(links "$other")" "links of the other"

# So they do if all links of all volumes are deleted, and if a volume is forgotten.
for ((i = 0; i < count; i++)); do
	echo "link=more-$i device=$device"
done >"$TMP/more"
cat "$TMP/more" >"$CTL/create_point"
expect_equal $((count + 1)) "$(links "$device" | wc -l)" "links that are back"
request delete_points all=1
expect_equal "" "$(links)" "links of any volume"
cat "$TMP/more" >"$CTL/create_point"
detach 02
settle
request forget "id=UUID=$(number_uuid 2)"
restart_mmfs
attach b 01
settle
expect_equal "" "$(links)" "links of what was forgotten"
