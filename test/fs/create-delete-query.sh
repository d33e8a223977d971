#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The language of the control files, and how replies are read.
. "$(dirname "$0")/lib.sh"
require busybox dash

# The links of udevd are for all: another case may have the same UUID.
id_a=UUID=$(cat /proc/sys/kernel/random/uuid)
label=mmfs-$$
id_b=UUID=$(cat /proc/sys/kernel/random/uuid)
a=${LOOP}01
b=${LOOP}02
make_image a 16M ext4 "${id_a#UUID=}" "$label"
make_image b 4M swap "${id_b#UUID=}"
attach a 01
attach b 02
start_mmfs
volume_a="Volume{$(cat "$(volume_folder "$a")/guid")}"
volume_b="Volume{$(cat "$(volume_folder "$b")/guid")}"

triple()
{
	local id=$id_a

	[ "$2" = "$a" ] || id=$id_b
	printf 'LINK="%s" ID="%s" DEVICE="%s"\n' "$1" "$id" "$2"
}
all_of_volumes=$(triple "/Volumes/$volume_a" "$a"; triple "/Volumes/$volume_b" "$b")
expect_points()
{
	expect_equal "$(sort <<<"$all_of_volumes${1:+$'\n'$1}")" "$(sort "$MM/points")" "points after $2"
}

# Creating: every form of a link, as a bare word and with a key, in any order and with any blanks.
create()
{
	expect_ok request create_point "$1"
	expect_points "$(triple "$2" "$3")" "'$1'"
	expect_equal "$3" "$(readlink "$MM$2")" "the target after '$1'"
	expect_equal "$(triple "$2" "$3")" "$(ask delete_points "link=\"$2\"")" "the reply of delete_points"
	expect_points "" "deleting $2 again"
	[ ! -L "$MM$2" ] || fail "$2 is still there"
}
for link in X: /DosDevices/X: '\DosDevices\X:' '\??\X:' /dosdevices/X: '\DOSDEVICES\X:'; do
	create "$link $a" /DosDevices/X: "$a"
	create "$a $link" /DosDevices/X: "$a"
	create "link=$link device=$a" /DosDevices/X: "$a"
	create "device=$b link=$link" /DosDevices/X: "$b"
done
for link in Backup /DosDevices/Backup '\DosDevices\Backup' '\??\Backup'; do
	create "link=$link device=$a" /DosDevices/Backup "$a"
done
create "/DosDevices/Backup $a" /DosDevices/Backup "$a"
create "  X:		$a  	" /DosDevices/X: "$a"
create "link=\"X:\" device=\"$a\"" /DosDevices/X: "$a"
create "\"X:\" \"$a\"" /DosDevices/X: "$a"
create "link=\"\\\\DosDevices\\\\X:\" device=$a" /DosDevices/X: "$a"
create "link=\"two words\" device=$a" "/DosDevices/two words" "$a"
create "link=\"\\x42ack\\x75p\" device=$a" /DosDevices/Backup "$a"
create "link=LINK= device=$a" /DosDevices/LINK= "$a"
create "link=UUID=1 device=$a" /DosDevices/UUID=1 "$a"
guid="Volume{01234567-89ab-cdef-0123-456789abcdef}"
for link in "/Volumes/$guid" "\\??\\$guid" "\\??\\$guid\\" "\\\\?\\$guid" "\\\\?\\$guid\\" "$guid" "\\Volumes\\$guid" \
	"/DosDevices/$guid" "/volumes/$guid"; do
	create "$link $a" "/Volumes/$guid" "$a"
	create "link=$link device=$a" "/Volumes/$guid" "$a"
done
# Names that need quotes or escapes, on the way in and out.
expect_ok request create_point "link=\"a \\\"b\\\" \\xc3\\xa4\" device=$a"
expect_equal "$a" "$(readlink "$MM/DosDevices/a \"b\" ä")" "the target of a name with quotes"
expect_equal "LINK=\"/DosDevices/a \\x22b\\x22 \\xc3\\xa4\" ID=\"$id_a\" DEVICE=\"$a\"" \
	"$(ask delete_points "link=\"a \\\"b\\\" ä\"")" "the reply about a name with quotes"

