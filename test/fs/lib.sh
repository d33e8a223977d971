# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2119,SC2120
#
# The harness of the fs suite: the real daemon over real loop devices and the real udevd, as root.
#
# A case is a bash script `test/fs/NAME.sh` that begins with
#
#	. "$(dirname "$0")/lib.sh"
#
# and fails at the first command or check that fails. Run it by hand with
#
#	MMFS=build/mmfs test/fs/NAME.sh		(KEEP=1: leave its folder behind)
#
# Every case has its own folder, database, mount point and range of a hundred loop devices, so cases
# may run in parallel, and the node names that it sees are known beforehand (below N is 00…99).
# Whatever it leaves behind (mounts, loop devices, processes it started) is taken away when it ends,
# however it ends. Nothing sleeps: wait with `settle`, or for a state with `await`.
#
# A case may define `at_end` to take away more than that.
#
# Given to a case:
#	$TMP $MM $DB $LOG	its folder (others may search it), mount point, database, daemon's messages
#	$LOOP			"/dev/loop70": device N of the case is ${LOOP}N, by kernel name ${LOOP#/dev/}N
#	$DEVICES		the globs of its loop devices and their partitions, for -o devices=
#	$MMFS $CTL		the binary under test; $MM/control
#	$MMFS_OPTIONS		from outside: more -o options for every daemon (cache=off, monitor=kernel)
#
# start_mmfs [OPTION…]	starts the daemon (-f, db=$DB, devices=$DEVICES and the -o OPTIONs, the last of a kind
#			counts) and returns when the tree is there; its process, the keeper, is $mmfs_pid
# server_pid [KEEPER]	prints the process that serves
# find_keeper REGEX	prints the keeper whose command line matches
# run_mmfs ARG…		execs $MMFS with the arguments alone, for modes of starting: use it with `&` or in ( )
# await_mount [PID [DIR]]	returns when DIR ($MM) is mounted; fails when PID ends before
# stop_mmfs		unmounts; the daemon must end with 0. A daemon of another start: stop_mmfs PID
# kill_mmfs		SIGKILL to all of it, and takes the dead mount away (`kill_mmfs keep` leaves it)
# restart_mmfs [OPTION…]
# await_end PID		returns when the process has ended (zombies have); sets $status if it was a child
# make_image NAME SIZE FSTYPE [UUID [LABEL]]	$TMP/NAME; FSTYPE ext4 xfs swap btrfs squashfs or blank
# attach NAME [N [LOSETUP-OPTION…]]	sets $device to the node; the lowest free N if none is given
# attach_two [LABEL]	images a (ext4) and b (swap) at 01 and 02: nodes $a and $b, unique IDs $id_a and $id_b
# detach DEVICE|N	waits until the kernel has let go of it
# settle		until udevd and mmfs have dealt with all that has happened
# settle_udevd		the same without a daemon
# request OPERATION LINE	writes one line to a control file
# ask OPERATION LINE	the same, and shows the reply (the status is that of the write)
# epic, points		the epic number; the file `points`
# links [DEVICE]	link names without their Volume{…} names, one per line (of one device)
# volume_folder DEVICE	the folder in ids/ of the volume on a device
# require PROGRAM…	skips the case if one is not installed
# skip REASON		ends the case with 77
# fail SENTENCE		ends it with 1, showing where, and the daemon's messages
# expect_equal EXPECTED ACTUAL [WHAT]
# expect_match REGEX ACTUAL [WHAT]	extended, anywhere in it
# expect_ok COMMAND…	status 0 and nothing on stderr; stdout goes through
# expect_fail ERRNO COMMAND…	status not 0 and the text of ERRNO on stderr (ERRNO - : any text)
# expect_refused ERRNO OPERATION LINE	a request that fails: also points, history and epic number are as before,
#			and the newest line of error_log is about it
# expect_refused_by ERRNO OPERATION COMMAND…	the same of a command (`ln -s`: create_point, `mv`: rename)
# await COMMAND…	repeats it until it succeeds, at most 60 s

