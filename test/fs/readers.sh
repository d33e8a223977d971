#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ordinary programs read the whole tree: they end, find no errors, and see what is there.
. "$(dirname "$0")/lib.sh"
require busybox rsync jq tar find grep sed awk perl du diff md5sum

attach_two 'a label'
start_mmfs
for i in {100..299}; do
	echo "link=\"a name $i ä\" device=${LOOP}0$((i % 2 + 1))"
done >"$CTL/create_point"
cd "$MM"

# Runs a program that must end soon, without a word of complaint.
run()
{
	expect_ok timeout 20 "$@"
}
quietly()
{
	run "$@" >/dev/null
}

# The texts: all but metrics, which count the readers.
mapfile -t texts < <(find points points.json history ids -type f | sort)
[ "${#texts[@]}" -gt 30 ] || fail "there are ${#texts[@]} texts only"
texts_sum=$(cat "${texts[@]}" | md5sum)

# Walkers, without and with following links.
quietly find .
quietly find . -ls
quietly find -L devices ids -name '*' -newermt 2000-01-01
quietly ls -lR
quietly ls -lRL devices
quietly ls -laiR --full-time
quietly stat -- * */* */*/*
quietly du -sh
quietly du -La ids
quietly busybox find .
quietly busybox ls -lR
quietly busybox du
quietly busybox stat points
expect_equal 202 "$(find DosDevices Volumes -type l | wc -l)" "the number of links that find has found"
expect_equal 202 "$(find DosDevices Volumes -type l -xtype b | wc -l)" "the number of links to devices"
run ls DosDevices Volumes >"$TMP/ls"
expect_equal 202 "$(grep -c -e '^a name' -e '^Volume{' "$TMP/ls")" "the number of links that ls lists"
expect_equal "" "$(find -L . -type l)" "links that lead nowhere"

# Archivers and copiers: everything but what waits when it is read.
waiting=(--exclude events --exclude change_notify)
quietly tar cf /dev/null "${waiting[@]}" .
mkdir "$TMP/tar" "$TMP/cp" "$TMP/rsync" "$TMP/busybox"
run tar cf "$TMP/archive" "${waiting[@]}" --exclude ./metrics .
run tar xf "$TMP/archive" -C "$TMP/tar"
for name in *; do
	case $name in
	events) ;;
	control)
		mkdir "$TMP/cp/control"
		for file in control/*; do
			[ "$file" = control/change_notify ] || run cp -a "$file" "$TMP/cp/control/"
		done
		;;
	*) run cp -a "$name" "$TMP/cp/" ;;
	esac
done
quietly rsync -a -n "${waiting[@]}" . "$TMP/rsync/"
run rsync -a "${waiting[@]}" ./ "$TMP/rsync/"
run busybox tar cf "$TMP/archive2" ids DosDevices Volumes devices points points.json history
run busybox tar xf "$TMP/archive2" -C "$TMP/busybox"
for copy in tar cp rsync busybox; do
	expect_equal "$texts_sum" "$(cd "$TMP/$copy" && cat "${texts[@]}" | md5sum)" "the texts that $copy has copied"
	expect_equal "$(find DosDevices Volumes devices ids -printf '%p %y %m %s %l\n' | sed '/ d /s/ [0-9]* $//' | sort)" \
		"$(cd "$TMP/$copy" && find DosDevices Volumes devices ids -printf '%p %y %m %s %l\n' |
			sed '/ d /s/ [0-9]* $//' | sort)" "the tree that $copy has copied"
done
expect_equal "$(find DosDevices -printf '%p %T@\n' | sort)" "$(cd "$TMP/cp" && find DosDevices -printf '%p %T@\n' | sort)" \
	"the times that cp has copied"

# Readers of one file: all see the same bytes.
sees()
{
	expect_equal "$expected" "$(run "$@" | md5sum)" "what '$*' sees"
}
for file in "${texts[@]}"; do
	expected=$(md5sum <"$file")
	for program in cat "busybox cat" "sed -n p" "awk 1" "head -n 9999" "tail -n +1" "perl -pe 1" "busybox sed -n p" \
		"busybox tail -n +1" "busybox awk 1"; do
		# shellcheck disable=SC2086
		sees $program "$file"
	done
	sees dd status=none if="$file"
	sees dd status=none bs=7 if="$file"
	sees tee <"$file"
	expect_equal "$expected" "$(timeout 20 busybox dd if="$file" 2>/dev/null | md5sum)" "what busybox dd sees of $file"
	[ ! -s "$file" ] || sees grep ^ "$file"
	expect_equal "$(wc -lc <"$TMP/cp/$file")" "$(wc -lc <"$file")" "what wc counts in $file"
	run cmp "$file" "$TMP/cp/$file"
done
expect_equal "$(cat points)" "$(while IFS= read -r line; do
	printf '%s\n' "$line"
done <points)" "what read sees"
mapfile -t lines <points
expect_equal 202 "${#lines[@]}" "the lines that mapfile has read"
expect_equal "$(tail -n 1 points)" "$(tac points | sed -n 1p)" "the last line"
expect_equal 202 "$(run jq length points.json)" "what jq counts"
expect_equal "$(wc -l <history)" "$(run jq -c .seq history | wc -l)" "what jq counts in history"
expect_equal 202 "$(run grep -c . points)" "what grep counts"

# Nothing is full: who watches that would raise an alarm.
expect_equal "- -" "$(df --output=pcent,ipcent . | tail -n 1 | xargs)" "how full the tree is"

# Searching through it all. These do not follow links, which would lead to the devices.
quietly grep -r . "${texts[@]}" ids metrics
for folder in DosDevices Volumes devices; do # nothing but links: no match is status 1
	expect_equal "status 1" "$(timeout 20 grep -r . "$folder" 2>&1 || echo "status $?")" "what grep -r says about $folder"
done
expect_equal "ids/UUID=11111111-2222-3333-4444-555555555555/label:a label" "$(run grep -r 'a label' ids)" "what grep -r finds"
quietly grep -r --exclude=change_notify . control
quietly busybox grep -r . ids
quietly diff -r ids "$TMP/cp/ids"
quietly sh -c 'cat metrics history points points.json ids/*/[!d]* control/[!c]* >/dev/null'
quietly sh -c 'md5sum points points.json history metrics; sort points; wc metrics; tail -c 20 points; head -c 20 points'

