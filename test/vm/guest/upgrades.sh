#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # check calls the functions
#
# The service is upgraded, and its server dies in each way, alone and in the middle of an upgrade, while
# eight clients do all that can be done (see unkillable.c). No call of theirs fails, and systemd has
# nothing to tell. $ROUNDS says how often.

. "$(dirname "$0")/lib.sh"

ids=(UUID=6d6d6673-0004-4000-8000-000000000001 UUID=6d6d6673-0004-4000-8000-000000000002)
program=$(readlink "/proc/$(systemctl show --property MainPID --value mmfs.service)/exe")
original=/run/mmfs-original
base=$("$program" --version | sed -n '1s/^mmfs //p')
ways=(KILL SEGV ABRT OOM)
number=0 # of the version that is installed
game=    # process
state=   # of the service, and of its mount
keeper=  # process
group=   # folder of its control group
kept="number state keeper group"
echo -1000 >"/proc/$$/oom_score_adj" # should a server be gone at the moment, it is not clients that are ended
# A client without its share of time would have the lock of a folder for longer than a second, which is longer
# than others wait.
renice -n -10 $$ >/dev/null

show()
{
	systemctl show --property "$1" --value mmfs.service
}

# Each is newer than the one before, and as long, so that it can be put in its place. The end stays: that may
# be the end of other texts of the program, too.
version_of() # NUMBER
{
	local firsts=123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz

	echo "${firsts:$1-1:1}${base#?}"
}

# As a package does it: another file takes the name.
put() # FILE
{
	chmod 755 "$1"
	mv "$1" "$program"
}

install_version() # VERSION
{
	sed "s/${base//./\\.}/$1/g" "$original" >"$program.new"
	put "$program.new"
}

has_version() # VERSION
{
	[ "$(cat "$CTL/version")" = "mmfs $1" ]
}

get_server()
{
	cat "$CTL/server_pid"
}

has_another_server() # THAN
{
	[ "$(get_server)" != "$1" ]
}

# Of the control group, by now.
count_oom_kills()
{
	sed -n 's/^oom_kill //p' "$group/memory.events"
}

count_said() # PATTERN
{
	journalctl --boot --no-pager --output cat --unit mmfs.service | grep -c "$1" || true
}

# The same process, the same mount.
describe_service()
{
	systemctl show --property MainPID,NRestarts,Result,ActiveState,SubState mmfs.service | sort | xargs
	grep " $MM .* - fuse.mmfs " /proc/1/mountinfo
}

