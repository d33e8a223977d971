#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Writes images of formats that no tool at hand makes without the kernel's help, or at all.

Each function below is named like its image and writes what identifies the format: the magic
numbers, checksums and identities that libblkid (libblkid/src/superblocks in util-linux) looks at,
and nothing else. None of them could be used for anything but being recognised.

    superblocks.py NAME FILE    writes one image
    superblocks.py              lists the names
"""

import struct
import sys

KIB = 1 << 10
MIB = 1 << 20
SMALL = 2 * MIB  # up to 1.44 MB it would be a floppy, which is not searched for RAID


class Image:
    """A sparse file of a given size. Negative offsets count from its end."""

    def __init__(self, size):
        self.size = size
        self.pieces = []

    def put(self, offset, data):
        self.pieces.append((offset if offset >= 0 else self.size + offset, bytes(data)))
        return self

    def write(self, path):
        with open(path, "wb") as file:
            file.truncate(self.size)
            for offset, data in self.pieces:
                file.seek(offset)
                file.write(data)


def uuid(number):
    """A UUID of 16 bytes that tells where it comes from: "mmfs" and a number."""
    return bytes.fromhex("6d6d6673000040008000") + number.to_bytes(6, "big")


def uuid_text(number):
    digits = uuid(number).hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def crc32c(data, crc=0xFFFFFFFF):
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc


def crc32_lvm(data):
    crc = 0xF597A6CF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
    return crc


def fields(size, *pieces):
    """A structure of `size` bytes: pairs of offset and bytes."""
    data = bytearray(size)
    for offset, piece in pieces:
        data[offset : offset + len(piece)] = piece
    return data


def le16(*values):
    return struct.pack("<%dH" % len(values), *values)


def le32(*values):
    return struct.pack("<%dI" % len(values), *values)


def le64(*values):
    return struct.pack("<%dQ" % len(values), *values)


def be16(*values):
    return struct.pack(">%dH" % len(values), *values)


def be32(*values):
    return struct.pack(">%dI" % len(values), *values)


def be64(*values):
    return struct.pack(">%dQ" % len(values), *values)


# --- members of RAID, volume managers and caches --------------------------------------------------


def md_old(order, number):
    """Version 0.90, in the last 64 KiB block, in the byte order of the machine that made it."""
    words = struct.unpack(">4I", uuid(number))
    block = struct.pack(
        order + "16I", 0xA92B4EFC, 0, 90, 0, 0, words[0], 0, 1, 128, 2, 2, 0, 0, *words[1:]
    )
    return Image(SMALL).put(-64 * KIB, block)


def md_new(offset, number, size=SMALL):
    """Version 1: 1.0 near the end, 1.1 at the start, 1.2 at 4 KiB."""
    start = offset if offset >= 0 else size + offset
    block = fields(
        256,
        (0, le32(0xA92B4EFC, 1)),
        (16, uuid(number)),
        (32, b"mmfs:golden"),
        (72, le32(1)),
        (80, le64(128)),
        (92, le32(2)),
        (144, le64(start // 512)),
        (168, uuid(number + 0x100)),
    )
    return Image(size).put(start, block)


def mdraid_0_90():
    return md_old("<", 1)


def mdraid_0_90_be():
    return md_old(">", 2)


def mdraid_1_0():
    return md_new(-8 * KIB, 3)


def mdraid_1_1():
    return md_new(0, 4)


def mdraid_1_2():
    return md_new(4 * KIB, 5)


def lvm2():
    name = b"mmfsGoldenImageOfAPhysicalVolume"
    label = fields(512, (20, le32(32)), (24, b"LVM2 001"), (32, name))
    label[0:20] = b"LABELONE" + le64(1) + le32(crc32_lvm(label[20:]))
    return Image(SMALL).put(512, label)


def lvm1():
    name = b"mmfsGoldenImageOfAnOlderVolume01"
    return Image(SMALL).put(0, fields(128, (0, b"HM" + le16(1)), (44, name)))


def dm_snapshot():
    return Image(SMALL).put(0, b"SnAp" + le32(1, 1, 16))


def dm_verity():
    return Image(SMALL).put(
        0, fields(512, (0, b"verity\0\0" + le32(1, 1)), (16, uuid(6)), (32, b"sha256"))
    )


def dm_integrity():
    block = b"integrt\0\x01\x0f" + le16(4) + le32(8) + le64(1024) + le32(0) + b"\0"
    return Image(SMALL).put(0, block)


def bcache(version, number):
    magic = bytes.fromhex("c68573f64e1a45ca8265f57f48ba6d81")
    block = fields(4 * KIB, (8, le64(8, version)), (24, magic), (40, uuid(number)))
    return Image(SMALL).put(4 * KIB, block)


def bcache_cache():
    return bcache(0, 7)


def bcache_backing():
    return bcache(1, 8)


def bluestore():
    return Image(SMALL).put(0, b"bluestore block device\n" + uuid_text(9).encode() + b"\n")


def drbd(magic, number, place):
    return Image(SMALL).put(
        -4 * KIB, fields(4 * KIB, (place, be64(0x6D6D667300000000 + number)), (60, be32(magic)))
    )


def drbd_8():
    return drbd(0x8374026B, 10, 40)


def drbd_9():
    return drbd(0x8374026D, 11, 48)


def drbdmanage():
    image = Image(SMALL).put(0, b"$DRBDmgr=q" + uuid(12).hex().encode().join((b"0", b"\n")))
    return image.put(4 * KIB, bytes.fromhex("1adb98a2") + be32(1))


def drbdproxy():
    return Image(SMALL).put(0, b"DRBDdlh*" + le64(1) + uuid(13) + le64(0))


def zfs():
    """Two of the four labels. Of the name-value pairs libblkid reads the pool's and the vdev's."""

    def pair(name, kind, value):
        name += bytes(-len(name) % 4)
        body = be32(kind, 1) + value
        return be32(len(name) + len(body) + 12, 0, len(name.rstrip(b"\0"))) + name + body

    pairs = pair(b"name", 9, be32(4) + b"mmfs")
    pairs += pair(b"pool_guid", 8, be64(0x6D6D667300000014))
    pairs += pair(b"guid", 8, be64(0x6D6D667300000015))
    pairs += be32(0, 0)
    image = Image(64 * MIB)
    for start in 0, 256 * KIB:
        image.put(start + 16 * KIB, be32(0x01010000, 0, 1) + pairs)
        for block in range(4, 7):
            image.put(start + (128 + block) * KIB, le64(0x00BAB10C, 5000, 4, 1, 1))
    return image


def stratis():
    block = fields(
        512,
        (4, b"!Stra0tis\x86\xff\x02^\x41rh"),
        (20, le64(SMALL // 512)),
        (32, uuid(16).hex().encode()),
        (64, uuid(17).hex().encode()),
    )
    block[0:4] = le32(crc32c(block[4:]) ^ 0xFFFFFFFF)
    return Image(SMALL).put(512, block).put(9 * 512, block)


def vdo():
    return Image(SMALL).put(0, fields(64, (0, b"dmvdo001"), (40, uuid(18))))


def vmfs_member():
    image = Image(2 * MIB)
    image.put(MIB, fields(512, (0, bytes.fromhex("0dd001c0") + le32(5)), (130, uuid(19))))
    return image.put(MIB + 512 + 20, uuid_text(20)[:35].encode())


def mpool():
    block = b"mpoolDev" + fields(32, (0, b"mmfs")) + uuid(21) + le16(1) + le32(1)
    return Image(SMALL).put(0, block + le32(crc32c(block) ^ 0xFFFFFFFF))


def oracleasm():
    return Image(SMALL).put(32, b"ORCLDISK" + b"GOLDEN")


def ubi():
    return Image(SMALL).put(0, fields(64, (0, b"UBI#\x01"), (24, be32(1835886195))))


def adaptec_raid():
    block = fields(512, (0, be32(0x37FC4D1E)), (260 - 4, b"DPTM"))
    return Image(SMALL).put(-512, block)


def ddf_raid():
    block = fields(
        512,
        (0, be32(0xDE11DE11)),
        (8, b"mmfs golden DDF header \1" + b"01.02.00"),
        (96, be64(0)),
    )
    return Image(SMALL).put(-512, block)


def highpoint_37x_raid():
    return Image(SMALL).put(4608 + 32, le32(0x5A7816F0))


def highpoint_45x_raid():
    return Image(SMALL).put(-11 * 512, le32(0x5A7816F3))


def intel_raid():
    return Image(SMALL).put(-2 * 512, b"Intel Raid ISM Cfg Sig. 1.3.00")


def jmicron_raid():
    return Image(SMALL).put(-512, b"JM\x01\x02")


def lsi_raid():
    return Image(SMALL).put(-512, b"$XIDE$")


def nvidia_raid():
    return Image(SMALL).put(-2 * 512, fields(32, (0, b"NVIDIA"), (16, le16(100))))


def promise_raid():
    return Image(SMALL).put(-63 * 512, b"Promise Technology, Inc.")


def silicon_raid():
    block = fields(512, (0x60, le32(0x2F000000)), (0x10C - 4, le16(1, 2)))
    total = sum(struct.unpack("<159H", block[:318]))
    block[318:320] = le16(-total & 0xFFFF)
    return Image(SMALL).put(-512, block)


def via_raid():
    block = fields(52, (0, le16(0xAA55) + b"\x01"))
    block[50] = sum(block[:50]) & 0xFF
    return Image(SMALL).put(-512, block)


# --- encrypted ------------------------------------------------------------------------------------


def luks1():
    block = fields(
        592,
        (0, b"LUKS\xba\xbe" + be16(1)),
        (8, b"aes"),
        (40, b"xts-plain64"),
        (72, b"sha256"),
        (104, be32(4096, 64)),
        (168, uuid_text(32).encode()),
    )
    return Image(4 * MIB).put(0, block)


def luks2_header(magic, offset, number):
    return fields(
        512,
        (0, magic + be16(2) + be64(16 * KIB, 1)),
        (24, b"golden"),
        (72, b"sha256"),
        (168, uuid_text(number).encode()),
        (256, be64(offset)),
    )


def luks2():
    image = Image(4 * MIB).put(0, luks2_header(b"LUKS\xba\xbe", 0, 33))
    return image.put(16 * KIB, luks2_header(b"SKUL\xba\xbe", 16 * KIB, 33))


def luks2_second_header():
    """The first header is damaged."""
    return Image(4 * MIB).put(16 * KIB, luks2_header(b"SKUL\xba\xbe", 16 * KIB, 34))


def bitlocker(header):
    return Image(SMALL).put(0, header).put(64 * KIB, b"-FVE-FS-" + le16(64, 2))


def bitlocker_7():
    """Its serial number is always zero: no identity."""
    return bitlocker(fields(512, (0, b"\xeb\x58\x90-FVE-FS-"), (176, le64(64 * KIB))))


def bitlocker_togo():
    return bitlocker(fields(512, (0, b"\xeb\x58\x90MSWIN4.1"), (440, le64(64 * KIB))))


def bitlocker_vista():
    return bitlocker(fields(512, (0, b"\xeb\x52\x90-FVE-FS-")))


# --- filesystems ----------------------------------------------------------------------------------


def apfs_header():
    return fields(96, (24, le16(1, 0, 0, 0)), (32, b"NXSB" + le32(4096)), (72, uuid(48)))


def apfs():
    return Image(SMALL).put(0, apfs_header())


def befs():
    """The volume ID is an attribute in the root's inode, which is block 8."""
    block = fields(
        160,
        (0, b"golden"),
        (32, le32(0x42465331, 0x42494745, 1024, 10)),
        (48, le64(2048, 16) + le32(1024, 0xDD121031, 1024, 10, 1, 0)),
        (112, le32(0x15B6830E) + le32(0) + le16(8, 1)),
    )
    inode = fields(1024, (0, le32(0x3BBE0AD9)), (64, le32(1024)))
    name = b"be:volume_id\0\0\0"
    inode[232:268] = le32(0x554C4C47) + le16(12, 8) + name + le64(0x6D6D667300000036) + b"\0"
    return Image(SMALL).put(512, block).put(8 * KIB, inode)


