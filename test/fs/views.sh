#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# history, metrics, epic_number, version and settle.
. "$(dirname "$0")/lib.sh"
require jq awk

id_a=UUID=11111111-2222-3333-4444-555555555555
id_b=UUID=aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee
a=${LOOP}01
b=${LOOP}02
make_image a 16M ext4 "${id_a#UUID=}"
make_image b 4M swap "${id_b#UUID=}"
make_image c 4M swap 99999999-bbbb-cccc-dddd-eeeeeeeeeeee
attach a 01
before=$(date +%s%6N)
start_mmfs mode=0666
dos=$MM/DosDevices

# --- history -------------------------------------------------------------------------------------

# An entry of the history: the last one, or the one before by N.
expect_entry()
{
	local n=$1 filter=$2

	jq -e "$filter" <<<"$(tail -n "$n" "$MM/history" | sed -n 1p)" >/dev/null ||
		fail "not so: $filter: $(tail -n "$n" "$MM/history" | sed -n 1p)"
}
guid=$(cat "$MM/ids/$id_a/guid")
expect_equal 1 "$(wc -l <"$MM/history")" "entries at the start"
expect_entry 1 '.operation == "volume_arrival" and .seq == 1 and .uid == 0 and .command == "mmfs" and .pid == '"$(server_pid)"
expect_entry 1 ".id == \"$id_a\" and .device == \"$a\" and .link == \"/Volumes/Volume{$guid}\""
request create_point "X: $a"
expect_entry 1 ".operation == \"create_point\" and .link == \"/DosDevices/X:\" and .id == \"$id_a\" and .device == \"$a\""
expect_entry 1 ".epic == $(epic) and .seq == 2 and .uid == 0 and .pid == $$ and .command == \"$(cat /proc/$$/comm)\""
expect_entry 1 'keys_unsorted | sort == ["command", "device", "epic", "id", "link", "operation", "pid", "seq", "time", "uid"]'
setpriv --reuid=1234 --regid=1234 --clear-groups ln -s "$a" "$dos/a \"quoted\" nämé" &
pid=$!
wait "$pid"
expect_entry 1 ".operation == \"create_point\" and .uid == 1234 and .pid == $pid and .command == \"ln\""
expect_entry 1 '.link == "/DosDevices/a \"quoted\" nämé"'
mv "$dos/a \"quoted\" nämé" "$dos/plain"
expect_entry 1 '.operation == "rename" and .link == "/DosDevices/plain" and .command == "mv"'
rm "$dos/plain"
expect_entry 1 '.operation == "delete_points" and .link == "/DosDevices/plain" and .command == "rm" and .id == "'"$id_a"'"'
cat >"$CTL/create_point" <<<"link=one device=$a
link=two device=$a"
expect_entry 2 ".link == \"/DosDevices/one\" and .epic == $(epic)"
expect_entry 1 ".link == \"/DosDevices/two\" and .epic == $(epic) and .command == \"cat\""
attach b 02
settle
expect_entry 1 ".operation == \"volume_arrival\" and .id == \"$id_b\" and .device == \"$b\" and .command == \"mmfs\""
detach 02
attach b 03
settle
expect_equal 8 "$(wc -l <"$MM/history")" "entries after the volume has moved"

# Times rise from the start of the case until now.
expect_equal "$(jq -r .time "$MM/history")" "$(jq -r .time "$MM/history" | sort)" "the order of times"
while read -r time; do
	expect_match '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z$' "$time" "a time"
	us=$(date -d "$time" +%s%6N)
	((us >= before && us <= $(date +%s%6N))) || fail "the time $time is not between $before and now"
done < <(jq -r .time "$MM/history")

# Durable, and a thousand long.
history_before=$(cat "$MM/history")
restart_mmfs
expect_equal "$history_before" "$(cat "$MM/history")" "the history after a restart"
kill_mmfs
start_mmfs
expect_equal "$history_before" "$(cat "$MM/history")" "the history after a crash"
for i in {1000..2050}; do
	echo "link=n$i device=$a"
done >"$CTL/create_point"
expect_equal 1000 "$(wc -l <"$MM/history")" "entries of a long history"
expect_entry 1 '.link == "/DosDevices/n2050" and .seq == 1059'
expect_entry 1000 '.link == "/DosDevices/n1051" and .seq == 60'
expect_equal "$(seq 60 1059)" "$(jq .seq "$MM/history")" "the numbers of the entries"
history_before=$(cat "$MM/history")
restart_mmfs
expect_equal "$history_before" "$(cat "$MM/history")" "a long history after a restart"
request delete_points "device=$a"
expect_equal $((1059 + 1055)) "$(tail -n 1 "$MM/history" | jq .seq)" "the number of the last entry"

# --- epic_number ---------------------------------------------------------------------------------

