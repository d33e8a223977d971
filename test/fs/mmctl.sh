#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mmctl: every command, its exit codes and messages, and that table, pairs and JSON say the same.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-mmctl.sh"
. "$(dirname "$0")/lib-robust.sh"
require jq mkfs.ext4 mkswap

# --- without a mount -----------------------------------------------------------------------------

expect_exit 3 "mmfs is not mounted at $MM .findmnt -t fuse.mmfs shows" "$MMCTL" -m "$MM" list
expect_exit 3 "cannot look at $TMP/nothing: No such file or directory .findmnt -t" "$MMCTL" -m "$TMP/nothing" list
expect_exit 2 'which command' "$MMCTL"
expect_exit 2 "no command 'nonsense'" "$MMCTL" nonsense
expect_exit 2 'usage: mmctl create' "$MMCTL" create X:
expect_exit 2 'usage: mmctl status$' "$MMCTL" status X:
expect_exit 2 'list does not take --dry-run: ' "$MMCTL" list --dry-run
expect_exit 2 'there is no option --nonsense: mmctl --help' "$MMCTL" list --nonsense
expect_exit 2 'there is no option -y: ' "$MMCTL" -qy list
expect_exit 2 'there is no option --help=me, or it takes no value: ' "$MMCTL" list --help=me
expect_exit 2 'the option --timeout needs a value: ' "$MMCTL" wait X: --timeout
expect_exit 2 'the option -m needs a value: ' "$MMCTL" list -m
expect_exit 2 'timeout takes' "$MMCTL" wait X: --timeout=soon
expect_match '^mmctl [0-9]' "$("$MMCTL" --version)" "the version"
expect_match 'usage: mmctl' "$("$MMCTL" --help)" "the help"
expect_match 'usage: mmctl import.*--dry-run' "$("$MMCTL" import --help)" "the help of a command"

attach_two $'l "\t$x'
make_image clone 4M swap "${id_b#UUID=}"
make_image blank 4M blank
start_mmfs
attach clone 03
attach blank 04
settle

# It finds the mount by itself where there is one, and does not choose between two.
in_namespace='
	while read -r target; do
		[ "$target" = "$MM" ] || [ "$target" = "${KEPT-}" ] || umount -l "$target"
	done < <(findmnt -rno TARGET -t fuse.mmfs)'
expect_equal "$(cat "$MM/points")" "$(unshare -m bash -c "$in_namespace"'; "$1" list -P -o LINK,ID,DEVICE' - "$MMCTL")" \
	"what list says without -m"
expect_exit 3 'not mounted here .start it: systemctl start mmfs, or mmfs DIR' unshare -m bash -c 'MM=; '"$in_namespace"'; exec "$1" list' - "$MMCTL"

# --- create, delete, rename ----------------------------------------------------------------------

expect_ok mmctl create X: "$a"
expect_ok mmctl create backup "${b#/dev/}"
expect_ok mmctl create "$MM/DosDevices/by-id" "$id_a"
expect_ok mmctl create second backup
expect_equal "$b" "$(readlink "$MM/DosDevices/second")" "a link made after another"
expect_exit 1 "cannot create 'X:': /DosDevices/X: is a link of $id_a .take another name, or .* mmctl delete" \
	mmctl create X: "$b"
expect_exit 1 "cannot create 'Y:': $id_a has the drive letter X: already .a volume has one: mmctl rename" \
	mmctl create Y: "$a"
expect_exit 1 "cannot create 'new': no volume is known as '/dev/nothing' .mmctl list .* mmctl tree" \
	mmctl create new /dev/nothing
expect_exit 1 "cannot create 'new': ${LOOP}04 is no volume: no content .its names would be of" \
	mmctl create new "${LOOP}04"
expect_exit 2 "upper case" mmctl create x: "$a"
expect_exit 2 "cannot contain" mmctl create a/b "$a"
expect_exit 1 "cannot create 'no': Permission denied .only root and the group of the control files" \
	setpriv --reuid=1234 --regid=1234 --clear-groups "$MMCTL" -m "$MM" create no "$a"
