#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Clients that ask while the disk is busy share the next transaction: each has its own reply, its own
# epic number, and either all that it was told is on the disk or it was told that nothing is.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

clients=32
a=${LOOP}01
b=${LOOP}02
small=$TMP/small

make_image a 1M swap "$(number_uuid 1)"
make_image b 1M swap "$(number_uuid 2)"
attach a 01
attach b 02
mkdir "$small"
mount -t tmpfs -o size=512k tmpfs "$small"
start_mmfs "db=$small/db"

at_once() # LINK VOLUME…
{
	printf '%s %s\n' "$@" | timeout 60 "$helpers/at-once" "$(server_pid)" "$MM"
}

# --- two transactions instead of 35 ---------------------------------------------------------------

wanted=()
for ((i = 0; i < clients; i++)); do
	wanted+=("/DosDevices/name-$i" "$a")
done
before=$(epic)
commits=$(metric mmfs_commits_total)
at_once "${wanted[@]}" /DosDevices/X: "$a" /DosDevices/name-0 "$b" /DosDevices/Y: "$a" \
	/DosDevices/wrong /dev/nothing >"$TMP/results"
expect_equal "$((clients - 1))" "$(grep -cE '^/DosDevices/name-[1-9][0-9]* 0$' "$TMP/results")" \
	"how many have their name"
# Of two that want one name, one gets it, whichever came first; so with two letters for a volume.
expect_equal "-17 0" "$(sed -n 's|^/DosDevices/name-0 ||p' "$TMP/results" | sort | paste -sd' ')" \
	"the results of two that want one name"
expect_equal "-22 0" "$(sed -n 's|^/DosDevices/[XY]: ||p' "$TMP/results" | sort | paste -sd' ')" \
	"the results of two that want a letter"
expect_equal "-2" "$(sed -n 's|^/DosDevices/wrong ||p' "$TMP/results")" "the result without a volume"
expect_equal $((clients + 1)) "$(links | wc -l)" "the number of links"
expect_equal $((before + clients + 1)) "$(epic)" "the epic number: each change counts"
taken=$(($(metric mmfs_commits_total) - commits))
[ "$taken" -le $((clients / 4)) ] || fail "$clients clients took $taken transactions"
echo "$((clients + 4)) clients took $taken transactions"
expect_equal "$(seq $((before + 1)) $((before + clients + 1)))" \
	"$(tail -n $((clients + 1)) "$MM/history" | jq .epic)" "the epic numbers of the history"
expect_equal 3 "$(wc -l <"$CTL/error_log")" "the number of failures in error_log"
expect_sound

# --- no room: nobody is told that it happened, and it has not --------------------------------------

kept=$(points)
before=$(epic)
dd if=/dev/zero of="$small/filler" bs=4k status=none 2>/dev/null || true
# More than fits into the log as it is, which is written from its start again.
clients=96
wanted=()
for ((i = 0; i < clients; i++)); do
	wanted+=("/DosDevices/full-$i-$(printf %0240d 0)" "$b")
done
at_once "${wanted[@]}" >"$TMP/results"
# The first comes alone: there may be room for that.
mapfile -t lucky < <(sed -n 's| 0$||p' "$TMP/results")
[ ${#lucky[@]} -le 1 ] || fail "there is room for ${#lucky[@]}"
expect_equal $((clients - ${#lucky[@]})) "$(grep -c ' -28$' "$TMP/results")" "how many are told that there is no room"
expect_equal $((before + ${#lucky[@]})) "$(epic)" "the epic number after that"
rm "$small/filler"
for link in "${lucky[@]}"; do
	rm "$MM$link"
done
expect_equal "$kept" "$(points)" "the links after that"
at_once "${wanted[@]}" >"$TMP/results"
expect_equal $clients "$(grep -c ' 0$' "$TMP/results")" "how many have their name when there is room"
kept=$(points)
kill_mmfs
start_mmfs "db=$small/db"
expect_equal "$kept" "$(points)" "the links after a crash"
stop_mmfs
umount "$small"
