#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A .c file stays under 600 lines, a function under 60, a line has at most 100 columns (of comments
# clang-format does not see that). Usage: check-size.sh ROOT
set -eu
cd "$1"

find src include test -name '*.c' -exec awk '
	FNR == 1 { start = 0 }
	/^\{/ { start = FNR }
	/^\}/ {
		if (start && FNR - start + 1 >= 60)
			report(FILENAME ":" start, "a function of " FNR - start + 1 " lines")
		start = 0
	}
	{ lines[FILENAME] = FNR }
	function report(where, what) {
		print where ": " what
		failed = 1
	}
	END {
		for (file in lines)
			if (lines[file] >= 600)
				report(file, lines[file] " lines")
		exit failed
	}
' {} + >&2

command -v perl >/dev/null || {
	echo "perl is not installed" >&2
	exit 77
}
# Columns, not bytes: a tab ends at the next multiple of 8.
find src include test -name '*.[ch]' -exec perl -CSD -ne '
	chomp;
	1 while s/\t/" " x (8 - $-[0] % 8)/e;
	if (length > 100) {
		print STDERR "$ARGV:$.: a line of ", length, " columns\n";
		$failed = 1;
	}
	close ARGV if eof;
	END { $? = $failed ? 1 : 0 }
' {} +
