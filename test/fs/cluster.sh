#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two daemons with the same disks and names, and between them an engine that is played (engine.c), with
# all that goes wrong there.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-mmctl.sh"
. "$(dirname "$0")/lib-cluster.sh"

first=$MM
second=$TMP/second
mkdir "$second"
second_pid=

at_end()
{
	end_engine
	umount -l "$second" 2>/dev/null
}

on_first()
{
	MM=$first CTL=$first/control
}

on_second()
{
	MM=$second CTL=$second/control
}

start_first()
{
	on_first
	start_mmfs cluster=test "cluster_socket=$TMP/s1" "$@"
	first_pid=$mmfs_pid
}

start_second()
{
	on_second
	DB=$TMP/second.db start_mmfs cluster=test "cluster_socket=$TMP/s2" "$@"
	second_pid=$mmfs_pid
}

# mv(1) looks at what is not there before it says why.
rename_it() # FROM TO
{
	perl -e 'rename($ARGV[0], $ARGV[1]) or die "$!\n"' "$@"
}

sees_not() # HOST ID
{
	settle
	! grep -q "SEEN=\"$2\" HOST=\"$1\"" "$CTL/cluster"
}

make_image a 1M swap 11111111-1111-1111-1111-111111111111
make_image b 1M swap 22222222-2222-2222-2222-222222222222
make_image c 1M swap 33333333-3333-3333-3333-333333333333
attach a 01
attach b 02
a=${LOOP}01 b=${LOOP}02
id_a=UUID=11111111-1111-1111-1111-111111111111
id_b=UUID=22222222-2222-2222-2222-222222222222

# --- without anybody who speaks to the engine -----------------------------------------------------

start_first "share=${a#/dev/}:loop0"
expect_equal away "$(state)"
expect_match 'cluster cannot be changed' "$(cat "$CTL/unprocessed")" "a shared volume that nobody knows"
expect_refused EROFS create_point "link=early device=$a"
expect_match 'not connected since .*; shown as of revision 0' "$(tail -n 1 "$CTL/error_log")" "why it has no name"
expect_refused EINVAL query_points "device=$a"
expect_ok request create_point "link=own device=$b"
expect_equal "$b" "$(readlink "$MM/DosDevices/own")" "what is the machine's own goes on"
stop_mmfs

# --- with somebody --------------------------------------------------------------------------------

begin_engine "h1=$TMP/s1" "h2=$TMP/s2"
rm -f "$DB"
start_first share=all
await is_state up
settle
expect_equal 2 "$(find "$MM/Volumes" -type l | wc -l)" "volumes that were known to nobody"
start_second share=all
await is_state up
settle
expect_equal "$(ls "$first/Volumes")" "$(ls "$second/Volumes")" "names of volumes"
on_first
name='Volume{12345678-ABCD-1234-1234-123456789abc}'
expect_ok request create_point "link=$name device=$a"
on_second
settle
expect_equal "$a" "$(readlink "$MM/Volumes/$name")" "a volume name that another host has given"
on_first
expect_ok request delete_points "link=/Volumes/${name/V/v}"
on_second
settle
[ ! -L "$MM/Volumes/$name" ] || fail "a volume name that another host has deleted is there"
on_first
expect_ok request create_point "link=photos device=$a"
expect_equal "$a" "$(readlink "$MM/DosDevices/photos")"
on_second
settle
expect_equal "$a" "$(readlink "$MM/DosDevices/photos")" "what the other host has written"
expect_refused EEXIST create_point "link=photos device=$b"
expect_match "is a link of $id_a" "$(tail -n 1 "$CTL/error_log")"
expect_ok rm "$MM/DosDevices/photos"
on_first
settle
expect_equal "" "$(links)" "what the other host has deleted"
expect_match '"host":"h2"' "$(tail -n 1 "$MM/history")"
if [ -n "${MMCTL-}" ]; then
	expect_match ' HOST$' "$("$MMCTL" -m "$MM" history | head -n 1)" "the columns of the history"
	expect_equal 'h2 ' "$("$MMCTL" -m "$MM" history -n -r -o HOST | sort -u | tr '\n' ' ' | tr -s ' ' | sed 's/^ //')"
fi
expect_ok request create_point "link=Mail device=$a"
expect_ok mv "$MM/DosDevices/Mail" "$MM/DosDevices/post"
has_row links/dosdevices/post || fail "the engine has no row of the name"
! has_row links/dosdevices/mail || fail "the engine has a row of what was renamed"
expect_ok request create_point "X: $a"
! has_row links/dosdevices/x: || fail "a letter is for all hosts"
on_second
settle
expect_equal "post" "$(links)" "letters are each host's own"

# --- races ----------------------------------------------------------------------------------------

