#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Figures, of no suite: many hosts, to which the same volumes come at the same time, and nobody knows
# them. $MMFS_CLUSTER_HOSTS (8) and $MMFS_CLUSTER_VOLUMES (100, the most) say how many; first it is one
# host. Each daemon has found its devices when all mmfs-cluster begin at once. As the machine has few
# processors and plays all hosts and etcd, the same number of daemons that have names of their own is
# what to compare with: their processor time, as the kernel lets all volumes come. As root.
#
# Usage: MMFS=build/mmfs CLUSTER=build/mmfs-cluster test/cluster/many.sh

# shellcheck source=../fs/lib.sh
. "$(dirname "$0")/../fs/lib.sh"
folder=$TMP
# shellcheck source=etcd.sh
. "$(dirname "$0")/etcd.sh"

count=${MMFS_CLUSTER_HOSTS:-8}
volumes=${MMFS_CLUSTER_VOLUMES:-100}
user=root # all have its certificate, which may write the log of each
declare -A keepers

at_end()
{
	local host

	end_etcd
	for host in "${!keepers[@]}"; do
		umount -l "$TMP/$host" 2>/dev/null || true
	done
}

has_all() # HOST
{
	[ "$(find "$TMP/$1/Volumes" -type l | wc -l)" = "$volumes" ]
}

is_waiting() # HOST
{
	[ "$(wc -l <"$TMP/$1/control/unprocessed")" -ge "$volumes" ]
}

# User and system time of processes, in ms.
get_cpu() # PROCESS…
{
	local process

	for process; do
		cat "/proc/$process/stat"
	done | sed 's/.*) //' | awk '{ sum += $12 + $13 } END { print sum * 10 }'
}

# Calls of etcd, of all members, but for watches; who only waits asks once a second.
count_asked()
{
	local i

	for i in 0 1 2; do
		curl -s --cacert "$TMP/ca.crt" --cert "$TMP/root.crt" --key "$TMP/root.key" \
			"https://127.0.0.1:${client_ports[i]}/metrics"
	done | awk '/^grpc_server_handled_total.*"Txn"/ { sum += $2 } END { print sum + 0 }'
}

play() # HOSTS
{
	local i host begin before after asked asked_before processes=() lines

	for ((i = 1; i <= $1; i++)); do
		host=n$i
		mkdir -p "$TMP/$host"
		MM=$TMP/$host CTL=$TMP/$host/control
		DB=$TMP/$host.db start_mmfs cluster=test "cluster_socket=$TMP/$host.socket" share=all
		keepers[$host]=$mmfs_pid
		processes+=("$(server_pid)")
	done
	for host in "${!keepers[@]}"; do
		await_within 60 is_waiting "$host"
	done
	before=$(get_cpu "${processes[@]}")
	etcd_before=$(get_cpu "${member[@]}")
	asked_before=$(count_asked)
	begin=${EPOCHREALTIME/./}
	for host in "${!keepers[@]}"; do
		run_helper "$host"
	done
	for host in "${!keepers[@]}"; do
		await_within 300 has_all "$host"
	done
	after=${EPOCHREALTIME/./}
	lines=$(list_keys)
	expect_equal "$volumes" "$(grep -c "^links/volumes/" <<<"$lines")" "names in etcd"
	for host in "${!keepers[@]}"; do
		find "$TMP/$host/Volumes" -type l -printf '%f %l\n' | sort >"$TMP/names.$host"
	done
	for host in "${!keepers[@]}"; do
		cmp "$TMP/names.n1" "$TMP/names.$host"
	done
	asked=$(count_asked)
	echo "$1 hosts: $(((after - begin) / 1000)) ms; $(($(get_cpu "${processes[@]}") - before)) ms of CPU time in servers," \
		"$(get_cpu "${helper[@]}") in mmfs-cluster, $(($(get_cpu "${member[@]}") - etcd_before)) in etcd; $(grep -c "^log/" <<<"$lines") changes, $((asked - asked_before)) transactions and reads"
	for host in "${!keepers[@]}"; do
		stop_helper "$host"
		MM=$TMP/$host stop_mmfs "${keepers[$host]}"
		rm "$TMP/$host.db"*
	done
	keepers=()
	etcd_do del --prefix /mmfs/test/ >/dev/null
}

# Daemons without a cluster, which are there when the volumes come.
play_alone() # HOSTS
{
	local i host begin before after processes=()

	detach_all
	for ((i = 1; i <= $1; i++)); do
		host=n$i
		MM=$TMP/$host CTL=$TMP/$host/control
		mkdir -p "$TMP/$host"
		DB=$TMP/$host.db start_mmfs
		keepers[$host]=$mmfs_pid
		processes+=("$(server_pid)")
	done
	before=$(get_cpu "${processes[@]}")
	begin=${EPOCHREALTIME/./}
	attach_all
	for host in "${!keepers[@]}"; do
		await_within 300 has_all "$host"
	done
	after=${EPOCHREALTIME/./}
	echo "$1 hosts without a cluster: $(((after - begin) / 1000)) ms;" \
		"$(($(get_cpu "${processes[@]}") - before)) ms of CPU time in servers"
	for host in "${!keepers[@]}"; do
		MM=$TMP/$host stop_mmfs "${keepers[$host]}"
		rm "$TMP/$host.db"*
	done
	keepers=()
}

attach_all()
{
	local i

	for ((i = 0; i < volumes; i++)); do
		losetup "$LOOP$(printf %02d "$i")" "$TMP/volume$(printf %02d "$i")"
	done
	settle_udevd
}

detach_all()
{
	local i

	for ((i = 0; i < volumes; i++)); do
		losetup -d "$LOOP$(printf %02d "$i")"
	done
	settle_udevd
}

for ((i = 0; i < volumes; i++)); do
	number=$(printf %02d "$i")
	make_image "volume$number" 1M swap "55555555-5555-5555-5555-5555555555$number"
done
attach_all
start_etcd
play 1
play 1
play "$count"
play_alone "$count"
