#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mmctl: what the words of the command line mean, wherever they stand, and which options they take.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-mmctl.sh"
require jq mkfs.ext4 mkswap

attach_two films
start_mmfs
settle

# --- options belong to the words of a command ----------------------------------------------------

for option in --dry-run --timeout=1; do
	expect_exit 2 'cluster forget does not take ' mmctl cluster forget h9 "$option"
	expect_exit 2 'cluster status does not take ' mmctl cluster status "$option"
done
expect_exit 2 'cluster join does not take --timeout: ' mmctl cluster join --timeout=1
expect_exit 2 'cluster join does not take --json: ' mmctl cluster join -J
expect_exit 2 'cluster forget does not take --output: ' mmctl cluster forget h9 -o HOST
expect_exit 1 'cannot join: mmfs was started without cluster=' mmctl cluster join --dry-run
expect_exit 2 'cluster takes status, join' mmctl cluster join h9
expect_exit 2 'mount-point del does not take --json: ' mmctl mount-point del "$TMP" -J
expect_exit 2 'mount-point add does not take --sort: ' mmctl mount-point add "$TMP" "$a" -x ID
expect_exit 2 'delete what' mmctl delete --all --link=x
expect_exit 2 'delete what' mmctl delete --all --id="$id_a"
expect_exit 2 'delete what' mmctl delete --all --device="$a"
