#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Figures, not part of any suite: a change through mmfs-cluster and as a bare transaction, in turn, and
# how long it takes to hear of 100,000 names.
#
# Usage: CLUSTER=build/mmfs-cluster PEER=build/test/cluster/peer test/cluster/measure.sh

etcd_options=(--max-txn-ops 8192)
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

measure=${PEER%/*}/measure
bare=("https://127.0.0.1" "$folder/ca.crt" "$folder/h2.crt" "$folder/h2.key")

start_etcd
bare[0]=https://127.0.0.1:${client_ports[0]}
"$measure" bare "${bare[@]}" 200 >/dev/null
"$measure" through "$folder/h1.socket" 2000 >"$folder/through" &
peer[h1]=$!
await_within 5 [ -S "$folder/h1.socket" ]
run_helper h1
wait "${peer[h1]}"
stop_helper h1
etcd_do del --prefix /mmfs/test/links/b >/dev/null
etcd_do del --prefix /mmfs/test/volumes/b >/dev/null
echo "bare:    $("$measure" bare "${bare[@]}" 2000)"
echo "through: $(<"$folder/through")"
"$measure" fill "${bare[@]}" 100000 >/dev/null
"$measure" load "$folder/h2.socket" >"$folder/load" &
peer[h2]=$!
await_within 5 [ -S "$folder/h2.socket" ]
run_helper h2
wait "${peer[h2]}"
cat "$folder/load"
grep VmHWM "/proc/${helper[h2]}/status"
