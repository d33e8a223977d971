#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is open stays open when the server dies: where its readers are, what was written and is not
# over, who waits.

. "$(dirname "$0")/lib.sh"

require perl
attach_two
start_mmfs
for name in one two three four five six; do
	ln -s "$a" "$MM/DosDevices/$name"
done
settle

# Lists a folder a few names at a time. Goes on when the file `go` is there.
cat >"$TMP/list.pl" <<'END'
use strict;
open(my $folder, '<', $ARGV[0]) or die "open: $!";
my ($room, @names, $n) = (' ' x 120);
while (($n = syscall(217, fileno($folder), $room, 120)) > 0) {
	for (my $at = 0; $at < $n; $at += unpack('S', substr($room, $at + 16, 2))) {
		push(@names, unpack('Z*', substr($room, $at + 19)));
	}
	if (-e "$ARGV[1]/first") { next; }
	open(my $file, '>', "$ARGV[1]/first"); close($file);
	select(undef, undef, undef, 0.02) until -e "$ARGV[1]/go";
}
$n == 0 or die "getdents64: $!";
print(join(' ', sort(@names)), "\n");
END

points >"$TMP/points"
folder=$(volume_folder "$b")
exec 3<"$MM/points" 4<>"$CTL/query_points" 5<>"$CTL/batch" 6<"$MM/events" 7<"$CTL/change_notify" \
	8<"$folder/no_drive_letter"
read -r number <&7
dd bs=1 count=10 <&3 2>/dev/null >"$TMP/read"
printf 'link=two\n' >&4
dd bs=1 count=7 <&4 2>/dev/null >"$TMP/reply"
printf 'create_point link=alpha device=%s\ncreate_point lin' "$a" >&5
description=$(cat "$folder/no_drive_letter")
read -r _ <&7 &
waiter=$!
perl "$TMP/list.pl" "$MM/DosDevices" "$TMP" >"$TMP/names" 2>&1 &
lister=$!
await test -e "$TMP/first"
perl -e 'open(my $f, "<", $ARGV[0]); sysread($f, my $n, 99); my $set = ""; vec($set, fileno($f), 1) = 1;
	open(my $file, ">", "$ARGV[1]/polling"); close($file);
	print(scalar(select($set, undef, undef, 20)), "\n")' "$CTL/change_notify" "$TMP" >"$TMP/selected" &
selector=$!
await test -e "$TMP/polling"

replace_server
kill -0 "$waiter" || fail "nobody waits any more"
detach "$b"
settle
touch "$TMP/go"
wait "$lister" || fail "listing: $(cat "$TMP/names")"
expect_match ' five four one six three two$' "$(cat "$TMP/names")" "a listing that goes on with another server"
printf 'k=beta device=%s\ncommit\n' "$a" >&5
expect_equal "$a" "$(readlink "$MM/DosDevices/beta")" "a line that was cut"
expect_equal "$a" "$(readlink "$MM/DosDevices/alpha")" "the line before it"
wait "$waiter" || fail "the wait for a change has failed"
wait "$selector"
expect_equal 1 "$(cat "$TMP/selected")" "who polls is woken"
replace_server
cat <&3 >>"$TMP/read"
cmp "$TMP/points" "$TMP/read" || fail "points: what was read is not one text"
cat <&4 >>"$TMP/reply"
expect_match '^LINK="/DosDevices/two" ID="[^"]*" DEVICE="[^"]*"$' "$(cat "$TMP/reply")" "a reply in two pieces"
expect_equal "$description" "$(cat <&8)" "a file of a disk that has gone"
stat -L -c %s /dev/fd/8 >/dev/null
ln -s "$a" "$MM/DosDevices/gamma"
timeout 1 cat <&6 >"$TMP/events" || true
replace_server
rm "$MM/DosDevices/gamma"
timeout 1 cat <&6 >>"$TMP/events" || true
sed 's/^{"seq":\([0-9]*\),.*/\1/' "$TMP/events" >"$TMP/numbers"
seq "$(head -1 "$TMP/numbers")" "$(tail -1 "$TMP/numbers")" | cmp - "$TMP/numbers" ||
	fail "events: $(cat "$TMP/events")"
for event in '"link-created","link":"/DosDevices/alpha"' '"link-created","link":"/DosDevices/gamma"' \
	'"link-deleted","link":"/DosDevices/gamma"' '"volume-removed"'; do
	expect_equal 1 "$(grep -c "\"event\":$event" "$TMP/events")" "how often there is $event"
done
read -r number_now <&7
((number_now > number)) || fail "change_notify: $number_now after $number"
exec 3<&- 4<&- 5<&- 6<&- 7<&- 8<&-
stop_mmfs
