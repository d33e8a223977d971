#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The session that the README begins with: its commands, on two disks of the case, show what it says,
# but for the width of columns. With SHOW=1 it is shown as it is now.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-mmctl.sh"

root=$(realpath "$(dirname "$0")/../..")
make_image photos.img 64M ext4 5e3a1f0c-94a0-4a53-9d0b-6c1fbe2d7a10
make_image backup.img 64M ext4 0b8c6c0e-58f5-4b0a-bd7e-2f1f6e0f6a55
attach photos.img 40
attach backup.img 41
settle_udevd
mkdir "$TMP/photos"
start_mmfs
cd "$TMP"

# From the README's names to those of this case, and back.
to_case()
{
	sed -E "s,/dev/loop2([0-9]{2}),$LOOP\1,g; s,/mnt/mm,$MM,g; s,/srv/photos,$TMP/photos,g"
}

from_case()
{
	sed -E "s,${LOOP#/dev/}([0-9]{2}),loop2\1,g; s,$MM,/mnt/mm,g; s,$TMP/photos,/srv/photos,g; s/^$(uname -n)/box/"
}

squeeze()
{
	tr -s ' ' | sed 's/ $//'
}

run()
{
	printf '# %s\n' "$1"
	{ eval "$(to_case <<<"$1")" 2>&1 || true; } | sed -E 's/^.*: line [0-9]+: echo:/bash: echo:/' | from_case
	settle
}

sed -n '/^    # /,/^$/s/^    //p' "$root/README.md" | sed '/^$/q' >"$TMP/written"
while IFS= read -r line; do
	[[ $line != '# '* ]] || run "${line#\# }"
done <"$TMP/written" >"$TMP/shown"
[ -z "${SHOW-}" ] || cat "$TMP/shown"
[ "$(grep -c '^# ' "$TMP/written")" -gt 8 ] || fail "the README shows no session"
expect_equal "$(squeeze <"$TMP/written")" "$(squeeze <"$TMP/shown")" "the session of the README"
umount "$TMP/photos"
stop_mmfs
