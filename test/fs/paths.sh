#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# query_dos_volume_path and query_dos_volume_paths: drive letter, mount points, volume name.
. "$(dirname "$0")/lib.sh"

a=${LOOP}01
b=${LOOP}02
id_a=UUID=11111111-2222-3333-4444-555555555555
make_image a 4M ext4 "${id_a#UUID=}"
make_image b 4M swap
make_image blank 1M blank
attach a 01
attach b 02
attach blank 03
start_mmfs
guid=$(cat "$MM/ids/$id_a/guid")

# The paths of a volume, as eval has them, one per line.
paths()
{
	local line PATH_LINE PATH_FOUND

	ask "$1" "$2" >"$TMP/reply"
	while IFS= read -r PATH_LINE; do
		expect_match '^PATH="([-A-Za-z0-9_./:{} !#%&()*+,;<=>?@^|~]|\[|\]|'"'"'|\\x[0-9a-f]{2})*"$' \
			"$PATH_LINE" "a line of the reply" >&2
		line=PATH_FOUND${PATH_LINE#PATH}
		eval "$line"
		printf '%b\n' "${PATH_FOUND:?}"
	done <"$TMP/reply"
}

expect_paths()
{
	local what=$1

	shift
	expect_equal "$(printf '%s\n' "$@")" "$(paths query_dos_volume_paths "$a")" "all paths $what"
	expect_equal "${1:-/Volumes/Volume{$guid\}}" "$(paths query_dos_volume_path "$a")" "the path $what"
	expect_equal "$(printf '%s\n' "$@")" "$(cat "$MM/ids/$id_a/dos_paths")" "dos_paths $what"
}

mount_at()
{
	mkdir -p "$1"
	mount "$a" "$1"
	settle
}

# Nothing but a volume name, which is no path among all.
expect_paths "at first"
expect_equal "PATH=\"/Volumes/Volume{$guid}\"" "$(ask query_dos_volume_path "$a")" "the reply"
expect_equal "" "$(ask query_dos_volume_paths "$a")" "the reply with all"
expect_ok request create_point "link=name device=$a"
expect_paths "with a name that is no letter"
epic_before=$(epic)

# Mount points: the kernel's, in the order of mounting. A letter comes first.
mount_at "$TMP/one"
expect_paths "mounted once" "$TMP/one"
mount_at "$TMP/another"
expect_paths "mounted twice" "$TMP/one" "$TMP/another"
expect_equal "$epic_before" "$(epic)" "the epic number after mounting"
expect_ok request create_point "X: $a"
expect_paths "with a letter" X: "$TMP/one" "$TMP/another"
expect_equal 'PATH="X:"' "$(ask query_dos_volume_path "$a")" "the reply with a letter"
umount "$TMP/one"
settle
expect_paths "after umount" X: "$TMP/another"
expect_ok mv "$MM/DosDevices/X:" "$MM/DosDevices/Y:"
expect_paths "with another letter" Y: "$TMP/another"
expect_ok rm "$MM/DosDevices/Y:"
expect_paths "without a letter" "$TMP/another"

# By everything that names the volume.
for line in "$id_a" "id=$id_a" "device=$id_a" "device=${a#/dev/}" "link=name" "Volume{$guid}" \
	"link=name device=$a id=$id_a" "device=/DosDevices/name" "device=\"\\\\\\\\?\\\\Volume{$guid}\\\\\""; do
	expect_equal "$TMP/another" "$(paths query_dos_volume_path "$line")" "the path by $line"
	expect_equal "$TMP/another" "$(paths query_dos_volume_paths "$line")" "all paths by $line"
done
umount "$TMP/another"
settle

# Odd ones: nothing in them is acted on by eval, and all of them comes out again.
count=0
for name in 'with space' $'tab\there' $'new\nline' 'back\slash' 'octal\040' '"quoted"' "'single'" '$(touch pwned)' \
	'`touch pwned`' '$HOME' 'äöü€' $'\xff\xfe' ';reboot' '*' '~' '#' $'\e[31m' $'\x7f' '-n' '{}'; do
	mount_at "$TMP/$name"
	found=$(paths query_dos_volume_path "$a" && echo .)
	expect_equal "$TMP/$name"$'\n.' "$found" "the path '$name'"
	umount "$TMP/$name"
	count=$((count + 1))
done
[ ! -e pwned ] || fail "eval of a path has run something"
expect_equal 20 "$count" "the number of odd names"
long=$TMP/$(printf 'l%.0s' {1..250})/$(printf 'm%.0s' {1..250})/$(printf '$%.0s' {1..250})
mount_at "$long"
expect_equal "$long" "$(paths query_dos_volume_paths "$a")" "a long path"
umount "$long"
settle
expect_paths "after all these"

# Several lines: their replies follow each other.
expect_ok request create_point "D: $b"
expect_equal "PATH=\"/Volumes/Volume{$guid}\"
PATH=\"D:\"" "$(
	exec 3<>"$CTL/query_dos_volume_path"
	cat >&3 <<<"$a"$'\n'"$b"
	cat <&3
)" "the reply to two lines"

# Neither a volume name nor anything else.
expect_ok request delete_points "$a"
expect_equal "" "$(ask query_dos_volume_paths "$a")" "all paths of a volume without a name"
expect_refused ENOENT query_dos_volume_path "$a"

# What is no volume.
for operation in query_dos_volume_path query_dos_volume_paths; do
	for line in "${LOOP}03" "${LOOP}09" /dev/nothing UUID=1 "X:" "x:" "link=nothing" "device=Q:" \
		"Volume{01234567-89ab-cdef-0123-456789abcdef}"; do
		expect_refused ENOENT $operation "$line"
	done
	for line in "" "all=1" "nonsense" "link=D: device=$a" "link="; do
		expect_refused EINVAL $operation "$line"
	done
	expect_match "^usage: echo 'device=VOLUME' > control/$operation " "$(cat "$CTL/$operation")" "its usage"
done

stop_mmfs