expect_ok mmctl rename second third
expect_exit 1 "/DosDevices/backup is a link to $b .--replace takes its place.$" mmctl rename third backup
expect_exit 1 "cannot rename 'nothing': there is no link /DosDevices/nothing .mmctl list" mmctl rename nothing something
expect_ok mmctl create --absent away UUID=0000-1111
expect_exit 1 "cannot rename 'away': there is no link /DosDevices/away: its volume UUID=0000-1111 is absent .mmctl list --all" \
	mmctl rename away something
expect_ok mmctl forget away
expect_exit 1 "cannot rename 'third': /DosDevices/third can take no name in the folder of /Volumes/Volume" \
	mmctl rename third "Volume{$(tr 0-9a-f 1-9a-f0 <"$MM/ids/$id_a/guid")}"
expect_exit 1 "cannot show auto_mount: Permission denied .only root and the group" \
	setpriv --reuid=1234 --regid=1234 --clear-groups "$MMCTL" -m "$MM" auto
expect_ok mmctl create M: "$b"
expect_exit 1 "has the drive letter M: already" mmctl rename third C:
expect_ok mmctl rename --replace third backup
expect_equal $'M:\nX:\nbackup\nby-id' "$(ls "$MM/DosDevices")" "the links"
expect_equal "/DosDevices/M:" "$(mmctl delete M: -n -o LINK)" "what was deleted"
expect_ok mmctl create M: "$b"
expect_exit 1 "cannot delete 'M:' and others: line 2: .*nothing .mmctl list" mmctl delete M: nothing
expect_ok mmctl -q delete M: by-id
expect_equal $'X:\nbackup' "$(ls "$MM/DosDevices")" "the links after deleting two"
expect_exit 2 "delete what" mmctl delete
expect_exit 2 "delete what" mmctl delete X: --all
expect_ok mmctl create db "$a"
expect_ok mmctl -q delete --db-only db
expect_equal "$a" "$(readlink "$MM/DosDevices/db")" "a link that is deleted from the database only"

# --- the same in all formats, whatever names and labels are like -----------------------------------

names=('with space' ' leading' 'qu"ote' "apo'strophe" 'dol$HOME' '`touch pwned`' '$(touch pwned)' ';' '*' '-n' '#'
	'~' '{a,b}' '%s%n' '<>' '|' '=' 'ümläut' '日本語' '👍' $'e\u0301' "$(printf 'l%.0s' {1..255})" 'LINK="x"')
for name in "${names[@]}"; do
	expect_ok mmctl create -- "$name" "$a"
