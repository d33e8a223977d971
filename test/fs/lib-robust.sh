# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the cases about coherence, crashes and storms share, on top of lib.sh.
#
#	$helpers		where the programs of this folder are
#	tree_points		what `points` should say, collected from the links and ids/ one by one
#	expect_sound		that it does, and that there is nothing else
#	show_tree [DIR]		all that the tree at DIR ($MM) says of devices and names, but for times
#	expect_fresh [OPTION…]	that a daemon that starts now, with a copy of the database, shows the same
#	start_over [OPTION…]	as start_mmfs, maybe over a mount whose daemon is dead
#	await_crash		returns when keeper and server have died, and takes their mount away; for
#				$MMFS_CRASH_AT the keeper does so, too, where this is included
#	expect_known WHEN	that the names are what `scribe`, told to write to $TMP/known, says was
#				acknowledged, or that with the write under way; it goes on from there
#	number_uuid N		a UUID made of a number
#	count_mounts		how many mounts there are on $MM
#	metric NAME		the value of a counter
#	is_sanitized		whether the daemon was built with a sanitizer, which keeps what is freed
#	start_apart PROPAGATION	a process that does nothing in a mount namespace of its own, $apart
#	plain_or_sanitized N M	N, or M where sanitizers make it several times slower: for numbers of rounds
#	is_waiting PID NAME [COUNT]	whether the process, in so many threads, waits in a call on the
#				open file NAME of the tree
#	find_daemons		the processes of this case's daemons and their helpers
#	no_daemons		whether there are none
#	use_many FIRST COUNT	images many-0, … with swap; loop devices from FIRST are detached and
#				removed at the end
#	expect_many FIRST COUNT [IMAGE]	these loop devices carry the images from many-IMAGE on, and the tree
#				shows these and no others

helpers=${MMFS%/*}/test/fs
export MMFS_CRASH_ALL=yes

number_uuid()
{
	printf '00000000-0000-4000-8000-%012d\n' "$1"
}

tree_points()
{
	local folder id node link

	for folder in "$MM"/ids/*/; do
		[ -d "$folder" ] || continue # there are none
		read -r id <"$folder/unique_id"
		node=$(readlink "$folder/device") || node=
		target=${node:-../ids/$(basename "$folder")/device} # that of an absent volume leads nowhere
		while read -r link; do
			expect_equal "$target" "$(readlink "$MM$link")" "the target of $link" >&2
			printf 'LINK="%s" ID="%s" DEVICE="%s"\n' "$link" "$id" "$node"
		done <"$folder/links"
	done | sort
}

