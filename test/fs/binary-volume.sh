#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a volume answers, opened by any of its names, as mountdev.h has it.

# With mounts of its own, as the library takes the first mount that there is.
[ -n "${ALONE-}" ] || ALONE=1 exec unshare -m --propagation private /bin/bash "$0" "$@"

. "$(dirname "$0")/lib.sh"
require setpriv
attach_two
binary=$(dirname "$MMFS")/test/fs/binary
while read -r path; do
	umount -l "$path"
done < <(awk '$3 ~ /^fuse[.]mmfs/ { print $2 }' /proc/self/mounts)
expect_equal "DEVICE_NOT_CONNECTED 0" "$("$binary" volume "$a" QUERY_UNIQUE_ID 64)" "without a mount manager"
start_mmfs
request create_point "X: $a"
name_a="Volume{$(cat "$(volume_folder "$a")/guid")}"

bytes() # the bytes of stdin, in hexadecimal
{
	od -An -v -tx1 | tr -d ' \n'
}
expect_answer() # ANSWER PATH CODE [ROOM]
{
	expect_equal "$1" "$("$binary" volume "$2" "$3" "${4-256}")" "$3 of $2"
}
wide=$(printf %s "$a" | iconv -t UTF-16LE | bytes)
id=$(printf %s "$id_a" | bytes)
for path in "$MM/DosDevices/X:" "$MM/Volumes/$name_a" "$MM/ids/$id_a/device" "$a"; do
	expect_answer "SUCCESS $((2 + ${#id_a})) $(printf %02x00 ${#id_a})$id" "$path" QUERY_UNIQUE_ID
	expect_answer "SUCCESS $((2 + 2 * ${#a})) $(printf %02x00 $((2 * ${#a})))$wide" "$path" QUERY_DEVICE_NAME
done
expect_match "^BUFFER_OVERFLOW 4 $(printf %02x00 ${#id_a})....$" "$("$binary" volume "$a" QUERY_UNIQUE_ID 4)" "too little room"
expect_answer "INVALID_PARAMETER 0" "$a" QUERY_UNIQUE_ID 3

# A label suggests a link.
expect_answer "NOT_FOUND 0" "$a" QUERY_SUGGESTED_LINK_NAME
make_image labelled 16M ext4 99999999-2222-3333-4444-555555555555 films
attach labelled 03
settle
wide=$(printf '\\DosDevices\\films' | iconv -t UTF-16LE | bytes)
expect_answer "SUCCESS 38 01002200$wide" "${LOOP}03" QUERY_SUGGESTED_LINK_NAME
expect_answer "BUFFER_OVERFLOW 6 01002200${wide:0:4}" "${LOOP}03" QUERY_SUGGESTED_LINK_NAME 37

# The GUID of the volume name, with its numbers turned round.
guid=${name_a//[!-0-9a-f]/}
guid=${guid#e} # of Volume
guid=${guid//-/}
turned=${guid:6:2}${guid:4:2}${guid:2:2}${guid:0:2}${guid:10:2}${guid:8:2}${guid:14:2}${guid:12:2}${guid:16}
expect_answer "SUCCESS 16 $turned" "$MM/DosDevices/X:" QUERY_STABLE_GUID
expect_answer "INVALID_PARAMETER 0" "$MM/DosDevices/X:" QUERY_STABLE_GUID 15

expect_answer "INVALID_DEVICE_REQUEST 0" "$a" LINK_CREATED
expect_answer "INVALID_HANDLE 0" "$TMP" QUERY_UNIQUE_ID
expect_answer "INVALID_HANDLE 0" "$MM/points" QUERY_UNIQUE_ID
expect_answer "INVALID_HANDLE 0" /dev/null QUERY_UNIQUE_ID

# A volume that is on no block device is a directory.
echo content >"$TMP/file"
mkdir "$TMP/fuse"
"$(dirname "$MMFS")/test/fs/stall-image" "$TMP/file" -f "$TMP/fuse" </dev/null >/dev/null 2>&1 &
server=$!
await mountpoint -q "$TMP/fuse"
expect_answer "INVALID_HANDLE 0" "$TMP/fuse" QUERY_UNIQUE_ID
request volume_arrival_notification "device=$TMP/fuse id=UUID=fuse suggested=F:"
expect_answer "SUCCESS 11 0900$(printf UUID=fuse | bytes)" "$MM/DosDevices/F:" QUERY_UNIQUE_ID
expect_match "^SUCCESS 16 " "$("$binary" volume "$MM/DosDevices/F:" QUERY_STABLE_GUID 16)" "its GUID"
umount "$TMP/fuse"
wait "$server" || true

# What is no volume is unknown; who may not read the device may ask all the same.
truncate -s 1M "$TMP/blank"
attach blank 09
settle
expect_answer "OBJECT_NAME_NOT_FOUND 0" "${LOOP}09" QUERY_UNIQUE_ID
chmod 755 "$TMP"
expect_match "^SUCCESS" "$(setpriv --reuid 65534 --regid 65534 --clear-groups "$binary" volume "$MM/DosDevices/X:" QUERY_DEVICE_NAME 256)" "anybody"
stop_mmfs
