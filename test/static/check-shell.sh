#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs shellcheck over everything that is a shell script. Usage: check-shell.sh ROOT
set -eu
cd "$1"

command -v shellcheck >/dev/null || {
	echo "shellcheck is not installed" >&2
	exit 77
}
scripts=()
while IFS= read -r file; do
	line=
	IFS= read -r line <"$file" || true
	[[ $file == *.sh || $file == *.bash || $line =~ ^#!.*[/\ ](ba|da)?sh( |$) ]] && scripts+=("$file")
done < <(find contrib test .ci -type f ! -path 'test/fuzz/corpus/*')
printf '%s\0' "${scripts[@]}" | xargs -0 -n 4 -P "$(nproc)" shellcheck -x -P SCRIPTDIR
