#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the system has no more of costs a warning that names the limit, and not the start.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

make_image a 1M swap "$(number_uuid 1)"
make_image b 1M swap "$(number_uuid 2)"
attach a 01
settle_udevd

is_present()
{
	grep -q "DEVICE=\"$1\"" "$MM/points"
}

# SYSCALL OPTION
start_without()
{
	: >"$LOG"
	"$helpers/deny" "$1" "$MMFS" -f "$MM" -o "db=$DB,devices=$DEVICES,$2" 2>>"$LOG" &
	mmfs_pid=$!
	await_mount
}

check() # SYSCALL LIMIT
{
	local monitor

	for monitor in udev kernel; do
		start_without "$1" "monitor=$monitor"
		is_present "${LOOP}01" || fail "a volume is missing ($monitor)"
		attach b 02
		settle_udevd
		await is_present "${LOOP}02"
		detach 02
		stop_mmfs
		expect_equal 1 "$(grep -c "cannot have another .*($2 is [0-9]*): " "$LOG")" "warnings"
		expect_equal 2 "$(wc -l <"$LOG")" "messages, with that of the end"
	done
}

check inotify_init1 fs.inotify.max_user_instances
check inotify_add_watch fs.inotify.max_user_watches

# Address space and the length of files: the memory that outlives the process is as large as they let
# it be. Sanitizers map more than that.
for limit in "-v 2000000" "-f 200000" "-f 2000"; do
	! is_sanitized || break
	: >"$LOG"
	(
		# shellcheck disable=SC2086 # two words
		ulimit $limit
		exec "$MMFS" -f "$MM" -o "db=$DB,devices=$DEVICES" 2>>"$LOG"
	) &
	mmfs_pid=$!
	await_mount
	is_present "${LOOP}01" || fail "a volume is missing (ulimit $limit)"
	request create_point "link=limited device=${LOOP}01"
	request delete_points "link=limited"
	stop_mmfs
done
