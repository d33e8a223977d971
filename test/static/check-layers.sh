#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Layers: daemon -> machines, io -> core -> base, never upwards. Rooms: of the core, syntax <- model <- rules,
# and views, which use syntax and model; a family of io, a folder there, includes no other, and one
# third-party library at most. The client, ctl, stands beside all this: it uses base and the syntax of the
# core, and the eyes of the daemon, to look at a device as it does. So does cluster, the program that speaks
# to etcd: it uses base, and the loop of the daemon. What is installed, include/mmfs and src/lib, uses none of them but for parts of the base that link
# libc alone. Each source has a header at its place; one that only the sources beside it know lies there
# and is called …_private.h.
# Usage: check-layers.sh ROOT
set -eu
cd "$1"

# What each room may include of mmfs, by prefix.
declare -A may=(
	[mmfs]="mmfs"
	[base]="mmfs base"
	[lib]="mmfs base lib"
	[core/syntax]="mmfs base core/syntax"
	[core/model]="mmfs base core/syntax core/model"
	[core/rules]="mmfs base core/syntax core/model core/rules"
	[core/views]="mmfs base core/syntax core/model core/views"
	[io]="mmfs base core" # and its own family
	[machines]="mmfs base core machines"
	[daemon]="mmfs base core io machines daemon"
	[ctl]="mmfs base core/syntax io ctl"
	[cluster]="base cluster" # and the loop of the daemon
)
# The libraries, by the families that may use them.
declare -A library=(
	[sqlite3.h]=store
	[blkid/blkid.h]=probe [seccomp.h]=probe
	[fuse_lowlevel.h]=fuse [fuse.h]=fuse [fuse3/fuse_lowlevel.h]=fuse
	[libudev.h]=udev
	[libmount.h]=mounts [libmount/libmount.h]=mounts
)
libraries=$(IFS='|' && echo "${!library[*]}")
# The same of the client: its files that may use a library. JSON is what its database is made of.
declare -A ctl_library=(
	[libsmartcols/libsmartcols.h]=" output "
	[json-c/json.h]=" database "
	[libmount.h]=" fstab_names "
	[hivex.h]=" hive_child " [seccomp.h]=" hive_child "
)
# What of the core it may use: syntax, no state.
ctl_core=" core/syntax/link_name.h core/syntax/unique_id.h "
# And of io, in one file: identities have one set of rules, and hostile disks one sandbox.
ctl_io=" io/probe/probe.h io/udev/udev.h "
# And of the program that speaks to etcd.
declare -A cluster_library=(
	[curl/curl.h]=" rpc "
	[etcd.pb-c.h]=" codec "
	[json-c/json.h]=" lines "
)
# What of libc the core may use: no descriptors, clocks, threads, environment.
core_libc=" assert.h ctype.h errno.h fnmatch.h inttypes.h limits.h stdarg.h stdbool.h stddef.h
stdint.h stdio.h stdlib.h string.h strings.h time.h "
core_libc=${core_libc//$'\n'/ }
# And what else of it the others may: headers of folders by their folder.
libc=" byteswap.h dirent.h endian.h fcntl.h getopt.h glob.h grp.h iconv.h langinfo.h linux locale.h malloc.h mntent.h
netinet poll.h pthread.h pwd.h sched.h signal.h spawn.h sys syslog.h termios.h unistd.h wchar.h wctype.h $core_libc"
libc=${libc//$'\n'/ }

failed=0
fail()
{
	echo "$1: $2" >&2
	failed=1
}

# "core/rules" of src/core/rules/x.c; nothing for a file that lies outside of all rooms.
room_of() # FILE OR HEADER WITHOUT src/ AND include/
{
	local folder=${1%/*}

	case $folder in
	core/*/* | io/*/*/* | *.[ch]) ;;
	core/* | io/* | mmfs | base | lib | machines | machines/* | daemon | daemon/* | ctl | cluster) echo "$folder" ;;
	esac
}

is_within() # HEADER PREFIX…
{
	local header=$1 prefix

	shift
	for prefix; do
		[[ $header != "$prefix"/* ]] || return 0
	done
	return 1
}

check_own() # FILE ROOM HEADER
{
	local file=$1 room=$2 header=$3 allowed

	if [[ $header != */* ]]; then
		[[ $header == *_private.h && -e ${file%/*}/$header ]] ||
			fail "$file" "there is no private header $header beside it"
		return
	fi
	allowed=${may[$room]:-${may[${room%%/*}]:-}}
	[[ $room != io/* ]] || allowed+=" $room"
	[[ $room != cluster || $header != daemon/loop.h ]] || allowed+=" daemon"
	# shellcheck disable=SC2086 # a list
	is_within "$header" $allowed || fail "$file" "$room includes $header"
	[[ $header != *..* && -e include/$header ]] || fail "$file" "there is no include/$header"
	if [[ $room == ctl && $header == core/* && $ctl_core != *" $header "* ]]; then
		fail "$file" "the client may not know of $header"
	fi
	if [[ $room == ctl && $header == io/* && ($file != src/ctl/evidence.c || $ctl_io != *" $header "*) ]]; then
		fail "$file" "the client may not know of $header"
	fi
	if [[ $room == daemon* && $header == io/* ]] && grep -qE "<($libraries)>" "include/$header"; then
		fail "$file" "includes a library by way of $header"
	fi
}

check_system() # FILE ROOM HEADER
{
	local file=$1 room=$2 header=$3 owner=${library[$3]:-} base=${1##*/}

	if [[ $room == ctl && -n ${ctl_library[$header]:-} ]]; then
		[[ ${ctl_library[$header]} == *" ${base%.[ch]} "* ]] ||
			fail "$file" "may not include <$header>"
		return
	fi
	if [[ $room == cluster && -n ${cluster_library[$header]:-} ]]; then
		[[ ${cluster_library[$header]} == *" ${base%.[ch]} "* ]] ||
			fail "$file" "may not include <$header>"
		return
	fi
	if [[ -n $owner && $room != "io/$owner" ]]; then
		fail "$file" "may not include <$header>"
	fi
	if [[ ($room == core/* || $room == machines*) && $core_libc != *" $header "* ]]; then
		fail "$file" "$room may not include <$header>"
	fi
	if [[ $header == mmfs/* && $file == include/mmfs/* ]]; then
		check_own "$file" mmfs "$header" # as who has it installed includes it
		return
	fi
	if [[ -z $owner && $libc != *" ${header%%/*} "* ]]; then
		fail "$file" "<$header> is neither libc's nor of a library that is known here"
	fi
}

while IFS=: read -r file include; do
	room=$(room_of "${file#*/}")
	[[ -n $room ]] || {
		fail "$file" "is in no known room"
		continue
	}
	case $include in
	*\"*\"*)
		include=${include#*\"}
		check_own "$file" "$room" "${include%%\"*}"
		;;
	*'<'*'>'*)
		include=${include#*<}
		check_system "$file" "$room" "${include%%>*}"
		;;
	*)
		fail "$file" "cannot be understood: $include"
		;;
	esac
done < <(grep -rE '^[[:space:]]*#[[:space:]]*include' --include='*.[ch]' src include)

# Each source has a header, or is one of those that share one: mmctl's commands are in ctl.h.
declare -A header_of=(
	[lib/client]=mmfs/client.h [lib/open]=mmfs/client.h [lib/control]=mmfs/mountmgr.h
	[ctl/no_hive]=ctl/hive.h [ctl/complete]=ctl/ctl.h
)
while IFS= read -r file; do
	name=${file#src/}
	name=${name%.c}
	header=${header_of[$name]:-$name.h}
	[[ -e include/$header || -e ${file%.c}_private.h || ${name##*/} == main ]] ||
		{ [[ $name == ctl/* ]] && grep -q '^int cmd_' "$file"; } ||
		fail "$file" "has no header of its own"
done < <(find src -name '*.c')
exit $failed
