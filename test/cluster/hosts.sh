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

# A server dies, and another one goes on, as mmfs-cluster does: who asks meanwhile is not refused, and is told
# of what others have done meanwhile.
for i in 1 2 3; do
	on h1
	kill -KILL "$(server_pid "${keepers[h1]}")"
	on h2
	expect_ok request create_point "link=died$i device=$b"
	on h1
	case $i in
	1) settle && leads_to died1 "$b" && expect_ok request create_point "link=dead device=$a" ;;
	2) expect_fail EEXIST request create_point "link=died2 device=$a" ;;
	3) expect_ok request delete_points "link=died3" ;;
	esac
	await is_up
done

# So is who asks while mmfs-cluster is started anew, with the server or without; and who waits for all that there
# is gets it.
for what in helper both upgrade; do # no fifth server within 30 s
	on h1
	case $what in
	both) kill -KILL "$(server_pid "${keepers[h1]}")" ;;
	upgrade) [ -z "${MMCTL-}" ] || "$MMCTL" -m "$MM" upgrade ;;
	esac
	stop_helper h1 KILL
	run_helper h1
	on h2
	expect_ok request create_point "link=new-$what device=$b"
	on h1
	settle
	leads_to new-$what "$b" || fail "settle does not wait for names of others: $what"
	expect_fail EEXIST request create_point "link=new-$what device=$a"
	expect_ok request create_point "link=own-$what device=$a"
	await is_up
done

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
await_within 60 grep -q 'STATE="down"' "$CTL/cluster"
expect_fail EROFS request create_point "link=never device=$a"
leads_to after "$a"
expect_fail EEXIST request create_point "link=after device=$b"
expect_match 'after is a link of .*, as of revision [0-9]+ of the cluster, which cannot be asked' "$(tail -n 1 "$CTL/error_log")"
for i in 0 1 2; do
	start_member $i
done
await_within 60 is_up
expect_ok request create_point "link=again device=$a"
on h3
settle
await leads_to again "$a"

# A host ran without the cluster, and its names were changed: nothing of them is taken away when it is back,
# and nothing is missing.
stop_helper h3
stop_mmfs "${keepers[h3]}"
DB=$TMP/h3.db start_mmfs
expect_ok request create_point "link=solo device=$a"
expect_ok request delete_points "link=again"
stop_mmfs
on h1
expect_ok request create_point "link=solo device=$b"
start_host h3
await_within 60 is_up
settle
leads_to again "$a" || fail "a name that other hosts have is missing"
leads_to solo "$a" || fail "a name that the host has given is another one's"
expect_ok request delete_points "link=solo"
leads_to solo "$b" || fail "the name of all hosts is still behind another one"
on h1
leads_to solo "$b"
expect_ok request delete_points "link=solo"

# mmfs-cluster is for another cluster than mmfs.
stop_helper h2
on h2
enter h2 "$CLUSTER" --endpoints="$(list_endpoints)" --cacert="$folder/ca.crt" --cert="$folder/root.crt" \
	--key="$folder/root.key" --host=h2 --socket="$folder/h2.socket" other 2>"$TMP/other.log" &
helper[other]=$!
await_within 60 grep -q 'STATE="read-only".*another name' "$CTL/cluster"
expect_fail EROFS request create_point "link=never device=$a"
stop_helper other
run_helper h2
await_within 60 is_up

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
await_within 60 is_up
expect_equal "$a" "$(readlink "$MM/DosDevices/again")"
chmod 755 "$TMP/h2.key" "$TMP/h2.crt"
enter h3 setpriv --reuid=64998 --regid=64998 --clear-groups "$CLUSTER" --endpoints="$(list_endpoints)" \
	--cacert="$TMP/ca.crt" --cert="$TMP/h2.crt" --key="$TMP/h2.key" --host=h4 --socket="$TMP/h3.socket" \
	test 2>"$TMP/stranger.log" &
helper[h4]=$!
await_within 60 grep -q ended "$TMP/stranger.log"
is_up || fail "a stranger has the place of mmfs-cluster"
umount /etc/passwd /etc/group
