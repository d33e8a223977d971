#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# 200 devices come and go at once, and the daemon is told to look at all of them again meanwhile. The
# tree is right afterwards, and the memory is given back.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

count=200
first=${LOOP#/dev/loop}000
use_many "$first" "$count"
storm_devices="devices=loop${first%000}???"
"$helpers/loops" add "$first" "$count"

get_rss()
{
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$(server_pid)/status"
}

start_mmfs "$storm_devices"
rounds=${ROUNDS:-$(plain_or_sanitized 9 3)}
for ((round = 1; round <= rounds; round++)); do
	"$helpers/loops" attach "$first" "$count" "$TMP/many-" &
	kill -HUP "$mmfs_pid"
	wait $!
	kill -HUP "$mmfs_pid"
	settle
	expect_many "$first" "$count"
	full=$(get_rss)
	kill -HUP "$mmfs_pid"
	"$helpers/loops" detach "$first" "$count"
	await lib_are_free "$first" "$count"
	settle
	expect_equal "" "$(points)" "points after all have left"
	expect_equal "" "$(ls "$MM/devices" "$MM/ids" | grep -v :$ || true)" "what is left of them"
	empty=$(get_rss)
	echo "round $round: RSS $full KiB with $count volumes, $empty KiB without"
	# The first rounds fill what is kept on purpose: the names, the history, events, SQLite's cache.
	[ "$round" != 7 ] || base=$empty
done
is_sanitized || [ "$empty" -le $((base * 11 / 10)) ] || fail "RSS grew from $base to $empty KiB"

# Attached and detached before anybody has looked: what is left is what is there.
"$helpers/loops" attach "$first" "$count" "$TMP/many-"
"$helpers/loops" detach "$first" "$((count / 2))"
await lib_are_free "$first" "$((count / 2))"
settle
expect_many "$((first + count / 2))" "$((count / 2))" "$((count / 2))"
expect_sound
expect_fresh "$storm_devices"
before=$(points)
restart_mmfs "$storm_devices"
expect_equal "$before" "$(points)" "points after a start with the same devices"
stop_mmfs
