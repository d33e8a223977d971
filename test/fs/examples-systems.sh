#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The scripts of contrib/examples that make something for another system: what they make is what they say.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
. "$(dirname "$0")/lib-examples.sh"
require partx sfdisk xz lsblk nsenter

# The kernel keeps partitions of a loop device that is detached.
at_end()
{
	local n

	for n in 01 02 03 04; do
		partx -d "$LOOP$n" 2>/dev/null
	done
}

dos=$MM/DosDevices
for n in 1 2 3; do
	make_image "$n" 1M swap "$(number_uuid "$n")"
done

# What is in a folder of links.
list_links()
{
	find "$1" -mindepth 1 -printf '%P -> %l\n' | sort
}

# --- zfs-members -------------------------------------------------------------------------------------

# As zpool does with a whole disk: the pool's partition, and a small one at the end.
make_zfs_disk() # NAME NUMBER POOL
{
	truncate -s 72M "$TMP/$1"
	sfdisk -q "$TMP/$1" <<-END
		label: gpt
		1: start=2048, size=64M, type=6A898CC3-1DD2-11B2-99A6-080020736631, uuid=$(number_uuid "1$2")
		9: size=1M, type=6A945A3B-1DD2-11B2-99A6-080020736631, uuid=$(number_uuid "$2")
	END
	sed "s/mmfs/$3/g" "$TMP/image" | dd of="$TMP/$1" bs=1M seek=1 conv=notrunc,sparse status=none
}

# Here the tests of the other disks and partitions are done: the pool mmfs of three disks, one of them
# without a name, and another pool.
tar -xf "$(dirname "$0")/../io/golden/zfs.tar.xz" -C "$TMP"
for n in 1 2 3 4; do
	make_zfs_disk "zfs$n" "$n" "$([ "$n" = 3 ] && echo tank || echo mmfs)"
done
start_mmfs
for n in 1 2 3 4; do
	attach "zfs$n" "0$n"
	partx -a "${LOOP}0$n"
done
settle
for n in 1 2 3; do
	request create_point "link=pool-$n id=PARTUUID=$(number_uuid "1$n")"
done
request create_point "link=other id=PARTUUID=$(number_uuid 14)"

# It is not here, but what it would be called with is.
mkdir "$TMP/bin"
cat >"$TMP/bin/zpool" <<-'END'
	#!/bin/sh
	echo "$*"
END
chmod +x "$TMP/bin/zpool"
zfs_members()
{
	PATH=$TMP/bin:$PATH "$examples/zfs-members" "$1" "$2"
}
expect_equal "import -o cachefile=none -d $dos/pool-1 -d $dos/pool-2 -d $dos/pool-3 mmfs" \
	"$(zfs_members mmfs 'pool-*')" "the import of a pool"
for n in 1 2 3; do # as zpool looks at it
	expect_equal "zfs_member" "$(blkid -p -o value -s TYPE "$dos/pool-$n")" "what is there"
done
expect_fail - zfs_members mmfs 'none-*'
# A disk that is away, in whose place another has come, is not taken for it.
request keep_links_when_offline "id=PARTUUID=$(number_uuid 12)"
partx -d "${LOOP}02"
detach 02
settle
expect_equal "../ids/PARTUUID=$(number_uuid 12)/device" "$(readlink "$dos/pool-2")" "the name of a disk that is away"
partx -d "${LOOP}04"
detach 04
attach zfs4 02
partx -a "${LOOP}02"
settle
expect_equal "import -o cachefile=none -d $dos/pool-1 -d $dos/pool-3 mmfs" "$(zfs_members mmfs 'pool-*')" \
	"the import without a disk"
expect_equal "${LOOP}02p1" "$(readlink "$dos/other")" "a member in another place"
for n in 01 02 03; do
	settle_udevd
	partx -d "$LOOP$n"
	detach "$n"
done
settle
request keep_links_when_offline "id=PARTUUID=$(number_uuid 12) keep=0"

# --- kubernetes-disks --------------------------------------------------------------------------------

guid_of()
{
	cat "$(volume_folder "$LOOP$1")/guid"
}

# Returns when the folder is that, and what it leads to is there.
shows_links()
{
	[ "$(list_links "$TMP/disks" | sed "s|$MM/Volumes/||")" = "$1" ]
}
expect_shown() # NUMBER:NAME:DEVICE…
{
	local line name n guid expected=()

	for line; do
		IFS=: read -r name n <<<"$line"
		guid=$(guid_of "$n")
		expected+=("$name-$guid -> Volume{$guid}")
	done
	await shows_links "$(printf '%s\n' "${expected[@]}" | sort)"
	for line; do
		IFS=: read -r name n <<<"$line"
		expect_equal "$LOOP$n" "$(realpath "$TMP/disks/$name-$(guid_of "$n")")" "where the link of $name leads to"
	done
}

