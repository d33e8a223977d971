#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the manual pages show is so. In them, every display that is -literal is one of these:
#
#	# COMMAND		a session of root: a command, with the lines that continue it behind "> ",
#				and what it shows; the same shell goes on through the page
#	/* NAME.c */		a program, which the next session builds and runs
#	mmfs DIR fuse.mmfs …	a line of fstab, which is mounted
#
# Of what is shown, times, process numbers, the numbers of events and of changes are not compared, nor
# is a line that is a number of several digits. Devices have the names that they have in the pages.

# With mounts of its own: the pages say /mnt/mm and /srv, and mount(8) looks for mmfs in few folders.
[ -n "${ALONE-}" ] || ALONE=1 exec unshare -m --propagation private /bin/bash "$0" "$@"

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
require cc jq mkfs.vfat mount.fuse3 partx pkg-config sfdisk

pages=$(realpath "$(dirname "$0")/../../contrib/man")
build=$(dirname "$MMFS")
MM=/mnt/mm
CTL=$MM/control
disk=${LOOP}02
partition=${disk}p1
sanitizers=()
! is_sanitized || sanitizers=(-fsanitize=address -fsanitize=undefined)
man_count=0

at_end()
{
	umount -q -R -l /srv /mnt || true
	partx -d "$disk" 2>/dev/null || true
}

# --- the machine of the pages ------------------------------------------------------------------------

