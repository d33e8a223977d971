#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The daemon is told to end while the disk of its database does not answer. After five seconds who waits
# for the commit is told that it may happen or not, and who waits behind it that it has not. Nobody waits
# for the disk any longer; what is in the database once it answers is what shows.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
require fsfreeze

attach_two
host=$TMP/host
disk=$TMP/disk
is_frozen=no
make_image c 16M ext4 "$(number_uuid 3)"
attach c 03
mkdir "$host" "$disk"
mount "$a" "$host"
mount "${LOOP}03" "$disk"
mkdir "$host/here" "$host/there"
DB=$disk/db

at_end()
{
	[ $is_frozen = no ] || fsfreeze -u "$disk" || true
}

# FILE LINE: a client that writes it, as the next of `pids`
begin_request()
{
	bash -c 'echo "$2" >"$1"' - "$CTL/$1" "$2" 2>"$TMP/said${#pids[@]}" &
	pids+=("$!")
	await is_waiting "$!" "control/$1"
}

# ERROR OF WHO IS BEING COMMITTED, ERROR OF WHO WAITS BEHIND IT
end_daemon()
{
	local i errors=("$@")

	server=$(server_pid)
	kill -TERM "$mmfs_pid"
	for i in "${!pids[@]}"; do
		await_end "${pids[i]}"
		[ "$status" != 0 ] || fail "request $i went well"
		expect_match "$(lib_errno_text "${errors[i]}")" "$(cat "$TMP/said$i")" "request $i"
	done
	expect_left
}

# Another daemon, with a database elsewhere, is not told that the socket is in use.
expect_free_socket()
{
	DB=$TMP/other.db start_mmfs cluster=test "cluster_socket=$TMP/socket"
	stop_mmfs
}

# It has ended, but for what the disk holds up; nobody else gets at the database before that is over.
expect_left()
{
	await_end "$mmfs_pid"
	expect_equal 0 "${status:-0}" "the end of the daemon"
	mmfs_pid=
	pids=()
	! lib_is_mounted "$MM" || fail "the tree is still mounted"
	is_stuck || fail "the disk has held up nothing"
	expect_free_socket
	fsfreeze -u "$disk"
	is_frozen=no
	await is_free
}

is_stuck()
{
	grep -qs '^State:.D' "/proc/$server/task/"*/status
}

is_free()
{
	! is_stuck
}

freeze()
{
	fsfreeze -f "$disk"
	is_frozen=yes
}

pids=()
start_mmfs cluster=test "cluster_socket=$TMP/socket"
settle
freeze
begin_request create_point "link=one device=$a"
begin_request delete_points "link=none"
end_daemon ETIMEDOUT ENODEV

# It may have happened, and what the file of the hosting volume says is the same.
start_mmfs
expect_sound
settle
freeze
begin_request volume_mount_point_created "source=$host/here target=$b"
end_daemon ETIMEDOUT
start_mmfs
settle
expect_sound
has_happened=$(cat "$(volume_folder "$b")/mount_points.registered")
expect_match "^($host/here)?$" "$has_happened" "what was being committed"

# Without a commit it is the end of the database that waits, behind all that was promised.
request create_point "link=two device=$a"
settle
freeze
server=$(server_pid)
umount "$MM"
expect_left
start_mmfs
expect_equal "$a" "$(readlink "$MM/DosDevices/two")" "what was acknowledged"
stop_mmfs

