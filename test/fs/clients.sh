#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# 64 clients at the same time, SECONDS long: replies are one's own, and there is one order of all
# changes, which events tells.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

seconds=${1:-10}
for n in 0 1 2 3; do
	make_image $n 1M swap "$(number_uuid $n)"
	attach $n 0$n
done
start_mmfs ${CACHE:+cache=$CACHE}
before=$(epic)
expect_ok timeout $((seconds * 2 + 120)) "$helpers/clients" "$MM" "$seconds" "$LOOP"0{0,1,2,3}
expect_sound
echo "$(($(epic) - before)) changes of the database"
stop_mmfs