expect_sound()
{
	local found

	found=$(printf '%b' "$(points)") # its escapes undone
	expect_equal "$(tree_points)" "$(sort <<<"$found")" "points (after the tree's links)"
	expect_equal "$(sed 's/^LINK="\([^"]*\)".*/\1/' <<<"$found" | sort)" \
		"$(cd "$MM" && find DosDevices Volumes -type l -printf '/%p\n' | sort)" "the list of links"
}

show_tree()
{
	(
		cd "${1-$MM}"
		find . -path ./control -prune -o -printf '%P %y %l\n'
		grep -r '' ids points control/unprocessed || true
	) | sort
}

expect_fresh()
{
	local option words=() pid dir=$TMP/fresh

	for option in "db=$dir.db" "devices=$DEVICES" ${MMFS_OPTIONS:+"$MMFS_OPTIONS"} "$@"; do
		words+=(-o "$option")
	done
	mkdir -p "$dir"
	cp "$DB" "$dir.db"
	rm -f "$dir.db-wal"
	[ ! -e "$DB-wal" ] || cp "$DB-wal" "$dir.db-wal"
	run_mmfs -f "${words[@]}" "$dir" </dev/null >"$dir.log" 2>&1 &
	pid=$!
	await_mount "$pid" "$dir"
	show_tree "$dir" >"$dir.tree"
	umount "$dir"
	await_end "$pid"
	expect_equal "0" "${status:-0}" "how the fresh daemon ended: $(cat "$dir.log")"
	show_tree >"$dir.here"
	diff -U 0 "$dir.tree" "$dir.here" >"$dir.diff" ||
		fail "the tree (+) is not what a fresh daemon shows (-): $(sed 60q "$dir.diff")"
}

lib_answers()
{
	! lib_is_ended "$mmfs_pid" || fail "the daemon has ended while it started"
	cat "$CTL/version" >/dev/null 2>&1 # a dead mount still shows what the kernel remembers of it
}

start_over()
{
	local option words=()

	for option in "db=$DB" "devices=$DEVICES" ${MMFS_OPTIONS:+"$MMFS_OPTIONS"} "$@"; do
		words+=(-o "$option")
	done
	run_mmfs -f "${words[@]}" "$MM" </dev/null >>"$LOG" 2>&1 &
	mmfs_pid=$!
	await lib_answers
}

await_crash()
{
	await_end "$mmfs_pid"
	expect_equal 137 "$status" "the status of the keeper that was to die with its server"
	await no_daemons
	! lib_is_mounted "$MM" || umount -l "$MM"
	mmfs_pid=
}

expect_known()
{
	local found

	found=$(points | sed -n 's|^LINK="/DosDevices/\([^"]*\)" ID="\([^"]*\)" .*|\1 \2|p' | sort)
	if [ "$found" != "$(cat "$TMP/known.old")" ] && [ "$found" != "$(cat "$TMP/known.new")" ]; then
		diff "$TMP/known.old" "$TMP/known.new" >&2 || true
		echo "$found" >&2
		fail "$1 the names are neither what was acknowledged nor that with the write under way"
	fi
	echo "$found" | sed '/^$/d' >"$TMP/known.old"
}

count_mounts()
{
	awk -v mm="$MM" '$5 == mm { n++ } END { print n + 0 }' /proc/self/mountinfo
}

metric()
{
	awk -v name="$1" '$1 == name { print $2 }' "$MM/metrics"
}

is_sanitized()
{
	[[ $(ldd "$MMFS") == *lib[at]san* ]]
}

lib_is_apart()
{
	[ "$(readlink "/proc/$apart/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ]
}

start_apart()
{
	[ -p "$TMP/never" ] || mkfifo "$TMP/never"
	unshare -m --propagation "$1" cat "$TMP/never" & # nobody writes to it
	apart=$!
	await lib_is_apart
}

plain_or_sanitized()
{
	if is_sanitized; then
		echo "$2"
	else
		echo "$1"
	fi
}

is_waiting()
{
	[[ $(readlink "/proc/$1/fd/"*) == *"$MM/$2"* ]] &&
		[ "$(grep -ls request_wait "/proc/$1/task/"*/wchan | wc -l)" -ge "${3-1}" ]
}

find_daemons()
{
	local pid

	for pid in $(pgrep -f "devices=${LOOP#/dev/}" || true); do
		[ "$(readlink "/proc/$pid/exe")" != "$MMFS" ] || lib_is_ended "$pid" || echo "$pid"
	done
}

no_daemons()
{
	[ -z "$(find_daemons)" ]
}

use_many()
{
	local first=$1 count=$2 i

	for ((i = 0; i < count; i++)); do
		make_image "many-$i" 64K swap "$(number_uuid $((1000 + i)))"
	done
	lib_many="$first $count"
}

at_end()
{
	[ -n "${lib_many-}" ] || return 0
	[ -z "$mmfs_pid" ] || kill -CONT "$(server_pid)" 2>/dev/null
	# shellcheck disable=SC2086
	"$helpers/loops" detach $lib_many
	# shellcheck disable=SC2086
	"$helpers/loops" remove $lib_many
}

lib_are_free()
{
	local i

	for ((i = $1; i < $1 + $2; i++)); do
		[ ! -e "/sys/block/loop$i/loop/backing_file" ] || return 1
	done
}

expect_many()
{
	local first=$1 count=$2 image=${3-0} i

	expect_equal "$(for ((i = 0; i < count; i++)); do
		echo "ID=\"UUID=$(number_uuid $((1000 + image + i)))\" DEVICE=\"/dev/loop$((first + i))\""
	done | sort)" "$(points | sed 's/^LINK="[^"]*" //' | sort)" "points of $count devices"
}
