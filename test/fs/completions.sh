#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The completions of mmctl and mmfs in bash and zsh as people use them: typed at a terminal, with the tab key,
# and run. What counts is what the program is given in the end.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-mmctl.sh"
require bash zsh script mkswap mkfs.ext4

completions=$(realpath "$(dirname "$0")/../../contrib/completions")
id=11111111-2222-3333-4444-555555555555
make_image b 16M ext4 $id
make_image c 4M swap aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee
attach b 01
attach c 02
start_mmfs
names=('with space' 'qu"ote' "apo'strophe" 'dol$HOME' '`touch pwned`' '$(touch pwned)' 'semi;colon' 'ümläut' '日本語'
	'{a,b}' 'A=b:c' '100%' '!bang' 'k!bang' '~home' '#hash' '*glob' '?q' '[x]' '(p)' '<lt' '|pipe' '>gt' '&amp' '^caret'
	'two  spaces' 'ends in space ' '=equals' ':colon' '-dash' '@at' 'o@b' 'x,y' '%p' "I'm \"d\" \$e:f=g h" 'é:è é')
for name in "${names[@]}"; do
	mmctl create -- "$name" "${LOOP}01"
done
request create_point "X: ${LOOP}02"

# --- a shell at a terminal ---------------------------------------------------------------------------

# In the shell mmctl and mmfs are functions, which answer completions as the programs do and put down what they
# are given otherwise.
cat >"$TMP/rc" <<END
mmctl()
{
	case " \$* " in
	*" --complete "* | *" --commands "*) "$MMCTL" "\$@" ;;
	*) { printf '%s|' "\$@"; echo; } >"$TMP/given" ;;
	esac
}
mmfs()
{
	case "\$*" in
	--help) "$MMFS" --help ;;
	*) { printf '%s|' "\$@"; echo; } >"$TMP/given" ;;
	esac
}
cd "$TMP/here"
END
mkdir -p "$TMP/functions" "$TMP/here/a dir:x" "$TMP/here/other"
touch "$TMP/here/file"
cp "$completions/mmctl.zsh" "$TMP/functions/_mmctl"
cp "$completions/mmfs.zsh" "$TMP/functions/_mmfs"
cat >"$TMP/rc.bash" <<END
. "$TMP/rc"
. "$completions/mmctl.bash"
. "$completions/mmfs.bash"
bind 'set completion-query-items 0'
END
cat >"$TMP/rc.zsh" <<END
. "$TMP/rc"
fpath=("$TMP/functions" \$fpath)
autoload -Uz compinit
compinit -u -D
unsetopt auto_remove_slash
END

start_shell() # COMMAND [LINE]
{
	rm -f "$TMP/keys" "$TMP/given"
	mkfifo "$TMP/keys" "$TMP/given"
	TERM=dumb HISTFILE='' INPUTRC=/dev/null script -qefc "$1" "$TMP/screen" <"$TMP/keys" >/dev/null 2>&1 &
	shell=$!
	exec {keys}>"$TMP/keys" {given}<>"$TMP/given"
	[ -z "${2-}" ] || echo "$2" >&"$keys"
	expect_completed "mmctl ready " ready
}
stop_shell()
{
	echo exit >&"$keys"
	exec {keys}>&- {given}>&-
	await_end "$shell"
}

# Types something with a tab behind it, and runs what comes of it.
expect_completed() # TYPED WORD…
{
	local expected found

	printf '%s\t\n' "$1" >&"$keys"
	IFS= read -r -t 20 -u "$given" found || fail "nothing comes of '$1': $(tail -n 5 "$TMP/screen")"
	printf -v expected '%s|' "${@:2}"
	expect_equal "$expected" "$found" "what comes of '$1'"
}