play lose h2 3
expect_ok request create_point "link=raced device=$b"
play lose h2 100
expect_fail EAGAIN request create_point "link=hopeless device=$b"
play lose h2 0
for ((i = 0; i < 8; i++)); do
	on_first
	echo "link=race-$i device=$a" >"$CTL/create_point" 2>"$TMP/error-1" &
	racer=$!
	on_second
	one=ok other=ok
	echo "link=race-$i device=$b" >"$CTL/create_point" 2>"$TMP/error-2" || other=fails
	wait "$racer" || one=fails
	[ "$one" != "$other" ] || fail "of two that gave a name at once: $one, $other"
done
settle
expect_equal "$(grep -v '/DosDevices/X:' "$first/points")" "$(cat "$second/points")" "what both show"

# --- who is absent --------------------------------------------------------------------------------

on_first
expect_ok request create_point "link=taken device=$b"
on_second
settle
detach 02
settle_udevd
on_first
settle
on_second
settle
await sees_not h1 "$id_b"
await sees_not h2 "$id_b"
play seen "$id_b" elsewhere
expect_refused EEXIST create_point "link=taken device=$a"
expect_match "which other hosts have" "$(tail -n 1 "$CTL/error_log")"
play unseen "$id_b" elsewhere
settle
expect_ok request create_point "link=taken device=$a"
attach b 02

# --- who sees what --------------------------------------------------------------------------------

if [ -n "${MMCTL-}" ]; then
	on_first
	both=$("$MMCTL" -m "$MM" tree --cluster -r -n -o NAME | grep -c "$a")
	expect_equal 2 "$both" "machines that see one volume"
	expect_match '^h1 up h2 alive ' "$("$MMCTL" -m "$MM" cluster status -n -r -o HOST,STATE | tr '\n' ' ')"
	expect_refused EBUSY cluster_forget host=h2
	expect_exit 1 "cannot forget the host .h1.: h1 is alive" mmctl cluster forget h1
	play seen "$id_a" h9
	expect_ok "$MMCTL" -m "$MM" cluster forget h9
	settle
	! grep -q h9 "$CTL/cluster" || fail "who sees what is not known after settle"
	expect_exit 1 "cannot forget the host .h9.: no machine of the cluster test is called h9" mmctl cluster forget h9
	expect_refused ENOENT cluster_forget host=nobody
fi

# --- new content ----------------------------------------------------------------------------------

new=UUID=55555555-5555-5555-5555-555555555555
follows()
{
	on_first
	settle
	on_second
	settle
	leads_to post "$a" && grep -q "ID=\"$1\"" "$MM/points"
}

leads_to()
{
	[ "$(readlink "$MM/DosDevices/$1")" = "$2" ]
}

on_first
play seen "$id_a" elsewhere
settle
on_second
settle
mkswap -U "${new#UUID=}" "$a" >/dev/null 2>&1
for host in first second; do
	on_$host
	await grep -q "DEVICE=\"$a\" REASON=\"other hosts still see $id_a here" "$CTL/unprocessed"
	expect_refused ENOENT create_point "link=early device=$a"
	expect_match "still see $id_a" "$(tail -n 1 "$CTL/error_log")" "why it has no names"
	[ ! -e "$MM/DosDevices/post" ] || fail "a name leads to new content before others have noticed"
done
has_row "volumes/$id_a" || fail "what others see was forgotten"
play unseen "$id_a" elsewhere
await follows "$new"
on_first
settle
leads_to post "$a" || fail "a name has not followed"
! has_row "volumes/$id_a" || fail "what nobody sees is not forgotten"
mkswap -U "${id_a#UUID=}" "$a" >/dev/null 2>&1
await follows "$id_a"

# --- the engine goes ------------------------------------------------------------------------------

on_first
settle
events=$TMP/events
cat "$MM/events" >"$events" &
reader=$!
await grep -q "$reader" <(pgrep -x cat)
play state h1 down no leader
await is_state down
expect_fail EROFS request create_point "link=late device=$a"
expect_match 'no answer \(no leader\) since .*revision [0-9]' "$(tail -n 1 "$CTL/error_log")"
expect_ok request create_point "Y: $b"
expect_equal "$b" "$(readlink "$MM/DosDevices/Y:")"
expect_equal "$a" "$(readlink "$MM/DosDevices/post")" "names that show all the same"
on_second
expect_ok request create_point "link=meanwhile device=$b"
on_first
play state h1 up
await is_state up
settle
expect_equal "$b" "$(readlink "$MM/DosDevices/meanwhile")"
play state h1 full
await is_state full
expect_fail ENOSPC request create_point "link=late device=$a"
play state h1 read-only role
await is_state read-only
expect_fail EROFS request create_point "link=late device=$a"
play hold h1
await is_state away
on_second
expect_ok request delete_points "link=meanwhile"
on_first
play state h1 up
play let h1
await is_state up
settle
[ ! -L "$MM/DosDevices/meanwhile" ] || fail "what happened while it was away does not show"
await grep -q cluster_back "$events"
grep -q '"event":"cluster_lost".*"reason":"no leader"' "$events" || fail "no event tells of it"
kill "$reader"

