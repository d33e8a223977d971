#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is installed is enough to build a client with, and that client works; the manual is there, too.
. "$(dirname "$0")/lib.sh"
require meson pkg-config cc

build=$(dirname "$MMFS")
sources=$(realpath "$(dirname "$0")/../..")
meson install -C "$build" --no-rebuild --destdir "$TMP/root" >"$TMP/install.log" 2>&1 ||
	fail "meson install: $(tail -n 5 "$TMP/install.log")"
for file in bash-completion/completions/mmfs zsh/site-functions/_mmfs; do
	[ -n "$(find "$TMP/root" -path "*/share/$file")" ] || fail "there is no $file"
done
[ -n "$(find "$TMP/root" -path '*/udev/rules.d/61-mmfs.rules')" ] || fail "there is no rule for udevd"
module=$(find "$TMP/root" -name libmmfs.pc)
export PKG_CONFIG_PATH=${module%/*} PKG_CONFIG_SYSROOT_DIR=$TMP/root
LD_LIBRARY_PATH=$(dirname "${module%/*}")
export LD_LIBRARY_PATH
# Each function has its page.
man=$(dirname "$(find "$TMP/root" -name libmmfs.3)")
while read -r name; do
	grep -q "^\.Nm $name" "$man/$name.3" || fail "there is no page of $name()"
done < <(sed -nE 's/^([a-z_]+)@@.*/\1/p' "$sources/test/static/libmmfs.symbols")
grep -q '^\.Nm mmfs-control' "$man/../man7/mmfs-control.7" || fail "there is no page of the control files"

read -ra flags <<<"$(pkg-config --cflags --libs libmmfs)"
# A library that was built with sanitizers wants its programs to be.
sanitizers=()
if [[ $(nm -D "$LD_LIBRARY_PATH/libmmfs.so") == *__asan_init* ]]; then
	sanitizers=(-fsanitize=address -fsanitize=undefined)
fi
mkdir "$TMP/client"
cp "$sources/contrib/examples/querypoints.c" "$TMP/client"
(cd "$TMP/client" && cc -std=c11 -D_POSIX_C_SOURCE=200809L -pedantic -Wall -Wextra -Werror querypoints.c \
	"${sanitizers[@]}" "${flags[@]}" -o querypoints)
expect_equal "libmmfs.so.0" "$(readelf -d "$TMP/client/querypoints" | grep -o 'libmmfs[^]]*')" "what it links"

make_image a 16M ext4
make_image b 4M swap
attach a 01
attach b 02
start_mmfs
request create_point "C: ${LOOP}01"
request create_point "link=swap device=${LOOP}02"
expect_list() # GREP-WORDS ARG…
{
	expect_equal "$(grep "$1" "$MM/points" |
		sed -E 's/^LINK="(.*)" ID="(.*)" DEVICE="(.*)"$/\1 \2 \3/;
			s,^/DosDevices/,\\DosDevices\\,; s,^/Volumes/,\\??\\,')" \
		"$("$TMP/client/querypoints" "${@:2}")" "the list of ${2-all}"
}
expect_list .
expect_list "${LOOP}01" "${LOOP}01"
expect_match "/dev/nothing: Invalid argument" "$("$TMP/client/querypoints" /dev/nothing 2>&1 || true)"
mkdir "$TMP/empty"
expect_match "cannot open the mount manager" "$(MM=$TMP/empty "$TMP/client/querypoints" 2>&1 || true)"
stop_mmfs
