#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The daemon sleeps through more events than its buffers hold: it looks at everything again.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

count=200
first=${LOOP#/dev/loop}000
use_many "$first" "$count"
"$helpers/loops" add "$first" "$count"
settle_udevd

for monitor in udev kernel; do
	options=(monitor_buffer=65536 "monitor=$monitor" "devices=loop${first%000}???")
	start_mmfs "${options[@]}"
	"$helpers/loops" attach "$first" 50 "$TMP/many-"
	settle
	expect_many "$first" 50
	kill -STOP "$(server_pid)"
	"$helpers/loops" detach "$first" 50
	await lib_are_free "$first" 50
	"$helpers/loops" attach "$first" "$count" "$TMP/many-"
	"$helpers/loops" detach "$first" 100
	await lib_are_free "$first" 100
	settle_udevd
	kill -CONT "$(server_pid)"
	settle
	overruns=$(metric mmfs_overruns_total)
	echo "$monitor: $overruns overruns"
	[ "$overruns" -gt 0 ] || fail "no events were lost"
	expect_many "$((first + 100))" 100 100
	expect_sound
	before=$(points)
	restart_mmfs "${options[@]}"
	expect_equal "$before" "$(points)" "points after a start with the same devices"
	expect_equal 0 "$(metric mmfs_overruns_total)" "overruns of the new daemon"
	"$helpers/loops" detach "$first" "$count"
	await lib_are_free "$first" "$count"
	settle
	expect_equal "" "$(points)" "points after all have left"
	stop_mmfs
done
