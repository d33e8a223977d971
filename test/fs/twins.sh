#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One set of rules for text and binary: two daemons over the same devices are asked the same at random,
# one in each language.
. "$(dirname "$0")/lib.sh"

make_image a 16M ext4
make_image b 4M swap
attach a 01
attach b 02
start_mmfs
mkdir "$TMP/other"
"$MMFS" -f -o "db=$TMP/other.db,devices=$DEVICES" "$TMP/other" >"$TMP/other.log" 2>&1 &
other=$!
at_end()
{
	umount "$TMP/other" 2>/dev/null || true
}
await_mount "$other" "$TMP/other"
echo 1 >"$TMP/other/control/settle"
timeout 500 "$(dirname "$MMFS")/test/fs/twins" "${QUESTIONS:-10000}" "${SEED:-1}" "$MM" "$TMP/other" \
	"${LOOP}01" "${LOOP}02"
umount "$TMP/other"
await_end "$other"
stop_mmfs
