#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# points and points.json: format, order, and that eval of a line is safe whatever links are called.
. "$(dirname "$0")/lib.sh"

id=UUID=11111111-2222-3333-4444-555555555555
make_image a 16M ext4 "${id#UUID=}"
id_b=UUID=99999999-2222-3333-4444-555555555555
make_image b 4M swap "${id_b#UUID=}"
attach a 01
attach b 02
start_mmfs

long=$(printf 'l%.0s' {1..255})
names=('with space' ' leading' 'trailing ' 'qu"ote' "apo'strophe" 'dol$HOME' '`touch pwned`' '$(touch pwned)'
	';touch pwned' '&touch pwned' '" touch=pwned "' '*' '-n' '#' '~' '{a,b}' '[x]' '%s%n' '<>' '|' '!!' '=' '\q'
	'ümläut' '日本語' '👍' $'\u00a0' $'e\u0301' "$long" 'LINK="x"' 'Volume{not}' C: Z: a0 A_ B)
expected=
for name in "${names[@]}"; do
	if [[ $name == *\\* ]]; then
		expect_fail EINVAL ln -s "${LOOP}01" "$MM/DosDevices/$name"
		continue
	fi
	case $name in
	C:) node=${LOOP}02 link_id=$id_b ;;
	*) node=${LOOP}01 link_id=$id ;;
	esac
	ln -s "$node" -- "$MM/DosDevices/$name"
	expected+=$(printf '/DosDevices/%s\t%s\t%s' "$name" "$link_id" "$node")$'\n'
done
for n in 01 02; do
	folder=$(volume_folder "$LOOP$n")
	expected+=$(printf '/Volumes/Volume{%s}\t%s\t%s' "$(cat "$folder/guid")" "$(cat "$folder/unique_id")" "$LOOP$n")$'\n'
done

# One line each, in the order of the links' bytes, and nothing in it that a shell would take.
expected=$(sort <<<"${expected%$'\n'}")
mkdir "$TMP/empty"
cd "$TMP/empty"
found=
while IFS= read -r line; do
	[[ $line =~ ^'LINK="'[^\"]*'" ID="'[^\"]*'" DEVICE="'[^\"]*'"'$ ]] || fail "not of the form of a triple: $line"
	[[ ! $line =~ [^\ -~] ]] || fail "not printable ASCII: $line"
	[[ ! ${line//\\x[0-9a-f][0-9a-f]/} =~ [\\\$\`] ]] || fail "not safe for eval: $line"
	eval "$line"
	# $() would take a newline away that was meant.
	printf -v LINK %b "$LINK"
	printf -v ID %b "$ID"
	printf -v DEVICE %b "$DEVICE"
	expect_equal "$DEVICE" "$(readlink "$MM$LINK")" "the target of $LINK"
	found+=$LINK$'\t'$ID$'\t'$DEVICE$'\n'
done <"$MM/points"
expect_equal "$expected" "${found%$'\n'}" "the triples in points"
expect_equal "" "$(ls)" "what eval has left behind"
expect_equal 'LINK="/DosDevices/\x24(touch pwned)" ID="UUID=11111111-2222-3333-4444-555555555555" DEVICE="'"${LOOP}01"'"' \
	"$(grep -F '/\x24(' "$MM/points")" "a line"
expect_match 'LINK="/DosDevices/\\x60touch pwned\\x60" ' "$(points)" points
expect_match 'LINK="/DosDevices/\\xf0\\x9f\\x91\\x8d" ' "$(points)" points
expect_match 'LINK="/DosDevices/qu\\x22ote" ' "$(points)" points

# The same from the control file, and in JSON.
expect_equal "$(points)" "$(cat "$CTL/query_points")" "query_points without a request"
expect_equal "$expected" "$(jq -r '.[] | [.link, .id, .device] | join("\t")' "$MM/points.json")" \
	"the triples in points.json"
expect_equal '["link","id","device"]' "$(jq -c 'map(keys_unsorted) | unique[]' "$MM/points.json")" \
	"the members in points.json"
expect_equal "$(wc -l <"$MM/points")" "$(jq length "$MM/points.json")" "the length of points.json"

# One moment: a reader sees the text of when it opened, even while things change.
before=$(points)
exec 3<"$MM/points" 4<"$MM/points.json"
head -c 1 <&3 >/dev/null # nothing buffered: the rest is read after the change
rm "$MM/DosDevices/B"
exec 5<"$MM/points" # this text nobody reads until it is an old one
rm "$MM/DosDevices/Z:"
exec 6<"$MM/points"
expect_equal "$before" "L$(cat <&3)" "points of an open file"
expect_equal "$(grep -v '^LINK="/DosDevices/B"' <<<"$before")" "$(cat <&5)" \
	"points of a file opened between two changes"
expect_equal "${#names[@]}" "$(jq length - <&4 | awk '{ print $1 - 1 }')" "triples in points.json of an open file"
expect_equal "$(points)" "$(cat <&6)" "points of a file opened after the change"
exec 3<&- 4<&- 5<&- 6<&-
[ "$before" != "$(points)" ] || fail "points has not changed"

# Nothing at all is an empty list.
detach 01
detach 02
settle
expect_equal "" "$(points)" "points without volumes"
expect_equal 0 "$(stat -c %s "$MM/points")" "the size of points without volumes"
expect_equal '[]' "$(jq -c . "$MM/points.json")" "points.json without volumes"

stop_mmfs
