#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# unkillable [--long]: the server dies at each step of a change, the next one at each step of going on
# from there, and then any of them at any moment, while clients do everything that can be done. None of
# them notices but for a pause, and the keeper stays as it is.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

grep -q MMFS_CRASH_ENDLESS "$MMFS" || skip "mmfs was built without -Dcrash_points=true"
unset MMFS_CRASH_ALL # it is the server alone that dies
kills=$(plain_or_sanitized 40 10)
rounds=0
turns=(5)
changes=(store:after-commit:5)
if [ "${1-}" = --long ]; then
	kills=1000
	rounds=25
	turns=(3 8 20)
	changes=(store:{before-begin,after-commit}:{5,12} commit:{noted,shown}:7 request:noted:20)
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

# Servers die at these steps, one after the other.
die_at() # CALLS STEP…
{
	local calls=$1 deaths

	shift
	deaths=$(count_deaths)
	MMFS_CRASH_AT=$(IFS=,; echo "$*") start_mmfs
	play -k 0 -s $((++seed)) -a 0 -n "$calls" >/dev/null || fail "with the end of servers at $*"
	expect_equal $((deaths + $#)) "$(count_deaths)" "how many servers died, of those that were to at $*"
	[ -n "${is_large-}" ] || expect_sound
	stop_mmfs
}

changing=(store:{before-begin,after-begin,mid-transaction,before-commit,after-commit,before-result}
	commit:{noted,shown} daemon:{before-apply,before-reply} request:{answered,noted,written})
going_on=(over:{memory,judged,devices,missed,told,files,woken,greeted,slot,taken} start:served)

for label in "${changing[@]}"; do
	for turn in "${turns[@]}"; do
		die_at $((turn * 150)) "$label:$turn"
	done
done

# Those that go on from there.
for label in "${going_on[@]}"; do
	for before in "${changes[@]}"; do
		die_at 1500 "$before" "$label"
	done
	die_at 1500 "${changes[0]}" "$label" "$label" "$label"
done
# What is not always there to go on from.
die_at 1500 store:after-commit:5 over:served
die_at 1500 request:answered:5 over:undone over:undone
die_at 1500 request:noted:5 over:outbox over:outbox
# With a change of its own: what was not done before is done now.
for label in "${changing[@]}"; do
	die_at 1500 commit:noted:5 "$label" "$label"
done

# In a large tree names are taken back one by one, and replies wait behind that.
start_mmfs
{ printf "create_point link=many-%d id=${ids[0]}\n" {1..4200}; echo commit; } >"$TMP/many"
cat "$TMP/many" >"$CTL/batch"
stop_mmfs
is_large=yes
# Who reads `points` has no room for so many.
CLIENTS=0xdf die_at 1500 request:captured:5 over:answer
CLIENTS=0xdf die_at 1500 request:sent:5 request:sent request:sent
is_large=
start_mmfs
sed 's/^create_point\(.*\) id=.*/delete_points\1/' "$TMP/many" >"$CTL/batch"
stop_mmfs

# Those that go on from wherever the one before them was, each second one of them at the same step.
for label in "${going_on[@]}"; do
	[ "$rounds" -gt 0 ] || break
	MMFS_CRASH_ENDLESS=1 MMFS_CRASH_AT=,$label start_mmfs
	play -k "$rounds" -s $((++seed)) -a 60
	expect_sound
	stop_mmfs
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
deaths=$(count_deaths)
play -k 5 -s $((++seed)) -a 100
read -r descriptors own kept < <(measure_keeper)
play -k "$kills" -s $((++seed)) -a 200
expect_sound
expect_equal $((deaths + 5 + kills)) "$(count_deaths)" "how many servers died"
read -r descriptors_then own_then kept_then < <(measure_keeper)
expect_equal "$descriptors" "$descriptors_then" "how many descriptors the keeper has"
[ "$own_then" -le $((own + 512)) ] || fail "the keeper has grown from $own to $own_then KiB"
[ "$kept_then" -le $((kept + 4096)) ] || fail "what it keeps has grown from $kept to $kept_then KiB"
echo "the keeper: $own_then KiB, and $kept_then KiB that it keeps"
stop_mmfs
