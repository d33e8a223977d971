#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the kernel has seen once it does not ask for again.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

make_image a 1M swap "$(number_uuid 1)"
attach a 00

# By the daemon's own counters.
start_mmfs cache=on
request create_point "X: $device"
expect_ok "$helpers/warm" "$MM" DosDevices/X: 1000
stop_mmfs

# By what libfuse says it was asked.
count_requests()
{
	grep -c 'opcode: ' "$LOG" || true
}

look()
{
	local i

	for i in {1..200}; do
		[ -L "$MM/DosDevices/X:" ] && [ -e "$MM/DosDevices/X:" ] && [ ! -e "$MM/DosDevices/Y:" ]
		for _ in "$MM"/DosDevices/*; do :; done
	done
	readlink "$MM/DosDevices/X:" >/dev/null
	ls -l "$MM/DosDevices" >/dev/null
}

run_mmfs -d -o "db=$DB,devices=$DEVICES" "$MM" </dev/null >>"$LOG" 2>&1 &
mmfs_pid=$!
await_mount
look
before=$(count_requests)
look
after=$(count_requests)
echo "requests before $before, after $after"
[ "$before" -gt 0 ] || fail "the debug log has no requests"
expect_equal "$before" "$after" "the number of requests"
stop_mmfs

# And with cache=off the same counters do move: they are not just broken.
start_mmfs cache=off
! "$helpers/warm" "$MM" DosDevices/X: 10 || fail "there are no requests without caches"
stop_mmfs
