# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the cases in the guest have in common. A case is a script that includes this, names functions
# for `check`, and ends with `finish`. The daemon is that of mmfs.service, the tree is /mnt/mm;
# $EXAMPLES is contrib/examples.
#
#	check FUNCTION	runs it in a shell of its own, which ends at the first command that fails;
#			reports `ok FUNCTION` or `not ok FUNCTION: why` with what it has printed.
#			The variables that $kept names go on to the next check
#	note TEXT	a line of the report
#	fail SENTENCE
#	expect_equal EXPECTED ACTUAL WHAT
#	expect_match REGEX ACTUAL WHAT
#	await COMMAND…	repeats it until it succeeds; all waiting is done with it
#	settle		until udevd and mmfs have dealt with all that has happened
#	id_of NODE	the unique ID of the volume on a node; empty: it is none
#	node_of NAME	where a name leads to; empty: there is none
#	expect_volume ID NODE	that NODE is the volume ID, in all views
#	expect_verified NODE [MM]	that mmctl verify, which looks at it anew, finds the unique ID it has at MM
#	expect_none NODE	that NODE is no volume
#	name NODE NAME	gives a name
#	property NODE KEY	of udev's database
#	add_disks N	N more SCSI disks, of 48 MiB each with a store of its own; sets $disks to
#			the nodes of all of them, in the order of their hosts
#	drop_disk NODE	as if it had been pulled out
#	rescan_disk HOST	the disk comes back
#	partition NODE LINE…	makes a partition table with sfdisk, and waits for the nodes

set -eEu -o pipefail
shopt -s inherit_errexit nullglob

# shellcheck disable=SC2034 # used by the cases
EXAMPLES=$(dirname "$0")/examples
MM=/mnt/mm
CTL=$MM/control
wait_limit=120 # seconds; takes a second or two where it was measured
failures=0
kept=
disks=()
log=/run/vm-check.log

note()
{
	printf '# %s\n' "$*" >/dev/ttyS1
}

fail()
{
	local i

	trap - ERR
	printf '%s\n' "$*" >>"$log.why"
	for ((i = 1; i < ${#FUNCNAME[@]}; i++)); do
		echo "    at ${BASH_SOURCE[i]##*/}:${BASH_LINENO[i - 1]}"
	done
	exit 1
}

check()
{
	local start=$SECONDS

	rm -f "$log.why"
	set +e
	(
		set -e
		trap 'fail "this command failed: $BASH_COMMAND"' ERR
		"$1"
		[ -z "$kept" ] || eval "declare -p $kept" | sed 's/^declare /declare -g /' >"$log.kept"
	) >"$log" 2>&1
	set -e
	if [ -e "$log.why" ]; then
		echo "not ok $1: $(head -n 1 "$log.why")"
		failures=$((failures + 1))
		{
			set +e
			cat "$log.why" "$log"
			echo "points:"
			cat "$MM/points"
			echo "unprocessed:"
			cat "$CTL/unprocessed"
			lsblk -o NAME,KNAME,TYPE,SIZE,FSTYPE,UUID,WWN
		} 2>&1 | tail -n 120 | sed 's/^/#     /'
	else
		echo "ok $1 ($((SECONDS - start)) s)"
		# shellcheck source=/dev/null
		[ -z "$kept" ] || . "$log.kept"
	fi
}

finish()
{
	[ "$failures" = 0 ] || exit 1
	exit 0
}

expect_equal()
{
	[ "$1" = "$2" ] || fail "$3 is '$2' and not '$1'"
}

expect_match()
{
	[[ $2 =~ $1 ]] || fail "$3 is '$2' and does not match '$1'"
}

await()
{
	local limit=$((SECONDS + wait_limit))

	until "$@"; do
		[ "$SECONDS" -lt "$limit" ] || fail "waited in vain for: $*"
		sleep 0.1
	done 2>/dev/null
}

# A child of the shell that ends meanwhile interrupts it: once more, then.
settle()
{
	echo 1 2>/dev/null >"$CTL/settle" || echo 1 2>/dev/null >"$CTL/settle" || echo 1 >"$CTL/settle"
}

id_of()
{
	! [ -L "$MM/devices/${1#/dev/}" ] || cat "$MM/devices/${1#/dev/}/unique_id"
}

node_of()
{
	readlink "$MM/DosDevices/$1" || true
}

kernel_name()
{
	local node

	node=$(readlink -f "$1")
	echo "${node#/dev/}"
}

expect_volume()
{
	local id=$1 node

	node=/dev/$(kernel_name "$2")
	expect_equal "$id" "$(id_of "$node")" "the unique ID of $2"
	expect_equal "$node" "$(readlink "$MM/ids/${id//\//\\x2f}/device")" "the device of $id"
	grep -qF " ID=\"$id\" DEVICE=\"$node\"" "$MM/points" || fail "points does not have $id on $node"
	expect_verified "$node"
}

expect_verified()
{
	local mm=${2-$MM} said

	said=$(mmctl -m "$mm" verify "Volume{$(cat "$mm/devices/${1#/dev/}/guid")}" 2>&1) || fail "mmctl verify: $said"
}

expect_none()
{
	expect_equal "" "$(id_of "/dev/$(kernel_name "$1")")" "the unique ID of $1, which is no volume,"
}

name()
{
	ln -s "/dev/$(kernel_name "$1")" "$MM/DosDevices/$2"
}

property()
{
	udevadm info --query=property --property="$2" --value "$1"
}

uuid_of()
{
	blkid -p -s UUID -o value "$1"
}

# --- SCSI disks of memory ------------------------------------------------------------------------

list_disks()
{
	local block

	# By host, which is the order of adding.
	for block in /sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*/block/*; do
		printf '%s /dev/%s\n' "$(host_of "$block")" "${block##*/}"
	done | sort -n | cut -d' ' -f2
}

has_disks()
{
	[ "$(list_disks | wc -l)" = "$1" ]
}

add_disks()
{
	local before

	[ -d /sys/bus/pseudo/drivers/scsi_debug ] ||
		modprobe scsi_debug add_host=0 per_host_store=1 dev_size_mb=48
	before=$(list_disks | wc -l)
	echo "$1" >/sys/bus/pseudo/drivers/scsi_debug/add_host
	await has_disks $((before + $1))
	settle
	# shellcheck disable=SC2034 # used by the cases
	mapfile -t disks < <(list_disks)
}

host_of()
{
	[[ $(readlink -f "/sys/block/${1##*/}/device") =~ /host([0-9]+)/ ]] && echo "${BASH_REMATCH[1]}"
}

drop_disk()
{
	echo 1 >"/sys/block/${1#/dev/}/device/delete"
}

rescan_disk()
{
	echo "- - -" >"/sys/class/scsi_host/host$1/scan"
}

partition()
{
	local node=$1 last

	shift
	last=$(grep -cv '^label' < <(printf '%s\n' "$@"))
	printf '%s\n' "$@" | sfdisk --quiet --wipe always --wipe-partitions always "$node"
	await [ -b "$node$last" ]
	settle
}
