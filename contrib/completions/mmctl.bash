# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# bash completion of mmctl. Commands and options come from the program, names from the mounted tree, files
# from readline. It needs nothing but bash.

# The words so far as the shell will see them: readline cuts at : and = and more, which names are full of.
# What it will replace is $1, the end of the word that was begun; what it will keep is before that.
_mmctl_words()
{
	local line=${COMP_LINE:0:COMP_POINT} word='' quote='' c i

	_mmctl_list=()
	_mmctl_kept=''
	for ((i = 0; i < ${#line}; i++)); do
		((i != ${#line} - ${#1})) || _mmctl_kept=$word
		c=${line:i:1}
		if [[ $c == \\ && $quote != \' ]]; then
			((++i))
			word+=${line:i:1}
		elif [[ -n $quote ]]; then
			if [[ $c == "$quote" ]]; then quote=''; else word+=$c; fi
		elif [[ $c == [\"\'] ]]; then
			quote=$c
		elif [[ $c == [[:space:]] ]]; then
			[[ -z $word ]] || _mmctl_list+=("$word")
			word=''
		else
			word+=$c
		fi
	done
	[[ -n $1 ]] || _mmctl_kept=$word
	_mmctl_current=$word
	_mmctl_quote=$quote
}

# Offers those of the lines on stdin that begin with the current word, quoted as that was begun, without
# what readline keeps.
_mmctl_offer()
{
	local word quoted

	while IFS= read -r word; do
		[[ $word == "$_mmctl_current"* ]] || continue
		word=${word#"$_mmctl_kept"}
		case $_mmctl_quote in
		\")
			quoted=${word//\\/\\\\} quoted=${quoted//\"/\\\"} quoted=${quoted//\$/\\\$} quoted=${quoted//\`/\\\`}
			quoted=${quoted//!/\"\\!\"} # nothing else keeps it from meaning a line of the history
			;;
		\') quoted=${word//\'/\'\\\'\'} ;;
		*) printf -v quoted %q "$word" ;;
		esac
		COMPREPLY+=("${word:+$quoted}")
	done
}

_mmctl_ask()
{
	local program=${_mmctl_list[0]/#\~/$HOME} i mount=()

	for ((i = 1; i < ${#_mmctl_list[@]}; i++)); do
		case ${_mmctl_list[i]} in
		-m | --mount) mount=(-m "${_mmctl_list[i + 1]-}") ;;
		--mount=*) mount=(-m "${_mmctl_list[i]#*=}") ;;
		-m*) mount=(-m "${_mmctl_list[i]#-m}") ;;
		esac
	done
	"$program" "${mount[@]}" "$@" 2>/dev/null
}

# What stands at a place behind the command.
_mmctl_argument() # COMMAND NUMBER
{
	case $1-$2 in
	list-* | tree-* | create-1 | query-* | next-letter-0 | keep-0 | paths-0 | wait-0 | explain-0 | mount-point-2)
		_mmctl_offer < <(_mmctl_ask --complete names)
		;;
	accept-0 | arrival-0 | removal-0) _mmctl_offer < <(_mmctl_ask --complete devices) ;;
	delete-* | rename-* | verify-0 | forget-*) _mmctl_offer < <(_mmctl_ask --complete links) ;;
	cluster-0) _mmctl_offer <<<$'forget\njoin\nstatus' ;;
	auto-0) _mmctl_offer <<<$'on\noff\nletters' ;;
	keep-1) _mmctl_offer <<<$'on\noff' ;;
	mount-point-0) _mmctl_offer <<<$'accept\nadd\ndel\nlist' ;;
	mount-point-1) compopt -o dirnames ;;
	batch-0 | import-0) compopt -o default ;;
	esac
}

_mmctl()
{
	local _mmctl_list _mmctl_current _mmctl_kept _mmctl_quote command='' number=0 is_end='' i

	COMPREPLY=()
	_mmctl_words "$2"
	for ((i = 1; i < ${#_mmctl_list[@]}; i++)); do
		case $is_end${_mmctl_list[i]} in
		--) is_end=yes ;;
		-m | -o | -x | --mount | --output | --sort | --link | --id | --device | --timeout | --options | --unnamed) ((++i)) ;;
		-*) ;;
		*)
			if [[ -z $command ]]; then command=${_mmctl_list[i]}; else ((++number)); fi
			;;
		esac
	done
	case ${_mmctl_list[-1]} in
	-m | --mount) compopt -o dirnames && return ;;
	--link) _mmctl_offer < <(_mmctl_ask --complete links) && return ;;
	--id) _mmctl_offer < <(_mmctl_ask --complete ids) && return ;;
	--device) _mmctl_offer < <(_mmctl_ask --complete devices) && return ;;
	-o | --output | -x | --sort)
		_mmctl_offer < <(_mmctl_ask "$command" --list-columns | sed -n 's/^ *\([A-Z-]*\) .*/\1/p')
		return
		;;
	--timeout | --options | --unnamed) return ;;
	esac
	if [[ $is_end$_mmctl_current == -* ]]; then
		_mmctl_offer < <(_mmctl_ask --commands | sed -n 's/^option\t\([^\t]*\).*/--\1/p')
	elif [[ -z $command ]]; then
		_mmctl_offer < <(_mmctl_ask --commands | sed -n 's/^command\t\([^\t]*\).*/\1/p')
	else
		_mmctl_argument "$command" "$number"
	fi
}

complete -F _mmctl mmctl
