#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The rule for udevd: what it has in common with the sources is the same in both, and udevadm, if it is there
# and can, finds nothing wrong with it. Usage: check-rules.sh ROOT
set -eu
cd "$1"

rules=contrib/udev/61-mmfs.rules
failed=0

expect() # PATTERN FILE
{
	grep -qF -- "$1" "$2" || {
		echo "$2: there is no $1" >&2
		failed=1
	}
}

# As many keys as the core may write, each taken, put to use and taken away.
lines=$(sed -n 's/^#define DEV_LINKS_LINES \([0-9]*\).*/\1/p' include/core/views/dev_links.h)
for ((i = 1; i <= lines; i++)); do
	expect "ENV{MMFS_LINKS_$i}!=\"?*\", GOTO=\"mmfs_end\"" $rules
	expect "OPTIONS+=\"string_escape=none\", SYMLINK+=\"\$env{MMFS_LINKS_$i}\"" $rules
	expect "ENV{MMFS_LINKS_$i}=\"\"" $rules
done
! grep -q "MMFS_LINKS_$((lines + 1))" $rules || {
	echo "$rules: there are more than $lines keys" >&2
	failed=1
}
folder=$(sed -n 's/^#define FOLDER "\(.*\)" .*/\1/p' src/daemon/publisher.c)
expect "IMPORT{file}=\"$folder/%k.%s{diskseq}\"" $rules
tag=$(sed -n 's/^#define TAG "\([a-z]*\)".*/\1/p' src/io/udev/synth_event.c)
expect "ENV{SYNTH_ARG_MMFS}==\"?*\", TAG+=\"$tag\"" $rules
expect " MMFS=1" src/io/udev/synth_event.c

if udevadm verify --help >/dev/null 2>&1; then # from systemd 254 on
	udevadm verify --resolve-names=never $rules >&2 || failed=1
fi
exit $failed
