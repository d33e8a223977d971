#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The scripts of contrib/examples do what they say.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
. "$(dirname "$0")/lib-examples.sh"

make_image a 4M ext4 "$(number_uuid 1)"
for n in 2 3 4; do
	make_image "$n" 1M swap "$(number_uuid "$n")"
	attach "$n" "0$n"
done
start_mmfs
dos=$MM/DosDevices

names()
{
	find "$dos" -type l -printf '%f>%l\n' | sed "s|>${LOOP}0*|>|; s|>\.\./.*|>-|" | sort | tr '\n' ' '
}

# Each says how it is used, and has found a place here.
for example in "$examples"/*; do
	case ${example##*/} in
	keep-shelf | rename-batch | rotate-disks | wait-and-mount | watch-changes) ;;
	kubernetes-disks | prometheus-textfile | share-read-only | zfs-members) ;; # the case `examples-systems`
	wine-dosdevices) ;;                 # the case `examples-wine`
	ansible-names.yml) continue ;;      # the case `examples-declare` does
	querypoints.c) continue ;;          # the case `package` does
	cluster) continue ;;                # the suite `cluster` does
	automount.conf | fstab | mount-archive*) continue ;; # the vm suite does
	*) fail "nobody tries $example" ;;
	esac
	[ "$(wc -l <"$example")" -le 60 ] || fail "$example is long"
done
for line in "keep-shelf" "keep-shelf -r" "kubernetes-disks x" "prometheus-textfile" "rename-batch x" "rotate-disks x" \
	"share-read-only -r" "wait-and-mount x" "watch-changes x" "wine-dosdevices x y" "zfs-members x"; do
	code=0
	read -ra words <<<"$line"
	errors=$("$examples/${words[0]}" "${words[@]:1}" 2>&1 </dev/null) || code=$?
	expect_equal 2 "$code" "the status of $line"
	expect_match "^${words[0]} ?" "$errors" "what $line says"
done

# --- rename-batch ------------------------------------------------------------------------------------

rename_batch()
{
	"$examples/rename-batch"
}
for n in 2 3; do
	request create_point "link=name$n device=${LOOP}0$n"
	request create_point "link=\"a \\\"quoted\\\" \$(name) $n\" device=${LOOP}0$n"
done
request create_point "C: ${LOOP}02"
request create_point "D: ${LOOP}03"
epic_before=$(epic)
rename_batch <<'END'
name2 name3
name3 name2

C: D:
D: C:
END
expect_equal 'C:>3 D:>2 a "quoted" $(name) 2>2 a "quoted" $(name) 3>3 name2>3 name3>2 ' "$(names)" "the names"
expect_equal $((epic_before + 1)) "$(epic)" "the epic number"
expect_equal "0 0" "$(cat "$(volume_folder "${LOOP}02")/no_drive_letter" "$(volume_folder "${LOOP}03")/no_drive_letter" | xargs)" \
	"the marks"
rename_batch <<<$'a "quoted" $(name) 2\t`b` \'c\' "d" é\nname2 one'
expect_equal "C:>3 D:>2 \`b\` 'c' \"d\" é>2 a \"quoted\" \$(name) 3>3 name3>2 one>3 " "$(names)" "odd names"
# Nothing happens if anything is wrong, and it says what.
names_before=$(names)
while IFS='|' read -r line why; do
	code=0
	errors=$(printf 'one two\n%b\n' "$line" | rename_batch 2>&1) || code=$?
	expect_equal 1 "$code" "the status of renaming '$line'"
	expect_match "$why" "$errors" "what it says to '$line'"
	expect_equal "$names_before" "$(names)" "the names after '$line'"
done <<'END'
nothing two|^nothing: there is no link /DosDevices/nothing$
name3 C:|^line 4: .* has the drive letter D: already$
C: name3|^line 4: /DosDevices/name3 is a link of UUID=
name3 x:|^line 4: a drive letter must be upper case$
name3 a/b|^line 4: a link name cannot contain '/' or
one three|^line 2: there is no link /DosDevices/one$
END
# Many, which do not fit into one write.
for i in {1000..1399}; do
	echo "link=old_$i device=${LOOP}04"
done >"$CTL/create_point"
for i in {1000..1399}; do
	echo "old_$i new_$i"
done >"$TMP/lines"
epic_before=$(epic)
rename_batch <"$TMP/lines"
expect_equal "400 0" "$(find "$dos" -name 'new_*' | wc -l) $(find "$dos" -name 'old_*' | wc -l)" "new and old names of many"
expect_equal $((epic_before + 1)) "$(epic)" "the epic number after many"
request delete_points all=1

# --- keep-shelf --------------------------------------------------------------------------------------

kept()
{
	local folder

	for folder in "$MM"/ids/*/; do
		[ "$(cat "$folder/keep_links")" = 0 ] || sed 's/.*-0*//' "$folder/unique_id"
	done | tr '\n' ' '
}
for n in 2 3 4; do
	request create_point "link=name$n device=${LOOP}0$n"
