#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Containers that the tree is mounted in: who is root there.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"

nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all)
own_users=("${nobody[@]}" unshare --user --map-root-user --mount)
"${own_users[@]}" true || skip "user namespaces are forbidden"

attach_two
start_mmfs
request create_point "link=backup device=$a"
before=$(points)

# A container whose users are its own changes nothing.
[ "$("${own_users[@]}" id -u)" = 0 ] || fail "who it is"
expect_equal "$a" "$("${own_users[@]}" readlink "$MM/DosDevices/backup")" "what it reads"
# shellcheck disable=SC2016 # for the shells in there
for command in 'echo "link=no device=$2" >"$1/control/create_point"' 'rm "$1/DosDevices/backup"' \
	'ln -s "$2" "$1/DosDevices/no"' 'mv "$1/DosDevices/backup" "$1/DosDevices/no"' 'cat "$1/control/database"' \
	'chmod 666 "$1/control/create_point"'; do
	! "${own_users[@]}" sh -c "$command" - "$MM" "$a" 2>"$TMP/said" || fail "it can: $command"
	expect_match "Permission denied|Operation not permitted" "$(cat "$TMP/said")" "what it is told by: $command"
done
expect_equal "$before" "$(points)" "the triples"

# One with the root of this machine does, unless the tree is mounted read-only there.
# shellcheck disable=SC2016
unshare --mount --propagation private sh -c 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" &&
	! echo "link=no device=$2" >"$1/control/create_point" && ! rm "$1/DosDevices/backup" &&
	readlink "$1/DosDevices/backup"' - "$MM" "$a" >"$TMP/said" 2>"$TMP/refused" || fail "read-only, it changes names"
expect_equal "$a" "$(cat "$TMP/said")" "what it reads, mounted read-only"
expect_match "Read-only file system" "$(cat "$TMP/refused")" "what it is told"
expect_equal "$before" "$(points)" "the triples"
# shellcheck disable=SC2016
unshare --mount --propagation private sh -c 'echo "link=new device=$2" >"$1/control/create_point"' - "$MM" "$a"
expect_equal "$a" "$(readlink "$MM/DosDevices/new")" "the name that it made, mounted for writing"
