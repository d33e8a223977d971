#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Names of identities: of disks with a table, of members and of blank devices, by what the hardware is
# called and by the place that it is plugged into.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
. "$(dirname "$0")/lib-mmctl.sh"
require jq sfdisk partx

rules=/run/udev/rules.d/99-mmfs-$case_name-${LOOP#/dev/}.rules

# A rule gives loop devices what disks have from their makers: NUMBER WWN SERIAL PATH; and to their
# partitions.
make_rules()
{
	mkdir -p "${rules%/*}"
	while [ $# -gt 0 ]; do
		printf 'KERNEL=="%s%s*", ENV{ID_WWN}="%s", ENV{ID_SERIAL_SHORT}="%s", ENV{ID_PATH}="%s"\n' \
			"${LOOP#/dev/}" "$1" "$2" "$3" "$4"
		shift 4
	done >"$rules"
	await udevadm control --reload
}
at_end()
{
	rm -f "$rules"
	await udevadm control --reload
	for n in 01 02 03; do
		partx -d "$LOOP$n" 2>/dev/null
	done
}
delete_partitions()
{
	partx -d "$1" 2>/dev/null # udevd may just be looking at them
}
target()
{
	readlink "$MM/DosDevices/$1"
}

make_image disk 16M blank
sfdisk -q "$TMP/disk" <<-END
	label: gpt
	start=2048, size=4M, uuid=$(number_uuid 1)
END
tar -xf "$(dirname "$0")/../io/golden/lvm2.tar.xz" -C "$TMP"
mv "$TMP/image" "$TMP/member"
make_image blank 4M blank
make_image ext4 16M ext4 "$(number_uuid 5)"
make_rules 01 0x5000c500a1b2c3d4 ZA10000001 pci-0000:00:17.0-ata-1 02 0x5000c500a1b2c3d5 ZA10000002 \
	pci-0000:00:17.0-ata-2 03 0x5000c500a1b2c3d6 ZA10000003 pci-0000:00:17.0-ata-3
start_mmfs

# --- what is named ----------------------------------------------------------------------------------

attach disk 01
partx -a "${LOOP}01"
attach member 02
attach blank 03
settle
expect_ok mmctl create bay1 PATH=pci-0000:00:17.0-ata-1
expect_ok mmctl create osd1 "${LOOP}01"
expect_ok ln -s "${LOOP}02" "$MM/DosDevices/pv"
expect_ok request create_point "link=empty id=SERIAL=ZA10000003"
expect_ok request create_point "link=part device=PARTUUID=$(number_uuid 1)"
expect_ok request create_point "link=part1 id=WWN=0x5000c500a1b2c3d4-part1"
expect_equal "${LOOP}01 ${LOOP}01 ${LOOP}02 ${LOOP}03 ${LOOP}01p1 ${LOOP}01p1" \
	"$(target bay1) $(target osd1) $(target pv) $(target empty) $(target part) $(target part1)" "the names"
expect_equal "LINK=\"/DosDevices/bay1\" ID=\"PATH=pci-0000:00:17.0-ata-1\" DEVICE=\"${LOOP}01\"
LINK=\"/DosDevices/osd1\" ID=\"WWN=0x5000c500a1b2c3d4\" DEVICE=\"${LOOP}01\"" \
	"$(ask query_points "device=${LOOP}01")" "what leads to a disk"
expect_equal "LINK=\"/DosDevices/bay1\" ID=\"PATH=pci-0000:00:17.0-ata-1\" DEVICE=\"${LOOP}01\"" \
	"$(ask query_points "id=PATH=pci-0000:00:17.0-ata-1")" "what is called by the place"
for link in bay1 osd1 pv empty part part1; do
	expect_equal 1 "$(grep -c "^LINK=\"/DosDevices/$link\"" "$MM/points")" "$link in points"
done
for id in "PATH=pci-0000:00:17.0-ata-1 disk" "WWN=0x5000c500a1b2c3d4 disk" "WWN=0x5000c500a1b2c3d5 member" \
	"SERIAL=ZA10000003 blank" "PARTUUID=$(number_uuid 1) volume" "WWN=0x5000c500a1b2c3d4-part1 volume"; do
	expect_equal "${id#* } online" "$(cat "$MM/ids/${id% *}/kind") $(cat "$MM/ids/${id% *}/state")" "$id"
done
expect_equal "../ids/WWN=0x5000c500a1b2c3d4" "$(readlink "$MM/devices/${LOOP#/dev/}01")" "the folder of a disk"
expect_match "${LOOP#/dev/}02 .*pv" "$(mmctl tree)" "a member in the tree"
expect_match "\"id\":\"WWN=0x5000c500a1b2c3d5\"" "$(grep pv "$MM/history")" "the history"
expect_equal "" "$(ls "$MM/Volumes" | grep -v "$(cat "$(volume_folder "${LOOP}01p1")/guid")" || true)" "volume names"

# Only volumes have letters and volume names; what has no name of its own has to be called by something.
expect_refused EINVAL create_point "link=X: device=${LOOP}01"
expect_refused EINVAL create_point "link=X: id=PATH=pci-0000:00:17.0-ata-3"
expect_refused ENOENT next_drive_letter "${LOOP}02"
expect_refused ENOENT create_point "link=none id=WWN=0x5000c500a1b2c3d9"
expect_refused EEXIST create_point "link=osd1 device=${LOOP}02"

# A name of another identity of its device means the volume, where one is asked for.
expect_equal "PATH=\"/Volumes/Volume{$(cat "$(volume_folder "${LOOP}01p1")/guid")}\"" \
	"$(ask query_dos_volume_path link=part1)" "the path of a partition"

# --- what stays, and what moves ------------------------------------------------------------------------

expect_everything()
{
	expect_equal "${LOOP}01 ${LOOP}01 ${LOOP}02 ${LOOP}03" \
		"$(target bay1) $(target osd1) $(target pv) $(target empty)" "the names $1"
}
restart_mmfs
expect_everything "after a restart"
kill_mmfs
start_mmfs
expect_everything "after a crash"
# Content comes and goes: the names of the hardware stay.
mkfs.ext4 -q -U "$(number_uuid 6)" "${LOOP}03"
settle
expect_everything "after mkfs"
expect_equal "UUID=$(number_uuid 6)" "$(cat "$(volume_folder "${LOOP}03")/unique_id")" "what mkfs made"
request keep_links_when_offline "id=WWN=0x5000c500a1b2c3d5"
detach 02
settle
expect_equal "../ids/WWN=0x5000c500a1b2c3d5/device" "$(target pv)" "the name of a disk that is away"
expect_fail ENOENT cat "$MM/DosDevices/pv"
expect_equal "offline ${LOOP}02" \
	"$(cat "$MM/ids/WWN=0x5000c500a1b2c3d5/state" "$MM/ids/WWN=0x5000c500a1b2c3d5/last_device" | xargs)" "where it was"

# Another disk in the same bay, and the disk in another.
await delete_partitions "${LOOP}01"
detach 01
settle
expect_fail ENOENT readlink -v "$MM/DosDevices/osd1"
make_rules 01 0x5000c500a1b2c3d5 ZA10000002 pci-0000:00:17.0-ata-1 02 0x5000c500a1b2c3d4 ZA10000001 \
	pci-0000:00:17.0-ata-2 03 0x5000c500a1b2c3d6 ZA10000003 pci-0000:00:17.0-ata-3
attach member 01
attach disk 02
settle
expect_equal "${LOOP}01 ${LOOP}02 ${LOOP}01" "$(target bay1) $(target osd1) $(target pv)" "after a swap"
expect_ok request delete_points "device=${LOOP}02"
expect_fail ENOENT readlink -v "$MM/DosDevices/osd1"
[ ! -e "$MM/devices/${LOOP#/dev/}02" ] || fail "there is still a folder of the disk"

# A name for a bay that is empty yet.
expect_ok request create_point "link=bay4 id=PATH=pci-0000:00:17.0-ata-4 absent=ok"
make_rules 04 0x5000c500a1b2c3d7 ZA10000004 pci-0000:00:17.0-ata-4
attach ext4 04
settle
expect_equal "${LOOP}04" "$(target bay4)" "the name of a bay that a disk has come to"
mkdir "$TMP/dir"
mount "${LOOP}04" "$TMP/dir"
settle
expect_equal "$TMP/dir" "$(readlink "$MM/mounts/bay4")" "where it is mounted"
umount "$TMP/dir"
settle
[ ! -L "$MM/mounts/bay4" ] || fail "it is mounted still"

# A serial number that somebody has typed, and crashes before its disk comes.
expect_ok mmctl create --absent typed SERIAL=ab5000fe
kill_mmfs
start_mmfs
make_rules 05 0x5000c500a1b2c3d8 AB5000FE pci-0000:00:17.0-ata-5
attach blank 05
settle
expect_equal "${LOOP}05" "$(target typed)" "the name of a serial number in lower case"
expect_equal "$(jq -r '.volumes[] | select(.links[] == "/DosDevices/typed").id' "$CTL/database")" SERIAL=AB5000FE "its ID"
expect_equal "nothing to do" "$(echo '{"format":"mmfs-names","version":1,"volumes":[{"id":"SERIAL=ab5000fe",
	"links":["/DosDevices/typed"]}]}' | mmctl import)" "what an import of what was typed changes"
stop_mmfs