attach 1 11
attach 2 12
attach 3 13
settle
request create_point "link=k8s-a device=${LOOP}11"
request create_point "link=\"k8s-\\\"b \$(c)\\\" \" device=${LOOP}12"
request create_point "link=other device=${LOOP}13"
start_example kubernetes-disks "$TMP/disks" 'k8s-*'
expect_shown k8s-a:11 'k8s-"b $(c)" :12'
request create_point "link=k8s-c device=${LOOP}13"
expect_shown k8s-a:11 'k8s-"b $(c)" :12' k8s-c:13
touch "$TMP/disks/mine"
ln -s "$MM/Volumes" "$TMP/disks/others"
detach 11
detach 12
detach 13
await shows_links $'mine -> \nothers -> '"$MM/Volumes"
rm "$TMP/disks/mine" "$TMP/disks/others"
attach 1 14
settle
expect_shown k8s-a:14
# Another volume gets the name: another link.
attach 2 15
settle
rm "$dos/k8s-a"
request create_point "link=k8s-a device=${LOOP}15"
expect_shown k8s-a:15 'k8s-"b $(c)" :15'
rm "$dos"/k8s-'"b $(c)" '
expect_shown k8s-a:15
# A name that is kept leads nowhere while its volume is away, though another is in its place.
request keep_links_when_offline "device=${LOOP}15"
detach 15
settle
await shows_links ""
attach 3 15
settle
expect_shown k8s-c:15
expect_fail ENOENT stat -L "$dos/k8s-a"
attach 2 16
settle
expect_shown k8s-a:16 k8s-c:15
kill "$pid"
await_end "$pid"
# Started again it clears up, and adds nothing that is there.
rm "$dos/k8s-c"
start_example kubernetes-disks "$TMP/disks" 'k8s-*'
expect_shown k8s-a:16
expect_equal "" "$(cat "$TMP/out")" "what it says"
kill "$pid"
await_end "$pid"
detach 14
detach 15
settle

# --- prometheus-textfile -----------------------------------------------------------------------------

# The text format: comments, and NAME{LABEL="VALUE",…} NUMBER, where \ stands before \, " and n only; a
# family is in one piece, its type before its samples, and no series is there twice.
check_exposition()
{
	awk '
		function fail(why) { print FILENAME ":" FNR ": " why ": " $0; failed = 1 }
		/^# HELP [a-z_]+ / { next }
		/^# TYPE [a-z_]+ (gauge|counter)$/ {
			if (types[$3]++) fail("a second type")
			family = $3
			next
		}
		!/^[a-z_]+(\{([a-z_]+="([^"\\]|\\[\\"n])*",?)+\})? [0-9.e+]+$/ { fail("no sample"); next }
		{
			name = $0
			sub(/[{ ].*/, "", name)
			if (name != family && name != family "_total") fail("not of the family " family)
			series = $0
			sub(/ [^ ]*$/, "", series)
			if (seen[series]++) fail("there twice")
		}
		END { exit failed }' "$1" >&2 || fail "$1 is no exposition"
}
sample()
{
	sed -n "s/^$1 //p" "$TMP/out.prom"
}
write_metrics()
{
	expect_ok "$examples/prometheus-textfile" "$TMP/out.prom"
	check_exposition "$TMP/out.prom"
}

request create_point "link=\"a \\\"quoted\\\" \$(name) é 日\" device=${LOOP}16"
make_image blank 4M blank
attach 2 17
attach blank 18
attach 1 19
settle
request keep_links_when_offline "device=${LOOP}19"
detach 19
settle
write_metrics
expect_equal "1 1 1 1" "$(sample mmfs_up) $(sample 'mmfs_volumes{state="online"}') $(sample 'mmfs_volumes{state="offline"}') $(sample mmfs_duplicates)" \
	"what is counted"
expect_equal "$(sed 's/\\/\\\\/g; s/^DEVICE=\(".*"\) REASON=\(".*"\) KIND=\(".*"\)$/device=\1,reason=\2,kind=\3/' "$CTL/unprocessed")" \
	"$(sed -n 's/^mmfs_unprocessed{\(.*\)} 1$/\1/p' "$TMP/out.prom")" "what is unprocessed"
