#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# After a change is acknowledged every process sees it, and nothing else: with the kernel's caches,
# under load, for names that were looked for before they were there, for devices that come and go;
# and what the caches show is what the daemon shows when it is asked every time.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

rounds=${ROUNDS:-$(plain_or_sanitized 600 150)}

make_image a 1M swap "$(number_uuid 1)" first
make_image b 1M swap "$(number_uuid 2)" second
make_image c 1M swap "$(number_uuid 3)"
attach a 00
first=$device
attach b 01
second=$device

hammer() # on|off ROUNDS [OTHER-NAMES]
{
	local i others=${3-0}

	start_mmfs "cache=$1"
	for ((i = 0; i < others; i++)); do
		echo "link=other-$i device=$first"
	done >"$CTL/create_point"
	echo "cache=$1, $2 rounds, $others other names:"
	timeout 600 "$helpers/hammer" "$MM" "$first" "$second" "$2"
	expect_sound
	[ "$others" = 0 ] || request delete_points "device=$first"
	expect_equal "" "$(links)" "what is left of the names"
	stop_mmfs
}

# A device that arrives, leaves or changes is seen at once when `settle` returns.
come_and_go()
{
	local i name=${LOOP#/dev/}02

	start_mmfs "cache=$1"
	for ((i = 0; i < $2; i++)); do
		[ ! -e "$MM/devices/$name" ] || fail "$name is there after it left (round $i)"
		[[ $(ls "$MM/devices") != *"$name"* ]] || fail "$name is listed after it left"
		attach c 02
		settle
		expect_equal "../ids/UUID=$(number_uuid 3)" "$(readlink "$MM/devices/$name")" "round $i"
		[[ $(ls "$MM/devices") == *"$name"* ]] || fail "$name is not listed"
		detach 02
		settle
	done
	stop_mmfs
}

# --- the same session with the caches on and off -------------------------------------------------

show()
{
	local file

	echo "== $1"
	# Looked at before it is there, and listed, so that there is something stale to be shown.
	stat "$MM"/{DosDevices,mounts}/{D:,kept,other} >/dev/null 2>&1 || true
	(cd "$MM" && find . -path ./control -prune -o ! -name history ! -name metrics ! -size 0 \
		-printf '%P %y %m %l %s\n' -o -printf '%P %y %m %l\n' | sort)
	for file in "$MM"/points "$MM"/points.json "$MM"/ids/*/*; do
		# The time is another in each play.
		[ -L "$file" ] || [[ $file == */last_seen ]] || { echo "-- ${file#"$MM"}"; cat "$file"; }
	done
}

play()
{
	cp "$TMP/begin.db" "$TMP/$1.db"
	start_mmfs "cache=$1" "db=$TMP/$1.db"
	show start
	request create_point "D: $first"
	show create
	request create_point "link=kept device=$second"
	show another
	ln -s "$first" "$MM/DosDevices/other"
	show ln
	mv "$MM/DosDevices/other" "$MM/DosDevices/moved"
	show mv
	ln -s "$second" "$MM/DosDevices/other"
	mv "$MM/DosDevices/other" "$MM/DosDevices/moved"
	show "mv over"
	rm "$MM/DosDevices/kept"
	show rm
	request delete_points "link=D:"
	show delete
	attach c 02
	settle
	show arrival
	request create_point "link=other device=UUID=$(number_uuid 3)"
	show "link of it"
	detach 02
	settle
	show removal
	attach c 03
	settle
	show return
	detach 03
	settle
	request delete_points "device=$second"
	show "delete of a volume"
	stop_mmfs
}

# A listing that was under way when the folder changed is not kept for the new one.
start_mmfs "db=$TMP/late.db"
for ((i = 0; i < 400; i++)); do
	echo "link=many-$i device=$first"
done >"$CTL/create_point"
"$helpers/late-listing" "$MM/DosDevices" "$CTL/create_point" "link=late device=$first" ||
	fail "what is kept of an old listing counts for the new one"
stop_mmfs

# Without caches nothing can be stale for long; it is slower, and the measure of the rest.
hammer on "$rounds"
# In a large tree names are taken back one by one.
hammer on $((rounds / 12)) 4200
come_and_go on $((rounds / 15))
hammer off $((rounds / 4))
come_and_go off $((rounds / 60))

start_mmfs
attach c 02
settle
detach 02
settle
stop_mmfs
cp "$DB" "$TMP/begin.db"
play on >"$TMP/on"
play off >"$TMP/off"
diff "$TMP/off" "$TMP/on" || fail "with cache=on the tree looks different"
