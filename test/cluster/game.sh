#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Three hosts give, take and rename six names as they like, while servers, mmfs-cluster and members of
# etcd are killed or stand still, networks are cut, clocks jump, and the history of etcd is taken away.
# What each was told is written down, with the time. After each round all is well again, and
#
#	1. there is an order of all calls that explains what was told (linear.c), refusals included,
#	2. with what is there at the end: no more, and no less;
#	3. whatever was seen meanwhile: each name once, and led to the device of its volume,
#	4. the revision of a host never fell, and it saw its own changes when it was answered;
#	5. all hosts show the same, and etcd has it; in the end without etcd, too, from the databases alone;
#	6. names of volumes that are seen were not taken: with 1, since both volumes are there all the time;
#	7. nothing was mounted.
#
# $MMFS_CLUSTER_ROUNDS are played, 28 if it does not say, which take some two minutes;
# $MMFS_CLUSTER_FAULTS are the only faults then.

skew=$(dirname "$MMFS")/test/cluster/libskew.so
! grep -q __asan_init "$MMFS" || skew= # would have to come first
# shellcheck source=three.sh
. "$(dirname "$0")/three.sh"

rounds=${MMFS_CLUSTER_ROUNDS:-28}
seed=${SEED:-$(date +%s)}
RANDOM=$((seed % 32768))
linear=$(dirname "$MMFS")/test/cluster/linear
names=(g0 g1 g2 g3 g4 g5)
faults=(member-killed member-stands leader-stands helper-killed helper-stands server-killed server-stands
	member-cut leader-cut host-cut half-cut one-way answers-lost
	compacted clock none)
[ -z "${MMFS_CLUSTER_FAULTS-}" ] || read -r -a faults <<<"$MMFS_CLUSTER_FAULTS"

now()
{
	echo "${EPOCHREALTIME/./}"
}

# --- who plays ------------------------------------------------------------------------------------

# Which server of a host has known all names, and since when; nothing while it does not.
get_standing()
{
	local since

	since=$(sed -n 's/.* STATE="up" \(SINCE="[^"]*"\).*/\1/p' "$CTL/cluster" 2>/dev/null) || return 0
	[ -z "$since" ] || echo "$since $(cat "$CTL/server_pid")"
}

# It was cut off, at one of these times or in between. A server that follows another waits until it knows.
may_be_wrong() # STANDING STANDING
{
	[ -z "$1" ] || [ -z "$2" ] || { [ "$1" != "$2" ] && [ "${1#* }" = "${2#* }" ]; }
}

# "yes" or why not, of what a command has said. A host that is cut off may have been wrong.
get_result() # STANDING WHAT WAS SAID
{
	local standing=$1

	shift
	case $1 in
	"") echo yes ;;
	*"timed out"*) echo maybe ;;
	*"File exists"* | *"No such file"*)
		if may_be_wrong "$standing" "$(get_standing)"; then
			echo no
		elif [[ $1 == *exists* ]]; then
			echo exists
		else
			echo none
		fi
		;;
	*"Read-only"* | *"temporarily"* | *"No space"*) echo no ;;
	*) echo "? $1" ;;
	esac
}

write_line() # FILE LINE
{
	echo "$2" >"$CTL/$1"
}

# A call, and what was told, in one line.
call() # HOST WHAT -- COMMAND…
{
	local host=$1 what=$2 standing begin end said

	shift 3
	standing=$(get_standing)
	begin=$(now)
	said=$({ "$@" >/dev/null; } 2>&1) || true
	end=$(now)
	said=$(get_result "$standing" "$said")
	# What the kernel remembers of a folder may be older than what others were told.
	[[ $what != rename* || $said == yes || $said == maybe ]] || said=no
	echo "$begin $end $host $what $said" >>"$TMP/answers"
}

# A name that nobody else gives: it shows as soon as that is acknowledged, and is gone likewise.
check_own() # HOST DEVICE NUMBER
{
	local path=$MM/DosDevices/own-$1-$3

	write_line create_point "link=${path##*/} device=$2" 2>/dev/null || return 0
	[ "$(readlink "$path")" = "$2" ] || echo "$1 does not see ${path##*/}, which it has made" >>"$TMP/wrong"
	write_line delete_points "link=${path##*/}" 2>/dev/null || return 0
	[ ! -L "$path" ] || echo "$1 sees ${path##*/}, which it has deleted" >>"$TMP/wrong"
}

