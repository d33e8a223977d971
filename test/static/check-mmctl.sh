#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The page of mmctl is sound mdoc, and has the commands and options of the program, with the same
# words, and no others; so have the completions. Usage: check-mmctl.sh ROOT MMCTL
set -eu

failed=0
fail()
{
	echo "$*" >&2
	failed=1
}

mmctl=$(realpath "$2")
cd "$1"
page=contrib/man/mmctl.1

# Without macros and the marks of what is left out: "mount-point add DIRECTORY VOLUME".
page_commands()
{
	sed -n '/^\.Sh COMMANDS/,/^\.Sh ENV/p' $page | sed -nE 's/^\.It Ic //p' | tr -d '[]' |
		sed -E 's/ (Op|Ar|Cm|Ns)\>//g; s/ ?\| ?/|/g; s/ +/ /g; s/ $//; s/ ([.]{3})/\1/'
}

program_commands()
{
	local kind name usage part

	"$mmctl" --commands | while IFS=$'\t' read -r kind name _ usage; do
		[ "$kind" = command ] || continue
		while IFS= read -r part; do
			echo "$name $part"
		done <<<"${usage// | /$'\n'}" | tr -d '[]' | sed 's/ $//'
	done
}

diff --label "$page" --label "mmctl --commands" -u <(page_commands | sort) <(program_commands | sort) >&2 ||
	fail "$page: its commands are not those of the program"

page_options()
{
	sed -nE 's/^\.It (Fl . , )?Fl Fl ([a-z-]+)( .*)?$/\2/p' $page | sort -u
}
diff --label "$page" --label "mmctl --commands" -u <(page_options) \
	<("$mmctl" --commands | sed -n 's/^option\t\([^\t]*\).*/\1/p' | sort) >&2 ||
	fail "$page: its options are not those of the program"

# A command that takes something is known to both completions.
"$mmctl" --commands | while IFS=$'\t' read -r kind name _ usage; do
	[ "$kind" = command ] && [ -n "$usage" ] || continue
	for file in contrib/completions/mmctl.bash contrib/completions/mmctl.zsh; do
		grep -qE "(^|[|[:space:]])$name-[0-9*]" $file || echo "$file does not know what $name takes"
	done
done | { ! grep . >&2; } || failed=1

if command -v zsh >/dev/null; then
	for file in contrib/completions/*.zsh; do
		zsh -n "$file" || failed=1
	done
fi
if command -v mandoc >/dev/null; then
	! mandoc -Tlint $page 2>/dev/null | grep -v 'STYLE: referenced manual not found' >&2 ||
		fail "$page: mandoc has something to say"
elif [ $failed = 0 ]; then
	echo "mandoc is not installed" >&2
	exit 77
fi
exit $failed