# --- what it sends --------------------------------------------------------------------------------

for text in garbage '[]' '{"rows":[{"key":"links/dosdevices/x","value":"{}"}],"revision":1}' \
	'{"hello":1}' '{"rows":7,"revision":1000000}'; do
	play raw h1 "$text"
	await grep -q "has to connect anew" "$LOG"
	: >"$LOG"
	await is_state up
done
play put links/dosdevices/evil '{"path":"/DosDevices/../evil","id":"'"$id_a"'","changed":1}'
play put links/dosdevices/good '{"path":"/DosDevices/good","id":"'"$id_a"'","changed":1}'
settle
expect_equal "$a" "$(readlink "$MM/DosDevices/good")"
[ ! -e "$MM/DosDevices/evil" ] || fail "a name that cannot be was taken"
play delete links/dosdevices/evil
settle

# Of a revision only that is left out which cannot be; so it is the same where all is read.
: >"$LOG"
play with links/dosdevices/orphan '{"path":"/DosDevices/orphan","id":"UUID=nobody","changed":1}'
play with volumes/UUID=strange '{"size":7,"start":9223372036854775809}'
play put links/dosdevices/beside '{"path":"/DosDevices/beside","id":"'"$id_a"'","changed":1}'
settle
expect_equal "$a" "$(readlink "$MM/DosDevices/beside")" "what stands beside rows that cannot be"
expect_match 'left out: UUID=strange; and 1 more' "$(grep "left out" "$LOG")"

# Names that it has, and that cannot be used, are nobody's to take, which is said at once.
play put links/dosdevices/unread garbage
settle
for link in unread orphan; do
	expect_refused EEXIST create_point "link=$link device=$a"
	expect_refused_by EEXIST create_point ln -s "$a" "$MM/DosDevices/$link"
	expect_refused_by EEXIST rename rename_it "$MM/DosDevices/beside" "$MM/DosDevices/$link"
done
expect_match 'link for UUID=nobody, and no row .*deleted there, /mmfs/test/links/dosdevices/orphan' "$(tail -n 1 "$CTL/error_log")"
expect_match 'cannot be read: .*/links/dosdevices/unread"' "$(cat "$CTL/error_log")"
play delete links/dosdevices/unread
settle
expect_ok request create_point "link=unread device=$a"
expect_ok rm "$MM/DosDevices/unread"
shown=$(points)
play compact
play put links/dosdevices/besides '{"path":"/DosDevices/besides","id":"'"$id_a"'","changed":1}'
play drop h1
await is_state up
settle
expect_equal "$shown" "$(points | grep -v besides)" "what shows when all was read"
play delete links/dosdevices/beside
play delete links/dosdevices/besides
play delete links/dosdevices/orphan
play delete volumes/UUID=strange
settle

# --- a name of the machine's own comes first, and what was read before shows without the engine -------

on_first
stop_mmfs "$first_pid"
on_second
stop_mmfs "$second_pid"
play hold h2
start_second share=all
expect_equal "$a" "$(readlink "$MM/DosDevices/good")" "a name of the cluster, without it"
expect_fail EROFS rm "$MM/DosDevices/good"
expect_match 'not connected.* since 2' "$(cat "$CTL/error_log")" "since when"
expect_ok request create_point "Z: $b"
play let h2
await is_state up
settle
stop_mmfs "$second_pid"
play hold h2 # what is here was here before the others were known
start_second share=off "db=$TMP/third.db"
play let h2
await is_state up
expect_ok request create_point "link=mine device=$b"
play put volumes/UUID=elsewhere '{"size":1}'
play put links/dosdevices/mine '{"path":"/DosDevices/MINE","id":"UUID=elsewhere","changed":1}'
settle
expect_equal "$b" "$(readlink "$MM/DosDevices/mine")"
expect_ok rm "$MM/DosDevices/mine"
expect_ok request create_point "link=own device=$b"
for moment in up away; do
	# Whether the engine can be asked or not.
	expect_refused EEXIST create_point "link=mine device=$b"
	expect_match "MINE is a link of UUID=elsewhere on other hosts" "$(tail -n 1 "$CTL/error_log")"
	expect_refused_by EEXIST create_point ln -s "$b" "$MM/DosDevices/mine"
	expect_refused_by EEXIST rename rename_it "$MM/DosDevices/own" "$MM/DosDevices/mine"
	[ $moment = up ] || break
	play hold h2
	await is_state away