play_host() # HOST DEVICE SEED
{
	local i name

	on "$1"
	RANDOM=$3
	for ((i = 0; i < 10; i++)); do
		[ $i != 3 ] || await test -e "$TMP/is-hurt" # most of it is with the fault
		name=${names[RANDOM % 6]}
		case $((RANDOM % 8)) in
		[0-2]) call "$1" "create $name $2" -- write_line create_point "link=$name device=$2" ;;
		[3-5]) call "$1" "delete $name" -- write_line delete_points "link=$name" ;;
		6)
			call "$1" "rename $name ${names[i % 6]}" -- \
				mv -T "$MM/DosDevices/$name" "$MM/DosDevices/${names[i % 6]}"
			;;
		7) check_own "$1" "$2" $i ;;
		esac
	done
}

# Looks at a host whenever something has changed there, and once a second, until $TMP/enough is there.
watch_host() # HOST
{
	local revision now changes notifier last=0 server=""

	on "$1"
	exec {changes}< <(exec cat "$CTL/change_notify") # of a file itself `read` takes no time limit
	notifier=$!
	while [ ! -e "$TMP/enough" ]; do
		read -r -t 1 -u "$changes" || true
		cat "$MM/points" >"$TMP/seen.$1" 2>/dev/null || continue
		sed -n 's/^LINK="\([^"]*\)".*/\L\1/p' "$TMP/seen.$1" | sort | uniq -d |
			sed "s/^/a name twice on $1: /" >>"$TMP/wrong"
		grep -vxE "LINK=\"[^\"]*\" ID=\"($id_a\" DEVICE=\"$a|$id_b\" DEVICE=\"$b)\"" "$TMP/seen.$1" |
			sed "s/^/a name that leads elsewhere on $1: /" >>"$TMP/wrong" || true
		# What a server knows beyond its database the next one is told anew.
		now=$(cat "$CTL/server_pid" 2>/dev/null) || continue
		revision=$(sed -n '1s/.* REVISION="\([0-9]*\)".*/\1/p' "$CTL/cluster" 2>/dev/null) || continue
		[ "$now" = "$(cat "$CTL/server_pid" 2>/dev/null)" ] || continue
		[ "$now" = "$server" ] || last=0
		server=$now
		[ "$revision" -ge "$last" ] || echo "the revision of $1 was $last, and is $revision" >>"$TMP/wrong"
		last=$revision
	done
	kill "$notifier"
}

# --- what goes wrong ------------------------------------------------------------------------------

kill_server() # HOST
{
	kill -KILL "$(server_pid "${keepers[$1]}")"
}

get_revision()
{
	etcd_do get /none -w json | jq .header.revision
}

# Or nobody writes any more.
has_written() # REVISION
{
	[ "$(get_revision)" -gt "$1" ] || ! kill -0 "${players[@]}" 2>/dev/null
}

hurt() # FAULT
{
	local number=$((RANDOM % 3)) host=h$((1 + RANDOM % 3)) leader=""

	[[ $1 != leader-* ]] || leader=$(find_leader) || leader=$number
	case $1 in
	member-killed) kill_member $number ;;
	member-stands) kill -STOP "${member[$number]}" ;;
	leader-stands) kill -STOP "${member[$leader]}" ;;
	helper-killed) stop_helper $host KILL ;;
	helper-stands) kill -STOP "${helper[$host]}" ;;
	server-killed) kill_server $host ;;
	server-stands)
		stopped=$(server_pid "${keepers[$host]}")
		kill -STOP "$stopped"
		;;
	member-cut) cut m$number ;;
	leader-cut) cut "m$leader" ;;
	host-cut) cut $host ;;
	half-cut) # a host and a member here, all others there
		for one in $host m$number; do
			for other in h1 h2 h3 m0 m1 m2; do
				[ $other = $host ] || [ $other = m$number ] || deafen "$one" "$other"
			done
		done
		;;
	answers-lost) # of whatever a host wants: it happens
		for number in 0 1 2; do
			deafen m$number $host
		done
		;;
	one-way) deafen m$number m$(((number + 1) % 3)) ;;
	compacted) # what others write while a host is cut off
		cut $host
		: >"$TMP/is-hurt"
		await_within 30 has_written "$(get_revision)"
		etcd_do compact "$(get_revision)" >/dev/null || true
		;;
	clock) # of a host goes an hour forth or back, or is right again
		clocks=('\x10\x0e\0\0\0\0\0\0' '\xf0\xf1\xff\xff\xff\xff\xff\xff' '\0\0\0\0\0\0\0\0')
		[ -z "$skew" ] || set_clock $host "${clocks[RANDOM % 3]}"
		;;
	none) ;;
	esac
	echo "$1" >>"$TMP/faults"
	: >"$TMP/is-hurt"
}

