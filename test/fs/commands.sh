#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ordinary commands that are operations, all the others that are refused, and who may do what.
. "$(dirname "$0")/lib.sh"
require busybox

attach_two
start_mmfs
dos=$MM/DosDevices
volumes=$MM/Volumes
volume_a="Volume{$(cat "$(volume_folder "$a")/guid")}"
guid="Volume{01234567-89ab-cdef-0123-456789abcdef}"

# That points, listing and links agree on "NAME N…", N being the device's number.
expect_links()
{
	local expected=$1 name n

	expect_equal "$expected" "$(while read -r name; do
		echo "$name $(readlink "$dos/$name")"
	done < <(links) | sed "s,$LOOP,,")" "the links after $2"
	expect_equal "$(cut -d ' ' -f 1 <<<"$expected")" "$(ls "$dos")" "the listing after $2"
	while read -r name n; do
		[ -z "$name" ] || [ "$dos/$name" -ef "$LOOP$n" ] || fail "$name does not lead to $n after $2"
	done <<<"$expected"
}
expect_links "" "the start"

# ln -s takes what device= takes.
expect_ok ln -s "$a" "$dos/X:"
expect_links "X: 01" "ln"
expect_ok ln -s "$id_b" "$dos/by-id"
expect_ok ln -s X: "$dos/by-letter"
expect_ok ln -s /DosDevices/by-id "$dos/by-link"
expect_ok ln -s by-link "$dos/by-other"
expect_ok ln -s "${b#/dev/}" "$dos/by-name"
expect_ok ln -s "/dev/block/$(stat -c %Hr:%Lr "$a")" "$dos/by-number"
expect_ok ln -s "$volume_a" "$dos/by-volume"
expect_ok ln -s "$a" "$dos/"
expect_links "X: 01
by-id 02
by-letter 01
by-link 02
by-name 02
by-number 01
by-other 02
by-volume 01
${a#/dev/} 01" "ln of all kinds"
expect_ok rm "$dos"/by-*
expect_ok rm "$dos/${a#/dev/}"
expect_links "X: 01" "rm"
expect_ok ln -s "$a" "$volumes/$guid"
expect_equal "$a" "$(readlink "$volumes/$guid")" "the target of a volume name"
expect_ok mv "$volumes/$guid" "$volumes/${guid/0123/4567}"
expect_fail ENOENT readlink -v "$volumes/$guid"
expect_ok rm "$volumes/${guid/0123/4567}"
expect_equal 2 "$(find "$volumes" -type l | wc -l)" "the number of volume names"

# Replacing.
expect_fail EEXIST ln -s "$b" "$dos/X:"
expect_ok ln -sf "$b" "$dos/X:"
expect_links "X: 02" "ln -sf"
expect_ok ln -sf "$b" "$dos/X:"
expect_links "X: 02" "ln -sf to the same"
expect_ok busybox ln -sf "$a" "$dos/X:"
expect_links "X: 01" "the ln -sf of busybox"
expect_ok ln -sfn "$b" "$dos/data"
expect_links "X: 01
data 02" "ln -sfn"

# rm
expect_fail ENOENT rm "$dos/nothing"
expect_ok rm -f "$dos/nothing" "$dos/data"
expect_links "X: 01" "rm -f"
expect_ok rm -rf "$dos/X:"
expect_links "" "rm -rf"
expect_ok ln -s "$a" "$dos/X:"
expect_ok unlink "$dos/X:"
expect_links "" "unlink"

# mv
expect_ok ln -s "$a" "$dos/one"
expect_ok ln -s "$b" "$dos/two"
epic_before=$(epic)
expect_ok mv "$dos/one" "$dos/three"
expect_equal $((epic_before + 1)) "$(epic)" "the epic number after mv"
expect_links "three 01
two 02" "mv"
expect_ok mv -n "$dos/two" "$dos/three"
expect_links "three 01
two 02" "mv -n over another"
expect_equal $((epic_before + 1)) "$(epic)" "the epic number after mv -n"
expect_ok mv -n "$dos/two" "$dos/four"
expect_links "four 02
three 01" "mv -n"
expect_ok mv "$dos/four" "$dos/three"
expect_links "three 02" "mv over another"
expect_ok ln -s "$a" "$dos/one"
expect_ok mv -f "$dos/one" "$dos/three"
expect_links "three 01" "mv -f"
inode=$(stat -c %i "$dos/three")
expect_ok mv "$dos/three" "$dos/THREE"
expect_links "THREE 01" "mv to another case"
expect_equal "$inode" "$(stat -c %i "$dos/THREE")" "the inode after mv"
expect_fail ENOENT mv "$dos/three" "$dos/four"
expect_ok mv -n "$dos/THREE" "$dos/Three"
expect_links "Three 01" "mv -n to another case"
expect_ok ln -s "$b" "$dos/other"
# The mv of coreutils 9.1 says something at random, since it sees no such file that could exist.
expect_fail - mv "$dos/other" "$dos/THREE"
expect_fail EEXIST busybox mv "$dos/other" "$dos/THREE"
expect_links "Three 01
other 02" "mv over another case"
expect_ok busybox mv "$dos/other" "$dos/Other"
expect_links "Other 02
Three 01" "the mv of busybox"

# Letters keep their rules.
expect_ok mv "$dos/Three" "$dos/X:"
expect_ok mv "$dos/X:" "$dos/Y:"
expect_links "Other 02
Y: 01" "mv of a letter"
expect_ok ln -s "$a" "$dos/more"
expect_fail EINVAL busybox mv "$dos/more" "$dos/Z:"
expect_fail EINVAL busybox mv "$dos/more" "$dos/z:"
expect_ok mv "$dos/Other" "$dos/Y:"
expect_links "Y: 02
more 01" "mv over a letter of another volume"
expect_ok mv "$dos/more" "$dos/C:"
expect_ok mv "$dos/C:" "$dos/Y:"
expect_links "Y: 01" "mv of a letter over another"
expect_ok mv "$dos/Y:" "$dos/plain"
expect_links "plain 01" "mv of a letter to another name"

# A rename over a link of the same volume, and back and forth.
expect_ok ln -s "$a" "$dos/twin"
expect_ok mv -T "$dos/twin" "$dos/plain"
expect_links "plain 01" "mv over a link of the same volume"
for i in 1 2 3 4 5; do
	expect_ok mv "$dos/plain" "$dos/p$i"
	expect_ok mv "$dos/p$i" "$dos/plain"
done
expect_links "plain 01" "many mv"

# Everything else is refused.
refused()
{
	expect_fail EPERM "$@"
}
epic_before=$(epic)
listing=$(ls -lR "$dos" "$volumes" "$MM/ids" "$MM/devices"; find "$MM" -printf '%P %m %u %g\n')
refused mv "$dos/plain" "$volumes/"
refused mv "$volumes/$volume_a" "$dos/"
refused mv "$dos/plain" "$MM/plain"
refused mv "$MM/points" "$dos/points"
refused mv "$MM/points" "$MM/points2"
refused mv "$dos" "$MM/dos"
refused mv "$MM/devices/${a#/dev/}" "$MM/devices/x"
refused mv "$dos/plain" "$MM/control/version"
for folder in "$MM" "$dos" "$volumes" "$MM/ids" "$MM/ids/$id_a" "$MM/devices" "$CTL"; do
	refused touch "$folder/new"
	refused mkdir "$folder/new"
	refused mknod "$folder/new" p
	refused mknod "$folder/new" b 7 7
	refused ln "$dos/plain" "$folder/new"
	refused dd if=/dev/null of="$folder/new" status=none
	case $folder in
	"$dos" | "$volumes") ;;
	*) refused ln -s "$a" "$folder/new" ;;
	esac
