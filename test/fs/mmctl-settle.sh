#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mmctl settle while a disk does not answer: it has a timeout, waits in poll(2), and ends at a signal.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-mmctl.sh"
. "$(dirname "$0")/lib-robust.sh"

stalled=$TMP/stalled
server=
slow=${LOOP}05
mkdir "$stalled"
make_image slow 1M swap "$(number_uuid 2)"

at_end()
{
	[ -z "$server" ] || kill -CONT "$server"
}

"$helpers/stall-image" "$TMP/slow" -f "$stalled" </dev/null >/dev/null 2>&1 &
server=$!
await test -f "$stalled/image"
losetup -r "$slow" "$stalled/image"
settle_udevd
start_mmfs monitor=kernel
expect_ok mmctl settle --timeout=60

# What the kernel has cached may be enough to read the disk once more.
stalls()
{
	kill -CONT "$server"
	mmctl settle
	kill -STOP "$server"
	blockdev --flushbufs "$slow"
	echo change >"/sys/block/${slow#/dev/}/uevent"
	! mmctl settle --timeout=0.5 2>/dev/null
}
await stalls
expect_exit 1 "not settled within 0.2 s" mmctl settle --timeout=0.2
is_polling()
{
	[[ $(cat "/proc/$1/wchan" 2>/dev/null) == *poll* ]] || grep -sq poll "/proc/$1/stack"
}
for signal in TERM KILL; do
	"$MMCTL" -m "$MM" settle &
	pid=$!
	await is_polling $pid
	kill -$signal $pid
	await_end $pid
	[ "$status" != 0 ] || fail "settle has not noticed $signal"
done
"$MMCTL" -m "$MM" settle --timeout=60 &
pid=$!
await is_polling $pid
kill -CONT "$server"
await_end $pid
expect_equal 0 "$status" "the status of settle when the disk answers"

losetup -d "$slow"
settle
stop_mmfs
umount "$stalled"
await_end "$server"
server=