heal()
{
	local i host

	[ -z "${stopped-}" ] || kill -CONT "$stopped" 2>/dev/null || true
	stopped=
	heal_net
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
			with_clock $host run_helper $host
		fi
	done
	for host in h1 h2 h3; do
		on $host
		await_within 40 is_up
	done
}

# --- what must hold -------------------------------------------------------------------------------

# Who is cut off is settled with what it knows: a network that has just healed may falter once more.
settle_with_all()
{
	local standing=""

	until [ -n "$standing" ] && [ "$standing" = "$(get_standing)" ]; do
		await_within 40 is_up
		standing=$(get_standing)
		settle
	done
}

# What a host shows, as it was told. Nothing is open any more that may yet happen.
read_all() # HOST
{
	local begin

	on "$1"
	begin=$(now)
	settle_with_all
	list_names "g?" | tr ' ' = >"$TMP/names.$1"
	echo "$begin $(now) $1 all $(xargs <"$TMP/names.$1")" >>"$TMP/answers"
}

check()
{
	local host

	! grep '?' "$TMP/answers" || fail "seed $seed: an answer that is none"
	[ ! -s "$TMP/wrong" ] || fail "seed $seed: $(cat "$TMP/wrong")"
	for host in h2 h3; do
		cmp "$TMP/names.h1" "$TMP/names.$host" || fail "seed $seed: h1 and $host differ"
	done
	expect_equal "$(sed 's/=.*//' "$TMP/names.h1")" \
		"$(list_keys | sed -n 's,^links/dosdevices/\(g.\)$,\1,p')" "what is in etcd"
	! grep -E " ($TMP/.* )?($a|$b) " /proc/self/mountinfo || fail "seed $seed: a shared volume is mounted"
	"$linear" <"$TMP/answers" || fail "seed $seed: $(xargs -a "$TMP/faults"): $(cat "$TMP/answers")"
}

play()
{
	local players=() host device i=0

	rm -f "$TMP/is-hurt"
	{ echo "0 0 all all $(xargs <"$TMP/names.h1")"; } >"$TMP/answers"
	for host in h1 h2 h3; do
		device=$a
		[ $host != h2 ] || device=$b
		play_host $host "$device" $((RANDOM + i++)) &
		players+=($!)
	done
	hurt "$1"
	sleep 0.$((RANDOM % 9))
	[ $((RANDOM % 2)) = 0 ] || sleep 2
	heal
	wait "${players[@]}"
	heal
	for host in h1 h2 h3; do
		on $host
		settle_with_all
	done
	for host in h1 h2 h3; do
		read_all $host
	done
	check
}

echo "SEED=$seed"
: >"$TMP/names.h1"
: >"$TMP/wrong"
watchers=()
for host in h1 h2 h3; do
	watch_host $host &
	watchers+=($!)
done
for ((round = 0; round < rounds; round++)); do
	play "${faults[RANDOM % ${#faults[@]}]}"
done
: >"$TMP/enough"
wait "${watchers[@]}"
sort "$TMP/faults" | uniq -c
for host in h1 h2 h3; do
	stop_helper $host
done
for host in h1 h2 h3; do
	on $host
	stop_mmfs "${keepers[$host]}"
	DB=$TMP/$host.db start_mmfs cluster=test "cluster_socket=$TMP/$host.socket" share=all
	list_names "g?" | tr ' ' = | cmp - "$TMP/names.h1" || fail "seed $seed: $host has other names without etcd"
done
