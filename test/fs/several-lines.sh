#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Several requests in one write, and requests that arrive in pieces.
. "$(dirname "$0")/lib.sh"
require awk perl tee dd setpriv

a=${LOOP}01
make_image a 16M ext4
attach a 01
start_mmfs

commits()
{
	sed -n 's/^mmfs_commits_total //p' "$MM/metrics"
}

# What `links` and the epic number are after a step; everything is deleted again.
expect_step()
{
	local what=$1 epics=$2 expected=$3

	expect_equal "$expected" "$(links | tr '\n' ' ')" "the links after $what"
	expect_equal $((epic_before + epics)) "$(epic)" "the epic number after $what"
	expect_equal $((commits_before + epics)) "$(commits)" "the number of commits after $what"
	expect_ok request delete_points "device=$a" >/dev/null
	epic_before=$(epic)
	commits_before=$(commits)
}
epic_before=$(epic)
commits_before=$(commits)

lines="X: $a
link=one device=$a
link=two device=X:"
expect_ok cat >"$CTL/create_point" <<<"$lines"
expect_step "cat" 1 "X: one two "
expect_ok /usr/bin/printf '%s\n' "X: $a" "link=one device=$a" >"$CTL/create_point"
expect_step "printf of coreutils" 1 "X: one "
expect_ok printf '%s\n' "X: $a" "link=one device=$a" >"$CTL/create_point"
expect_step "printf of bash, which writes line by line" 2 "X: one "
tee "$CTL/create_point" <<<"$lines" >/dev/null
expect_step "tee" 1 "X: one two "
dd of="$CTL/create_point" bs=1M status=none <<<"$lines"
expect_step "dd" 1 "X: one two "
expect_ok cat >>"$CTL/create_point" <<<"$lines"
expect_step ">>" 1 "X: one two "
printf '%s' "$lines" >"$TMP/lines"
cat "$TMP/lines" >"$CTL/create_point"
expect_step "cat without a newline at the end" 1 "X: one two "
printf '%s\n' "$lines" >"$TMP/lines"
cp "$TMP/lines" "$CTL/create_point"
expect_step "cp" 1 "X: one two "

# Pieces of 7 bytes: whole lines are requests, parts of lines as well.
request create_point "X: $a"
request create_point "link=a device=$a"
request create_point "link=b device=$a"
dd of="$CTL/delete_points" bs=7 status=none <<<"link=a
link=b"
expect_step "dd in pieces that are lines" 5 "X: "
expect_fail EINVAL dd of="$CTL/create_point" bs=7 status=none <<<"link=a device=$a"
expect_step "dd in pieces that are none" 0 ""

# Replies are those of all lines, in order.
cat >"$CTL/create_point" <<<"$lines"
exec 3<>"$CTL/query_points"
cat >&3 <<-END
	link=two
	X:
	link=two
	link=one
