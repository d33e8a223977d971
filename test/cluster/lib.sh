# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2153 # $CLUSTER and $PEER come from outside
#
# Three members of etcd on 127.0.0.1, with TLS and roles, and mmfs-cluster with a peer that does what
# the script says in place of mmfs. All that is started here ends with the script.
#
# $CLUSTER is the program, $PEER its peer. A case calls: start_etcd, start_helper HOST, say HOST LINE,
# hear HOST PATTERN.

set -eu

# In a network of its own nobody else has its ports.
if [ -z "${MMFS_OWN_NET-}" ] && unshare --map-root-user --net ip link set lo up 2>/dev/null; then
	MMFS_OWN_NET=yes exec unshare --map-root-user --net bash "$0" "$@"
fi
[ -z "${MMFS_OWN_NET-}" ] || ip link set lo up

folder=$(mktemp -d "${TMPDIR:-/tmp}/mmfs-cluster.XXXXXX")
declare -A peer   # process by host
declare -A to     # descriptor of what the peer is to say
declare -A from   # and of what it hears
declare -A heard  # the last line that was asked for

finish()
{
	local status=$? process

	trap - EXIT
	end_etcd
	for process in "${peer[@]}"; do
		kill -KILL "$process" 2>/dev/null || true
		wait "$process" 2>/dev/null || true
	done
	if [ $status != 0 ]; then
		tail -n 15 "$folder"/*.log
	fi
	rm -rf "$folder"
	exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

fail()
{
	echo "FAILED: $*" >&2
	exit 1
}

# shellcheck source=etcd.sh
. "$(dirname "${BASH_SOURCE[0]}")/etcd.sh"

start_peer() # HOST
{
	mkfifo "$folder/$1.to" "$folder/$1.from"
	"$PEER" "$folder/$1.socket" <"$folder/$1.to" >"$folder/$1.from" 2>"$folder/$1.peer.log" &
	peer[$1]=$!
	exec {descriptor}>"$folder/$1.to"
	to[$1]=$descriptor
	exec {descriptor}<"$folder/$1.from"
	from[$1]=$descriptor
}

start_helper() # HOST [OPTION…]
{
	start_peer "$1"
	await_within 60 [ -S "$folder/$1.socket" ]
	run_helper "$@"
}

has_key() # KEY
{
	list_keys | grep -qxF "$1"
}

has_no_key() # KEY
{
	! has_key "$1"
}

expect() # HOST FILTER VALUE
{
	[ "$(get "$1" "$2")" = "$3" ] || fail "not $3: ${heard[$1]}"
}

# The line may be written as several.
say() # HOST LINE
{
	printf '%s\n' "${2//$'\n'/ }" >&"${to[$1]}"
}

# Reads until a line that the pattern is in, which is in ${heard[HOST]} then.
hear() # HOST PATTERN [SECONDS]
{
	local line limit=$((SECONDS + ${3:-60}))

	while [ $SECONDS -lt $limit ]; do
		IFS= read -r -t "${3:-60}" line <&"${from[$1]}" || break
		[ -z "${TRACE-}" ] || echo "$1: $line" >&2
		if [[ $line == *$2* ]]; then
			heard[$1]=$line
			return
		fi
	done
	fail "$1 has not heard $2"
}

get() # HOST FILTER
{
	jq -r "$2" <<<"${heard[$1]}"
}

# From "hello" to "up"; what mmfs has is nothing.
begin() # HOST
{
	hear "$1" '"cluster_id":"'
	while [ "$(get "$1" .cluster_id)" = "" ]; do
		hear "$1" '"cluster_id":"'
	done
	say "$1" '{"want":{"revision":0,"head":0,"cluster_id":""}}'
}