done
for file in "$MM/points" "$MM/points.json" "$MM/history" "$MM/metrics" "$MM/ids/$id_a/label"; do
	refused rm -f "$file"
	refused touch "$file"
	refused truncate -s 0 "$file"
	refused dd of="$file" status=none if=/dev/null
	refused dd of="$file" status=none if=/dev/null oflag=append conv=notrunc
	refused chmod 777 "$file"
	refused chown 1 "$file"
	refused chgrp 1 "$file"
done
refused rm "$MM/devices/${a#/dev/}"
refused rm "$MM/ids/$id_a/device"
refused rm "$CTL/version"
refused rmdir "$MM/ids/$id_a"
refused rmdir "$dos"
refused rmdir "$CTL"
refused rm -rf "$MM/ids"
refused chmod 777 "$dos"
refused chmod 666 "$CTL/create_point"
refused chown 1 "$CTL/create_point"
refused chown -h 1 "$dos/plain"
# Granted, and nothing comes of it.
expect_ok touch -h "$dos/plain"
expect_ok touch "$dos"
expect_ok chown -h root:root "$dos/plain"
refused truncate -s 1 "$CTL/version"
if command -v setfattr >/dev/null; then
	refused setfattr -n user.x -v 1 "$MM/points"
	refused setfattr -x user.x "$MM/points"
