#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# contrib/quickstart in a copy of the sources: what it shows works as it stands, it can be run again,
# and --remove takes away what it has made and nothing else.

# With mounts of its own: those of others do not show, and the names of this machine are hidden.
[ -n "${ALONE-}" ] || ALONE=1 exec unshare -m --propagation private /bin/bash "$0" "$@"

. "$(dirname "$0")/lib.sh"
require meson ninja

root=$(realpath "$(dirname "$0")/../..")
MM=$TMP/made
CTL=$MM/control
mkdir "$TMP/tree"
(cd "$root" && cp -a COPYING README.md contrib include meson.build meson_options.txt src test "$TMP/tree")
cd "$TMP/tree"
while read -r target; do
	umount --lazy "$target"
done < <(findmnt -rno TARGET -t fuse.mmfs || true) # there may be none
names=/var/lib/mmfs
! mkdir "$names" 2>/dev/null || made_names=yes
mount -t tmpfs tmpfs "$names"
at_end()
{
	[ -n "${had_rule-}" ] || rm -f "${rule-/run/nothing}"
	umount "$names"
	[ -z "${made_names-}" ] || rmdir "$names"
}

make_image a 16M ext4
attach a 00
settle_udevd

rule=/run/udev/rules.d/61-mmfs.rules
! [ -e $rule ] || had_rule=yes

# That it removes the rule depends on whether somebody else has it here.
said_removing()
{
	quickstart --remove "$@" | sed "\\,^Removed $rule\$,d"
}

quickstart()
{
	(unset SUDO_USER && exec contrib/quickstart "$@" 2>&1 </dev/null)
}

expect_refusal() # STATUS REGEX COMMAND…
{
	local expected=$1 pattern=$2 said code=0

	shift 2
	said=$(lib_try "$@" 2>&1 </dev/null) || code=$?
	expect_equal "$expected" "$code" "the status of $*, which said '$said',"
	expect_match "$pattern" "$said" "what $* said"
}

find_mmfs()
{
	mmfs_pid=$(find_keeper "^build-release/mmfs (-o publish=udev )?$MM\$")
}

# --- the first time, and again ---------------------------------------------------------------------

said=$(quickstart "$MM")
find_mmfs
expect_match "mmfs is mounted at $MM" "$said" "what it says"
expect_match "${LOOP#/dev/}00 +online +ext4" "$said" "the picture"
count=$(wc -l <<<"$said")
[ "$count" -le 24 ] || fail "$count lines are more than a screen: $said"
mapfile -t commands < <(sed -n '/^Try next:/,/^[^T ]/s/^  //p' <<<"$said")
expect_equal 3 "${#commands[@]}" "the number of commands to try"
for command in "${commands[@]}"; do
	shown=$(eval "$command" 2>&1) || fail "'$command' fails: $shown"
done
device=$(readlink "$MM/DosDevices/my-disk")
echo 1 >"$MM/control/settle"
expect_equal "$device" "$(readlink -f /dev/mm/my-disk)" "the name in /dev"
expect_match " create my-disk $device\$" "${commands[0]}" "the first command"
expect_equal "readlink $MM/DosDevices/my-disk" "${commands[1]}" "the second command"
expect_match "^$device is the volume " "$shown" "what the third command shows"

said=$(quickstart ../made) # relative
expect_match "mmfs is mounted at $MM already" "$said" "what it says"
expect_match "create my-disk-2 " "$said" "the command to try"
expect_ok kill -0 "$mmfs_pid"

# When something was changed a new daemon takes over, with the names that were given.
before=$mmfs_pid
echo "/* changed */" >>src/daemon/main.c
expect_match "The mmfs at $MM is older: ending it" "$(quickstart "$MM")" "what it says"
lib_is_ended "$before" || fail "the daemon from before still runs"
find_mmfs
expect_equal "$device" "$(readlink "$MM/DosDevices/my-disk")" "a name from before"

# --- undoing it ------------------------------------------------------------------------------------

expect_refusal 2 "^usage: " contrib/quickstart --remove "$MM" more
expect_refusal 2 "^usage: " contrib/quickstart --nonsense
expect_refusal 1 "^quickstart: only root can do this: sudo contrib/quickstart" \
	setpriv --reuid=65534 --regid=65534 --clear-groups contrib/quickstart
exec {held}<"$MM/points"
expect_refusal 1 "cannot unmount $MM: see above" contrib/quickstart --remove
exec {held}<&-
expect_ok kill -0 "$mmfs_pid"

cp -a build-release "$TMP/kept"
expect_equal "Unmounted $MM
Removed $MM
Removed build-release
Names stay. To forget them: rm -r $names" "$(said_removing)" "what it says"
lib_is_ended "$mmfs_pid" || fail "the daemon still runs"
mmfs_pid=
expect_equal "" "$(ls -d "$MM" build-release 2>/dev/null || true)" "what is left"
[ -s "$names/mounted-devices.db" ] || fail "the names are gone"
[ -n "${had_rule-}" ] || [ ! -e $rule ] || fail "the rule is still there"
expect_equal "There is nothing here that quickstart has made" "$(said_removing)" "what it says"

# What was there before stays: the folders, and a daemon that is not ours.
rm "$TMP/kept/quickstart"
mv "$TMP/kept" build-release
mkdir "$MM"
quickstart "$MM" >/dev/null
find_mmfs
expect_equal "Unmounted $MM
Names stay. To forget them: rm -r $names" "$(said_removing "$MM")" "what it says"
mmfs_pid=
expect_equal "$MM"$'\nbuild-release' "$(ls -d "$MM" build-release)" "what is left"
[ ! -e build-release/quickstart ] || fail "what was made is still written down"
start_mmfs
expect_match "mmfs is mounted at $MM already" "$(quickstart "$MM")" "what it says"
expect_refusal 1 "mmfs at $MM was not mounted by quickstart: left alone" contrib/quickstart --remove "$MM"

# Another place at the same time; and one where the daemon was killed.
MM=$TMP/second
said=$(quickstart "$MM")
find_mmfs
expect_match "build-release/mmctl -m $MM create " "$said" "the command to try"
kill_mmfs keep
expect_equal "Unmounted $MM
Removed $MM
Names stay. To forget them: rm -r $names" "$(said_removing)" "what it says"
MM=$TMP/made
mmfs_pid=$(find_keeper "^$MMFS .*$MM\$")
stop_mmfs
