#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A client that stands still in the middle of a system call, as it can for as long as it likes with a
# buffer in a FUSE file of its own, holds up nobody, and not the end of the daemon.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
require setpriv

nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
stalled=$TMP/stalled
server=
mkdir "$stalled"
truncate -s 1M "$TMP/page"
make_image a 1M swap "$(number_uuid 1)"
attach a 00

at_end()
{
	[ -z "$server" ] || kill -CONT "$server"
}

"$helpers/stall-image" "$TMP/page" -f -o allow_other "$stalled" </dev/null >/dev/null 2>&1 &
server=$!
await test -f "$stalled/image"

is_in_state()
{
	local stat

	read -r stat <"/proc/$2/stat"
	[[ ${stat##*) } == "$1"* ]]
}

is_blocked()
{
	[[ $(cat "/proc/$1/wchan") =~ request_wait_answer|folio_wait|fuse ]]
}

# CALL PATH…: each by a process of nobody, which stands still in it
stall()
{
	local pid

	while [ $# -gt 0 ]; do
		# shellcheck disable=SC2093
		"${nobody[@]}" "$helpers/hostile" stall "$1" "$2" "$stalled/image" >>"$TMP/stall" 2>&1 &
		stalls+=("$!")
		await is_in_state T "$!"
		shift 2
	done
	kill -STOP "$server"
	await is_in_state T "$server"
	for pid in "${stalls[@]}"; do
		kill -CONT "$pid"
		await is_blocked "$pid"
	done
}

go_on()
{
	local pid

	kill -CONT "$server"
	for pid in "${stalls[@]}"; do
		await_end "$pid"
	done
	stalls=()
}
stalls=()

# What root does meanwhile. WHAT COMMAND…: writes its input to the file that is added to the command.
expect_served()
{
	local what=$1 i

	shift
	for i in {1..5}; do
		timeout 10 "$@" "$CTL/create_point" <<<"link=served$i device=$device"
		expect_equal "$device" "$(timeout 5 readlink "$MM/DosDevices/served$i")" "a new name ($what)"
		expect_match "served$i" "$(timeout 5 cat "$MM/points")" "points ($what)"
		expect_match "served$i" "$(timeout 5 "$helpers/waiters" later "$CTL/query_points" "link=served$i"$'\n' 5000)" \
			"a query ($what)"
		timeout 10 "$@" "$CTL/delete_points" <<<"link=served$i"
		[ ! -L "$MM/DosDevices/served$i" ] || fail "a deleted name shows ($what)"
		timeout 5 "$@" "$CTL/settle" <<<1
		timeout 5 head -n 1 "$CTL/change_notify" >/dev/null 2>&1
	done
}

# shellcheck disable=SC2016
shell=(bash -c 'cat >"$0"')

write_plainly()
{
	dd conv=nocreat,notrunc status=none of="$1"
}
export -f write_plainly
# shellcheck disable=SC2016
plainly=(bash -c 'write_plainly "$0"')

for cache in on off; do
	start_mmfs "cache=$cache"
	request create_point "link=name device=$device"
	stall getdents "$MM" getdents "$MM/DosDevices" getdents "$MM/ids" getdents "$MM/devices"
	expect_served "getdents, cache=$cache" "${shell[@]}"
	go_on
	# Shells open with O_CREAT, for which the kernel wants the folder's lock.
	stall getdents "$CTL" getdents "$MM" getdents "$MM/DosDevices"
	expect_served "getdents of control, cache=$cache" "${plainly[@]}"
	go_on
	stall write "$CTL/query_points" write "$CTL/settle" write "$CTL/change_notify" \
		write "$CTL/query_dos_volume_paths" read "$CTL/query_points" read "$MM/points" ioctl "$MM/MountPointManager"
	expect_served "files, cache=$cache" "${shell[@]}"
	go_on
	request delete_points "device=$device"
	stop_mmfs
done

# In a large tree the kernel is told name by name, and has to wait for the folder: replies do not.
for i in {1..5000}; do
	echo "link=large$i device=$device"
done >"$TMP/large"
holds()
{
	sed -n 's/^mmfs_holds_total //p' "$MM/metrics"
}
start_mmfs
cat "$TMP/large" >"$CTL/create_point"
expect_equal "$device" "$(readlink "$MM/DosDevices/large7")" "a name in a large tree"
[ ! -e "$MM/DosDevices/new" ] || fail "a name is there before it is made"
stall getdents "$MM/DosDevices"
timeout 10 "${shell[@]}" "$CTL/create_point" <<<"link=new device=$device"
expect_equal 1 "$(holds)" "mmfs_holds_total"
expect_match "holds the lock of a folder" "$(cat "$LOG")" "the log"
for i in {1..5}; do
	timeout 5 "${shell[@]}" "$CTL/create_point" <<<"link=new$i device=$device"
	expect_match "/new$i\"" "$(timeout 5 cat "$MM/points")" "points while a folder is held"
	timeout 5 "${shell[@]}" "$CTL/settle" <<<1
done
expect_equal "$device" "$(timeout 5 readlink "$MM/DosDevices/large7")" "a known name while its folder is held"
go_on
is_new_shown()
{
	[ -L "$MM/DosDevices/new" ] && [ -L "$MM/DosDevices/new5" ]
}
await is_new_shown
timeout 10 "${shell[@]}" "$CTL/delete_points" <<<"link=new"
[ ! -e "$MM/DosDevices/new" ] || fail "a deleted name shows after its folder was held"
stall getdents "$MM/DosDevices"
expect_served "getdents once more" "${shell[@]}"
expect_equal 1 "$(holds)" "mmfs_holds_total"
go_on
# A thread that waits for the folder cannot be ended, but the tree is.
stop_mmfs
start_mmfs
expect_equal "$device" "$(readlink "$MM/DosDevices/large7")" "a name in a large tree"
stall getdents "$MM/DosDevices"
timeout 10 "${shell[@]}" "$CTL/delete_points" <<<"link=large7"
kill -TERM "$mmfs_pid"
is_unmounted()
{
	! lib_is_mounted "$MM"
}
before=$SECONDS
await is_unmounted
[ $((SECONDS - before)) -le 9 ] || fail "the tree is mounted for $((SECONDS - before)) s"
go_on
await_end "$mmfs_pid"
expect_equal 0 "${status:-0}" "the status of the daemon"
start_mmfs
request delete_points "device=$device"
stop_mmfs

# The end does not wait for them either.
for way in umount TERM; do
	start_mmfs
	request create_point "link=name device=$device"
	stall getdents "$MM" getdents "$MM/DosDevices" write "$CTL/query_points"
	request create_point "link=last device=$device"
	before=$SECONDS
	if [ "$way" = umount ]; then
		umount -l "$MM"
	else
		kill -TERM "$mmfs_pid"
	fi
	# Whoever has a file open keeps a tree that is only detached.
	[ "$way" != umount ] || go_on
	await_end "$mmfs_pid"
	expect_equal 0 "${status:-0}" "the status of the daemon"
	[ $((SECONDS - before)) -le 9 ] || fail "the daemon has taken $((SECONDS - before)) s to end ($way)"
	mmfs_pid=
	[ "$way" = umount ] || go_on
	start_mmfs
	request delete_points "device=$device"
	stop_mmfs
done
kill -CONT "$server"
await umount -q "$stalled"
await_end "$server"
server=
