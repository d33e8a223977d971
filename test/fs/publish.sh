#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# publish=udev: names show as /dev/mm/NAME, made by udevd, as they come, change and go.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-publish.sh"

require mkfs.ext4 partx sfdisk

attach_two
start_mmfs publish=udev
expect_dev_links

# --- a name shows when the request is done and all is quiet ---

ln -s "$a" "$MM/DosDevices/${name}photos"
settle
expect_dev_links photos "$a"
expect_match "S: mm/${name}photos" "$(udevadm info "$a")" "what udevd says"
expect_equal "$(stat -Lc %t:%T "$a")" "$(stat -Lc %t:%T "/dev/mm/${name}photos")" "the node"
expect_equal "${a#/dev/}" "$(lsblk -dnro KNAME "/dev/mm/${name}photos")" "what lsblk says"
expect_equal "$a" "$(udevadm info --query=name --root "/dev/mm/${name}photos")" "what udevadm says"
if [ -x "${MMFS%/*}/mmctl" ]; then
	expect_match "links: /dev/mm/${name}photos" "$("${MMFS%/*}/mmctl" -m "$MM" explain "$a")" "what mmctl says"
fi
mv "$MM/DosDevices/${name}photos" "$MM/DosDevices/${name}pictures"
settle
expect_dev_links pictures "$a"
ln -s "$a" "$MM/DosDevices/${name}more"
request create_point "link=${name}swap device=$b"
settle
expect_dev_links pictures "$a" more "$a" swap "$b"
mv "$MM/DosDevices/${name}swap" "$MM/DosDevices/${name}more" # replaces
settle
expect_dev_links pictures "$a" more "$b"
rm "$MM/DosDevices/${name}pictures" "$MM/DosDevices/${name}more"
settle
expect_dev_links
expect_equal "" "$(find /run/mmfs/udev -name "${LOOP#/dev/}*")" "the list of files"

# --- names come and go with their device ---

request create_point "link=${name}away device=$a"
request create_point "link=${name}kept device=$b"
request keep_links_when_offline "link=${name}kept"
settle
expect_dev_links away "$a" kept "$b"
detach "$a"
detach "$b"
settle
expect_dev_links
attach b 07
settle
expect_dev_links kept "$device"
detach "$device"
attach_two
settle
expect_dev_links away "$a" kept "$b"

# --- what is in a name is nothing but a name ---

long=$(printf 'x%.0s' {1..248}) # with $name at most 255
for hostile in 'a b' 'q"q' "q'q" '$HOME' '$env{X}' '%k%p' 'Zoë' 'a,b;c|d' '../../x' 'a=b' '{}[]*?' ' x ' "$long"; do
	[[ $hostile != */* ]] || continue
	ln -s "$a" "$MM/DosDevices/$name$hostile"
done
settle
expect_dev_links away "$a" kept "$b" 'a\x20b' "$a" 'q\x22q' "$a" 'q\x27q' "$a" '\x24HOME' "$a" \
	'\x24env\x7bX\x7d' "$a" '\x25k\x25p' "$a" 'Zoë' "$a" 'a\x2cb\x3bc\x7cd' "$a" 'a=b' "$a" \
	'\x7b\x7d\x5b\x5d\x2a\x3f' "$a" '\x20x\x20' "$a" "$long" "$a"
# What is too long when it is escaped is left out, and said so; the others are there.
ln -s "$a" "$MM/DosDevices/$name$(printf ' %.0s' {1..100})x"
settle
expect_match "too long" "$(cat "$LOG")" "the log"
expect_equal 14 "$(dev_links | wc -l)" "the number of links"
find "$MM/DosDevices" -type l -name "$name*" ! -name "*away" ! -name "*kept" -delete
settle
expect_dev_links away "$a" kept "$b"

# --- many names of one device ---

for i in {1..1500}; do
	echo "link=${name}many$i device=$a"
