# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # of those that include it
#
# Three hosts on one machine: three daemons, each with its tree, database and mmfs-cluster, the same loop
# devices, and three members of etcd, in networks of their own. As root.

# shellcheck source=../fs/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../fs/lib.sh"
folder=$TMP
# shellcheck source=net.sh
. "$(dirname "${BASH_SOURCE[0]}")/net.sh"
can_cut || skip "no networks of one's own can be had"
# shellcheck source=etcd.sh
. "$(dirname "${BASH_SOURCE[0]}")/etcd.sh"

declare -A tree    # by host
declare -A keepers # the same
at_end()
{
	local host

	end_etcd
	end_net
	for host in h2 h3; do
		umount -l "${tree[$host]}" 2>/dev/null || true
	done
}

# What follows is about that host.
on() # HOST
{
	MM=${tree[$1]} CTL=${tree[$1]}/control
}

# Preloaded with $skew, its processes have a clock that set_clock changes.
with_clock() # HOST COMMAND…
{
	local host=$1

	shift
	if [ -z "${skew-}" ]; then
		"$@"
		return
	fi
	[ -e "$TMP/$host.skew" ] || set_clock "$host" '\0\0\0\0\0\0\0\0'
	export LD_PRELOAD=$skew MMFS_SKEW=$TMP/$host.skew
	"$@"
	unset LD_PRELOAD MMFS_SKEW
}

set_clock() # HOST SECONDS: eight bytes, as printf has them
{
	# shellcheck disable=SC2059 # they are a format
	printf "$2" 1<>"$TMP/$1.skew"
}

start_host() # HOST
{
	on "$1"
	DB=$TMP/$1.db with_clock "$1" start_mmfs cluster=test "cluster_socket=$TMP/$1.socket" share=all
	keepers[$1]=$mmfs_pid
	with_clock "$1" run_helper "$1"
}

is_up()
{
	grep -q 'STATE="up"' "$CTL/cluster"
}

list_names() # PATTERN
{
	find "$MM/DosDevices" -name "$1" -printf '%f %l\n' | sort
}

leads_to() # LINK DEVICE
{
	[ "$(readlink "$MM/DosDevices/$1")" = "$2" ]
}

tree=([h1]=$MM [h2]=$TMP/two [h3]=$TMP/three)
mkdir "${tree[h2]}" "${tree[h3]}"
attach_two
begin_net
start_etcd
for host in h1 h2 h3; do
	start_host $host
done
for host in h1 h2 h3; do
	on $host
	await is_up
done
