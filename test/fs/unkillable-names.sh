#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The server dies while the kernel is told of names one by one, which waits for clients: in a large
# tree, and on every kernel before 6.16. They wait for the next server, and that for nothing.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

grep -q MMFS_CRASH_ENDLESS "$MMFS" || skip "mmfs was built without -Dcrash_points=true"
seed=${SEED:-$RANDOM}
echo "SEED=$seed"
ids=("UUID=$(number_uuid 1)" "UUID=$(number_uuid 2)")
links=4200 # with more than 4096 nodes it is by name

play() # OPTION…
{
	timeout 120 "$helpers/unkillable" "$@" "$MM" "${ids[@]}"
}

make_image a 1M swap "$(number_uuid 1)"
make_image b 1M swap "$(number_uuid 2)"
attach a 00
attach b 01

# In a small tree, as if the kernel were older.
MMFS_OLD_KERNEL=1 MMFS_CRASH_ENDLESS=1 start_mmfs
play -k "$(plain_or_sanitized 60 10)" -s $((++seed)) -a 150
expect_sound
stop_mmfs

# In a large one, by all clients but the one that reads `points`, which are long then.
MMFS_CRASH_ENDLESS=1 start_mmfs
for ((i = 0; i < links; i++)); do
	echo "create_point link=many$i device=${ids[0]}"
done >"$TMP/batch"
echo commit >>"$TMP/batch"
cat "$TMP/batch" >"$CTL/batch"
expect_equal $links "$(find "$MM/DosDevices" -name 'many*' | wc -l)" "how many links there are"
play -c 0xdf -k "$(plain_or_sanitized 20 8)" -s $((++seed)) -a 200
expect_sound
stop_mmfs

# When none goes on, nobody waits any more.
start_mmfs
! play -c 0xdf -k 6 -s $((++seed)) -a 50 >"$TMP/said" 2>&1 || fail "clients have not noticed the end"
expect_match "Transport endpoint is not connected|Software caused connection abort|No such file" \
	"$(cat "$TMP/said")" "what a client says"
await_end "$mmfs_pid"
expect_equal 1 "$status" "the status of the keeper after the fifth end"
mmfs_pid=
expect_equal 0 "$(count_mounts)" "the number of mounts"
await no_daemons
sed -i '/as 5 did within/d' "$LOG" # which would be suspicious
