#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The server dies while a change of all hosts is under way: between the engine's yes and the database,
# before it has said anything, while the engine is away. What was asked for happens once, and who asked
# is told so.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
. "$(dirname "$0")/lib-cluster.sh"

grep -q MMFS_CRASH_ENDLESS "$MMFS" || skip "mmfs was built without -Dcrash_points=true"
unset MMFS_CRASH_ALL # it is the server alone that dies

at_end()
{
	end_engine
}

make_image a 1M swap "$(number_uuid 1)"
make_image b 1M swap "$(number_uuid 2)"
attach a 01
attach b 02
a=${LOOP}01 b=${LOOP}02
begin_engine "h1=$TMP/s1"

start() # [LABEL:TURN]: where the server dies
{
	MMFS_CRASH_AT=${1-} start_mmfs cluster=test "cluster_socket=$TMP/s1" "share=${a#/dev/}"
	await is_state up
	settle
	: >"$LOG"
}

count_deaths()
{
	grep -c 'another one goes on' "$LOG" || true
}

has_died()
{
	[ "$(count_deaths)" -ge 1 ]
}

# A request, in the background: $asker, and its answer in $TMP/answer.
ask_for() # OPERATION LINE
{
	echo "$2" >"$CTL/$1" 2>"$TMP/answer" &
	asker=$!
}

expect_done()
{
	wait "$asker" || fail "the request failed: $(cat "$TMP/answer")"
}

# As often as it is in the history it has happened.
expect_once() # NAME
{
	settle
	expect_equal 1 "$(grep -c "/DosDevices/$1\"" "$MM/history")" "how often $1 was made"
	expect_equal "$a" "$(readlink "$MM/DosDevices/$1")" "$1"
	has_row "links/dosdevices/$1" || fail "the engine does not have $1"
	expect_equal 1 "$(grep '^log/' "$TMP/rows" | grep -c "/DosDevices/$1\"")" "how often the engine made $1"
}

start
stop_mmfs

# --- at each step ---------------------------------------------------------------------------------

n=0
die_at() # LABEL:TURN[,LABEL…]: the second is where the next server dies
{
	start "$1"
	while ! has_died; do
		n=$((n + 1))
		ask_for create_point "link=step-$n device=$a"
		expect_done
		expect_once step-$n
	done
	expect_equal "${2-1}" "$(count_deaths)" "how many servers died of those that were to at $1"
	stop_mmfs
}

for label in commit:noted:4 cluster:{noted,sent,answered}:2 \
	store:{before-begin,after-begin,mid-transaction,before-commit,after-commit,before-result}:4 \
	daemon:before-apply:6 commit:shown:2; do
	die_at "$label"
done

# The next server dies, too, on its way to know.
for label in over:{memory,judged,devices,missed,told,files,woken,greeted,slot,taken} start:served; do
	die_at "cluster:answered:2,$label" 2
done
for label in commit:noted store:before-commit; do
	die_at "cluster:answered:2,$label,$label" 3
done
for label in store:{after-commit,before-result} daemon:before-apply; do
	die_at "cluster:answered:2,$label" 2
done
for label in over:{judged,taken} commit:noted cluster:{noted,sent,answered} store:after-commit; do
	die_at "cluster:noted:2,$label" 2
done

# --- what comes another way -------------------------------------------------------------------------

start cluster:answered:2
expect_ok ln -s "$a" "$MM/DosDevices/linked"
expect_ok mv "$MM/DosDevices/linked" "$MM/DosDevices/moved"
has_died || fail "nobody died when a name was moved"
expect_equal "$a" "$(readlink "$MM/DosDevices/moved")"
[ ! -L "$MM/DosDevices/linked" ] || fail "what was moved is still there"
stop_mmfs
start cluster:answered
expect_ok rm "$MM/DosDevices/moved"
[ ! -L "$MM/DosDevices/moved" ] || fail "what was deleted is still there"
has_died || fail "nobody died when a name was deleted"
stop_mmfs

# What is this machine's own and what all hosts have in one request: the former is nowhere but in the log
# of the change. What comes next is told of that change, or, where it is compacted, of all there is.
ask_for_both() # NAME LINE
{
	kill -STOP "$mmfs_pid" # no other server, so far
	ask_for batch "$(printf 'create_point link=%s device=%s\n%s\ncommit' "$1" "$a" "$2")"
	await lib_is_ended "$(server_pid)"
}

expect_both() # NAME WHAT
{
	kill -CONT "$mmfs_pid"
	expect_done
	expect_once "$1"
	for what in "taken up" "read again"; do
		expect_equal "$2" "$(find "$MM/DosDevices" -name '?:' -printf %f) $(cat "$(volume_folder "$a")/no_drive_letter")" \
			"letter and mark of a change that was $what"
		stop_mmfs
		start
	done
}

start cluster:answered
ask_for_both letter "create_point X: $a"
expect_both letter "X: 0"
stop_mmfs
start cluster:answered
ask_for_both compacted "delete_points X:"
play compact
expect_both compacted " 1"
stop_mmfs

# Many at once, in one change.
start cluster:answered:2
askers=()
for i in 1 2 3 4 5 6 7 8; do
	ask_for create_point "link=crowd-$i device=$a"
	askers+=("$asker")
done
for asker in "${askers[@]}"; do
	expect_done
done
has_died || fail "nobody died among many"
for i in 1 2 3 4 5 6 7 8; do
	expect_once crowd-$i
done
stop_mmfs

# --- the engine has not answered --------------------------------------------------------------------

kill_server()
{
	kill -KILL "$(server_pid)"
}

has_another_server() # THAN
{
	[ "$(cat "$CTL/server_pid")" != "$1" ]
}

count_heard()
{
	dump_rows
	sed -n 's/^heard h1 //p' "$TMP/rows"
}

has_heard_more() # THAN
{
	[ "$(count_heard)" -gt "$1" ]
}

# It never will, as nobody has taken it: it is asked for anew.
start
play deaf h1
heard=$(count_heard)
ask_for create_point "link=waiting device=$a"
await has_heard_more "$heard"
play hear h1
kill_server
expect_done
expect_once waiting
stop_mmfs

# It has, and the answer is lost with the connection; the next server dies, too, before it is told.
start
play cut h1
ask_for create_point "link=patient device=$a"
await has_row links/dosdevices/patient
for _ in 1 2; do
	server=$(server_pid)
	kill_server
	await has_another_server "$server"
done
kill -0 "$asker" || fail "somebody was answered who cannot be: $(cat "$TMP/answer")"
play let h1
expect_done
expect_once patient
expect_fail EEXIST request create_point "link=patient device=$b"
