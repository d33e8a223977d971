#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What one user may hold of the daemon, and what nobody can make it do: memory, open files, replies,
# time of its main loop.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
require setpriv

nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)

# What is written is the input, in one write.
ask_text()
{
	local fd

	exec {fd}<>"$CTL/$1"
	cat >&"$fd"
	cat <&"$fd"
	exec {fd}>&-
}

memory()
{
	awk '$1 == "VmHWM:" { print $2 }' "/proc/$(server_pid)/status"
}

make_image a 1M swap "$(number_uuid 1)"
attach a 00
for i in {1..50}; do
	echo "link=name$i device=$device"
done >"$TMP/names"
start_mmfs
expect_ok cat "$TMP/names" >"$CTL/create_point"
chmod 755 "$TMP"
idle=$(memory)

# Empty lines are no requests, but for one where there is nothing else.
all=$(points)
expect_equal "$all" "$(ask query_points '')" "the reply to an empty line"
expect_equal "$all" "$(printf '\n\n \n\t\n' | ask_text query_points)" "the reply to several"
expect_equal "$(ask query_points 'link=name7')" "$(printf '\n\nlink=name7\n\n' | ask_text query_points)" \
	"the reply to one request among empty lines"
printf '\nlink=more1 device=%s\n\n\nlink=more2 device=%s\n\n' "$device" "$device" | cat >"$CTL/create_point"
expect_equal "more1 more2 " "$(links | grep more | tr '\n' ' ')" "links made between empty lines"
expect_refused EINVAL create_point ""

# Millions of them cost nothing.
expect_ok "${nobody[@]}" "$helpers/hostile" newlines "$CTL/query_points" 20
expect_ok "${nobody[@]}" "$helpers/hostile" newlines "$CTL/settle" 20
more=$(($(memory) - idle))
echo "memory: $idle KiB, and $more KiB more after newlines"
is_sanitized || [ "$more" -lt 16384 ] || fail "newlines cost $more KiB of memory"

# More lines than one may write at once, or more than a MiB of replies: a short count.
counts=$("${nobody[@]}" "$helpers/hostile" lines "$CTL/query_points" "link=name1" 1000)
expect_equal "2816 2816 2816 2552" "$counts" "what each write of 1000 lines took"
expect_equal "11000" "$("$helpers/hostile" lines "$CTL/query_points" "link=name1" 1000)" "what one of root took"
counts=$("$helpers/hostile" lines "$CTL/query_points" "device=$device" 1000)
[ "$(wc -w <<<"$counts")" -gt 3 ] || fail "the reply to 1000 lines is all: $counts"

# So many open files.
coproc OPENED { "${nobody[@]}" "$helpers/hostile" open "$CTL/query_points" 100000; }
pid=$OPENED_PID
read -r opened error <&"${OPENED[0]}"
echo "one user has opened $opened files, then $error"
expect_equal "EMFILE" "$error" "the error of too many open files"
expect_ok cat "$MM/points" >/dev/null
expect_ok request create_point "link=amid device=$device"
expect_match 'user 65534 has [0-9]+ open files' "$(tail -n 1 "$CTL/error_log")" "the reason in error_log"
eval "exec ${OPENED[1]}>&-"
wait "$pid"
expect_ok "${nobody[@]}" cat "$CTL/query_points" >/dev/null

# So many bytes of replies: who has them gets no more, and others do.
coproc REPLIES { "${nobody[@]}" "$helpers/hostile" replies "$CTL/query_points" "device=$device" 4000; }
pid=$REPLIES_PID
read -r answered error <&"${REPLIES[0]}"
echo "one user has $answered replies of ${#all} bytes, then $error"
expect_equal "ENOBUFS" "$error" "the error of too many replies"
expect_equal "$(points)" "$(ask query_points '')" "the reply to root meanwhile"
expect_match 'user 65534 has [0-9]+ bytes' "$(tail -n 1 "$CTL/error_log")" "the reason in error_log"
eval "exec ${REPLIES[1]}>&-"
wait "$pid"
expect_ok "${nobody[@]}" cat "$CTL/query_points" >/dev/null

# Who asks for all points, or reads them without a request, shares the bytes with everybody else.
expect_equal "3000 0" "$("${nobody[@]}" "$helpers/hostile" replies "$CTL/query_points" "" 3000 </dev/null)" \
	"how many replies of all points one user can have"
coproc SHARED { exec "${nobody[@]}" bash -c 'for i in {1..500}; do exec {fd}<"$1"; cat <&$fd >/dev/null; done
	echo done; read -r _' - "$CTL/query_points"; }
pid=$SHARED_PID
read -r answered <&"${SHARED[0]}"
expect_equal "done" "$answered" "readers of all points"
eval "exec ${SHARED[1]}>&-"
wait "$pid" || true
more=$(($(memory) - idle))
echo "memory: $more KiB more at the end"
is_sanitized || [ "$more" -lt 65536 ] || fail "one user has cost $more KiB of memory"
stop_mmfs
