#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# contrib/examples/cluster/make, on one machine: what its units say runs, its roles let hosts do what they
# shall, and no more.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

choose_ports
# Peers have the port behind that of clients here.
"$(dirname "$0")/../../contrib/examples/cluster/make" "$folder/san" test a="127.0.0.1:${client_ports[0]}" \
	b="127.0.0.1:${client_ports[1]}" c="127.0.0.1:${client_ports[2]}" -- alpha reader:beta
for name in a b c; do
	sed -n '/^ExecStart=/,/[^\\]$/p' "$folder/san/members/$name/etcd-mmfs.service" |
		sed "s,^ExecStart=,exec ,; s,/etc/mmfs-etcd,$folder/san/members/$name,g
			s,/var/lib/mmfs-etcd,$folder/$name," >"$folder/$name.start"
	bash "$folder/$name.start" >"$folder/$name.log" 2>&1 &
	member[$name]=$!
done
export ETCDCTL_DIAL_TIMEOUT=5s
is_there()
{
	etcdctl --endpoints "$(list_endpoints)" --cacert "$folder/san/ca.crt" --cert "$folder/san/root.crt" \
		--key "$folder/san/root.key" get /ready
}
await_within 60 is_there
"$folder/san/roles" >"$folder/roles.log" 2>&1
"$folder/san/roles" >"$folder/again.log" 2>&1 || true # does no harm
for host in alpha beta; do
	sed -i "s,=/etc/mmfs,=$folder/san/hosts/$host," "$folder/san/hosts/$host/cluster.conf"
	start_peer $host
	await_within 60 [ -S "$folder/$host.socket" ]
	"$CLUSTER" --config="$folder/san/hosts/$host/cluster.conf" --socket="$folder/$host.socket" \
		2>"$folder/$host.log" &
	helper[$host]=$!
	begin $host
done
hear alpha '"state":"up"'
hear beta '"state":"read-only"'
say alpha '{"commit":1,"change":"alpha/1","put":[{"key":"links/x","value":"{}"}],"log":"{}"}'
hear alpha '"answer":1'
expect alpha .result "done"
hear beta '"key":"links/x"'
