#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What can go wrong: the leader of etcd is killed, or stands still; the program is killed while a change
# is under way; the history of etcd is taken away; all of etcd is gone; it comes back with an older copy.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

number=0
commit() # HOST LINK
{
	number=$((number + 1))
	say "$1" '{"commit":'$number',"change":"'"$1/$number"'","log":"{\"entries\":['$number']}",
		"compare":[{"key":"links/'"$2"'","revision":0}],
		"put":[{"key":"links/'"$2"'","value":"{}"},{"key":"volumes/A","value":"'$number'"}]}'
}

# Twenty changes, one after the other: each is done, or lost and then done. On a busy machine etcd can be
# silent for so long that one is refused, until it is told that names can be changed again, or that nobody
# knows what has become of one, until that is told.
commit_many() # HOST PREFIX
{
	local i result

	for ((i = 0; i < 20; i++)); do
		commit "$1" "$2$i"
		hear "$1" "\"answer\":$number,"
		result=$(get "$1" .result)
		if [ "$result" = unknown ]; then
			hear "$1" "\"settled\":\"$1/$number\""
			result=$(get "$1" .result)
		fi
		case $result in
		done) ;;
		lost | void) i=$((i - 1)) ;;
		refused)
			hear "$1" '"state":"up"'
			i=$((i - 1))
			;;
		*) fail "${heard[$1]}" ;;
		esac
	done
}

# As often as there are keys with the prefix, whatever was lost meanwhile.
expect_links() # PREFIX COUNT
{
	[ "$(list_keys | grep -c "^links/$1")" = "$2" ] || fail "$(list_keys)"
}

start_etcd
start_helper h1
begin h1
hear h1 '"state":"up"'
start_helper h2
begin h2
hear h2 '"state":"up"'

# The leader dies between changes, and one while they are under way; they wait, and do not fail.
commit_many h1 a
leader=$(find_leader)
kill_member "$leader"
commit_many h1 b
start_member "$leader"
await_within 60 find_leader
leader=$(find_leader)
kill -STOP "${member[$leader]}"
commit_many h1 c
kill -CONT "${member[$leader]}"
expect_links "[abc]" 60
say h2 '{"sync":1000}'
hear h2 '"synced":'

# Killed with a change under way: whoever comes next tells what became of it.
commit h1 d
stop_helper h1 KILL
hear h1 -
run_helper h1
hear h1 '"cluster_id":"'
while [ "$(get h1 .cluster_id)" = "" ]; do
	hear h1 '"cluster_id":"'
done
id=$(get h1 .cluster_id)
say h1 '{"want":{"revision":0,"head":0,"cluster_id":"'"$id"'","open":"h1/'$number'"}}'
hear h1 '"settled":"h1/'$number'"'
case "$(get h1 .result) $(list_keys | grep -c '^links/d$')" in
"done 1" | "void 0") ;;
*) fail "${heard[h1]} $(list_keys)" ;;
esac
hear h1 '"state":"up"'

# mmfs knows a revision, and hears what came after it; or all, if that is not there any more.
commit h1 e
hear h1 "\"answer\":$number,"
revision=$(get h1 .revision)
say h2 '{"sync":1001}'
hear h2 "\"revision\":$revision,\"head\":"
head=$(get h2 .head)
hear h2 '"synced":'
say h2 'hang up'
hear h2 -
commit h1 f
hear h1 "\"answer\":$number,"
hear h2 '"hello":1'
say h2 '{"want":{"revision":'"$revision"',"head":'"$head"',"cluster_id":"'"$id"'"}}'
hear h2 '"rows":'
expect h2 '.rows | map(.key) | join(" ")' "links/f volumes/A log/h1/$(printf %020d $number)"
hear h2 '"state":"up"'
say h2 'hang up'
hear h2 -
commit h1 g
hear h1 "\"answer\":$number,"
etcd_do compact "$(get h1 .revision)" >/dev/null
hear h2 '"hello":1'
say h2 '{"want":{"revision":'"$revision"',"head":'"$head"',"cluster_id":"'"$id"'"}}'
hear h2 '"begin":"all"'
hear h2 '"state":"up"'

# A count of changes that etcd does not know: it has another history, and no name is taken away.
say h2 'hang up'
hear h2 -
hear h2 '"hello":1'
say h2 '{"want":{"revision":1000000,"head":1000,"cluster_id":"'"$id"'"}}'
hear h2 '"state":"read-only"'
[[ ${heard[h2]} == *"older copy"* ]] || fail "${heard[h2]}"

# An administrator has decided that what etcd has counts: all of it is asked for, and comes.
say h2 'hang up'
hear h2 -
hear h2 '"hello":1'
say h2 '{"want":{"revision":0,"head":0,"cluster_id":"'"$id"'"}}'
hear h2 '"begin":"all"'
hear h2 '"state":"up"'

# Nobody is there: that is told, and what is wanted meanwhile is refused. Then all goes on.
for i in "${!member[@]}"; do
	kill_member "$i"
done
hear h1 '"state":"down"'
commit h1 h
hear h1 "\"answer\":$number,"
expect h1 .result refused
for i in 0 1 2; do
	start_member $i
done
hear h1 '"state":"up"'
commit_many h1 i
