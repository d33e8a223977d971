#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The examples of mmctl.1 work.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-mmctl.sh"
require jq mkfs.ext4 mkswap

root=$(realpath "$(dirname "$0")/../..")
b=${LOOP}01
c=${LOOP}02
make_image b 16M ext4 11111111-2222-3333-4444-555555555555 'a label'
make_image c 4M swap aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee
attach b 01
attach c 02
start_mmfs

# --- examples --------------------------------------------------------------------------------------

cd "$TMP"
count=0
while IFS= read -r line; do
	line=${line//\\en/\\n}
	line=${line//\/dev\/sdb1/$b}
	line=${line//\/dev\/sdc1/$c}
	errors=$(eval "$line" 2>&1 >>"$TMP/shown") || fail "the example '$line' fails: $errors"
	expect_equal "" "$errors" "what the example '$line' complains of"
	count=$((count + 1))
done < <(sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$root/contrib/man/mmctl.1" |
	sed -n '/^\.Bd/,/^\.Ed/p' | grep -v '^[.]')
[ $count -gt 12 ] || fail "only $count examples were found"
expect_equal "$b" "$(readlink "$MM/DosDevices/backup")" "the link of the examples"
expect_equal "$b" "$(readlink "$MM/DosDevices/X:")" "the letter of the examples"
expect_match "/DosDevices/backup $b" "$(cat "$TMP/shown")" "what the examples show"

stop_mmfs
