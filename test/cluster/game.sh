#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Three hosts give and take six names as they like, while members of etcd and mmfs-cluster are killed or
# stand still. What each was told is written down. After each round all is well again, and each name is
# there or not as the answers say, the same on all hosts and in etcd; in the end also without etcd, from the
# databases alone. $MMFS_CLUSTER_ROUNDS are played, 3 if it does not say.

# shellcheck source=three.sh
. "$(dirname "$0")/three.sh"

rounds=${MMFS_CLUSTER_ROUNDS:-3}
RANDOM=$(date +%s)
seed=$RANDOM
RANDOM=$seed

# "create g1 yes", "delete g2 no", "create g3 maybe": the answer that a host was given.
write_names() # HOST DEVICE SEED
{
	local i name said verb

	RANDOM=$3
	for ((i = 0; i < 8; i++)); do
		name=g$((RANDOM % 6))
		verb=create
		if [ $((RANDOM % 2)) = 0 ]; then
			verb=delete
			said=$({ echo "link=$name" >"${tree[$1]}/control/delete_points"; } 2>&1) || true
		else
			said=$({ echo "link=$name device=$2" >"${tree[$1]}/control/create_point"; } 2>&1) || true
		fi
		case $said in
		"") said=yes ;;
		*"File exists"* | *"No such file"* | *"Read-only"* | *"temporarily"* | *"busy"*) said=no ;;
		*"timed out"*) said=maybe ;;
		*) said="? $said" ;;
		esac
		echo "$verb $name $said" >>"$TMP/answers"
	done
}

hurt()
{
	local number=$((RANDOM % 3)) host=h$((1 + RANDOM % 3))

	case $((RANDOM % 5)) in
	0) kill_member $number && fault="member $number was killed" ;;
	1) kill -STOP "${member[$number]}" && fault="member $number stood still" ;;
	2) stop_helper $host KILL && fault="mmfs-cluster of $host was killed" ;;
	3) kill -STOP "${helper[$host]}" && fault="mmfs-cluster of $host stood still" ;;
	4) fault=none ;;
	esac
	echo "$fault" >>"$TMP/faults"
}

heal()
{
	local i host

	for i in 0 1 2; do
		if [ -n "${member[$i]-}" ]; then
			kill -CONT "${member[$i]}"
		else
			start_member $i
		fi
	done
	for host in h1 h2 h3; do
		if [ -n "${helper[$host]-}" ]; then
			kill -CONT "${helper[$host]}"
		else
			run_helper $host
		fi
	done
	for host in h1 h2 h3; do
		on $host
		await_within 40 is_up
	done
	for host in h1 h2 h3; do
		on $host
		settle
		list_names "g?" >"$TMP/names.$host"
	done
}

count() # ANSWER
{
	grep -cx "$1" "$TMP/answers" || true
}

# Creations and deletions of a name take turns: so many of both as there were answers make the end.
check_name() # NAME
{
	local before after sum

	before=$(grep -c "^$1 " "$TMP/names.before" || true)
	after=$(grep -c "^$1 " "$TMP/names.h1" || true)
	[ "$(count "[a-z]* $1 maybe")" = 0 ] || return 0 # either is right
	sum=$((before + $(count "create $1 yes") - $(count "delete $1 yes")))
	[ $sum = "$after" ] ||
		fail "seed $seed: $1 was $before, is $after, and not $sum: $(xargs -a "$TMP/faults"); $(cat "$TMP/answers")"
}

check()
{
	local host name

	! grep '?' "$TMP/answers" || fail "seed $seed: an answer that is none"
	for host in h2 h3; do
		cmp "$TMP/names.h1" "$TMP/names.$host" || fail "seed $seed: h1 and $host differ"
	done
	expect_equal "$(sed -n 's/ .*//p' "$TMP/names.h1")" \
		"$(list_keys | sed -n 's,^links/dosdevices/\(g.\)$,\1,p')" "what is in etcd"
	for name in g0 g1 g2 g3 g4 g5; do
		check_name $name
	done
}

play()
{
	local writers=() host device=$a i=0

	: >"$TMP/answers"
	cp "$TMP/names.h1" "$TMP/names.before"
	for host in h1 h2 h3; do
		[ $host != h2 ] || device=$b
		write_names $host "$device" $((RANDOM + i++)) &
		writers+=($!)
	done
	hurt
	sleep 0.$((RANDOM % 9))
	[ $((RANDOM % 2)) = 0 ] || sleep 2
	heal
	wait "${writers[@]}"
	heal
	check
}

: >"$TMP/names.h1"
for ((round = 0; round < rounds; round++)); do
	play
done
sort "$TMP/faults" | uniq -c
for host in h1 h2 h3; do
	stop_helper $host
done
for host in h1 h2 h3; do
	on $host
	stop_mmfs "${keepers[$host]}"
	DB=$TMP/$host.db start_mmfs cluster=test "cluster_socket=$TMP/$host.socket" share=all
	cmp <(list_names "g?") "$TMP/names.h1" || fail "seed $seed: $host has other names without etcd"
done
