#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Disks come and go at random, at the same nodes, are formatted, cloned, mounted and kept, and the
# daemon is restarted and killed. Meanwhile somebody opens the names all the time, and gets the own
# volume of each or none; and the name of a volume in use never leaves it.
#
# SAFETY_SECONDS=1200 for long; SEED=N again; SAFETY=strict on a machine with time: not even while
# the daemon waits for a processor.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
require mkfs.ext4 tune2fs

seconds=${SAFETY_SECONDS:-20}
seed=${SEED:-$RANDOM}
echo "SEED=$seed"
RANDOM=$seed

disks=5  # each with a name of its own, and a clone of each that comes and goes
places=6 # loop devices for them
generation=0
step=
steps=0
declare -A at=()      # place: image
declare -A mounted=() # disk: place
exec {trace}>"$TMP/trace"

new_uuid() # DISK: its number first
{
	generation=$((generation + 1))
	printf '%08x-0000-4000-8000-%012x' "$1" "$generation"
}

tell()
{
	local answer

	echo "$*" >&"$orders"
	read -r -t 20 answer <&"$answers" || fail "the opener does not answer to '$*'"
	[ "$answer" = ok ] || fail "the opener says '$answer'"
}

is_at() # IMAGE
{
	local image

	for image in "${at[@]}"; do
		[ "$image" != "$1" ] || return 0
	done
	return 1
}

is_busy() # PLACE
{
	local place

	for place in "${mounted[@]}"; do
		[ "$place" != "$1" ] || return 0
	done
	return 1
}

# A name that leads nowhere, or a device that something looks at just now, is nothing to fail at.
try()
{
	"$@" >/dev/null 2>&1 || step="$step (refused)"
}

bring() # PLACE IMAGE
{
	echo "$(date +%T.%N) attach $2 at $1" >&"$trace"
	losetup "${LOOP}0$1" "$TMP/$2"
	echo "$(date +%T.%N) attached" >&"$trace"
	at[$1]=$2
}

take_away() # PLACE
{
	local node=${LOOP}0$1 before

	before=$(<"/sys/block/${node#/dev/}/diskseq")
	echo "$(date +%T.%N) detach at $1" >&"$trace"
	losetup -d "$node"
	await lib_has_other_media "$node" "$before"
	unset "at[$1]"
}

do_attach()
{
	[ -z "${at[$place]-}" ] && ! is_at "$image" || return 0
	bring "$place" "$image"
}

do_detach()
{
	[ -n "${at[$place]-}" ] && ! is_busy "$place" || return 0
	take_away "$place"
}

do_reuse()
{
	[ -n "${at[$place]-}" ] && ! is_busy "$place" && ! is_at "$image" || return 0
	take_away "$place"
	bring "$place" "$image"
}

do_format()
{
	local uuid

	[ -n "${at[$place]-}" ] && ! is_busy "$place" || return 0
	uuid=$(new_uuid "${at[$place]//[!0-9]/}")
	try mkfs.ext4 -q -F -E nodiscard -U "$uuid" "${LOOP}0$place"
}

do_change_uuid()
{
	local uuid

	[ -n "${at[$place]-}" ] && ! is_busy "$place" || return 0
	uuid=$(new_uuid "${at[$place]//[!0-9]/}")
	try tune2fs -f -U "$uuid" "${LOOP}0$place"
}

do_clone()
{
	! is_at "clone$disk" || return 0
	cp "$TMP/disk$disk" "$TMP/clone$disk"
}

# By its name, so that what is mounted is what the name led to.
do_mount()
{
	local at_place source

	[ -z "${mounted[$disk]-}" ] || return 0
	# The daemon has had its turn when it has answered twice, as in opener.c.
	[ "${SAFETY-}" = strict ] || stat -f "$MM" "$MM" >/dev/null
	try mount -t ext4 "$MM/DosDevices/n$disk" "$TMP/space$disk"
	source=$(awk -v at="$TMP/space$disk" '$5 == at { print $(NF - 1) }' /proc/self/mountinfo)
	[ -n "$source" ] || return 0
	[[ $source =~ ^"$LOOP"0([0-9])$ ]] || fail "n$disk was mounted from '$source'"
	at_place=${BASH_REMATCH[1]}
	expect_equal "$disk" "${at[$at_place]//[!0-9]/}" "the disk that was mounted by the name n$disk"
	mounted[$disk]=$at_place
	settle
	tell use "$disk"
}

do_unmount()
{
	[ -n "${mounted[$disk]-}" ] || return 0
	tell free "$disk"
	umount "$TMP/space$disk"
	unset "mounted[$disk]"
}

do_keep()
{
	try request keep_links_when_offline "link=n$disk"
}

# Who has lost its name, having been formatted beside a clone, gets it again.
do_name()
{
	settle
	[ ! -L "$MM/DosDevices/n$disk" ] || return 0
	for place in "${!at[@]}"; do
		[ "${at[$place]}" != "disk$disk" ] ||
			try request create_point "link=n$disk device=${LOOP}0$place"
	done
}

do_settle()
{
	settle
}

do_hangup()
{
	kill -HUP "$mmfs_pid"
}

do_restart()
{
	tell down
	restart_mmfs
	tell up
}

do_kill()
{
	tell down
	kill_mmfs
	start_mmfs
	tell up
}

for ((disk = 1; disk <= disks; disk++)); do
	make_image "disk$disk" 2M ext4 "$(new_uuid "$disk")"
	cp "$TMP/disk$disk" "$TMP/clone$disk"
	mkdir "$TMP/space$disk"
	bring "$disk" "disk$disk"
done
start_mmfs
for ((disk = 1; disk <= disks; disk++)); do
	request create_point "link=n$disk device=${LOOP}0$disk"
done
mkfifo "$TMP/orders" "$TMP/answers"
"$helpers/opener" "$MM/DosDevices" "$disks" ${SAFETY:+"$SAFETY"} <"$TMP/orders" >"$TMP/answers" 2>"$TMP/opened" &
opener_pid=$!
exec {orders}>"$TMP/orders" {answers}<"$TMP/answers"

deeds=(attach attach attach detach detach reuse reuse format change_uuid clone mount mount unmount
	keep name name settle settle hangup)
end=$((SECONDS + seconds))
while [ "$SECONDS" -lt "$end" ]; do
	place=$((RANDOM % places))
	disk=$((RANDOM % disks + 1))
	image=disk$disk
	[ $((RANDOM % 3)) != 0 ] || image=clone$disk
	step=${deeds[RANDOM % ${#deeds[@]}]}
	[ $((RANDOM % 60)) != 0 ] || step=restart
	[ $((RANDOM % 60)) != 0 ] || step="kill"
	echo "$(date +%T.%N) $step place=$place image=$image at: ${!at[*]} = ${at[*]}" >&"$trace"
	"do_$step"
	steps=$((steps + 1))
	[ ! -s "$TMP/opened" ] || break
done
for disk in "${!mounted[@]}"; do
	do_unmount
done
tell end
await_end "$opener_pid"
cat "$TMP/opened"
[ "${status:-0}" = 0 ] || fail "after $steps steps, the last of them:
$(tail -n 12 "$TMP/trace")"
echo "$steps steps"
settle
expect_sound
stop_mmfs