restart_mmfs
expect_equal 2 "$(epic)" "the epic number of a start that brings a volume name (the old one is deleted)"
restart_mmfs
expect_equal 1 "$(epic)" "the epic number of a start that brings nothing new"
expect_equal 0 "$(stat -c %s "$CTL/epic_number")" "the size of epic_number"
request create_point "X: $a"
expect_equal 2 "$(epic)" "the epic number after a change"
request query_points ""
request settle 1
! request create_point "Y: $a" 2>/dev/null || fail "a second letter was given"
cat "$MM"/{points,points.json,history,metrics} >/dev/null
expect_equal 2 "$(epic)" "the epic number after what changes nothing"
detach 03
settle
attach b 02
settle
expect_equal 2 "$(epic)" "the epic number after a volume has gone and come back"
attach c 03
settle
expect_equal 3 "$(epic)" "the epic number after a new volume has come"
request delete_points all=1
expect_equal 4 "$(epic)" "the epic number after deleting everything"
request delete_points all=1
expect_equal 4 "$(epic)" "the epic number after deleting nothing"
exec 3<"$CTL/epic_number"
expect_equal 4 "$(cat <&3)" "the epic number"
request create_point "X: $a"
exec 3<&- 3<"$CTL/epic_number"
expect_equal 5 "$(cat <&3)" "the epic number"
exec 3<&-

# --- metrics -------------------------------------------------------------------------------------

ln -s "$a" "$dos/a \"quoted\" \$(name) nämé"
metric()
{
	sample="$1 " awk 'index($0, ENVIRON["sample"]) == 1 { print $NF }' "$MM/metrics"
}
awk '
	function bad(why) { print why ": " $0; failed = 1 }
	ended { bad("behind the end") }
	/^# EOF$/ { ended = 1; next }
	/^# TYPE [a-z_]+ (counter|gauge)$/ { # all that node_exporter knows of these
		if ($3 in type) bad("a second family of this name")
		family = $3; type[family] = $4; next
	}
	/^# HELP [a-z_]+ [A-Z].*\.$/ { if ($3 != family) bad("help for another family"); next }
	/^#/ { bad("no such comment"); next }
	{
		if (!match($0, /^[a-z_]+(\{[a-z_]+="([^"\\]|\\["\\n])*"(,[a-z_]+="([^"\\]|\\["\\n])*")*\})? [0-9]+$/))
			bad("no sample")
		name = $0
		sub(/[{ ].*/, "", name)
		if (type[family] == "counter" && name != family "_total") bad("not of the counter " family)
		if (type[family] == "gauge" && name != family) bad("not of the gauge " family)
		key = $0
		sub(/ [0-9]+$/, "", key)
		if (seen[key]++) bad("a second sample")
		samples++
	}
	END { if (!ended) bad("no end"); if (samples < 10) bad("few samples"); exit failed }
' "$MM/metrics" || fail "metrics is no OpenMetrics text"
expect_equal "$(wc -l <"$MM/points")" "$(grep -c '^mmfs_volume_info{' "$MM/metrics")" "the links in metrics"
expect_equal 1 "$(metric "mmfs_volume_info{link=\"/DosDevices/X:\",id=\"$id_a\",device=\"$a\",state=\"online\"}")" \
	"the sample of a link"
expect_equal 1 "$(grep -cF 'mmfs_volume_info{link="/DosDevices/a \"quoted\" $(name) nämé",id=' "$MM/metrics")" \
	"the sample of a link with quotes in its name"
errors=$(metric mmfs_errors_total)
commits=$(metric mmfs_commits_total)
events=$(metric mmfs_events_total)
! request create_point "Y: $a" 2>/dev/null || fail "a second letter was given"
request create_point "Y: $b"
request query_points ""
expect_equal $((errors + 1)) "$(metric mmfs_errors_total)" "the count of errors"
expect_equal $((commits + 1)) "$(metric mmfs_commits_total)" "the count of commits"
detach 03
settle
(($(metric mmfs_events_total) > events)) || fail "no events were counted"
opens=$(metric 'mmfs_fuse_requests_total{request="open"}')
cat "$MM/points" >/dev/null
expect_equal $((opens + 2)) "$(metric 'mmfs_fuse_requests_total{request="open"}')" "the count of open files"

# --- version -------------------------------------------------------------------------------------

expect_equal "$("$MMFS" --version | sed -n 1p)" "$(cat "$CTL/version")" "version"
expect_match '^mmfs [0-9]+[.][0-9]+[.][0-9]+$' "$(cat "$CTL/version")" version

expect_equal "$(server_pid)" "$(cat "$CTL/server_pid")" "who serves"

# --- settle --------------------------------------------------------------------------------------

# Once it returns, what was done before shows.
for i in {1..20}; do
	attach c 03
	settle
	expect_equal "${LOOP}03" "$(readlink "$MM/ids/UUID=99999999-bbbb-cccc-dddd-eeeeeeeeeeee/device")" "the device, run $i"
	detach 03
	settle
	[ ! -e "$MM/ids/UUID=99999999-bbbb-cccc-dddd-eeeeeeeeeeee" ] || fail "a volume that has gone shows, run $i"
done
# Any line will do, several as well; several clients wait together.
expect_ok request settle "whatever it is, \"even this"
printf '1\n2\n3\n' | tee "$CTL/settle" >/dev/null
printf 1 >"$CTL/settle"
pids=()
attach c 03
for i in 1 2 3 4 5 6 7 8; do
	echo "$i" >"$CTL/settle" &
	pids+=($!)
done
for pid in "${pids[@]}"; do
	wait "$pid"
done
[ -e "$MM/ids/UUID=99999999-bbbb-cccc-dddd-eeeeeeeeeeee" ] || fail "a volume does not show after settle"
expect_refused EMSGSIZE settle "$(printf '%05000d' 0)"

stop_mmfs
