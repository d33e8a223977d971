#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs codespell over all that people read. Usage: check-spelling.sh ROOT
set -eu
cd "$1"

command -v codespell >/dev/null || {
	echo "codespell is not installed" >&2
	exit 77
}
# An escape in a string is no part of the word behind it, and a macro of mdoc is no word.
codespell --check-hidden --ignore-words-list te,wronly --ignore-regex '\\[nt]|^\.[A-Z][a-z]\b' --skip './test/fuzz/corpus,test/fuzz/corpus,*.xz' \
	src include test contrib .ci README.md meson.build meson_options.txt .clang-format >&2
