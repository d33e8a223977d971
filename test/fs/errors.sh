#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Requests that fail: the errno, nothing changed, and a sentence in error_log. Then error_log itself.
. "$(dirname "$0")/lib.sh"
require busybox dash

blank=${LOOP}03
make_image blank 4M blank
make_image foreign 4M swap
attach_two
attach blank 03
attach foreign 04
start_mmfs "devices=$DEVICES:!loop??04"
request create_point "C: $a"
request create_point "link=Taken device=$a"

# errno, operation, request; \n and the like as printf %b has them.
table()
{
	cat <<-END
		EINVAL create_point
		EINVAL create_point X:
		EINVAL create_point link=X:
		EINVAL create_point $b
		EINVAL create_point device=$b
		EINVAL create_point link= device=$b
		EINVAL create_point link="" device=$b
		EINVAL create_point link=X: device=
		EINVAL create_point link=X: device=""
		EINVAL create_point link=X: id=
		EINVAL create_point link=X: device=$b colour=red
		EINVAL create_point name=X: device=$b
		EINVAL create_point =X: device=$b
		EINVAL create_point all=1
		EINVAL create_point X: Y: $b
		EINVAL create_point link=X: link=Y: device=$b
		EINVAL create_point X: $b $b
		EINVAL create_point X: $b device=$b
		EINVAL create_point X: $id_b id=$id_b
		EINVAL create_point link="X: device=$b
		EINVAL create_point link="X:"device=$b
		EINVAL create_point link="X:""Y:" device=$b
		EINVAL create_point link=X":" device=$b
		EINVAL create_point link=X: device=$b "
		EINVAL create_point link="\\\\q" device=$b
		EINVAL create_point link="\\\\" device=$b
		EINVAL create_point link="a\\\\x" device=$b
		EINVAL create_point link="a\\\\x4" device=$b
		EINVAL create_point link="a\\\\xzz" device=$b
		EINVAL create_point link="a\\\\x00" device=$b
		EINVAL create_point link="a\\\\nb" device=$b
		EINVAL create_point link="a\\\\x1b" device=$b
		EINVAL create_point link="a\\\\x7f" device=$b
		EINVAL create_point link="\\\\xc2\\\\x80" device=$b
		EINVAL create_point link="\\\\xff" device=$b
		EINVAL create_point link="\\\\xc0\\\\xaf" device=$b
		EINVAL create_point link="\\\\xed\\\\xa0\\\\x80" device=$b
		EINVAL create_point link="\\\\xf4\\\\x90\\\\x80\\\\x80" device=$b
		EINVAL create_point link="\\\\xe2\\\\x82" device=$b
		EINVAL create_point link=\\xff device=$b
		EINVAL create_point link=a\\xc3 device=$b
		EINVAL create_point link=a\\x01b device=$b
		EINVAL create_point link=a\\rb device=$b
		EINVAL create_point X: $b\\r
		EINVAL create_point X: $b \\0
		EINVAL create_point X:\\0 $b
		EINVAL create_point link=a\\0b device=$b
		EINVAL create_point link=. device=$b
		EINVAL create_point link=.. device=$b
		EINVAL create_point link=../x device=$b
		EINVAL create_point link=a/b device=$b
		EINVAL create_point link=/ device=$b
		EINVAL create_point link=/x device=$b
		EINVAL create_point link=/etc/passwd device=$b
		EINVAL create_point link=/DosDevices device=$b
		EINVAL create_point link=/DosDevices/ device=$b
		EINVAL create_point link=/DosDevices/. device=$b
		EINVAL create_point link=/DosDevices/../points device=$b
		EINVAL create_point link=/DosDevices/a/b device=$b
		EINVAL create_point link=//DosDevices/a device=$b
		EINVAL create_point link=a\\\\b device=$b
		EINVAL create_point link=\\\\??\\\\a\\\\b device=$b
		EINVAL create_point link=\\\\DosDevices\\\\ device=$b
		EINVAL create_point link=/Volumes/ device=$b
		EINVAL create_point link=/Volumes/X: device=$b
		EINVAL create_point link=/Volumes/Volume{1} device=$b
		EINVAL create_point link=\\\\\\\\?\\\\X: device=$b
		EINVAL create_point link=/Volumes/Volume{01234567-89ab-cdef-0123-456789abcdef}/ device=$b
		EINVAL create_point link=\\\\??\\\\Volume{01234567-89ab-cdef-0123-456789abcdef}\\\\\\\\ device=$b
		EINVAL create_point x: $b
		EINVAL create_point link=x: device=$b
		EINVAL create_point link=/DosDevices/x: device=$b
		EINVAL create_point link=\\\\??\\\\x: device=$b
		ENOENT create_point link=X: device=x:
		EINVAL create_point X: nonsense
		ENOENT create_point X: LABEL=data
		EINVAL create_point link=X: id=nonsense
		EINVAL create_point link=X: id=LABEL=data
		EINVAL create_point link=X: id=UUID=
		EINVAL create_point link=X: id=$id_a device=$b
		EINVAL create_point D: $a
		EINVAL create_point C: $a
		ENOENT create_point X: UUID=1
		ENOENT create_point link=X: device=UUID=1
		ENOENT create_point X: /dev/nothing
		ENOENT create_point X: /dev/null
		ENOENT create_point X: /dev/
		ENOENT create_point X: /dev/disk
		ENOENT create_point X: /dev/../dev/null
		ENOENT create_point X: /dev/${b#/dev/}/
		ENOENT create_point link=X: device=nothing
		ENOENT create_point link=X: device=Q:
		ENOENT create_point link=X: device=/DosDevices/nothing
		ENOENT create_point X: $blank
		ENOENT create_point X: ${blank#/dev/}
		ENOENT create_point X: ${LOOP}04
		EEXIST create_point link=Taken device=$b
		EEXIST create_point link=TAKEN device=$b
		EEXIST create_point link=taken device=$a
		EEXIST create_point link=Taken device=$a
		EEXIST create_point C: $b
		EINVAL delete_points
		EINVAL delete_points all=0
		EINVAL delete_points all=
		EINVAL delete_points all=1 C:
		ENOENT delete_points q:
		EINVAL delete_points UUID=1
		EINVAL delete_points device=nothing
		EINVAL delete_points /dev/nothing
		EINVAL delete_points $blank
		EINVAL delete_points C: $b
		EINVAL delete_points link=C: id=$id_b
		EINVAL delete_points id=$id_a device=$b
		ENOENT delete_points X:
		ENOENT delete_points link=nothing
		ENOENT delete_points link=nothing device=$a
		ENOENT delete_points Volume{01234567-89ab-cdef-0123-456789abcdef}
		EINVAL query_points all=1
		EINVAL query_points UUID=1
		EINVAL query_points /dev/nothing
		EINVAL query_points device=nothing
		EINVAL query_points device=Q:
		EINVAL query_points nonsense
		EINVAL query_points $blank
		EINVAL query_points ${LOOP}04
		EINVAL query_points C: $b
		EINVAL query_points id=$id_a device=$b
		EINVAL query_points epic=1
		ENOENT query_points X:
		ENOENT query_points link=nothing
		ENOENT query_points link=Taken2
		EINVAL epic_number 1
		EINVAL unprocessed 1
		EINVAL error_log 1
		EINVAL version 1
	END
}
write()
{
	printf '%b\n' "$2" >"$CTL/$1"
}
count=0
while IFS= read -r row; do
	read -r error operation line <<<"$row"
	line=${row#"$error $operation"}
	line=${line# }
	expect_refused_by "$error" "$operation" write "$operation" "$line"
	count=$((count + 1))
done < <(table)
[ "$count" -gt 130 ] || fail "the table was read to its line $count only"

# Lengths: a request has at most 4095 bytes, a name 255.
spaces()
{
	printf '%*s' "$1" ''
}
name_255=$(printf 'n%.0s' {1..255})
expect_ok request create_point "link=$name_255 device=$b"
expect_equal "$b" "$(readlink "$MM/DosDevices/$name_255")" "the target of a name of 255 bytes"
expect_ok request delete_points "link=$name_255"
expect_refused EINVAL create_point "link=n$name_255 device=$b"
expect_refused EINVAL query_points "id=UUID=nn$name_255"
line="X: $b"
expect_ok request create_point "$line$(spaces $((4095 - ${#line})))"
expect_ok request delete_points "device=$b link=X:$(spaces 4000)"
for length in 4096 4097 5000 8191 8192 70000; do
	expect_refused EMSGSIZE create_point "$line$(spaces $((length - ${#line})))"
done
expect_refused EMSGSIZE query_points "link=$(printf 'n%.0s' {1..5000})"
long_line()
{
	printf 'link=%s' "$(spaces "$1")" >"$CTL/create_point"
}
expect_refused_by EMSGSIZE create_point long_line 4091 # without a newline, and a multiple of 4096 long
[ "$(tail -n 1 "$CTL/error_log" | wc -c)" -lt 20000 ] || fail "error_log keeps all of an endless request"

# The same from the folders. What the kernel refuses by itself (names of more bytes, /) is not ours.
expect_refused_by EINVAL create_point ln -s "$b" "$MM/DosDevices/x:"
expect_refused_by EINVAL create_point ln -s "$b" "$MM/DosDevices/a\\b"
expect_refused_by EINVAL create_point ln -s "$b" "$MM/DosDevices/"$'a\nb'
expect_refused_by EINVAL create_point ln -s "$b" "$MM/DosDevices/"$'\xff'
expect_refused_by EINVAL create_point ln -s "$b" "$MM/DosDevices/Volume{01234567-89ab-cdef-0123-456789abcdef}"
expect_refused_by EINVAL create_point ln -s "$b" "$MM/Volumes/X:"
expect_refused_by EINVAL create_point ln -s "$b" "$MM/Volumes/Volume{1}"
expect_refused_by EINVAL create_point ln -s nonsense "$MM/DosDevices/X:"
expect_refused_by ENOENT create_point ln -s x: "$MM/DosDevices/X:"
expect_refused_by EINVAL create_point ln -s "$a" "$MM/DosDevices/D:"
expect_refused_by ENOENT create_point ln -s /dev/nothing "$MM/DosDevices/X:"
expect_refused_by ENOENT create_point ln -s UUID=1 "$MM/DosDevices/X:"
expect_refused_by ENOENT create_point ln -s "$blank" "$MM/DosDevices/X:"
expect_refused_by EEXIST create_point ln -s "$b" "$MM/DosDevices/TAKEN"
expect_refused_by EEXIST create_point ln -s "$b" "$MM/DosDevices/taken"
expect_fail EEXIST ln -s "$b" "$MM/DosDevices/Taken"
expect_fail ENAMETOOLONG ln -s "$b" "$MM/DosDevices/n$name_255"
expect_fail ENOENT ln -s "" "$MM/DosDevices/X:"
expect_fail ENOENT rm "$MM/DosDevices/nothing"
expect_fail ENOENT rm "$MM/DosDevices/c:"
expect_fail ENOENT mv "$MM/DosDevices/nothing" "$MM/DosDevices/X:"
# The mv of coreutils calls every EINVAL a move "to a subdirectory of itself".
expect_refused_by EINVAL rename busybox mv "$MM/DosDevices/Taken" "$MM/DosDevices/x:"
expect_refused_by EINVAL rename busybox mv "$MM/DosDevices/Taken" "$MM/DosDevices/D:"
expect_refused_by EPERM rename mv "$MM/DosDevices/Taken" "$MM/Volumes/Taken"
expect_refused_by EINVAL rename "$(dirname "$MMFS")/test/fs/exchange" "$MM/DosDevices/Taken" "$MM/DosDevices/C:"

# dash says something else, but it fails as well.
expect_fail - dash -c "echo x: $b > $CTL/create_point"

# The log: the last 64, the newest last, safe for eval.
for i in {001..070}; do
	! request query_points "link=no$i \$(touch $TMP/pwned) \`" 2>/dev/null || fail "this went well"
done
expect_equal 64 "$(wc -l <"$CTL/error_log")" "lines of error_log"
expect_equal "$(printf 'link=no%s\n' {007..070})" "$(grep -o 'link=no[0-9]*' "$CTL/error_log")" "requests in error_log"
line=$(tail -n 1 "$CTL/error_log")
eval "${line/ UID=/ CLIENT=}" # bash has a read-only UID of its own
expect_match '^20[0-9-]{8}T[0-9:]{8}[.][0-9]{6}Z$' "${TIME:=}" TIME
expect_equal 0 "${CLIENT:=}" UID
expect_equal query_points "${OPERATION:=}" OPERATION
expect_equal EINVAL "${ERRNO:=}" ERRNO
expect_equal 'link=no070 \x24(touch '"$TMP/pwned"') \x60' "${REQUEST:=}" REQUEST
expect_match '^[a-z].*[a-z]$' "${WHY:=}" WHY
[ ! -e "$TMP/pwned" ] || fail "eval of error_log has run something"
now=$(date +%s)
logged=$(date -d "$TIME" +%s)
((logged <= now && logged >= now - 60)) || fail "the time in error_log is $TIME, and it is $(date)"

stop_mmfs
