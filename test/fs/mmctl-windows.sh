#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mmctl import --from=windows: drive letters and volume names come along from a registry, and what
# cannot is said.

# shellcheck disable=SC1003 # names of Windows are no attempts to escape quotes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
. "$(dirname "$0")/lib-mmctl.sh"
require mkswap partx sfdisk

# The child that reads hives may not do what LeakSanitizer does at its end.
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
make_hive=$(dirname "$MMFS")/test/fs/make-hive

# The kernel keeps partitions of a loop device that is detached.
at_end()
{
	partx -d "${LOOP}00" 2>/dev/null
	partx -d "${LOOP}01" 2>/dev/null
}
fill()
{
	make_image part 1M swap "$(number_uuid "$3")"
	dd if="$TMP/part" of="$TMP/$1" bs=512 seek="$2" conv=notrunc status=none
}
make_image gpt 8M blank
sfdisk -q "$TMP/gpt" <<'END'
label: gpt
start=2048, size=4096, uuid=00112233-4455-6677-8899-aabbccddeeff
start=8192, size=4096, uuid=00112233-4455-6677-8899-000000000002
END
fill gpt 2048 1
make_image mbr 8M blank
sfdisk -q "$TMP/mbr" <<'END'
label: dos
label-id: 0x1234abcd
start=2048, size=4096, type=82
start=8192, size=4096, type=82
END
fill mbr 2048 3
fill mbr 8192 4
attach gpt 00
attach mbr 01
partx -a "${LOOP}00"
partx -a "${LOOP}01"
start_mmfs

# As Windows writes it: the GUID with its numbers turned round; the signature and the offset in bytes.
dmio=444d494f3a49443a
gpt_1=${dmio}33221100554477668899aabbccddeeff
gpt_2=${dmio}33221100554477668899000000000002
gpt_absent=${dmio}0000000000000000ffffffffffffffff
mbr_1=cdab34120000100000000000 # 2048 sectors
mbr_2=cdab34120000400000000000
mbr_none=cdab34120000200000000000
mbr_absent=786756340000100000000000
removable=$(printf '_??_USBSTOR#Disk' | iconv -t UTF-16LE | od -An -v -tx1 | tr -d ' \n')
volume='\??\Volume{3e6be9de-8139-11d1-9106-a43f08d823a6}'
mkdir -p "$TMP/c/WINDOWS/system32/Config"
hive=$TMP/c/WINDOWS/system32/Config/system
"$make_hive" "$hive" MountedDevices '' 3 00 \
	'\DosDevices\W:' 3 $gpt_1 "$volume" 3 $gpt_1 '#{11111111-0000-0000-0000-000000000000}' 3 $gpt_2 \
	'\??\Volume{11111111-2222-3333-4444-555555555555}' 3 $mbr_1 '\DosDevices\X:' 3 $mbr_2 '\DosDevices\Y:' 3 $mbr_2 '\DosDevices\E:' 3 $mbr_none \
	'\DosDevices\F:' 3 $mbr_absent '\DosDevices\G:' 3 "$removable" '\DosDevices\H:' 4 01000000 \
	'\DosDevices\I:' 3 0102030405060708 '\DosDevices\J:' 3 01020304 '\DosDevices\C:\folder' 3 $gpt_1 \
	'nonsense' 3 $gpt_1 '#{2}' 3 $mbr_absent

expected="cannot take '#{2}': no disk that is here has such a signature, and a partition there
cannot take '\\DosDevices\\C:\\folder': a link name cannot contain '/' or '\\'
cannot take '\\DosDevices\\E:': no disk that is here has such a signature, and a partition there
cannot take '\\DosDevices\\F:': no disk that is here has such a signature, and a partition there
cannot take '\\DosDevices\\G:': it is of a drive with removable media, which Windows knows by its model and place
cannot take '\\DosDevices\\H:': it says nothing of a volume
cannot take '\\DosDevices\\I:': it is of an array of Windows NT 4
cannot take '\\DosDevices\\J:': the volume is known by something that only Windows understands
cannot take '\\DosDevices\\Y:': its volume has another drive letter
cannot take 'nonsense': it is no name of a volume"
before=$(cat "$MM/points")
for path in "$hive" "$TMP/c"; do
	shown=$(mmctl import --dry-run --from=windows "$path" 2>"$TMP/refused")
	expect_equal "$expected" "$(sed 's/^mmctl: //' "$TMP/refused" | LC_ALL=C sort)" "what cannot be taken"
	expect_equal "$before" "$(cat "$MM/points")" "the names after a dry run"
	expect_match "DosDevices/W:  UUID=$(number_uuid 1)" "$shown" "what would be taken"
