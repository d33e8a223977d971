#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What mmfs costs, against its peers, in the same run:
#
#	bench.sh [--json] [GROUP…]		prints a table, or JSON; groups: reading creating whole plugging
#						publishing mass
#	bench.sh [--json] --growth FILE.svg	how costs grow with links and volumes: also as a chart
#
# Needs root and a machine that does nothing else; contrib/bench gets what else it needs.
#
#	$MMFS			the binary
#	$BENCH_LINKS $BENCH_VOLUMES	how many: 100000 and 1000; to grow to: 1000000 and 9999
#	$BENCH_RUNS			7
#
# With less one sees that it works.

# Machines have /run in memory, where udevd puts down what it knows of each device; a container may have
# it on a disk. A udevd that runs already stays as it is; one that is started here gets its folders in
# memory, and locks that no other has, in a mount namespace of its own.
if [ "$(id -u)" = 0 ] && [ "$(stat -f -c %T /run)" != tmpfs ]; then
	if [ -n "${BENCH_INSIDE-}" ]; then
		for folder in /run/udev /run/mmfs /run/lock/mmfs-test; do
			mkdir -p "$folder"
			mount -t tmpfs -o mode=755 mmfs-bench "$folder"
		done
	elif udevadm control --ping --timeout=10 >/dev/null 2>&1; then
		echo "bench.sh: the udevd that runs has its files on a disk: end it for figures as on other machines" >&2
	else
		BENCH_INSIDE=yes exec unshare --mount --propagation private bash "$0" "$@"
	fi
fi

. "$(dirname "$0")/../fs/lib.sh"
. "$(dirname "$0")/../fs/lib-robust.sh"
require sqlite3 lsblk column

export BENCH_RUNS=${BENCH_RUNS:-7}
export BENCH_FIRST=${LOOP#/dev/loop}0000 BENCH_DEVICES="${LOOP#/dev/}????" RAM=$TMP/ram
groups=()
output=table
chart=
links=100000
volumes=1000
while [ $# -gt 0 ]; do
	case $1 in
	--json) output=json ;;
	--growth)
		chart=$(realpath "$2")
		[ $output = json ] || output=growth
		groups=(growth)
		links=1000000
		volumes=9999 # and one more: numbers of four digits
		require gnuplot
		shift
		;;
	*) groups+=("$1") ;;
	esac
	shift
done
export BENCH_LINKS=${BENCH_LINKS:-$links} BENCH_VOLUMES=${BENCH_VOLUMES:-$volumes}
[ ${#groups[@]} -gt 0 ] || groups=(reading creating whole plugging publishing mass)

# The database must be on a disk: on tmpfs nothing is durable, or costs anything.
[ "$BENCH_RUNS" = 1 ] || [ "$(stat -f -c %T "$TMP")" != tmpfs ] ||
	fail "$TMP is on tmpfs: set TMPDIR to a folder on a disk"

mkdir "$RAM"
mount -t tmpfs -o mode=755 mmfs-bench "$RAM"
"$helpers/loops" make 100000 $((BENCH_VOLUMES + 1)) "$RAM/own-" "label-#"
"$helpers/loops" make 200000 "$BENCH_VOLUMES" "$RAM/same-" same

if [[ " ${groups[*]} " == *" publishing "* ]]; then
	. "$(dirname "$0")/../fs/lib-publish.sh"
fi

at_end()
{
	local made=("/sys/block/${LOOP#/dev/}"????)

	! declare -F lib_leave_rule >/dev/null || lib_leave_rule
	rm -f /run/mmfs/udev/"${LOOP#/dev/}"????.*
	[ -e "${made[0]}" ] || return 0
	"$helpers/loops" detach "$BENCH_FIRST" ${#made[@]}
	"$helpers/loops" remove "$BENCH_FIRST" ${#made[@]}
}

# The daemons must not hold the locks of lib.sh.
run_measure()
{
	(
		exec {lib_slot_fd}>&- {lib_users_fd}>&- {lib_case_fd}>&-
		[ -z "${lib_rule_fd-}" ] || exec {lib_rule_fd}>&-
		exec "${MMFS%/*}/test/bench/measure" "${groups[@]}"
	) >"$TMP/figures"
}

show_table() # PROGRAM-OF-JQ
{
	jq -rs --arg axis "" -f "${0%/*}/$1" "$TMP/figures" | column -t -s $'\t' -o ' | ' |
		sed 's/^/| /; s/$/ |/'
}

draw_chart()
{
	local axis

	for axis in links volumes; do
		jq -rs --arg axis "$axis" -f "${0%/*}/growth.jq" "$TMP/figures" >"$TMP/$axis.dat"
	done
	gnuplot -e "folder='$TMP'; chart='$chart'" "${0%/*}/growth.gp"
}

run_measure
[ -z "$chart" ] || draw_chart
if [ "$output" = json ]; then
	jq -s . "$TMP/figures"
else
	show_table "$output.jq"
fi