done
epic_before=$(epic)
said=$("$examples/keep-shelf" "${LOOP#/dev/}0[23]" 2>&1)
expect_equal "UUID=$(number_uuid 2) (${LOOP}02)
UUID=$(number_uuid 3) (${LOOP}03)" "$said" "what it says"
expect_equal "2 3 " "$(kept)" "who is kept"
expect_equal $((epic_before + 1)) "$(epic)" "the epic number"
detach 02
detach 03
detach 04
settle
expect_equal "name2>- name3>- " "$(names)" "the names while the shelf is off"
expect_fail ENOENT cat "$MM/DosDevices/name2"
attach 3 05
attach 4 04
settle
expect_equal "name2>- name3>5 name4>4 " "$(names)" "the names while half of it is on"
# Released: who is there, and who is not, by its last device or by its ID.
"$examples/keep-shelf" -r "${LOOP#/dev/}05" "UUID=$(number_uuid 2)" 2>/dev/null
expect_equal "" "$(kept)" "who is kept after the release"
expect_equal "name3>5 name4>4 " "$(names)" "the names after the release"
"$examples/keep-shelf" '*' 2>/dev/null
expect_equal "3 4 " "$(kept)" "who is kept of all"
detach 04
settle
"$examples/keep-shelf" -r "${LOOP#/dev/}04" 2>/dev/null
expect_equal "name3>5 " "$(names)" "the names after the release of who is absent"
code=0
said=$("$examples/keep-shelf" 'nothing*' UUID=1 2>&1) || code=$?
expect_equal "1 there is no such volume" "$code $said" "what it says of nothing"
expect_equal "3 " "$(kept)" "who is kept after nothing"
"$examples/keep-shelf" -r '*' 2>/dev/null

# --- watch-changes -----------------------------------------------------------------------------------

has_looked()
{
	compgen -G "$TMP/tmp.*/old" >/dev/null && [[ $(cat "/proc/$pid/wchan") == *pipe* ]]
}
# Under those who read what happens.
end_mmfs()
{
	umount -l "$MM"
	await_end "$mmfs_pid"
	mmfs_pid=
}
watch()
{
	TMPDIR=$TMP start_example watch-changes
	await has_looked
}
watch
expect_equal "" "$(cat "$TMP/out")" "what it says before anything happens"
node=${LOOP}05
request create_point "link=fresh device=$node"
await has_line "^$(epic) [+] LINK=\"/DosDevices/fresh\" ID=\"UUID=$(number_uuid 3)\" DEVICE=\"$node\"\$"
mv "$dos/fresh" "$dos/moved"
await has_line "^$(epic) [+] LINK=\"/DosDevices/moved\""
await has_line "^$(epic) - LINK=\"/DosDevices/fresh\""
rm "$dos/moved"
await has_line "^$(epic) - LINK=\"/DosDevices/moved\""
expect_equal 4 "$(wc -l <"$TMP/out")" "the lines"
stop_example
expect_equal "" "$(find "$TMP" -maxdepth 1 -name 'tmp.*')" "what it leaves behind"
watch
end_mmfs
await_end "$pid"
start_mmfs

# --- wait-and-mount ----------------------------------------------------------------------------------

mkdir "$TMP/dir"
wait_and_mount()
{
	start_example wait-and-mount backup "$TMP/dir" "$@"
}
is_mounted_here()
{
	findmnt -n -o SOURCE,OPTIONS "$TMP/dir" | grep -qE "^$1 +$2[, ]"
}

# The disk is there: at once, with options; until told to end.
attach a 01
settle
request create_point "link=backup device=${LOOP}01"
wait_and_mount -o ro
await has_line "^${LOOP}01 is mounted at $TMP/dir$"
is_mounted_here "${LOOP}01" ro || fail "it is not mounted read-only"
for signal in TERM HUP; do
	stop_example $signal
	expect_equal "${LOOP}01 is unmounted" "$(tail -n 1 "$TMP/out")" "what it says in the end"
	! lib_is_mounted "$TMP/dir" || fail "it is mounted still, after SIG$signal"
	wait_and_mount
	await has_line "^${LOOP}01 is mounted at $TMP/dir$"
	is_mounted_here "${LOOP}01" rw || fail "it is not mounted"
done
# Other things happen; then the disk is pulled: what the kernel has of it goes as well.
request create_point "link=more device=${LOOP}05"
request delete_points "link=more"
! lib_is_ended "$pid" || fail "it does not wait"
request volume_removal_notification "${LOOP}01"
await_end "$pid"
expect_equal 0 "$status" "the status after the disk was pulled"
! lib_is_mounted "$TMP/dir" || fail "what was pulled is mounted still"
detach 01
settle

