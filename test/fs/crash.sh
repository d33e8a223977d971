#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The daemon dies at each step that a change goes through, in the middle of a client's work. The
# next start finds all that was acknowledged, and each other write whole or not at all.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

grep -q MMFS_CRASH_AT "$MMFS" || skip "mmfs was built without -Dcrash_points=true"

make_image a 1M swap "$(number_uuid 1)"
make_image b 1M swap "$(number_uuid 2)"
attach a 00
attach b 01
start_mmfs
volumes=$(points)
stop_mmfs
: >"$TMP/known.old"

# Starts over, and compares with what the client knows.
check()
{
	start_mmfs
	expect_equal 1 "$(count_mounts)" "the number of mounts after $1"
	expect_equal "$volumes" "$(points | grep '^LINK="/Volumes/')" "volume names after $1"
	expect_known "after $1"
	expect_sound
	jq -e .seq "$MM/history" >/dev/null
	stop_mmfs
}

seed=0
for label in store:{before-begin,after-begin,mid-transaction,before-commit,after-commit,before-result} \
	daemon:{before-apply,before-reply}; do
	for turn in 2 4 9 40; do
		[ "$label:$turn" != daemon:before-reply:2 ] || continue # reached at start, with no client
		MMFS_CRASH_AT=$label:$turn start_mmfs
		cp "$TMP/known.old" "$TMP/known.new"
		seed=$((seed + 1))
		writes=$(timeout 60 "$helpers/scribe" -n 2000 "$MM" $seed "$TMP/known" \
			"UUID=$(number_uuid 1)" "UUID=$(number_uuid 2)")
		await_crash
		echo "$label:$turn after $writes"
		check "$label:$turn"
	done
done

# A client with names on a device that comes: the daemon dies while it makes room for it.
uuid=100
for label in store:{before-begin,after-begin,mid-transaction,before-commit,after-commit,before-result} \
	daemon:before-apply:2; do
	uuid=$((uuid + 1))
	make_image c 1M swap "$(number_uuid $uuid)"
	MMFS_CRASH_AT=$label start_mmfs
	attach c 02
	await_crash
	for _ in 1 2; do
		start_mmfs
		found=$(points | grep "ID=\"UUID=$(number_uuid $uuid)\"")
		expect_equal "$found" "${before:=$found}" "the volume's names"
		expect_match '^LINK="/Volumes/Volume\{[^"]*" ID="[^"]*" DEVICE="'"$device"'"$' "$found"
		stop_mmfs
	done
	before=
	detach 02
done

# All links of a volume go at once, and their rows by and by.
make_image d 1M swap "$(number_uuid 99)"
attach d 03
for ((i = 0; i < 4200; i++)); do
	echo "link=many-$i device=$device"
done >"$TMP/many"
for label in store:sweep store:swept; do
	for turn in 1 5; do
		rm -f "$DB"* # in which rows of the turn before may be left
		MMFS_CRASH_AT=$label:$turn start_mmfs
		cat "$TMP/many" >"$CTL/create_point"
		request delete_points "device=$device" || true # it dies before its reply, or behind
		await_crash
		start_mmfs
		expect_equal "" "$(links "$device")" "links that were deleted, after $label:$turn"
		request create_point "link=MANY-4199 device=$device"
		stop_mmfs
		start_mmfs
		expect_equal MANY-4199 "$(links "$device")" "links after $label:$turn and another start"
		request delete_points "link=many-4199"
		stop_mmfs
	done
done
detach 03

# While a database is made.
for label in store:create store:link store:schema; do
	rm -f "$DB"*
	run_mmfs -f -o "db=$DB,devices=$DEVICES" "$MM" >/dev/null 2>&1 < <(:) &
	mmfs_pid=$!
	await_mount
	stop_mmfs
	rm -f "$DB"*
	(MMFS_CRASH_AT=$label run_mmfs -f -o "db=$DB,devices=$DEVICES" "$MM") </dev/null \
		>>"$LOG" 2>&1 &
	mmfs_pid=$!
	await_crash
	start_mmfs
	expect_sound
	expect_equal 2 "$(points | wc -l)" "the number of triples after $label"
	stop_mmfs
done
