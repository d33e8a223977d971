#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# .clang-format is authoritative. Other versions than 14 format otherwise. Usage: check-format.sh ROOT
set -eu
cd "$1"

tool=$(command -v clang-format-14 || command -v clang-format) || {
	echo "clang-format is not installed" >&2
	exit 77
}
case $("$tool" --version) in
*" 14."*) ;;
*)
	echo "clang-format is not version 14" >&2
	exit 77
	;;
esac
find src include test -name '*.[ch]' -exec "$tool" --dry-run -Werror {} +
