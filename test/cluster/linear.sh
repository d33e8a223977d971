#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# linear.c knows what can be true from what cannot.
#
# $LINEAR is the program.

set -eu

judge() # RESULT WHAT CALLS…
{
	local expected=$1 what=$2 status=0

	shift 2
	printf '%s\n' "$@" | "$LINEAR" >/dev/null || status=$?
	[ $status = "$expected" ] || { echo "FAILED: $what: $status and not $expected" >&2; exit 1; }
}

judge 0 "one after the other" "1 2 h1 create x a yes" "3 4 h2 create x b exists" "5 6 h2 delete x yes" \
	"7 8 h1 delete x none" "9 10 h1 all"
judge 0 "at once, in the other order" "1 9 h1 create x a exists" "2 8 h2 create x b yes" "9 10 h1 all x=b"
judge 1 "two winners" "1 9 h1 create x a yes" "2 8 h2 create x b yes"
judge 1 "a refusal that is too old" "1 2 h1 create x a yes" "3 4 h1 delete x yes" "5 6 h2 create x b exists"
judge 1 "what was acknowledged is lost" "1 2 h1 create x a yes" "3 4 h2 all"
judge 1 "what was refused is there" "0 0 - all" "1 2 h1 create x a exists" "3 4 h2 all x=a"
judge 1 "an answer is lost, and the change is made once more" "1 2 h1 create x a exists" "3 4 h1 all x=a"
judge 1 "the same, behind a deletion" "0 0 - all x=b" "1 2 h1 delete x none" "3 4 h1 all"
judge 0 "nobody knows, and it is there" "1 2 h1 create x a maybe" "3 4 h1 all x=a"
judge 0 "nobody knows, and it is not" "1 2 h1 create x a maybe" "3 4 h1 all"
judge 0 "nobody knows, and it comes late" "1 2 h1 create x a maybe" "3 4 h1 all" "5 6 h1 all x=a"
judge 1 "nobody knows, and it comes twice" "1 2 h1 create x a maybe" "3 4 h1 delete x yes" "5 6 h1 all x=a"
judge 0 "what is refused for another reason" "1 2 h1 create x a no" "3 4 h1 all"
judge 0 "renamed over another" "0 0 - all x=a y=b" "1 2 h1 rename x y yes" "3 4 h2 all y=a"
judge 1 "renamed, and both are there" "0 0 - all x=a" "1 2 h1 rename x y yes" "3 4 h2 all x=a y=a"
judge 1 "another one's" "1 2 h1 create x a yes" "3 4 h2 all x=b"
judge 2 "no answer" "1 2 h1 create x a perhaps"
