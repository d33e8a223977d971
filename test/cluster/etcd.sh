# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2153 # $CLUSTER comes from outside
#
# Three members of etcd, with TLS and roles, in $folder, and mmfs-cluster: on 127.0.0.1, or where net.sh
# has them, if that is included before. A case has `fail`, and calls end_etcd when it ends.

: "${folder:?is where all of it goes}"
if ! declare -F enter >/dev/null; then
	enter()
	{
		shift
		exec "$@"
	}

	address_of()
	{
		echo 127.0.0.1
	}
fi

declare -A member # process by number of the member
declare -A helper # process by host
client_ports=() peer_ports=()
export ETCDCTL_API=3

for tool in etcd etcdctl openssl; do
	command -v $tool >/dev/null || {
		echo "$tool is not installed: skipped"
		exit 77
	}
done

end_etcd()
{
	local process

	for process in "${helper[@]}" "${member[@]}"; do
		kill -CONT "$process" 2>/dev/null || true
		kill -KILL "$process" 2>/dev/null || true
		wait "$process" 2>/dev/null || true
	done
}

kill_process() # SIGNAL PROCESS
{
	kill "-$1" "$2"
	wait "$2" 2>/dev/null || true
}

await_within() # SECONDS COMMAND…
{
	local limit=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $limit ] || fail "waited in vain: $*"
		sleep 0.05
	done
}

make_certificate() # NAME [DAYS]
{
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" \
		-keyout "$folder/$1.key" -out "$folder/$1.csr" 2>/dev/null
	openssl x509 -req -in "$folder/$1.csr" -CA "$folder/ca.crt" -CAkey "$folder/ca.key" \
		-CAcreateserial -days "${2:-2}" -out "$folder/$1.crt" 2>/dev/null \
		-extfile <(echo "subjectAltName=IP:127.0.0.1,IP:$(address_of m0),IP:$(address_of m1),IP:$(address_of m2),DNS:localhost
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

list_members()
{
	local i

	for i in 0 1 2; do
		printf '%s' "m$i=https://$(address_of m$i):${peer_ports[i]},"
	done | sed 's/,$//'
}

start_member() # NUMBER
{
	local peer client

	peer=$(address_of "m$1"):${peer_ports[$1]}
	client=$(address_of "m$1"):${client_ports[$1]}
	enter "m$1" etcd --name "m$1" --data-dir "$folder/m$1" --initial-cluster "$(list_members)" \
		--initial-advertise-peer-urls "https://$peer" --listen-peer-urls "https://$peer" \
		--listen-client-urls "https://$client" --advertise-client-urls "https://$client" \
		--cert-file "$folder/server.crt" --key-file "$folder/server.key" \
		--trusted-ca-file "$folder/ca.crt" --client-cert-auth \
		--peer-cert-file "$folder/server.crt" --peer-key-file "$folder/server.key" \
		--peer-trusted-ca-file "$folder/ca.crt" --peer-client-cert-auth \
		--heartbeat-interval 100 --election-timeout 1000 --log-level error \
		"${etcd_options[@]}" >>"$folder/m$1.log" 2>&1 &
	member[$1]=$!
}
[ -n "${etcd_options+x}" ] || etcd_options=() # of a case

kill_member() # NUMBER
{
	kill_process KILL "${member[$1]}"
	unset "member[$1]"
}

list_endpoints()
{
	local i

	for i in 0 1 2; do
		printf 'https://%s:%s,' "$(address_of m$i)" "${client_ports[i]}"
	done | sed 's/,$//'
}

ask_member() # ENDPOINTS WORD…
(
	endpoints=$1
	shift
	enter switch etcdctl --endpoints "$endpoints" --cacert "$folder/ca.crt" --cert "$folder/root.crt" \
		--key "$folder/root.key" "$@"
)

# As the administrator.
etcd_do() # WORD…
{
	ask_member "$(list_endpoints)" "$@"
}

add_users()
{
	local user

	etcd_do user add root --no-password
	etcd_do user grant-role root root
	# As contrib/examples/cluster/make has them.
	etcd_do role add mmfs-test
	etcd_do role grant-permission mmfs-test --prefix=true read /mmfs/test/
	etcd_do role grant-permission mmfs-test readwrite /mmfs/test/format /mmfs/test/hosts/
	etcd_do role grant-permission mmfs-test readwrite /mmfs/test/links/ /mmfs/test/log/
	etcd_do role grant-permission mmfs-test readwrite /mmfs/test/points/ /mmfs/test/w
	for user in h1 h2 h3; do
		etcd_do user add $user --no-password
		etcd_do user grant-role $user mmfs-test
		etcd_do role add mmfs-test-$user
		etcd_do role grant-permission mmfs-test-$user readwrite /mmfs/test/hosts/$user
		etcd_do role grant-permission mmfs-test-$user --prefix=true readwrite /mmfs/test/log/$user/
		etcd_do user grant-role $user mmfs-test-$user
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
	await_within 60 etcd_do put /ready 1
	add_users >/dev/null
}

# The member that leads, and one that does not.
find_leader()
{
	local i

	for i in "${!member[@]}"; do
		if ask_member "https://$(address_of "m$i"):${client_ports[i]}" endpoint status -w json |
			jq -e '.[0].Status | .header.member_id == .leader' >/dev/null; then
			echo "$i"
			return
		fi
	done
	return 1
}

# With the certificate of $user, which is the host's.
run_helper() # HOST [OPTION…]
{
	local host=$1

	shift
	enter "$host" "$CLUSTER" "$@" --endpoints="$(list_endpoints)" --cacert="$folder/ca.crt" \
		--cert="$folder/${user:-$host}.crt" --key="$folder/${user:-$host}.key" --host="$host" \
		--socket="$folder/$host.socket" --verbose test >>"$folder/$host.log" 2>&1 </dev/null &
	helper[$host]=$!
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
