#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What SECURITY in mmfs(8) promises has tests. Each row of its table names its rule, a section of the
# page, and in comments the tests that it has: a file, and a text that is in it. And whatever mounts in an
# example does so with nosuid,nodev.
# Usage: check-security.sh ROOT
set -u
cd "$1" || exit 1
page=contrib/man/mmfs.8

failed=0
fail()
{
	echo "$1" >&2
	failed=1
}

row='' tests=0 rules=0 rows=0 expects_rule=false
end_row()
{
	[ -z "$row" ] && return
	((++rows))
	((tests > 0)) || fail "$page: no test for '$row'"
	((rules > 0)) || fail "$page: no rule for '$row'"
	tests=0 rules=0
}
check_test()
{
	local file=${1%%: *} text=${1#*: }

	[ -f "$file" ] || fail "$page: '$row': there is no $file"
	[ ! -f "$file" ] || grep -qF -- "$text" "$file" || fail "$page: '$row': $file has no '$text'"
	((++tests))
}
check_rule()
{
	local section=${1% [,.]}

	grep -qxF -e ".Ss $section" -e ".Sh $section" "$page" || fail "$page: '$row': there is no section $section"
	((++rules))
}
while IFS= read -r line; do
	case $line in
	".It "*)
		end_row
		row=${line#.It }
		;;
	'.\" test: '*) check_test "${line#*test: }" ;;
	"Rule:") expects_rule=true ;;
	".Sx "*) $expects_rule && check_rule "${line#.Sx }" ;;
	*) expects_rule=false ;;
	esac
done < <(sed -n '/^\.Ss Who can do what to whom/,/^\.El/p' "$page")
end_row
((rows >= 12)) || fail "$page: the table has $rows rows"

while IFS= read -r line; do
	[[ $line == *nosuid,nodev* ]] || fail "without nosuid,nodev: $line"
done < <(grep -rnE '(^|[^[:alnum:]_-])mount (-[^ ]+ |[[:alnum:],.]+ )*"?(/dev/mm/|/mnt/mm/|[$]1/DosDevices|[$]link)|^([.]Dl )?#?/dev/mm/[^ ]+ +/' \
	README.md contrib)
exit $failed
