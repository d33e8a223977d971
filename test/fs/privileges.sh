#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the server of root may still do, and that it gets by with it: mounting is done by a process of
# its own.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

ask_status() # FIELD PROCESS
{
	sed -n "s/^$1:\t//p" "/proc/$2/status"
}

# CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_NET_ADMIN
kept=$(printf '%016x' $((1 << 1 | 1 << 2 | 1 << 12)))

start_mmfs
server=$(server_pid)
for set in CapPrm CapEff; do
	expect_equal "$kept" "$(ask_status $set "$server")" "$set of the server"
done
for set in CapInh CapBnd CapAmb; do
	expect_equal "$(printf '%016x' 0)" "$(ask_status $set "$server")" "$set of the server"
done
expect_equal 1 "$(ask_status NoNewPrivs "$server")" "whether the server can gain privileges"
expect_equal "$(plain_or_sanitized 2 0)" "$(ask_status Seccomp "$server")" "whether it has a filter of calls"

# Each thread has them.
for task in "/proc/$server/task/"*; do
	expect_equal "$kept" "$(sed -n 's/^CapEff:\t//p' "$task/status")" "what a thread may do"
done

# The process that mounts ends with the server, and before that when told by nobody else.
agent=$(pgrep -x mmfs-mount -P "$server")
kill -TERM "$agent"
kill -INT "$agent"
expect_equal "mmfs-mount" "$(cat "/proc/$agent/comm")" "the process that mounts"
expect_equal "/dev/null /dev/null /dev/null" \
	"$(readlink "/proc/$agent/fd/"[012] | xargs)" "its streams"
expect_equal 4 "$(find "/proc/$agent/fd" -type l | wc -l)" "how many descriptors it has"
# Those that write to the kernel have the mount, and nothing else.
mapfile -t tellers < <(pgrep -x mmfs-teller -P "$server")
expect_equal 2 ${#tellers[@]} "how many processes write to the kernel"
for teller in "${tellers[@]}"; do
	kill -TERM "$teller"
	expect_equal "$(printf '%016x' 0)" "$(ask_status CapPrm "$teller")" "what they may do"
	expect_equal "$(plain_or_sanitized 2 0)" "$(ask_status Seccomp "$teller")" "whether they have a filter of calls"
	expect_equal "/dev/null /dev/null /dev/null" "$(readlink "/proc/$teller/fd/"[012] | xargs)" "their streams"
	expect_equal "/dev/fuse" "$(readlink "/proc/$teller/fd/4")" "what they write to"
	expect_equal 5 "$(find "/proc/$teller/fd" -type l | wc -l)" "how many descriptors they have"
done
stop_mmfs
for process in "$agent" "${tellers[@]}"; do
	await lib_is_ended "$process"
done

start_mmfs
server=$(server_pid)
agent=$(pgrep -x mmfs-mount -P "$server")
kill -KILL "$server"
await lib_is_ended "$agent"
