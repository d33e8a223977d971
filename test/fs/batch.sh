#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# control/batch: all lines up to `commit` happen, or none does.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
require awk perl dd tee

a=${LOOP}01
b=${LOOP}02
make_image a 1M swap "$(number_uuid 1)"
make_image b 1M swap "$(number_uuid 2)"
attach a 01
attach b 02
start_mmfs
dos=$MM/DosDevices

# The names that there are: "X:1" where X: leads to device 1.
names()
{
	find "$dos" -type l -printf '%f>%l\n' | sed "s|>${LOOP}0*|>|" | sort | tr '\n' ' '
}

# What there is after a step, in how many commits; all names are deleted again.
expect_step()
{
	local what=$1 commits=$2 expected=$3

	expect_equal "$expected" "$(names)" "the names after $what"
	expect_equal $((epic_before + commits)) "$(epic)" "the epic number after $what"
	expect_equal $((commits_before + commits)) "$(metric mmfs_commits_total)" "the commits after $what"
	reset
}

reset()
{
	find "$dos" -type l -delete
	epic_before=$(epic)
	commits_before=$(metric mmfs_commits_total)
}
reset

# A batch that fails: with this errno and sentence, in the reply and in error_log, and nothing else.
expect_batch_refused()
{
	local error=$1 why=$2 batch=$3 names_before reply line

	names_before=$(names)
	printf '%s' "$batch" >"$TMP/batch"
	expect_refused_by "$error" batch dd if="$TMP/batch" of="$CTL/batch" bs=4M status=none
	expect_equal "$names_before" "$(names)" "the names after a batch with an error"
	line=$(tail -n 1 "$CTL/error_log")
	expect_equal "$why" "$(lib_pair WHY "$line")" "why, in error_log"
	exec 3<>"$CTL/batch"
	! dd if="$TMP/batch" bs=4M status=none 2>/dev/null >&3 || fail "this went well"
	reply=$(cat <&3)
	exec 3<&-
	expect_equal "$why" "$reply" "why, in the reply"
}

# --- all -------------------------------------------------------------------------------------------

some="create_point link=one device=$a
create_point X: $b

	create_point   link=two  device=X:
delete_points link=one"
all="$some
commit
"
cat >"$CTL/batch" <<<"$all"
expect_step "cat" 1 "X:>2 two>2 "
tee "$CTL/batch" <<<"$all" >/dev/null
expect_step "tee" 1 "X:>2 two>2 "
# bash writes each line by itself.
printf '%s\n' "create_point link=one device=$a" "create_point X: $b" commit >"$CTL/batch"
expect_step "printf of bash" 1 "X:>2 one>1 "
printf '%s\ncommit' "$some" | cat >"$CTL/batch"
expect_step "a commit without a newline" 1 "X:>2 two>2 "
printf '%s\n  commit\t \n' "$some" | cat >"$CTL/batch"
expect_step "a commit between blanks" 1 "X:>2 two>2 "
# The same result and reply, and nothing happens.
exec 3<>"$CTL/batch"
printf '%s\ntry\n' "$some" | dd bs=64K status=none >&3
tried=$(cat <&3)
printf '%s\n  try ' "$some" | dd bs=64K status=none >&3
expect_equal "$tried" "$(cat <&3)" "the reply to the same once more"
expect_step "two trials" 0 ""
printf '%s\ncommit\n' "$some" | dd bs=64K status=none >&3
expect_equal "$tried" "$(cat <&3)" "the reply to what was tried"
exec 3<&-
expect_step "what was tried" 1 "X:>2 two>2 "
# A trial that fails says so, and is no failed request.
log=$(cat "$CTL/error_log")
exec 3<>"$CTL/batch"
! printf '%s\n' "create_point link=one device=$a" "create_point link=two device=/dev/nothing" try |
	dd bs=64K status=none 2>/dev/null >&3 || fail "this went well"