done >"$CTL/create_point"
settle
expect_equal 1502 "$(dev_links | wc -l)" "the number of links"
for i in {1..1500}; do
	echo "link=${name}many$i"
done >"$CTL/delete_points"
settle
expect_dev_links away "$a" kept "$b"

# --- no more events than changes, and none of nothing ---

count_events
settle
request create_point "link=${name}m0 device=$a"
for i in {1..1000}; do
	mv "$MM/DosDevices/${name}m$((i - 1))" "$MM/DosDevices/${name}m$i"
done
settle
expect_dev_links away "$a" kept "$b" m1000 "$a"
count=$(synthetic_events)
if [ "$count" -lt 1 ] || [ "$count" -gt 1001 ]; then
	fail "$count events for 1001 changes"
fi
udevadm trigger --action=change "$a" "$b"
settle
kill -HUP "$mmfs_pid"
settle
settle
expect_equal "$count" "$(synthetic_events)" "the number of events when nothing changes"
request delete_points "link=${name}m1000"
settle

# --- names outlive mmfs, and are put right when it is back ---

count=$(synthetic_events)
restart_mmfs publish=udev
settle
expect_dev_links away "$a" kept "$b"
expect_equal "$count" "$(synthetic_events)" "the number of events after a restart"
kill_mmfs
expect_dev_links away "$a" kept "$b"
rm -f "/run/mmfs/udev/${b#/dev/}".* # an event that was not asked for any more
udevadm trigger --action=change "$b"
settle_udevd
expect_dev_links away "$a"
start_mmfs publish=udev
settle
expect_dev_links away "$a" kept "$b"
stop_mmfs
start_mmfs # publish=off
request delete_points "link=${name}away"
settle
expect_dev_links away "$a" kept "$b"
restart_mmfs publish=udev
settle
expect_dev_links kept "$b"
kill_mmfs
detach "$b" # while nobody is there
settle_udevd
expect_dev_links
expect_equal 1 "$(find /run/mmfs/udev -name "${LOOP#/dev/}*" | wc -l)" "the number of files"
start_mmfs publish=udev
settle
expect_equal "" "$(find /run/mmfs/udev -name "${LOOP#/dev/}*")" "the list of files"

# --- partitions ---

make_image table 20M blank
sfdisk --quiet "$TMP/table" <<-LINES
	label: gpt
	size=8M
	size=8M
LINES
attach table 11
partx --delete "$device" 2>/dev/null || true # of a case that was killed
partx --add "$device"
settle
request create_point "link=${name}first device=${device}p1"
request create_point "link=${name}second device=${device}p2"
settle
expect_dev_links first "${device}p1" second "${device}p2"
partx --delete "$device"
settle
expect_dev_links
partx --add "$device"
settle
expect_dev_links first "${device}p1" second "${device}p2"
mv "$MM/DosDevices/${name}first" "$MM/DosDevices/${name}one"
settle
expect_dev_links one "${device}p1" second "${device}p2"
partx --delete "$device"

# --- a label that is suggested as a name is nothing but a name ---

detach "$device"
restart_mmfs publish=udev suggest=label
make_image evil 4M ext4 6d6d6673-0000-4000-8000-0000000000e1 "$name"'$(x) %"'
attach evil 12
settle
expect_dev_links '\x24\x28x\x29\x20\x25\x22' "$device"
expect_equal "" "$(udevadm info --query=symlink "$device" | tr ' ' '\n' | grep -F "$name" | grep -vE '^(mm|disk/by-label)/' ||
	true)" "the list of its links elsewhere"

# --- who may, and what else is said ---

stop_mmfs
expect_fail - "$MMFS" -o publish=yes "$MM"
if command -v setpriv >/dev/null; then
	expect_fail - setpriv --reuid=65534 --clear-groups "$MMFS" -o "publish=udev,db=$TMP/other.db" "$MM"
fi
