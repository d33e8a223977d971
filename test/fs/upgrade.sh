#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mmctl upgrade: the installed program takes over, or nothing changes.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

own=$(realpath "$MMFS")
mmctl=$(realpath "${MMFS%/*}")/mmctl
MMFS=$TMP/mmfs
version=$("$own" --version | sed -n '1s/^mmfs //p')
next=9${version#?} # as long, so that it can be put in its place; its end may be the end of other texts

install_version() # VERSION
{
	sed "s/${version//./\\.}/$1/g" "$own" >"$TMP/new"
	chmod 755 "$TMP/new"
	mv "$TMP/new" "$MMFS"
}

install_script() # LINE...
{
	printf '%s\n' '#!/bin/sh' "$@" >"$TMP/new"
	chmod 755 "$TMP/new"
	mv "$TMP/new" "$MMFS"
}

upgrade()
{
	"$mmctl" -m "$MM" upgrade "$@"
}

# What is running, and that it is what was there before.
expect_version() # VERSION
{
	expect_equal "mmfs $1" "$(cat "$CTL/version")" "the version"
	expect_equal "$keeper" "$(sed -n 's/^PPid:\t//p' "/proc/$(cat "$CTL/server_pid")/status")" "the keeper"
	expect_equal "${LOOP}00" "$(readlink "$MM/DosDevices/one")" "a link"
	expect_equal "$nodes" "$(stat -c '%i %n' "$MM/DosDevices/one" "$MM/points")" "the inodes"
	expect_equal 1 "$(count_mounts)" "the number of mounts"
}

expect_refused() # PATTERN [OPTION...]
{
	local said pattern=$1 server

	shift
	server=$(cat "$CTL/server_pid")
	! said=$(upgrade "$@" 2>&1) || fail "the upgrade was not refused"
	expect_match "$pattern" "$said" "what mmctl says"
	expect_equal "$server" "$(cat "$CTL/server_pid")" "the server"
}

make_image a 1M swap "$(number_uuid 1)"
attach a 00
install_version "$version"
for way in foreground background; do
	rm -f "$DB"*
	if [ $way = foreground ]; then
		run_mmfs -f -o "db=$DB,devices=$DEVICES" "$MM" </dev/null >>"$LOG" 2>&1 &
		mmfs_pid=$!
		await_mount
	else
		# Words that are not absolute mean what they meant.
		(cd "$TMP" && run_mmfs -o "db=${DB##*/},devices=$DEVICES" "${MM##*/}" </dev/null)
		mmfs_pid=$(find_keeper "devices=${LOOP#/dev/}")
	fi
	keeper=$mmfs_pid
	ln -s "UUID=$(number_uuid 1)" "$MM/DosDevices/one"
	nodes=$(stat -c '%i %n' "$MM/DosDevices/one" "$MM/points")
	expect_version "$version"
	cd "$MM/DosDevices"

	# The same again, then another one; a newer one is followed by none that is older.
	expect_equal "mmfs $version serves $MM" "$(upgrade)" "what mmctl says"
	expect_version "$version"
	install_version "$next"
	expect_equal "mmfs $next serves $MM" "$(upgrade)" "what mmctl says"
	expect_version "$next"
	for _ in 1 2 3 4 5 6; do # these are no crashes
		upgrade --quiet
	done
	expect_version "$next"
	expect_equal one "$(basename -a -- *)" "the folder that somebody stands in"
	install_version "$version"
	expect_refused "the installed mmfs $version is older than the mmfs $next that runs: nothing has changed"

	# One that does not know what it is to go on from, one that is none, none at all.
	install_script "echo 'mmfs 99.0'" "exit 1"
	expect_refused "has not taken over: its log says why" --timeout=0.5
	# One that cannot read the database, whatever it says of its version: it is told of a newer format.
	install_version "$next"
	mv "$MMFS" "$TMP/next"
	# shellcheck disable=SC2016 # these are lines of a script
	install_script 'case $1 in' '--can-follow=*) word=${1%:*}:$((${1##*:} + 1)); shift; set -- "$word" "$@" ;;' \
		'esac' "exec $TMP/next \"\$@\""
	expect_refused "has not taken over: its log says why" --timeout=0.5
	expect_version "$next"
	install_script "exit 0"
	expect_refused "is no mmfs that runs: nothing has changed"
	rm "$MMFS"
	expect_refused "is no mmfs that runs: nothing has changed"
	expect_version "$next"

	# Each is a keeper like any other.
	install_version "$next"
	kill -KILL "$(cat "$CTL/server_pid")"
	expect_version "$next"
	cd /
	kill -TERM "$keeper"
	await lib_is_ended "$keeper"
	mmfs_pid=
	expect_equal 0 "$(count_mounts)" "the number of mounts at the end"
	await no_daemons
	install_version "$version"
done

# It ends by umount, too, and is no keeper any more.
start_mmfs
upgrade --quiet
umount "$MM"
await_end "$mmfs_pid"
expect_equal 0 "$status" "the status after umount"
mmfs_pid=

# What happens while the installed one is asked: the server dies, before or together with the answer;
# somebody unmounts. What is asked for while no server is ready is done when there is one.
# shellcheck disable=SC2016 # these are lines of a script
install_slow()
{
	install_version "$next"
	mv "$MMFS" "$TMP/next"
	install_script 'case $1 in' "--can-follow=*) : >$TMP/asked" \
		"while [ ! -e $TMP/go ]; do sleep 0.02; done; exit 0 ;;" 'esac' "exec $TMP/next \"\$@\""
	rm -f "$TMP/asked" "$TMP/go"
}

has_another_server() # THAN
{
	[[ $(cat "$CTL/server_pid") != "$1" ]]
}

has_version() # VERSION
{
	[ "$(cat "$CTL/version")" = "mmfs $1" ]
}

for when in before with; do
	start_mmfs
	keeper=$mmfs_pid
	server=$(cat "$CTL/server_pid")
	install_slow
	upgrade >"$TMP/said" &
	asking=$!
	await test -e "$TMP/asked"
	[ $when = before ] || kill -STOP "$keeper"
	kill -KILL "$server"
	[ $when = with ] || has_another_server "$server"
	asked=$(pgrep -P "$keeper" -f can-follow)
	: >"$TMP/go"
	await lib_is_ended "$asked"
	kill -CONT "$keeper"
	wait "$asking" || fail "the upgrade has failed whose server died $when the answer"
	expect_equal "mmfs $next serves $MM" "$(cat "$TMP/said")" "what mmctl says ($when)"
	stop_mmfs
	install_version "$version"
done

start_mmfs
keeper=$mmfs_pid
install_slow
kill -USR2 "$keeper"
await test -e "$TMP/asked"
kill -STOP "$keeper"
"$helpers/unmount" "$MM"
asked=$(pgrep -P "$keeper" -f can-follow)
: >"$TMP/go"
await lib_is_ended "$asked"
kill -CONT "$keeper"
await_end "$keeper"
mmfs_pid=
expect_equal 0 "$status" "the status after umount while the installed one was asked"
install_version "$version"

# Who waits for it is told when there is nobody any more who could.
start_mmfs
install_slow
lib_try upgrade >"$TMP/said" 2>&1 &
asking=$!
await test -e "$TMP/asked"
kill -TERM "$mmfs_pid"
await_end "$mmfs_pid"
expect_equal 0 "$status" "the status after SIGTERM while the installed one was asked"
mmfs_pid=
await_end "$asking"
expect_equal 3 "$status" "the status of who waited for it"
expect_match "mmfs is not mounted at $MM" "$(cat "$TMP/said")" "what mmctl says"
: >"$TMP/go"
install_version "$version"

start_mmfs
install_version "$next"
kill -STOP "$mmfs_pid"
kill -KILL "$(server_pid)"
kill -USR2 "$mmfs_pid"
kill -CONT "$mmfs_pid"
await has_version "$next"
stop_mmfs
install_version "$version"

# With auto_unmount somebody would unmount.
run_mmfs -f -o "db=$DB,devices=$DEVICES,auto_unmount" "$MM" </dev/null >>"$LOG" 2>&1 &
mmfs_pid=$!
await_mount
expect_refused "has not taken over: its log says why" --timeout=0.5
expect_match "with auto_unmount no other program can take over" "$(cat "$LOG")" "the log"
stop_mmfs
sed -i '/the server has died/d' "$LOG" # which would be suspicious