fi
expect_equal "$listing" "$(ls -lR "$dos" "$volumes" "$MM/ids" "$MM/devices"; find "$MM" -printf '%P %m %u %g\n')" \
	"the tree after all that"
expect_equal "$epic_before" "$(epic)" "the epic number after all that"

# Links that are kept in a folder, as other tools copy them.
mkdir "$TMP/links"
chown --reference="$dos" "$TMP/links"
chmod --reference="$dos" "$TMP/links"
ln -s "$a" "$TMP/links/copied"
ln -s "$a" "$TMP/links/another"
expect_ok cp -a "$TMP/links/." "$dos"
expect_ok rsync -a "$TMP/links/" "$dos"
tar -C "$TMP/links" -cf "$TMP/links.tar" copied another
expect_ok tar -C "$dos" -xPf "$TMP/links.tar"
for name in copied another; do
	expect_equal "$a" "$(readlink "$dos/$name")" "a link that was copied"
	rm "$dos/$name"
done

# What the tree itself shows is a volume, too: as links in it have it, or as a shell completes paths.
expect_shown() # NODE TARGET
{
	expect_ok ln -s "$2" "$dos/shown"
	expect_equal "$1" "$(readlink "$dos/shown")" "what $2 leads to"
	rm "$dos/shown"
	expect_ok request create_point "link=shown device=$2"
	expect_equal "$1" "$(readlink "$dos/shown")" "what device=$2 leads to"
	rm "$dos/shown"
	printf 'create_point link=shown %s\ncommit\n' "$2" >"$CTL/batch"
	expect_equal "$1" "$(readlink "$dos/shown")" "what $2 leads to in a batch"
	rm "$dos/shown"
	expect_equal "$(ask query_points "$1")" "$(ask query_points "device=$2")" "a query by $2"
	expect_ok request volume_arrival_notification "device=$2"
}
ln -s "$b" "$dos/other"
for path in "ids/$id_b" "ids/$id_b/device" "devices/${b#/dev/}/" "devices/${b#/dev/}/device" \
	"Volumes/Volume{$(cat "$MM/ids/$id_b/guid")}" DosDevices/other; do
	expect_shown "$b" "../$path"
	expect_shown "$b" "$MM/$path"
done
rm "$dos/other"
expect_refused_by ENOENT create_point ln -s "$MM/devices/nothing" "$dos/shown"
expect_refused_by ENOENT create_point ln -s "$MM/DosDevices/nothing" "$dos/shown"
expect_refused_by ENOENT create_point ln -s ../ids/UUID=1234/device "$dos/shown"
expect_refused_by ENOENT create_point ln -s "${MM}x/devices/${b#/dev/}" "$dos/shown"
expect_refused_by ENOENT create_point ln -s "$MM/control/version" "$dos/shown"
expect_refused ENOENT create_point "link=shown device=$MM/ids/UUID=1234"

