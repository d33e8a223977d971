#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A name for a volume that was never here waits for it, over restarts and kill -9; typing errors are refused.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

make_image a 4M ext4 11111111-2222-3333-4444-555555555555
id=UUID=11111111-2222-3333-4444-555555555555
start_mmfs
expect_refused ENOENT create_point "link=data id=$id"
expect_ok request create_point "link=data id=$id absent=ok"
expect_ok request create_point "X: $id absent=ok"
expect_equal "" "$(points)" "the links while it is absent"
expect_refused EEXIST create_point "link=data id=$id absent=ok"
expect_refused EINVAL create_point "Y: $id absent=ok"
kill_mmfs
start_mmfs
expect_equal "" "$(points)" "the links while it is absent, after a crash"
expect_ok request keep_links_when_offline "$id"
expect_equal "LINK=\"/DosDevices/X:\" ID=\"$id\" DEVICE=\"\"
LINK=\"/DosDevices/data\" ID=\"$id\" DEVICE=\"\"" "$(points)" "the links that are kept for who was never here"
expect_equal offline "$(cat "$MM/ids/$id/state")" "state"
expect_equal "" "$(cat "$MM/ids/$id/last_seen")$(cat "$MM/ids/$id/last_device")" "when and where it was here"
expect_ok request keep_links_when_offline "$id keep=0"
attach a 01
settle
expect_equal "X:
data" "$(links "${LOOP}01")" "the links of who came"
expect_equal "${LOOP}01" "$(readlink "$MM/DosDevices/data")" "the link"

# What was meant is named.
expect_refused ENOENT create_point "link=more id=UUID=11111111-2222-3333-4444-555555555556"
expect_match "did you mean ${id}" "$(tail -n 1 "$CTL/error_log")" "the reason"
detach 01
settle
expect_refused ENOENT create_point "link=more id=$id"
expect_match "it is absent" "$(tail -n 1 "$CTL/error_log")" "the reason"
expect_ok request create_point "link=more id=$id absent=ok"
attach a 02
settle
expect_equal "${LOOP}02" "$(readlink "$MM/DosDevices/more")" "the link that was given meanwhile"
stop_mmfs
