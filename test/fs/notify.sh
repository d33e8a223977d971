#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# control/change_notify: reads wait for changes of the database, in every way of waiting there is,
# and nothing but such a change ends the wait, or a signal, or the end.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
require dash

notify=$CTL/change_notify
make_image a 1M swap "$(number_uuid 1)"
make_image b 1M swap "$(number_uuid 2)"
attach a 00
a=$device
start_mmfs

changes=0
change()
{
	changes=$((changes + 1))
	request create_point "link=change-$changes device=$a"
}

ends_with()
{
	[ "$(tail -n 1 "$1")" = "$2" ]
}

has_lines()
{
	[ -e "$1" ] && [ "$(wc -l <"$1")" -ge "$2" ]
}

# --- loops of shells, and what counts as a change ------------------------------------------------

expect_equal "666 0 0:0" "$(stat -c '%a %s %u:%g' "$notify")" "mode, size and owner of change_notify"
declare -A loops
for shell in bash dash; do
	# shellcheck disable=SC2016
	"$shell" -c 'while read -r n <&3; do echo "$n"; done 3<"$1"' - "$notify" \
		>"$TMP/$shell" 2>"$TMP/$shell-errors" &
	loops[$shell]=$!
done

# All loops go round once, and no more often.
lines=0
expect_round()
{
	lines=$((lines + 1))
	for shell in bash dash; do
		await has_lines "$TMP/$shell" "$lines"
	done
	expect_no_round
	expect_equal "$(epic)" "$(tail -n 1 "$TMP/bash")" "the number that was read"
}

expect_no_round()
{
	request query_points ""
	for shell in bash dash; do
		expect_equal "$lines" "$(wc -l <"$TMP/$shell")" "rounds of $shell"
	done
}

expect_round
change
expect_round
request delete_points link=/DosDevices/change-1
expect_round
ln -s "$a" "$MM/DosDevices/one"
expect_round
mv "$MM/DosDevices/one" "$MM/DosDevices/two"
expect_round
rm "$MM/DosDevices/two"
expect_round
attach b 01
settle
expect_round
printf 'link=%s device=%s\n' one "$a" two "$a" three "$a" >"$TMP/several"
cat "$TMP/several" >"$CTL/create_point"
expect_round

detach 01
settle
expect_no_round
attach b 02
settle
expect_no_round
! request create_point "link=one device=$a" 2>/dev/null || fail "a name was given twice"
! rm "$MM/DosDevices/missing" 2>/dev/null || fail "a name that is not there was removed"
! echo nonsense 2>/dev/null >"$notify" || fail "nonsense was taken"
request query_points "device=$a"
cat "$MM/points" "$MM/history" "$MM/metrics" >/dev/null
expect_no_round
detach 02
for shell in bash dash; do
	expect_equal "$(sort -nu "$TMP/$shell")" "$(cat "$TMP/$shell")" "the numbers that $shell read"
	kill "${loops[$shell]}"
	await_end "${loops[$shell]}"
done

# --- epic=N --------------------------------------------------------------------------------------

# One line of stdin, and no more; head(1) would want to seek.
take()
{
	timeout 10 dash -c 'read -r line && printf "%s\n" "$line"'
}

# A read waits, whatever else is answered, until it is interrupted.
expect_wait()
{
	local pid

	cat <&3 >"$TMP/waits" &
	pid=$!
	await is_waiting $pid control/change_notify
	request query_points ""
	kill $pid
	await_end $pid
	expect_equal "" "$(cat "$TMP/waits")" "what a read that waits got"
}

exec 3<>"$notify"
now=$(epic)
echo "epic=$now" >&3
expect_wait
echo "epic=$((now - 1))" >&3
expect_equal "$now" "$(take <&3)" "the number after an old one"
expect_wait
echo "epic=0" >&3
expect_equal "$now" "$(take <&3)" "the number after none"
echo "epic=4294967295" >&3
expect_equal "$now" "$(take <&3)" "the number after one to come"
echo "epic=$now" >&3
change
expect_equal "$((now + 1))" "$(take <&3)" "the number after a change"
timeout 10 dd bs=1 count=1 <&3 >/dev/null 2>&1 & # one byte of a line, and then the rest
pid=$!
change
await_end "$pid"
expect_equal 0 "$status" "the status of a read of one byte"
now=$(epic)
expect_equal "${now:1}" "$(take <&3)" "the rest of the line"
expect_wait
for word in epic= epic=x epic=-1 epic=4294967296 5 "epic=1 epic=2" "link=X:" ""; do
	expect_refused EINVAL change_notify "$word"
done
! echo epic=x 2>/dev/null >&3 || fail "epic=x was taken"
expect_match "number" "$(take <&3)" "the reply to epic=x"
exec 3>&-
expect_equal "$(epic)" "$(take <"$notify")" "the first number"
# shellcheck disable=SC2016
expect_equal "$(epic)" "$(setpriv --reuid=1234 --regid=1234 --clear-groups \
	timeout 10 dash -c 'read -r n <"$1" && echo "$n"' - "$notify")" "the number as others read it"