# The shortest beginning that no other name has, and one that lacks a character.
find_beginnings() # NAME
{
	local name=$1 length other

	for ((length = 1; length < ${#name}; length++)); do
		for other in "${names[@]}"; do
			[[ $other == "$name" || $other != "${name:0:length}"* ]] || continue 2
		done
		break
	done
	beginnings=("${name:0:length}" "${name:0:${#name}-1}")
}

complete_names()
{
	local name begin dashes typed

	for name in "${names[@]}"; do
		dashes=()
		[[ $name != -* ]] || dashes=(--)
		typed="mmctl -m $MM delete ${dashes[*]} "
		find_beginnings "$name"
		for begin in "${beginnings[@]}"; do
			expect_completed "$typed$(sed 's/[^[:alnum:]]/\\&/g' <<<"$begin")" -m "$MM" delete "${dashes[@]}" "$name"
		done
		expect_completed "$typed'${begin//\'/\'\\\'\'}" -m "$MM" delete "${dashes[@]}" "$name"
		begin=${beginnings[0]}
		# In double quotes ! is the history's.
		[[ $begin != *!* ]] || continue
		begin=$(sed 's/[\\"$`]/\\&/g' <<<"$begin")
		expect_completed "$typed\"$begin" -m "$MM" delete "${dashes[@]}" "$name"
	done
	# Quotes that begin or end inside of a word.
	expect_completed "mmctl -m $MM verify wi'th'\\ s" -m "$MM" verify "with space"
	expect_completed "mmctl -m $MM verify \"I'm \"'\"d\" \$'" -m "$MM" verify "I'm \"d\" \$e:f=g h"
	expect_completed "mmctl --mount=$MM rename é:è\\ é " "--mount=$MM" rename "é:è é"
	[ -z "$(find "$TMP" -name pwned)" ] || fail "a name was run as a command"
}

complete_others()
{
	expect_completed "mmctl -m $MM query X" -m "$MM" query X:
	expect_completed "mmctl -m $MM query UUID=1" -m "$MM" query "UUID=$id"
	expect_completed "mmctl -m $MM query --id UUID=1" -m "$MM" query --id "UUID=$id"
	expect_completed "mmctl -m $MM create new ${LOOP}02" -m "$MM" create new "${LOOP}02"
	expect_completed "mmctl ne" next-letter
	expect_completed "mmctl list --no" list --noheadings
	expect_completed "mmctl keep X: of" keep X: off
	expect_completed "mmctl mount-point ad" mount-point add
	expect_completed "mmctl mount-point add a" mount-point add "a dir:x/"
	expect_completed "mmctl import f" import file
}

complete_mmfs()
{
	expect_completed "mmfs -o ca" -o cache=
	expect_completed "mmfs -o cache=of" -o cache=off
	expect_completed "mmfs -o cache=on,rep" -o cache=on,replicate=
	expect_completed "mmfs -o cache=on,monitor=k" -o cache=on,monitor=kernel
	expect_completed "mmfs -o auto_d" -o auto_dl
	expect_completed "mmfs -o allow_o" -o allow_other
	expect_completed "mmfs -f -o ro,sugg" -f -o ro,suggest=
	expect_completed "mmfs -o gid=root,uid=daem" -o gid=root,uid=daemon
	expect_completed "mmfs -o id=partuuid:w" -o id=partuuid:wwn
	expect_completed "mmfs -o devices=${LOOP#/dev/}02:${LOOP#/dev/}01" -o "devices=${LOOP#/dev/}02:${LOOP#/dev/}01"
	expect_completed "mmfs -o replicate=a" -o replicate=all
	expect_completed "mmfs --vers" --version
	expect_completed "mmfs -o ro a" -o ro "a dir:x/"
	expect_completed "mmfs mmfs a" mmfs "a dir:x/"
}

start_shell "bash --noprofile --rcfile $TMP/rc.bash -i"
complete_names
complete_others
complete_mmfs
expect_completed "mmfs -o ro,db=f" -o ro,db=file
expect_completed "mmctl -m o" -m other/
stop_shell

start_shell "zsh -f -i" ". $TMP/rc.zsh"
complete_names
complete_others
complete_mmfs
stop_shell

# Whatever is offered as a mount option is one, and all that the help has are offered.
# shellcheck source=/dev/null
offered=$(. "$completions/mmfs.bash" && _mmfs_options "$MMFS")
for option in $offered; do
	case $option in
	uid=* | gid=*) values=root ;;
	mode=*) values=0660 ;;
	monitor_buffer=*) values=65536 ;;
	expire=*) values=30 ;;
	id=*) values="uuid|partuuid|dm|md|wwn|serial" ;;
	*) values=${option#*=} ;;
	esac
	for value in ${values//|/ }; do
		[[ $option == *=* ]] || value=
		"$MMFS" -o "${option%%=*}${value:+=$value}" --help >/dev/null || fail "$option is offered and refused"
	done
done
expect_equal "" "$("$MMFS" --help | grep -oE '^ {8}[a-z_]+' | tr -d ' ' | grep -vxFe and -f <(sed 's/=.*//' <<<"$offered") || true)" \
	"what is not offered"

stop_mmfs