END
expect_equal "two X: two one " "$(sed 's/^LINK="\/DosDevices\/\([^"]*\)".*/\1/' <&3 | tr '\n' ' ')" "the replies"
exec 3<&-
expect_step "a query of several lines" 1 "X: one two "

# stdio cuts at multiples of 4096 bytes, in the midst of lines.
many()
{
	local i

	for ((i = 10000; i < 10000 + $1; i++)); do
		echo "link=a_longer_name_$i device=$a"
	done
}
names()
{
	many "$1" | sed 's/^link=//; s/ .*//' | tr '\n' ' '
}
[ $(($(many 1000 | wc -c) / 4096)) -gt 8 ] || fail "that is not much"
many 1000 >"$TMP/many"
for program in "awk 1" "sed p -n" "grep link" "tr x x" "busybox cat" "perl -pe 1" "cat" "dd bs=4096 status=none"; do
	$program <"$TMP/many" >"$CTL/create_point"
	expect_equal "$(names 1000)" "$(links | tr '\n' ' ')" "the links after $program"
	expect_ok request delete_points "device=$a" >/dev/null
done
epic_before=$(epic)
commits_before=$(commits)
cat "$TMP/many" >"$CTL/create_point"
expect_step "cat of many lines" 1 "$(names 1000)"
many 5000 | dd of="$CTL/create_point" iflag=fullblock bs=32K status=none
expect_step "pieces of 32 KiB" $(($(many 5000 | wc -c) / 32768 + 1)) "$(names 5000)"

# More than one write can take: the writer goes on in the midst of a line, and what is left of its
# buffer is no multiple of 4096 any more.
many 30000 >"$TMP/many"
for size in 1M 3M; do
	expect_ok request delete_points "device=$a" >/dev/null
	expect_ok dd "bs=$size" iflag=fullblock status=none <"$TMP/many" >"$CTL/create_point"
	expect_equal "$(names 30000 | cksum)" "$(links | tr '\n' ' ' | cksum)" "the links after pieces of $size"
done
expect_ok request delete_points "device=$a" >/dev/null
request create_point "link=the_name_that_is_asked_for device=$a"
for ((i = 0; i < 9000; i++)); do
	echo "link=the_name_that_is_asked_for"
done >"$TMP/questions"
for size in 1M 128K 64K; do
	expect_ok setpriv --reuid=65534 --clear-groups dd "bs=$size" status=none <"$TMP/questions" \
		>"$CTL/query_points"
done
request delete_points "device=$a"
epic_before=$(epic)
commits_before=$(commits)

# An error in the midst: the lines before it are done, the rest is not.
some="link=one device=$a
link=two device=$a
x: $a
link=three device=$a"
for program in "cat" "tee" "awk 1" "dd bs=1M status=none"; do
	log_before=$(tail -n 1 "$CTL/error_log")
	if [ "$program" = tee ]; then
		expect_fail EINVAL tee "$CTL/create_point" <<<"$some"
	else
		expect_fail - bash -c "$program >$CTL/create_point" <<<"$some"
	fi
	expect_logged EINVAL create_point "$log_before"
	expect_equal "x: $a" "$(lib_pair REQUEST "$(tail -n 1 "$CTL/error_log")")" "the request in error_log"
	expect_step "an error within $program" 1 "one two "
done
expect_fail EINVAL bash -c "cat >$CTL/create_point" <<<"x: $a
$some"
expect_step "an error in the first line" 0 ""

# To the byte.
exec 3<>"$CTL/delete_points"
cat >"$CTL/create_point" <<<"$lines"
good="link=one
X:
"
rest="link=nothing
link=two
"
good="$good" rest="$rest" perl -e '
	use strict;
	open(my $file, "+<&=", 3) or die;
	my $n = syswrite($file, $ENV{good} . $ENV{rest});
	$n == length($ENV{good}) or die "the write with an error within took $n bytes\n";
	sysread($file, my $reply, 10000);
	$reply =~ /^LINK="\/DosDevices\/one".*\nLINK="\/DosDevices\/X:".*\n$/ or die "the reply is: $reply\n";
	defined(syswrite($file, $ENV{rest})) and die "the bad line was taken\n";
	$!{ENOENT} or die "the bad line ended with $!\n";
	sysread($file, $reply, 10000) > 0 or die "there is no sentence\n";
	$reply =~ /^there is no link \/DosDevices\/nothing\n$/ or die "the sentence is: $reply\n";
'
exec 3<&-
expect_step "partial writes" 2 "two "

# A line that one write begins and the next one ends; its error belongs to that.
a="$a" perl -e '
	use strict;
	my $file = \*STDOUT;
	sub line { "link=$_[0] device=$ENV{a}\n" }
	sub block { " " x (4096 - length($_[0])) . $_[0] }
	my $n = syswrite($file, block(line("one") . "link="));
	$n == 4096 or die "the first write took $n bytes\n";
	my $text = "two device=$ENV{a}\n" . line("three");
	chop($text);
	$n = syswrite($file, $text);
	$n == length($text) or die "the second write took $n bytes\n";
	$n = syswrite($file, block(line("four") . "link="));
	$n == 4096 or die "the third write took $n bytes\n";
	defined(syswrite($file, "again\n" . line("not"))) and die "a line of two halves was taken\n";
	$!{EINVAL} or die "it ended with $!\n";
	syswrite($file, line("five")) or die "what was wrong is still there: $!\n";
	# Nothing comes of what is never ended: see below.
	syswrite($file, block(line("six") . "link=not device=X:")) == 4096 or die "the last write: $!\n";
' >"$CTL/create_point"
is_told()
{
	[[ $(lib_pair REQUEST "$(tail -n 1 "$CTL/error_log")") == "$1" ]]
}
await is_told "link=not device=X:"
expect_logged EINVAL create_point ""
expect_match 'UID="0"' "$(tail -n 1 "$CTL/error_log")" "whose line it was"
expect_step "lines in two writes" 5 "five four one six three two "

# So it is with every operation, and when another server closes the file; half a batch is discarded.
write_unended() # OPERATION LINE
{
	printf '%4079s\nlink=not_ended_%.1s' "$2" "$1" | dd bs=4096 iflag=fullblock status=none
}
for request in "query_points device=$a" "settle 1"; do
	operation=${request%% *}
	exec 3>"$CTL/$operation"
	write_unended "$operation" "${request#* }" >&3
	kill -KILL "$(server_pid)"
	exec 3>&-
	await is_told "link=not_ended_${operation::1}"
	expect_logged EINVAL "$operation" ""
done
before=$(cat "$CTL/error_log")
write_unended batch "create_point link=not device=$a" >"$CTL/batch"
settle
expect_equal "$before" "$(cat "$CTL/error_log")" "the failures after half a batch"

# More than the kernel passes on at once: it cuts at any byte, and most of them are in a name here.
expected=$(for i in {1000..9999}; do printf '%s%0200d ' "$i" 0; done)
a="$a" perl -e '
	use strict;
	my $all = join("", map { "device=$ENV{a} link=$_" . "0" x 200 . "\n" } 1000 .. 9999);
	my ($done, $writes) = (0, 0);
	while ($done < length($all)) {
		$done += syswrite(STDOUT, $all, length($all) - $done, $done) // die "at byte $done: $!\n";
		$writes++ < 20 or die "it was cut into very many pieces\n";
	}
' >"$CTL/create_point"
expect_equal "$expected" "$(links | tr '\n' ' ')" "the links after a long write"

stop_mmfs
