#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A .c file stays under 600 lines, a function under 60. Usage: check-size.sh ROOT
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
