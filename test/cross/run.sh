#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is written down in bytes is the same on every machine: the tests of the core's syntax and of the
# binary interface, and what the fuzz targets of these have, on one machine of 32 bits and on one with
# the other byte order, whose programs qemu runs. Usage: run.sh ROOT
set -euo pipefail
cd "$1"

tmp=$(mktemp -d)
trap 'rm -r "$tmp"' EXIT
jobs=$(nproc)
units=(link-name map mounted operations replica request strbuf unique-id utf wire wire-answers)
targets=(lib-client link-name pieces replica request unique-id wire wire-reply)
mutations=500 # of each target: qemu takes its time
flags=(-std=gnu11 -O1 -g -static -pthread -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DMMFS_VERSION='"cross"'
	-Wall -Wextra -Werror -Wno-missing-field-initializers -Wno-unused-parameter -fno-strict-aliasing
	-I include -I test/cross -I test/unit)

failed=0

compile() # COMPILER FOLDER: stdin has what; an object of each, named after it
{
	# shellcheck disable=SC2016 # the inner shell expands them
	xargs -P "$jobs" -I {} bash -c '
		object=$1/${2//\//_}.o
		"${@:3}" -c "$2" -o "$object"' - "$2" {} "$1" "${flags[@]}"
}

# One archive has all that programs may need, of which each takes what it does.
build() # COMPILER FOLDER
{
	local compiler=$1 folder=$2 name prefix=test_unit_test-

	mkdir "$folder"
	{
		printf '%s\n' src/base/*.c src/core/*/*.c test/cross/check.c
		printf '%s\n' test/unit/*.c | grep -v /test- # what tests share
	} | compile "$compiler" "$folder"
	"${compiler%gcc}ar" rcs "$folder/all.a" "$folder"/*.o
	{
		printf 'test/unit/test-%s.c\n' "${units[@]}"
		printf 'test/fuzz/fuzz-%s.c\n' "${targets[@]}"
		printf '%s\n' test/fuzz/replay.c src/lib/client.c src/lib/pieces.c
	} | compile "$compiler" "$folder"
	for name in "${units[@]}"; do
		"$compiler" -static -pthread "$folder/$prefix$name.c.o" "$folder/all.a" -o "$folder/test-$name"
	done
	for name in "${targets[@]}"; do
		local parts=("$folder/test_fuzz_fuzz-$name.c.o" "$folder/test_fuzz_replay.c.o")

		[ "$name" != lib-client ] || parts+=("$folder/src_lib_client.c.o")
		[ "$name" != pieces ] || parts+=("$folder/src_lib_pieces.c.o")
		"$compiler" -static -pthread "${parts[@]}" "$folder/all.a" -o "$folder/fuzz-$name"
	done
}

run() # EMULATOR FOLDER NAME ARGUMENT…
{
	if ! "$1" "$2/$3" "${@:4}" >"$tmp/out" 2>&1; then
		echo "$3 failed under $1:" >&2
		tail -n 5 "$tmp/out" >&2
		failed=1
	fi
}

for machine in arm-linux-gnueabihf:qemu-arm s390x-linux-gnu:qemu-s390x; do
	compiler=${machine%:*}-gcc
	emulator=${machine#*:}
	for tool in "$compiler" "$emulator"; do
		command -v "$tool" >/dev/null || {
			echo "there is no $tool" >&2
			exit 77
		}
	done
	folder=$tmp/${machine%:*}
	build "$compiler" "$folder"
	for name in "${units[@]}"; do
		run "$emulator" "$folder" "test-$name"
	done
	for name in "${targets[@]}"; do
		run "$emulator" "$folder" "fuzz-$name" "test/fuzz/corpus/$name" "$mutations"
	done
done
echo "${#units[@]} tests and ${#targets[@]} fuzz targets on each of 2 machines"
exit $failed
