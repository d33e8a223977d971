#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # check calls the functions
#
# Tells what names there are after a power cut, and changes them until the next one.

. "$(dirname "$0")/lib.sh"

store=/var/lib/mmfs # a disk of its own, see store-generator.sh
ids=(UUID=6d6d6673-0003-4000-8000-000000000001 UUID=6d6d6673-0003-4000-8000-000000000002)

# A digit per name, as scribe reports them.
list_names()
{
	awk -v one="${ids[0]}" -v two="${ids[1]}" '
		match($0, /^LINK="\/DosDevices\/scribe[0-9][0-9]"/) {
			owner[substr($0, 25, 2) + 0] = index($0, "\"" one "\"") ? 1 : 2
		}
		END {
			for (i = 0; i < 24; i++)
				printf "%d", owner[i]
			print ""
		}' "$MM/points"
}

write_names()
{
	sed -nE 's|^LINK="/DosDevices/(scribe[0-9]+)" ID="([^"]*)".*|\1 \2|p' "$MM/points"
}

has_started()
{
	[ "$(systemctl show --property ActiveState --value mmfs.service)" = active ]
}

# The daemon has taken its database without complaint, and all views say the same.
tree_is_sound()
{
	local LINK ID DEVICE line

	expect_equal "0" "$(systemctl show --property NRestarts --value mmfs.service)" "restarts"
	while read -r line; do
		eval "$line"
		expect_equal "$DEVICE" "$(readlink "$MM$LINK")" "the target of $LINK"
	done < <(grep scribe "$MM/points" || true)
	: "${ID-}"
	expect_equal "" "$(jq -n '[inputs.seq] | [., .[1:]] | transpose | .[:-1][] |
		select(.[1] != .[0] + 1)' "$MM/history")" "a gap in the history"
}

# Something to keep and something to lose, while nobody else writes; the cut follows.
write_to_disk()
{
	settle
	printf '%4096s' '' >"$store/lost"
	echo kept >"$store/kept"
	sync --data "$store/lost" "$store/kept"
	printf '%04096d' 0 | dd of="$store/lost" bs=4096 oflag=direct conv=notrunc status=none
}

# A disk that forgets what was flushed says nothing about mmfs. One that forgets nothing, neither.
disk_is_good()
{
	expect_equal kept "$(cat "$store/kept")" "what was flushed before the power went"
	expect_equal " " "$(head -c 1 "$store/lost")" "what was not flushed"
}

[ "$BOOT" != 2 ] || check disk_is_good
await has_started
await [ -e "$MM/ids/${ids[0]}" ]
await [ -e "$MM/ids/${ids[1]}" ]
check tree_is_sound
echo "names $(list_names)"
echo "volumes $(for id in "${ids[@]}"; do cat "$MM/ids/$id/guid"; done | paste -sd,)"
write_names >/run/known.old
if [ "$BOOT" = 1 ]; then
	write_to_disk
	echo written
	sleep infinity
fi
"$(dirname "$0")/scribe" -r /dev/ttyS1 "$MM" "$SEED" /run/known "${ids[@]}"
finish
