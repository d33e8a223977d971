#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kill -9 at any moment: nothing acknowledged is lost, nothing is half done.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

rounds=${ROUNDS:-$(plain_or_sanitized 30 15)}
seed=${SEED:-$RANDOM}
echo "SEED=$seed"
RANDOM=$seed

make_image a 1M swap "$(number_uuid 1)"
make_image b 1M swap "$(number_uuid 2)"
attach a 00
attach b 01
: >"$TMP/known.old"
start_mmfs
for ((round = 1; round <= rounds; round++)); do
	writes=$(timeout 60 "$helpers/scribe" -k "$mmfs_pid" -k "$(server_pid)" -a $((RANDOM * 10)) "$MM" $((seed + round)) \
		"$TMP/known" "UUID=$(number_uuid 1)" "UUID=$(number_uuid 2)")
	await_crash
	start_mmfs
	expect_equal 1 "$(count_mounts)" "the number of mounts"
	expect_known "round $round: after $writes"
	expect_sound
	echo "round $round: $writes"
done
stop_mmfs
