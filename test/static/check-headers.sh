#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The installed headers compile by themselves and without a warning as C of every standard and as C++,
# and have the same layouts on 32 bits. Usage: check-headers.sh ROOT
set -eu
cd "$1"

failed=0
warnings=(-Wall -Wextra -Wconversion -Wshadow -Wundef -pedantic -Werror)

compile() # COMPILER LANGUAGE HEADER FLAG…
{
	local header=$3

	# Its assertions hold the layouts; the inline functions are compiled since they are used.
	"$1" -x "$2" "${@:4}" "${warnings[@]}" -I include -fsyntax-only - <<-END || {
		#include <mmfs/$header>
		#include <mmfs/$header>
		struct mmfs_carrier_16k carrier;
		#ifdef MMFS_MOUNTMGR_H
		int use(const UNICODE_STRING *name);
		int use(const UNICODE_STRING *name)
		{
			return MOUNTMGR_IS_DRIVE_LETTER(name) + MOUNTMGR_IS_DOS_VOLUME_NAME(name) +
				MOUNTMGR_IS_NT_VOLUME_NAME(name);
		}
		#endif
	END
		echo "$header: $*" >&2
		failed=1
	}
}

# What is written for Windows; once more with another type of characters.
compile_client() # COMPILER LANGUAGE FLAG…
{
	"$1" -x "$2" "${@:3}" "${warnings[@]}" -I include -fsyntax-only test/static/windows-client.c || {
		echo "windows-client.c: $*" >&2
		failed=1
	}
}

command -v c++ >/dev/null || {
	echo "there is no C++ compiler" >&2
	exit 77
}
for header in client.h mountmgr.h record.h; do
	for standard in c89 c99 c11 c17 gnu11; do
		compile cc c $header -std=$standard
	done
	for standard in c++98 c++11 c++17 c++20; do
		compile c++ c++ $header -std=$standard
	done
	# Without a libc for 32 bits the compiler has a stdint.h and stddef.h of its own.
	if cc -m32 -x c -fsyntax-only - </dev/null 2>/dev/null; then
		compile cc c $header -std=c11 -m32 -ffreestanding
	fi
done
for standard in c89 c99 c11 c17; do
	compile_client cc c -std=$standard
done
for standard in c++98 c++11 c++17 c++20; do
	compile_client c++ c++ -std=$standard
done
compile_client c++ c++ -std=c++17 -DMMFS_WCHAR=char16_t
compile_client cc c -std=c17 -fshort-wchar -DMMFS_WCHAR=wchar_t
exit $failed
