#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mmctl verify and explain: what is on the device now, whatever the daemon has not been told of. The other kinds of
# identity are verified in the virtual machine.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-mmctl.sh"
. "$(dirname "$0")/lib-robust.sh"
require jq mkfs.minix partx sfdisk strace xz

a=${LOOP}01
gpt=${LOOP}02
mbr=${LOOP}03
guid=aaaaaaaa-0000-4000-8000-00000000000

# The kernel keeps partitions of a loop device that is detached.
at_end()
{
	partx -d "$gpt" 2>/dev/null
	partx -d "$mbr" 2>/dev/null
}

# Behind the daemon's back, without an event: what is written to the file below.
replace() # NAME BY
{
	dd if="$TMP/$2" of="$TMP/$1" bs=1M conv=notrunc status=none
}

expect_verified() # LINK NODE ID
{
	expect_equal "$1 is $2, which has $3" "$(mmctl verify "$1")" "what verify says of $1"
	expect_equal "" "$(mmctl -q verify "${1#/DosDevices/}")" "what verify says quietly"
}
expect_unreliable() # REGEX LINK
{
	expect_exit 1 "^mmctl: /DosDevices/$2 is not to be relied on: $1" mmctl verify "$2"
}

for n in 1 2; do
	make_image "swap$n" 4M swap "$(number_uuid "$n")"
done
cp "$TMP/swap1" "$TMP/a"
make_image blank 4M blank
make_image minix 4M blank
mkfs.minix "$TMP/minix" >/dev/null
tar -xf "$(dirname "$0")/../io/golden/ambivalent.tar.xz" -C "$TMP" # image
make_image gpt 8M blank
sfdisk -q "$TMP/gpt" <<END
label: gpt
label-id: ${guid}0
start=2048, size=4096, uuid=${guid}1
start=8192, size=4096, uuid=${guid}2
END
make_image mbr 8M blank
sfdisk -q "$TMP/mbr" <<END
label: dos
label-id: 0x1234abcd
start=2048, size=4096, type=83
END
attach a 01
attach gpt 02
attach mbr 03
partx -a "$gpt"
partx -a "$mbr"
start_mmfs
settle
mmctl create a "$a"
mmctl create X: "${gpt}p2"
mmctl create old "${mbr}p1"

# --- UUID ------------------------------------------------------------------------------------------

id=UUID=$(number_uuid 1)
expect_verified /DosDevices/a "$a" "$id"
expect_verified "/Volumes/Volume{$(cat "$MM/ids/$id/guid")}" "$a" "$id"
replace a swap2
expect_unreliable "$a should have $id and has UUID=$(number_uuid 2) .mmctl explain $a tells more" a
expect_equal "$id UUID=$(number_uuid 2)" \
	"$(mmctl explain "$a" -J | jq -r '[.id, (.schemes[] | select(.scheme == "uuid").probe | "UUID=" + .)] | join(" ")')" \
	"what explain says of it"
replace a blank
expect_unreliable "$a should have $id and has nothing" a
replace a minix # has no UUID
expect_unreliable "$a should have $id and has nothing" a
replace a swap1
expect_verified /DosDevices/a "$a" "$id"
replace a image
expect_unreliable "$a: ambivalent content" a
replace a swap1
expect_exit 1 "cannot open: Permission denied" setpriv --reuid=1234 --regid=1234 --clear-groups "$MMCTL" -m "$MM" verify a

# --- PARTUUID --------------------------------------------------------------------------------------

expect_verified /DosDevices/X: "${gpt}p2" "PARTUUID=${guid}2"
expect_verified /DosDevices/old "${mbr}p1" PARTUUID=1234abcd-01
sfdisk -q --part-uuid "$TMP/gpt" 2 "${guid}3"
sfdisk -q --disk-id "$TMP/mbr" 0x1234abce
expect_unreliable "${gpt}p2 should have PARTUUID=${guid}2 and has PARTUUID=${guid}3" X:
expect_unreliable "${mbr}p1 should have PARTUUID=1234abcd-01 and has PARTUUID=1234abce-01" old
sfdisk -q --part-uuid "$TMP/gpt" 2 "${guid}2"
expect_verified /DosDevices/X: "${gpt}p2" "PARTUUID=${guid}2"
# The partition is another one by now than what the kernel knows at that place.
printf 'start=2048, size=4096, uuid=%s\nstart=9216, size=4096, uuid=%s\n' ${guid}1 ${guid}2 | sfdisk -q --label gpt "$TMP/gpt"
expect_unreliable "${gpt}p2 should have PARTUUID=${guid}2 and has nothing" X:

# --- who is absent ---------------------------------------------------------------------------------

expect_unreliable "no volume of that name is present" nothing
expect_exit 2 "cannot contain" mmctl verify a/b
mmctl keep a
detach 01
settle
expect_unreliable "no volume of that name is present" a
attach swap2 01
settle
expect_equal "../ids/$id/device" "$(readlink "$MM/DosDevices/a")" "the link of a volume that is away"
expect_unreliable "no volume of that name is present" a
attach a 04
settle
expect_verified /DosDevices/a "${LOOP}04" "$id"

# --- explain ---------------------------------------------------------------------------------------

attach swap2 05
attach blank 06
settle
result() # DEVICE SCHEME
{
	mmctl explain "$1" -J | jq -r --arg scheme "$2" '.schemes[] | select(.scheme == $scheme).result'
}
expect_equal "used" "$(result "${LOOP}04" uuid)" "what explain says of a volume"
expect_equal "absent" "$(result "${LOOP}04" wwn)" "what explain says of an identity that it has not"
expect_equal "used" "$(result "${mbr}p1" partuuid)" "what explain says of a partition"
expect_equal "taken by $a" "$(result "${LOOP}05" uuid)" "what explain says of a clone"
expect_match "^${LOOP}05 is no volume: duplicate of $a, which has UUID=" "$(mmctl explain "${LOOP}05")" "what it says of a clone"
expect_match "^${LOOP}06 is no volume: no content" "$(mmctl explain "${LOOP}06")" "what it says of a blank disk"
expect_match "names: /DosDevices/a" "$(mmctl explain a)" "what it says of a name"
expect_exit 1 "no volume of that name is present" mmctl explain nothing

# Who asks does not read the device itself: that is for a child in a sandbox, which cannot even write to a file.
ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 strace -f -qq -e trace=openat,prctl -o "$TMP/trace" "$MMCTL" -m "$MM" explain "${LOOP}05" >/dev/null
read -r own _ <"$TMP/trace"
reader=$(grep -F "\"${LOOP}05\"" "$TMP/trace" | sed 's/ .*//' | sort -u)
expect_equal 1 "$(wc -w <<<"$reader")" "the number of processes that open the device"
[ "$reader" != "$own" ] || fail "mmctl reads the device itself"
grep -q "^$reader *prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER" "$TMP/trace" || fail "who reads the device is in no sandbox"

# What the option id= leaves out is passed over, whether there is another identity or none.
restart_mmfs id=partuuid
settle
expect_match "^$a is no volume: " "$(mmctl explain "$a")" "what it says of a device that has none of the identities asked for"
expect_equal "passed over" "$(result "$a" uuid)" "what it says of the one that it has"
expect_equal "used" "$(result "${gpt}p1" partuuid)" "what it says where it has another one"

# All that it may say is in the manual.
page=$(sed -n "/^[.]It Ic explain/,/^[.]It Ic verify/p" "$(dirname "$0")/../../contrib/man/mmctl.1")
for word in used absent "identifies nothing" "taken by" "passed over" "not needed" "not used" "has names"; do
	grep -q "^[.]Ql $word\( \|$\)" <<<"$page" || fail "the manual does not say what '$word' means"
done

stop_mmfs
