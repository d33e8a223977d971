#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Telling mmfs of devices: volume_arrival_notification, volume_removal_notification, and
# check_unprocessed_volumes; a disk that does not answer; who may do so.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

a=${LOOP}01
b=${LOOP}02
blank=${LOOP}03
make_image a 1M swap "$(number_uuid 1)"
make_image b 1M swap "$(number_uuid 2)"
make_image blank 1M blank
make_image foreign 1M swap "$(number_uuid 4)"
make_image disk 4M blank
sfdisk -q "$TMP/disk" <<<$'label: gpt\nsize=1M'
attach a 01
attach b 02
attach blank 03
attach foreign 04
attach disk 06
start_mmfs "devices=$DEVICES:!loop??04"
dos=$MM/DosDevices
request create_point "C: $a"
request create_point "link=data device=$a"
request create_point "link=other device=$b"
all=$(points)
without_a=$(grep -vF "\"$a\"" <<<"$all")
# But for the disk, which it always is.
no_volumes()
{
	grep -v "^DEVICE=\"${LOOP}06\"" "$CTL/unprocessed" || true
}
unprocessed=$(no_volumes)
expect_equal "DEVICE=\"$blank\" REASON=\"no content\" KIND=\"blank\"" "$unprocessed" "unprocessed devices"

expect_removed()
{
	expect_equal "$without_a" "$(points)" "points $1"
	expect_fail ENOENT readlink -v "$dos/C:"
	expect_fail ENOENT readlink -v "$MM/devices/${a#/dev/}"
	[ ! -e "$MM/ids/UUID=$(number_uuid 1)" ] || fail "there is a folder $1"
	expect_sound
}

# --- removal ---------------------------------------------------------------------------------------

epic_before=$(epic)
expect_ok request volume_removal_notification "$a"
expect_removed "after a removal"
expect_equal "$epic_before" "$(epic)" "the epic number after a removal"
[ -e "/sys/block/${a#/dev/}/loop/backing_file" ] || fail "the device is gone indeed"
expect_refused ENOENT create_point "X: $a"
expect_refused EINVAL query_points "$a"
expect_refused ENOENT volume_removal_notification "$a"
# It stays away while nothing happens to it, whatever else happens.
settle
mkswap -q -U "$(number_uuid 3)" "$blank" 2>/dev/null
settle
wipefs -qa "$blank"
settle
expect_equal "$without_a" "$(points | grep -v "$(number_uuid 3)")" "points after events of others"

# The ways back.
come_back()
{
	local what=$1

	shift
	expect_ok request volume_removal_notification "$a"
	expect_removed "before $what"
	"$@"
	settle
	expect_equal "$all" "$(points)" "points after $what"
	expect_equal "$a" "$(readlink "$dos/C:")" "a link after $what"
}
hang_up()
{
	kill -HUP "$mmfs_pid"
	await is_back
}
is_back()
{
	[ -L "$dos/C:" ]
}
expect_ok request volume_arrival_notification "$a"
expect_equal "$all" "$(points)" "points after an arrival, at once"
come_back "an arrival" expect_ok request volume_arrival_notification "$a"
come_back "an arrival by kernel name" expect_ok request volume_arrival_notification "device=${a#/dev/}"
come_back "udevadm trigger" udevadm trigger --action=change --settle "$a"
come_back "SIGHUP" hang_up
come_back "a write to it" dd if=/dev/null of="$a" conv=notrunc status=none
come_back "a restart" restart_mmfs "devices=$DEVICES:!loop??04"

# By its other names. Its own links are among them, and several in one write are one matter.
for line in "device=UUID=$(number_uuid 1)" "device=C:" "device=/DosDevices/C:" 'device="\\??\\C:"' "device=${a#/dev/}"; do
	expect_ok request volume_removal_notification "$line"
	expect_removed "after a removal by $line"
	expect_ok request volume_arrival_notification "$a"
	expect_equal "$all" "$(points)" "points after its return"
done
expect_ok tee "$CTL/volume_removal_notification" <<<"$a
$b" >/dev/null
expect_equal "" "$(points)" "points after two removals in one write"
expect_ok tee "$CTL/volume_arrival_notification" <<<"$a
$b" >/dev/null
expect_equal "$all" "$(points)" "points after two arrivals in one write"
# Of two lines the second of which is wrong the first has happened.
expect_fail ENOENT tee "$CTL/volume_removal_notification" <<<"$a
/dev/nothing"
expect_removed "after one that is right and one that is not"
expect_ok request volume_arrival_notification "$a"
expect_fail ENOENT tee "$CTL/volume_removal_notification" <<<"$a
$a"
expect_removed "after the same twice"
expect_ok request volume_arrival_notification "$a"

