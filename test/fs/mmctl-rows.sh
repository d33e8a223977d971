#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mmctl: columns, sorting, formats and narrowing; devices that are no volumes, failures, mount points.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-mmctl.sh"
require jq mkfs.ext4 mkswap strace

attach_two
make_image blank 4M blank
start_mmfs
attach blank 04
settle
mmctl create X: "$a"
mmctl create backup "$b"
name_b=${b#/dev/}

# --- columns ---------------------------------------------------------------------------------------

expect_equal "SIZE size" "$("$MMCTL" list --list-columns | grep SIZE | xargs)" "a column of list"
expect_equal "LINK the link (by default)" "$("$MMCTL" list --help | grep '^  LINK' | xargs)" "a column in the help"
columns=$(mmctl list -O | sed -n 1p | wc -w)
expect_equal "$("$MMCTL" list --list-columns | wc -l)" "$columns" "the number of all columns"
before=$(points)
expect_exit 2 "there is no column 'x', but LINK" mmctl delete X: -o x
expect_exit 2 "there is no column 'x', but LINK" mmctl list -x x
expect_equal "$before" "$(points)" "the links after a column that is not there"
expect_exit 2 "--json, --pairs and --raw exclude each other" mmctl list -J -P
expect_ok mmctl list -J --json
expect_exit 2 "create does not take --json: mmctl create --help" mmctl create Y: "$a" -J
expect_equal "usage: mmctl scrub [options]" "$("$MMCTL" scrub --help | sed -n 1p)" "a usage without words"

# --- formats ---------------------------------------------------------------------------------------

expect_equal "16777216 number" "$(mmctl query X: -b -J -o SIZE | jq -r '.points[0].size | "\(.) \(type)"')" "bytes in JSON"
expect_equal "16M string" "$(mmctl query X: -J -o SIZE | jq -r '.points[0].size | "\(.) \(type)"')" "a size in JSON"
expect_equal "[]" "$(mmctl query X: -J -o MOUNTPOINTS | jq -c '.points[0].mountpoints')" "no mount points in JSON"
expect_equal '{"points":[]}' "$(mmctl delete -J --id UUID=nothing 2>/dev/null | jq -c . || echo '{"points":[]}')" "no rows"
mmctl create 'with blank' "$a"
expect_equal "/DosDevices/with\\x20blank $a" "$(mmctl list -r -n -o LINK,DEVICE | grep blank)" "a raw line"
mmctl -q delete 'with blank'
expect_equal 'LAST_DEVICE=""' "$(mmctl query X: -P -o LAST-DEVICE | sed 's/"[^"]*"/""/')" "a pair whose column has a dash"
expect_equal "$a
$b" "$(mmctl list -n -r -o DEVICE,LINK -x LINK | grep DosDevices | cut -d' ' -f1)" "links in order"
expect_equal "$b
$a" "$(mmctl list -n -r -o DEVICE,LINK -x SIZE | grep DosDevices | cut -d' ' -f1)" "links by size"
expect_equal "true" "$(mmctl tree -J -x SIZE | jq '[.machine[].name] | length > 2')" "a tree that is sorted"

expect_equal "null" "$(mmctl tree -J -l | jq -c '[.machine[].children] | add')" "a tree as a list"
expect_equal "$(mmctl tree -n -r -o NAME | grep -c .)" "$(mmctl tree -l -J | jq '.machine | length')" "the lines of both"
expect_equal "NAME=\"${a#/dev/}\"" "$(mmctl tree -P -o NAME | grep -F "${a#/dev/}")" "a device in the pairs of a tree"
expect_equal "${a#/dev/}" "$(mmctl tree -r -o NAME | grep -F "${a#/dev/}")" "a device in the raw lines of a tree"
expect_equal "$b" "$(mmctl tree -p -J backup | jq -r '.machine[0].children[].name')" "a device by its node"

# Of a volume that was never here no size is known.
mmctl -q create --absent never UUID=0123-4567
mmctl -q keep --absent never
expect_equal "null" "$(mmctl query never -J -o SIZE | jq -c '.points[0].size')" "an unknown size in JSON"
expect_equal 'SIZE=""' "$(mmctl query never -b -P -o SIZE)" "an unknown size in bytes"
mmctl -q delete never

# In a table every column begins at one place, whatever is in the cells, and in whatever locale.
make_image odd 4M ext4 "" 'a\x\b'
attach odd 05
settle
mmctl create '"ä' "$device"
for locale in C C.UTF-8; do
	places=$(LC_ALL=$locale mmctl list -n -o LABEL,LINK,DEVICE | sed 's, /dev/.*,,; s/./-/g' | sort -u)
	expect_equal 1 "$(wc -l <<<"$places")" "the places of a column in locale $locale"
	expect_match '^a\\x5cx\\x5cb +/' "$(LC_ALL=$locale mmctl list -n -o LABEL,LINK "$device")" "a label"
done
expect_match '"ä' "$(mmctl list -n -o LINK "$device")" "a name in a table"
expect_match '"\\xc3\\xa4' "$(LC_ALL=C mmctl list -n -o LINK "$device")" "a name in a table of ASCII"
mmctl -q delete '"ä'
detach 05
settle

# --- narrowing -------------------------------------------------------------------------------------

expect_equal "$(points | grep -F "$b" | sed 's/^LINK="\([^"]*\)".*/\1/')" "$(mmctl list -n -o LINK backup)" "the links of a link's volume"
expect_equal "$(mmctl list backup)" "$(mmctl list "$b")" "the links by device"
expect_equal "$(mmctl list backup)" "$(mmctl list "$id_b")" "the links by ID"
expect_equal "$(mmctl list backup)" "$(mmctl list BACKUP)" "the links by a link in another case"
expect_equal "$(mmctl list)" "$(mmctl list X: backup)" "the links of both"
# What several words mean shows once, in the order of the words.
expect_equal "/DosDevices/backup
/DosDevices/X:" "$(mmctl query -n -o LINK backup X: BACKUP backup)" "a link that is asked for again"
expect_equal "$(mmctl query "$b")" "$(mmctl query "$b" backup "$id_b" "$b")" "the links of a volume that is asked for again"
expect_equal "$(mmctl tree "$b")" "$(mmctl tree backup "$b" "$id_b")" "the tree of a volume that is named again"
mmctl -q create --absent away UUID=0123-4568
mmctl -q keep --absent away
expect_equal "$(mmctl tree away)" "$(mmctl tree away UUID=0123-4568)" "the tree of an absent volume that is named again"
mmctl -q delete away
expect_exit 1 "cannot list 'nothing': no volume of that name shows" mmctl list nothing
expect_equal "$name_b" "$(mmctl tree -J backup | jq -r '.machine[0].children[].name')" "the tree of a volume"
expect_equal "$(mmctl tree backup)" "$(mmctl tree "$b")" "the tree by device"
expect_equal "${LOOP#/dev/}04" "$(mmctl tree -J "${LOOP}04" | jq -r '.machine[0].children[].name')" "the tree of no volume"
expect_exit 1 "cannot show 'nothing'" mmctl tree nothing

# Who stands still in a write to a file that all may write to holds up nobody who only asks.
for command in "query X:" "query $b" "query $id_b" "paths X:" list tree status "mount-point list"; do
	# shellcheck disable=SC2086 # words
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 strace -f -qq -e trace=openat -o "$TMP/trace" "$MMCTL" -m "$MM" $command >/dev/null
	! grep -E "O_(RDWR|WRONLY)" "$TMP/trace" || fail "'$command' writes"
done

# --- devices that are no volumes, and failures -----------------------------------------------------

expect_equal "${LOOP}04|no content" "$(mmctl unprocessed -J | jq -r '.unprocessed[] | .device + "|" + .reason')" "what is no volume"
expect_ok mmctl check
expect_ok mmctl arrival "$a"
expect_exit 1 "cannot look at ${LOOP}04: .*no content" mmctl arrival "${LOOP}04"
expect_ok mmctl removal "$b"
expect_equal "" "$(links "$b")" "the links of a device that was taken away"
expect_ok mmctl arrival "$b"
expect_equal "backup" "$(links "$b")" "its links when it was looked at again"
expect_equal "volume_arrival_notification" "$(mmctl errors -J | jq -r '.errors[-1].operation')" "the last failure"
expect_equal "$(tail -n 1 "$CTL/error_log" | sed 's/.* WHY="\(.*\)"$/\1/')" "$(mmctl errors -P | sed -n '$s/.* WHY="\(.*\)"$/\1/p')" "why it was"
# A shell takes all columns but those that mean something to it, as the manual says.
for command in errors history unprocessed; do
	columns=$(mmctl $command --list-columns | awk '$1 != "UID" { printf "%s%s", sep, $1; sep = "," }')
	mmctl $command -P -o "$columns" >"$TMP/lines"
	expect_equal "$(grep -c . "$TMP/lines")" "$(while IFS= read -r line; do eval "$line" && echo; done <"$TMP/lines" | wc -l)" \
		"the lines of $command -P that bash takes"
done
expect_match 'UID: readonly' "$(bash -c "$(mmctl errors -P | tail -n 1)" 2>&1 || true)" "what bash says of UID"
expect_exit 2 "forget what" mmctl forget
expect_exit 2 "forget what" mmctl forget X: --unnamed=3
expect_exit 2 "takes a number of days" mmctl forget --unnamed=soon
# What can be told to be wrong without asking is so told; what is asked of mmfs fails.
for days in 36501 99999999999999999999 -1 ''; do
	expect_exit 2 "takes a number of days, at most 36500, not '$days'" mmctl forget --unnamed="$days"
done
expect_ok mmctl forget --unnamed=36500
for host in '' 'a b' a/b "$(printf 'l%.0s' {1..65})"; do
	expect_exit 2 "'$host' cannot be the name of a machine" mmctl cluster forget "$host"
done
long=$(printf 'l%.0s' {1..64})
expect_exit 1 "cannot forget the host '$long': [^h]" mmctl cluster forget "$long"
for command in query delete; do
	expect_exit 2 "takes a unique ID, such as UUID=1234-ABCD, not 'nothing'" mmctl $command --id nothing
	expect_exit 2 "takes a unique ID" mmctl $command --id UUID=
	expect_exit 2 "takes a volume" mmctl $command --device ''
done
for command in arrival removal accept; do
	expect_exit 2 "'' is no device" mmctl $command ''
done
for options in '' 'ro nodev' "$(printf 'o%.0s' {1..512})"; do
	expect_exit 2 "takes 1 to 511 printable characters" mmctl mount-point add "$TMP" "$b" --options="$options"
done
expect_exit 1 "cannot add the mount point $TMP: [^o]" mmctl mount-point add "$TMP" "$b" --options="$(printf 'o%.0s' {1..511})"
[ -e "$CTL/forget" ] || expect_exit 1 "has no control/forget .restart it" mmctl forget nothing
[ -e "$CTL/claim_unique_id" ] || expect_exit 1 "has no control/claim_unique_id .restart it" mmctl accept "$b"
expect_exit 2 "takes a unique ID" mmctl create --absent films sda1

# --- events ----------------------------------------------------------------------------------------

is_polling()
{
	[[ $(cat "/proc/$1/wchan" 2>/dev/null) == *poll* ]] || grep -sq poll "/proc/$1/stack"
}
is_said()
{
	grep -sqF "$2" "$1"
}
"$MMCTL" -m "$MM" events -J -o EVENT,LINK >"$TMP/events" &
pid=$!
await is_polling $pid
expect_ok mmctl create 'heard "of"' "$b"
await is_said "$TMP/events" 'heard'
expect_equal '{"event":"link-created","link":"/DosDevices/heard \"of\""}' "$(jq -c . "$TMP/events")" "an event of two columns"
kill $pid
await_end $pid
expect_equal "uuid" "$(mmctl explain X: -J -o SCHEME | jq -r '.schemes[0] | to_entries | map(.value) | join(" ")')" "one column of explain"

# --- mount points ----------------------------------------------------------------------------------

mkdir "$TMP/host"
mount "$a" "$TMP/host"
mkdir "$TMP/host/one" "$TMP/host/two"
settle
expect_ok mmctl mount-point add "$TMP/host/one" "$b"
(cd "$TMP/host" && expect_ok mmctl mount-point add two "$b" --options=ro)
expect_equal "$TMP/host/one|$id_b|$b|false
$TMP/host/two|$id_b|$b|false" "$(mmctl mount-point list -J | jq -r '.mountpoints[] | [.directory, .id, .device, .mounted] | join("|")')" \
	"the registered mount points"
expect_equal "$(mmctl mount-point list)" "$(mmctl mount-point list backup)" "those of a volume"
expect_equal "$(mmctl mount-point list)" "$(mmctl mount-point list backup "$b")" "those of a volume that is named again"
expect_equal "" "$(mmctl mount-point list -n X:)" "those of another"
rmdir "$TMP/host/two"
(cd "$TMP/host" && expect_ok mmctl mount-point del two)
expect_equal "$TMP/host/one" "$(mmctl mount-point list -n -o DIRECTORY)" "what is left when one that is gone was deleted"
# An item of a list is one item, whatever is in it, and is escaped once at most.
odd_mount=$TMP/$'w\nq\\x41'
mkdir "$odd_mount"
mount "$a" "$odd_mount"
settle
mmctl create $'turned\u202e' "$a"
for command in "tree $a -o NAME,MOUNTPOINTS" "list X: -o MOUNTPOINTS"; do
	# shellcheck disable=SC2086 # words
	expect_equal "$(jq -cn --arg host "$TMP/host" --arg odd "$odd_mount" '[$host, $odd]')" "$(mmctl $command -J |
		jq -c '.. | objects | select(.mountpoints) | .mountpoints | select(length > 0)' | sort -u)" "mount points of '$command'"
done
expect_equal "$TMP/host
$TMP/w\\x0aq\\x5cx41" "$(mmctl query X: -n -o MOUNTPOINTS)" "mount points in a table"
expect_equal "MOUNTPOINTS=\"$TMP/host\\x0a$TMP/w\\x0aq\\x5cx41\"" "$(mmctl query X: -P -o MOUNTPOINTS)" "mount points in a pair"
expect_equal $'turned\u202e' "$(mmctl tree -J "$a" | jq -r '.. | objects | select(.links) | .links[] | select(test("turned"))')" \
	"a link of the tree in JSON"
expect_match 'turned\\xe2\\x80\\xae( |$)' "$(mmctl tree "$a")" "a link of the tree"
expect_equal '/DosDevices/turned\xe2\x80\xae' "$(mmctl explain "$a" | grep -o '/.*turned.*')" "a link that explain shows"
expect_equal $'/DosDevices/turned\u202e' "$(mmctl explain -J "$a" | jq -r '.links[] | select(test("turned"))')" "the same in JSON"
expect_equal "$(jq -cn --arg host "$TMP/host" --arg odd "$odd_mount" '["X:", $host, $odd]')" \
	"$(mmctl paths -J "$a" | jq -c '[.paths[].path]')" "the paths"
mmctl -q delete $'turned\u202e'
umount "$odd_mount"
# What is advised is about them, and not about links.
make_image c 4M swap
attach c 05
settle
expect_exit 1 "one is a mount point of [^ ]+ .mmctl mount-point del gives it up.$" mmctl mount-point add "$TMP/host/one" "$device"
expect_exit 1 "No such file or directory$" mmctl mount-point add "$TMP/host/nothing" "$b"
mount -o remount,ro "$TMP/host"
settle
expect_exit 1 "host is mounted read-only .mount -o remount,rw" mmctl mount-point del "$TMP/host/one"
mount -o remount,rw "$TMP/host"
settle
expect_ok mmctl mount-point del "$TMP/host/one"
expect_exit 2 "mount-point del does not take --options: " mmctl mount-point del "$TMP/host/one" --options=ro
expect_exit 2 "mount-point takes list" mmctl mount-point remove "$TMP"
umount "$TMP/host"
settle
stop_mmfs
