#compdef mmctl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# zsh completion of mmctl. Commands and options come from the program, names from the mounted tree;
# zsh quotes them itself.

_mmctl_ask()
{
	local -a mount
	local i

	for ((i = 2; i < CURRENT; i++)); do
		case ${words[i]} in
		-m|--mount) mount=(-m ${(Q)words[i+1]}) ;;
		--mount=*) mount=(-m ${(Q)words[i]#*=}) ;;
		esac
	done
	${(Q)words[1]} $mount "$@" 2>/dev/null
}

_mmctl_offer()
{
	local -a found
	found=("${(@f)$(_mmctl_ask --complete $1)}")
	compadd -- ${found:#}
}

_mmctl()
{
	local command i number=0 is_end
	local -a found

	for ((i = 2; i < CURRENT; i++)); do
		case $is_end${words[i]} in
		--) is_end=yes ;;
		-m|-o|-x|--mount|--output|--sort|--link|--id|--device|--timeout|--options|--unnamed) ((i++)) ;;
		-*) ;;
		*) if [[ -z $command ]]; then command=${words[i]}; else ((number++)); fi ;;
		esac
	done
	case ${words[CURRENT-1]} in
	-m|--mount) _files -/ && return ;;
	--link) _mmctl_offer links && return ;;
	--id) _mmctl_offer ids && return ;;
	--device) _mmctl_offer devices && return ;;
	-o|--output|-x|--sort)
		found=(${(f)"$(_mmctl_ask $command --list-columns | sed -n 's/^ *\([A-Z-]*\) .*/\1/p')"})
		compadd -- $found
		return
		;;
	--timeout|--options|--unnamed) return ;;
	esac
	if [[ $is_end${words[CURRENT]} == -* ]]; then
		found=(${(f)"$(_mmctl_ask --commands | sed -n 's/^option\t\([^\t]*\).*/--\1/p')"})
		compadd -- $found
		return
	fi
	if [[ -z $command ]]; then
		found=(${(f)"$(_mmctl_ask --commands | sed -n 's/^command\t\([^\t]*\)\t\([^\t]*\).*/\1:\2/p')"})
		_describe command found
		return
	fi
	case $command-$number in
	list-*|tree-*|create-1|query-*|next-letter-0|keep-0|paths-0|wait-0|explain-0|mount-point-2) _mmctl_offer names ;;
	accept-0|arrival-0|removal-0) _mmctl_offer devices ;;
	delete-*|rename-*|verify-0|forget-*) _mmctl_offer links ;;
	auto-0) compadd on off letters ;;
	cluster-0) compadd forget join status ;;
	keep-1) compadd on off ;;
	mount-point-0) compadd accept add del list ;;
	mount-point-1) _files -/ ;;
	batch-0|import-0) _files ;;
	esac
}

_mmctl "$@"
