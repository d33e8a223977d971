#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Several versions of a long `points` are open: each shows its own, also when another server goes on,
# and who holds them pays for what is different only.

. "$(dirname "$0")/lib.sh"
require setpriv

count=8000
versions=8
printf -v long '%0200d' 0
make_image a 1M swap
attach a 00
start_mmfs
settle
for ((i = 0; i < count; i++)); do
	echo "link=name-$i-$long device=$device"
done >"$CTL/create_point"
size=$(stat -c %s "$MM/points")
((size * versions > 16777216)) || fail "points is short: $size bytes"

# What nobody has open: as many lines as were written to it are as many more versions.
coproc NOBODY {
	setpriv --reuid=65534 --regid=65534 --clear-groups bash -c '
		while read -r _; do
			exec {fd}<"$1/points" && head -c 100 <&$fd >/dev/null && echo opened || echo failed
		done' - "$MM"
}
nobody=$NOBODY_PID
for ((i = 0; i < versions; i++)); do
	case $((i % 3)) in
	0) request create_point "link=a-$i device=$device" ;;
	1) request create_point "link=zz-$i device=$device" ;;
	2) request delete_points "link=name-$((i * 500))-$long" ;;
	esac
	exec {fd}<"$MM/points"
	files[i]=$fd
	cat "$MM/points" >"$TMP/version-$i"
	head -c $((i * 100000)) <&"$fd" | cmp -n $((i * 100000)) - "$TMP/version-$i" || fail "the start of version $i"
	echo >&"${NOBODY[1]}"
	read -r answer <&"${NOBODY[0]}"
	expect_equal opened "$answer" "version $i as nobody opens it"
done
expect_ok setpriv --reuid=65534 --regid=65534 --clear-groups \
	bash -c 'exec 3<>"$1"; echo link=a-0 >&3; cat <&3' - "$CTL/query_points" >/dev/null
expect_equal "" "$(cat "$CTL/error_log")" "what has failed"

has_another_server()
{
	[[ $(server_pid) != "$server" ]]
}

server=$(server_pid)
kill -KILL "$server"
await has_another_server
for ((i = 0; i < versions; i++)); do
	cat <&"${files[i]}" | cmp - <(tail -c +$((i * 100000 + 1)) "$TMP/version-$i") || fail "the rest of version $i"
	fd=${files[i]}
	exec {fd}<&-
done
cmp "$MM/points" "$TMP/version-$((versions - 1))" || fail "points is another with another server"
eval "exec ${NOBODY[1]}>&-"
wait "$nobody" || true
stop_mmfs