expect_equal "line 2: no volume is known as '/dev/nothing'" "$(cat <&3)" "the reply to a trial that fails"
exec 3<&-
expect_equal "$log" "$(cat "$CTL/error_log")" "error_log after a trial that fails"
# Any cut will do; so will the smallest.
for bs in 1 2 3 7 13 100 4096; do
	dd of="$CTL/batch" bs=$bs status=none <<<"$all"
	expect_step "pieces of $bs bytes" 1 "X:>2 two>2 "
done
# `commit` in a write of its own, behind lines with and without a newline at their end.
exec 3>"$CTL/batch"
echo "create_point link=one device=$a" >&3
printf 'create_point link=two device=%s' "$b" >&3
expect_equal "" "$(names)" "the names before the commit"
echo commit >&3
expect_equal "one>1 two>2 " "$(names)" "the names right after the commit"
# The file goes on with the next batch.
echo "delete_points link=one" >&3
printf commit >&3
exec 3>&-
expect_step "three batches in one file" 2 "two>2 "
# Where stdio has cut, a name goes on, whatever its rest looks like.
for word in try commit; do
	first="create_point link=one device=$a" cut="create_point device=$b link=coun"
	printf '%s\n%*s\n%s%s\ndelete_points link=one\ncommit\n' "$first" $((4096 - ${#first} - ${#cut} - 2)) "" \
		"$cut" "$word" >"$TMP/batch"
	dd if="$TMP/batch" of="$CTL/batch" bs=4096 status=none
	expect_step "a name cut before $word" 1 "coun$word>2 "
	# Nor is it the end of what is refused.
	perl -e '
		use strict;
		my ($ctl, $a, $first, $cut, $word) = @ARGV;
		open(my $file, "+>", "$ctl/batch") or die;
		for ("\0" x (4095 - length($cut)) . "\n$cut", "$word\n", "$first\n", "com", "mit\n") {
			defined(syswrite($file, $_)) and die "a piece was taken\n";
		}
		syswrite($file, "create_point link=next device=$a\ncommit\n") or die "the next batch: $!\n";
	' "$CTL" "$a" "$first" "$cut" "$word"
	expect_step "a wrong batch with a name cut before $word" 1 "next>1 "
done
# Nor where mmfs itself shortens a write.
for word in try commit; do
	perl -e '
		use strict;
		my ($ctl, $a, $b, $word) = @ARGV;
		my $text = "\n" x 3000000; # at one place: it counts where its pages end
		sub put {
			my ($at, $first) = (0, 0);
			open(my $file, ">", "$ctl/database") or die;
			while ($at < length($text)) {
				$at += syswrite($file, $text, length($text) - $at, $at) // die "$!\n";
				$first ||= $at;
			}
			return $first;
		}
		my $at = put();
		$at < 3000000 or die "the write was not shortened\n";
		my ($first, $cut) = ("create_point link=one device=$a", "create_point device=$b link=coun");
		my $last = "$cut$word\ndelete_points link=one\n";
		substr($text, 0, length($first)) = $first;
		substr($text, $at - length($cut), length($last)) = $last;
		substr($text, -7) = "commit\n";
		my $was = put();
		$was == $at or die "the write was cut at $was rather than $at\n";
	' "$CTL" "$a" "$b" "$word"
	expect_step "a name where a write was shortened before $word" 1 "coun$word>2 "
done
# Nothing to do.
request batch commit
printf '\n\n\ncommit\n' | cat >"$CTL/batch"
expect_step "empty batches" 0 ""

# Two in one write: each has its own.
cat >"$CTL/batch" <<<"create_point link=one device=$a
commit
create_point link=two device=$a
commit"
expect_step "two batches in a write" 2 "one>1 two>1 "
expect_fail ENOENT tee "$CTL/batch" <<<"create_point link=one device=$a
commit
create_point link=two device=$a
delete_points link=nothing
commit"
expect_step "two batches the second of which is wrong" 1 "one>1 "
perl -e '
	use strict;
	my $first = "create_point link=one device=$ARGV[0]\ncommit\n";
	open(my $file, "+>", "$ARGV[1]/batch") or die;
	my $n = syswrite($file, $first . "create_point link=two device=$ARGV[0]\ncommit\n");
	$n == length($first) or die "a write with two batches took $n bytes\n";
' "$a" "$CTL"
expect_step "a write with two batches" 1 "one>1 "

# The replies are those of all lines, in order; lines see those before them.
exec 3<>"$CTL/batch"
cat >&3 <<END
create_point link=one device=$a
next_drive_letter device=/DosDevices/one
delete_points_dbonly link=one
delete_points C:
keep_links_when_offline $a
create_point D: $a
commit
END
expect_equal "LETTER=\"C\" ASSIGNED=\"1\"
LINK=\"/DosDevices/one\" ID=\"UUID=$(number_uuid 1)\" DEVICE=\"$a\"
LINK=\"/DosDevices/C:\" ID=\"UUID=$(number_uuid 1)\" DEVICE=\"$a\"" "$(cat <&3)" "the replies"
exec 3<&-
expect_equal "1 0" "$(cat "$(volume_folder "$a")/keep_links" "$(volume_folder "$a")/no_drive_letter" | xargs)" \
	"keep_links and the mark"
request keep_links_when_offline "$a keep=0"
reset

# What the history says of it: one number for all, and the entries in order.
cat >"$CTL/batch" <<<"$all"
expect_equal "$(epic) create_point one
$(epic) create_point X:
$(epic) create_point two
$(epic) delete_points one" "$(tail -n 4 "$MM/history" | jq -r '"\(.epic) \(.operation) \(.link[12:])"')" "the history"
reset

# Renaming around, which no single request can do.
cat >"$CTL/batch" <<<"create_point link=one device=$a
create_point link=two device=$b
commit
delete_points link=one
delete_points link=two
create_point link=one device=$b
create_point link=two device=$a
commit"
expect_step "two names that change places" 2 "one>2 two>1 "

# --- or none ---------------------------------------------------------------------------------------

request create_point "link=taken device=$a"
expect_batch_refused EEXIST "line 3: /DosDevices/taken is a link of UUID=$(number_uuid 1)" "create_point X: $a
create_point link=one device=$b
create_point link=taken device=$b
create_point link=two device=$b
commit
"
expect_batch_refused ENOENT "line 2: there is no link /DosDevices/nothing" "create_point X: $a
delete_points link=nothing
commit"
expect_batch_refused EINVAL "line 4: UUID=$(number_uuid 1) has the drive letter X: already" "
create_point X: $a

create_point Y: $a
commit
"
expect_batch_refused EINVAL "line 2: a drive letter must be upper case" "create_point X: $a
create_point x: $b
commit
"
for operation in nonsense commits Commit create_points query_points query_dos_volume_path scrub_registry \
	auto_dl_assignments settle check_unprocessed_volumes volume_arrival_notification \
	volume_removal_notification batch epic_number version rename '#'; do
	expect_batch_refused EINVAL "line 2: '$operation' is no operation of a batch" "create_point X: $a
$operation device=$a
commit
"
done
control=$'\1'
expect_batch_refused EINVAL "line 2: a request cannot contain control characters" "create_point X: $a
create_point link=a$control device=$b
commit
"
expect_batch_refused EMSGSIZE "line 2: a request has at most 4095 bytes" "create_point X: $a
create_point Y: $b$(printf '%4095s' '')
commit
"
# At the write that has them: lines of Windows would end nothing, and be forgotten without a word.
printf 'create_point link=one device=%s\r\ncommit\r\n' "$a" >"$TMP/batch"
expect_refused_by EINVAL batch cp "$TMP/batch" "$CTL/batch"
expect_equal "line 1: a request cannot contain control characters" \
	"$(lib_pair WHY "$(tail -n 1 "$CTL/error_log")")" "why lines that end in CR LF are refused"
for text in $'create_point link=one\1' $'commit\r' $'\r\n' $'\33[0m' $'create_point\tlink=t device=\t'"$a"$'\v\n'; do
	perl -e '
		use strict;
		my ($ctl, $a, $text) = @ARGV;
		open(my $file, "+>", "$ctl/batch") or die;
		syswrite($file, "create_point\tlink=one\tdevice=$a\n") or die "a tab: $!\n";
		defined(syswrite($file, $text)) and die "a control character was taken\n";
		$!{EINVAL} or die "it ended with $!\n";
		sysread($file, my $reply, 1000);
		$reply eq "line 2: a request cannot contain control characters\n" or die "the reply is: $reply\n";
		defined(syswrite($file, "\ncreate_point link=two device=$a\r\n")) and die "a line behind was taken\n";
		defined(syswrite($file, "commit\r\n")) and die "the rest was committed\n";
		syswrite($file, "create_point link=next device=$a\ncommit\n") or die "the next batch: $!\n";
	' "$CTL" "$a" "$text"
	expect_equal "next>1 taken>1 " "$(names)" "the names after control characters"
	request delete_points link=next
done
# The first wrong line counts, whatever is wrong with others.
expect_batch_refused ENOENT "line 1: there is no link /DosDevices/a" "delete_points link=a
nonsense
delete_points link=b
commit
"
# After an error the file is ready for another batch.
exec 3<>"$CTL/batch"
! cat 2>/dev/null >&3 <<<"delete_points link=nothing"$'\n'commit || fail "this went well"
cat >&3 <<<"create_point link=one device=$a"$'\n'commit
exec 3<&-
expect_equal "one>1 taken>1 " "$(names)" "the names after an error and another batch"
reset

# A megabyte at most. Of what is longer nothing happens, though the writer goes on and commits.
line="create_point link=$(printf 'n%.0s' {1..200}) device=$a"
perl -e 'print "$ARGV[0]\n" x (1048576 / length($ARGV[0])), "commit\n"' "$line" >"$TMP/long"
expect_refused_by EMSGSIZE batch cp "$TMP/long" "$CTL/batch"
# Nor where the kernel cuts one write in pieces, and tells of none that failed behind the first: what was
# left would be written again, as a batch of its own.
sed '1a create_point link=also device='"$a" "$TMP/long" >"$TMP/longer"
sed -i '$i create_point link=tail device='"$a" "$TMP/longer"
expect_refused_by EMSGSIZE batch dd if="$TMP/longer" of="$CTL/batch" bs=8M status=none
perl -e 'printf("create_point link=many-$_ id=UUID=%080d absent=ok\n", $_) for 1 .. 20000;
	print "create_point link=tail device=$ARGV[0]\ncommit\n"' "$a" >"$TMP/document"
[ "$(stat -c %s "$TMP/document")" -gt 2097152 ] || fail "the document is too short"
sed '2s/.*/delete_points link=nothing/' "$TMP/document" >"$TMP/wrong"
reset
expect_fail ENOENT dd if="$TMP/wrong" of="$CTL/database" bs=8M status=none
expect_step "a document in one write that is wrong" 0 ""
perl -e '
	use strict;
	my ($errors, $commit_error) = (0, 0);
	open(my $file, "+>", "$ARGV[1]/batch") or die;
	for (1 .. 6000) { defined(syswrite($file, "$ARGV[2]\n")) or $errors++; }
	$errors > 100 or die "there were $errors errors\n";
	defined(syswrite($file, "create_point link=tail device=$ARGV[0]\n")) and die "a line behind was taken\n";
	$!{EMSGSIZE} or die "it ended with $!\n";
	defined(syswrite($file, "commit\n")) and die "the rest was committed\n";
	$!{EMSGSIZE} or die "the commit ended with $!\n";
	sysread($file, my $reply, 1000);
	$reply eq "a batch has at most 1 MiB\n" or die "the reply is: $reply\n";
	syswrite($file, "create_point link=next device=$ARGV[0]\ncommit\n") or die "the next batch: $!\n";
' "$a" "$CTL" "$line"
expect_step "a batch too long, and another" 1 "next>1 "
perl -e '
	use strict;
	open(my $file, "+>", "$ARGV[1]/batch") or die;
	syswrite($file, "create_point link=one device=$ARGV[0]\n") or die;
	defined(syswrite($file, "create_point link=t\0wo device=$ARGV[0]\n")) and die "a NUL was taken\n";
	$!{EINVAL} or die "it ended with $!\n";
	defined(syswrite($file, "create_point link=three device=$ARGV[0]\ncommit\n")) and die "the rest was committed\n";
' "$a" "$CTL"
expect_step "a batch with a NUL" 0 ""

# Without `commit`: forgotten with the file. What another does in between counts.
cat >"$CTL/batch" <<<"create_point link=one device=$a"
expect_step "a batch without commit" 0 ""
exec 3>"$CTL/batch" 4>"$CTL/batch"
echo "create_point link=one device=$a" >&3
echo "create_point link=two device=$b" >&4
echo "create_point link=three device=$a" >&3
request batch commit
expect_equal "" "$(names)" "the names before anybody's commit"
echo commit >&4
expect_equal "two>2 " "$(names)" "the names after the commit of the second"
request create_point "link=three device=$b"
! echo commit 2>/dev/null >&3 || fail "a name was given twice"
exec 3>&- 4>&-
expect_step "two clients" 2 "three>2 two>2 "

# --- many ------------------------------------------------------------------------------------------

many=$(plain_or_sanitized 10000 2000)
last=$((9999 + many))
{
	for ((i = 10000; i <= last; i++)); do
		echo "create_point link=a_longer_name_$i device=$a"
	done
	echo commit
} >"$TMP/many"
for program in cat "awk 1" "dd bs=4096 status=none" "dd bs=64K status=none"; do
	$program <"$TMP/many" >"$CTL/batch"
	expect_equal "$((epic_before + 1)) $((commits_before + 1))" "$(epic) $(metric mmfs_commits_total)" \
		"the numbers after $many lines by $program"
	expect_equal "$many" "$(find "$dos" -name 'a_longer_name_1*' | wc -l)" "the names after $program"
	expect_equal "$a" "$(readlink "$dos/a_longer_name_$last")" "the last one"
	cat >"$CTL/batch" <<<"delete_points $a"$'\n'commit
	reset
done
sed "$((many - 1))s|.*|create_point link=a_longer_name_10000 device=$b|" "$TMP/many" >"$TMP/wrong"
expect_fail EEXIST cp "$TMP/wrong" "$CTL/batch"
expect_match "^line $((many - 1)): " "$(lib_pair WHY "$(tail -n 1 "$CTL/error_log")")" "why"
expect_step "$many lines one of which is wrong" 0 ""

# --- durable ---------------------------------------------------------------------------------------

request create_point "link=old device=$a"
cat >"$CTL/batch" <<<"create_point link=new device=$a"$'\n'commit
kill_mmfs
start_mmfs
expect_equal "new>1 old>1 " "$(names)" "the names after a crash"
if ! grep -q MMFS_CRASH_AT "$MMFS"; then
	stop_mmfs
	echo "mmfs was built without -Dcrash_points=true"
	exit 0
fi
request delete_points link=new
stop_mmfs

# Killed on the way: none before the commit, all after it.
before="old>1 "
after="one>2 three>1 two>1 "
for label in store:{before-begin,after-begin,mid-transaction,before-commit} \
	store:{after-commit,before-result} daemon:before-apply:2; do
	MMFS_CRASH_AT=$label start_mmfs
	expect_fail - cp /dev/stdin "$CTL/batch" <<<"create_point link=one device=$b
create_point link=two device=$a
delete_points link=old
create_point link=three device=$a
commit"
	await_crash
	start_mmfs
	case $label in
	store:after-commit | store:before-result | daemon:*) expect_equal "$after" "$(names)" "the names after $label" ;;
	*) expect_equal "$before" "$(names)" "the names after $label" ;;
	esac
	expect_sound
	find "$dos" -type l -delete
	request create_point "link=old device=$a"
	stop_mmfs
done