set -eEu -o pipefail
shopt -s inherit_errexit
export LC_ALL=C.UTF-8 TZ=UTC
unset CDPATH NOTIFY_SOCKET XDG_STATE_HOME
umask 022

case_name=$(basename "$0" .sh)
mmfs_pid=
status=
device=
lib_locks=/run/lock/mmfs-test

skip()
{
	echo "SKIP: $case_name: $*"
	exit 77
}

fail()
{
	local i

	trap - ERR
	{
		echo "FAIL: $case_name: $*"
		for ((i = 1; i < ${#FUNCNAME[@]}; i++)); do
			echo "    at ${BASH_SOURCE[i]##*/}:${BASH_LINENO[i - 1]}"
		done
	} >&2
	if [ "$BASHPID" != $$ ]; then
		echo "$*" >>"$TMP/failed" # whatever becomes of the subshell's status and messages
		exit 1
	fi
	lib_show_log
	exit 1
}

lib_show_log()
{
	if [ -n "${LOG-}" ] && [ -s "$LOG" ]; then
		echo "the daemon said:"
		sed 's/^/    /' "$LOG" | tail -n 200
	fi >&2
}

require()
{
	local program

	for program; do
		command -v "$program" >/dev/null || skip "there is no $program"
	done
}

# --- the case's surroundings ---------------------------------------------------------------------

lib_begin()
{
	local slot=70

	[ "$(id -u)" = 0 ] || skip "only root can attach loop devices"
	[ -c /dev/fuse ] || skip "there is no /dev/fuse"
	[ -c /dev/loop-control ] || skip "there are no loop devices"
	[ -x /lib/systemd/systemd-udevd ] || skip "there is no udevd"
	require losetup flock findmnt udevadm setpriv jq
	[ -x "${MMFS-}" ] || { echo "\$MMFS must be the binary under test" >&2; exit 2; }
	MMFS=$(realpath "$MMFS")

	mkdir -p "$lib_locks"
	# Two of one case, of different builds, would have disks with the same UUID: btrfs and xfs
	# mount one of them only.
	exec {lib_case_fd}>"$lib_locks/case-$case_name"
	flock -w 600 "$lib_case_fd" || true
	truncate -s 4096 "$lib_locks/marker"
	until lib_take_slot /dev/loop90$slot; do
		((++slot < 100)) || skip "all ranges of loop devices are in use"
	done
	LOOP=/dev/loop$slot
	DEVICES="loop$slot??:loop$slot??p*"
	TMP=$(mktemp -d "${TMPDIR:-/tmp}/mmfs-fs-$case_name.XXXXXX")
	chmod 755 "$TMP"
	MM=$TMP/mnt
	CTL=$MM/control
	DB=$TMP/names.db
	LOG=$TMP/log
	mkdir "$MM"
	: >"$LOG"
	trap lib_end EXIT
	trap 'exit 1' HUP INT TERM
	trap 'fail "this command failed: $BASH_COMMAND"' ERR
	lib_detach_all # of a case that was killed
	lib_join_udevd
	export MMFS MM CTL DB TMP LOG LOOP DEVICES
	# Sanitizers must not be silent about what the daemon's children do, nor stop short of leaks.
	export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}abort_on_error=0:exitcode=99"
	export UBSAN_OPTIONS="${UBSAN_OPTIONS:+$UBSAN_OPTIONS:}print_stacktrace=1:exitcode=99"
}

# Loop devices are the kernel's: a lock that holds in every container and chroot is one of them. This
# one is detached by the kernel when the case has ended.
lib_take_slot()
{
	losetup "$1" "$lib_locks/marker" 2>/dev/null || return 1
	exec {lib_slot_fd}<"$1"
	losetup -d "$1"
}

# A second udevd would take the first one's socket away for good, so one that hangs counts as well.
lib_udevd_runs()
{
	local errors

	errors=$(udevadm control --ping --timeout=10 2>&1) ||
		[[ $errors != *"Connection refused"* && $errors != *"No such file"* ]]
}

# udevd is shared by the cases that run: who finds none starts one, who is last ends that.
lib_join_udevd()
{
	local mutex

	exec {mutex}>"$lib_locks/mutex"
	flock "$mutex"
	exec {lib_users_fd}>"$lib_locks/users"
	if ! lib_udevd_runs; then
		setsid /lib/systemd/systemd-udevd </dev/null >/dev/null 2>&1 \
			{mutex}>&- {lib_users_fd}>&- {lib_slot_fd}>&- {lib_case_fd}>&- &
		echo $! >"$lib_locks/udevd-pid"
		disown $! # it ends with the last case
		await lib_udevd_runs
	fi
	flock -s "$lib_users_fd"
	exec {mutex}>&-
	# A case before may have left it much to do, and mmfs waits no longer than some seconds for it.
	settle_udevd || true
}

lib_leave_udevd()
{
	local mutex pid

	exec {mutex}>"$lib_locks/mutex"
	flock "$mutex"
	exec {lib_users_fd}>&-
	exec {lib_users_fd}>"$lib_locks/users"
	if flock -n "$lib_users_fd" && [ -s "$lib_locks/udevd-pid" ]; then
		pid=$(cat "$lib_locks/udevd-pid")
		if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = systemd-udevd ]; then
			kill "$pid"
			await lib_is_ended "$pid"
		fi
		: >"$lib_locks/udevd-pid"
	fi
	exec {lib_users_fd}>&- {mutex}>&-
}

lib_detach_all()
{
	local loop

	# What a case that was killed has added itself outlives what it was added to.
	for loop in "/sys/block/${LOOP#/dev/}"[0-9][0-9]/loop*p1; do
		[ ! -e "$loop" ] || partx -d --nr 1:16 "/dev/$(basename "${loop%/*}")" 2>/dev/null || true
	done
	for loop in "/sys/block/${LOOP#/dev/}"[0-9][0-9]/loop/backing_file; do
		[ -e "$loop" ] || continue
		loop=${loop%/loop/*}
		losetup -d "/dev/${loop##*/}" || true
	done
}

lib_unmount_all()
{
	local target

	# The last mounted first. What findmnt cannot look at (dead daemons) mountinfo still lists.
	awk -v tmp="$TMP/" 'index($5, tmp) == 1 { print $5 }' /proc/self/mountinfo | tac |
		while read -r target; do
			umount -l "$target" || true
		done
}

lib_end()
{
	local code=$? pid

	set +eE
	trap - ERR EXIT
	trap '' HUP INT TERM
	! declare -F at_end >/dev/null || at_end
	lib_unmount_all
	if [ "$code" = 0 ] && [ -e "$TMP/failed" ]; then
		echo "FAIL: $case_name: in a subshell: $(cat "$TMP/failed")" >&2
		code=1
	fi
	for pid in $mmfs_pid $(jobs -p); do
		! lib_is_ended "$pid" || continue
		kill "$pid" 2>/dev/null
		if ! (lib_within 10 lib_is_ended "$pid"); then
			kill -KILL "$pid" 2>/dev/null
			[ "$code" != 0 ] || { echo "FAIL: $case_name: process $pid would not end" >&2; code=1; }
		fi
	done
	cat "$TMP"/sanitizer.* >>"$LOG" 2>/dev/null
	if grep -qE 'runtime error|Sanitizer|[Aa]ssert|stack smashing|Segmentation' "$LOG"; then
		[ "$code" != 0 ] || lib_show_log
		echo "FAIL: $case_name: the daemon said something suspicious" >&2
		code=1
	fi
	lib_detach_all
	lib_leave_udevd
	if [ -n "${KEEP-}" ]; then
		echo "left: $TMP"
	else
		rm -rf --one-file-system "$TMP"
	fi
	exit "$code"
}

# --- waiting -------------------------------------------------------------------------------------

lib_is_ended()
{
	local stat

	read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
	[[ ${stat##*) } == [ZX]* ]]
}

lib_within()
{
	local limit=$((SECONDS + $1))

	shift
	until "$@"; do
		[ "$SECONDS" -lt "$limit" ] || return 1
		sleep 0.01 # those who are waited for have work to do
	done
}

await()
{
	lib_within 60 "$@" || fail "waited in vain for: $*"
}

await_end()
{
	lib_within 60 lib_is_ended "$1" || fail "process $1 does not end: $(
		grep -s . "/proc/$1"/task/*/{comm,wchan,stack} || true)"
	status=
	wait "$1" 2>/dev/null && status=0 || status=$?
	[ "$status" != 127 ] || status=
}

lib_is_mounted()
{
	local target

	while read -r _ _ _ _ target _; do
		[ "$target" != "$1" ] || return 0
	done </proc/self/mountinfo
	return 1
}

lib_is_mounted_or_ended()
{
	lib_is_mounted "$1" || lib_is_ended "$2"
}

await_mount()
{
	local pid=${1-$mmfs_pid} dir=${2-$MM}

	lib_within 60 lib_is_mounted_or_ended "$dir" "$pid" || fail "the daemon has not mounted within 60 s"
	lib_is_mounted "$dir" || fail "the daemon has ended before it mounted"
	ls "$dir" >/dev/null
}

settle_udevd()
{
	udevadm settle --timeout=60
}

# A child of the shell that ends meanwhile interrupts it: once more, then.
settle()
{
	echo 1 2>/dev/null >"$CTL/settle" || echo 1 2>/dev/null >"$CTL/settle" || echo 1 >"$CTL/settle"
}

# --- the daemon ----------------------------------------------------------------------------------

run_mmfs()
{
	# The case's locks end with the case, not with a daemon that outlives it.
	exec {lib_slot_fd}>&- {lib_users_fd}>&- {lib_case_fd}>&-
	if [ "${1-}" != -f ]; then # in the background it has no stderr
		ASAN_OPTIONS+=":log_path=$TMP/sanitizer"
		UBSAN_OPTIONS+=":log_path=$TMP/sanitizer"
	fi
	exec "$MMFS" "$@"
}

start_mmfs()
{
	local options=("db=$DB" "devices=$DEVICES") option words=()

	[ -z "${MMFS_OPTIONS-}" ] || options+=("$MMFS_OPTIONS")
	options+=("$@")
	for option in "${options[@]}"; do
		words+=(-o "$option")
	done
	run_mmfs -f "${words[@]}" "$MM" </dev/null >>"$LOG" 2>&1 &
	mmfs_pid=$!
	await_mount
}

stop_mmfs()
{
	local pid=${1-$mmfs_pid}

	umount "$MM"
	await_end "$pid"
	[ "${status:-0}" = 0 ] || fail "the daemon ended with $status"
	mmfs_pid=
}

restart_mmfs()
{
	stop_mmfs
	start_mmfs "$@"
}

# The server dies, and another goes on.
replace_server()
{
	local server

	server=$(server_pid)
	kill -KILL "$server"
	await lib_has_another_server "$server"
	settle
}

lib_has_another_server() # THAN
{
	[[ $(server_pid) != "$1" ]]
}

server_pid()
{
	pgrep -x mmfs-server -P "${1-$mmfs_pid}"
}

# The process that has disks read.
prober_pid() # [KEEPER]
{
	pgrep -x mmfs-prober -P "$(server_pid "$@")"
}

find_keeper()
{
	local pid

	for pid in $(pgrep -f "$1"); do
		[[ $(cat "/proc/$pid/comm") == mmfs-* ]] || echo "$pid"
	done
}

# As if the machine had lost power: neither tidies up after the other.
kill_mmfs()
{
	local server tellers process

	server=$(server_pid)
	tellers=$(pgrep -x mmfs-teller -P "$server" || true) # which have the mount, too
	kill -STOP "$mmfs_pid"
	kill -KILL "$server"
	kill -KILL "$mmfs_pid"
	for process in "$mmfs_pid" "$server" $tellers; do
		await_end "$process"
	done
	mmfs_pid=
	[ "${1-}" = keep ] || umount -l "$MM"
}

# --- devices -------------------------------------------------------------------------------------

make_image()
{
	local image=$TMP/$1 size=$2 fstype=$3 uuid=${4-} label=${5-} empty

	truncate -s 0 "$image"
	truncate -s "$size" "$image"
	case $fstype in
	blank) ;;
	ext4) mkfs.ext4 -q -F -E nodiscard ${uuid:+-U "$uuid"} ${label:+-L "$label"} "$image" ;;
	xfs)
		require mkfs.xfs
		mkfs.xfs -q -f ${uuid:+-m uuid="$uuid"} ${label:+-L "$label"} "$image"
		;;
	btrfs)
		require mkfs.btrfs
		mkfs.btrfs -q -f ${uuid:+-U "$uuid"} ${label:+-L "$label"} "$image"
		;;
	swap) mkswap -q ${uuid:+-U "$uuid"} ${label:+-L "$label"} "$image" 2>/dev/null ;;
	squashfs)
		require mksquashfs
		empty=$(mktemp -d "$TMP/empty.XXXXXX")
		rm "$image"
		mksquashfs "$empty" "$image" -no-progress -quiet >/dev/null
		;;
	*) fail "make_image does not know $fstype" ;;
	esac
}

lib_is_bound()
{
	[ -e "/sys/block/${1#/dev/}/loop/backing_file" ]
}

# The kernel counts on after it has told everybody, and not when the backing file goes.
lib_has_other_media()
{
	[ "$(cat "/sys/block/${1#/dev/}/diskseq")" != "$2" ]
}

attach()
{
	local image=$TMP/$1 n=${2-}

	shift $(($# < 2 ? $# : 2))
	if [ -z "$n" ]; then
		for n in {00..99}; do
			! lib_is_bound "$LOOP$n" || continue
			break
		done
	fi
	device=$LOOP$n
	losetup "$@" "$device" "$image"
}

# shellcheck disable=SC2034 # for cases
attach_two()
{
	a=${LOOP}01
	b=${LOOP}02
	id_a=UUID=11111111-2222-3333-4444-555555555555
	id_b=UUID=aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee
	make_image a 16M ext4 "${id_a#UUID=}" "$@"
	make_image b 4M swap "${id_b#UUID=}"
	attach a 01
	attach b 02
}

detach()
{
	local node=$LOOP${1#"$LOOP"} before

	# While somebody reads it, it would stay until they are done.
	if [ -n "$mmfs_pid" ] && lib_is_mounted "$MM"; then
		settle
	else
		settle_udevd
	fi
	before=$(cat "/sys/block/${node#/dev/}/diskseq")
	losetup -d "$node"
	await lib_has_other_media "$node" "$before"
}

# --- the tree ------------------------------------------------------------------------------------

request()
{
	printf '%s\n' "$2" >"$CTL/$1"
}

ask()
{
	local fd

	exec {fd}<>"$CTL/$1"
	if ! printf '%s\n' "$2" >&"$fd"; then
		exec {fd}>&-
		return 1
	fi
	cat <&"$fd"
	exec {fd}>&-
}

epic()
{
	cat "$CTL/epic_number"
}

points()
{
	cat "$MM/points"
}

links()
{
	local LINK ID DEVICE line

	while read -r line; do
		eval "$line"
		case $LINK in
		/Volumes/*) ;;
		*) [ -n "${1-}" ] && [ "${1-}" != "$DEVICE" ] || printf '%s\n' "${LINK#/DosDevices/}" ;;
		esac
	done <"$MM/points"
	: "${ID-}"
}

volume_folder()
{
	local target

	target=$(readlink "$MM/devices/${1#/dev/}")
	echo "$MM/ids/${target#../ids/}"
}

# --- checks --------------------------------------------------------------------------------------

expect_equal()
{
	[ "$1" != "$2" ] || return 0
	if [[ $1$2 == *$'\n'* ]]; then
		fail "${3:-a text} differs:
$(diff --label expected --label found -u <(printf '%s\n' "$1") <(printf '%s\n' "$2") | sed '60s/.*/…/; 60q' || true)"
	fi
	fail "${3:-a value} is '$2' and not '$1'"
}

expect_match()
{
	[[ $2 =~ $1 ]] || fail "${3:-a value} is '$2' and does not match '$1'"
}

expect_ok()
{
	local errors code=0

	exec {lib_out}>&1
	errors=$(lib_try "$@" 2>&1 >&"$lib_out") || code=$?
	exec {lib_out}>&-
	[ "$code$errors" = 0 ] || fail "'$*' ended with $code and said: $errors"
}

# Runs what may fail, in a subshell.
lib_try()
{
	trap - ERR
	set +eE
	"$@"
}

lib_errno_text()
{
	case $1 in
	EACCES) echo "Permission denied" ;;
	EAGAIN) echo "Resource temporarily unavailable" ;;
	EBUSY) echo "Device or resource busy" ;;
	EMFILE) echo "Too many open files" ;;
	ENOBUFS) echo "No buffer space available" ;;
	EEXIST) echo "File exists" ;;
	EINVAL) echo "Invalid argument" ;;
	EIO) echo "Input/output error" ;;
	ELOOP) echo "Too many levels of symbolic links" ;;
	EMSGSIZE) echo "Message too long" ;;
	ENAMETOOLONG) echo "File name too long" ;;
	ENOENT) echo "No such file or directory" ;;
	ENOSPC) echo "No space left on device" ;;
	ENOTDIR) echo "Not a directory" ;;
	ENOTCONN) echo "Transport endpoint is not connected" ;;
	ENODEV) echo "No such device" ;;
	ETIMEDOUT) echo "Connection timed out" ;;
	ENOTTY) echo "Inappropriate ioctl for device" ;;
	ENOTSUP | EOPNOTSUPP) echo "Operation not supported" ;;
	EPERM) echo "Operation not permitted" ;;
	EROFS) echo "Read-only file system" ;;
	-) ;;
	*) fail "expect_fail does not know $1" ;;
	esac
}

