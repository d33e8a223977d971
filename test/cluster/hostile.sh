#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What somebody can write who has broken into a host, with the certificate that it has: whatever it is, the
# others go on sharing names, and what they have for themselves stays as it is.

# shellcheck source=three.sh
. "$(dirname "$0")/three.sh"

# As h2.
plant() # WORD…
(
	enter switch etcdctl --endpoints "$(list_endpoints)" --cacert "$folder/ca.crt" --cert "$folder/h2.crt" \
		--key "$folder/h2.key" "$@"
)

plant_row() # KEY VALUE
{
	plant put "/mmfs/test/$1" "$2" >/dev/null
}

quote()
{
	local text=${1//\\/\\\\}

	printf '"%s"' "${text//\"/\\\"}"
}

# Several in one revision.
plant_rows() # [KEY VALUE]…
{
	{
		echo
		while [ $# -gt 0 ]; do
			echo "put /mmfs/test/$1 $(quote "$2")"
			shift 2
		done
		echo
		echo
	} | plant txn >/dev/null
}

# As a change, which is counted.
plant_change() # CHANGE [KEY VALUE]…
{
	plant_rows head "{\"change\":\"$1\"}" "${@:2}"
}

number=0
expect_sharing() # AFTER WHAT
{
	local ended="the connection to mmfs has ended"

	number=$((number + 1))
	on h1
	await is_up
	expect_ok request create_point "link=after$number device=$a"
	on h3
	await is_up
	settle
	leads_to after$number "$a" || fail "h3 does not share names after $1"
	! grep "connect anew" "$LOG" || fail "mmfs does not understand $1"
	[ "$(grep -c "$ended" "$folder/h1.log")" = "$endings" ] || fail "the connection has ended by $1"
}

stop_helper h2
on h1
settle
endings=$(grep -c "the connection to mmfs has ended" "$folder/h1.log" || true)

# More sights than are told in one line, of a host that nobody has heard of.
for ((i = 0; i < 6; i++)); do
	rows=()
	for ((j = 0; j < 100; j++)); do
		rows+=("seen/UUID=none-$i-$j/h9" '{"device":"/dev/x","state":"online","mounts":["/a b"]}')
	done
	plant_rows "${rows[@]}"
done
sees_all()
{
	settle
	[ "$(grep -c '^SEEN="UUID=none-.*HOST="h9" DEVICE="/dev/x" STATE="online"' "$CTL/cluster")" = 600 ]
}
await sees_all
grep -q '^HOST="h9" ALIVE="0"' "$CTL/cluster" || fail "a silent host is not told of: $(grep ^HOST "$CTL/cluster")"
expect_sharing "many sights"
if [ -n "${MMCTL-}" ]; then
	on h1
	expect_match 'h9 silent 600' "$("$MMCTL" -m "$MM" cluster status -n -r -o HOST,STATE,VOLUMES)"
	expect_match 'h9[^ ]* silent' "$("$MMCTL" -m "$MM" tree --cluster -n -r -o NAME,STATE)"
	expect_ok "$MMCTL" -m "$MM" cluster forget h9
fi

# Sights that say what no host would.
deep=1
for ((i = 0; i < 30; i++)); do
	deep="{\"a\":$deep}"
done
plant_rows "seen/$id_a/h8" "{\"device\":\"/dev/x\",\"b\":$deep}" "seen/$id_b/h8" '{"device":"/dev/\u0000","mounts":[1,null,NaN]}' \
	"seen/$id_a/" '{}' "seen/x" 'y'
settle
expect_sharing "odd sights"

# Changes of hosts that cannot be, and rows that are longer as a line than most.
plant_change "no host/1" links/dosdevices/odd1 "{\"path\":\"/DosDevices/odd1\",\"id\":\"$id_a\",\"changed\":1}"
plant_change "a/b/2" links/dosdevices/odd2 "{\"path\":\"/DosDevices/odd2\",\"id\":\"$id_a\",\"changed\":1}"
plant_change $'h2\x01/3' links/dosdevices/odd3 "{\"path\":\"/DosDevices/odd3\",\"id\":\"$id_a\",\"changed\":1}"
expect_sharing "odd hosts"
leads_to odd3 "$a"
head -c 1000000 /dev/zero | tr '\0' '\1' | plant put /mmfs/test/links/dosdevices/long >/dev/null
expect_sharing "a long row"

# A name that cannot be read is nobody's to take, until it is deleted.
plant_row links/dosdevices/unread '}{'
on h1
settle
expect_refused EEXIST create_point "link=unread device=$a"
expect_match "cannot be read: .* deleted there, /mmfs/test/links/dosdevices/unread" "$(tail -n 1 "$CTL/error_log")"
plant del /mmfs/test/links/dosdevices/unread >/dev/null
settle
expect_ok request create_point "link=unread device=$a"

# What cannot be read of a volume holds up neither it nor others.
plant_row volumes/UUID=cccccccc-cccc-cccc-cccc-cccccccccccc '}{'
on h1
settle
make_image c 4M swap cccccccc-cccc-cccc-cccc-cccccccccccc
make_image d 4M swap dddddddd-dddd-dddd-dddd-dddddddddddd
attach c 03
settle
attach d 04
settle
expect_ok request create_point "link=third device=${LOOP}03"
expect_ok request create_point "link=fourth device=${LOOP}04"
expect_sharing "a volume that cannot be read"

# Everything is read anew: what is no text counts as etcd counts it, and is left out.
plant put $'/mmfs/test/links/\xff' x >/dev/null
for ((i = 0; i < 70; i++)); do
	head -c 1000000 /dev/zero | tr '\0' x | plant put "/mmfs/test/points/x$i" >/dev/null
done
on h3
stop_mmfs "${keepers[h3]}"
stop_helper h3
rm "$TMP/h3.db"
start_host h3
await_within 60 is_up
expect_sharing "what is no text"
leads_to odd1 "$a"

# What a host has for itself, and the life of another, are not to be written by others.
log=$(printf 'log/h1/%020d' 1000)
local_row='{"key":"links/dosdevices/q:","value":"{\"path\":\"/DosDevices/Q:\",\"id\":\"'$id_a'\",\"changed\":1}"}'
expect_fail - plant_change h1/1000 "$log" "{\"entries\":[],\"local\":[$local_row]}"
expect_fail - plant_row hosts/h1 '{}'
expect_sharing "the log of another"
on h1
[ ! -L "$MM/DosDevices/Q:" ] || fail "a host has given another one a drive letter"

# A newer format: names stay, and cannot be changed.
format=$(plant get --print-value-only /mmfs/test/format)
plant_row format '{"version":2,"cluster":"11111111-2222-4333-8444-555555555555"}'
for host in h1 h3; do
	on $host
	await grep -q 'STATE="read-only".*newer format' "$CTL/cluster"
	expect_fail EROFS request create_point "link=late device=$a"
	leads_to after1 "$a"
done
plant_row format "$format"
for host in h1 h3; do
	on $host
	await is_up
done
endings=$(grep -c "the connection to mmfs has ended" "$folder/h1.log" || true)
expect_sharing "a newer format"
