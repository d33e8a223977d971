# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# bash completion of mmfs. Its mount options come from its help, files and folders from readline. It needs
# nothing but bash.

# One per line, as in the help: "cache=on|off", "auto_dl".
_mmfs_options()
{
	"$1" --help 2>/dev/null |
		sed -n '/^ \{8\}and /d; /^ \{8\}[a-z]/ { s/^ *//; s/   *.*//; y/ /\n/; p }'
	printf '%s\n' fsname=SOURCE allow_other allow_root auto_unmount ro noatime sync dirsync nofail noauto _netdev
}

# What may stand behind NAME=; of lists between colons the last word.
_mmfs_values() # PROGRAM NAME
{
	case $2 in
	uid) compgen -u ;;
	gid) compgen -g ;;
	mode) printf '%s\n' 0600 0660 0640 ;;
	id) printf '%s\n' uuid partuuid dm md wwn serial ;;
	devices) (cd /sys/class/block && printf '%s\n' *) ;;
	*) _mmfs_options "$1" | sed -n "s/^$2=\(.*|.*\)/\1/p" | tr '|' '\n' ;;
	esac
}

_mmfs()
{
	local line=${COMP_LINE:0:COMP_POINT} word list item begun option

	COMPREPLY=()
	word=${line##*[[:space:]]}
	if [[ ${line%"$word"} =~ [[:space:]]-o[[:space:]]+$ ]]; then
		list=$word
	elif [[ $word == -o* ]]; then
		list=${word#-o}
	elif [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "-d -f -h -o -V --help --operations --version" -- "$word")
		return
	else
		compopt -o dirnames
		return
	fi
	item=${list##*,}
	[[ $item != db=* ]] || { compopt -o default && return; }
	compopt -o nospace # a comma may follow, or a value
	begun=$item
	[[ $item != *=* ]] || begun=${item#*=}
	[[ $item != id=* && $item != devices=* ]] || begun=${begun##*[:!]}
	while IFS= read -r option; do
		[[ $option == "$begun"* ]] || continue
		option=${word%"$begun"}$option
		COMPREPLY+=("${option#"${word%"$2"}"}") # without what readline keeps
	done < <(if [[ $item == *=* ]]; then
		_mmfs_values "$1" "${item%%=*}"
	else
		_mmfs_options "$1" | sed 's/=.*/=/'
	fi)
}

complete -F _mmfs mmfs