done
mmctl -q import --from=windows "$TMP/c" 2>/dev/null
expect_equal "${LOOP}00p1" "$(readlink "$MM/DosDevices/W:")" "a letter of a GPT disk"
expect_equal "${LOOP}00p1" "$(readlink "$MM/Volumes/Volume{3e6be9de-8139-11d1-9106-a43f08d823a6}")" "its volume name"
expect_equal "${LOOP}01p2" "$(readlink "$MM/DosDevices/X:")" "a letter of an MBR disk"
expect_equal "${LOOP}01p1" "$(readlink "$MM/Volumes/Volume{11111111-2222-3333-4444-555555555555}")" "its volume name"
expect_equal 1 "$(cat "$(volume_folder "${LOOP}00p2")/no_drive_letter")" "the mark"
expect_equal "nothing to do" "$(mmctl import --from=windows "$hive" 2>/dev/null)" "what a second import changes"

# A partition of a GPT disk is known where the disk is not.
"$make_hive" "$TMP/absent" MountedDevices '\DosDevices\K:' 3 $gpt_absent
mmctl import --dry-run --skip-absent --from=windows "$TMP/absent" >"$TMP/out" 2>&1
expect_match "PARTUUID=00000000-0000-0000-ffff-ffffffffffff" "$(cat "$TMP/out")" "an absent disk"

# What is no such hive.
"$make_hive" "$TMP/other" Select
expect_exit 1 "there is no SYSTEM hive, or it has no key MountedDevices" mmctl import --from=windows "$TMP/other"
expect_exit 1 "there is no SYSTEM hive" mmctl import --from=windows "$TMP/nothing"
mkdir "$TMP/empty"
expect_exit 1 "there is no SYSTEM hive" mmctl import --from=windows "$TMP/empty"
head -c 8192 /dev/urandom >"$TMP/noise"
expect_exit 1 "no hive of a registry" mmctl import --from=windows "$TMP/noise"
head -c 5000 "$hive" >"$TMP/cut"
expect_exit 1 "no hive of a registry" mmctl import --from=windows "$TMP/cut"
truncate -s 300M "$TMP/huge"
expect_exit 1 "larger than any hive" mmctl import --from=windows "$TMP/huge"
expect_exit 2 "there is no format 'linux': --from takes windows, multipath, vdev_id or fstab" mmctl import --from=linux "$hive"
expect_exit 2 "takes a file" mmctl import --from=windows
ln -s "$hive" "$TMP/empty/Windows"
expect_exit 1 "cannot import" mmctl import --from=windows "$TMP/empty"

# Whatever bytes are in it, mmctl ends by itself, and changes nothing when it fails.
before=$(cat "$MM/points")
for seed in {1..60}; do
	cp "$hive" "$TMP/damaged"
	for ((i = 0; i < 8; i++)); do
		RANDOM=$((seed * 100 + i))
		at=$((RANDOM % 2 ? 4096 + RANDOM % 3000 : RANDOM % 600))
		# shellcheck disable=SC2059 # a byte
		printf "\\x$(printf %02x $((RANDOM % 256)))" |
			dd of="$TMP/damaged" bs=1 seek=$at conv=notrunc status=none
	done
	code=0
	mmctl import --dry-run --skip-absent --from=windows "$TMP/damaged" >/dev/null 2>&1 || code=$?
	((code <= 1)) || fail "status $code with a hive damaged by $seed"
done
expect_equal "$before" "$(cat "$MM/points")" "the names after damaged hives"
stop_mmfs
