#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Names come back: after a restart, after kill -9, on other device nodes, in another order.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

make_image a 16M ext4 "$(number_uuid 1)" data
make_image b 1M swap "$(number_uuid 2)"
make_image c 16M xfs "$(number_uuid 3)" 2>/dev/null || make_image c 1M swap "$(number_uuid 3)"
attach a 00
attach b 01
attach c 02
start_mmfs
request create_point "X: ${LOOP}00"
request create_point "link=backup device=${LOOP}00"
request create_point "D: ${LOOP}01"
ln -s "${LOOP}02" "$MM/DosDevices/räksmörgås 🦐"
before=$(points)
expect_equal 7 "$(points | wc -l)" "the number of triples"

restart_mmfs
expect_equal "$before" "$(points)" "points after a restart"
expect_sound

kill_mmfs
start_mmfs
expect_equal "$before" "$(points)" "points after kill -9"

kill_mmfs keep
start_over
expect_equal "$before" "$(points)" "points after kill -9, over the dead mount"
expect_equal 1 "$(count_mounts)" "the number of mounts"

# Re-plugged while the daemon runs, each at the node of another.
moved=$(sed "s|${LOOP}00|${LOOP}1x|; s|${LOOP}01|${LOOP}00|; s|${LOOP}02|${LOOP}01|; s|${LOOP}1x|${LOOP}12|" <<<"$before")
detach 00
detach 01
detach 02
settle
expect_equal "" "$(points)" "points without devices"
attach a 12
attach b 00
attach c 01
settle
expect_equal "$moved" "$(points)" "points at other nodes"
expect_sound

# Re-plugged while it does not.
stop_mmfs
detach 12
detach 00
detach 01
attach c 02
attach b 01
attach a 00
start_mmfs
expect_equal "$before" "$(points)" "points after a start with devices at other nodes"
expect_sound

# Started before the devices are there; they come in another order.
stop_mmfs
detach 00
detach 01
detach 02
start_mmfs
expect_equal "" "$(points)" "points of no devices"
attach b 01
settle
expect_equal "$(grep "${LOOP}01" <<<"$before")" "$(points)" "points of the first"
attach c 02
attach a 00
settle
expect_equal "$before" "$(points)" "points of all"

# One at the node that the database remembers for another, which comes later.
stop_mmfs
detach 00
detach 01
detach 02
attach b 00
start_mmfs
expect_equal "$(grep "${LOOP}01" <<<"$before" | sed "s|${LOOP}01|${LOOP}00|")" "$(points)" "points"
attach a 01
settle
expect_equal "$(sed "s|${LOOP}00|${LOOP}x|; s|${LOOP}01|${LOOP}00|; s|${LOOP}x|${LOOP}01|" \
	<<<"$(grep -v "${LOOP}02" <<<"$before")")" "$(points)" "points of two that changed places"
expect_sound
stop_mmfs