# mmfs ends, and is back; and what has become of the disk meanwhile is seen then.
attach a 01
settle
wait_and_mount
await has_line "^${LOOP}01 is mounted at $TMP/dir$"
end_mmfs
start_mmfs
await is_reading "$pid" events
is_mounted_here "${LOOP}01" rw || fail "it is not mounted any more when mmfs was started again"
end_mmfs
lib_is_mounted "$TMP/dir" || fail "it is not mounted any more without mmfs"
start_mmfs
request delete_points "link=backup"
await_end "$pid"
! lib_is_mounted "$TMP/dir" || fail "it is mounted still, and has no name any more"
request create_point "link=backup device=${LOOP}01"
detach 01
settle

# It waits for the disk, and for no other; told to end before it came, it ends.
wait_and_mount
await is_reading "$pid" events
attach 4 04
settle
request create_point "link=backups device=${LOOP}04"
! lib_is_ended "$pid" || fail "it does not wait for its own disk"
expect_equal "" "$(cat "$TMP/out")" "what it says while it waits"
attach a 06
await has_line "^${LOOP}06 is mounted at $TMP/dir$"
stop_example
! lib_is_mounted "$TMP/dir" || fail "it is mounted still"
detach 06
settle
wait_and_mount
await is_reading "$pid" events
kill "$pid"
await_end "$pid"
! lib_is_mounted "$TMP/dir" || fail "something is mounted"
expect_equal "" "$(cat "$TMP/out")" "what it says when nothing came"

# The same by a name that is given to a disk which is there.
wait_and_mount
await is_reading "$pid" events
attach a 07
settle
await has_line "^${LOOP}07 is mounted at $TMP/dir$"
stop_example
request delete_points "link=backup"
wait_and_mount
await is_reading "$pid" events
expect_ok ln -s "${LOOP}07" "$dos/backup"
await has_line "^${LOOP}07 is mounted at $TMP/dir$"
stop_example

# --- rotate-disks ------------------------------------------------------------------------------------

rotate()
{
	local name=$1 n ids=()

	shift
	for n; do
		ids+=("UUID=$(number_uuid "$n")")
	done
	start_example rotate-disks "$name" "${ids[@]}"
	await is_reading "$pid" events
}
request delete_points all=1
for n in 04 05 07; do
	detach $n
done
attach 2 12
attach 3 13
settle

# The first of the list that is there; the other gets it when that is gone; who comes back waits.
epic_before=$(epic)
rotate backup 4 3 2
await has_line "^backup is ${LOOP}13$"
detach 13
await has_line "^backup is ${LOOP}12$"
attach 3 14
attach 4 15
settle
detach 12
await has_line "^backup is ${LOOP}15$"
detach 15
await has_line "^backup is ${LOOP}14$"
detach 14
await has_line "^backup is nowhere$"
attach 4 16
await has_line "^backup is ${LOOP}16$"
attach 2 17
attach 3 18
settle
await is_reading "$pid" events
expect_equal "backup is ${LOOP}13
backup is ${LOOP}12
backup is ${LOOP}15
backup is ${LOOP}14
backup is ${LOOP}16" "$(grep -v nowhere "$TMP/out")" "who had the name"
expect_equal "3 2 4 3 4 " "$(jq -r 'select(.link == "/DosDevices/backup" and .epic > '"$epic_before"').id' "$MM/history" |
	sed 's/.*-0*//' | tr '\n' ' ')" "who was given the name"
kill "$pid"
await_end "$pid"

# Nothing is done twice. What another disk has it keeps, and so it is with a name that is kept.
epic_before=$(epic)
rotate backup 2 3 4
await has_line "^backup is ${LOOP}16$"
expect_equal "backup is ${LOOP}16" "$(cat "$TMP/out")" "what it says when started again"
kill "$pid"
await_end "$pid"
rotate backup 2 3
request keep_links_when_offline "device=${LOOP}16"
epic_before=$((epic_before + 1))
detach 16
settle
await has_line "^backup is nowhere$"
expect_equal "backup is ${LOOP}16
backup is nowhere $epic_before" "$(cat "$TMP/out") $(epic)" "what it says of a disk of another list"
request delete_points link=backup
await has_line "^backup is ${LOOP}17$"
kill "$pid"
await_end "$pid"

# Odd names, and such as cannot be.
rotate 'a "quoted" $(name) é' 3
await has_line "is ${LOOP}18$"
expect_equal "${LOOP}18" "$(readlink "$dos/a \"quoted\" \$(name) é")" "an odd name"
kill "$pid"
await_end "$pid"
rotate x: 3
await has_line "^UUID=.*: a drive letter must be upper case$"

umount -l "$MM"
await_end "$mmfs_pid"
mmfs_pid=
await_end "$pid"
expect_equal "1 mmfs has ended" "$status $(tail -n 1 "$TMP/out")" "how it ends"