# The same as somebody else.
as=(setpriv --reuid=1234 --regid=1234 --clear-groups)
quietly "${as[@]}" find .
quietly "${as[@]}" ls -lR
quietly "${as[@]}" du
quietly "${as[@]}" grep -r . ids points history
quietly "${as[@]}" tar cf /dev/null --exclude control .

# Nothing of all that was an operation.
expect_equal "$texts_sum" "$(cat "${texts[@]}" | md5sum)" "the texts at the end"
expect_equal "" "$(cat control/error_log)" "error_log at the end"

# Who reads while the text changes sees one text, whatever others ask for meanwhile; who opens it then
# sees that of now, in whatever way.
bound=$TMP/bound
touch "$bound"
mount --bind points "$bound"
seq -f "link=more-%g device=${LOOP}01" 5000 >"$CTL/create_point"
cp points "$TMP/long"
expect_ok cmp points "$bound"
exec {slow}<points
dd bs=1000 count=1 status=none <&"$slow" >"$TMP/slow"
seq -f "link=more-%g" 5000 >"$CTL/delete_points"
expect_equal "$(wc -c <points)" "$(stat -c %s points)" "the size of points"
expect_equal "$(stat -c %s "$TMP/long")" "$(stat -Lc %s "/dev/fd/$slow")" "the size of points as it was"
expect_ok cmp points "$bound"
expect_equal "$(stat -c %s points)" "$(stat -c %s "$bound")" "the size of points somewhere else"
expect_ok cmp points "/dev/fd/$slow"
cat <&"$slow" >>"$TMP/slow"
exec {slow}<&-
expect_ok cmp "$TMP/long" "$TMP/slow"
umount "$bound"

cd /
stop_mmfs