# Others may look and ask, and change nothing.
as()
{
	local user=$1 group=$2

	shift 2
	setpriv --reuid="$user" --regid="$group" --clear-groups "$@"
}
may_look()
{
	expect_equal "$(points)" "$(as "$@" cat "$MM/points")" "points for $1"
	expect_equal "$a" "$(as "$@" readlink "$dos/plain")" "a link for $1"
	expect_equal "$(ask query_points link=plain)" \
		"$(as "$@" bash -c "exec 3<>$CTL/query_points; echo link=plain >&3; cat <&3")" "an answer for $1"
	expect_ok as "$@" bash -c "echo 1 >$CTL/settle"
	as "$@" cat "$CTL/error_log" "$CTL/unprocessed" "$CTL/epic_number" "$CTL/version" "$MM/metrics" >/dev/null
}
may_not_change()
{
	expect_fail EACCES as "$@" ln -s "$a" "$dos/new"
	expect_fail EACCES as "$@" rm -f "$dos/plain"
	expect_fail EACCES as "$@" mv "$dos/plain" "$dos/new"
	expect_fail EACCES as "$@" rm -f "$volumes/$volume_a"
	expect_fail EACCES as "$@" bash -c "echo link=new device=$a >$CTL/create_point"
	expect_fail EACCES as "$@" bash -c "echo link=plain >$CTL/delete_points"
	expect_fail EACCES as "$@" cat "$CTL/create_point"
	expect_fail EACCES as "$@" touch "$dos/new"
	expect_links "plain 01" "what $1 has tried"
}
may_change()
{
	expect_ok as "$@" ln -s "$a" "$dos/new"
	expect_ok as "$@" mv "$dos/new" "$dos/newer"
	expect_ok as "$@" rm "$dos/newer"
	expect_ok as "$@" bash -c "echo link=new device=$a >$CTL/create_point"
	expect_links "new 01
plain 01" "what $1 has done"
	expect_ok as "$@" bash -c "echo link=new >$CTL/delete_points"
	expect_fail EPERM as "$@" mkdir "$dos/new"
	expect_links "plain 01" "what $1 has done"
}
may_look 1234 1235
may_not_change 1234 1235
restart_mmfs uid=1234 gid=1235 mode=0660
expect_equal "1234 1235 660" "$(stat -c '%u %g %a' "$CTL/create_point")" "owner and mode of create_point"
expect_equal "1234 1235 660" "$(stat -c '%u %g %a' "$CTL/delete_points")" "owner and mode of delete_points"
expect_equal "1234 1235 775" "$(stat -c '%u %g %a' "$dos")" "owner and mode of DosDevices"
expect_equal "1234 1235 775" "$(stat -c '%u %g %a' "$volumes")" "owner and mode of Volumes"
expect_equal "0 0 666" "$(stat -c '%u %g %a' "$CTL/query_points")" "owner and mode of query_points"
expect_equal "0 0 555" "$(stat -c '%u %g %a' "$MM")" "owner and mode of the root"
may_look 1234 1
may_change 1234 1
may_change 1 1235
may_change 0 0
may_look 1 1
may_not_change 1 1
restart_mmfs uid=nobody gid=nogroup
expect_equal "nobody nogroup 600" "$(stat -c '%U %G %a' "$CTL/create_point")" "owner and mode of create_point"
may_change nobody 1
may_not_change 1 nogroup
restart_mmfs mode=0666
may_change 1234 1235

# All that is remembered is for those to read who may change it, whatever else they may.
restart_mmfs gid=1235 mode=0620
expect_equal "0 1235 660" "$(stat -c '%u %g %a' "$CTL/database")" "owner and mode of database"
expect_equal "0 1235 620" "$(stat -c '%u %g %a' "$CTL/create_point")" "owner and mode of create_point"
may_change 1 1235
expect_ok as 1 1235 grep -q plain "$CTL/database"
expect_fail EACCES as 1 1 cat "$CTL/database"
restart_mmfs mode=0604
expect_equal 600 "$(stat -c %a "$CTL/database")" "mode of database, where all may read"
expect_fail EACCES as 1 1 cat "$CTL/database"
may_look 1 1

# A read-only mount.
restart_mmfs ro rw # of the two the later counts, as with mount(8)
expect_ok ln -s "$a" "$dos/later"
expect_ok rm "$dos/later"
restart_mmfs rw ro
expect_fail EROFS ln -s "$a" "$dos/new"
expect_fail EROFS rm -f "$dos/plain"
expect_fail EROFS mv "$dos/plain" "$dos/new"
expect_fail EROFS touch "$MM/new"
expect_fail EROFS mkdir "$dos/new"
expect_fail EROFS request create_point "link=new device=$a"
expect_fail EROFS request delete_points all=1
expect_links "plain 01" "what a read-only mount refused"
expect_equal "$(points)" "$(cat "$CTL/query_points")" "query_points of a read-only mount"

stop_mmfs
