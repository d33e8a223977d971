#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# unkillable [--long]: the server dies at each step of a change, and then at any moment, while clients
# do everything that can be done. None of them notices but for a pause, and the keeper stays as it is.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

grep -q MMFS_CRASH_ENDLESS "$MMFS" || skip "mmfs was built without -Dcrash_points=true"
unset MMFS_CRASH_ALL # it is the server alone that dies
kills=$(plain_or_sanitized 40 10)
turns=(5)
if [ "${1-}" = --long ]; then
	kills=1000
	turns=(3 8 20)
fi
seed=${SEED:-$RANDOM}
echo "SEED=$seed"
ids=("UUID=$(number_uuid 1)" "UUID=$(number_uuid 2)")
: "${CLIENTS:=0xff}"

play() # OPTION…
{
	timeout 900 "$helpers/unkillable" -c "$CLIENTS" "$@" "$MM" "${ids[@]}"
}

count_deaths()
{
	grep -c 'another one goes on' "$LOG" || true
}

make_image a 1M swap "$(number_uuid 1)"
make_image b 1M swap "$(number_uuid 2)"
attach a 00
attach b 01
start_mmfs
stop_mmfs

# --- at each step --------------------------------------------------------------------------------

for label in store:{before-begin,after-begin,mid-transaction,before-commit,after-commit,before-result} \
	commit:{noted,shown} daemon:{before-apply,before-reply}; do
	for turn in "${turns[@]}"; do
		deaths=$(count_deaths)
		MMFS_CRASH_AT=$label:$turn start_mmfs
		play -k 0 -s $((++seed)) -a 0 -n $((turn * 150)) >/dev/null || fail "with the server's end at $label:$turn"
		expect_equal $((deaths + 1)) "$(count_deaths)" "how many servers died, with one at $label:$turn"
		expect_sound
		stop_mmfs
	done
done

# --- at any moment -------------------------------------------------------------------------------

# What the keeper has: descriptors, memory of its own, and memory that it keeps for servers, in KiB.
measure_keeper()
{
	local fd blocks=0

	for fd in "/proc/$mmfs_pid/fd"/*; do
		case $(readlink "$fd") in
		/memfd:mmfs*) blocks=$(stat -L -c %b "$fd") ;;
		esac
	done
	echo "$(find "/proc/$mmfs_pid/fd" -type l | wc -l)" \
		"$(sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$mmfs_pid/status")" $((blocks / 2))
}

MMFS_CRASH_ENDLESS=1 start_mmfs
play -k 5 -s $((++seed)) -a 100
read -r descriptors own kept < <(measure_keeper)
play -k "$kills" -s $((++seed)) -a 200
expect_sound
read -r descriptors_then own_then kept_then < <(measure_keeper)
expect_equal "$descriptors" "$descriptors_then" "how many descriptors the keeper has"
[ "$own_then" -le $((own + 512)) ] || fail "the keeper has grown from $own to $own_then KiB"
[ "$kept_then" -le $((kept + 4096)) ] || fail "what it keeps has grown from $kept to $kept_then KiB"
echo "the keeper: $own_then KiB, and $kept_then KiB that it keeps"
stop_mmfs