done
play let h2
await is_state up
expect_ok rm "$MM/DosDevices/own"

# --- what was the machine's own joins -------------------------------------------------------------

attach c 03
c=${LOOP}03
settle
expect_ok request create_point "link=archive device=$c"
stop_mmfs
start_second share=all "db=$TMP/third.db"
await is_state up
settle
! has_row links/dosdevices/archive || fail "a volume has joined without being asked"
expect_refused EEXIST cluster_join "device=$b"
expect_match "other hosts have a volume" "$(tail -n 1 "$CTL/error_log")"
if [ -n "${MMCTL-}" ]; then
	expect_fail - "$MMCTL" -m "$MM" cluster join --dry-run
	! has_row links/dosdevices/archive || fail "a dry run has done something"
	expect_fail - "$MMCTL" -m "$MM" cluster join
else
	expect_ok request cluster_join "device=$c"
fi
has_row links/dosdevices/archive || fail "the name of a volume that has joined is not shared"
expect_equal "$c" "$(readlink "$MM/DosDevices/archive")"

# --- an older copy, and another engine, are not believed before it is decided ----------------------

take_over()
{
	expect_fail EROFS request create_point "link=early device=$c"
	expect_equal "$c" "$(readlink "$MM/DosDevices/newer")" "a name that is not there any more"
	if [ -n "${MMCTL-}" ]; then
		expect_match 'would be taken over' "$("$MMCTL" -m "$MM" cluster join --dry-run 2>/dev/null || :)"
		expect_equal read-only "$(state)" "after a dry run"
		"$MMCTL" -m "$MM" cluster join 2>"$TMP/told" || grep -q "$1" "$TMP/told" ||
			fail "cannot take over: $(cat "$TMP/told")"
	else
		expect_ok request cluster_join all=1
		await is_state up
		settle
		expect_ok request cluster_join "device=$c"
	fi
	expect_equal up "$(state)" "after it was decided"
	has_row links/dosdevices/newer || fail "what was lacking is not shared"
	expect_equal "$c" "$(readlink "$MM/DosDevices/newer")"
}

play save
expect_ok request create_point "link=newer device=$c"
play restore
await is_state read-only
expect_match 'older copy' "$(cat "$CTL/cluster")"
take_over "other hosts have a volume"
expect_ok request create_point "link=late device=$c"
has_row links/dosdevices/late || fail "a name is not shared after all"
play save
expect_ok request create_point "link=third device=$c"
play restore
await is_state read-only
expect_ok request cluster_join all=1
await is_state up
settle
! has_row links/dosdevices/third || fail "a name is shared before that is asked for"
stop_mmfs
start_second share=all "db=$TMP/third.db"
await is_state up
settle
expect_equal "$c" "$(readlink "$MM/DosDevices/third")" "a name that is still to be shared"
expect_ok request cluster_join "device=$c"
has_row links/dosdevices/third || fail "a name is not shared anew"

play other
await is_state read-only
expect_match 'another cluster' "$(cat "$CTL/cluster")"
stop_mmfs
start_second share=all "db=$TMP/third.db"
await is_state read-only
expect_fail EROFS rm "$MM/DosDevices/late"
expect_match 'mmctl cluster status' "$(mmctl delete late 2>&1 || true)" "mmctl's advice"
take_over nothing
has_row links/dosdevices/archive || fail "names of before are not shared"
expect_ok request create_point "link=last device=$c"

# --- more volumes at once than one change has room for ----------------------------------------------

play room 16
play hold h2
await is_state away
volumes=$(find "$MM/Volumes" -type l | wc -l)
for i in {10..21}; do
	make_image "many-$i" 1M swap "44444444-4444-4444-4444-4444444444$i"
	losetup "$LOOP$i" "$TMP/many-$i"
done
settle
expect_equal 12 "$(grep -c 'cluster cannot be changed' "$CTL/unprocessed")" "volumes that wait"
play let h2
await is_state up
settle
expect_equal $((volumes + 12)) "$(find "$MM/Volumes" -type l | wc -l)" "volumes that came at once"
for i in {10..21}; do
	has_row "volumes/UUID=44444444-4444-4444-4444-4444444444$i" || fail "volume $i is not shared"
done

# --- who sends rows that cannot be, and does not stop -----------------------------------------------

: >"$LOG"
for ((i = 0; i < 60; i++)); do
	play put "links/dosdevices/noise-$i" garbage
	play put "links/dosdevices/nobody-$i" "{\"path\":\"/DosDevices/nobody-$i\",\"id\":\"UUID=none\",\"changed\":1}"
done
settle
expect_match '^[1-9]$|^1[0-9]$|^20$' "$(grep -c 'noise-\|nobody-' "$LOG")" "lines about rows that cannot be"
