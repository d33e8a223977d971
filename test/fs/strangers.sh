#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The names of an absent volume do not go to a device that is easier to forge. Loop devices are the
# easiest there are: that a volume was last seen on another is written into the database here.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
require sqlite3 jq

attachment()
{
	stop_mmfs
	sqlite3 "$DB" "UPDATE records SET attachment = $1 WHERE unique_id = '$id_a'"
}
noted()
{
	jq -r '.volumes[] | select(.id == "'"$id_a"'") | .fingerprint.attachment' "$CTL/database"
}
reason()
{
	sed -n "s|^DEVICE=\"$a\" REASON=\"\([^\"]*\)\".*|\1|p" "$CTL/unprocessed"
}

attach_two
start_mmfs
request create_point "link=backup device=$a"
expect_equal virtual "$(noted)" "what a loop device is"

# A database from before there were classes: nothing is refused, and the first sight is noted.
attachment NULL
start_mmfs
expect_equal "$a" "$(readlink "$MM/DosDevices/backup")" "the name, when nothing was known"
expect_equal virtual "$(noted)" "what was noted"

for class in internal external; do
	attachment "'$class'"
	start_mmfs
	[ ! -L "$MM/DosDevices/backup" ] || fail "a name of a disk that was $class, on a loop device"
	expect_equal "stranger: $id_a was last seen on an $class device ($a), this is a virtual one; if it is the volume: mmctl accept $a" \
		"$(reason)" "the reason"
	expect_sound
done

# On an administrator's word it does, also after a restart.
request claim_unique_id "device=$a"
expect_equal "$a" "$(readlink "$MM/DosDevices/backup")" "the name of who was accepted"
expect_equal virtual "$(noted)" "what was noted of who was accepted"
restart_mmfs
expect_equal "$a" "$(readlink "$MM/DosDevices/backup")" "the name of who was accepted before"
attachment "'internal'"
start_mmfs

# Nor does it when it is plugged in while the daemon runs, and readers of events are told.
exec 4<"$MM/events"
detach 01
settle
attach a 01
settle
[ ! -L "$MM/DosDevices/backup" ] || fail "the name"
timeout 5 grep -m 1 -q '"event":"volume-unprocessed","device":"'"$a"'","reason":"stranger: ' <&4 || fail "no event"
exec 4<&-

# Whose names are forgotten has no strangers.
expect_ok request forget "id=$id_a"
settle
expect_equal "" "$(reason)" "the reason, when nothing is remembered"
expect_match "$id_a" "$(readlink "$MM/devices/${a#/dev/}")" "what the device is then"

# The other policies.
request create_point "link=backup device=$a"
attachment "'internal'"
start_mmfs strangers=accept
expect_equal "$a" "$(readlink "$MM/DosDevices/backup")" "the name with strangers=accept"
stop_mmfs
sqlite3 "$DB" "UPDATE records SET serial = 'S1'"
start_mmfs strangers=identity
[ ! -L "$MM/DosDevices/backup" ] || fail "the name with strangers=identity"
expect_equal "stranger: $id_a was last seen on $a with SERIAL=S1, this has none; if it is the volume: mmctl accept $a" \
	"$(reason)" "the reason"
stop_mmfs
start_mmfs
expect_equal "$a" "$(readlink "$MM/DosDevices/backup")" "the name with strangers=class"
"$MMFS" -o strangers=no "$MM" 2>"$TMP/refused" && fail "strangers=no was taken"
expect_match "it is class, identity or accept" "$(cat "$TMP/refused")" "why it was refused"