# The volume: by node, kernel name, alias, ID, link, and what a user made in /dev.
settle_udevd # for the links in /dev/disk
alias=/dev/mmfs-test-$$
ln -s "$a" "$alias"
mkdir "$alias.d"
ln -s "../$(basename "$alias")" "$alias.d/again"
at_end()
{
	rm -rf "$alias" "$alias.d"
}
[ -b /dev/disk/by-uuid/"${id_a#UUID=}" ] || fail "udevd has made no link by UUID"
for device in "$a" "${a#/dev/}" "/dev//${a#/dev/}" /dev/disk/by-uuid/"${id_a#UUID=}" \
	/dev/disk/by-label/"$label" "/dev/block/$(stat -c %Hr:%Lr "$a")" "$alias" "$alias.d/again" "$id_a" "/Volumes/$volume_a" \
	"$volume_a" "\\\\?\\$volume_a\\"; do
	create "X: device=$device" /DosDevices/X: "$a"
	create "X: $device" /DosDevices/X: "$a"
done
create "link=X: id=$id_a" /DosDevices/X: "$a"
create "X: id=$id_a device=$a" /DosDevices/X: "$a"
expect_ok request create_point "C: $b"
expect_ok request create_point "link=other device=C:"
expect_ok request create_point "link=third device=/DosDevices/other"
expect_ok request create_point "/DosDevices/fourth C:"
expect_points "$(for link in C: other third fourth; do triple "/DosDevices/$link" "$b"; done)" "links of links"

# Querying: all that is given must match.
expect_ok request create_point "X: $a"
query()
{
	local line=$1 links=$2 link expected=

	for link in $links; do
		case $link in
		X: | "$volume_a") node=$a ;;
		*) node=$b ;;
		esac
		case $link in
		Volume*) link=/Volumes/$link ;;
		*) link=/DosDevices/$link ;;
		esac
		expected+=$(triple "$link" "$node")$'\n'
	done
	expect_equal "${expected%$'\n'}" "$(ask query_points "$line")" "the reply to '$line'"
}
of_b="C: fourth other third $volume_b"
query "device=$a" "X: $volume_a"
query "$a" "X: $volume_a"
query "$id_a" "X: $volume_a"
query "id=$id_b" "$of_b"
query "device=$id_b" "$of_b"
query "device=C:" "$of_b"
query "device=/dev/disk/by-uuid/${id_b#UUID=}" "$of_b"
query "${b#/dev/}" "$of_b"
query "X:" "X:"
query "link=X:" "X:"
query "link=OTHER" "other"
query "\\??\\C: " "C:"
query "X: $a" "X:"
query "X: $a $id_a" "X:"
query "link=X: id=$id_a device=X:" "X:"
query "link=$volume_b device=$b" "$volume_b"
expect_equal "$(points)" "$(ask query_points "")" "the reply to an empty line"

# Reading replies: the position stands behind the request, whatever reads on.
all_of_b=$(grep -F "DEVICE=\"$b\"" "$MM/points")
exec 3<>"$CTL/query_points"
echo "device=$b" >&3
for link in C: fourth other third; do
	read -r line <&3
	expect_equal "$(triple "/DosDevices/$link" "$b")" "$line" "a line that read has read"