# --- poll and the like, flags, signals -----------------------------------------------------------

for way in poll select epoll edge; do
	"$helpers/waiters" $way "$notify" 3 >"$TMP/$way" &
	pid=$!
	for n in 1 2 3; do
		await has_lines "$TMP/$way" $n
		change
	done
	await_end $pid
	expect_equal 0 "$status" "the status of a client by $way"
	expect_equal "$(printf '%s\n' waiting $(($(epic) - 2)) $(($(epic) - 1)) "$(epic)")" \
		"$(cat "$TMP/$way")" "what a client by $way has read"
done
for way in flags signal; do
	"$helpers/waiters" $way "$notify" >"$TMP/$way" &
	pid=$!
	await has_lines "$TMP/$way" 1
	await is_waiting $pid control/change_notify
	change
	await_end $pid
	expect_equal 0 "$status" "the status of the test of $way"
	expect_equal "waiting
$(epic)" "$(cat "$TMP/$way")" "what the test of $way has read"
done
for signal in INT TERM KILL; do
	env --default-signal=INT cat "$notify" >"$TMP/$signal" &
	pid=$!
	await has_lines "$TMP/$signal" 1
	await is_waiting $pid control/change_notify
	kill -$signal $pid
	await_end $pid
	expect_equal $((128 + $(kill -l $signal))) "$status" "the status of cat after SIG$signal"
	expect_equal "$(epic)" "$(cat "$TMP/$signal")" "what cat has read before SIG$signal"
done
# Two processes that share an open file: both wait, both can be ended, both are woken.
exec 3<"$notify"
take <&3 >/dev/null
cat <&3 >"$TMP/first" &
first=$!
cat <&3 >"$TMP/second" &
second=$!
cat <&3 >/dev/null &
third=$!
exec 3<&-
for pid in $first $second $third; do
	await is_waiting "$pid" control/change_notify
done
kill -KILL $third
await_end $third
have_read()
{
	[ "$(cat "$TMP/first" "$TMP/second" | wc -l)" -ge "$1" ]
}
change
await have_read 1
change
await have_read 2
kill $first $second
await_end $first
await_end $second

# --- many ----------------------------------------------------------------------------------------

# The daemon's processor time, in ns.
get_cpu()
{
	awk '{ sum += $1 } END { printf "%.0f\n", sum }' "/proc/$(server_pid)/task/"*/schedstat
}

# What some requests cost it, in µs: with everything else that it does meanwhile.
get_cost()
{
	local before

	before=$(get_cpu)
	for _ in {1..500}; do
		request query_points ""
	done
	echo $((($(get_cpu) - before) / 1000))
}

crowd=1000
gather()
{
	: >"$TMP/crowd"
	"$helpers/waiters" crowd "$notify" $crowd >"$TMP/crowd" &
	pid=$!
	await has_lines "$TMP/crowd" 1
	await is_waiting "$pid" control/change_notify "$crowd"
}

alone=$(get_cost)
gather
cost=$(get_cost)
echo "500 requests: $alone µs of processor time, $cost µs with $crowd waiting clients"
[ "$cost" -lt $((2 * alone + 50000)) ] || fail "waiting takes processor time"
change
await_end $pid
expect_equal 0 "$status" "the status of the crowd"
tail -n 1 "$TMP/crowd"
expect_match "^$crowd woken.*: $(epic)\$" "$(tail -n 1 "$TMP/crowd")" "what the crowd said"
gather
kill -KILL $pid
await_end $pid
change

# --- the end -------------------------------------------------------------------------------------

# Everybody who waits is let go when the daemon ends so.
ends_by()
{
	local pids=() pid began daemon=$mmfs_pid

	rm -f "$TMP/number" "$TMP/poll"
	cat "$notify" >"$TMP/number" 2>"$TMP/errors-notify" &
	pids+=($!)
	await has_lines "$TMP/number" 1
	await is_waiting $! control/change_notify
	cat "$MM/events" >/dev/null 2>"$TMP/errors-events" &
	pids+=($!)
	await is_waiting $! events
	"$helpers/waiters" poll "$notify" 2 >"$TMP/poll" 2>&1 &
	pids+=($!)
	await has_lines "$TMP/poll" 1
	expect_fail - umount "$MM"
	began=${EPOCHREALTIME/./}
	"$@"
	await_end "$daemon"
	mmfs_pid=
	expect_equal 0 "$status" "the status of the daemon"
	for pid in "${pids[@]}"; do
		await_end "$pid"
		[ "$status" != 0 ] || fail "a wait has ended well"
	done
	echo "$*: all ended after $(((${EPOCHREALTIME/./} - began) / 1000)) ms: $(cat "$TMP/errors-notify")"
	for file in notify events; do
		expect_match 'No such device|Interrupted' "$(cat "$TMP/errors-$file")" "what cat said"
	done
	expect_equal 0 "$(count_mounts)" "mounts that are left"
}

ends_by kill -TERM "$mmfs_pid"
start_mmfs
ends_by umount -l "$MM"
start_mmfs
ends_by fusermount3 -u -z "$MM"
