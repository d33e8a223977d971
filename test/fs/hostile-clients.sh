#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A user who does all at once what might harm: the daemon goes on serving root, does not grow, loses no
# reply, and ends when it is told to.
#
# HOSTILE_SECONDS=600 for long. From 120 on it is measured in earnest, on a machine that has nothing else to
# do: of a hundred creates root makes, one at most may take 20 ms more than without the attack. The daemon has
# the priority that it has as a service; at that of the attackers it waits for them to leave it a processor.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
require setpriv

seconds=${HOSTILE_SECONDS:-8}
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
stalled=$TMP/stalled
server=
storms=()
mkdir "$stalled"
truncate -s 1M "$TMP/page"
make_image a 1M swap "$(number_uuid 1)"
attach a 00
for i in {1..200}; do
	echo "link=name$i device=$device"
done >"$TMP/names"

at_end()
{
	[ -z "$server" ] || kill -CONT "$server"
	[ ${#storms[@]} = 0 ] || kill -KILL "${storms[@]}" 2>/dev/null || true
}

"$helpers/stall-image" "$TMP/page" -f -o allow_other "$stalled" </dev/null >/dev/null 2>&1 &
server=$!
await test -f "$stalled/image"

memory()
{
	awk -v what="$1:" '$1 == what { print $2 }' "/proc/$(server_pid)/status"
}

is_in_state()
{
	local stat

	read -r stat <"/proc/$2/stat"
	[[ ${stat##*) } == "$1"* ]]
}

# What root has of it, µs: the median, the 99th percentile, the longest
measure()
{
	local count median most longest

	read -r count median most longest < <("$helpers/hostile" creates "$MM" "$device" "$1")
	[ -n "$longest" ] || fail "root's creates have failed"
	waited=$most
	echo "$2: $count creates, median $median, 99 % $most, longest $longest µs"
	[ "$most" -lt 2000000 ] || fail "root's creates take $most µs"
}

start_mmfs
priority=$(sed -n 's/^Nice=//p' "$(dirname "$0")/../../contrib/systemd/mmfs.service.in")
for task in "/proc/$mmfs_pid/task"/*; do
	renice -n "${HOSTILE_NICE-$priority}" -p "${task##*/}" >/dev/null
done
expect_ok cat "$TMP/names" >"$CTL/create_point"
points >/dev/null
measure 2 "alone"
waited_alone=$waited
idle=$(memory VmRSS)

for kind in newlines long queries all paths settle settle metrics points log; do
	"${nobody[@]}" "$helpers/hostile" storm "$kind" "$MM" </dev/null >/dev/null 2>&1 &
	storms+=("$!")
done
mkfifo "$TMP/hold"
exec {hold}<>"$TMP/hold"
"${nobody[@]}" "$helpers/hostile" open "$CTL/query_points" 524288 <"$TMP/hold" >"$TMP/opened" &
storms+=("$!")
"${nobody[@]}" "$helpers/hostile" replies "$CTL/query_points" "device=$device" 524288 <"$TMP/hold" >"$TMP/replies" &
storms+=("$!")
for file in "$CTL/change_notify" "$MM/events"; do
	"${nobody[@]}" "$helpers/hostile" wait "$file" 1000 <"$TMP/hold" >/dev/null &
	storms+=("$!")
done
for call in "getdents $MM" "getdents $MM/DosDevices" "write $CTL/query_points" "write $CTL/settle" \
	"read $MM/points" "ioctl $MM/MountPointManager"; do
	# shellcheck disable=SC2086
	"${nobody[@]}" "$helpers/hostile" stall $call "$stalled/image" >/dev/null 2>&1 &
	await is_in_state T "$!"
	stalls+=("$!")
	storms+=("$!")
done
kill -STOP "$server"
await is_in_state T "$server"
kill -CONT "${stalls[@]}"

measure "$seconds" "under attack"
[ "$seconds" -lt 120 ] || [ $((waited - waited_alone)) -le 20000 ] ||
	fail "root waits $waited µs under attack, and $waited_alone without"
peak=$(memory VmHWM)
echo "memory: $idle KiB idle, at most $peak KiB under attack; open files: $(cat "$TMP/opened")"
is_sanitized || [ $((peak - idle)) -lt 65536 ] || fail "the daemon has grown by $((peak - idle)) KiB"
expect_equal 200 "$(links | grep -c '^name')" "the links"
expect_match 'LINK="/DosDevices/name7"' "$(timeout 10 "$helpers/waiters" later "$CTL/query_points" $'link=name7\n' 5000)" \
	"a reply to root"
expect_match 'name7' "$(timeout 10 cat "$CTL/query_points")" "all points"

before=$SECONDS
kill -TERM "$mmfs_pid"
await_end "$mmfs_pid"
expect_equal 0 "${status:-0}" "the status of the daemon"
echo "the daemon has ended after $((SECONDS - before)) s"
[ $((SECONDS - before)) -le 5 ] || fail "the daemon has taken $((SECONDS - before)) s to end"
mmfs_pid=
kill -CONT "$server"
kill -KILL "${storms[@]}" 2>/dev/null || true
for pid in "${storms[@]}"; do
	await_end "$pid"
done
storms=()
exec {hold}>&-
await umount -q "$stalled"
await_end "$server"
server=
start_mmfs
expect_equal 200 "$(links | grep -c '^name')" "the links after a restart"
stop_mmfs