# Their devices, and those here: for sed, and back.
devices="sdb1 ${LOOP#/dev/}01
sdc ${LOOP#/dev/}02
sdc1 ${partition#/dev/}
sdd ${LOOP#/dev/}03
loop9 ${LOOP#/dev/}09"
to_here=$(sed -E 's,(.*) (.*),s/\\b\1\\b/\2/g,' <<<"$devices")
from_here=$(sed -E 's,(.*) (.*),s/\\b\2\\b/\1/g,' <<<"$devices")

# The volume on a device gets the name that it has in the pages.
name_volume() # DEVICE GUID
{
	settle
	mv "$MM/Volumes/Volume{$(cat "$(volume_folder "$1")/guid")}" "$MM/Volumes/Volume{$2}"
}

# As if a daemon had been here before, and given these names.
prepare()
{
	make_image films 16M ext4 3fecf238-58db-461c-8887-600b473cfd5b films
	make_image music 16M blank
	make_image empty 4M blank
	make_image work/disk.img 16M ext4 "" archive
	sfdisk -q "$TMP/music" <<<$'label: gpt\nsize=8M'
	attach films 01
	attach music 02
	attach empty 03
	partx -a "$disk"
	rm -f "$DB"
	start_mmfs
	name_volume "${LOOP}01" 310acd9f-b454-4e48-9c2a-221b728b51a4
	mkfs.vfat -i 5678DCBA "$partition" >/dev/null
	name_volume "$partition" c04e6a3a-3b83-4b8c-9d6e-0f0d4a6a2f17
	mkfs.vfat -i 1234ABCD "$partition" >/dev/null
	name_volume "$partition" 8f2d3c51-6a0e-4d4b-9d0f-5b7e2c9a1f60
	stop_mmfs
}

delete_partitions()
{
	partx -d "$disk" 2>/dev/null # udevd may just be looking at them
}

take_away()
{
	umount -q -R /srv/* "$MM" || true
	await no_daemons
	settle_udevd
	await delete_partitions
	for n in 01 02 03; do
		detach $n
	done
	rm -rf "$TMP/work" "$MM" /srv/*
}

# --- what is shown -----------------------------------------------------------------------------------

# The displays of a page, each behind a line that is a form feed.
list_displays()
{
	awk '/^\.Ed/ { is_in = 0 } is_in; /^\.Bd -literal/ { is_in = 1; print "\f" }' "$pages/$1" |
		sed "s/\\\\&//g; s/\\\\-/-/g; s/\\\\(aq/'/g; s/\\\\e/\\\\/g"
}

# What may differ from one time to the next.
normalize()
{
	sed -E 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/TIME/g; s/"(seq|epic|pid)":[0-9]+/"\1":N/g;
		s/^[0-9]{2,}$/N/; s/^mmfs [0-9.]+$/mmfs VERSION/; s/^[^ ]*: line [0-9]+: /bash: /'
}

# In the shell of the page, which may use any name for its own variables but man_….
run_command() # COMMAND OUTPUT
{
	local man_code=0 man_output=

	{ eval "$(sed "$to_here" <<<"$1")"; } >"$TMP/out" 2>&1 </dev/null || man_code=$?
	man_output=$(sed "$from_here" "$TMP/out" | normalize)
	expect_equal "$(normalize <<<"$2")" "$man_output" "what '$1' shows"
	[ -n "$2" ] || [ $man_code = 0 ] || fail "'$1' ends with $man_code"
	lib_is_mounted "$MM" || await no_daemons
	man_count=$((man_count + 1))
}

run_session() # TEXT
{
	local man_commands=() man_outputs=() man_line man_n=-1

	while IFS= read -r man_line; do
		case $man_line in
		"# "*) man_commands[++man_n]=${man_line#"# "} man_outputs[man_n]= ;;
		"> "*) man_commands[man_n]+=$'\n'${man_line#"> "} ;;
		*) man_outputs[man_n]+=${man_outputs[man_n]:+$'\n'}$man_line ;;
		esac
	done <<<"$1"
	for man_n in "${!man_commands[@]}"; do
		run_command "${man_commands[man_n]}" "${man_outputs[man_n]}"
	done
}

run_fstab() # LINE
{
	local name mountpoint options

	read -r name mountpoint _ options _ <<<"$1"
	echo "$1" >"$TMP/fstab"
	expect_ok mount --fstab "$TMP/fstab" "$mountpoint"
	expect_match "fuse.mmfs $name" "$(findmnt -n -o FSTYPE,SOURCE "$mountpoint")" "the mount of '$1'"
	expect_equal "disk 660" "$(stat -c '%G %a' "$CTL/create_point")" "what the options '$options' give"
	umount "$mountpoint"
	await no_daemons
}

run_display() # TEXT
{
	case $1 in
	"# "*) run_session "$1" ;;
	"/* "*.c\ "*/"*)
		read -r _ name _ <<<"$1"
		printf '%s\n' "$1" >"$name"
		;;
	*" fuse.mmfs "*) run_fstab "$1" ;;
	*) fail "what is this? $1" ;;
	esac
}

cc()
{
	command cc -Wall -Wextra -Werror "${sanitizers[@]}" "$@"
}

run_page() # PAGE
{
	local man_line man_displays=0 man_display=

	exec {lib_slot_fd}>&- {lib_users_fd}>&- {lib_case_fd}>&- # not for a daemon that might outlive the case
	export PATH=/usr/local/sbin:$PATH LC_ALL=C
	export PKG_CONFIG_PATH=$build/meson-uninstalled LD_LIBRARY_PATH=$build
	export ASAN_OPTIONS+=":log_path=$TMP/sanitizer" UBSAN_OPTIONS+=":log_path=$TMP/sanitizer"
	trap - ERR
	set +eEu +o pipefail
	cd "$TMP/work" || exit
	if [ "$1" != mmfs.8 ]; then # which does that itself
		mkdir $MM
		mmfs $MM || fail "cannot mount mmfs for $1"
	fi
	while IFS= read -r man_line; do
		if [ "$man_line" != $'\f' ]; then
			man_display+=$man_line$'\n'
			continue
		fi
		[ -z "$man_display" ] || run_display "${man_display%$'\n'}"
		man_displays=$((man_displays + 1))
		man_display=
	done < <(list_displays "$1" && printf '\f\n')
	[ $man_displays -gt 1 ] || fail "$1 shows nothing"
	[ "$man_displays" -gt "$(grep -c '^\.Bd -literal' "$pages/$1")" ] || fail "$1 was not run to its end"
	echo "$1: $man_count commands"
	exit 0
}

# libmmfs takes the first mount that there is.
{ findmnt -n -l -o TARGET -t fuse.mmfs || true; } | while read -r target; do
	umount -l "$target"
done
for folder in /mnt /srv /usr/local/sbin; do
	mount -t tmpfs tmpfs "$folder"
done
for page in "$pages"/*; do
	page=${page##*/}
	[ "$page" != mmctl.1 ] || continue # the case mmctl-page does
	[ "$page" != mmfs-cluster.8 ] || continue # the suite cluster has its etcd
	DB=$TMP/$page.db
	mkdir "$TMP/work" "$MM"
	prepare
	rmdir "$MM"
	printf '#!/bin/sh\nexec "%s" "$@" -o "db=%s,devices=%s"\n' "$MMFS" "$DB" "$DEVICES" >/usr/local/sbin/mmfs
	chmod +x /usr/local/sbin/mmfs
	(run_page "$page")
	take_away
done