done
columns=LINK,DEVICE,ID,STATE,FSTYPE,LABEL,SIZE,GUID,UUID,PARTUUID,RO,RM,KEEP,NOLETTER
filter='.points[] | [.link, .device, .id, .state, .fstype, .label, .size, .guid, .uuid, .partuuid, .ro, .rm, .keep,
	.noletter] | map(if . == true then "1" elif . == false then "0" else . // "" end) | join("|")'
# A control character is itself in JSON, and an escape in the others.
escape()
{
	sed 's/\t/\\x09/g'
}
json=$(mmctl list -J -o "$columns" | jq -r "$filter")
cd "$TMP"
# shellcheck disable=SC2153 # eval sets them
pairs=$(mmctl list -P -o "$columns" | while IFS= read -r line; do
	eval "$line"
	printf '%b|%b|%b|%b|%b|' "$LINK" "$DEVICE" "$ID" "$STATE" "$FSTYPE"
	printf '%b|%b|%b|%b|%b|%b|' "$LABEL" "$SIZE" "$GUID" "$UUID" "$PARTUUID" "$RO"
	printf '%b|%b|%b\n' "$RM" "$KEEP" "$NOLETTER"
done)
expect_equal "$json" "$pairs" "the pairs (after the JSON)"
expect_match $'l "\t\\$x' "$json" "a hostile label"
[ ! -e pwned ] || fail "a name was run as a command"
for column in ${columns//,/ }; do
	expect_equal "$(mmctl list -J -o "$column" | jq -r '.points[][] | if . == true then 1 elif . == false then 0 else . // "" end' | escape)" \
		"$(mmctl list -n -o "$column" | sed 's/^ *\([01]\|[0-9]*M\)$/\1/')" "the table's column $column"
done
expect_equal "$(jq -r '.[] | [.link, .id, .device] | join("|")' "$MM/points.json")" \
	"$(mmctl list -J | jq -r '.points[] | [.link, .id, .device] | join("|")')" "the triples"
expect_equal "$(points)" "$(mmctl list -P -o LINK,ID,DEVICE)" "the pairs of the triples"
expect_match 'LINK +DEVICE +ID' "$(mmctl list | sed -n 1p)" "the headings"
expect_match 'LINK +DEVICE +ID +SIZE' "$(mmctl list -o +size | sed -n 1p)" "the headings with one more"
expect_exit 2 "there is no column 'x', but LINK" mmctl list -o link,x
expect_match '16777216' "$(mmctl list -b -o SIZE)" "sizes in bytes"
expect_equal "" "$(mmctl list -q)" "what list says quietly"
# Control characters, of C1 as well, one that turns the writing, a byte that is no UTF-8, and what looks like
# an escape.
make_image odd 4M swap "$(number_uuid 5)" $'\e\x7f\xc2\x85\xff\\x4\u202eé'
attach odd 05
settle
mmctl create odd "${LOOP}05"
odd_label() # OPTION…
{
	mmctl query odd -n -o LABEL "$@"
}
expect_equal $'\e\x7f\xc2\x85\\xff\\x4\u202eé' "$(odd_label -J | iconv -f UTF-8 -t UTF-8 | jq -r '.points[0].label')" "it in JSON"
expect_equal "$(odd_label -J)" "$(LC_ALL=C odd_label -J)" "it in JSON in another locale"
expect_equal 'LABEL="\x1b\x7f\xc2\x85\xff\x5cx4\xe2\x80\xae\xc3\xa9"' "$(odd_label -P | sed -n 1p)" "it in a pair"
expect_equal '\x1b\x7f\xc2\x85\xff\x5cx4\xe2\x80\xaeé' "$(odd_label | sed -n 1p)" "it in the table"
# No such character leaves mmctl, in whatever way.
create_fails()
{
	mmctl create $'\e[31m\u009b\u202e' "$a" 2>&1 || true
}
for command in "odd_label -J" "odd_label -P" odd_label "mmctl tree -o +LABEL" "mmctl tree -J -o +LABEL" \
	"mmctl explain odd" "mmctl explain -J odd" "mmctl export" "mmctl history -J" create_fails; do
	bytes=$($command | LC_ALL=C grep -P '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]' | cat -v | head -5) || true
	expect_equal "" "$bytes" "the control characters that '$command' prints"
done
detach 05
settle
mmctl -q delete "$(printf 'l%.0s' {1..255})"
wide=$(script -qec "stty cols 80; TERM=xterm $MMCTL -m $MM tree" /dev/null </dev/null | tr -d '\r')
expect_match $'\e\\[' "$wide" "the colours of a terminal"
while IFS= read -r line; do
	line=$(sed 's/\x1b\[[0-9;]*m//g' <<<"$line")
	[ ${#line} -le 80 ] || fail "longer than the terminal: $line"
done <<<"$wide"
[[ $(script -qec "NO_COLOR=1 TERM=xterm $MMCTL -m $MM tree" /dev/null </dev/null) != *$'\e'* ]] ||
	fail "there are colours in spite of NO_COLOR"
[[ $(mmctl tree) != *$'\e'* ]] || fail "there are colours where is no terminal"

# --- query, paths, status, tree, history -----------------------------------------------------------

expect_equal "/DosDevices/backup" "$(mmctl query backup -n -o LINK)" "the link that was asked for"
expect_equal "$(mmctl query "$b")" "$(mmctl query "$id_b")" "what is asked for by device and by ID"
expect_equal "/DosDevices/X:" "$(mmctl query --link X: --id "$id_a" -n -o LINK)" "what matches two keys"
expect_exit 1 "cannot query 'nothing': there is no link /DosDevices/nothing .mmctl list" mmctl query nothing
expect_exit 1 "cannot query 'UUID=1': no volume has the unique ID UUID=1 .mmctl list" mmctl query UUID=1
expect_exit 1 "cannot query '${LOOP}04': .* is no volume: no content .mmctl explain" mmctl query "${LOOP}04"
expect_exit 1 "cannot find paths of 'UUID=1': no volume" mmctl paths UUID=1
expect_exit 1 "cannot explain /dev/nothing: No such file or directory .mmctl tree" mmctl explain /dev/nothing
expect_exit 1 "cannot explain /etc/passwd: Block device required" mmctl explain /etc/passwd
expect_exit 1 "$b: cannot open: Permission denied .only root and the group disk can" \
	setpriv --reuid=1234 --regid=1234 --clear-groups "$MMCTL" -m "$MM" verify backup
expect_exit 2 "query what" mmctl query
mkdir "$TMP/dir"
mount "$a" "$TMP/dir"
settle
expect_equal "X:
$TMP/dir" "$(mmctl paths X: -n)" "the paths"
expect_equal "$TMP/dir" "$(mmctl list -J -o LINK,MOUNTPOINTS | jq -r '.points[] | select(.link == "/DosDevices/X:").mountpoints[0]')" \
	"the mount point"
expect_ok mmctl keep backup
status_json=$(mmctl status -J | jq -c '.status[0] | [.mountpoint, .volumes, .offline, .links, .unprocessed, .auto]')
expect_equal "[\"$MM\",2,0,$(points | wc -l),2,\"on\"]" "$status_json" "the status"
tree=$(mmctl tree -J -o +ID)
expect_equal "$(uname -n)" "$(jq -r '.machine[0].name' <<<"$tree")" "the machine"
state_of()
{
	jq -r ".. | objects | select(.name == \"${1#/dev/}\") | .state + \" \" + (.reason // .id)" <<<"$tree"
}
expect_equal "online $id_a" "$(state_of "$a")" "a volume in the tree"
expect_equal "duplicate duplicate of $b, which has $id_b" "$(state_of "${LOOP}03")" "a clone in the tree"
expect_equal "unprocessed no content" "$(state_of "${LOOP}04")" "a blank device in the tree"
detach 03
detach 02
settle
tree=$(mmctl tree -J -o +ID)
expect_equal "offline $id_b" "$(state_of "$id_b")" "a kept volume in the tree"
expect_equal "backup" "$(jq -r '.. | objects | select(.state == "offline").links[0]' <<<"$tree")" "its link"
expect_equal "$(jq -r '[.operation, .link // "", .id // "", .uid] | join("|")' "$MM/history")" \
	"$(mmctl history -J | jq -r '.history[] | [.operation, .link // "", .id // "", .uid] | join("|")')" "the history"
attach b 02
settle

umount "$TMP/dir"
restart_mmfs ro
expect_exit 1 "cannot create 'new': Read-only file system .the tree is mounted read-only: umount it" mmctl create new "$a"
stop_mmfs

# --- a tree that is not for everybody ---------------------------------------------------------------

before=$MMFS
MMFS=$TMP/mmfs # the user may not be able to get at where it was built
cp "$before" "$MMFS"
chown 65534:65534 "$MM" # nobody: fusermount3 wants a name
install -d -o 65534 -g 65534 "$TMP/home"
as_user()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all env HOME="$TMP/home" "$@"
}
expect_ok as_user "$MMFS" -o "devices=$DEVICES" "$MM" </dev/null
expect_exit 3 "cannot look at $MM: only who has mounted it can .mount it with -o allow_other" mmctl list
expect_ok as_user fusermount3 -u "$MM"