# What is wrong.
expect_refused EINVAL volume_removal_notification ""
expect_refused EINVAL volume_removal_notification "link=C:"
expect_refused EINVAL volume_removal_notification "all=1"
expect_refused ENOENT volume_removal_notification /dev/nothing
expect_refused ENOENT volume_removal_notification "device=X:"
expect_refused ENOENT volume_removal_notification "device=UUID=1"
expect_refused ENOENT volume_removal_notification "${LOOP}04"
# A device that is no volume can be taken for gone as well.
expect_ok request volume_removal_notification "$blank"
expect_equal "" "$(no_volumes)" "unprocessed devices after a removal"
expect_ok request check_unprocessed_volumes 1
expect_equal "" "$(no_volumes)" "unprocessed devices after looking at these"

# While it is said to be gone, others can have its names, as of any absent volume; kept ones stay.
expect_ok request volume_removal_notification "$a"
expect_ok request create_point "link=data device=$b"
expect_ok request volume_arrival_notification "$a"
expect_equal "C:" "$(links "$a")" "the links after one was taken"
expect_ok request delete_points "link=data device=$b"
expect_ok request create_point "link=data device=$a"
expect_ok request keep_links_when_offline "$a"
expect_ok request volume_removal_notification "$a"
expect_equal offline "$(cat "$MM/ids/UUID=$(number_uuid 1)/state")" "its state"
expect_equal "${all//"\"$a\""/'""'}" "$(points)" "points while it is kept"
expect_refused ENOENT volume_removal_notification "$a"
expect_ok request volume_arrival_notification "$a"
expect_equal online "$(cat "$MM/ids/UUID=$(number_uuid 1)/state")" "its state"
expect_ok request keep_links_when_offline "$a keep=0"

# --- arrival ---------------------------------------------------------------------------------------

# Of one that is known: nothing changes.
tree_before=$(cd "$MM" && find DosDevices Volumes ids devices -printf '%p %i %l %T@\n' | sort)
epic_before=$(epic)
commits_before=$(metric mmfs_commits_total)
expect_ok request volume_arrival_notification "$a"
expect_equal "" "$(ask volume_arrival_notification "$a")" "the reply"
expect_equal "$tree_before" "$(cd "$MM" && find DosDevices Volumes ids devices -printf '%p %i %l %T@\n' | sort)" \
	"the tree after an arrival of what is known"
expect_equal "$epic_before $commits_before" "$(epic) $(metric mmfs_commits_total)" "the numbers after it"

# Of what is no volume: the reason is in the reply and in error_log.
expect_no_volume()
{
	local line=$1 reason=$2 reply

	expect_refused ENOENT volume_arrival_notification "$line"
	expect_match "$reason" "$(lib_pair WHY "$(tail -n 1 "$CTL/error_log")")" "why, in error_log"
	exec 3<>"$CTL/volume_arrival_notification"
	! printf '%s\n' "$line" 2>/dev/null >&3 || fail "this went well"
	reply=$(cat <&3)
	exec 3<&-
	expect_match "$reason" "$reply" "why, in the reply"
}
expect_no_volume "$blank" "^$blank is no volume: no content$"
expect_equal "$unprocessed" "$(no_volumes)" "unprocessed devices"
expect_no_volume "${LOOP}06" "^${LOOP}06 is no volume: "
expect_no_volume "${LOOP}04" "${LOOP}04" # is excluded
expect_no_volume "${LOOP}09" "${LOOP}09" # has nothing behind it, or is not there
expect_no_volume /dev/nothing "/dev/nothing"
expect_no_volume /dev/null "/dev/null"
expect_no_volume "device=nothing" "nothing"
expect_refused EINVAL volume_arrival_notification ""
expect_refused EINVAL volume_arrival_notification "link=C:"
expect_refused EINVAL volume_arrival_notification "/dev/x /dev/y"
expect_fail ENOENT tee "$CTL/volume_arrival_notification" <<<"$blank
$a"
expect_equal "$all" "$(points)" "points after what was refused"

# What was written behind everybody's back is found.
write_behind()
{
	mkswap -q -U "$(number_uuid "$2")" "$TMP/$1" 2>/dev/null
	blockdev --flushbufs "$3"
}
write_behind blank 3 "$blank"
settle
expect_equal "$unprocessed" "$(no_volumes)" "unprocessed devices before an arrival"
expect_ok request volume_arrival_notification "$blank"
expect_match "ID=\"UUID=$(number_uuid 3)\" DEVICE=\"$blank\"" "$(points)" "points after an arrival"
expect_equal "" "$(no_volumes)" "unprocessed devices after an arrival"
wipefs -qa "$blank"
settle
expect_equal "$unprocessed" "$(no_volumes)" "unprocessed devices after wipefs"

# --- check_unprocessed_volumes -----------------------------------------------------------------------

