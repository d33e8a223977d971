# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2153 # $CLUSTER and $PEER come from outside
#
# Three members of etcd on 127.0.0.1, with TLS and roles, and mmfs-cluster with a peer that does what
# the script says in place of mmfs. All that is started here ends with the script.
#
# $CLUSTER is the program, $PEER its peer. A case calls: start_etcd, start_helper HOST, say HOST LINE,
# hear HOST PATTERN.

set -eu

for tool in etcd etcdctl openssl; do
	command -v $tool >/dev/null || {
		echo "$tool is not installed: skipped"
		exit 77
	}
done
folder=$(mktemp -d "${TMPDIR:-/tmp}/mmfs-cluster.XXXXXX")
declare -A member # process by number of the member
declare -A helper # process by host
declare -A peer   # the same of its peer
declare -A to     # descriptor of what the peer is to say
declare -A from   # and of what it hears
declare -A heard  # the last line that was asked for
client_ports=() peer_ports=()
export ETCDCTL_API=3

finish()
{
	local status=$? process

	trap - EXIT
	for process in "${helper[@]}" "${peer[@]}" "${member[@]}"; do
		kill -CONT "$process" 2>/dev/null || true
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

# --- etcd ----------------------------------------------------------------------------------------

make_certificate() # NAME
{
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" \
		-keyout "$folder/$1.key" -out "$folder/$1.csr" 2>/dev/null
	openssl x509 -req -in "$folder/$1.csr" -CA "$folder/ca.crt" -CAkey "$folder/ca.key" \
		-CAcreateserial -days 2 -out "$folder/$1.crt" 2>/dev/null \
		-extfile <(echo "subjectAltName=IP:127.0.0.1,DNS:localhost
			extendedKeyUsage=serverAuth,clientAuth")
}

make_certificates()
{
	local name

	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
		-subj /CN=test -keyout "$folder/ca.key" -out "$folder/ca.crt" 2>/dev/null
	for name in server root h1 h2 h3 reader; do
		make_certificate $name
	done
}

# Ports that nobody has, as far as one can see.
choose_ports()
{
	local port

	while [ ${#peer_ports[@]} -lt 3 ]; do
		port=$((20000 + RANDOM % 12000))
		! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || continue
		if [ ${#client_ports[@]} -lt 3 ]; then
			client_ports+=("$port")
		else
			peer_ports+=("$port")
		fi
	done
}

start_member() # NUMBER
{
	local i cluster=""

	for i in 0 1 2; do
		cluster+="${cluster:+,}m$i=https://127.0.0.1:${peer_ports[i]}"
	done
	etcd --name "m$1" --data-dir "$folder/m$1" --initial-cluster "$cluster" \
		--initial-advertise-peer-urls "https://127.0.0.1:${peer_ports[$1]}" \
		--listen-peer-urls "https://127.0.0.1:${peer_ports[$1]}" \
		--listen-client-urls "https://127.0.0.1:${client_ports[$1]}" \
		--advertise-client-urls "https://127.0.0.1:${client_ports[$1]}" \
		--cert-file "$folder/server.crt" --key-file "$folder/server.key" \
		--trusted-ca-file "$folder/ca.crt" --client-cert-auth \
		--peer-cert-file "$folder/server.crt" --peer-key-file "$folder/server.key" \
		--peer-trusted-ca-file "$folder/ca.crt" --peer-client-cert-auth \
		--heartbeat-interval 100 --election-timeout 1000 --log-level error \
		"${etcd_options[@]}" >>"$folder/m$1.log" 2>&1 &
	member[$1]=$!
}
[ -n "${etcd_options+x}" ] || etcd_options=() # of a case

kill_process() # SIGNAL PROCESS
{
	kill "-$1" "$2"
	wait "$2" 2>/dev/null || true
}

kill_member() # NUMBER
{
	kill_process KILL "${member[$1]}"
	unset "member[$1]"
}

list_endpoints()
{
	printf 'https://127.0.0.1:%s,' "${client_ports[@]}" | sed 's/,$//'
}

# As the administrator.
etcd_do() # WORD…
{
	etcdctl --endpoints "$(list_endpoints)" --cacert "$folder/ca.crt" --cert "$folder/root.crt" \
		--key "$folder/root.key" "$@"
}

await() # SECONDS COMMAND…
{
	local limit=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $limit ] || fail "waited in vain: $*"
		sleep 0.05
	done
}

add_users()
{
	local user

	etcd_do user add root --no-password
	etcd_do user grant-role root root
	etcd_do role add mmfs-test
	etcd_do role grant-permission mmfs-test --prefix=true readwrite /mmfs/test/
	for user in h1 h2 h3; do
		etcd_do user add $user --no-password
		etcd_do user grant-role $user mmfs-test
	done
	etcd_do role add mmfs-test-reader
	etcd_do role grant-permission mmfs-test-reader --prefix=true read /mmfs/test/
	etcd_do user add reader --no-password
	etcd_do user grant-role reader mmfs-test-reader
	etcd_do auth enable
}

start_etcd()
{
	local i

	make_certificates
	choose_ports
	for i in 0 1 2; do
		start_member $i
	done
	await 20 etcd_do put /ready 1
	add_users >/dev/null
}

# The member that leads, and one that does not.
find_leader()
{
	local i

	for i in "${!member[@]}"; do
		if etcdctl --endpoints "https://127.0.0.1:${client_ports[i]}" --cacert "$folder/ca.crt" \
			--cert "$folder/root.crt" --key "$folder/root.key" endpoint status -w json |
			jq -e '.[0].Status | .header.member_id == .leader' >/dev/null; then
			echo "$i"
			return
		fi
	done
	return 1
}

# --- mmfs-cluster, and its peer ------------------------------------------------------------------

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

# With the certificate of $user, which is the host's.
run_helper() # HOST [OPTION…]
{
	local host=$1

	shift
	"$CLUSTER" "$@" --endpoints="$(list_endpoints)" --cacert="$folder/ca.crt" \
		--cert="$folder/${user:-$host}.crt" --key="$folder/${user:-$host}.key" --host="$host" \
		--socket="$folder/$host.socket" --verbose test >>"$folder/$host.log" 2>&1 &
	helper[$host]=$!
}

start_helper() # HOST [OPTION…]
{
	start_peer "$1"
	await 5 [ -S "$folder/$1.socket" ]
	run_helper "$@"
}

stop_helper() # HOST [SIGNAL]
{
	kill_process "${2:-TERM}" "${helper[$1]}"
	unset "helper[$1]"
}

# What etcd has below the prefix of the cluster.
list_keys()
{
	etcd_do get --prefix --keys-only /mmfs/test/ | sed -n 's,^/mmfs/test/,,p'
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
	local line limit=$((SECONDS + ${3:-10}))

	while [ $SECONDS -lt $limit ]; do
		IFS= read -r -t "${3:-10}" line <&"${from[$1]}" || break
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
