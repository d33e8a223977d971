#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every source says its licence in the first line (a script in the second), nothing but the allowed
# entries lies at the top, and nothing speaks of the place where it was written.
# Usage: check-text.sh ROOT
set -eu
cd "$1"

failed=0
fail()
{
	echo "$1: $2" >&2
	failed=1
}

while IFS= read -r file; do
	case $file in
	*.[ch])
		[[ $(head -n 1 "$file") == "/* SPDX-License-Identifier: "*" */" ]] ||
			fail "$file" "no SPDX line at the top"
		;;
	*)
		[[ $(sed -n 1p "$file") == '#!/'* ]] || continue
		[[ $(sed -n 2p "$file") == "# SPDX-License-Identifier: "* ]] ||
			fail "$file" "no SPDX line after the #! line"
		;;
	esac
done < <(find src include test contrib .ci -type f ! -path 'test/fuzz/corpus/*' ! -name '*.xz' \
	! -path '*/__pycache__/*')

for entry in *; do
	case $entry in
	src | include | test | contrib | meson.build | meson_options.txt | README.md | COPYING) ;;
	build*) ;; # ignored by git
	*) fail "$entry" "does not belong at the top" ;;
	esac
done

# The patterns are spelled so that they do not find themselves.
shopt -s nullglob
if grep -rnIE '[.][.]/share[d]|(^|[^[:alnum:]_.])/wor[k](/|[^[:alnum:]_-]|$)' \
	src include test contrib .ci ./*.md meson.build meson_options.txt .clang-format >&2; then
	fail "the above" "speaks of the place where it was written"
fi

if grep -rnIE '[[:space:]]+$' --include='*.[ch]' --include='*.sh' --include=meson.build \
	src include test contrib meson.build >&2; then
	fail "the above" "white space at the end of a line"
fi
exit $failed