# Nothing to find: it returns, and nothing has changed.
epic_before=$(epic)
probes_before=$(metric mmfs_probes_total)
expect_ok timeout 10 tee "$CTL/check_unprocessed_volumes" <<<"1" >/dev/null
expect_equal "$unprocessed" "$(no_volumes)" "unprocessed devices after looking"
expect_equal "$epic_before" "$(epic)" "the epic number after looking"
expect_equal $((probes_before + 1)) "$(metric mmfs_probes_total)" "the number of probes after looking at one"
make_image blank2 1M blank
attach blank2 07
settle
write_behind blank 3 "$blank"
expect_ok request check_unprocessed_volumes "any line"
expect_match "ID=\"UUID=$(number_uuid 3)\" DEVICE=\"$blank\"" "$(points)" "points after looking"
expect_equal "DEVICE=\"${LOOP}07\" REASON=\"no content\" KIND=\"blank\"" "$(no_volumes)" "unprocessed devices after looking"
detach 07
settle
probes_before=$(metric mmfs_probes_total)
expect_ok request check_unprocessed_volumes 1
expect_equal "$probes_before" "$(metric mmfs_probes_total)" "the number of probes with nobody to look at"
wipefs -qa "$blank"
settle
stop_mmfs

# --- a disk that does not answer ---------------------------------------------------------------------

stalled=$TMP/stalled
mkdir "$stalled"
make_image slow 1M blank
slow=${LOOP}05
server=
at_end()
{
	[ -z "$server" ] || kill -CONT "$server"
}
"$helpers/stall-image" "$TMP/slow" -f "$stalled" </dev/null >/dev/null 2>&1 &
server=$!
await test -f "$stalled/image"
losetup -r "$slow" "$stalled/image"
settle_udevd
start_mmfs monitor=kernel
expect_match "DEVICE=\"$slow\" REASON=\"no content\" KIND=\"blank\"" "$(no_volumes)" "unprocessed devices"
write_behind blank 3 "$blank"
for operation in check_unprocessed_volumes volume_arrival_notification; do
	kill -STOP "$server"
	blockdev --flushbufs "$slow"
	start=$(date +%s%3N)
	# The write may fail: the disk is no volume.
	timeout 20 bash -c "echo '$slow' >'$CTL/$operation'" 2>"$TMP/errors" &
	pid=$!
	# Meanwhile everybody else is served.
	for _ in 1 2 3; do
		timeout 1 bash -c "echo 'link=lively device=$a' >'$CTL/create_point'"
		timeout 1 rm "$dos/lively"
	done
	! lib_is_ended "$pid" || fail "$operation did not wait for the disk"
	await_end "$pid"
	took=$(($(date +%s%3N) - start))
	echo "$operation with a hanging disk: $took ms"
	[ "$took" -lt 9000 ] || fail "$operation took $took ms"
	expect_match "DEVICE=\"$slow\" REASON=\"reading it takes long\"" "$(no_volumes)" "unprocessed devices"
	expect_match "ID=\"UUID=$(number_uuid 3)\" DEVICE=\"$blank\"" "$(points)" "points"
	kill -CONT "$server"
	settle
	if [ "$operation" = check_unprocessed_volumes ]; then
		expect_equal 0 "$status" "the status of $operation"
	else
		expect_match "No such file" "$(cat "$TMP/errors")" "what $operation says"
		expect_match "reading it takes long" "$(tail -n 1 "$CTL/error_log")" "why"
	fi
done
stop_mmfs
losetup -d "$slow"

# --- who may -----------------------------------------------------------------------------------------

as_other()
{
	(exec setpriv --reuid=1234 --regid=1234 --clear-groups "$@")
}
changing="auto_dl_assignments auto_mount batch check_unprocessed_volumes create_point delete_points
	delete_points_dbonly keep_links_when_offline next_drive_letter scrub_registry
	volume_arrival_notification volume_removal_notification"
asking="query_dos_volume_path query_dos_volume_paths query_points settle"
start_mmfs
request create_point "C: $a" 2>/dev/null || true # it may have it still
points_before=$(points)
epic_before=$(epic)
for operation in $changing; do
	expect_equal "600 0 0" "$(stat -c '%a %u %g' "$CTL/$operation")" "the permissions of $operation"
	expect_fail EACCES as_other dd of="$CTL/$operation" status=none <<<"device=$a"
	expect_fail EACCES as_other cat "$CTL/$operation"
done
expect_equal "$points_before" "$(points)" "points after what was refused"
expect_equal "$epic_before" "$(epic)" "the epic number after what was refused"
for operation in $asking; do
	expect_equal "666 0 0" "$(stat -c '%a %u %g' "$CTL/$operation")" "the permissions of $operation"
	expect_ok as_other dd of="$CTL/$operation" status=none <<<"device=$a"
done
restart_mmfs gid=1234,mode=0660
for operation in $changing; do
	expect_equal "660 0 1234" "$(stat -c '%a %u %g' "$CTL/$operation")" "the permissions of $operation with mode="
done
expect_ok as_other dd of="$CTL/volume_removal_notification" status=none <<<"$a"
expect_equal "" "$(points | grep -F "\"$a\"" || true)" "points after a removal by another"
expect_ok as_other dd of="$CTL/volume_arrival_notification" status=none <<<"$a"
expect_equal "$points_before" "$(points)" "points after an arrival by another"
expect_fail EACCES setpriv --reuid=1235 --regid=1235 --clear-groups dd of="$CTL/scrub_registry" status=none <<<1
expect_equal off "$(as_other bash -c "echo off >'$CTL/auto_mount'; cat '$CTL/auto_mount'")" "auto_mount of another"

stop_mmfs
