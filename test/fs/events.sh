#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# events: what happens, as one line of JSON each, to any number of readers; and who is told of a
# change sees it.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

events=$MM/events
make_image a 1M swap "$(number_uuid 1)"
make_image b 16M ext4 "$(number_uuid 2)"
attach a 00
a=$device
id=UUID=$(number_uuid 1)
start_mmfs

is_said()
{
	grep -sqF "$2" "$1"
}

# Makes sure that the readers have read all: the last event is this.
mark()
{
	request create_point "link=mark-$1 device=$a"
}

# --- what is said --------------------------------------------------------------------------------

expect_equal "444 0 0:0 regular empty file" "$(stat -c '%a %s %u:%g %F' "$events")" "events itself"
! echo x 2>/dev/null >"$events" || fail "events can be written"
expect_fail EACCES setpriv --reuid=1234 --regid=1234 --clear-groups dd if=/dev/null of="$events" conv=notrunc
cat "$events" >"$TMP/all" &
reader=$!
await is_waiting $reader events
exec 3<"$events"
request create_point "X: $a"
request create_point "link=\"a \\\"quoted\\\" \$(name) nämé\" device=$a"
! request create_point "Y: $a" 2>/dev/null || fail "a second letter was given"
ln -s "$a" "$MM/DosDevices/one"
mv "$MM/DosDevices/one" "$MM/DosDevices/two"
rm "$MM/DosDevices/two"
setpriv --reuid=1234 --regid=1234 --clear-groups cat "$events" >"$TMP/late" &
late=$!
await is_waiting $late events
request delete_points link=X:
attach b 01
b=$device
settle
mkdir "$TMP/dir"
mount "$b" "$TMP/dir"
settle
umount "$TMP/dir"
settle
detach 01
settle
mark 1
for file in all late; do
	await is_said "$TMP/$file" '"/DosDevices/mark-1"'
done

summary()
{
	jq -r '[.event, .link, .device] | map(select(.) | gsub("Volume{.*}"; "Volume{}")) | join(" ")' "$1"
}
jq -e . "$TMP/all" >/dev/null || fail "that is not JSON"
expect_equal "$(seq "$(head -n 1 "$TMP/all" | jq .seq)" "$(tail -n 1 "$TMP/all" | jq .seq)")" \
	"$(jq .seq "$TMP/all")" "the numbers of the events"
expect_equal "$(jq -r .time "$TMP/all" | sort)" "$(jq -r .time "$TMP/all")" "the order of times"
expect_equal "$(jq .epic "$TMP/all" | sort -n)" "$(jq .epic "$TMP/all")" "the order of epic numbers"
expect_equal "$(epic)" "$(tail -n 1 "$TMP/all" | jq .epic)" "the last epic number"
expect_equal "" "$(grep -vE '^\{"seq":[0-9]+,"epic":[0-9]+,"time":"[-0-9]{10}T[0-9:]{8}[.][0-9]{6}Z","event":"[-a-z]+".*\}$' \
	"$TMP/all" || true)" "lines of another form"
nowhere=" " # its links lead nowhere from the moment it is gone, and go when that is written down
expect_equal "link-created /DosDevices/X: $a
link-created /DosDevices/a \"quoted\" \$(name) nämé $a
link-created /DosDevices/one $a
link-deleted /DosDevices/one $a
link-created /DosDevices/two $a
link-deleted /DosDevices/two $a
link-deleted /DosDevices/X: $a
volume-arrived $b
link-created /Volumes/Volume{} $b
mounted $b
unmounted $b
volume-removed $b
link-deleted /Volumes/Volume{}$nowhere
link-created /DosDevices/mark-1 $a" "$(summary "$TMP/all" | grep -v '^volume-changed')" "the events"
expect_equal "$(tail -n "$(wc -l <"$TMP/late")" "$TMP/all")" "$(cat "$TMP/late")" "what a later reader got"
expect_equal "link-deleted /DosDevices/X: $a" "$(summary "$TMP/late" | sed -n 1p)" "the first that it got"
expect_equal "$id" "$(head -n 1 "$TMP/all" | jq -r .id)" "the ID of the first event"
expect_equal "$TMP/dir" "$(grep '"mounted"' "$TMP/all" | jq -r .path)" "the path of the mount"
# Who has not read yet loses nothing, however small the pieces.
expect_equal "$(cat "$TMP/all")" "$(timeout 10 dd bs=7 count=100000 iflag=nonblock <&3 2>/dev/null || true)" \
	"what is read in pieces of seven bytes"
exec 3<&-
kill $late
await_end $late