expect_fail()
{
	local error=$1 errors code=0 text

	shift
	text=$(lib_errno_text "$error")
	errors=$(lib_try "$@" 2>&1 >/dev/null) || code=$?
	[ "$code" != 0 ] || fail "'$*' went well and not with $error"
	[[ $errors == *"$text"* ]] || fail "'$*' failed with '$errors' and not with $error"
}

# The value of KEY in a line of KEY="value" pairs.
lib_pair()
{
	[[ " $2" =~ \ $1=\"([^\"]*)\" ]] || fail "there is no $1 in: $2"
	printf '%s\n' "${BASH_REMATCH[1]}"
}

# What an operation may fail with, as the manual has it.
lib_list_errors()
{
	"$MMFS" --operations | awk -F '\t' -v name="$1" '
		$1 == "operation" && $2 == name { print $7 }
		$1 == "errors" && ($2 == "any" || (name == "rename" && $2 == "mv")) { print $3 }'
}

# That the newest line of error_log, which must not be $3, tells of this failure, which is listed.
expect_logged()
{
	local error=$1 operation=$2 before=$3 line

	line=$(tail -n 1 "$CTL/error_log")
	[ "$line" != "$before" ] || fail "error_log says nothing of this failed $operation"
	expect_equal "$operation" "$(lib_pair OPERATION "$line")" "the operation in error_log"
	expect_equal "$error" "$(lib_pair ERRNO "$line")" "the errno in error_log"
	[[ $(lib_pair WHY "$line") == *[a-z]*\ *[a-z]* ]] || fail "error_log has no sentence: $line"
	[[ $(lib_list_errors "$operation" | xargs) =~ (^| )$error($| ) ]] || fail "$operation is not to fail with $error"
}

# COMMAND fails with ERRNO as OPERATION does, and changes nothing.
expect_refused_by()
{
	local error=$1 operation=$2 points_before epic_before history_before log_before

	shift 2
	points_before=$(points)
	epic_before=$(epic)
	history_before=$(cat "$MM/history")
	log_before=$(tail -n 1 "$CTL/error_log")
	expect_fail "$error" "$@"
	expect_equal "$points_before" "$(points)" "points after the failed '$*'"
	expect_equal "$epic_before" "$(epic)" "the epic number after the failed '$*'"
	expect_equal "$history_before" "$(cat "$MM/history")" "the history after the failed '$*'"
	expect_logged "$error" "$operation" "$log_before"
}

expect_refused()
{
	expect_refused_by "$1" "$2" request "$2" "$3"
}

lib_begin
