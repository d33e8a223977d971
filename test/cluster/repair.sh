#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What an administrator has to repair: etcd has no space left; etcd was restored from a copy. Names go on
# to show on all hosts, changes are refused in words, and afterwards nothing is lost.

etcd_options=(--quota-backend-bytes $((8 << 20)))
# shellcheck source=three.sh
. "$(dirname "$0")/three.sh"

is_state()
{
	grep -q "STATE=\"$1\"" "$CTL/cluster"
}

expect_same() # NAME…: on all hosts, and in etcd
{
	local host name

	for host in h1 h2 h3; do
		on $host
		settle
		list_names "[a-z]*" >"$TMP/names.$host"
		for name; do
			leads_to "$name" "$a" || fail "$host has no $name: $(cat "$TMP/names.$host")"
		done
	done
	cmp "$TMP/names.h1" "$TMP/names.h2"
	cmp "$TMP/names.h1" "$TMP/names.h3"
	expect_equal "$(sed 's/ .*//' "$TMP/names.h1")" "$(list_keys | sed -n 's,^links/dosdevices/,,p')" \
		"what is in etcd"
}

# --- no space -------------------------------------------------------------------------------------

on h1
expect_ok request create_point "link=before device=$a"
fill=$(head -c 120000 /dev/zero | tr '\0' x)
is_filled() # what merely took too long is done once more
{
	! etcd_do put /fill "$fill" >"$TMP/fill.log" 2>&1 && grep -q "space exceeded" "$TMP/fill.log"
}
await_within 200 is_filled
expect_fail ENOSPC request create_point "link=late device=$a"
expect_match "space" "$(tail -n 1 "$CTL/error_log")"
await is_state full
expect_fail ENOSPC request create_point "link=late device=$a"
leads_to before "$a"
expect_ok request create_point "X: $a"
on h2
settle
leads_to before "$a"
etcd_do compact "$(etcd_do get /none -w json | jq .header.revision)" >/dev/null
etcd_do defrag >/dev/null
etcd_do alarm disarm >/dev/null
on h1
await is_up
expect_ok rm "$MM/DosDevices/X:"
expect_ok request create_point "link=after device=$a"
on h2
await is_up
expect_same before after

# --- an older copy --------------------------------------------------------------------------------

on h1
expect_ok request create_point "link=gone device=$a"
ask_member "https://$(address_of m0):${client_ports[0]}" snapshot save "$TMP/copy" >/dev/null 2>&1
expect_ok request delete_points "link=gone"
expect_ok request create_point "link=newer device=$a"
on h2
expect_ok request create_point "link=newest device=$a"
expect_same before after newer newest
for i in 0 1 2; do
	kill_member $i
	rm -r "$folder/m$i"
	etcdctl snapshot restore "$TMP/copy" --name m$i --data-dir "$folder/m$i" \
		--initial-cluster "$(list_members)" \
		--initial-advertise-peer-urls "https://$(address_of m$i):${peer_ports[i]}" >/dev/null 2>&1
done
for i in 0 1 2; do
	start_member $i
done
for host in h1 h2 h3; do
	on $host
	await_within 40 is_state read-only
	expect_match "older copy" "$(cat "$CTL/cluster")"
	expect_fail EROFS request create_point "link=late device=$a"
	leads_to newer "$a" || fail "a name that the copy lacks was taken away on $host"
	leads_to newest "$a" || fail "a name that the copy lacks was taken away on $host"
	leads_to gone "$a" && fail "a name that the copy has shows before that was decided on $host"
done

# What the copy has counts, and what it lacks is shared anew.
for host in h1 h2 h3; do
	on $host
	if [ -n "${MMCTL-}" ]; then
		"$MMCTL" -m "$MM" cluster join >/dev/null 2>"$TMP/join.log" ||
			grep -q "other hosts have" "$TMP/join.log" || fail "$host: $(cat "$TMP/join.log" "$CTL/cluster")"
		await_within 60 is_up
	else
		expect_ok request cluster_join "all=1"
		await_within 60 is_up
		settle
		request cluster_join "device=$a" 2>/dev/null || true # who is first
	fi
done
expect_same before after newer newest gone
on h3
expect_ok request create_point "link=again device=$b"
on h1
settle
leads_to again "$b"
