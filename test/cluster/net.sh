# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # of those that include it
#
# A network of its own for each member of etcd and each mmfs-cluster, all on one bridge; of the machine's
# own network nothing is touched. Included before etcd.sh; as root.
#
#	can_cut		whether the kernel can do that
#	begin_net	makes it, with m0, m1, m2 and h1, h2, h3; end_net
#	cut WHO, join WHO	nobody reaches it, and it reaches nobody; and again
#	deafen WHO WHOM	what WHO sends to WHOM is lost, in that direction alone
#	heal_net	all is well

declare -A space   # process that holds a network, by who is in it
declare -A net_at  # address, likewise
net_losses=()      # "WHO WHOM"

can_cut()
{
	command -v ip >/dev/null && command -v nsenter >/dev/null &&
		unshare -n ip link add name cut0 type veth peer name cut1 2>/dev/null &&
		unshare -n ip link add name cut0 type bridge 2>/dev/null
}

# Runs a command where somebody is: in a subshell, or in the background.
enter() # WHO COMMAND…
{
	local process=${space[$1]}

	shift
	exec nsenter --net="/proc/$process/ns/net" "$@"
}

address_of() # WHO
{
	echo "${net_at[$1]}"
}

has_space() # PROCESS
{
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

begin_space() # WHO
{
	unshare -n sleep infinity &
	space[$1]=$!
	until has_space "${space[$1]}"; do
		kill -0 "${space[$1]}"
	done
	(enter "$1" ip link set lo up)
}

begin_net()
{
	local who last=0

	begin_space switch
	(enter switch ip link add name br0 type bridge)
	(enter switch ip link set br0 up)
	(enter switch ip address add 10.77.0.254/24 dev br0)
	for who in m0 m1 m2 h1 h2 h3; do
		begin_space $who
		net_at[$who]=10.77.0.$((last += 1))
		(enter switch ip link add name "to-$who" type veth peer name eth0 netns "${space[$who]}")
		(enter switch ip link set "to-$who" master br0 up)
		(enter $who ip address add "${net_at[$who]}/24" dev eth0)
		(enter $who ip link set eth0 up)
	done
}

end_net()
{
	local process

	for process in "${space[@]}"; do
		kill -KILL "$process" 2>/dev/null || true
		wait "$process" 2>/dev/null || true
	done
}

cut()
{
	(enter switch ip link set "to-$1" down)
}

join()
{
	(enter switch ip link set "to-$1" up)
}

# Frames to an address that nobody has are dropped without a word.
deafen()
{
	(enter "$1" ip neighbour replace "${net_at[$2]}" lladdr 02:00:00:00:00:99 dev eth0 nud permanent)
	net_losses+=("$1 $2")
}

heal_net()
{
	local who loss

	for who in "${!net_at[@]}"; do
		join "$who"
	done
	for loss in "${net_losses[@]}"; do
		(enter "${loss% *}" ip neighbour del "${net_at[${loss#* }]}" dev eth0)
	done
	net_losses=()
}
