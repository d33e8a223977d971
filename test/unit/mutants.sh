#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Breaks the rules of the machines one by one, as mutants.list says, and plays the game of each: it
# must notice. A game that notices nothing proves nothing.
#
#	mutants.sh FOLDER OF LIBRARIES, COMPILER…	and in $MMFS_MUTANT one alone: a part of its name

set -eu

tests=$(dirname "$(realpath "$0")")
root=$tests/../..
build=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags=(-std=gnu11 -O1 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -w -I"$root/include" -DSCRIPTS='""')
read -r -a check <<<"$(pkg-config --cflags --libs check)"
libraries=("$build"/test/unit/lib{queue,stage,unit}.a "$build"/lib{machines,core,base}.a)
[ ! -e "$build/libsession.a" ] || libraries=("$build/libsession.a" "${libraries[@]}")
count=0
failed=0
running=0
most=$(nproc) # mutants that are played at a time

compile()
{
	"${compiler[@]}" "${flags[@]}" "$@"
}
compiler=("$@")

# What a game is made of beside the machine.
get_sources() # GAME
{
	echo "test-$1.c"
	case $1 in
	discovery-random) echo disks.c ;;
	older-copy) echo session-stage.c engine.c ;;
	publish-random) echo publish-stage.c ;;
	races-random) echo peers.c ;;
	session-random) echo session-world.c engine.c ;;
	esac
}

build_game() # GAME
{
	local source

	[ ! -d "$work/$1" ] || return 0
	mkdir "$work/$1"
	for source in $(get_sources "$1"); do
		compile -c "$tests/$source" -o "$work/$1/${source%.c}.o"
	done
}

fail()
{
	echo "not ok: $1: $2"
	return 1
}

# Builds one mutant and its game in a folder of its own.
play() # NAME FILE GAME[ CASE] OLD NEW
{
	local name=$1 game=${3%% *} own=$work/$BASHPID only=() text rest said result=0

	text=$(<"$root/src/$2")
	rest=${text#*"$4"}
	if [ "$rest" = "$text" ] || [[ $rest == *"$4"* ]]; then
		fail "$name" "$2 does not have these lines once"
		return
	fi
	mkdir "$own"
	printf '%s\n' "${text%%"$4"*}$5$rest" >"$own/mutant.c"
	if ! compile -I"$root/src/${2%/*}" -c "$own/mutant.c" -o "$own/mutant.o" ||
		! compile -o "$own/game" "$own/mutant.o" "$work/$game"/*.o "${libraries[@]}" "${check[@]}" -pthread; then
		fail "$name" "it cannot be built"
		return
	fi
	[ "$game" = "$3" ] || only=(CK_RUN_CASE="${3#* }")
	said=$(env "${only[@]}" timeout 300 "$own/game" 2>&1) || result=$?
	rm -r "$own"
	said=$(grep -o 'Checks: .*' <<<"$said") || said="no end after 300 s"
	case $result in
	1) echo "ok: $name ($game: $said)" ;;
	*) fail "$name" "$3 has not noticed ($said)" ;;
	esac
}

take_one()
{
	wait -n || failed=$((failed + 1))
	running=$((running - 1))
}

begin() # as play
{
	[[ $1 == *"${MMFS_MUTANT:-}"* ]] || return 0
	build_game "${3%% *}"
	[ "$running" -lt "$most" ] || take_one
	play "$@" &
	running=$((running + 1))
	count=$((count + 1))
}

name=
while IFS= read -r line || [ "$name" ]; do
	case $line in
	'== '*)
		name=${line#== } file='' game='' old='' new=''
		;;
	'file '*) file=${line#file } ;;
	'game '*) game=${line#game } ;;
	'-'*) old+=${old:+$'\n'}${line#-} ;;
	'+'*) new+=${new:+$'\n'}${line#+} ;;
	'')
		[ -z "$name" ] || begin "$name" "$file" "$game" "$old" "$new"
		name=
		;;
	esac
done <"$tests/mutants.list"
while [ "$running" -gt 0 ]; do
	take_one
done
[ "$count" -gt 0 ] || fail "mutants.list" "no mutant has such a name"
echo "$count mutants, $failed not noticed"
[ "$failed" = 0 ]