# What the keeper has: descriptors, memory of its own without files, and memory that it keeps for servers, in
# KiB.
measure_keeper()
{
	local fd blocks=0

	for fd in "/proc/$keeper/fd"/*; do
		case $(readlink "$fd") in
		/memfd:mmfs*) blocks=$(stat -L -c %b "$fd") ;;
		esac
	done
	echo "$(find "/proc/$keeper/fd" -type l | wc -l)" \
		"$(sed -n 's/^RssAnon:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$keeper/status")" $((blocks / 2))
}

# --- clients -------------------------------------------------------------------------------------

begin_game()
{
	local end_of_game

	rm -f /run/game
	mkfifo /run/game
	timeout $((300 + 60 * ROUNDS)) /opt/vm/unkillable -e -k 0 -s "$SEED" "$MM" "${ids[@]}" </run/game >/run/game-said 2>&1 &
	game=$!
	exec {end_of_game}>/run/game # it goes on until that is closed
	ends=$end_of_game
	await [ -L "$MM/DosDevices/fixed1" ]
}

expect_playing()
{
	kill -0 "$game" 2>/dev/null || fail "a client was disturbed: $(cat /run/game-said)"
}

end_game()
{
	expect_playing
	exec {ends}>&-
	wait "$game" || fail "a client was disturbed: $(cat /run/game-said)"
	note "${FUNCNAME[1]}: $(cat /run/game-said)"
	expect_equal "$state" "$(describe_service)" "the service"
}

# --- ends ----------------------------------------------------------------------------------------

# OOM: the killer of the kernel, which takes who has the highest score.
# False: there is no such process.
strike() # SIGNAL SERVER
{
	case $1 in
	OOM)
		echo 1000 >"/proc/$2/oom_score_adj" || return
		echo f >/proc/sysrq-trigger
		;;
	*) kill -"$1" "$2" ;;
	esac
}

end_server() # SIGNAL
{
	local server kills

	server=$(get_server)
	kills=$(count_oom_kills)
	strike "$1" "$server"
	await has_another_server "$server"
	[ "$1" != OOM ] || kills=$((kills + 1))
	expect_equal "$kills" "$(count_oom_kills)" "how many were killed for want of memory"
	expect_playing
}

sleep_at_most() # MILLISECONDS
{
	sleep "$(printf '0.%03d' $((RANDOM % $1)))"
}

# --- the checks ----------------------------------------------------------------------------------

prepare()
{
	local folder=/run/systemd/system/mmfs.service.d disk i=0

	for disk in one two; do
		mkswap -q -U "${ids[i++]#UUID=}" "/dev/disk/by-id/virtio-vm-$disk"
	done
	cp "$program" "$original"
	mkdir -p "$folder"
	printf '[Service]\nEnvironment=MMFS_CRASH_ENDLESS=1\n' >"$folder/endless.conf"
	systemctl daemon-reload
	systemctl restart mmfs.service
	settle
	for i in 0 1; do
		[ -e "$MM/ids/${ids[i]}" ] || fail "there is no ${ids[i]}"
	done
	state=$(describe_service)
	expect_match '^ActiveState=active MainPID=[0-9]+ NRestarts=0 Result=success SubState=running' \
		"$state" "the service"
	keeper=$(show MainPID)
	group=/sys/fs/cgroup$(show ControlGroup)
}

upgrade()
{
	local version

	number=$((number + 1))
	version=$(version_of "$number")
	install_version "$version"
	expect_equal "mmfs $version serves $MM" "$(mmctl upgrade)" "what mmctl says"
	has_version "$version" || fail "this is no mmfs $version"
	expect_playing
	expect_equal "$state" "$(describe_service)" "the service"
}

# Of the keeper, from one moment of the game to another.
expect_no_growth() # DESCRIPTORS KIB KIB
{
	local now

	read -ra now < <(measure_keeper)
	note "the keeper: ${now[0]} descriptors, ${now[1]} KiB, and ${now[2]} KiB that it keeps"
	expect_equal "$1" "${now[0]}" "how many descriptors the keeper has"
	[ "${now[1]}" -le $(($2 + 512)) ] || fail "the keeper has grown from $2 to ${now[1]} KiB"
	[ "${now[2]}" -le $(($3 + 4096)) ] || fail "what it keeps has grown from $3 to ${now[2]} KiB"
}

upgrades()
{
	local before i

	begin_game
	upgrade
	read -ra before < <(measure_keeper)
	for ((i = 1; i < ROUNDS; i++)); do
		upgrade
	done
	expect_no_growth "${before[@]}"
	end_game
}

ends()
{
	local before i way

	begin_game
	end_server KILL
	read -ra before < <(measure_keeper)
	for ((i = 0; i < ROUNDS; i++)); do
		for way in "${ways[@]}"; do
			sleep_at_most 300
			end_server "$way"
		done
	done
	expect_no_growth "${before[@]}"
	end_game
	expect_equal $((1 + 4 * ROUNDS)) "$(count_said 'the server has died: .*: another one goes on')" "how many died"
}

# At any moment of it; the keeper may have ended that server by itself already.
upgrades_with_ends()
{
	local version i upgrading

	begin_game
	for ((i = 0; i < ROUNDS; i++)); do
		number=$((number + 1))
		version=$(version_of "$number")
		install_version "$version"
		mmctl upgrade >/run/upgrade-said 2>&1 &
		upgrading=$!
		sleep_at_most 500
		strike "${ways[i % 4]}" "$(get_server)" 2>/dev/null || true # it may just have ended
		wait "$upgrading" || fail "the upgrade has failed: $(cat /run/upgrade-said)"
		has_version "$version" || fail "this is no mmfs $version"
		expect_playing
	done
	end_game
}

# Nothing changes when the installed one is older, and when the database is too new for it.
refusals()
{
	local before server said

	begin_game
	before=$(version_of "$number")
	install_version "$base"
	for _ in 1 2 3; do
		server=$(get_server)
		! said=$(mmctl upgrade 2>&1) || fail "an older one has taken over"
		expect_match "the installed mmfs $base is older than the mmfs $before that runs: nothing has changed" \
			"$said" "what mmctl says"
		expect_equal "$server" "$(get_server)" "the server"
	done
	install_version "$(version_of $((number + 1)))"
	mv "$program" /run/mmfs-newer
	# shellcheck disable=SC2016 # these are lines of a script
	printf '%s\n' '#!/bin/sh' '# It is asked about a newer format than it knows.' 'case $1 in' \
		'--can-follow=*) word=${1%:*}:$((${1##*:} + 1)); shift; set -- "$word" "$@" ;;' \
		'esac' 'exec /run/mmfs-newer "$@"' >"$program.new"
	put "$program.new"
	! said=$(mmctl upgrade --timeout=5 2>&1) || fail "one that cannot read the database has taken over"
	expect_match "has not taken over: its log says why" "$said" "what mmctl says"
	has_version "$before" || fail "this is no mmfs $before"
	expect_equal "$server" "$(get_server)" "the server"
	expect_equal 1 "$(count_said 'the installed mmfs cannot go on from this one')" "how often the log says why"
	end_server KILL # another one of the program that runs goes on, whatever is installed
	has_version "$before" || fail "this is no mmfs $before"
	end_game
}

for test in prepare upgrades ends upgrades_with_ends refusals; do
	check $test
done
finish
