#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Names that three hosts share: one after the other, all at once, and while etcd is not there.

# shellcheck source=three.sh
. "$(dirname "$0")/three.sh"

# A name that one gives is everybody's, and so are the names of volumes.
on h1
expect_ok request create_point "link=photos device=$a"
for host in h2 h3; do
	on $host
	settle
	expect_equal "$a" "$(readlink "$MM/DosDevices/photos")" "the name on $host"
done
on h1
# Who is too late is told so, and by whom; nobody takes what is seen.
on h2
expect_fail EEXIST request create_point "link=photos device=$b"
on h3
expect_ok request delete_points "link=photos"
on h1
settle
[ ! -L "$MM/DosDevices/photos" ] || fail "it is still there"

# All at once: each name has one owner, the same on all hosts.
race() # HOST DEVICE
{
	local i

	for i in 1 2 3 4 5 6 7 8; do
		echo "link=race$i device=$2" >"${tree[$1]}/control/create_point" 2>/dev/null || true
	done
}

race h1 "$a" &
racers=($!)
race h2 "$b" &
racers+=($!)
race h3 "$a" &
racers+=($!)
wait "${racers[@]}"
for host in h1 h2 h3; do
	on $host
	settle
	list_names "race*" >"$TMP/names.$host"
done
[ "$(wc -l <"$TMP/names.h1")" = 8 ] || fail "$(cat "$TMP/names.h1")"
cmp "$TMP/names.h1" "$TMP/names.h2"
cmp "$TMP/names.h1" "$TMP/names.h3"

# The leader is killed: changes wait. All are killed: names stay, and cannot be changed.
kill_member "$(find_leader)"
on h1
expect_ok request create_point "link=after device=$a"
on h2
settle
await leads_to after "$a"
for i in "${!member[@]}"; do
	kill_member "$i"
done
on h1
await_within 20 grep -q 'STATE="down"' "$CTL/cluster"
expect_fail EROFS request create_point "link=never device=$a"
leads_to after "$a"
for i in 0 1 2; do
	start_member $i
done
await_within 20 is_up
expect_ok request create_point "link=again device=$a"
on h3
settle
await leads_to again "$a"

# As the services run them: mmfs may give files to nobody, and mmfs-cluster is a user of its own.
sed '$a mmfs-cluster:x:64999:64999::/:/bin/false' /etc/passwd >"$TMP/passwd"
sed '$a mmfs-cluster:x:64999:' /etc/group >"$TMP/group"
mount --bind "$TMP/passwd" /etc/passwd
mount --bind "$TMP/group" /etc/group
stop_helper h3
on h3
stop_mmfs "${keepers[h3]}"
cat >"$TMP/as-service" <<-END
	#!/bin/sh
	exec setpriv --bounding-set=-chown --inh-caps=-chown "$MMFS" "\$@"
END
cat >"$TMP/as-user" <<-END
	#!/bin/sh
	exec setpriv --reuid=64999 --regid=64999 --clear-groups --bounding-set=-all --no-new-privs "$CLUSTER" "\$@"
END
chmod +x "$TMP/as-service" "$TMP/as-user"
chown 64999 "$TMP/h3.key" "$TMP/h3.crt"
MMFS=$TMP/as-service DB=$TMP/h3.db start_mmfs cluster=test "cluster_socket=$TMP/h3.socket" share=all
CLUSTER=$TMP/as-user run_helper h3
await_within 20 is_up
expect_equal "$a" "$(readlink "$MM/DosDevices/again")"
chmod 755 "$TMP/h2.key" "$TMP/h2.crt"
setpriv --reuid=64998 --regid=64998 --clear-groups "$CLUSTER" --endpoints="$(list_endpoints)" \
	--cacert="$TMP/ca.crt" --cert="$TMP/h2.crt" --key="$TMP/h2.key" --host=h4 --socket="$TMP/h3.socket" \
	test 2>"$TMP/stranger.log" &
helper[h4]=$!
await_within 20 grep -q ended "$TMP/stranger.log"
is_up || fail "a stranger has the place of mmfs-cluster"
umount /etc/passwd /etc/group
