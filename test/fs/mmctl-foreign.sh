#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mmctl import --from=multipath, vdev_id and fstab: the names that people have come along, also for
# disks that are not here, and of each that cannot it is said why.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
. "$(dirname "$0")/lib-mmctl.sh"
require jq mkfs.ext4 mkswap

attach_two 'a\b c'
start_mmfs

# What a file gives: names and IDs; $TMP/refused has what it does not.
import_from()
{
	mmctl import "$@" 2>"$TMP/refused"
}
expect_refused_names()
{
	expect_equal "$1" "$(sed "s|^mmctl: $TMP/||" "$TMP/refused")" "what cannot be taken"
}
# Imports it for good: each name is remembered, and nothing is left to do.
check_import()
{
	local format=$1 file=$2 expected=$3 before line link id

	before=$(cat "$CTL/database")
	expect_equal "$expected" "$(import_from --dry-run --from="$format" "$file" | LC_ALL=C sort)" "what a dry run shows"
	expect_equal "$before" "$(cat "$CTL/database")" "the database after a dry run"
	expect_equal "$expected" "$(import_from --from="$format" - <"$file" | LC_ALL=C sort)" "what an import shows"
	while read -r _ line; do
		link=${line%  *} id=${line##*  }
		expect_equal "$id" "$(jq -r --arg link "$link" '.volumes[] | select(.links | index($link)) | .id' "$CTL/database")" \
			"whose name $link is"
	done <<<"$expected"
	before=$(epic)
	import_from --from="$format" "$file" >"$TMP/again"
	expect_equal "$before" "$(epic)" "the epic number after importing the same again"
	expect_equal "nothing to do" "$(cat "$TMP/again")" "what importing the same again shows"
}

# --- fstab -------------------------------------------------------------------------------------------

cat >"$TMP/fstab" <<END
# <file system> <mount point> <type> <options>
UUID=${id_a#UUID=}	/	ext4	defaults	0 1
$b	/srv/data	auto
UUID=00000000-0000-0000-0000-00000000abcd /mnt/not\\040here ext4 nofail
PARTUUID=00112233-01	/boot/efi	vfat	umask=0077
/dev/disk/by-id/wwn-0x5000c5002de3b9ca-part1 /mnt/by-id ext4
LABEL=nobody	/label	ext4
/dev/mapper/vg-nothing /mapper ext4
${LOOP}99	/nothing	ext4
tmpfs	/tmp	tmpfs
server:/export	/net	nfs
/srv/data	/bind	none	bind
/var/image.iso	/iso	iso9660	loop
UUID=1	none	swap	sw
UUID=2	/srv-data/	ext4
UUID=3	/C:	ntfs
garbage
END
check_import fstab "$TMP/fstab" "+ /DosDevices/boot-efi  PARTUUID=00112233-01
+ /DosDevices/mnt-by-id  WWN=0x5000c5002de3b9ca-part1
+ /DosDevices/mnt-not here  UUID=00000000-0000-0000-0000-00000000abcd
+ /DosDevices/root  $id_a
+ /DosDevices/srv-data  $id_b"
expect_refused_names "fstab:7: cannot take 'LABEL=nobody /label': no volume that is here has this label, or several have
fstab:8: cannot take '/dev/mapper/vg-nothing /mapper': it is not here, and its path does not say which identity it has
fstab:9: cannot take '${LOOP}99 /nothing': it is not here, and its path does not say which identity it has
fstab:10: cannot take 'tmpfs /tmp': no device is mounted there
fstab:11: cannot take 'server:/export /net': what is mounted there is on another machine
fstab:12: cannot take '/srv/data /bind': a folder is mounted there
fstab:13: cannot take '/var/image.iso /iso': what is mounted there is no device
fstab:14: cannot take 'UUID=1 none': swap has no mount point
fstab:15: cannot take 'UUID=2 /srv-data/': srv-data is the name of $id_b already (line 3)
fstab:16: cannot take 'UUID=3 /C:': the name looks like one of Windows
fstab:17: cannot take 'garbage': it is no line of an fstab"
expect_equal "$a" "$(readlink "$MM/DosDevices/root")" "the root filesystem"
expect_equal "$b" "$(readlink "$MM/DosDevices/srv-data")" "a mount point"

# A tag may have quotes, as for mount(8).
cat >"$TMP/fstab.quoted" <<END
UUID="00000000-0000-0000-0000-00000000000a" /quoted ext4
PARTUUID='00112233-02' /single ext4
ID="wwn-0x5000c5002de3b9ca-part2" /by-id ext4
LABEL="a\134b\040c" /labelled ext4
UUID="00000000-0000-0000-0000-00000000000b /open ext4
END
check_import fstab "$TMP/fstab.quoted" "+ /DosDevices/by-id  WWN=0x5000c5002de3b9ca-part2
+ /DosDevices/labelled  $id_a
+ /DosDevices/quoted  UUID=00000000-0000-0000-0000-00000000000a
+ /DosDevices/single  PARTUUID=00112233-02"
expect_refused_names "fstab.quoted:5: cannot take 'UUID=\"00000000-0000-0000-0000-00000000000b /open': what is mounted there is no device"

# In whatever spelling the lines have it, one identity is one volume.
cat >"$TMP/fstab.twice" <<END
UUID=00000000-0000-0000-0000-0000000000CC /upper ext4
UUID=00000000-0000-0000-0000-0000000000cc /lower ext4
UUID=$(tr a-f A-F <<<"${id_b#UUID=}") /by-uuid auto
$b /by-node auto
UUID=abcd-1234 /vfat vfat
UUID=ABCD-1234 /vfat vfat
/dev/disk/by-id/wwn-0x5000C5002DE3B9CA-part3 /wwn-upper ext4
/dev/disk/by-id/wwn-0x5000c5002de3b9ca-part3 /wwn-lower ext4
END
check_import fstab "$TMP/fstab.twice" "+ /DosDevices/by-node  $id_b
+ /DosDevices/by-uuid  $id_b
+ /DosDevices/lower  UUID=00000000-0000-0000-0000-0000000000cc
+ /DosDevices/upper  UUID=00000000-0000-0000-0000-0000000000cc
+ /DosDevices/vfat  UUID=ABCD-1234
+ /DosDevices/wwn-lower  WWN=0x5000c5002de3b9ca-part3
+ /DosDevices/wwn-upper  WWN=0x5000c5002de3b9ca-part3"
expect_refused_names ""

# A name that waits is right when its volume comes.
make_image away 4M ext4 00000000-0000-0000-0000-00000000abcd
attach away 03
settle
expect_equal "$device" "$(readlink "$MM/DosDevices/mnt-not here")" "a volume that came later"

# --- multipath ---------------------------------------------------------------------------------------

cat >"$TMP/bindings" <<'END'
# Multipath bindings, Version : 1.0
mpatha 3600508b400105e210000900000490000
mpathb eui.0025385b71b0a3c4
MPATHA 36001405f000000000000000000000001
mpathc
END
check_import multipath "$TMP/bindings" "+ /DosDevices/mpatha  DM_UUID=mpath-3600508b400105e210000900000490000
+ /DosDevices/mpathb  DM_UUID=mpath-eui.0025385b71b0a3c4"
expect_refused_names "bindings:4: cannot take 'MPATHA 36001405f000000000000000000000001': mpatha is the name of DM_UUID=mpath-3600508b400105e210000900000490000 already (line 2)
bindings:5: cannot take 'mpathc': it has no WWID"
cat >"$TMP/multipath.conf" <<'END'
defaults { # { is no section
	user_friendly_names yes
}
devices {
	device { vendor "X" alias_prefix "y" }
}
multipaths {
	multipath {
		alias yellow
		wwid 3600508b4000156d700012000000b0000
	}
	multipath
	{
		wwid "3600508b4000156d700012000000b0001"
		path_grouping_policy multibus
		alias "red one"
	}
	multipath {
		wwid 36001
	}
	multipath {
		alias green
	}
}
END
check_import multipath "$TMP/multipath.conf" "+ /DosDevices/red one  DM_UUID=mpath-3600508b4000156d700012000000b0001
+ /DosDevices/yellow  DM_UUID=mpath-3600508b4000156d700012000000b0000"
expect_refused_names "multipath.conf:18: cannot take '36001': it has no alias
multipath.conf:21: cannot take 'multipath': it has no wwid"

# --- vdev_id -----------------------------------------------------------------------------------------

cat >"$TMP/vdev_id.conf" <<'END'
multipath no
topology sas_direct
phys_per_port 4
channel 85:00.0  1         A
slot bay
alias d1 /dev/disk/by-id/wwn-0x5000c5002de3b9cb # a comment
alias d2 wwn-0x5000c5002def789e-part1
alias d3 /dev/disk/by-id/scsi-3600508b400105e210000900000490000
alias d4 /dev/disk/by-id/dm-uuid-mpath-3600508b400105e210000900000490001
alias d5 nvme-eui.0025385b71b0a3c5
alias d6 /dev/disk/by-uuid/3E6B-1F00
alias d7 /dev/disk/by-id/ata-WDC_WD40EFRX_WD-WCC7K0000001
alias d8 scsi-360
alias d9
alias a/b wwn-0x5000c5002de3b9cc
alias bay3 /dev/disk/by-path/pci-0000:00:17.0-ata-3
alias bay4 pci-0000:00:17.0-ata-4-part1
END
check_import vdev_id "$TMP/vdev_id.conf" "+ /DosDevices/bay3  PATH=pci-0000:00:17.0-ata-3
+ /DosDevices/bay4  PATH=pci-0000:00:17.0-ata-4-part1
+ /DosDevices/d1  WWN=0x5000c5002de3b9cb
+ /DosDevices/d2  WWN=0x5000c5002def789e-part1
+ /DosDevices/d3  WWN=0x600508b400105e210000900000490000
+ /DosDevices/d4  DM_UUID=mpath-3600508b400105e210000900000490001
+ /DosDevices/d5  WWN=eui.0025385b71b0a3c5
+ /DosDevices/d6  UUID=3E6B-1F00"
not_here="its disk is not here, and the link does not say which identity it is of"
by_place="it makes names by place: mmctl create NAME PATH=... gives one"
expect_refused_names "vdev_id.conf:2: cannot take 'topology': $by_place
vdev_id.conf:4: cannot take 'channel': $by_place
vdev_id.conf:5: cannot take 'slot': $by_place
vdev_id.conf:12: cannot take 'alias d7 /dev/disk/by-id/ata-WDC_WD40EFRX_WD-WCC7K0000001': $not_here
vdev_id.conf:13: cannot take 'alias d8 scsi-360': $not_here
vdev_id.conf:14: cannot take 'alias': it has no name, or no link
vdev_id.conf:15: cannot take 'alias a/b wwn-0x5000c5002de3b9cc': a link name cannot contain '/' or '\\'"

# --- files that are none -----------------------------------------------------------------------------

before=$(cat "$CTL/database")
printf 'UUID=1 /x ext4\0' >"$TMP/binary"
truncate -s 40M "$TMP/huge"
for format in fstab multipath vdev_id; do
	expect_exit 1 "$TMP/binary: that is no text" mmctl import --from=$format "$TMP/binary"
	expect_exit 1 "larger than any such file" mmctl import --from=$format "$TMP/huge"
	expect_exit 1 "No such file" mmctl import --from=$format "$TMP/nothing"
	expect_exit 1 "Is a directory" mmctl import --from=$format "$TMP"
done
expect_equal "$before" "$(cat "$CTL/database")" "the database after these"

# A name that is another's: nothing of the file is taken.
printf 'UUID=77 /new ext4\nUUID=78 /srv/data ext4\n' >"$TMP/wrong"
expect_exit 1 "cannot import .*/DosDevices/srv-data is a link of $id_b" mmctl import --from=fstab "$TMP/wrong"
expect_equal "$before" "$(cat "$CTL/database")" "the database after an import that failed"

# Whatever bytes are in a file, mmctl ends by itself.
for seed in {1..20}; do
	for file in fstab multipath.conf vdev_id.conf; do
		cp "$TMP/$file" "$TMP/damaged"
		RANDOM=$seed
		for _ in {1..6}; do
			# shellcheck disable=SC2059 # a byte
			printf "\\x$(printf %02x $((RANDOM % 255 + 1)))" |
				dd of="$TMP/damaged" bs=1 seek=$((RANDOM % 400)) conv=notrunc status=none
		done
		format=${file%.conf}
		code=0
		mmctl import --dry-run --from="$format" "$TMP/damaged" >/dev/null 2>&1 || code=$?
		((code <= 1)) || fail "status $code with $file damaged by $seed"
	done
done
stop_mmfs