# What has been escaped is what was there.
expect_equal "$(printf '%b\n' "$(sed 's/^LINK="\([^"]*\)".*/\1/' "$MM/points")" | sort)" \
	"$(sed -n 's/^mmfs_volume_info{link="\(\([^"\\]\|\\.\)*\)",id=.*/\1/p' "$TMP/out.prom" | sed 's/\\\(["\\]\)/\1/g' | sort)" \
	"the links"
expect_equal "644 out.prom" "$(stat -c '%a %n' "$TMP"/out.prom* | sed "s|$TMP/||")" "the files"
# Reasons with what mmfs escapes.
mkdir -p "$TMP/fake/control" "$TMP/fake/ids"
echo "mmfs 1" >"$TMP/fake/control/version"
cat >"$TMP/fake/control/unprocessed" <<<'DEVICE="/dev/a\x20\x22b" REASON="duplicate of \x5c\x22\x0a, which has x" KIND="duplicate"'
: >"$TMP/fake/metrics"
MM=$TMP/fake write_metrics
expect_equal 'mmfs_unprocessed{device="/dev/a\\x20\\x22b",reason="duplicate of \\x5c\\x22\\x0a, which has x",kind="duplicate"} 1' \
	"$(grep ^mmfs_unprocessed "$TMP/out.prom")" "an odd reason"
expect_equal "1 0" "$(sample mmfs_duplicates) $(sample 'mmfs_volumes{state="online"}')" "what is counted there"
expect_fail - "$examples/prometheus-textfile" "$TMP/out.txt"
for n in 16 17 18; do
	detach "$n"
done

# --- share-read-only ---------------------------------------------------------------------------------

# Takes the place of a container: it gets the mounts that come and go, and gives none.
start_apart slave
inside()
{
	nsenter -t "$apart" -m -- "$@"
}
expect_read_only() # DIR
{
	expect_equal "${LOOP}11" "$(inside readlink "$1/DosDevices/shared")" "a link in the container"
	expect_equal "$(points)" "$(inside cat "$1/points")" "points in the container"
	expect_fail EROFS inside ln -s "${LOOP}11" "$1/DosDevices/more"
	expect_fail EROFS inside rm "$1/DosDevices/shared"
	expect_fail EROFS inside sh -c "echo 1 >$1/control/settle"
	expect_fail EROFS inside sh -c ": <>$1/MountPointManager"
}
share()
{
	TMPDIR=$TMP expect_ok "$examples/share-read-only" "$@" "$TMP/share"
}

attach 1 11
settle
request create_point "link=shared device=${LOOP}11"
mounts_before=$(wc -l </proc/self/mountinfo)
share
kill "$apart" # the folder has to be there before the container
await_end "$apart"
start_apart slave
expect_read_only "$TMP/share/mm"
share # again: nothing piles up
expect_equal $((mounts_before + 2)) "$(wc -l </proc/self/mountinfo)" "the mounts"
expect_read_only "$TMP/share/mm"
# Whoever reads there sees what happens.
request create_point "link=fresh device=${LOOP}11"
expect_equal "${LOOP}11" "$(inside readlink "$TMP/share/mm/DosDevices/fresh")" "a new link in the container"
# A bind mount of the container's own, as docker -v makes it, is dead from then on. This one is not.
mkdir "$TMP/plain"
inside mount --bind "$MM" "$TMP/plain"
inside mount -o remount,bind,ro "$TMP/plain"
expect_read_only "$TMP/plain"
kill "$mmfs_pid"
await_end "$mmfs_pid"
expect_equal 0 "$status" "how the daemon ended"
expect_fail ENOTCONN inside cat "$TMP/plain/points"
expect_fail ENOTCONN inside cat "$TMP/share/mm/points"
start_mmfs
expect_fail ENOTCONN inside cat "$TMP/share/mm/points"
share
expect_read_only "$TMP/share/mm"
expect_fail ENOTCONN inside cat "$TMP/plain/points"
expect_ok mv "$dos/fresh" "$dos/old" # outside nothing is read-only
# Taken away everywhere, while mmfs goes on.
share -r
expect_equal "" "$(inside ls "$TMP/share/mm")" "what is left in the container"
request create_point "link=fresh device=${LOOP}11"

stop_mmfs
expect_equal "mmfs_up 0" "$("$examples/prometheus-textfile" "$TMP/out.prom" && grep '^[^#]' "$TMP/out.prom")" \
	"what it writes without mmfs"