# --- ways of waiting -----------------------------------------------------------------------------

for way in poll select epoll edge; do
	"$helpers/waiters" $way "$events" 3 >"$TMP/$way" &
	pid=$!
	for n in 1 2 3; do
		await eval '[ -e "$TMP/$way" ] && [ "$(wc -l <"$TMP/$way")" -ge $n ]'
		mark "$way-$n"
	done
	await_end $pid
	expect_equal 0 "$status" "the status of a client by $way"
	expect_equal "$(printf '/DosDevices/mark-%s\n' $way-1 $way-2 $way-3)" \
		"$(tail -n +2 "$TMP/$way" | jq -r .link)" "what a client by $way has read"
done
for way in flags signal; do
	"$helpers/waiters" $way "$events" >"$TMP/$way" &
	pid=$!
	await is_said "$TMP/$way" waiting
	await is_waiting $pid events
	mark $way
	await_end $pid
	expect_equal 0 "$status" "the status of the test of $way"
	expect_equal "/DosDevices/mark-$way" "$(tail -n +2 "$TMP/$way" | jq -r .link)" \
		"what the test of $way has read"
done
sh -c 'while read -r line; do printf "%s\n" "$line"; done' <"$events" >"$TMP/loop" &
pid=$!
await is_waiting $pid events
mark loop-1
mark loop-2
await is_said "$TMP/loop" '"/DosDevices/mark-loop-2"'
expect_equal "/DosDevices/mark-loop-1
/DosDevices/mark-loop-2" "$(jq -r .link "$TMP/loop")" "what a loop has read"
kill -KILL $pid
await_end $pid
timeout 20 grep -m 1 '"/DosDevices/mark-grep"' "$events" >"$TMP/grep" &
pid=$!
until lib_is_ended $pid; do
	request create_point "link=mark-grep device=$a" 2>/dev/null || request delete_points "link=/DosDevices/mark-grep"
done
await_end $pid
expect_equal 0 "$status" "the status of grep -m 1"

# --- who reads no more ---------------------------------------------------------------------------

memory()
{
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$(server_pid)/status"
}

per_write=1000
for ((i = 0; i < per_write; i++)); do
	echo "link=many-$i"
done >"$TMP/delete"
sed "s|\$| device=$a|" "$TMP/delete" >"$TMP/create"
cat "$TMP/create" >"$CTL/create_point"
cat "$TMP/delete" >"$CTL/delete_points"
exec 3<"$events" # reads only later
cat "$events" >"$TMP/quick" &
pid=$!
await is_waiting $pid events
before=$(memory)
has_read()
{
	[ "$(wc -l <"$TMP/quick")" = "$1" ]
}
for i in {1..25}; do
	cat "$TMP/create" >"$CTL/create_point"
	cat "$TMP/delete" >"$CTL/delete_points"
	await has_read $((i * 2 * per_write)) # 4096 behind, and it would lose some
done
began=${EPOCHREALTIME/./}
mark quick
await is_said "$TMP/quick" '"/DosDevices/mark-quick"'
echo "the other reader knows after $(((${EPOCHREALTIME/./} - began) / 1000)) ms"
after=$(memory)
echo "50,000 events: $before KiB before, $after KiB after"
is_sanitized || [ $((after - before)) -lt 4096 ] || fail "a reader that does not read takes memory"
total=$((2 * 25 * per_write + 1))
expect_equal "" "$(grep -m 1 overrun "$TMP/quick" || true)" "what the other reader lost"
expect_equal $total "$(wc -l <"$TMP/quick")" "events that the other reader got"
timeout 20 dd bs=64k iflag=nonblock <&3 >"$TMP/slow" 2>/dev/null || true
expect_equal "overrun $((total - 4096))" "$(head -n 1 "$TMP/slow" | jq -r '"\(.event) \(.lost)"')" \
	"the first line of the reader that did not read"
expect_equal "$(tail -n 4096 "$TMP/quick")" "$(tail -n +2 "$TMP/slow")" "what it reads after that"
expect_equal $(($(sed -n 2p "$TMP/slow" | jq .seq) - 1)) "$(head -n 1 "$TMP/slow" | jq .seq)" \
	"the number of the line about what was lost"
exec 3<&-
kill $pid $reader
await_end $pid
await_end $reader
stop_mmfs

# --- who is told of a change sees it -------------------------------------------------------------

for cache in on off; do
	start_mmfs "cache=$cache"
	echo "cache=$cache:"
	expect_ok timeout 300 "$helpers/waiters" told "$MM" "$a" "${ROUNDS:-250}"
	stop_mmfs
done
