#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Is the game worth anything? mmfs-cluster with a fault that was put in on purpose is played with, until
# its checks find it. It may take minutes.
#
# Usage: MMFS=build/mmfs test/cluster/planted.sh

set -eu

root=$(realpath "$(dirname "$0")/../..")
work=$(mktemp -d "${TMPDIR:-/tmp}/mmfs-planted.XXXXXX")
trap 'rm -rf "$work"' EXIT

build() # FILE EXPRESSION OF sed
{
	rm -rf "$work/source"
	mkdir "$work/source"
	git -C "$root" ls-files -z | (cd "$root" && xargs -0 cp --parents -t "$work/source")
	cp "$work/source/$1" "$work/before"
	sed -i "$2" "$work/source/$1"
	! cmp -s "$work/before" "$work/source/$1" || { echo "$1 is as it was" >&2; exit 1; }
	[ -d "$work/build" ] || meson setup -Dcluster=enabled "$work/build" "$work/source" >"$work/setup.log" ||
		{ cat "$work/setup.log"; exit 1; }
	ninja -C "$work/build" mmfs-cluster >"$work/build.log" || { cat "$work/build.log"; exit 1; }
}

find_fault() # WHAT FAULT OF THE GAME
{
	local i status

	for ((i = 1; i <= 30; i++)); do
		status=0
		CLUSTER=$work/build/mmfs-cluster MMFS_CLUSTER_FAULTS=$2 MMFS_CLUSTER_ROUNDS=10 \
			bash "$root/test/cluster/game.sh" >"$work/game.log" 2>&1 || status=$?
		[ $status != 0 ] || continue
		if [ $status = 77 ] || ! grep -E "^FAIL: game: seed|no order" "$work/game.log" >"$work/found"; then
			cat "$work/game.log" # it has ended for another reason
			exit $status
		fi
		head -n 2 "$work/found" | cut -c 1-120
		echo "found in game $i: $1"
		return
	done
	echo "not found: $1"
	exit 1
}

build src/cluster/watch.c '/head->version != session->head + 1/s/(head .*))$/false)/
	/if (told->count > 0)/s/)/ \&\& revision % 5)/'
find_fault "an event is dropped" none
build src/cluster/change.c '/case ETCD_UNCLEAR:/a\
		close_change(session, OUTCOME_LOST, session->position, NULL);\
		return;'
find_fault "an answer that was lost is taken for a no, and the change is repeated" answers-lost
