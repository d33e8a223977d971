#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Clones of one filesystem, identical twins and partitions with PARTUUIDs of their own: who owns the
# ID does not depend on the order in which they came, and no owner is robbed.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

require sfdisk partx
rounds=${ROUNDS:-$(plain_or_sanitized 80 20)}
seed=${SEED:-$RANDOM}
echo "SEED=$seed"
RANDOM=$seed
options=(monitor=kernel)
id=UUID=$(number_uuid 1)

at_end()
{
	partx -d "${LOOP}05"
	partx -d "${LOOP}06"
} 2>/dev/null

# Device N of the case carries this image.
images=([1]=twin [2]=twin2 [3]=large [4]=other [5]=disk [6]=disk2)

make_image twin 1M swap "$(number_uuid 1)"
cp "$TMP/twin" "$TMP/twin2"
cp "$TMP/twin" "$TMP/large"
truncate -s 2M "$TMP/large"
make_image other 1M swap "$(number_uuid 2)"
for n in 1 2; do
	file=disk${n#1}
	make_image "$file" 4M blank
	sfdisk -q "$TMP/$file" >/dev/null <<-END
		label: gpt
		start=2048, size=2048, uuid=aaaaaaaa-0000-4000-8000-00000000000$n
	END
	dd if="$TMP/twin" of="$TMP/$file" bs=512 seek=2048 conv=notrunc status=none
done

shuffle()
{
	local i j swap

	order=("${!images[@]}")
	for ((i = ${#order[@]} - 1; i > 0; i--)); do
		j=$((RANDOM % (i + 1)))
		swap=${order[i]}
		order[i]=${order[j]}
		order[j]=$swap
	done
}

plug_in()
{
	local n=$1

	attach "${images[n]}" "0$n"
	[[ ${images[n]} != disk* ]] || await add_partitions
}

add_partitions()
{
	[ -e "/sys/class/block/${device#/dev/}p1" ] || partx -a "$device" 2>/dev/null
}

remove_partitions()
{
	[ ! -e "/sys/class/block/${LOOP#/dev/}0${1}p1" ] || partx -d "${LOOP}0$1" 2>/dev/null
}

pull_out()
{
	local n=$1

	[[ ${images[n]} != disk* ]] || await remove_partitions "$n"
	losetup -d "${LOOP}0$n"
	await lib_is_free "${LOOP}0$n"
}

lib_is_free()
{
	! lib_is_bound "$1"
}

# What there is, but for the random names.
show()
{
	points | sed 's/^LINK="[^"]*{[^"]*"/LINK="Volume"/' | sort
	{ grep -v 'KIND="disk"' "$CTL/unprocessed" || true; } | sort
}

owner()
{
	readlink "$MM/ids/$id/device"
}

# --- all there before it starts ------------------------------------------------------------------

expected=
for ((round = 0; round < rounds; round++)); do
	shuffle
	for n in "${order[@]}"; do
		plug_in "$n"
	done
	rm -f "$DB"*
	start_mmfs "${options[@]}"
	[ -n "$expected" ] || expected=$(show)
	expect_equal "$expected" "$(show)" "what there is after the order ${order[*]}"
	stop_mmfs
	for n in "${order[@]}"; do
		pull_out "$n"
	done
done
expect_equal "${LOOP}01 ${LOOP}04 ${LOOP}05p1 ${LOOP}06p1" \
	"$(sed -n 's/^LINK.* DEVICE="\(.*\)"$/\1/p' <<<"$expected" | sort | paste -sd ' ')" "the volumes"
expect_equal "$(for n in 2 3; do
	printf 'DEVICE="%s" REASON="duplicate of %s, which has %s" KIND="duplicate"\n' "${LOOP}0$n" "${LOOP}01" "$id"
done)" "$(grep ^DEVICE <<<"$expected")" "the duplicates"

# --- one after the other -------------------------------------------------------------------------

# Who comes first is the owner, and nobody takes that away: not a newcomer, nor a restart.
for ((round = 0; round < (rounds + 9) / 10; round++)); do
	shuffle
	rm -f "$DB"*
	start_mmfs "${options[@]}"
	cat "$MM/events" >"$TMP/events" &
	reader=$!
	await is_waiting $reader events
	first=
	for n in "${order[@]}"; do
		plug_in "$n"
		settle
		[ -n "$first" ] || [ ! -L "$MM/ids/$id/device" ] || first=$(owner)
		[ -z "$first" ] || expect_equal "$first" "$(owner)" "the owner, in the order ${order[*]}"
	done
	request create_point "X: $first" # the last thing that readers are told
	await grep -q '"/DosDevices/X:"' "$TMP/events"
	kill $reader
	await_end $reader
	expect_equal "$(for n in 01 02 03 05p1 06p1; do
		[ "$LOOP$n" = "$first" ] || echo "$LOOP$n"
	done)" "$(jq -r 'select(.event == "duplicate") | .device' "$TMP/events" | sort)" \
		"who was told to be a duplicate, in the order ${order[*]}"
	expect_sound
	expect_fresh "${options[@]}"
	before=$(show)
	restart_mmfs "${options[@]}"
	expect_equal "$before" "$(show)" "what there is after a restart, in the order ${order[*]}"
	for n in "${order[@]}"; do
		pull_out "$n"
	done
	settle
	stop_mmfs
done

# --- the word of an administrator ----------------------------------------------------------------

rm -f "$DB"*
plug_in 1
plug_in 2
start_mmfs "${options[@]}"
request create_point "X: ${LOOP}01"
before=$(epic)
request claim_unique_id "device=${LOOP}02"
expect_equal $((before + 1)) "$(epic)" "the epic number after a claim"
expect_equal "$(epic)" "$(tail -n 1 "$MM/history" | jq .epic)" "the epic number in the history"
for round in now restarted; do
	expect_equal "${LOOP}02" "$(readlink "$MM/DosDevices/X:")" "whose X: is, $round"
	expect_equal "DEVICE=\"${LOOP}01\" REASON=\"duplicate of ${LOOP}02, which has $id\" KIND=\"duplicate\"" \
		"$(cat "$CTL/unprocessed")" "who has nothing, $round"
	expect_sound
	restart_mmfs "${options[@]}"
done
request claim_unique_id "${LOOP#/dev/}01"
expect_equal "${LOOP}01" "$(readlink "$MM/DosDevices/X:")" "whose X: is again"
expect_refused ENOENT claim_unique_id "device=${LOOP}77"
expect_refused EINVAL claim_unique_id "id=$id"