def exfs():
    block = b"EXFS" + be32(4096) + be64(256, 0, 0) + uuid(49) + be64(0, 128, 129, 130)
    block += be32(1, 256, 1, 0, 10) + be16(4, 512, 256, 16) + b"golden" + bytes(6)
    block += bytes((12, 9, 8, 4, 8, 0, 0, 25)) + be64(0, 0, 0, 0)
    return Image(SMALL).put(0, block)


def ext4dev():
    return Image(SMALL).put(
        KIB,
        fields(
            1024,
            (4, le32(1024)),
            (56, le16(0xEF53)),
            (76, le32(1)),
            (96, le32(0x42)),
            (100, le32(0x10)),
            (104, uuid(50)),
            (352, le32(4)),
        ),
    )


def gfs():
    block = fields(512, (0, be32(0x01161970, 1)), (24, be32(1309, 1401)), (256, uuid(51)))
    block[0x60:0x68] = b"lock_dlm"
    block[0xA0:0xAB] = b"mmfs:golden"
    return Image(32 * MIB).put(64 * KIB, block)


def hfsplus():
    """The ID in the finder info; UUIDs of HFS are made of it."""
    info = be64(0x6D6D667300000034)
    block = fields(512, (0, b"H+" + be16(4)), (40, be32(4096, 256)), (104, info))
    return Image(SMALL).put(KIB, block)