done
read -r line <&3
expect_equal "$(triple "/Volumes/$volume_b" "$b")" "$line" "the last line that read has read"
! read -r line <&3 || fail "there is more to read: $line"
echo "device=$b" >&3
expect_equal "$(head -n 1 <<<"$all_of_b")" "$(head -n 1 <&3)" "what head has read"
expect_equal "$(sed -n 2p <<<"$all_of_b")" "$(head -n 1 <&3)" "what head has read next"
expect_equal "$(tail -n +3 <<<"$all_of_b")" "$(cat <&3)" "the rest"
echo "device=$b" >&3
expect_equal "$all_of_b" "$(cat <&3)" "the reply to a further request"
expect_equal "" "$(cat <&3)" "what follows a reply"
exec 3>&-
expect_equal "$all_of_b" "$(
	{
		echo "device=$b" >&3
		while read -r line; do
			echo "$line"
		done <&3
	} 3<>"$CTL/query_points"
)" "the reply as while read reads it"
script="exec 3<>$CTL/query_points; echo device=$b >&3; cat <&3; echo X: >&3; read -r line <&3; echo \"\$line\""
expected=$all_of_b$'\n'$(triple /DosDevices/X: "$a")
for shell in bash dash "busybox sh" "bash --posix"; do
	expect_equal "$expected" "$($shell -c "$script")" "the replies in $shell"
done

# Open files have nothing to do with one another.
exec 3<>"$CTL/query_points" 4<>"$CTL/query_points" 5<>"$CTL/delete_points"
echo X: >&3
echo "link=other" >&4
echo "link=third" >&5
expect_equal "$(triple /DosDevices/other "$b")" "$(cat <&4)" "the reply on the second file"
expect_equal "$(triple /DosDevices/X: "$a")" "$(cat <&3)" "the reply on the first file"
expect_equal "$(triple /DosDevices/third "$b")" "$(cat <&5)" "the reply on the third file"
expect_equal "$(points)" "$(cat "$CTL/query_points")" "what a new file shows"
echo "link=other" >&3
expect_fail ENOENT bash -c 'echo link=nothing >&4'
expect_equal "$(triple /DosDevices/other "$b")" "$(cat <&3)" "the reply beside a failure"
# A failure leaves its sentence where the reply would be.
sentence=$(cat <&4)
expect_match '^there is no link /DosDevices/nothing$' "$sentence" "the reply of a failed request"
exec 3<&- 4<&- 5<&-

# Without a request: usage lines, or what there is to show.
for operation in create_point delete_points settle; do
	expect_match "^usage: echo '.+' > control/$operation    [A-Z].*\.$" "$(cat "$CTL/$operation")" "$operation when read"
	expect_equal 1 "$(wc -l <"$CTL/$operation")" "lines of usage"
done
exec 3<>"$CTL/create_point"
expect_match "^usage: " "$(cat <&3)" "create_point when read before a request"
echo "link=late device=$b" >&3
expect_equal "" "$(cat <&3)" "the reply of create_point"
exec 3<&-

# Deleting: by link, device, ID, and everything; the reply tells what went.
expect_equal "$(triple /DosDevices/late "$b")" "$(ask delete_points "link=LATE")" "the reply"
expect_ok request create_point "link=second device=$a"
expect_equal "$(triple /DosDevices/second "$a")" "$(ask delete_points "link=second device=$a id=$id_a")" "the reply"
expect_equal "$(triple /DosDevices/X: "$a"; triple "/Volumes/$volume_a" "$a")" "$(ask delete_points "device=$a")" "the reply"
expect_equal "" "$(grep -F "$a" "$MM/points" || true)" "the links of a volume that lost them all"
[ -d "$MM/ids/$id_a" ] || fail "a volume without links has no folder any more"
expect_equal "" "$(cat "$MM/ids/$id_a/links" "$MM/ids/$id_a/guid")" "what its folder says"
expect_ok request create_point "X: $a"
expect_equal "$(points)" "$( (ask delete_points "$id_a"; ask delete_points "id=$id_b") | sort)" \
	"the replies to deleting by ID"
expect_equal "" "$(points)" "points after deleting by ID"
expect_ok request create_point "X: $a"
expect_ok request create_point "Y: $b"
expected=$(points)
expect_equal "$expected" "$(ask delete_points all=1)" "the reply of all=1"
expect_equal "" "$(points)" "points after all=1"
expect_equal "" "$(ls "$MM/DosDevices")$(ls "$MM/Volumes")" "what is left in the folders"
expect_equal "" "$(ask delete_points all=1)" "the reply of all=1 when there is nothing"

stop_mmfs
