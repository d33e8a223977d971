#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Layers: daemon -> io -> core -> base, never upwards; an io file includes no other io file but those
# of its own family, and one third-party library at most. The client, ctl, stands beside all this: it
# uses base and the parsers of the core. What is installed, include/mmfs and src/lib, uses none of them
# but for parts of the base that link libc alone. Usage: check-layers.sh ROOT
set -eu
cd "$1"

# The families of io files: what is one concern in several files. Everything else stands alone.
declare -A family=(
	[examine]=probe [probe]=probe [prober]=probe [prober_child]=probe [sandbox]=probe
	[fuse]=fuse [fuse_batch]=fuse [fuse_file]=fuse [fuse_ioctl]=fuse [fuse_job]=fuse [fuse_ops]=fuse [fuse_private]=fuse
	[fuse_text]=fuse [fuse_wait]=fuse [notify]=fuse
	[store]=store [store_file]=store [store_rows]=store [store_schema]=store
	[udev]=udev [udev_identity]=udev [udevd]=udev
	[mounts]=mounts [mounter]=mounts
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
	[libudev.h]=" evidence " [blkid/blkid.h]=" evidence "
	[json-c/json.h]=" database "
)
# What of the core it may use: syntax, no state.
ctl_core=" core/link_name.h core/unique_id.h "
# What of libc the core may use: no descriptors, clocks, threads, environment.
core_libc=" assert.h ctype.h errno.h fnmatch.h inttypes.h limits.h stdarg.h stdbool.h stddef.h
stdint.h stdio.h stdlib.h string.h strings.h time.h "
core_libc=${core_libc//$'\n'/ }
# And what else of it the others may: headers of folders by their folder.
libc=" byteswap.h dirent.h endian.h fcntl.h getopt.h glob.h grp.h langinfo.h linux locale.h malloc.h mntent.h
poll.h pthread.h pwd.h sched.h signal.h spawn.h sys syslog.h termios.h unistd.h wchar.h $core_libc"
libc=${libc//$'\n'/ }

failed=0
fail()
{
	echo "$1: $2" >&2
	failed=1
}

family_of()
{
	local base=${1##*/}

	base=${base%.[ch]}
	echo "${family[$base]:-$base}"
}

check_own() # FILE LAYER HEADER
{
	local file=$1 layer=$2 header=$3 allowed

	case $layer in
	mmfs) allowed="mmfs" ;; # what is installed
	base) allowed="mmfs base" ;;
	lib) allowed="mmfs base lib" ;;
	core) allowed="mmfs base core" ;;
	io) allowed="mmfs base core io" ;;
	daemon) allowed="mmfs base core io daemon" ;;
	ctl) allowed="mmfs base core ctl" ;;
	*) fail "$file" "is in no known layer" && return ;;
	esac
	[[ " $allowed " == *" ${header%%/*} "* ]] || fail "$file" "$layer/ includes $header"
	[[ $header != *..* && -e include/$header ]] || fail "$file" "there is no include/$header"
	if [[ $layer == io && $header == io/* && $(family_of "$file") != $(family_of "$header") ]]; then
		fail "$file" "an io file includes $header of another"
	fi
	if [[ $layer == ctl && $header == core/* && $ctl_core != *" $header "* ]]; then
		fail "$file" "the client may not know of $header"
	fi
	if [[ $layer == daemon && $header == io/* ]] && grep -qE "<($libraries)>" "include/$header"; then
		fail "$file" "includes a library by way of $header"
	fi
}

check_system() # FILE LAYER HEADER
{
	local file=$1 layer=$2 header=$3 owner=${library[$3]:-} base=${1##*/}

	if [[ $layer == ctl && -n ${ctl_library[$header]:-} ]]; then
		[[ ${ctl_library[$header]} == *" ${base%.[ch]} "* ]] ||
			fail "$file" "may not include <$header>"
		return
	fi
	if [[ -n $owner && ($layer != io || $owner != $(family_of "$file")) ]]; then
		fail "$file" "may not include <$header>"
	fi
	if [[ $layer == core && $core_libc != *" $header "* ]]; then
		fail "$file" "the core may not include <$header>"
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
	layer=${file#*/}
	layer=${layer%%/*}
	case $include in
	*\"*\"*)
		include=${include#*\"}
		check_own "$file" "$layer" "${include%%\"*}"
		;;
	*'<'*'>'*)
		include=${include#*<}
		check_system "$file" "$layer" "${include%%>*}"
		;;
	*)
		fail "$file" "cannot be understood: $include"
		;;
	esac
done < <(grep -rE '^[[:space:]]*#[[:space:]]*include' --include='*.[ch]' src include)
exit $failed
