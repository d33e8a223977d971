#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The examples of mmctl.1 work, and so do the completions: live names, escaped as the shell needs it.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-mmctl.sh"
require jq mkfs.ext4 mkswap

root=$(realpath "$(dirname "$0")/../..")
b=${LOOP}01
c=${LOOP}02
make_image b 16M ext4 11111111-2222-3333-4444-555555555555 'a label'
make_image c 4M swap aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee
attach b 01
attach c 02
start_mmfs

# --- examples --------------------------------------------------------------------------------------

cd "$TMP"
count=0
while IFS= read -r line; do
	line=${line//\\en/\\n}
	line=${line//\/dev\/sdb1/$b}
	line=${line//\/dev\/sdc1/$c}
	errors=$(eval "$line" 2>&1 >>"$TMP/shown") || fail "the example '$line' fails: $errors"
	expect_equal "" "$errors" "what the example '$line' complains of"
	count=$((count + 1))
done < <(sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$root/contrib/man/mmctl.1" |
	sed -n '/^\.Bd/,/^\.Ed/p' | grep -v '^[.]')
[ $count -gt 12 ] || fail "only $count examples were found"
expect_equal "$b" "$(readlink "$MM/DosDevices/backup")" "the link of the examples"
expect_equal "$b" "$(readlink "$MM/DosDevices/X:")" "the letter of the examples"
expect_match "/DosDevices/backup $b" "$(cat "$TMP/shown")" "what the examples show"

# --- bash ------------------------------------------------------------------------------------------

# Not ' leading': no shell can tell it from a word that begins anew.
names=('with space' 'qu"ote' "apo'strophe" 'dol$HOME' '`touch pwned`' '$(touch pwned)' 'semi;colon' 'ümläut' '日本語'
	'{a,b}' 'a=b:c' '100%')
for name in "${names[@]}"; do
	mmctl create -- "$name" "$b"
done
cat >"$TMP/complete.bash" <<'END'
. "$1/contrib/completions/mmctl.bash"
# As readline does: the words are cut at its breaks, and what is offered replaces the last piece.
complete_line()
{
	local word
	COMP_LINE=$1 COMP_POINT=${#1}
	_mmctl mmctl "" ""
	for word in "${COMPREPLY[@]}"; do
		printf '%s\n' "$word"
	done
}
complete_line "$2"
END
offers()
{
	bash "$TMP/complete.bash" "$root" "$MMCTL -m $MM $1"
}
for name in "${names[@]}"; do
	# From the first two characters to the whole name, which the shell then reads as that.
	start=${name:0:2}
	printf -v quoted %q "$start"
	[ "$quoted" = "$start" ] || continue
	[[ $start != *[:=]* ]] || continue
	found=
	while IFS= read -r word; do
		eval "set -- $word"
		[ $# = 1 ] || fail "'$word' is $# words to the shell"
		[ "$1" != "$name" ] || found=yes
	done < <(offers "delete $start")
	[ "$found" = yes ] || fail "'$name' is not offered for '$start': $(offers "delete $start")"
	found=
	while IFS= read -r word; do
		eval "set -- \"$word\""
		[ "$1" != "$name" ] || found=yes
	done < <(offers "delete \"$start")
	[ "$found" = yes ] || fail "'$name' is not offered inside quotes"
done
[ ! -e "$TMP/pwned" ] || fail "a name was run as a command"
expect_equal "with\\ space" "$(offers "verify wi")" "a link with a space"
expect_equal "c" "$(offers "delete a=b:")" "what follows the last break of readline"
expect_equal "X:" "$(offers "query X")" "a letter"
expect_equal "1111" "$(offers "query UUID=" | cut -c1-4 | sed -n 1p)" "an ID behind its ="
expect_equal "$b" "$(offers "create new $b")" "a device"
expect_equal "next-letter" "$(offers "ne")" "a command"
expect_equal "--noheadings" "$(offers "list --no")" "an option"
expect_equal $'on\noff' "$(offers "keep X: ")" "words"
expect_equal $'add\ndel' "$(offers "mount-point ")" "words"

# --- zsh -------------------------------------------------------------------------------------------

if command -v zsh >/dev/null; then
	cat >"$TMP/complete.zsh" <<'END'
compadd() { local i; for i; do [[ $i = -* ]] || print -r -- $i; done }
_describe() { print -rl -- ${(P)2} }
_files() { print files }
words=("${(@f)2}")
CURRENT=${#words}
. $1/contrib/completions/mmctl.zsh
END
	offered=$(zsh -f "$TMP/complete.zsh" "$root" "$(printf '%s\n' "$MMCTL" -m "$MM" delete X)")
	for name in "${names[@]}"; do
		grep -qxF -- "$name" <<<"$offered" || fail "zsh does not offer '$name' but: $offered"
	done
	expect_match "next-letter:gives a volume a drive letter" \
		"$(zsh -f "$TMP/complete.zsh" "$root" "$(printf '%s\n' "$MMCTL" -m "$MM" n)")" "the commands in zsh"
fi
stop_mmfs