def hfsplus_without_id():
    block = fields(512, (0, b"HX" + be16(5)), (40, be32(4096, 256)))
    return Image(SMALL).put(KIB, block)


def hpfs():
    boot = fields(
        512,
        (38, b"\x28" + le32(0x6D6D0035) + b"GOLDEN     HPFS    "),
        (510, b"\x55\xaa"),
    )
    image = Image(SMALL).put(0, boot).put(8 * KIB, bytes.fromhex("49e895f9c5e953fa02"))
    return image.put(8 * KIB + 512, bytes.fromhex("491891f9"))


def netware():
    return Image(SMALL).put(4 * KIB, fields(512, (0, b"SPB5" + le16(3, 0, 3, 0)), (348, uuid(54))))


def refs():
    return Image(SMALL).put(0, b"\0\0\0ReFS\0\0\0\0")


def swap_0():
    return Image(64 * KIB).put(4 * KIB - 10, b"SWAP-SPACE")


def swap_header(number):
    return le32(1, 15, 0) + uuid(number) + b"golden"


def swsuspend():
    """A machine sleeps in this swap: it keeps the swap's identity."""
    return Image(64 * KIB).put(KIB, swap_header(56)).put(4 * KIB - 10, b"S1SUSPEND\0")


def swap_big_pages():
    return Image(256 * KIB).put(KIB, swap_header(57)).put(64 * KIB - 10, b"SWAPSPACE2")


