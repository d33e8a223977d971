#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Many devices that look alike cost no more than others: all with one label, and clones of one
# filesystem. udevd, to which they cost a lot, is told to leave them alone; monitor=kernel.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

# What it costs is not looked at with sanitizers.
count=${COUNT:-$(plain_or_sanitized 1000 200)}
clones=${CLONES:-$(plain_or_sanitized 300 100)}
crowd=${CROWD:-$(plain_or_sanitized 2000 400)}
first=${LOOP#/dev/loop}0000
options=(monitor=kernel "devices=${LOOP#/dev/}????")
rule=/run/udev/rules.d/01-mmfs-test-${LOOP#/dev/}.rules

lib_end_many=$(declare -f at_end)
eval "${lib_end_many/at_end/end_many}"
at_end()
{
	rm -f "$rule"
	end_many
}

mkdir -p "${rule%/*}"
echo "KERNEL==\"${LOOP#/dev/}?*\", ENV{UDEV_DISABLE_PERSISTENT_STORAGE_RULES_FLAG}=\"1\"" >"$rule"
await udevadm control --reload
lib_many="$first $crowd"
"$helpers/loops" add "$first" "$crowd"

get_cpu()
{
	local stat

	read -r stat <"/proc/$(server_pid)/stat"
	# shellcheck disable=SC2086
	set -- ${stat##*) }
	echo $((${12} + ${13})) # in ticks of 10 ms
}

get_rss()
{
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$(server_pid)/status"
}

# The names that are known, the history and SQLite's cache are kept on purpose: they are there by then.
expect_given_back()
{
	local base=$1 now

	now=$(get_rss)
	[ "$now" -le $((base * 11 / 10 + 4096)) ] || is_sanitized ||
		fail "RSS grew from $base to $now KiB"
}

# Attaches and detaches COUNT devices with these images; what the daemon works for that is $cost.
play()
{
	local count=$1 images=$2 volumes=$3 before full

	rm -f "$DB"*
	start_mmfs "${options[@]}"
	before=$(get_cpu)
	"$helpers/loops" attach "$first" "$count" "$TMP/$images-"
	settle
	expect_equal "$volumes" "$(points | wc -l)" "volumes of the $count ($images)"
	expect_equal "$((count - volumes))" "$(grep -c duplicate "$CTL/unprocessed" || true)" "duplicates"
	[ -z "${4-}" ] || expect_fresh "${options[@]}"
	full=$(get_rss)
	"$helpers/loops" detach "$first" "$count"
	await lib_are_free "$first" "$count"
	settle
	expect_equal "" "$(points)$(ls "$MM/devices")$(ls "$MM/ids")$(cat "$CTL/unprocessed")" \
		"what is left"
	cost=$(($(get_cpu) - before))
	echo "$count $images: ${cost}0 ms of CPU, RSS $full KiB, $(get_rss) KiB afterwards"
	expect_given_back "$full"
	stop_mmfs
}

expect_cheap()
{
	echo "ratio of $1: $((cost * 100 / (base + 1))) %"
	[ "$cost" -lt $((base * 3 + 20)) ] || is_sanitized || fail "$1 cost too much"
}

"$helpers/loops" make 1 "$crowd" "$TMP/same-" same
"$helpers/loops" make 10000 "$count" "$TMP/own-" "label-#"
for ((i = 0; i < clones; i++)); do
	ln "$TMP/same-0" "$TMP/clone-$i"
done
play "$count" own "$count"
base=$cost
play "$count" same "$count"
expect_cheap "$count equal labels"
play "$clones" own "$clones"
base=$cost
play "$clones" clone 1 fresh
expect_cheap "$clones clones"
play "$count" same "$count" fresh
base=$((cost * (crowd / count)))
play "$crowd" same "$crowd"
expect_cheap "$crowd, beside as many in parts"