def sysv():
    return Image(SMALL).put(512, fields(512, (444, b"golden"), (504, le32(0xFD187E20, 2))))


def xenix():
    return Image(SMALL).put(2 * KIB, le32(0x002B5544)).put(KIB + 626, b"golden")


def ubifs():
    block = fields(160, (0, le32(0x06101831)), (68, le32(5)), (104 - 4, le32(1)), (108, uuid(58)))
    return Image(SMALL).put(0, block)


def vmfs():
    return Image(4 * MIB).put(2 * MIB, le32(0x2FABF15E, 5) + b"\5" + uuid(59) + le32(0) + b"golden")


def vxfs():
    return Image(SMALL).put(KIB, fields(64, (0, le32(0xA501FCF5, 9)), (32, le32(1024))))


def zonefs():
    return Image(SMALL).put(0, b"SFOZ" + le32(0) + fields(32, (0, b"golden")) + uuid(60))


# --- more than one thing on a device --------------------------------------------------------------


def ambivalent():
    """Two filesystems, and no telling which one is older."""
    block = fields(512, (0, b"H+" + be16(4)), (40, be32(4096, 256)), (104, be64(1)))
    return Image(SMALL).put(0, apfs_header()).put(KIB, block)


def empty():
    return Image(SMALL)


def main():
    makers = {
        name: make
        for name, make in globals().items()
        if callable(make) and make.__module__ == __name__ and name not in PARTS
        and not isinstance(make, type)
    }
    if len(sys.argv) == 1:
        print("\n".join(makers))
    else:
        makers[sys.argv[1]]().write(sys.argv[2])


PARTS = {
    "uuid", "uuid_text", "crc32c", "crc32_lvm", "fields", "le16", "le32", "le64", "be16", "be32",
    "be64", "md_old", "md_new", "bcache", "drbd", "luks2_header", "bitlocker", "apfs_header",
    "swap_header", "main",
}

if __name__ == "__main__":
    main()
